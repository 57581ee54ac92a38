"""Providers and owners outside them, as values of the schema."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from experiments.preparation.captive import own_use
from experiments.preparation.fleets import Flows, h100e_of
from experiments.preparation.revenue import general_cloud, group
from experiments.preparation.sources import ByQuarter, shares
from sim.names import quarter_number

LAST_YEAR = "2024"


def providers(stated: Mapping[str, Any], flows: Flows) -> dict[str, dict[str, Any]]:
    """Return the providers: those with a fleet, then the dormant entrants."""
    named = {name: _provider(name, entry, stated, flows) for name, entry in stated["providers"].items()}
    entrants = {f"entrant-{region}": _entrant(region, mix, stated) for region, mix in stated["entrants"].items()}
    return named | entrants


def _provider(name: str, entry: Mapping[str, Any], stated: Mapping[str, Any], flows: Flows) -> dict[str, Any]:
    return {
        "label": entry["label"],
        "headquarters": entry["headquarters"],
        "kind": entry["kind"],
        "utility": entry["utility"],
        "sites": sites(name, entry["sites"], stated, flows),
        "models": _models(entry["models"], stated),
        "own_use": own_use(name, entry["own_use"], stated, flows),
        "general_cloud": general_cloud(entry["cloud"], stated),
        "group": group(entry["group"], stated),
        "pricing": entry["pricing"],
        "investment": entry["investment"],
        "order_mix": order_mix(name, stated, flows),
        "in_house_share": None,
        "account": entry["account"],
    }


def _entrant(region: str, mix: Mapping[str, float], stated: Mapping[str, Any]) -> dict[str, Any]:
    common = stated["entrant_common"]
    return {
        "label": stated["entrant_labels"][region],
        "headquarters": region,
        "kind": "dormant",
        "utility": common["utility"],
        "sites": {region: {"launch": stated["first_quarter"], "opening_cards": {}, "deliveries": {}}},
        "models": None,
        "own_use": None,
        "general_cloud": None,
        "group": None,
        "pricing": {"share_weight": 0.0, "customer_value_weight": 0.0},
        "investment": common["investment"],
        "order_mix": dict(mix),
        "in_house_share": None,
        "account": stated["entrant_account"],
    }


def _models(entry: Mapping[str, Any] | None, stated: Mapping[str, Any]) -> dict[str, Any] | None:
    if entry is None:
        return None
    common = stated["model_service_common"]
    return {
        "launch": entry["launch"],
        "stack": entry["stack"],
        "log_quality": entry["log_quality"],
        "utility": common["utility"],
        "efficiency": entry["efficiency"],
        "efficiency_growth": common["efficiency_growth"],
        "other_cost_usd_per_m_tokens": common["other_cost_usd_per_m_tokens"],
        "licensed_regions": entry["licensed_regions"],
    }


def cards(holder: str, stated: Mapping[str, Any], flows: Flows) -> tuple[dict[str, float], dict[str, ByQuarter]]:
    """Return opening cards by chip, and delivered cards by chip and quarter, not yet rounded."""
    each = h100e_of(stated)
    opening = {chip: amount / each[chip] for (name, chip), amount in flows.opening.items() if name == holder}
    delivered: dict[str, ByQuarter] = defaultdict(dict)
    for (name, chip, quarter), amount in sorted(flows.additions.items(), key=lambda item: item[0]):
        if name == holder:
            delivered[chip][quarter] = amount / each[chip]
    return opening, delivered


def whole(series: Mapping[str, float]) -> dict[str, int]:
    """Return whole cards, without the zeros."""
    return {key: round(value) for key, value in series.items() if round(value) > 0}


def whole_by_chip(delivered: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, int]]:
    """Return whole cards by chip, without chips that were never delivered."""
    result = {chip: whole(series) for chip, series in delivered.items()}
    return {chip: series for chip, series in result.items() if series}


def sites(
    holder: str, entry: Mapping[str, Mapping[str, Any]], stated: Mapping[str, Any], flows: Flows
) -> dict[str, dict[str, Any]]:
    """Return the holder's fleet split over its sites; a site has no share before its launch."""
    opening, delivered = cards(holder, stated, flows)
    first = stated["first_quarter"]
    return {
        region: {
            "launch": site["launch"],
            "opening_cards": whole({chip: n * _share(entry, region, first) for chip, n in opening.items()}),
            "deliveries": whole_by_chip(
                {
                    chip: {q: n * _share(entry, region, q) for q, n in series.items()}
                    for chip, series in delivered.items()
                }
            ),
        }
        for region, site in entry.items()
    }


def _share(entry: Mapping[str, Mapping[str, Any]], region: str, quarter: str) -> float:
    at = quarter_number(quarter)
    launched = {name: site["share"] for name, site in entry.items() if quarter_number(site["launch"]) <= at}
    return shares(launched).get(region, 0.0)


def order_mix(holder: str, stated: Mapping[str, Any], flows: Flows) -> dict[str, float]:
    """Return shares by supplier of the H100e delivered in the last year of data, to whole percent."""
    maker = {chip: entry["supplier"] for chip, entry in stated["chips"].items()}
    amounts: dict[str, float] = defaultdict(float)
    for (name, chip, quarter), amount in flows.additions.items():
        if name == holder and quarter.startswith(LAST_YEAR):
            amounts[maker[chip]] += amount
    percent = {name: round(100.0 * share) for name, share in shares(amounts).items()}
    largest = max(percent, key=lambda name: percent[name])
    percent[largest] += 100 - sum(percent.values())
    return {name: n / 100.0 for name, n in sorted(percent.items()) if n > 0}


def rest_of_world(stated: Mapping[str, Any], flows: Flows) -> dict[str, dict[str, Any]]:
    """Return the owners outside the named providers."""
    return {name: {**entry, **_whole_fleet(name, stated, flows)} for name, entry in stated["rest_of_world"].items()}


def _whole_fleet(holder: str, stated: Mapping[str, Any], flows: Flows) -> dict[str, Any]:
    opening, delivered = cards(holder, stated, flows)
    return {"opening_cards": whole(opening), "deliveries": whole_by_chip(delivered)}
