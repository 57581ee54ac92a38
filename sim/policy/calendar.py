"""The rules by date: the one place that orders of cards and rentals of compute ask."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import Floats, Ints
from sim.parameters.policy import ChipRule, Policy
from sim.parameters.suppliers import Chip
from sim.policy.chip_rules import Case, Subjects, case_on, licensed_from, looks_of, rulings
from sim.policy.dates import (
    NEVER,
    Days,
    days_of,
    first_day,
    middle,
    part_within,
    quarter_on,
    share_of_quarter,
    spans,
)
from sim.policy.deciding import NO_RULE, Looks, Rulings, Spells, free, over_days
from sim.policy.funding import mixed, parted, together
from sim.policy.specification import UNKNOWN_PRONG, lines_of, specifications, undecidable
from sim.policy.status import Place, Ruling, Status, Use

DAYS_PER_YEAR = 365.25
ALWAYS = Days(0, 0, NEVER, 0.0)
"""Calendar of what holds all the time: its part of a quarter is the whole."""
ROUNDING = 1e-12
"""Share of a quarter below which nothing is left open."""


Row = tuple[str, ChipRule, Days]
"""A rule on cards with its id and calendar."""


class Quarterly(NamedTuple):
    """What the rules leave open in a quarter; P places, V cards."""

    open: Floats
    """(P, V) share of what is wanted over the quarter that may go."""
    duty: Floats
    """(P, V) fraction of price that buyers pay on top, mean over what may go."""
    kept: Floats
    """(P, V) fraction of price that makers keep, mean over what may go."""
    deciding: Ints
    """(P, V) rule that decides where least may go, by position in ``Calendar.chip_rules``; NO_RULE where none does."""
    refused: Floats
    """(N, P, V) share of the quarter in which a rule refuses some part by itself, by position in ``chip_rules``."""
    closed: Floats
    """(N, P, V) share of what is wanted that may not go, by the rule that decides: together 1 less ``open``."""
    alone: Floats
    """(N, P, V) share of what is wanted that may not go by one rule alone: it would go if that were lifted."""
    licensed: Floats
    """(N, P, V) part of what may go that goes on the terms of a rule, likewise."""
    closes: bool
    """Whether anything may not go."""
    charges: bool
    """Whether anything is charged."""
    closing: Floats
    """(P, V) share of the quarter in which a card is still open and bought ahead, as firms know it will be closed."""
    rising: Floats
    """(P, V) share of the quarter in which a card is bought ahead, as firms know that it will bear a higher duty."""
    rise: Floats
    """(P, V) that duty over today's, fraction of price, mean over these days and over what is wanted."""
    duty_ahead: Floats
    """(P, V) duty in these days, where there are any; else as ``duty``."""
    coming: Floats
    """(N, P, V) share of the quarter in which a card will soon go on the terms of a rule that is not in force yet."""
    foreseen: Floats
    """(P, V) share of what is wanted that may go when all rules that firms know of at its end are in full strength."""
    expected: Floats
    """(P, V) the same of the rules that were announced before the quarter, at most what was open the day before."""
    abroad: Floats
    """(P, V) share of what is wanted that rules of other governments than the destination's close by themselves."""
    opened: Floats
    """(N, P, V) share of what is wanted that may go where a rule silences one that would refuse some part."""
    on_terms: Floats
    """(P, V) part of what may go that goes on the terms of some rule: of a day's orders those under the widest one."""


