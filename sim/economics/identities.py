"""Both sides of what must be equal at the end of a quarter: capacity, cards, halls and money (see ``phases.audit``).

Identities over the same places stand together, (k, 2, n): k identities, left and right, n places. R customer regions,
J products, S sites (or owners), V chips, A vintages, Q quarters, I providers, L pools.
"""

import math

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.accounts import hours_by_lane
from sim.economics.building import over_quarters
from sim.economics.cells import Floats, Ints
from sim.economics.fleets import recount
from sim.economics.frontier import use_and_room
from sim.economics.slots import power_of
from sim.economics.upstream import by_chip

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


@inlined
def _row_sums(values: Floats) -> Floats:
    """Return the sums of values (n, m) over their columns (n,)."""
    out = np.empty(values.shape[0])
    for x in range(values.shape[0]):
        total = 0.0
        for y in range(values.shape[1]):
            total += values[x, y]
        out[x] = total
    return out


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


@inlined
def _cards_by_site(
    counted: Floats, owned: Floats, stored_before: Floats, delivered: Floats, stored: Floats, installed: Floats,
    kw: Floats,
) -> Floats:  # fmt: skip
    """Return (3, 2, S) cards as counted and by the running account, the power of both, kW, and stores before and after.

    Sums stand apart from the array that they go to, so that the six of a site grow side by side.
    """
    out = np.empty((3, 2, owned.shape[0]))
    for s in range(owned.shape[0]):
        stand, account, power, power_of_account, before, after = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for v in range(kw.size):
            stand += counted[s, v]
            account += owned[s, v]
            power += counted[s, v] * kw[v]
            power_of_account += owned[s, v] * kw[v]
            before += stored_before[s, v] + delivered[s, v]
            after += stored[s, v] + installed[s, v]
        out[0, 0, s], out[0, 1, s], out[1, 0, s] = stand, account, power
        out[1, 1, s], out[2, 0, s], out[2, 1, s] = power_of_account, before, after
    return out


@compiled
def broken_cards(
    cards: Floats, owned: Floats, stored_before: Floats, delivered: Floats, stored: Floats, installed: Floats,
    elsewhere_cards: Floats, elsewhere: Floats, operated: Floats, kw: Floats, vintages: int,
) -> Broken:  # fmt: skip
    """Look whether counts agree with accounts of cards (0), power (1), stores (2), elsewhere (3), and leases (4).

    Args:
        cards: (S, V, A) by vintage.
        owned: (S, V) the running account.
        stored_before: (S, V) in store before the quarter.
        delivered: (S, V)
        stored: (S, V) in store at its end.
        installed: (S, V) put in place.
        elsewhere_cards: (W, V, A) of owners elsewhere, by vintage.
        elsewhere: (W, V) the running account.
        operated: (L, V) by pool.
        kw: (V,) IT power of a card.
        vintages: how many there are so far.
    """
    sides = _cards_by_site(recount(cards, vintages), owned, stored_before, delivered, stored, installed, kw)
    broken = first_unequal(sides, 0)
    if broken[0] < 0:
        counted = _row_sums(recount(elsewhere_cards, vintages))
        broken = first_unequal(_both(counted, _row_sums(elsewhere)), 3)
    if broken[0] < 0:
        total = np.array([by_chip(operated).sum()])
        broken = first_unequal(_both(total, np.array([sides[0, 0].sum()])), 4)
    return broken


@compiled
def broken_halls(
    owned: Floats, kw: Floats, energised: Floats, opening: Floats, building: Floats, begun: Floats,
    converting: Floats, requested: Floats, queued: Floats, now: int,
) -> Broken:  # fmt: skip
    """Look whether cards fit their halls (0), halls are those that were begun (1), and requests agree (2).

    Args:
        owned: (S, V) cards.
        kw: (V,) IT power of a card.
        energised: (S,) MW of halls with power.
        opening: (S,) of those, at the opening.
        building: (S,) MW on their way to power.
        begun: (S, Q) MW of new shells, by quarter in which building began.
        converting: (S, Q) MW of halls to be converted, by quarter of decision.
        requested: (S, Q) MW asked for and not yet promised, by quarter of the request.
        queued: (S,) the same: the running account.
        now: position of the quarter along Q.
    """
    broken = first_above(_both(power_of(owned, kw), energised), 0)
    if broken[0] < 0:
        sides = np.empty((2, 2, energised.size))
        sides[0, 0] = opening + (over_quarters(begun, now) + over_quarters(converting, now))
        sides[0, 1] = energised + building
        sides[1, 0] = 1.0 + over_quarters(requested, now)
        sides[1, 1] = 1.0 + queued
        broken = first_unequal(sides, 1)
    return broken


