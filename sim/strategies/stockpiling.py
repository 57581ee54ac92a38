"""Cards bought ahead of rules, announced or feared (B5). S sites, V cards, R regions of makers."""

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints


@inlined
def worth_keeping(rise: float, holding: float, most: float) -> float:
    """Return the quarters of orders that are bought ahead of a higher price: the last card is kept as long as it pays.

    A card that is bought H quarters before it is needed saves the rise and costs H times the holding cost, so
    ``H = rise / holding`` (announced price increases: Taylor and Bradley 1985). Limits: 0 without a rise, ``most``
    where holding costs nothing.

    Args:
        rise: of the price, over the price of the card.
        holding: cost of a card in store, over its price and quarter.
        most: quarters of orders.
    """
    pays = rise / holding if holding > 0.0 else most if rise > 0.0 else 0.0
    return min(pays, most)


@compiled
def bought_ahead(
    usual: Floats, stored: Floats, open_: Floats, closing: Floats, belief: Floats, origin: Ints, rising: Floats,
    rise: Floats, holding: float, quarters: float, pace: float,
) -> Floats:  # fmt: skip
    """Return cards ordered on top of usual ones (S, V).

    Orders run at ``pace`` times the usual for the share z of a quarter in which a card is in danger, until there are
    so many quarters of them in store: ``usual min(H, (pace - 1) z)``. Where a rule is announced, z is the share of
    days in which the card may still be had. A rule that is only feared counts by its chance, in z and in the stock:
    who believes in none buys nothing, who is certain buys what is bought once it is announced. Where a card will be
    dearer the same is done for as many quarters as are worth it, see ``worth_keeping``; the larger of both is bought.

    Args:
        usual: (S, V) cards wanted in a quarter without rules.
        stored: (S, V) cards that are kept already.
        open_: (S, V) share of what is wanted that may go.
        closing: (S, V) share of the quarter in which a card may still be had that will be closed, as firms know.
        belief: (S, R) chance of a rule on the cards of a region's makers, see ``beliefs``.
        origin: (V,) region of the maker.
        rising: (S, V) share of the quarter in which a card may still be had without a duty that is to come.
        rise: (S, V) of the price by that duty, over the price of the card.
        holding: cost of a card in store, over its price and quarter.
        quarters: H, most that is kept, in quarters of usual orders.
        pace: orders in days of danger over the usual ones.
    """
    extra = usual.copy()
    for s in range(usual.shape[0]):
        for v in range(usual.shape[1]):
            feared = belief[s, origin[v]] * open_[s, v]
            danger, sure = max(closing[s, v], feared), 1.0 if closing[s, v] > 0.0 else feared
            closed = _within(usual[s, v], stored[s, v], quarters * sure, min(quarters, (pace - 1.0) * danger))
            worth = worth_keeping(rise[s, v], holding, quarters)
            dearer = _within(usual[s, v], stored[s, v], worth, (pace - 1.0) * rising[s, v])
            extra[s, v] = max(closed, dearer)
    return extra


@compiled
def taken_from_store(
    stored: Floats, closing: Floats, rising: Floats, kw: Floats, power: Floats, taken: Floats
) -> Floats:  # fmt: skip
    """Fill slots from stores, and return the power that is left for new cards (S,), MW.

    What may still be had now and not later, or dearer, is bought instead.

    Args:
        stored: (S, V) cards in store.
        closing: (S, V) share of the quarter in which a card may still be had that will be closed.
        rising: (S, V) share of the quarter in which a card may still be had without a duty that is to come.
        kw: (V,) IT power of a card.
        power: (S,) MW of slots.
        taken: (S, V) filled with the cards that are taken out, all alike.
    """
    left = np.empty(power.size)
    for s in range(power.size):
        held = 0.0
        for v in range(kw.size):
            taken[s, v] = 0.0 if max(closing[s, v], rising[s, v]) > 0.0 else stored[s, v]
            held += taken[s, v] * kw[v]
        there = held / 1000.0
        part = min(power[s], there) / there if there > 0.0 else 0.0
        for v in range(kw.size):
            taken[s, v] *= part
        left[s] = max(power[s] - there * part, 0.0)
    return left


@inlined
def _within(usual: float, stored: float, keep: float, more: float) -> float:
    """Return ``more`` quarters of usual orders, at most what is missing of those that are kept."""
    return min(usual * more, max(keep * usual - stored, 0.0))
