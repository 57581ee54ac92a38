"""Both sides of what must be equal at the end of a quarter: capacity, cards, halls and money (see ``phases.audit``).

Identities over the same places stand together, (k, 2, n): k identities, left and right, n places. R customer regions,
J products, S sites (or owners), V chips, A vintages, Q quarters, I providers, L pools.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.accounts import hours_by_lane
from sim.economics.building import over_quarters
from sim.economics.cells import Floats, Ints
from sim.economics.fleets import recount
from sim.economics.frontier import use_and_room
from sim.economics.slots import power_of

TOLERANCE = 1e-9
SMALLEST = 1e-6
"""Amounts below this are compared absolutely."""


Broken = tuple[int, int, float, float]
"""The first identity that does not hold, by its position among those looked at, and where first: a place, left and
right. The position is -1 where all hold. (No named tuple: to make one costs a kernel more than to look.)"""


@compiled
def first_unequal(sides: Floats, number: int) -> Broken:
    """Return where left is not right within 1e-9 of the larger, or either is no finite number.

    Args:
        sides: (k, 2, n) both sides.
        number: position of the first of these identities.
    """
    for x in range(sides.shape[0]):
        for place in range(sides.shape[2]):
            left, right = sides[x, 0, place], sides[x, 1, place]
            gap = abs(left - right)
            if not (math.isfinite(gap) and gap <= TOLERANCE * max(abs(left), abs(right), SMALLEST)):
                return number + x, place, left, right
    return -1, -1, 0.0, 0.0


@compiled
def first_above(sides: Floats, number: int) -> Broken:
    """Return where left is more than right beyond 1e-9, or no finite number; arguments as for ``first_unequal``."""
    for x in range(sides.shape[0]):
        for place in range(sides.shape[2]):
            left, right = sides[x, 0, place], sides[x, 1, place]
            if not (math.isfinite(left) and left <= right * (1.0 + TOLERANCE) + SMALLEST):
                return number + x, place, left, right
    return -1, -1, 0.0, 0.0


@inlined
def _both(left: Floats, right: Floats) -> Floats:
    """Return one identity, (1, 2, n)."""
    sides = np.empty((1, 2, left.size))
    sides[0, 0], sides[0, 1] = left, right
    return sides


@compiled
def broken_flow(flow: Floats) -> Broken:
    """Look whether volumes by where they ended add up to what was asked; ``flow`` (R, 5) has what was asked first."""
    sides = np.zeros((1, 2, flow.shape[0]))
    for r in range(flow.shape[0]):
        for end in range(1, flow.shape[1]):
            sides[0, 0, r] += flow[r, end]
        sides[0, 1, r] = flow[r, 0]
    return first_unequal(sides, 0)


@compiled
def broken_capacity(kinds: Floats, load: Floats, taken: Floats, lane: Ints, own_use: Floats) -> Broken:
    """Look whether use (0) and training (1) fit the cards of every pool, and lanes are used by who took them (2).

    Args:
        kinds: (L, N, 2) hours.
        load: (2 L,) hours in use by lane.
        taken: (R, J) hours served to customers.
        lane: (J,) lane of each product.
        own_use: (L,) captive inference hours.
    """
    broken = first_above(use_and_room(kinds, load).reshape((2, 2, kinds.shape[0])), 0)
    if broken[0] < 0:
        broken = first_unequal(_both(load, hours_by_lane(taken, lane, own_use)), 2)
    return broken


@compiled
def _cards_by_site(cards: Floats, owned: Floats, kw: Floats, vintages: int) -> Floats:
    """Return (2, 2, S): cards as counted and by the running account, and the power of both, kW."""
    out, counted = np.zeros((2, 2, owned.shape[0])), recount(cards, vintages)
    for s in range(owned.shape[0]):
        for v in range(kw.size):
            out[0, 0, s] += counted[s, v]
            out[0, 1, s] += owned[s, v]
            out[1, 0, s] += counted[s, v] * kw[v]
            out[1, 1, s] += owned[s, v] * kw[v]
    return out


class Cards(NamedTuple):
    """Cards of sites and of owners elsewhere at the end of a quarter."""

    cards: Floats
    """(S, V, A) by vintage."""
    owned: Floats
    """(S, V) the running account."""
    stored_before: Floats
    """(S, V) in store before the quarter."""
    delivered: Floats
    """(S, V)"""
    stored: Floats
    """(S, V) in store at its end."""
    installed: Floats
    """(S, V) put in place."""
    elsewhere_cards: Floats
    """(W, V, A) by vintage."""
    elsewhere: Floats
    """(W, V) the running account."""
    operated: Floats
    """(L, V) by pool."""
    kw: Floats
    """(V,) IT power of a card."""


@compiled
def broken_cards(at: Cards, vintages: int) -> Broken:
    """Look whether counts agree with accounts of cards (0), power (1), stores (2), elsewhere (3), and leases (4).

    ``vintages`` is how many there are so far.
    """
    sites = at.owned.shape[0]
    sides = np.zeros((3, 2, sites))
    sides[:2] = _cards_by_site(at.cards, at.owned, at.kw, vintages)
    for s in range(sites):
        for v in range(at.kw.size):
            sides[2, 0, s] += at.stored_before[s, v] + at.delivered[s, v]
            sides[2, 1, s] += at.stored[s, v] + at.installed[s, v]
    broken = first_unequal(sides, 0)
    if broken[0] < 0:
        broken = first_unequal(_cards_by_site(at.elsewhere_cards, at.elsewhere, at.kw, vintages)[:1], 3)
    if broken[0] < 0:
        operated, owned = np.array([at.operated.sum()]), np.array([sides[0, 0].sum()])
        broken = first_unequal(_both(operated, owned), 4)
    return broken


class Halls(NamedTuple):
    """Halls with power at the end of a quarter, MW."""

    owned: Floats
    """(S, V) cards."""
    kw: Floats
    """(V,) IT power of a card."""
    energised: Floats
    """(S,)"""
    opening: Floats
    """(S,) of those, at the opening."""
    building: Floats
    """(S,)"""
    begun: Floats
    """(S, Q) new shells, by quarter in which building began."""
    converting: Floats
    """(S, Q) halls to be converted, by quarter of decision."""
    requested: Floats
    """(S, Q) power asked for and not yet promised, by quarter of the request."""
    queued: Floats
    """(S,) the same: the running account."""


@compiled
def broken_halls(at: Halls, now: int) -> Broken:
    """Look whether cards fit their halls (0), halls are those that were begun (1), and requests agree (2).

    ``now`` is the position of the quarter along Q.
    """
    broken = first_above(_both(power_of(at.owned, at.kw), at.energised), 0)
    if broken[0] < 0:
        sides = np.empty((2, 2, at.energised.size))
        sides[0, 0] = at.opening + (over_quarters(at.begun, now) + over_quarters(at.converting, now))
        sides[0, 1] = at.energised + at.building
        sides[1, 0] = 1.0 + over_quarters(at.requested, now)
        sides[1, 1] = 1.0 + at.queued
        broken = first_unequal(sides, 1)
    return broken


class Money(NamedTuple):
    """Money of firms at the end of a quarter and what was posted, USD m."""

    cash: Floats
    """(I,) at the end of the quarter, and before it."""
    cash_before: Floats
    """(I,)"""
    posted: Floats
    """(I,) receipts less payments."""
    debt: Floats
    """(I,) at the end of the quarter, and before it."""
    debt_before: Floats
    """(I,)"""
    lent: Floats
    """(I,) loans less repayments."""
    written_off: Floats
    """(I,) of debt."""
    assets: Floats
    """(I,) book value."""
    net_worth: Floats
    """(I,) the running account."""
    revenue: Floats
    """(I,)"""
    capex: Floats
    """(I,)"""
    sold: Floats
    """(R, J) revenue by customer region and product."""
    customers: Floats
    """(R,) receipts less payments of customers."""


@compiled
def broken_money(at: Money, balances: Floats, paid: Floats, financial: Floats) -> Broken:
    """Look whether cash (0), debt (1) and net worth (2) of firms, payments of customers (3) and all flows (4) add up.

    All sides but those of customers are one more than their part of what a firm turns over or stands for, or of all
    payments, so that small sums of it count as small.

    Args:
        at: what is compared.
        balances: (accounts,) receipts less payments, USD m.
        paid: (flows, payers, payees) all payments, and between providers and those who finance them (transfers, I).
        financial: USD m.
    """
    sides = np.empty((3, 2, at.cash.size))
    for i in range(at.cash.size):
        scale = at.revenue[i] + at.capex[i] + 1.0
        size = at.cash[i] + at.assets[i] + at.debt[i] + scale
        lent = at.lent[i] - at.written_off[i]
        sides[0, 0, i], sides[0, 1, i] = (at.cash[i] - at.cash_before[i]) / scale, at.posted[i] / scale
        sides[1, 0, i], sides[1, 1, i] = (at.debt[i] - at.debt_before[i]) / scale, lent / scale
        sides[2, 0, i], sides[2, 1, i] = (at.cash[i] + at.assets[i] - at.debt[i]) / size, at.net_worth[i] / size
    broken = first_unequal(sides + 1.0, 0)
    if broken[0] < 0:
        broken = first_unequal(_both(at.sold.sum(axis=1), -at.customers), 3)
    if broken[0] < 0:
        balance = balances.sum() / (paid.sum() + np.abs(financial).sum() + 1.0)
        broken = first_unequal(_both(np.array([1.0 + balance]), np.ones(1)), 4)
    return broken
