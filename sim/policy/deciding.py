"""What rules on cards say, worked out for all cards and places at once. N rules, P places, V cards, M metrics.

A compiled kernel: rules that differ from sample to sample of a study are asked anew some hundred times.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.policy.specification import NO_PRONG, UNKNOWN_PRONG, prongs_met
from sim.policy.status import Status

NO_RULE = -1
FREE, UNKNOWN = int(Status.FREE), int(Status.UNKNOWN)


class Terms(NamedTuple):
    """Rules in the state of a day, in the order of their effective dates."""

    lines: Floats
    """(N, K, 2, M) thresholds of their tests: least values, then values below which; not a number for none."""
    tests: Ints
    """(N,) number of tests; 0 for rules that catch every card."""
    scale: Floats
    """(N,) factor on thresholds."""
    strict: Ints
    """(N,) status that they give."""
    open: Floats
    """(N,) share of orders that they let through."""
    licensed: Floats
    """(N,) part of that which goes on their terms."""
    duty: Floats
    """(N,) fraction of price."""
    revenue_share: Floats
    """(N,) fraction of price."""
    over: Bools
    """(N, N) whether the first silences the second for cards that it catches itself."""


class Looks(NamedTuple):
    """What rules look at."""

    places: Bools
    """(N, P)"""
    cards: Bools
    """(N, V) by their names and makers."""


class Rulings(NamedTuple):
    """What rules say of every card at every place."""

    status: Ints
    """(P, V) a ``Status``."""
    rule: Ints
    """(P, V) position of the rule that decides; NO_RULE where none does."""
    prong: Ints
    """(P, V) position of the test it meets; UNKNOWN_PRONG where that cannot be decided."""
    approval: Floats
    """(P, V) share of orders that may go."""
    duty: Floats
    """(P, V) fraction of price that buyers pay on top."""
    kept: Floats
    """(P, V) fraction of price that makers keep."""
    refused: Bools
    """(N, P, V) whether a rule refuses some part by itself."""
    licensed: Floats
    """(N, P, V) part of what may go that goes on the terms of a rule."""


@compiled
def free(places: int, cards: int, rules: int) -> Rulings:
    """Return what there is before any of some rules has spoken."""
    return Rulings(
        np.full((places, cards), FREE), np.full((places, cards), NO_RULE), np.full((places, cards), NO_PRONG),
        np.ones((places, cards)), np.zeros((places, cards)), np.ones((places, cards)),
        np.zeros((rules, places, cards), np.bool_), np.zeros((rules, places, cards)),
    )  # fmt: skip


@compiled
def decided(terms: Terms, looks: Looks, specification: Floats) -> Rulings:
    """Return what rules say of cards (M, V).

    What is not known matters only where the rule would be stricter than what others say. Of those that are not
    silenced the strictest decides, of equals the first; approvals multiply, duties add up.
    """
    prong = prongs_met(terms.lines, terms.tests, terms.scale, specification)
    rules, places, cards = looks.places.shape[0], looks.places.shape[1], looks.cards.shape[1]
    out = free(places, cards, rules)
    for p in range(places):
        for v in range(cards):
            rank = FREE
            for n in range(rules):
                if not (looks.places[n, p] and looks.cards[n, v] and prong[n, v] != NO_PRONG):
                    continue
                if _silenced(terms.over, looks, prong, n, p, v):
                    continue
                known, strict = prong[n, v] != UNKNOWN_PRONG, terms.strict[n]
                if strict > rank or (strict == rank and out.status[p, v] == UNKNOWN and known):
                    rank = strict
                    out.status[p, v] = strict if known else UNKNOWN
                    out.rule[p, v], out.prong[p, v] = n, prong[n, v]
                if known:
                    out.refused[n, p, v] = terms.open[n] < 1.0
                    out.approval[p, v] *= terms.open[n]
                    out.licensed[n, p, v] = terms.licensed[n]
                    out.duty[p, v] += terms.licensed[n] * terms.duty[n]
                    out.kept[p, v] -= terms.licensed[n] * terms.revenue_share[n]
    return out


@inlined
def _silenced(over: Bools, looks: Looks, prong: Ints, n: int, p: int, v: int) -> bool:
    """Return whether a rule that overrides another is known to catch a card itself."""
    for m in range(over.shape[0]):
        if over[m, n] and looks.places[m, p] and looks.cards[m, v] and prong[m, v] >= 0:
            return True
    return False


class Spell(NamedTuple):
    """What rules leave open over the spells of a quarter, added up."""

    least: Floats
    """(P, V) least that may go."""
    deciding: Ints
    """(P, V) rule that decides where least may go."""
    duty: Floats
    """(P, V)"""
    given_up: Floats
    """(P, V)"""
    closing: Floats
    """(P, V)"""
    refused: Floats
    """(N, P, V)"""
    closed: Floats
    """(N, P, V)"""
    alone: Floats
    """(N, P, V)"""
    licensed: Floats
    """(N, P, V)"""
    coming: Floats
    """(N, P, V)"""


def nothing_yet(rules: int, places: int, cards: int) -> Spell:
    """Return the sums before any spell."""
    flat, by_rule = (places, cards), (rules, places, cards)
    return Spell(
        np.full(flat, np.inf), np.full(flat, NO_RULE), *(np.zeros(flat) for _ in range(3)),
        *(np.zeros(by_rule) for _ in range(5)),
    )  # fmt: skip


@compiled
def add_spell(total: Spell, share: float, now: Rulings, soon: Rulings, upcoming: Bools) -> None:
    """Add what rules say in a part of a quarter.

    Args:
        total: what has been added up; changed. See ``calendar.Quarterly``.
        share: of the quarter.
        now: what the rules in force say.
        soon: what those say that firms buy ahead of, and these.
        upcoming: (N,) whether firms buy ahead of a rule that is not in force yet.
    """
    refusing = np.zeros(now.rule.shape, np.int64)
    for n in range(upcoming.size):
        refusing += now.refused[n]
    for p in range(now.rule.shape[0]):
        for v in range(now.rule.shape[1]):
            approval, rule = now.approval[p, v], now.rule[p, v]
            if rule != NO_RULE and approval < total.least[p, v]:
                total.deciding[p, v], total.least[p, v] = rule, approval
            if rule != NO_RULE and approval < 1.0:
                total.closed[rule, p, v] += share * (1.0 - approval)
            total.duty[p, v] += share * approval * now.duty[p, v]
            total.given_up[p, v] += share * approval * (1.0 - now.kept[p, v])
            total.closing[p, v] += share * max(approval - soon.approval[p, v], 0.0)
    for n in range(upcoming.size):
        for p in range(now.rule.shape[0]):
            for v in range(now.rule.shape[1]):
                approval = now.approval[p, v]
                if now.refused[n, p, v]:
                    total.refused[n, p, v] += share
                    total.alone[n, p, v] += share * (1.0 - approval) if refusing[p, v] == 1 else 0.0
                total.licensed[n, p, v] += share * approval * now.licensed[n, p, v]
                total.coming[n, p, v] += share * soon.licensed[n, p, v] if upcoming[n] else 0.0
