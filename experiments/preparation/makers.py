"""Makers of accelerators, silicon of their cards, and the stages upstream sized by what the last deliveries took."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from experiments.preparation.catalogue import specifications
from experiments.preparation.fleets import Flows, h100e_of
from experiments.preparation.sources import observations
from sim.economics.silicon import STACK_MM2, packaging_per_card, wafers_per_card
from sim.names import QUARTERS_PER_YEAR, quarter_number

STAGES = ("wafers", "packaging", "memory")
UNLIMITED = 1.0
FOUR_DIGITS = ".4g"


def logic_area(name: str, stated: Mapping[str, Any]) -> float:
    """Return mm2 of logic of a card: as known, or by the stated rule."""
    row, rules = specifications()[stated["chips"][name]["row"]], stated["logic_area"]
    if row["die_area_mm2"]:
        return float(row["die_area_mm2"])
    rule = rules["like"].get(name)
    if rule is not None:
        return _rounded(logic_area(rule["like"], stated) * rule["factor"])
    dense = rules["density"][int(float(row["process_nm"]))]
    like = specifications()[stated["chips"][dense["like"]]["row"]]
    density = float(like["tpp"]) / float(like["die_area_mm2"]) * dense["factor"]
    return _rounded(float(row["tpp"]) / density)


def transistors(name: str, stated: Mapping[str, Any]) -> float | None:
    """Return billions of transistors of a card's logic, by its area and the density of its process; None if unknown."""
    process, rules = specifications()[stated["chips"][name]["row"]]["process_nm"], stated["transistors"]
    if not process:
        return None
    dense = rules["density"][int(float(process))]
    known = specifications()[stated["chips"][dense["like"]]["row"]]
    density = rules["published_bn"][dense["like"]] / float(known["die_area_mm2"]) * dense["factor"]
    return _rounded(logic_area(name, stated) * density)


def _rounded(value: float) -> float:
    return float(format(value, FOUR_DIGITS))


def memory_stacks(name: str, memory_gb: float, stated: Mapping[str, Any]) -> float:
    """Return stacks of high-bandwidth memory of a card."""
    rules = stated["memory_stacks"]
    if name in rules["without_hbm"]:
        return 0.0
    size = next(gb for most, gb in rules["gb_per_stack"].items() if memory_gb <= most)
    return float(max(round(memory_gb / size), 1))


