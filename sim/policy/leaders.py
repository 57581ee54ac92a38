"""Thresholds that follow generations: the line is the card that the fastest maker had k generations ago."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.economics.cells import Floats
from sim.parameters.policy import ChipRule
from sim.policy.calendar import Calendar
from sim.policy.dates import first_day, ordinal

if TYPE_CHECKING:
    from sim.structure import Structure


def leading(calendar: Calendar, structure: "Structure", launched: Floats, t: int) -> Mapping[str, float]:
    """Return the factor on the thresholds of every rule that follows generations, by id.

    It is the TPP of the best card of its origins k generations ago over that of the best when the rule took effect;
    a generation is a card that outdid all before it.

    Args:
        calendar: the rules.
        structure: the entities.
        launched: (V,) first quarter of sale of every card.
        t: quarter of the run.
    """
    out = {}
    for name, rule, days in calendar.chip_rules:
        if rule.generations_behind is not None and days.effective < first_day(structure.start + t + 1):
            out[name] = _factor(rule, structure, launched, t)
    return out


def _factor(rule: ChipRule, structure: "Structure", launched: Floats, t: int) -> float:
    """Return the growth of the line since the rule took effect; never below 1."""
    behind, first = rule.generations_behind or 0, ordinal(rule.effective)
    start = sum(first_day(structure.start + x) <= first for x in range(1, structure.quarters))
    now, then = (_records(rule, structure, launched, quarter) for quarter in (t, start))
    if now.size == 0 or then.size == 0:
        return 1.0
    return float(max(now[max(now.size - 1 - behind, 0)] / then[max(then.size - 1 - behind, 0)], 1.0))


def _records(rule: ChipRule, structure: "Structure", launched: Floats, t: int) -> Floats:
    """Return TPP of the cards of a rule's origins that outdid all before them, in order of launch, up to quarter t."""
    makers = structure.parameters.suppliers
    best: list[float] = []
    for v in np.argsort(launched, kind="stable"):
        chip = structure.catalogue[structure.chips[v]]
        mine = rule.origins is None or makers[chip.supplier].headquarters in rule.origins
        if mine and launched[v] <= t and chip.tpp > (best[-1] if best else 0.0):
            best.append(chip.tpp)
    return np.array(best)
