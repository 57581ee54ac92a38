"""What rules do to orders of cards: duties on top of prices, quotas over what is sold at home (B5).

n places that order, V cards, L limits, M quotas.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import totals
from sim.economics.upstream import by_chip

SEVERAL = ""
"""Stands for all licences together beside the id of each: what goes on the terms of some."""


class Under(NamedTuple):
    """What part of orders stands under each limit; days that two of them cover are the same orders."""

    limits: tuple[str, ...]
    """(L,) ids."""
    parts: Floats
    """(L, n, V)"""
    shared: Floats
    """(L, L) part of the days of the shorter of two that both cover."""

    def of(self, limit: str) -> Floats:
        """Return the part of orders (n, V) that stands under a limit, by its id."""
        part: Floats = self.parts[self.limits.index(limit)]
        return part

    def after(self, limit: str, other: Floats, part: Floats) -> "Under":
        """Return what stands under each once a limit, under which ``other`` (n, V) stood, leaves a part of orders."""
        parts = self.parts.copy()
        cut_others(parts, other, part, self.shared[self.limits.index(limit)])
        return self._replace(parts=parts)


class Quotas(NamedTuple):
    """Licences with limits on quantities."""

    rules: tuple[str, ...]
    """(M,) ids."""
    row: Ints
    """(M,) of each among the limits, see ``Under``."""
    home: Bools
    """(M, n) places in their makers' own regions."""
    share: Floats
    """(M,) most H100e over those sold at home; infinity for no limit."""
    most: Floats
    """(M,) most cards; infinity for no limit."""


@compiled
def costs_with_duty(
    hour_cost: Floats, region: Ints, duty: Floats, grant: Floats, servers: float, price: Floats, recovery: float,
    utilisation: float,
) -> Floats:  # fmt: skip
    """Return the long-run cost of a used card-hour at every place (n, V), USD: that of its region, duty less grant.

    Args:
        hour_cost: (R, V) without duty and grant.
        region: (n,) region of each place.
        duty: (n, V) fraction of price that the buyer pays on top.
        grant: (R, V) fraction of the price of cards with servers that the state pays.
        servers: price of a card with its server over that of the card.
        price: (V,) USD per card.
        recovery: annual payment per unit of price.
        utilisation: share of hours that are used.
    """
    out = np.empty(duty.shape)
    for x in range(region.size):
        for v in range(price.size):
            added = (duty[x, v] - grant[region[x], v] * servers) * price[v] * recovery
            out[x, v] = hour_cost[region[x], v] + added / (8760.0 * utilisation)
    return out


@compiled
def quota_factors(
    ordered: Floats, licensed: Floats, home: Bools, h100e: Floats, supplier: Ints, suppliers: int, share: float,
    most: float,
) -> Floats:  # fmt: skip
    """Return the part of licensed orders that a quota leaves (V,); 1 where it does not bind.

    What a maker sells at home is counted in H100e over all its cards: those under the rule are no longer bought there.

    Args:
        ordered: (n, V) cards.
        licensed: (n, V) part of an order that stands under the licence.
        home: (n,) whether a place lies in the maker's own region.
        h100e: (V,) per card.
        supplier: (V,) maker of each card, of ``suppliers`` K.
        suppliers: K.
        share: most H100e over those that the maker sells at home; infinity for no limit.
        most: most cards in all; infinity for no limit.
    """
    at_home, abroad = np.zeros(ordered.shape), np.zeros(ordered.shape)
    for x in range(home.size):
        for v in range(ordered.shape[1]):
            at_home[x, v] = ordered[x, v] if home[x] else 0.0
            abroad[x, v] = ordered[x, v] * licensed[x, v]
    asked = by_chip(abroad)
    sold_by = totals(supplier, by_chip(at_home) * h100e, suppliers)
    asked_by = totals(supplier, asked * h100e, suppliers)
    total, out = 0.0, np.ones(asked.size)
    for v in range(out.size):
        k = supplier[v]
        if asked_by[k] > share * sold_by[k]:
            out[v] = share * sold_by[k] / asked_by[k]
        total += asked[v] * out[v]
    return out * min(most / total, 1.0) if total > most else out


@compiled
def left_by_quota(
    ordered: Floats, under: Floats, home: Bools, h100e: Floats, supplier: Ints, suppliers: int, share: float,
    most: float,
) -> Floats:  # fmt: skip
    """Return the part of all orders that a quota leaves (n, V), where a part ``under`` (n, V) stands under its licence.

    The other arguments are those of ``quota_factors``.
    """
    factors, out = quota_factors(ordered, under, home, h100e, supplier, suppliers, share, most), np.empty(ordered.shape)
    for x in range(ordered.shape[0]):
        for v in range(factors.size):
            out[x, v] = 1.0 - under[x, v] * (1.0 - factors[v]) if under[x, v] < 1.0 else factors[v]
    return out


