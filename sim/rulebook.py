"""What tables ask of the rules: the same in every run of a ground, worked out when it is first asked for.

T quarters, N rules on cards, F firms that order, S sites, W owners elsewhere, V cards.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.folding import folded
from sim.links import ORDERING, Links
from sim.parameters.instruments import FoundryRule
from sim.parameters.rules import Rule
from sim.policy import Calendar
from sim.policy.calendar import Quarterly
from sim.policy.chip_rules import charges, reached, rulings
from sim.policy.dates import days_of, first_day, quarter_of, strength_over
from sim.policy.foundry import caught, closed_in_turn
from sim.policy.redesign import Shaped
from sim.policy.status import Use
from sim.structure import Structure


class Spots(NamedTuple):
    """Where single rules do something to orders; k rows."""

    rule: Ints
    """(k,) position in ``Calendar.chip_rules``."""
    place: Ints
    """(k,)"""
    card: Ints
    """(k,)"""


class Licensed(NamedTuple):
    """Orders that go on the terms of rules; k rows, one for each rule and place with some such card."""

    rule: Ints
    """(k,) position in ``Calendar.chip_rules``."""
    place: Ints
    """(k,)"""
    part: Floats
    """(k, V) part of orders."""
    several: Floats
    """(k, V) licences under which they stand, at least 1: parts of all licences over what goes under some."""
    coming: Bools
    """(k, V) whether cards are bought ahead of the licence, so that these go without."""


class Orders(NamedTuple):
    """What rules on cards say of a quarter's orders: at S + W places."""

    deciding: Ints
    """(S + W, V) see ``Quarterly``."""
    shut: Bools
    """(S + W, V) whether a rule closes some part."""
    refused: Spots
    """Where a rule refuses some part by itself."""
    closed: Spots
    """Where a rule decides on what it closes."""
    opened: Spots
    """Where a rule silences one that would refuse some part."""
    licensed: Licensed


class Shapes(NamedTuple):
    """What rules that stop nothing changed of the cards that makers cut; k such rules."""

    rule: Ints
    """(k,) position in ``Calendar.chip_rules``."""
    cards: Bools
    """(k, V) that are others because of the rule."""
    launched: Bools
    """(T, k, F) whether one comes out for the firm, or would have without the rule."""


