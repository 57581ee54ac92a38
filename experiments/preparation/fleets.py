"""Who received which cards when: the owners' additions joined with the chips shipped in the same quarter.

Everything is done in the H100e in which shipments and owners are counted (rates at 8 bits) and turned into cards at
the end, so that each owner's quarterly additions are those of ``compute_owners.csv``. The H100e of the model go by TPP:
they are others for cards that are not twice as fast at 8 bits as at 16.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.preparation.catalogue import tpp_of
from experiments.preparation.sources import ByQuarter, interpolated, observations, quarters, scaled, shares
from sim.economics.performance import H100_TPP

HOPPER = "H100/H200"
MAJORS = {"Microsoft": "microsoft", "Meta": "meta", "Amazon": "aws", "Google": "google", "Oracle": "oracle"}
DESIGNERS = {"Nvidia": "Nvidia", "AMD": "AMD", "Google": "Google TPU", "Amazon": "AWS Trainium"}

Cell = tuple[str, str, str]
"""Holder, chip, quarter."""


@dataclass
class Flows:
    """H100e received by holder, chip and quarter; and what did not close."""

    additions: dict[Cell, float] = field(default_factory=lambda: defaultdict(float))
    opening: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    shortfalls: dict[tuple[str, str], float] = field(default_factory=dict)
    """By designer and quarter: owners' additions beyond shipments, taken as zero residual."""

    def give(self, holder: str, quarter: str, amount: float, mix: Mapping[str, float]) -> None:
        """Add an amount of H100e to a holder, by the shares of a chip mix."""
        for chip, share in mix.items():
            self.additions[holder, chip, quarter] += amount * share