@dataclass(frozen=True, eq=False)
class Calendar:
    """Instruments of a run, in days. Rulings are kept while nothing changes."""

    policy: Policy
    rush: int = 0
    """Days before its effect from which firms buy ahead of a rule that they know, see ``dates.rush_days``."""
    passed_on: float = 0.0
    """Part of shares of revenue that makers pass on to buyers, see ``chip_rules.charges``."""
    _kept: dict[tuple[object, ...], Rulings] = field(default_factory=dict)
    _quarters: dict[tuple[object, ...], Quarterly] = field(default_factory=dict)
    _looks: dict[str, Looks] = field(default_factory=dict)
    _epochs: dict[tuple[Use, int], object] = field(default_factory=dict)
    _shared: dict[tuple[tuple[str, ...], int], Floats] = field(default_factory=dict)

    @cached_property
    def chip_rules(self) -> list[Row]:
        """Rules on cards with their ids and calendars, by effective date, then id."""
        found = [(name, x, days_of(x)) for name, x in self.policy.instruments.items() if x.kind == "chip_rule"]
        return sorted(found, key=lambda row: (row[2].effective, row[0]))

    @cached_property
    def overriding(self) -> frozenset[str]:
        """Ids of those that silence others, which would speak if they were lifted."""
        return frozenset(name for name, rule, _ in self.chip_rules if rule.overrides)

    @cached_property
    def following(self) -> list[Row]:
        """Of these, the rules that follow generations."""
        return [row for row in self.chip_rules if row[1].generations_behind is not None]

    def quarterly(
        self, use: Use, name: str, subjects: Subjects, quarter: int, leaders: Mapping[str, float]
    ) -> Quarterly:  # fmt: skip
        """Return what may be ordered or rented in a quarter.

        Args:
            use: order or rental.
            name: of the subjects, which must be the same in every quarter.
            subjects: cards and places.
            quarter: quarter number.
            leaders: factor on the thresholds of every rule that follows generations, by id.
        """
        epoch = (use, quarter)
        if epoch not in self._epochs:
            self._epochs[epoch] = self._epoch(use, quarter)
        key = (use, name, self._epochs[epoch], tuple(leaders.items()))
        if key not in self._quarters:
            self._quarters[key] = self._over(use, name, subjects, quarter, leaders)
        return self._quarters[key]

    def _epoch(self, use: Use, quarter: int) -> object:
        """Return what is equal for quarters in which the same rules on a use hold from first to last day."""
        if self.announces(quarter):
            return "quarter", quarter
        start, end, cuts = first_day(quarter), first_day(quarter + 1), self._cuts[use]
        first, last = bisect_right(cuts, start), bisect_left(cuts, end)
        still = first == last and not any(since <= end and start < until for since, until in self._moving[use])
        return first if still else ("quarter", quarter)

    @cached_property
    def _position(self) -> dict[str, int]:
        """Positions of rules in ``chip_rules``."""
        return {name: n for n, (name, _, _) in enumerate(self.chip_rules)}

    @cached_property
    def _lines(self) -> dict[str, Floats]:
        """Thresholds of rules."""
        return {name: lines_of(rule.prongs) for name, rule, _ in self.chip_rules}

    @cached_property
    def _on(self) -> dict[Use, list[tuple[ChipRule, Days]]]:
        """Rules by what they are on."""
        return {use: [(rule, days) for _, rule, days in self.chip_rules if use.value in rule.uses] for use in Use}

    @cached_property
    def _cuts(self) -> dict[Use, list[int]]:
        """Days on which something changes, in order."""
        return {
            use: sorted({day for rule, days in found for day in self._days(rule, days)})
            for use, found in self._on.items()
        }

    def _days(self, rule: ChipRule, days: Days) -> tuple[int, ...]:
        return days.announced, days.near_from(self.rush), days.effective, days.expires, licensed_from(rule, days)

    @cached_property
    def _moving(self) -> dict[Use, list[tuple[int, int]]]:
        """Spans of days in which a rule changes all the time: while it is phased in, and where its line moves."""
        return {
            use: [span for rule, days in found for span in _spans_of(rule, days)] for use, found in self._on.items()
        }

    def _over(
        self, use: Use, name: str, subjects: Subjects, quarter: int, leaders: Mapping[str, float]
    ) -> Quarterly:  # fmt: skip
        """Return what rules leave open over a quarter, part by part."""
        share, subjects = np.array(subjects.state_funded), self._asked(subjects)
        days, now, soon, coming = list[int](), list[Rulings](), list[Rulings](), list[Floats]()
        for day, count in spans(quarter, self._cuts[use]):
            days.append(count)
            now.append(self._remembered(name, subjects, self._cases(use, day, leaders, quarter=quarter)))
            soon.append(_strictest(self._then(use, name, subjects, day, leaders, quarter, ahead=self.rush)))
            ahead = [x.near(day, self.rush) and not x.in_force(day) for _, _, x in self.chip_rules]
            coming.append(soon[-1].licensed * np.array(ahead, dtype=np.bool_)[:, None, None])
        foreseen, expected = (
            _strictest(self._then(use, name, subjects, day, leaders, quarter, told=told)).approval
            for told in (NEVER, first_day(quarter))
        )
        yesterday = self._cases(use, first_day(quarter) - 1, leaders, quarter=quarter)
        expected = np.minimum(expected, self._remembered(name, subjects, yesterday).approval)
        mean = over_days(_spells(days, now, soon, coming))
        if self._by_funding:
            mean, foreseen, expected = together(mean, share), mixed(foreseen, share), mixed(expected, share)
        open_ = _open(mean.closed)
        some = np.where(open_ > 0.0, open_, 1.0)
        charges, duty = bool(mean.duty.any() or mean.given_up.any()), mean.duty / some
        days_ahead = np.where(mean.rising > 0.0, mean.rising, 1.0)
        return Quarterly(
            open_, duty, 1.0 - mean.given_up / some, mean.deciding, mean.refused, mean.closed, mean.alone,
            mean.licensed / some, bool((open_ < 1.0).any()), charges, mean.closing, mean.rising,
            mean.dearer / days_ahead, np.where(mean.rising > 0.0, mean.duty_ahead / days_ahead, duty), mean.coming,
            foreseen, expected, mean.abroad, mean.opened, mean.on_terms / some,
        )  # fmt: skip

    @cached_property
    def _by_funding(self) -> bool:
        """Whether some rule is for what the state pays for alone."""
        return any(rule.state_funded for _, rule, _ in self.chip_rules)

    def _asked(self, subjects: Subjects) -> Subjects:
        """Return subjects, in the two parts of every place where a rule tells them apart."""
        return parted(subjects) if self._by_funding else subjects

    def licensed_days(self, rule: int, quarter: int) -> float:
        """Return the share of a quarter's days in which licences of a rule are given, by position in ``chip_rules``."""
        _, terms, days = self.chip_rules[rule]
        return share_of_quarter(licensed_from(terms, days), days.expires, quarter)

    def days_ahead(self, rule: int, quarter: int) -> float:
        """Return the share of a quarter's days in which firms buy ahead of a rule, by position in ``chip_rules``."""
        _, _, days = self.chip_rules[rule]
        return share_of_quarter(days.near_from(self.rush), days.effective, quarter)

    def limiting_days(self, name: str) -> tuple[int, int]:
        """Return the first day of a limit, on which licences are given, by its id, and the first one after it."""
        rule = self.policy.instruments[name]
        days = days_of(rule)
        return licensed_from(rule, days) if isinstance(rule, ChipRule) else days.effective, days.expires

    def shared_days(self, limits: tuple[str, ...], quarter: int) -> Floats:
        """Return the part of the days of the shorter of two limits in a quarter that both cover (L, L).

        Args:
            limits: ids; the first stands for all licences together, of which the one counts that shares most days.
            quarter: quarter number.
        """
        key = limits, quarter
        if key not in self._shared:
            out, single = np.eye(len(limits)), range(1, len(limits))
            days = {n: self.limiting_days(limits[n]) for n in single}
            for n, m in permutations(single, 2):
                out[n, m] = max(part_within(days[n], days[m], quarter), part_within(days[m], days[n], quarter))
            licences = [n for n in single if isinstance(self.policy.instruments[limits[n]], ChipRule)]
            out[1:, 0] = out[1:, licences].max(axis=1, initial=0.0)
            self._shared[key] = out
        return self._shared[key]

    def announces(self, quarter: int) -> bool:
        """Return whether a rule on cards is announced in a quarter: what ends on a day that was known is no news."""
        start, end = first_day(quarter), first_day(quarter + 1)
        return any(start <= days.announced < end for _, _, days in self.chip_rules)

    def status(self, name: str, chip: Chip, origin: str, place: Place, use: Use, day: int) -> Ruling:
        """Return what the rules in force on a day say of one card.

        Args:
            name: id of the card, for rules with exemptions.
            chip: its specification.
            origin: region of the headquarters of its maker.
            place: who wants it where.
            use: order or rental.
            day: ordinal of the day.
        """
        subjects = Subjects([name], [origin], specifications([chip]), [place])
        cases = self._cases(use, day, {})
        found = self._ruled(subjects, cases)
        status, approval = Status(int(found.status[0, 0])), float(found.approval[0, 0])
        rule, prong = self._words(int(found.rule[0, 0]), int(found.prong[0, 0]), subjects, cases)
        return Ruling(status, rule, prong, approval, float(found.duty[0, 0]), 1.0 - float(found.kept[0, 0]))

    def on(self, use: Use, subjects: Subjects, day: int) -> Rulings:
        """Return what the rules in force on a day say; rules by position in ``chip_rules``."""
        return self._ruled(subjects, self._cases(use, day, {}))

    def moments(self, use: Use, start: int, end: int) -> list[int]:
        """Return the first day of a span, and those in it from which rules on a use may say something else."""
        quarters = {x for x in map(first_day, range(*map(quarter_on, (start, end)))) if self._moving[use]}
        return sorted({start, *(x for x in {*self._cuts[use], *quarters} if start < x < end)})

    def known(self, day: int, then: int, until: int, leaders: Mapping[str, float]) -> list[Case]:
        """Return rules on orders that firms know of on a day, in full strength, their lines where they stand later.

        Args:
            day: when they look.
            then: later day.
            until: day by which a rule must have begun to count; one that ends by ``then`` does not.
            leaders: factor on the thresholds of rules that follow generations, as expected for that day.
        """
        known = [x for x in self._in_view(Use.ORDER, day, NEVER) if x[2].effective < until and x[2].expires > then]
        return self._cases(Use.ORDER, day, leaders, ahead=NEVER, then=then, rules=known)

    def _words(
        self, rule: int, prong: int, subjects: Subjects, cases: list[Case]
    ) -> tuple[str | None, str | None]:  # fmt: skip
        """Return ids of a rule and of its test: the one that is met, or the first that cannot be decided."""
        if rule == NO_RULE:
            return None, None
        case = next(case for case in cases if case.id == self.chip_rules[rule][0])
        tests = case.rule.prongs
        position = undecidable(tests, subjects.specification, case.scale) if prong == UNKNOWN_PRONG else prong
        return case.id, list(tests)[position] if tests else None

    def _cases(
        self, use: Use, day: int, leaders: Mapping[str, float], *, ahead: int | None = None, then: int = 0,
        quarter: int | None = None, rules: Sequence[Row] | None = None,
    ) -> list[Case]:  # fmt: skip
        """Return rules in force on a day; or in full strength those that firms know of and are so many days ``ahead``.

        Those have their lines of the day ``then`` if it comes later than their full strength; one that falls, of a year
        after that, for which a card should do. In a ``quarter`` all that moves stands where it does in the middle of
        the rule's own part of it, or of all of it for those ahead: on whatever days other rules change.
        """
        out = []
        for name, rule, days in self._in_view(use, day, ahead) if rules is None else rules:
            read = day if quarter is None else middle(days if ahead is None else ALWAYS, quarter)
            later = then + math.ceil(DAYS_PER_YEAR) if then > 0 and rule.growth < 0.0 else then
            full = max(later, days.effective + math.ceil(days.phase_in))
            at, on = (read, day) if ahead is None else (max(read, full), max(day, full))
            scale = (1.0 + rule.growth) ** (max(at - days.effective, 0) / DAYS_PER_YEAR) * leaders.get(name, 1.0)
            out.append(case_on(name, rule, self._lines[name], days, on, at, scale, self.passed_on))
        return out

    def _in_view(self, use: Use, day: int, ahead: int | None) -> list[Row]:
        """Return rules on a use that are in force on a day, or will be so many days later as far as firms know."""
        found = [row for row in self.chip_rules if use.value in row[1].uses]
        return [row for row in found if (row[2].in_force(day) if ahead is None else row[2].near(day, ahead))]

    def _then(
        self, use: Use, name: str, subjects: Subjects, day: int, leaders: Mapping[str, float], quarter: int, *,
        ahead: int = NEVER, told: int = NEVER,
    ) -> list[Rulings]:  # fmt: skip
        """Return what rules will say, as firms know on a day, on that day and whenever one begins; in full strength.

        What begins when another has ended takes its place. Only rules announced before the day ``told`` are known.
        """
        known = [row for row in self._in_view(use, day, ahead) if row[2].announced < told]
        days = sorted({day, *(x.effective for _, _, x in known if x.effective > day)})
        hold = [[row for row in known if row[2].effective <= then < row[2].expires] for then in days]
        return [
            self._remembered(
                name, subjects, self._cases(use, day, leaders, ahead=ahead, quarter=quarter, rules=rules)
            )
            for rules in hold
        ]  # fmt: skip

    def _remembered(self, name: str, subjects: Subjects, cases: list[Case]) -> Rulings:
        """Return what rules say of known subjects, kept while nothing changes."""
        key = (name, tuple((x.id, x.scale, x.share, x.approval) for x in cases))
        if key not in self._kept:
            if name not in self._looks:
                rules = [(rule, self.policy.authority(rule_id)) for rule_id, rule, _ in self.chip_rules]
                self._looks[name] = looks_of(rules, subjects)
            rows = [self._position[case.id] for case in cases]
            self._kept[key] = self._ruled(subjects, cases, Looks(*(x[rows] for x in self._looks[name])))
        return self._kept[key]

    def _ruled(self, subjects: Subjects, cases: list[Case], looks: Looks | None = None) -> Rulings:
        """Return what rules say, by their positions in ``chip_rules``."""
        every = free(len(subjects.places), len(subjects.names), len(self.chip_rules))
        if not cases:
            return every
        found = rulings(cases, subjects, looks)
        place = np.array([*(self._position[x.id] for x in cases), NO_RULE])
        mine = place[:-1]
        every.refused[mine], every.silences[mine], every.licensed[mine] = found.refused, found.silences, found.licensed
        return found._replace(
            rule=place[found.rule], refused=every.refused, silences=every.silences, licensed=every.licensed
        )