class Rulebook:
    """Who rules are for and when, and what follows from what they say of orders."""

    def __init__(self, structure: Structure, links: Links, calendar: Calendar) -> None:
        self._structure, self._calendar = structure, calendar
        self._sites, self._places = links.subjects["sites"], links.subjects["orders"].places
        self._instruments = structure.parameters.policy.instruments
        self._orders: dict[tuple[int, ...], tuple[Orders, list[Quarterly]]] = {}
        self._refuses: dict[int, Bools] = {}

    @cached_property
    def firms(self) -> list[str]:
        """Firms that order cards, by id."""
        return sorted({str(place.firm) for place in self._places})

    @cached_property
    def member(self) -> Ints:
        """(S + W,) firm of every place that orders."""
        return np.array([self.firms.index(str(place.firm)) for place in self._places], dtype=np.int64)

    @cached_property
    def chip_rules(self) -> list[str]:
        """Ids of the rules on cards, in the order of the calendar."""
        return [name for name, _, _ in self._calendar.chip_rules]

    @cached_property
    def in_force(self) -> dict[str, Bools]:
        """(T, N) by use, whether a rule on cards is in force in some part of a quarter, or a licence in the one before.

        What was ordered on the terms of a licence is paid for when it comes.
        """
        start, rows = self._structure.start, self._calendar.chip_rules
        before, now, end = (
            np.array([[first_day(start + t + x)] for t in range(self._structure.quarters)]) for x in (-1, 0, 1)
        )
        since = np.where(np.array([rule.licence is not None for _, rule, _ in rows], dtype=np.bool_), before, now)
        held = np.array([x.effective for _, _, x in rows]) < end
        held &= np.array([x.expires for _, _, x in rows]) > since
        return {
            use.value: held & np.array([use.value in rule.uses for _, rule, _ in rows], dtype=np.bool_) for use in Use
        }

    @cached_property
    def looks_at(self) -> Bools:
        """(N, F) whether a rule on cards looks at a firm."""
        places = [reached(rule, self._places) for _, rule, _ in self._calendar.chip_rules]
        return self._by_firm(np.array(places, dtype=np.bool_).reshape(-1, len(self._places)))

    def _by_firm(self, places: Bools) -> Bools:
        """Return whether something is so at some place (..., S + W) of each firm (..., F)."""
        return np.asarray(folded(places.astype(np.float64), self.member, len(self.firms)) > 0.0)

    @cached_property
    def dates(self) -> dict[str, dict[str, int]]:
        """Quarter numbers of what happens to every instrument, by its id and by event."""
        return {name: _dates(rule) for name, rule in self._instruments.items()}

    def refuses(self, rule: int) -> Bools:
        """Return whether a rule on cards, by position, refuses something at each site (S,) when it takes effect."""
        if rule not in self._refuses:
            name, _, days = self._calendar.chip_rules[rule]
            known = self._calendar.known(days.announced, days.effective, days.effective + 1, {})
            said = rulings([case for case in known if case.id == name], self._sites)
            self._refuses[rule] = np.any(said.approval < 1.0, axis=1)
        return self._refuses[rule]

    @cached_property
    def charged(self) -> Floats:
        """(2, N) parts of a price that buyers pay on top, and that makers do not keep."""
        rows, passed_on = self._calendar.chip_rules, self._calendar.passed_on
        return np.array([charges(rule.licence, passed_on) for _, rule, _ in rows]).reshape(-1, 2).T

    @cached_property
    def strength(self) -> dict[str, Floats]:
        """(T,) strength of every instrument beside rules on cards, by its id."""
        quarters = range(self._structure.start, self._structure.start + self._structure.quarters)
        days = {name: days_of(rule) for name, rule in self._instruments.items() if rule.kind != "chip_rule"}
        return {name: np.array([strength_over(x, quarter) for quarter in quarters]) for name, x in days.items()}

    @cached_property
    def closed_by_foundries(self) -> Mapping[str, Floats]:
        """(T, V) what each rule on foundries closes of what those before it leave, by its id."""
        rules = {name: x for name, x in sorted(self._instruments.items()) if isinstance(x, FoundryRule)}
        cards = {name: caught(rule, self._structure) for name, rule in rules.items()}
        return closed_in_turn(((name, x, self.strength[name][:, None]) for name, x in rules.items()), cards)

    @cached_property
    def shapes(self) -> Shapes:
        """What rules that stop nothing changed of the cards that makers cut."""
        shaped = self._structure.answers.shaped
        rules = [n for n, name in enumerate(self.chip_rules) if any(row.rule == name for row in shaped)]
        found = [[row for row in shaped if row.rule == self.chip_rules[n]] for n in rules]
        cards = [[chip in {row.card for row in rows} for chip in self._structure.chips] for rows in found]
        places = [list(self._launches(rows)) for rows in found]
        shape = (len(rules), self._structure.quarters, len(self._places))
        launched = np.array(places, dtype=np.bool_).reshape(shape).transpose(1, 0, 2)
        changed = np.array(cards, dtype=np.bool_).reshape(len(rules), len(self._structure.chips))
        return Shapes(np.array(rules, dtype=np.int64), changed, self._by_firm(launched))

    def _launches(self, rows: list[Shaped]) -> Iterator[list[bool]]:
        """Yield whether cards come out for each place (S + W,), quarter by quarter; by region and headquarters."""
        for t in range(self._structure.quarters):
            out = {row.place[:2] for row in rows if row.quarter == self._structure.start + t}
            yield [place[:2] in out for place in self._places]

    def orders(self, rules: Mapping[str, Quarterly]) -> Orders:
        """Return what rules say of orders, which is kept while they say the same; the calendar keeps what it said."""
        found = [rules[name] for name in ORDERING]
        key = tuple(id(said) for said in found)
        if key not in self._orders:
            self._orders[key] = _orders(found), found  # what a key stands for lives as long as the key
        return self._orders[key][0]


def _dates(rule: Rule) -> dict[str, int]:
    """Return the quarters in which a rule is announced, takes effect, if it does before it ends, and expires."""
    days = {"rule_announced": rule.announced, "rule_effective": rule.effective, "rule_expires": rule.expires}
    found = {event: quarter_of(day) for event, day in days.items() if day is not None}
    if rule.expires == rule.effective:
        del found["rule_effective"]
    return found


def _orders(found: list[Quarterly]) -> Orders:
    """Return what rules say of orders at sites, then elsewhere."""
    closed = np.concatenate([said.closed > 0.0 for said in found], axis=1)
    return Orders(
        np.concatenate([said.deciding for said in found]), np.any(closed, axis=0),
        _spots(np.concatenate([said.refused > 0.0 for said in found], axis=1)), _spots(closed),
        _spots(np.concatenate([said.opened > 0.0 for said in found], axis=1)), _licensed(found),
    )  # fmt: skip


def _spots(somewhere: Bools) -> Spots:
    """Return where something is so (N, S + W, V)."""
    return Spots(*np.unravel_index(np.flatnonzero(somewhere), somewhere.shape))


def _licensed(found: list[Quarterly]) -> Licensed:
    licensed = np.concatenate([said.licensed for said in found], axis=1)
    coming = np.concatenate([said.coming > 0.0 for said in found], axis=1)
    rows = rule, place = np.nonzero((licensed > 0.0).any(axis=2))
    together, some = licensed.sum(axis=0), np.concatenate([said.on_terms for said in found])
    several = np.maximum(np.divide(together, some, out=np.ones(some.shape), where=some > 0.0), 1.0)
    return Licensed(rule, place, licensed[rows], several[place], coming[rows])