@compiled
def turnovers(paid: Floats, financial: Floats, counterpart: Ints, counterparts: int) -> tuple[Floats, Floats]:
    """Return receipts and payments of accounts, then of the counterparts of those who finance providers, (n + m,) each.

    Args:
        paid: (flows, payers n, payees n) USD m.
        financial: (transfers, I) received less paid by providers, the first accounts.
        counterpart: (transfers,) position of the other end.
        counterparts: m.
    """
    accounts = paid.shape[1]
    received, spent = np.zeros(accounts + counterparts), np.zeros(accounts + counterparts)
    for kind in range(financial.shape[0]):
        for i in range(financial.shape[1]):
            received[i] += financial[kind, i]
            spent[accounts + counterpart[kind]] += financial[kind, i]
    every = np.zeros(paid.shape[1:])
    for flow in range(paid.shape[0]):
        for payer in range(accounts):
            for payee in range(accounts):
                every[payer, payee] += paid[flow, payer, payee]
    for payer in range(accounts):
        total = 0.0
        for payee in range(accounts):
            received[payee] += every[payer, payee]
            total += every[payer, payee]
        spent[payer] = total
    return received, spent


@compiled
def broken_money(
    cash: Floats, cash_before: Floats, debt: Floats, debt_before: Floats, lent: Floats, written_off: Floats,
    assets: Floats, net_worth: Floats, revenue: Floats, capex: Floats, sold: Floats, first_customer: int,
    paid: Floats, financial: Floats, counterpart: Ints, counterparts: int,
) -> Broken:  # fmt: skip
    """Look whether cash (0), debt (1) and net worth (2) of firms, payments of customers (3) and all flows (4) add up.

    All sides but those of customers are one more than their part of what a firm turns over or stands for, or of all
    payments, so that small sums of it count as small. Money is in USD m.

    Args:
        cash: (I,) at the end of the quarter.
        cash_before: (I,)
        debt: (I,) at the end of the quarter.
        debt_before: (I,)
        lent: (I,) loans less repayments.
        written_off: (I,) of debt.
        assets: (I,) book value.
        net_worth: (I,) the running account.
        revenue: (I,)
        capex: (I,)
        sold: (R, J) revenue by customer region and product.
        first_customer: account of the first region; those of providers are the first of all.
        paid: (flows, payers n, payees n) all payments, with the further arguments of ``turnovers``.
        financial: (transfers, I)
        counterpart: (transfers,)
        counterparts: m.
    """
    received, spent = turnovers(paid, financial, counterpart, counterparts)
    balances = received - spent
    sides = np.empty((3, 2, cash.size))
    for i in range(cash.size):
        scale = revenue[i] + capex[i] + 1.0
        size = cash[i] + assets[i] + debt[i] + scale
        sides[0, 0, i], sides[0, 1, i] = (cash[i] - cash_before[i]) / scale, balances[i] / scale
        sides[1, 0, i], sides[1, 1, i] = (debt[i] - debt_before[i]) / scale, (lent[i] - written_off[i]) / scale
        sides[2, 0, i], sides[2, 1, i] = (cash[i] + assets[i] - debt[i]) / size, net_worth[i] / size
    broken = first_unequal(sides + 1.0, 0)
    if broken[0] < 0:
        customers = balances[first_customer : first_customer + sold.shape[0]]
        broken = first_unequal(_both(_row_sums(sold), -customers), 3)
    if broken[0] < 0:
        balance = balances.sum() / (spent[: paid.shape[1]].sum() + np.abs(financial).sum() + 1.0)
        broken = first_unequal(_both(np.array([1.0 + balance]), np.ones(1)), 4)
    return broken
