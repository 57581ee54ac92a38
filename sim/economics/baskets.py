"""Which cards places order one after the other, as rules close the better ones (B4, B5).

n places that order, K suppliers, V cards.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.costs import cheapest
from sim.economics.slots import hours_per_mw, power_of, supplier_shares

ROUNDS = 4
"""Cards that a buyer tries one after the other."""
NEGLIGIBLE = 1e-9
"""Part of an order that is not worth another card."""


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
def _order(chip: Ints, wanted: Floats, each: Floats, open_: Floats, x: int, cards: Floats) -> None:
    """Add the cards of a place that may go; ``wanted`` (K,) is capacity, of which a card gives ``each`` (V,)."""
    for k in range(chip.shape[1]):
        v = chip[x, k]
        if v >= 0:
            cards[x, v] += wanted[k] / each[v] * open_[x, v]


@inlined
def _use_up(chip: Ints, open_: Floats, next_: Floats, allowed: Bools) -> None:
    """Close what places (n,) have ordered all that they may of, and what is closed to what they take in its place."""
    for x in range(chip.shape[0]):
        for k in range(chip.shape[1]):
            v = chip[x, k]
            if v >= 0 and open_[x, v] < 1.0:
                allowed[x, v] = False
        for v in range(open_.shape[1]):
            allowed[x, v] = allowed[x, v] and next_[x, v] > 0.0


@compiled
def cards_for_slots(shelf: Shelf, habit: Habit, power: Floats, open_: Floats, next_: Floats) -> Floats:
    """Return cards for powered slots (n, V).

    Args:
        shelf: what cards cost.
        habit: how suppliers share in it.
        power: (n,) MW to be filled.
        open_: (n, V) share that may go of what a place wants first.
        next_: (n, V) the same of what it takes in place of that.
    """
    cards, left, allowed = np.zeros(open_.shape), power.copy(), open_ > 0.0
    for turn in range(ROUNDS):
        may = open_ if turn == 0 else next_
        chip = chosen_cards(shelf, allowed)
        shares, mw_hours = shared(chip, shelf.cost, habit)
        for x in range(power.size):
            _order(chip, left[x] * mw_hours[x] * shares[x], habit.hours, may, x, cards)
        left = power - power_of(cards, habit.kw)
        if (left <= NEGLIGIBLE * power).all():
            break
        _use_up(chip, may, next_, allowed)
    return cards


@compiled
def cards_for_amounts(shelf: Shelf, wanted: Floats, h100e: Floats, open_: Floats, next_: Floats) -> Floats:
    """Return cards (n, V) of owners who order amounts in H100e; what a supplier may not sell they order of the others.

    Args:
        shelf: what cards cost.
        wanted: (n, K) H100e of every supplier.
        h100e: (V,) per card.
        open_: (n, V) share that may go of what a place wants first.
        next_: (n, V) the same of what it takes in place of that.
    """
    cards, allowed, left, total = np.zeros(open_.shape), open_ > 0.0, wanted.sum(axis=1), wanted.sum(axis=1)
    for turn in range(ROUNDS):
        may = open_ if turn == 0 else next_
        chip = chosen_cards(shelf, allowed)
        for x in range(total.size):
            sold = np.where(chip[x] >= 0, wanted[x], 0.0)
            of = sold.sum()
            if of > 0.0:
                _order(chip, left[x] * (sold / of), h100e, may, x, cards)
        for x in range(total.size):
            left[x] = total[x] - (cards[x] * h100e).sum()
        if (left <= NEGLIGIBLE * total).all():
            break
        _use_up(chip, may, next_, allowed)
    return cards


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
def orders(buyers: Buyers, open_: Floats, next_: Floats) -> Floats:
    """Return what places order (n, V), by the share that may go of what they want first, and of the rest (n, V)."""
    sites, out = buyers.power.size, np.empty(open_.shape)
    out[:sites] = cards_for_slots(buyers.here, buyers.habit, buyers.power, open_[:sites], next_[:sites])
    out[sites:] = cards_for_amounts(buyers.there, buyers.usual, buyers.h100e, open_[sites:], next_[sites:])
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
        instead = orders(buyers, without, without)
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
