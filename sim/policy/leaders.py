"""Thresholds that follow generations: the line stays behind the best card by k generations.

A line is stated for the best card of its rule's origins on the effective date, and moves with the one that was best k
generations before: a longer lag is never looser, and one stated at that card's own TPP is the card k generations ago.
A generation is a card that outdid all before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sim.economics.cells import Floats
from sim.names import quarter_number
from sim.parameters.policy import ChipRule
from sim.parameters.suppliers import Chip, Supplier
from sim.policy.calendar import Calendar
from sim.policy.dates import first_day, quarter_of

if TYPE_CHECKING:
    from sim.structure import Structure

Launch = tuple[float, float]
"""Quarter of a card's first sale and its total processing performance."""


def leading(calendar: Calendar, structure: "Structure", launched: Floats, t: int) -> Mapping[str, float]:
    """Return the factor on the thresholds of every rule that follows generations, by id.

    Args:
        calendar: the rules.
        structure: the entities.
        launched: (V,) first quarter of sale of every card, of the run.
        t: quarter of the run.
    """
    rules = _following(calendar, structure.start + t)
    if not rules:
        return {}
    cards, start = structure.catalogue.values(), structure.start
    return {
        name: line_factor(
            _launches(rule, zip(cards, launched + start, strict=True), structure.parameters.suppliers),
            start + t, max(quarter_of(rule.effective), start), rule.generations_behind or 0,
        )
        for name, rule in rules
    }  # fmt: skip


def expected(
    calendar: Calendar, cards: Mapping[str, Chip], suppliers: Mapping[str, Supplier], quarter: int
) -> Mapping[str, float]:  # fmt: skip
    """Return these factors in a quarter (number) if all cards come on the day that the catalogue and roadmaps say."""
    rules = _following(calendar, quarter)
    dated = [(card, float(quarter_number(card.launch))) for card in cards.values()] if rules else []
    return {
        name: line_factor(
            _launches(rule, dated, suppliers), quarter, quarter_of(rule.effective), rule.generations_behind or 0
        )
        for name, rule in rules
    }


def line_factor(launches: Sequence[Launch], now: int, first: int, behind: int) -> float:
    """Return TPP of the card that was best ``behind`` generations before now, over that of the best when a rule began.

    Where there were fewer generations it is the first of them; without any card, 1.
    """
    today, then = (_records(launches, quarter) for quarter in (now, first))
    return today[max(len(today) - 1 - behind, 0)] / then[-1] if today and then else 1.0


def _following(calendar: Calendar, quarter: int) -> list[tuple[str, ChipRule]]:
    """Return the rules that follow generations and have taken effect by the end of a quarter."""
    return [(name, rule) for name, rule, days in calendar.following if days.effective < first_day(quarter + 1)]


def _launches(
    rule: ChipRule, cards: Iterable[tuple[Chip, float]], suppliers: Mapping[str, Supplier]
) -> list[Launch]:  # fmt: skip
    """Return launches of the cards of a rule's origins, in order of time."""
    mine = [
        (float(quarter), card.tpp)
        for card, quarter in cards
        if rule.origins is None or suppliers[card.supplier].headquarters in rule.origins
    ]
    return sorted(mine, key=lambda row: row[0])


def _records(launches: Iterable[Launch], quarter: int) -> list[float]:
    """Return TPP of the cards that outdid all before them, up to a quarter."""
    best: list[float] = []
    for launch, tpp in launches:
        if launch <= quarter and tpp > (best[-1] if best else 0.0):
            best.append(tpp)
    return best
