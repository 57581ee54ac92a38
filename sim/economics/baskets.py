"""Which cards places order as rules close the better ones to a part of their orders (B4, B5).

Rules that close cards to parts of a place's orders close them to the same part: who is refused one card for the days,
the funding or the applications that a rule is about is refused the next one for the same. So orders stand in a row,
and a card that is open for a share of them is so for the first ones. n places that order, K suppliers, V cards.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.costs import NO_CHIP, cheapest, fill_cheapest, open_beyond
from sim.economics.slots import fill_shares, hours_of_mw, worthwhile


class Shelf(NamedTuple):
    """What cards cost a buyer, and what is on sale."""

    cost: Floats
    """(n, V) per effective hour."""
    launch: Floats
    """(V,) first quarter of sale."""
    t: int
    """Quarter of the run for which is ordered."""
    supplier: Ints
    """(V,) supplier of each card."""
    suppliers: int
    """K."""
    better: Ints
    """(V, m) cards of the same maker that outdo each card, padded with -1."""


class Habit(NamedTuple):
    """How sites share out their orders, see ``slots.supplier_shares``."""

    mix: Floats
    """(n, K)"""
    sensitivity: float
    reference: Floats
    """(n, K) changed where nothing was noted yet."""
    hours: Floats
    """(V,) inference hours a quarter of a card."""
    kw: Floats
    """(V,) IT power of a card."""


class Worth(NamedTuple):
    """What sites weigh before they fill a slot, see ``slots.worthwhile``."""

    cost: Floats
    """(S, V) of an inference hour of a card without its shell, USD."""
    takings: Floats
    """(S,) what an hour is expected to earn, USD."""
    hurdle: Floats
    """(S,) ratio of price to cost at which a firm is content."""
    steepness: float


@compiled
def chosen_cards(shelf: Shelf, allowed: Bools) -> Ints:
    """Return (n, K) the card of every supplier with the least cost that may be ordered; -1 for none."""
    rows = np.arange(allowed.shape[0])
    return cheapest(
        shelf.cost, rows, allowed, shelf.launch, shelf.t, shelf.supplier, shelf.suppliers, shelf.better
    )  # fmt: skip


class Order(NamedTuple):
    """What one place orders, supplier by supplier, and room to work it out; K suppliers, V cards."""

    allowed: Bools
    """(V,) cards that are open for the part of its orders that is dealt with."""
    chip: Ints
    """(K,) the card of every supplier for that part."""
    taken: Ints
    """(K,) the card of every supplier for the parts before it, since they last changed."""
    share: Floats
    """(K,) what suppliers get of these parts."""


@inlined
def _order(suppliers: int, cards: int) -> Order:
    return Order(
        np.empty(cards, np.bool_), np.empty(suppliers, np.int64), np.empty(suppliers, np.int64), np.empty(suppliers)
    )  # fmt: skip


@inlined
def _changes(order: Order) -> bool:
    """Return whether some supplier's card is another than before."""
    changed = False
    for k in range(order.chip.size):
        changed = changed or order.chip[k] != order.taken[k]
    return changed


@inlined
def _take(cards: Floats, order: Order, wanted: float, each: Floats) -> None:
    """Add to cards (V,) what suppliers get of an amount by their shares, in cards that hold so much (V,) each."""
    for k in range(order.taken.size):
        if order.taken[k] >= 0:
            cards[order.taken[k]] += wanted * order.share[k] / each[order.taken[k]]


@inlined
def _worth_filling(worth: Worth, x: int, order: Order) -> float:
    """Return the share of slots that site x fills with the cards of suppliers that it may have."""
    cost = 0.0
    for k in range(order.taken.size):
        if order.taken[k] >= 0:
            cost += order.share[k] * worth.cost[x, order.taken[k]]
    return worthwhile(worth.takings[x], cost, worth.hurdle[x], worth.steepness)


