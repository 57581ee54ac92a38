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
    foreign: Bools
    """(N, P) whether the rule is of another government than that of the destination."""
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
    silences: Bools
    """(N, P, V) whether a rule silences another that would refuse some part: without it that one would speak."""
    licensed: Floats
    """(N, P, V) part of what may go that goes on the terms of a rule."""
    exported: Floats
    """(P, V) share of orders that other governments than that of the destination let go."""


@compiled
def free(places: int, cards: int, rules: int) -> Rulings:
    """Return what there is before any of some rules has spoken."""
    return Rulings(
        np.full((places, cards), FREE), np.full((places, cards), NO_RULE), np.full((places, cards), NO_PRONG),
        np.ones((places, cards)), np.zeros((places, cards)), np.ones((places, cards)),
        np.zeros((rules, places, cards), np.bool_), np.zeros((rules, places, cards), np.bool_),
        np.zeros((rules, places, cards)), np.ones((places, cards)),
    )  # fmt: skip


@compiled
def decided(terms: Terms, looks: Looks, specification: Floats) -> Rulings:
    """Return what rules say of cards (M, V).

    What is not known matters only where the rule would be stricter than what others say. Of those that are not
    silenced the strictest decides, of equals the first that refuses some part, else the first; approvals multiply,
    duties add up.
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
                if strict > rank or (strict == rank and known and _yields(out, terms, n, p, v)):
                    rank = strict
                    out.status[p, v] = strict if known else UNKNOWN
                    out.rule[p, v], out.prong[p, v] = n, prong[n, v]
                if known:
                    out.refused[n, p, v] = terms.open[n] < 1.0
                    out.silences[n, p, v] = _silences(terms, looks, prong, n, p, v)
                    out.approval[p, v] *= terms.open[n]
                    out.exported[p, v] *= terms.open[n] if looks.foreign[n, p] else 1.0
                    out.licensed[n, p, v] = terms.licensed[n]
                    out.duty[p, v] += terms.licensed[n] * terms.duty[n]
                    out.kept[p, v] -= terms.licensed[n] * terms.revenue_share[n]
    return out


@inlined
def _yields(out: Rulings, terms: Terms, n: int, p: int, v: int) -> bool:
    """Return whether what decides so far gives way to a rule as strict: what is not known, and what refuses nothing."""
    return bool(out.status[p, v] == UNKNOWN or terms.open[n] < 1.0 <= terms.open[out.rule[p, v]])


@inlined
def _silenced(over: Bools, looks: Looks, prong: Ints, n: int, p: int, v: int) -> bool:
    """Return whether a rule that overrides another is known to catch a card itself."""
    for m in range(over.shape[0]):
        if over[m, n] and looks.places[m, p] and looks.cards[m, v] and prong[m, v] >= 0:
            return True
    return False


@inlined
def _silences(terms: Terms, looks: Looks, prong: Ints, n: int, p: int, v: int) -> bool:
    """Return whether a rule silences one that catches a card and refuses some part."""
    for m in range(terms.strict.size):
        caught = looks.places[m, p] and looks.cards[m, v] and prong[m, v] != NO_PRONG
        if terms.over[n, m] and caught and terms.open[m] < 1.0:
            return True
    return False


class Spells(NamedTuple):
    """What rules say in the X parts of a quarter between days on which something changes."""

    days: Floats
    """(X,)"""
    approval: Floats
    """(X, P, V) and so on, see ``Rulings``: what the rules in force say."""
    rule: Ints
    duty: Floats
    kept: Floats
    exported: Floats
    refused: Bools
    """(X, N, P, V)"""
    silences: Bools
    """(X, N, P, V)"""
    licensed: Floats
    """(X, N, P, V)"""
    soon: Floats
    """(X, P, V) share of orders that may go by the rules that firms buy ahead of, and those in force."""
    dearer: Floats
    """(X, P, V) duty by these rules over that by those in force, fraction of price; 0 where a card may not be had."""
    coming: Floats
    """(X, N, P, V) part that will go on the terms of a rule which they buy ahead of and which is not in force yet."""


class Means(NamedTuple):
    """What rules leave open on average over the days of a quarter, see ``calendar.Quarterly``."""

    deciding: Ints
    duty: Floats
    given_up: Floats
    closing: Floats
    dearer: Floats
    rising: Floats
    duty_ahead: Floats
    abroad: Floats
    refused: Floats
    closed: Floats
    alone: Floats
    licensed: Floats
    coming: Floats
    opened: Floats
    on_terms: Floats


@inlined
def _mean(values: Floats, days: Floats, length: float) -> float:
    """Return the mean over days; equal neighbours count as one, so that a cut at which nothing changes moves no bit."""
    total, run = 0.0, days[0]
    for x in range(1, days.size):
        if values[x] != values[x - 1]:
            total += run / length * values[x - 1]
            run = 0.0
        run += days[x]
    return float(total + run / length * values[-1])


@inlined
def _speaks(spells: Spells, n: int, p: int, v: int) -> bool:
    """Return whether a rule says anything of a card at a place within a quarter: most say nothing of most."""
    for x in range(spells.days.size):
        if spells.refused[x, n, p, v] or spells.rule[x, p, v] == n:
            return True
        if spells.licensed[x, n, p, v] != 0.0 or spells.coming[x, n, p, v] != 0.0 or spells.silences[x, n, p, v]:
            return True
    return False


@compiled
def over_days(spells: Spells) -> Means:
    """Return means over the days of a quarter."""
    days, count, length = spells.days, spells.days.size, spells.days.sum()
    rules, places, cards = spells.refused.shape[1:]
    flat, by_rule, seen = (places, cards), (rules, places, cards), np.empty((8, count))
    out = Means(
        np.full(flat, NO_RULE), np.zeros(flat), np.zeros(flat), np.zeros(flat), np.zeros(flat), np.zeros(flat),
        np.zeros(flat), np.zeros(flat), np.zeros(by_rule), np.zeros(by_rule), np.zeros(by_rule), np.zeros(by_rule),
        np.zeros(by_rule), np.zeros(by_rule), np.zeros(flat),
    )  # fmt: skip
    refusing, most = np.zeros((count, *flat), np.int64), np.zeros((count, *flat))
    for n in range(rules):
        refusing += spells.refused[:, n]
        most = np.maximum(most, spells.licensed[:, n])
    for p in range(places):
        for v in range(cards):
            least = np.inf
            for x in range(count):
                approval = spells.approval[x, p, v]
                if spells.rule[x, p, v] != NO_RULE and approval < least:
                    out.deciding[p, v], least = spells.rule[x, p, v], approval
                seen[0, x] = approval * spells.duty[x, p, v]
                seen[1, x] = approval * (1.0 - spells.kept[x, p, v])
                seen[2, x] = max(approval - spells.soon[x, p, v], 0.0)
                seen[3, x] = 1.0 - spells.exported[x, p, v]
                seen[4, x] = spells.dearer[x, p, v]
                seen[5, x] = 1.0 if seen[4, x] > 0.0 else 0.0
                seen[6, x] = seen[5, x] * spells.duty[x, p, v]
                seen[7, x] = approval * most[x, p, v]
            out.duty[p, v], out.given_up[p, v] = _mean(seen[0], days, length), _mean(seen[1], days, length)
            out.closing[p, v], out.abroad[p, v] = _mean(seen[2], days, length), _mean(seen[3], days, length)
            out.dearer[p, v], out.rising[p, v] = _mean(seen[4], days, length), _mean(seen[5], days, length)
            out.duty_ahead[p, v], out.on_terms[p, v] = _mean(seen[6], days, length), _mean(seen[7], days, length)
    for n in range(rules):
        for p in range(places):
            for v in range(cards):
                if not _speaks(spells, n, p, v):
                    continue
                for x in range(count):
                    refused, approval = spells.refused[x, n, p, v], spells.approval[x, p, v]
                    seen[0, x] = 1.0 if refused else 0.0
                    seen[1, x] = 1.0 - approval if spells.rule[x, p, v] == n else 0.0
                    lone = refused and refusing[x, p, v] == 1 and not spells.silences[x, n, p, v]
                    seen[2, x] = 1.0 - approval if lone else 0.0
                    seen[3, x] = approval * spells.licensed[x, n, p, v]
                    seen[4, x] = spells.coming[x, n, p, v]
                    seen[5, x] = approval if spells.silences[x, n, p, v] else 0.0
                out.refused[n, p, v], out.closed[n, p, v] = _mean(seen[0], days, length), _mean(seen[1], days, length)
                out.alone[n, p, v], out.licensed[n, p, v] = _mean(seen[2], days, length), _mean(seen[3], days, length)
                out.coming[n, p, v], out.opened[n, p, v] = _mean(seen[4], days, length), _mean(seen[5], days, length)
    return out
