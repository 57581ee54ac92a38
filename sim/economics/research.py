"""Research and generations: what is spent moves the clock by which cards of a roadmap are launched (B4)."""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints

TINY = 1e-9


class Programme(NamedTuple):
    """What never changes about research. K makers, V chips."""

    share: Floats
    """(K,) rho: of revenue."""
    subsidy: Floats
    """(K,) USD m per quarter, after the history."""
    reference: Floats
    """(K,) research that keeps the dates, USD m per quarter at the end of history."""
    growth: Floats
    """(K,) of it, log per quarter."""
    elasticity: Floats
    """(K,) z."""
    fastest: Floats
    """(K,) highest pace."""
    scheduled: Ints
    """(V,) quarter of launch by catalogue and roadmap; beyond every quarter for cards that research does not bring."""
    maker: Ints
    """(V,) maker of each card."""


@compiled
def research_spending(revenue: Floats, share: Floats, subsidy: Floats) -> Floats:
    """Return research by maker (K,): ``rho * revenue + subsidy``, USD m: revenue lost is research lost."""
    return share * revenue + subsidy


@compiled
def roadmap_pace(spent: Floats, reference: Floats, elasticity: Floats, fastest: Floats) -> Floats:
    """Return quarters of the roadmap that a quarter brings (K,): ``(R&D / reference)^z``, bounded above.

    At the reference it is one, so that launches keep their dates and a roadmap its cadence.
    """
    out = spent.copy()
    for k in range(spent.size):
        out[k] = min((spent[k] / reference[k]) ** elasticity[k], fastest[k])
    return out


@compiled
def launch_cards(scheduled: Ints, maker: Ints, clock: Floats, pace: Floats, t: int, launched: Floats) -> None:
    """Launch cards whose time on the clock of their maker has come, or comes next quarter at the present pace.

    Args:
        scheduled: (V,) quarter of launch by catalogue and roadmap.
        maker: (V,) maker of each card.
        clock: (K,) quarters of the roadmap behind.
        pace: (K,) quarters of the roadmap in a quarter.
        t: quarter.
        launched: (V,) first quarter of sale; beyond every quarter until it is known; changed.
    """
    for v in range(scheduled.size):
        k = maker[v]
        if launched[v] > t + 1 and scheduled[v] <= clock[k] + pace[k] + TINY:
            launched[v] = t if scheduled[v] <= clock[k] + TINY else t + 1


@compiled
def advance_roadmaps(
    programme: Programme, cards: Floats, price: Floats, ahead: int, t: int, spent: Floats, pace: Floats, clock: Floats,
    launched: Floats,
) -> None:  # fmt: skip
    """Spend on research out of sales, and launch what the roadmap has come to; up to the end of history dates are kept.

    Args:
        programme: what never changes.
        cards: (V,) delivered last quarter.
        price: (V,) USD per card then.
        ahead: quarters since the history; negative in it.
        t: quarter.
        spent: (K,) USD m, filled.
        pace: (K,) quarters of the roadmap in a quarter; filled after the history.
        clock: (K,) quarters of the roadmap behind; changed.
        launched: (V,) first quarter of sale; changed.
    """
    revenue = np.zeros(spent.size)
    for v in range(cards.size):
        revenue[programme.maker[v]] += cards[v] * (price[v] / 1e6)
    spent[:] = research_spending(revenue, programme.share, programme.subsidy * (1.0 if ahead >= 0 else 0.0))
    if ahead >= 0:
        reference = programme.reference.copy()
        for k in range(reference.size):
            reference[k] *= math.exp(programme.growth[k] * ahead)
        pace[:] = roadmap_pace(spent, reference, programme.elasticity, programme.fastest)
    clock += pace
    launch_cards(programme.scheduled, programme.maker, clock, pace, t, launched)