@compiled
def left_by_quotas(
    ordered: Floats, row: Ints, home: Bools, share: Floats, most: Floats, h100e: Floats, supplier: Ints,
    suppliers: int, shared: Floats, under: Floats,
) -> Floats:  # fmt: skip
    """Return the part of every order that each quota leaves (M, n, V) of what those before it leave.

    Args:
        ordered: (n, V) cards.
        row: (M,) of each quota among the limits.
        home: (M, n), ``share`` and ``most`` of each, see ``Quotas``.
        share: (M,)
        most: (M,)
        h100e: (V,) per card.
        supplier: (V,) maker of each card, of ``suppliers`` K.
        suppliers: K.
        shared: (L, L) see ``Under``.
        under: (L, n, V) part of orders that stands under each limit; changed to what does after them.
    """
    out, left = np.empty((row.size, ordered.shape[0], ordered.shape[1])), ordered.copy()
    for m in range(row.size):
        mine = under[row[m]].copy()
        out[m] = left_by_quota(left, mine, home[m], h100e, supplier, suppliers, share[m], most[m])
        if out[m].min() < 1.0:
            cut_others(under, mine, out[m], shared[row[m]])
            left *= out[m]
    return out


@compiled
def cut_others(under: Floats, other: Floats, part: Floats, shared: Floats) -> None:
    """Change what stands under limits (L, n, V) to what does once one has cut orders, see ``still_under``.

    Args:
        under: (L, n, V)
        other: (n, V) part of orders that stands under that one.
        part: (n, V) part of all orders that it leaves.
        shared: (L,) part of the days of the shorter of both that both cover; 1 for the limit itself.
    """
    for each in range(shared.size):
        for x in range(part.shape[0]):
            for v in range(part.shape[1]):
                under[each, x, v] = still_under(under[each, x, v], other[x, v], part[x, v], shared[each])


@inlined
def still_under(under: float, other: float, part: float, shared: float) -> float:
    """Return the part of an order that stands under a limit once another one has cut it.

    Days that both cover are the same orders, of which the other one leaves no more than of the rest of its own.

    Args:
        under: part of the order that stands under the limit.
        other: part that stands under the other one.
        part: part of all of it that the other leaves.
        shared: part of the days of the shorter of the two that both cover; 1 for the limit itself.
    """
    within = shared * (min(under / other, 1.0) if other > 0.0 else 0.0)
    outside = (1.0 - under) - (1.0 - part) * (1.0 - within)
    return min(max(1.0 - (outside / part if part > 0.0 else 0.0), 0.0), 1.0)


@compiled
def refused(first: Floats, open_: Floats, abroad: Floats, removed: Floats) -> tuple[Floats, Floats]:
    """Return cards that were denied (n, V), and those of them that only governments abroad closed (n, V).

    Args:
        first: (n, V) cards that are wanted first.
        open_: (n, V) share of them that may go.
        abroad: (n, V) share that governments abroad close.
        removed: (n, V) cards that were taken out again, which count as denied.
    """
    denied, closed = np.empty(first.shape), np.empty(first.shape)
    for x in range(first.shape[0]):
        for v in range(first.shape[1]):
            denied[x, v] = removed[x, v] + first[x, v] * (1.0 - open_[x, v])
            closed[x, v] = first[x, v] * abroad[x, v]
    return denied, closed


@compiled
def stopped(ordered: Floats, parts: Floats) -> Bools:
    """Return whether limits that leave parts (M, n, V) of orders (n, V) cut some of each place (M, n)."""
    limits, places, cards = parts.shape
    out = np.zeros((limits, places), np.bool_)
    for m in range(limits):
        for x in range(places):
            for v in range(cards):
                out[m, x] = out[m, x] or ordered[x, v] * (1.0 - parts[m, x, v]) > 0.0
    return out


@compiled
def cut_alone(ordered: Floats, parts: Floats, h100e: Floats) -> Floats:
    """Return what each of some limits cuts of orders (n, V) that the others leave (M, n), H100e.

    Args:
        ordered: (n, V) cards.
        parts: (M, n, V) part of orders that each leaves.
        h100e: (V,) per card.
    """
    limits, places, cards = parts.shape
    out = np.zeros((limits, places))
    for m in range(limits):
        for x in range(places):
            for v in range(cards):
                others = 1.0
                for other in range(limits):
                    others *= parts[other, x, v] if other != m else 1.0
                out[m, x] += ordered[x, v] * others * (1.0 - parts[m, x, v]) * h100e[v]
    return out


@compiled
def narrowed(open_: Floats, parts: Floats) -> tuple[Floats, Floats]:
    """Return what is left of what is open (n, V) after limits that leave parts of it (M, n, V), and what each takes.

    One after the other; what they take is (M, n, V).
    """
    left, taken = open_.copy(), np.empty(parts.shape)
    for m in range(parts.shape[0]):
        for x in range(parts.shape[1]):
            for v in range(parts.shape[2]):
                before = left[x, v]
                left[x, v] = before * parts[m, x, v]
                taken[m, x, v] = before - left[x, v]
    return left, taken
