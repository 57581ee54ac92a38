"""What all instruments beside rules on cards do to the numbers of a quarter: kept while their strengths stay."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sim.economics.cells import Floats
from sim.parameters.instruments import (
    BuyRatio,
    CountryCap,
    CreditShock,
    DomesticContent,
    FoundryRule,
    HomePriority,
    Remedy,
    StageRule,
    Subsidy,
)
from sim.parameters.policy import Enforcement
from sim.parameters.rules import Rule
from sim.policy.chip_rules import Subjects
from sim.policy.country_caps import Cap, cap_of
from sim.policy.credit import Credit, credit
from sim.policy.dates import Days, days_of, first_day, share_of_quarter, strength_over
from sim.policy.enforcement import effort
from sim.policy.foundry import closed_cards
from sim.policy.home_priority import Queue, queue_of
from sim.policy.mandates import Mandate, mandate_of
from sim.policy.remedies import LockIn, lock_in
from sim.policy.subsidies import Support, support
from sim.policy.upstream import StageEffects, stage_effects

if TYPE_CHECKING:
    from sim.structure import Structure

AnyRule = TypeVar("AnyRule", bound=Rule)


class Strength(NamedTuple):
    """How a rule stands in a quarter; shares are of its days."""

    mean: float
    """Mean strength over the quarter."""
    days: float
    """Share in which it is in force."""
    before: float | None
    """Share before its first day, where that lies in the quarter; else none."""
    ahead: float
    """Share in which firms buy ahead of it, or would, as it does not bind in full yet."""


NONE, FULL = Strength(0.0, 0.0, None, 0.0), Strength(1.0, 1.0, None, 0.0)
Standing = tuple[str, Rule, Strength]
"""A rule in a quarter by its id."""


class Limits(NamedTuple):
    """Limits on what may be ordered in all."""

    caps: list[Cap]
    mandates: list[Mandate]


class Measures(NamedTuple):
    """What instruments do in a quarter; each is applied at one point of it."""

    stages: StageEffects
    """Technology (price) and production."""
    closed: Floats
    """(V,) part of the wafers of a card that foundries do not serve: production."""
    limits: Limits
    """Orders."""
    coming: Limits
    """Those that firms buy ahead of, in full strength."""
    ahead: dict[str, float]
    """Share of the quarter in which firms buy ahead of a rule that does not bind in full yet, by its id."""
    support: Support
    """Technology, orders and finance."""
    queue: Queue
    """Production, where output is shared out."""
    lock_in: LockIn
    """Pricing and service."""
    credit: Credit
    """Finance."""
    effort: Floats
    """(R,) what evasion costs over its usual cost: orders, where the grey market clears, and production."""


class Instruments:
    """The instruments of a run beside rules on cards."""

    def __init__(self, structure: "Structure", subjects: Subjects, rush: int) -> None:
        """Collect them.

        Args:
            structure: the entities.
            subjects: cards, and places that order: sites, then owners elsewhere.
            rush: days before its effect from which firms buy ahead of a rule that they know.
        """
        self._structure, self._subjects, self._rush = structure, subjects, rush
        found = structure.parameters.policy.instruments
        self._rules: list[tuple[str, Rule, Days]] = [
            (name, rule, days_of(rule)) for name, rule in sorted(found.items()) if rule.kind != "chip_rule"
        ]
        self._kept: dict[tuple[Strength, ...], Measures] = {}
        self._quarters: dict[int, Measures] = {}

    def over(self, quarter: int) -> Measures:
        """Return what instruments do over a quarter: the same object in quarters in which they do the same."""
        if quarter not in self._quarters:
            strengths = tuple(_strength(days, quarter, self._rush) for _, _, days in self._rules)
            if strengths not in self._kept:
                self._kept[strengths] = self._measures(strengths)
            self._quarters[quarter] = self._kept[strengths]
        return self._quarters[quarter]

    def _measures(self, strengths: tuple[Strength, ...]) -> Measures:
        structure, subjects = self._structure, self._subjects
        now = [(name, rule, by) for (name, rule, _), by in zip(self._rules, strengths, strict=True)]
        return Measures(
            stage_effects(_in_force(now, StageRule), structure.parameters.upstream),
            closed_cards(_in_force(now, FoundryRule), structure),
            _limits(now, structure, subjects),
            _limits([(name, rule, FULL if x.ahead > 0.0 else NONE) for name, rule, x in now], structure, subjects),
            {name: x.ahead for name, _, x in now},
            support(_in_force(now, Subsidy), structure, subjects.origins),
            queue_of(_in_force(now, HomePriority), structure, subjects),
            lock_in(_in_force(now, Remedy), structure.regions),
            credit(_in_force(now, CreditShock), structure.headquarters),
            effort(_in_force(now, Enforcement), structure.regions),
        )


def _in_force(now: Sequence[Standing], kind: type[AnyRule]) -> Iterator[tuple[AnyRule, float]]:
    """Yield the rules of a kind that bind, each with its strength."""
    for _, rule, strength in now:
        if isinstance(rule, kind) and strength.mean > 0.0:
            yield rule, strength.mean


def _limits(now: Sequence[Standing], structure: "Structure", subjects: Subjects) -> Limits:
    caps = [(name, rule, x.mean) for name, rule, x in now if isinstance(rule, CountryCap)]
    return Limits(
        [
            cap_of(name, row, rule, mean, structure.regions, structure.providers, subjects)
            for row, (name, rule, mean) in enumerate(caps)
            if mean > 0.0
        ],
        [
            mandate_of(name, rule, x.mean, x.days, x.before, subjects)
            for name, rule, x in now
            if isinstance(rule, BuyRatio | DomesticContent) and x.mean > 0.0
        ],
    )


def _strength(days: Days, quarter: int, rush: int) -> Strength:
    start, end = first_day(quarter), first_day(quarter + 1)
    before = (days.effective - start) / (end - start) if start <= days.effective < min(end, days.expires) else None
    full = days.effective + math.ceil(days.phase_in)
    return Strength(
        strength_over(days, quarter), share_of_quarter(days.effective, days.expires, quarter), before,
        share_of_quarter(days.near_from(rush), min(full, days.expires), quarter),
    )  # fmt: skip