@inlined
def _fill_slots(
    shelf: Shelf, habit: Habit, worth: Worth, x: int, power: float, open_: Floats, order: Order, cards: Floats
) -> None:  # fmt: skip
    """Fill the cards (V,) for ``power`` MW of slots at site x, by the share of its orders for which each is open (V,).

    Of every part of its orders as much as its cards are worth. Parts that take the same cards are one: a card that
    nobody would take splits nothing.
    """
    done, since, hours = 0.0, 0.0, 0.0
    cards[:], order.taken[:], order.share[:] = 0.0, NO_CHIP, 0.0
    level = open_beyond(open_, done, order.allowed)
    while level < np.inf:
        fill_cheapest(shelf.cost[x], order.allowed, shelf.launch, shelf.t, shelf.supplier, shelf.better, order.chip)
        if _changes(order):
            _take(cards, order, power * (done - since) * hours, habit.hours)
            fill_shares(
                order.chip, shelf.cost[x], habit.mix[x], habit.sensitivity, habit.reference[x], order.share
            )  # fmt: skip
            order.taken[:], since = order.chip, done
            hours = hours_of_mw(order.chip, order.share, habit.hours, habit.kw) * _worth_filling(worth, x, order)
        done = level
        level = open_beyond(open_, done, order.allowed)
    _take(cards, order, power * (done - since) * hours, habit.hours)


@inlined
def _fill_amounts(
    shelf: Shelf, x: int, wanted: Floats, h100e: Floats, open_: Floats, order: Order, cards: Floats
) -> None:  # fmt: skip
    """Fill the cards (V,) of place x, which orders amounts in H100e (K,), by the share for which each is open (V,).

    What a supplier may not sell is ordered of the others.
    """
    done, since, total = 0.0, 0.0, wanted.sum()
    cards[:], order.taken[:], order.share[:] = 0.0, NO_CHIP, 0.0
    level = open_beyond(open_, done, order.allowed)
    while level < np.inf:
        fill_cheapest(shelf.cost[x], order.allowed, shelf.launch, shelf.t, shelf.supplier, shelf.better, order.chip)
        if _changes(order):
            _take(cards, order, total * (done - since), h100e)
            _share_among(order.chip, wanted, order.share)
            order.taken[:], since = order.chip, done
        done = level
        level = open_beyond(open_, done, order.allowed)
    _take(cards, order, total * (done - since), h100e)


@inlined
def _share_among(chip: Ints, wanted: Floats, share: Floats) -> None:
    """Fill the shares (K,) in what is ordered of suppliers that may sell a card, by what is wanted of them (K,)."""
    sold = 0.0
    for k in range(chip.size):
        share[k] = wanted[k] if chip[k] >= 0 else 0.0
        sold += share[k]
    for k in range(chip.size):
        share[k] = share[k] / sold if sold > 0.0 else 0.0


@compiled
def new_capacity(shelf: Shelf, habit: Habit, open_: Floats) -> tuple[Floats, Floats]:
    """Return the part of each card in an hour of new capacity (n, V), and the inference hours that an MW gives (n,).

    Of what sites order per MW if they fill all: of a card that is open for a small part of orders there is little. 0
    where no card may be had.

    Args:
        shelf: what is on sale.
        habit: how sites share out their orders.
        open_: (n, V) share of orders for which a card may be had.
    """
    parts, out = np.empty(open_.shape), np.zeros(open_.shape[0])
    order, everything = _order(shelf.suppliers, open_.shape[1]), np.full(open_.shape[0], np.inf)
    worth = Worth(shelf.cost, everything, np.ones(open_.shape[0]), 1.0)
    for x in range(open_.shape[0]):
        _fill_slots(shelf, habit, worth, x, 1.0, open_[x], order, parts[x])
        hours, mw = 0.0, 0.0
        for v in range(habit.hours.size):
            mw += parts[x, v] * habit.kw[v] / 1000.0
            parts[x, v] *= habit.hours[v]
            hours += parts[x, v]
        if hours > 0.0:
            parts[x] /= hours
            out[x] = hours / mw
    return parts, out


class Buyers(NamedTuple):
    """All who order in a quarter. S sites, W owners elsewhere; n = S + W."""

    here: Shelf
    """What cards cost at sites."""
    habit: Habit
    worth: Worth
    power: Floats
    """(S,) MW of slots that they may fill."""
    there: Shelf
    """What cards cost owners elsewhere."""
    usual: Floats
    """(W, K) H100e that they order of every supplier."""
    h100e: Floats
    """(V,) per card."""


