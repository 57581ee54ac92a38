"""Which cards places order as rules close the better ones to a part of their orders (B4, B5).

Rules that close cards to parts of a place's orders close them to the same part: who is refused one card for the days,
the funding or the applications that a rule is about is refused the next one for the same. So orders stand in a row,
and a card that is open for a share of them is so for the first ones. n places that order, K suppliers, V cards.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.costs import NO_CHIP, cheapest, open_beyond
from sim.economics.slots import hours_per_mw, supplier_shares


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


@compiled
def chosen_cards(shelf: Shelf, allowed: Bools) -> Ints:
    """Return (n, K) the card of every supplier with the least cost that may be ordered; -1 for none."""
    rows = np.arange(allowed.shape[0])
    return cheapest(
        shelf.cost, rows, allowed, shelf.launch, shelf.t, shelf.supplier, shelf.suppliers, shelf.better
    )  # fmt: skip


@compiled
def shared(chip: Ints, cost: Floats, habit: Habit) -> tuple[Floats, Floats]:
    """Return shares of suppliers in new capacity (n, K), and the inference hours a quarter that an MW gives (n,).

    Args:
        chip: (n, K) chip of every supplier, -1 for none.
        cost: (n, V) cost per effective hour.
        habit: how places share out their orders.
    """
    shares = supplier_shares(chip, cost, habit.mix, habit.sensitivity, habit.reference)
    return shares, hours_per_mw(chip, shares, habit.hours, habit.kw)


@inlined
def _next_level(open_: Floats, done: Floats, level: Floats, allowed: Bools) -> bool:
    """Set up to which part of a place's orders all cards are open that are beyond ``done`` (n,), and which they are.

    Returns whether any place has orders left for which some card is open.
    """
    some = False
    for x in range(done.size):
        beyond = open_beyond(open_[x], done[x], allowed[x])
        level[x] = beyond if beyond < np.inf else done[x]
        some = some or level[x] > done[x]
    return some


@compiled
def cards_for_slots(shelf: Shelf, habit: Habit, power: Floats, open_: Floats) -> Floats:
    """Return cards for powered slots (n, V).

    Parts of a place's orders that take the same cards are one: a card that nobody would take splits nothing.

    Args:
        shelf: what cards cost.
        habit: how suppliers share in it.
        power: (n,) MW to be filled.
        open_: (n, V) share of a place's orders for which a card may be had.
    """
    cards, done, level, since = np.zeros(open_.shape), np.zeros(power.size), np.empty(power.size), np.zeros(power.size)
    allowed = np.empty(open_.shape, np.bool_)
    taken = np.full((power.size, shelf.suppliers), NO_CHIP)
    of, hours = np.zeros(taken.shape), np.zeros(power.size)
    while _next_level(open_, done, level, allowed):
        chip = chosen_cards(shelf, allowed)
        shares, mw_hours = shared(chip, shelf.cost, habit)
        for x in range(power.size):
            if level[x] > done[x] and (chip[x] != taken[x]).any():
                _take(cards[x], taken[x], power[x] * (done[x] - since[x]) * hours[x], of[x], habit.hours)
                taken[x], of[x], hours[x], since[x] = chip[x], shares[x], mw_hours[x], done[x]
            done[x] = level[x]
    for x in range(power.size):
        _take(cards[x], taken[x], power[x] * (done[x] - since[x]) * hours[x], of[x], habit.hours)
    return cards


@inlined
def _take(cards: Floats, chip: Ints, wanted: Floats, shares: Floats, each: Floats) -> None:
    """Add to cards (V,) what suppliers get of an amount by their shares (K,), in cards that hold so much (V,) each."""
    for k in range(chip.size):
        if chip[k] >= 0:
            cards[chip[k]] += wanted * shares[k] / each[chip[k]]


@compiled
def cards_for_amounts(shelf: Shelf, wanted: Floats, h100e: Floats, open_: Floats) -> Floats:
    """Return cards (n, V) of owners who order amounts in H100e; what a supplier may not sell they order of the others.

    Args:
        shelf: what cards cost.
        wanted: (n, K) H100e of every supplier.
        h100e: (V,) per card.
        open_: (n, V) share of a place's orders for which a card may be had.
    """
    places = wanted.shape[0]
    cards, done, level, since = np.zeros(open_.shape), np.zeros(places), np.empty(places), np.zeros(places)
    allowed = np.empty(open_.shape, np.bool_)
    taken = np.full(wanted.shape, NO_CHIP)
    while _next_level(open_, done, level, allowed):
        chip = chosen_cards(shelf, allowed)
        for x in range(places):
            if level[x] > done[x] and (chip[x] != taken[x]).any():
                _take_of_all(cards[x], taken[x], wanted[x], done[x] - since[x], h100e)
                taken[x], since[x] = chip[x], done[x]
            done[x] = level[x]
    for x in range(places):
        _take_of_all(cards[x], taken[x], wanted[x], done[x] - since[x], h100e)
    return cards


@inlined
def _take_of_all(cards: Floats, chip: Ints, wanted: Floats, part: float, h100e: Floats) -> None:
    """Add to cards (V,) a part of what is wanted of all suppliers (K,), shared among those that may sell."""
    sold = np.where(chip >= 0, wanted, 0.0)
    of = sold.sum()
    if of > 0.0:
        _take(cards, chip, wanted.sum() * part, sold / of, h100e)


class Buyers(NamedTuple):
    """All who order in a quarter. S sites, W owners elsewhere; n = S + W."""

    here: Shelf
    """What cards cost at sites."""
    habit: Habit
    power: Floats
    """(S,) MW of slots that they fill."""
    there: Shelf
    """What cards cost owners elsewhere."""
    usual: Floats
    """(W, K) H100e that they order of every supplier."""
    h100e: Floats
    """(V,) per card."""


@compiled
def orders(buyers: Buyers, open_: Floats) -> Floats:
    """Return what places order (n, V), by the share of their orders for which a card may be had (n, V).

    What is refused of one card is the same part of a place's orders as what is refused of another: of two cards that
    are open for a quarter and a half of them, no order may have the former alone.
    """
    sites, out = buyers.power.size, np.empty(open_.shape)
    out[:sites] = cards_for_slots(buyers.here, buyers.habit, buyers.power, open_[:sites])
    out[sites:] = cards_for_amounts(buyers.there, buyers.usual, buyers.h100e, open_[sites:])
    return out


@compiled
def lifted(buyers: Buyers, open_: Floats, alone: Floats, ordered: Floats) -> Floats:
    """Return how many H100e more of its cards each place would order if a rule alone were lifted (M, n).

    A rule on a card that would be taken only because a better one is refused closes nothing that is wanted first.

    Args:
        buyers: who orders.
        open_: (n, V) share of orders that may go.
        alone: (M, n, V) share that each rule closes and no other.
        ordered: (n, V) cards ordered as it is.
    """
    out = np.zeros(alone.shape[:2])
    for m in range(alone.shape[0]):
        without = np.minimum(open_ + alone[m], 1.0)
        instead = orders(buyers, without)
        for x in range(open_.shape[0]):
            for v in range(open_.shape[1]):
                if alone[m, x, v] > 0.0:
                    out[m, x] += max(instead[x, v] - ordered[x, v], 0.0) * buyers.h100e[v]
    return out


@compiled
def taken_by(shares: Floats, cards: Floats, h100e: Floats, price: Floats) -> Floats:
    """Return what shares (M, n, V) of cards (n, V) come to at every place (M, 2, n): H100e, and USD m.

    Args:
        shares: of every order.
        cards: that are wanted.
        h100e: (V,) per card.
        price: (V,) USD per card.
    """
    out = np.zeros((shares.shape[0], 2, shares.shape[1]))
    for m in range(shares.shape[0]):
        for x in range(shares.shape[1]):
            for v in range(shares.shape[2]):
                closed = cards[x, v] * shares[m, x, v]
                out[m, 0, x] += closed * h100e[v]
                out[m, 1, x] += closed * price[v]
            out[m, 1, x] /= 1e6
    return out