def shipped(stated: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """Return H100e shipped by designer, quarter and chip as Epoch names it."""
    span = set(quarters(stated["first_quarter"], stated["last_quarter"]))
    result: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in observations("chip_shipments"):
        if row["metric"] == "h100e" and row["period"] in span and row["chip"] != "all":
            result[row["supplier"]][row["period"]][row["chip"]] = float(row["value"])
    return result


def by_chip(amounts: Mapping[str, float], quarter: str, stated: Mapping[str, Any]) -> dict[str, float]:
    """Return amounts by chip id, with Epoch's names resolved and H100/H200 parted by the stated share."""
    result: dict[str, float] = defaultdict(float)
    for name, amount in amounts.items():
        for chip, share in _alias(name, quarter, stated).items():
            result[chip] += amount * share
    return {chip: amount for chip, amount in result.items() if amount > 0.0}


def _alias(name: str, quarter: str, stated: Mapping[str, Any]) -> dict[str, float]:
    if name == HOPPER:
        h200 = interpolated(stated["h200_share_of_hopper"]["value"], quarter)
        return {"h100": 1.0 - h200, "h200": h200}
    alias: dict[str, float] = stated["chip_aliases"]["value"][name]
    return alias


def owned(owner: str, designer: str) -> ByQuarter:
    """Return an owner's observed cumulative H100e of a designer by quarter."""
    return {
        row["period"]: float(row["h100e_cum_median"])
        for row in observations("compute_owners")
        if (row["owner"], row["designer"]) == (owner, designer)
    }


def added(cumulative: Mapping[str, float], span: Iterable[str], before: Mapping[str, float]) -> ByQuarter:
    """Return additions by quarter.

    Args:
        cumulative: Observed cumulative totals; the first may stand for several quarters.
        span: All quarters.
        before: Weights by which the first total is spread over the quarters up to it; empty puts it in its quarter.
    """
    result = dict.fromkeys(span, 0.0)
    codes = sorted(cumulative)
    for earlier, code in zip([None, *codes], codes, strict=False):
        result[code] += cumulative[code] - (cumulative[earlier] if earlier else 0.0)
    weights = shares({code: weight for code, weight in before.items() if code <= codes[0]})
    if weights:
        first = result[codes[0]]
        result[codes[0]] = 0.0
        for code, weight in weights.items():
            result[code] += first * weight
    return result


def flows(stated: Mapping[str, Any]) -> Flows:
    """Return every holder's additions and opening stock."""
    result = Flows()
    span = quarters(stated["first_quarter"], stated["last_quarter"])
    supply = shipped(stated)
    _nvidia(result, stated, span, supply["Nvidia"])
    _amd(result, stated, span, supply["AMD"])
    _in_house(result, stated, span, supply["Google TPU"], ("Google", "google"))
    _in_house(result, stated, span, supply["AWS Trainium"], ("Amazon", "aws"))
    _domestic(result, stated, span)
    _opening(result, stated)
    return result


def _less(pool: Mapping[str, float], taken: float, mix: Mapping[str, float]) -> dict[str, float]:
    return {chip: max(0.0, amount - taken * mix.get(chip, 0.0)) for chip, amount in pool.items()}


def _nvidia(
    result: Flows, stated: Mapping[str, Any], span: list[str], supply: Mapping[str, Mapping[str, float]]
) -> None:
    additions = {owner: added(owned(owner, "Nvidia"), span, {}) for owner in (*MAJORS, "China", "CoreWeave", "Other")}
    for quarter in span:
        now = {owner: series[quarter] for owner, series in additions.items()}
        pool = by_chip(supply[quarter], quarter, stated)
        china = _china_mix(supply[quarter], quarter, stated)
        for holder, share in _china_key(quarter, stated).items():
            result.give(holder, quarter, now["China"] * share, china)
        pool = {
            chip: amount
            for chip, amount in _less(pool, now["China"], china).items()
            if chip not in _made_for_china(stated)
        }
        hopper = shares({chip: pool.get(chip, 0.0) for chip in ("h100", "h200")})
        result.give("neocloud", quarter, now["CoreWeave"], hopper)
        mix = shares(_less(pool, now["CoreWeave"], hopper))
        for owner, holder in MAJORS.items():
            result.give(holder, quarter, now[owner], mix)
        _others(result, stated, quarter, now["Other"] - now["CoreWeave"], mix)
        _residual(result, stated, quarter, ("Nvidia", "nvidia"), sum(supply[quarter].values()), now, mix)


def _made_for_china(stated: Mapping[str, Any]) -> set[str]:
    return {chip for name in stated["china_chips"]["value"] for chip in stated["chip_aliases"]["value"][name]}


def _china_mix(supply: Mapping[str, float], quarter: str, stated: Mapping[str, Any]) -> dict[str, float]:
    made = {name: amount for name, amount in supply.items() if name in stated["china_chips"]["value"]}
    return shares(by_chip(made or {"A100": 1.0}, quarter, stated))


def _china_key(quarter: str, stated: Mapping[str, Any]) -> dict[str, float]:
    keys = stated["china_nvidia_split"]["value"]
    holders = {holder for key in keys.values() for holder in key}
    return {
        holder: interpolated({q: key.get(holder, 0.0) for q, key in keys.items()}, quarter)
        for holder in sorted(holders)
    }


def _others(result: Flows, stated: Mapping[str, Any], quarter: str, amount: float, mix: Mapping[str, float]) -> None:
    neocloud, gulf = (stated["other_owners"][key]["value"] for key in ("neocloud_share", "gulf_share"))
    result.give("neocloud", quarter, amount * neocloud, mix)
    result.give("gulf", quarter, amount * gulf, mix)
    for holder, share in stated["rest_split"]["value"]["nvidia"].items():
        result.give(holder, quarter, amount * (1.0 - neocloud - gulf) * share, mix)


def _residual(
    result: Flows,
    stated: Mapping[str, Any],
    quarter: str,
    designer: tuple[str, str],
    supplied: float,
    now: Mapping[str, float],
    mix: Mapping[str, float],
) -> None:
    """Give shipments that no owner row explains to on-premises buyers; note a negative one as a shortfall."""
    gap = supplied - sum(amount for owner, amount in now.items() if owner != "CoreWeave")
    if gap < 0.0:
        result.shortfalls[designer[0], quarter] = -gap
        return
    for holder, share in stated["rest_split"]["value"][designer[1]].items():
        result.give(holder, quarter, gap * share, mix)


def _amd(result: Flows, stated: Mapping[str, Any], span: list[str], supply: Mapping[str, Mapping[str, float]]) -> None:
    names = {owner: MAJORS[owner] for owner in ("Microsoft", "Meta", "Oracle")}
    additions = {owner: added(owned(owner, "AMD"), span, {}) for owner in (*names, "Other")}
    small = stated["other_owners"]["amd_neocloud_share"]["value"]
    for quarter in (q for q in span if q in supply):
        now = {owner: series[quarter] for owner, series in additions.items()}
        for owner, holder in names.items():
            result.give(holder, quarter, now[owner], {"mi300x": 1.0})
        pool = by_chip(supply[quarter], quarter, stated)
        mix = shares(_less(pool, sum(now[owner] for owner in names), {"mi300x": 1.0}))
        result.give("neocloud", quarter, now["Other"] * small, mix)
        for holder, share in stated["rest_split"]["value"]["amd"].items():
            result.give(holder, quarter, now["Other"] * (1.0 - small) * share, mix)
        _residual(result, stated, quarter, ("AMD", "amd"), sum(pool.values()), now, mix)


def _in_house(
    result: Flows,
    stated: Mapping[str, Any],
    span: list[str],
    supply: Mapping[str, Mapping[str, float]],
    owner: tuple[str, str],
) -> None:
    totals = {quarter: sum(amounts.values()) for quarter, amounts in supply.items()}
    for quarter, amount in added(owned(owner[0], owner[0]), span, totals).items():
        if quarter not in supply:
            continue
        result.give(owner[1], quarter, amount, shares(by_chip(supply[quarter], quarter, stated)))
        if amount > totals[quarter]:
            result.shortfalls[DESIGNERS[owner[0]], quarter] = amount - totals[quarter]


def _domestic(result: Flows, stated: Mapping[str, Any], span: list[str]) -> None:
    each = h100e_of(stated)
    for chip, points in stated["domestic_cards"]["value"].items():
        for quarter in span:
            amount = interpolated(points, quarter) * each[chip]
            for holder, share in stated["domestic_split"]["value"][chip].items():
                result.give(holder, quarter, amount * share, {chip: 1.0})


def _opening(result: Flows, stated: Mapping[str, Any]) -> None:
    """Back-cast the stock of the first quarter: the stated world total less additions, as first additions lie."""
    first, each, opening = stated["first_quarter"], h100e_of(stated), stated["opening"]
    start = {key: amount for key, amount in result.additions.items() if key[2] == first}
    for chip, cards in opening["domestic_cards"]["value"].items():
        for holder, share in stated["domestic_split"]["value"][chip].items():
            result.opening[holder, chip] += cards * each[chip] * share
    result.opening["google", "tpu-v4"] = opening["tpu_cards"]["value"] * each["tpu-v4"]
    rest = opening["world_h100e"]["value"] - sum(start.values()) - sum(result.opening.values())
    for holder, share in shares(_by_holder(start, "a100")).items():
        result.opening[holder, "a100"] += rest * share


def _by_holder(cells: Mapping[Cell, float], chip: str) -> dict[str, float]:
    return {holder: amount for (holder, name, _), amount in cells.items() if name == chip}


def h100e_of(stated: Mapping[str, Any]) -> dict[str, float]:
    """Return the H100e of one card by chip id: those shipped over the units shipped, or by TPP where none are counted.

    Of several names under which a chip is counted the first one tells: the others are kept in H100e, not in units.
    """
    counted = _counted(stated)
    names: dict[str, str] = {"h100": HOPPER, "h200": HOPPER}
    for name, chips in stated["chip_aliases"]["value"].items():
        for chip in chips:
            names.setdefault(chip, name)
    by_tpp = scaled(tpp_of(stated), 1.0 / H100_TPP)
    return {chip: counted.get(names.get(chip, ""), each) for chip, each in by_tpp.items()}


def _counted(stated: Mapping[str, Any]) -> dict[str, float]:
    """Return H100e per unit shipped, by the name under which chips are counted."""
    span = set(quarters(stated["first_quarter"], stated["last_quarter"]))
    total: dict[str, dict[str, float]] = {metric: defaultdict(float) for metric in ("h100e", "units")}
    for row in observations("chip_shipments"):
        if row["metric"] in total and row["period"] in span:
            total[row["metric"]][row["chip"]] += float(row["value"])
    return {name: amount / total["units"][name] for name, amount in total["h100e"].items() if name in total["units"]}