@inlined
def _fill_orders(buyers: Buyers, x: int, open_: Floats, order: Order, cards: Floats) -> None:
    """Fill what place x orders (V,)."""
    sites = buyers.power.size
    if x < sites:
        _fill_slots(buyers.here, buyers.habit, buyers.worth, x, buyers.power[x], open_, order, cards)
    else:
        y = x - sites
        _fill_amounts(buyers.there, y, buyers.usual[y], buyers.h100e, open_, order, cards)


@compiled
def orders(buyers: Buyers, open_: Floats) -> Floats:
    """Return what places order (n, V), by the share of their orders for which a card may be had (n, V).

    What is refused of one card is the same part of a place's orders as what is refused of another: of two cards that
    are open for a quarter and a half of them, no order may have the former alone.
    """
    out, order = np.empty(open_.shape), _order(buyers.here.suppliers, open_.shape[1])
    for x in range(open_.shape[0]):
        _fill_orders(buyers, x, open_[x], order, out[x])
    return out


@compiled
def wanted(buyers: Buyers, open_: Floats, ordered: Floats) -> Floats:
    """Return what places would order (n, V) if nothing were closed.

    Args:
        buyers: who orders.
        open_: (n, V) share of orders that may go.
        ordered: (n, V) cards ordered as it is: what places order for which nothing is closed.
    """
    out, everything = ordered.copy(), np.ones(open_.shape[1])
    order = _order(buyers.here.suppliers, open_.shape[1])
    for x in range(open_.shape[0]):
        if open_[x].min() < 1.0:
            _fill_orders(buyers, x, everything, order, out[x])
    return out


@compiled
def domestic_orders(buyers: Buyers, open_: Floats, foreign: Bools, places: Bools) -> Floats:
    """Return what some places would order if no foreign card could be had (n,), H100e; 0 at all others.

    Args:
        buyers: who orders.
        open_: (n, V) share of orders that may go.
        foreign: (V,)
        places: (n,) that are asked.
    """
    out, cards, domestic = np.zeros(places.size), np.empty(foreign.size), np.empty(foreign.size)
    order = _order(buyers.here.suppliers, foreign.size)
    for x in range(places.size):
        if places[x]:
            for v in range(foreign.size):
                domestic[v] = 0.0 if foreign[v] else open_[x, v]
            _fill_orders(buyers, x, domestic, order, cards)
            for v in range(foreign.size):
                out[x] += cards[v] * buyers.h100e[v]
    return out


@compiled
def lifted(buyers: Buyers, open_: Floats, alone: Floats, there: Bools, ordered: Floats) -> Floats:
    """Return how many H100e more of its cards each place would order if a rule alone were lifted (M, n).

    A rule on a card that would be taken only because a better one is refused closes nothing that is wanted first.

    Args:
        buyers: who orders.
        open_: (n, V) share of orders that may go.
        alone: (M, n, V) share that each rule closes and no other.
        there: (M, n) whether it closes any.
        ordered: (n, V) cards ordered as it is.
    """
    out, instead = np.zeros(alone.shape[:2]), np.empty(open_.shape[1])
    order = _order(buyers.here.suppliers, open_.shape[1])
    for m in range(alone.shape[0]):
        for x in range(open_.shape[0]):
            if there[m, x]:
                _fill_orders(buyers, x, np.minimum(open_[x] + alone[m, x], 1.0), order, instead)
                for v in range(instead.size):
                    if alone[m, x, v] > 0.0:
                        out[m, x] += max(instead[v] - ordered[x, v], 0.0) * buyers.h100e[v]
    return out


@compiled
def taken_by(shares: Floats, there: Bools, cards: Floats, h100e: Floats, price: Floats) -> Floats:
    """Return what shares (M, n, V) of cards (n, V) come to at every place (M, 2, n): H100e, and USD m.

    Args:
        shares: of every order.
        there: (M, n) whether there are any.
        cards: that are wanted.
        h100e: (V,) per card.
        price: (V,) USD per card.
    """
    out = np.zeros((shares.shape[0], 2, shares.shape[1]))
    for m in range(shares.shape[0]):
        for x in range(shares.shape[1]):
            if there[m, x]:
                for v in range(shares.shape[2]):
                    closed = cards[x, v] * shares[m, x, v]
                    out[m, 0, x] += closed * h100e[v]
                    out[m, 1, x] += closed * price[v]
                out[m, 1, x] /= 1e6
    return out