def with_silicon(name: str, card: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card of the catalogue with what it takes of logic and memory, below its die area."""
    out: dict[str, Any] = {}
    for field, value in card.items():
        out[field] = value
        if field == "die_area_mm2":
            out["logic_area_mm2"] = logic_area(name, stated)
            out["memory_stacks"] = memory_stacks(name, card["memory_gb"], stated)
        if field == "process_nm":
            out["transistors_bn"] = transistors(name, stated)
    return out


def suppliers(stated: Mapping[str, Any], flows: Flows, chips: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the makers; research that keeps the dates is what each spent on it in the last quarter of observations."""
    earned = _revenue(stated, flows, chips)
    return {name: _supplier(entry, stated, earned[name]) for name, entry in stated["suppliers"].items()}


def _supplier(entry: Mapping[str, Any], stated: Mapping[str, Any], revenue: float) -> dict[str, Any]:
    research = _values(stated["maker_research"])
    reference = max(_rounded(research["revenue_share"] * revenue), 0.01)
    return {
        **{key: entry[key] for key in ("label", "headquarters", "stack", "upstream", "sells_to")},
        "external_share": 0.0,
        "foundry_access": UNLIMITED,
        **{key: entry[key] for key in ("price_decline", "gross_margin")},
        "roadmap": stated["maker_plans"][entry["plan"]],
        "research": {**research, "reference_usd_m": reference},
        "learning": _values(stated["maker_learning"]),
    }


def _values(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key not in ("grade", "reason")}


def _revenue(stated: Mapping[str, Any], flows: Flows, chips: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return sales of the last quarter at prices that have fallen since the launch, USD m, by maker."""
    earned: dict[str, float] = defaultdict(float)
    last, first = (quarter_number(stated[key]) for key in ("last_quarter", "first_quarter"))
    for name, cards in delivered(stated, flows, [stated["last_quarter"]]).items():
        chip = chips[name]
        decline = stated["suppliers"][chip["supplier"]]["price_decline"]
        years = (last - max(quarter_number(chip["launch"]), first)) / QUARTERS_PER_YEAR
        earned[chip["supplier"]] += cards * chip["price_usd"] * math.exp(-decline * years) / 1e6
    return earned


def delivered(stated: Mapping[str, Any], flows: Flows, quarters: Iterable[str]) -> dict[str, float]:
    """Return cards delivered in some quarters by chip."""
    each, wanted = h100e_of(stated), set(quarters)
    cards: dict[str, float] = defaultdict(float)
    for (_, chip, quarter), amount in flows.additions.items():
        if quarter in wanted:
            cards[chip] += amount / each[chip]
    return cards


def taken(
    side: str, cards: Mapping[str, float], stated: Mapping[str, Any], chips: Mapping[str, Mapping[str, Any]]
) -> dict[str, float]:
    """Return what cards take of every stage of a side."""
    about = stated["upstream"][side]["defects"]
    out = dict.fromkeys(STAGES, 0.0)
    for name, n in cards.items():
        chip = chips[name]
        if stated["suppliers"][chip["supplier"]]["upstream"] == side:
            out["wafers"] += n * wafers_per_card(chip["logic_area_mm2"], about["density"], about["clustering"])
            out["packaging"] += n * packaging_per_card(chip["logic_area_mm2"], chip["memory_stacks"])
            out["memory"] += n * chip["memory_stacks"]
    return out


def upstream(stated: Mapping[str, Any], flows: Flows, chips: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sides, the capacity of each stage by its slack over the last quarter observed."""
    return {side: _side(side, entry, stated, flows, chips) for side, entry in _sides(stated).items()}


def _sides(stated: Mapping[str, Any]) -> dict[str, Any]:
    return _values(stated["upstream"])


def _side(
    side: str, entry: Mapping[str, Any], stated: Mapping[str, Any], flows: Flows,
    chips: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    last = taken(side, delivered(stated, flows, [stated["last_quarter"]]), stated, chips)
    stages = {name: _stage(entry[name], last[name]) for name in STAGES}
    if side == "cn":
        year = [f"2024Q{n}" for n in range(1, 5)]
        used = taken(side, delivered(stated, flows, year), stated, chips)["memory"]
        stages["memory"]["bank"] = round(_obtained_stacks() - used, -3)
    return {
        "label": entry["label"],
        "regions": entry["regions"],
        "sized_for": stated["last_quarter"],
        **stages,
        "imported_memory_gb_s_mm2": _density(entry["imported_memory"], chips),
        "defects": entry["defects"],
        **{key: entry[key] for key in ("past_shortage", "ramp", "newcomer", "test_usd_per_card")},
    }


def _density(card: str | None, chips: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Return bandwidth over area of the stacks of a card, GB/s per mm2."""
    if card is None:
        return None
    area = chips[card]["memory_stacks"] * STACK_MM2
    return float(format(chips[card]["memory_bandwidth_gb_s"] / area, FOUR_DIGITS))


def _stage(entry: Mapping[str, Any], last: float) -> dict[str, Any]:
    capacity = float(entry["capacity"]) if "capacity" in entry else _rounded(last * entry["slack"])
    return {
        "capacity": capacity,
        "growth": entry["growth"],
        "response": entry["response"],
        "bank": 0.0,
        "release": entry.get("release", 0.0),
        **{key: float(entry[key]) for key in ("imports", "tool_imports", "tool_wear")},
        "price_usd": entry["price_usd"],
        "price_growth": entry["price_growth"],
    }


def _obtained_stacks() -> float:
    """Return stacks of high-bandwidth memory that China obtained up to the end of 2024."""
    found = [row for row in observations("chip_shipments") if row["chip"] == "HBM stacks obtained"]
    return float(found[0]["value"])