def _spells(days: list[int], now: list[Rulings], soon: list[Rulings], coming: list[Floats]) -> Spells:
    """Return what rules say in the parts of a quarter."""
    return Spells(
        np.array(days, dtype=np.float64), _stacked([x.approval for x in now]), _stacked([x.rule for x in now]),
        _stacked([x.duty for x in now]), _stacked([x.kept for x in now]), _stacked([x.exported for x in now]),
        _stacked([x.refused for x in now]), _stacked([x.silences for x in now]),
        _stacked([x.licensed for x in now]), _stacked([x.approval for x in soon]),
        _stacked([_dearer(x, y) for x, y in zip(now, soon, strict=True)]), _stacked(coming),
    )  # fmt: skip


def _strictest(found: list[Rulings]) -> Rulings:
    """Return the strictest of what rules will say: least that may go, highest duty, all that goes on terms."""
    if len(found) == 1:
        return found[0]
    return found[0]._replace(
        approval=np.minimum.reduce([x.approval for x in found]), duty=np.maximum.reduce([x.duty for x in found]),
        licensed=np.maximum.reduce([x.licensed for x in found]),
    )  # fmt: skip


def _dearer(now: Rulings, soon: Rulings) -> Floats:
    """Return the duty (P, V) of rules that firms buy ahead of, over that of rules in force, on cards they may have."""
    return np.where(now.approval > 0.0, np.maximum(soon.duty - now.duty, 0.0), 0.0)


def _stacked(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Return arrays in one; a single one is not copied."""
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)


def _spans_of(rule: ChipRule, days: Days) -> Iterator[tuple[int, int]]:
    """Yield spans of days in which a rule changes all the time."""
    if days.phase_in > 0.0:
        yield days.effective, days.effective + math.ceil(days.phase_in)
    if rule.growth != 0.0:
        yield days.announced, days.expires


def _open(closed: Floats) -> Floats:
    """Return what rules leave (P, V) of what they close (N, P, V): exactly all where none closes anything."""
    left: Floats = 1.0 - closed.sum(axis=0)
    return np.where(left > ROUNDING, np.minimum(left, 1.0), 0.0)
