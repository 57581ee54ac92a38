"""A quarter of production: what makers can make of their orders, and what that leaves upstream (B4).

K makers, V chips, Z sides; 3 stages.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints
from sim.economics.expansion import remember
from sim.economics.upstream import (
    STAGES,
    by_chip,
    by_side,
    draw_on_bank,
    needs_of_makers,
    open_wafers,
    stage_grants,
    tightness,
    within_grants,
)

NEW_STANDING = 0.5
"""Weight of the newest quarter in a maker's standing at a stage: contracts run for about half a year."""


class Stages(NamedTuple):
    """What never changes about the stages upstream."""

    side: Ints
    """(K,) side of each maker."""
    release: Floats
    """(Z, 3) part of the bank that may be used in a quarter."""
    access: Floats
    """(K,) part of its wafers that foundries may serve."""
    ramp: Floats
    """(Z,) most wafers of a maker over those of late."""
    newcomer: Floats
    """(Z,) part of all wafers that a maker may take whatever it took before."""


class Offer(NamedTuple):
    """What makers can make of a quarter's orders."""

    needed: Floats
    """(K, 3) what all orders take of each stage."""
    granted: Floats
    """(K, 3) what makers are granted."""
    made: Floats
    """(K,) part of orders that can be made."""
    limit: Ints
    """(K,) what limits it."""
    tightness: Floats
    """(K,) orders over what could have been made."""


@compiled
def offered(
    stages: Stages, ordered: Floats, needs: Floats, maker: Ints, standing: Floats, output: Floats, bank: Floats
) -> Offer:  # fmt: skip
    """Return what makers can make.

    Args:
        stages: what never changes.
        ordered: (n, V) cards ordered.
        needs: (V, 3) what a card takes of each stage.
        maker: (V,) maker of each card.
        standing: (K, 3) what makers took of each stage of late.
        output: (Z, 3) of each stage this quarter.
        bank: (Z, 3) stock.
    """
    needed = needs_of_makers(ordered, needs, maker, stages.side.size)
    available = output + stages.release * bank
    access, ramping = open_wafers(needed, standing, stages.side, available, stages.access, stages.ramp, stages.newcomer)
    made, granted, limit = stage_grants(needed, standing, stages.side, available, access, ramping)
    return Offer(needed, granted, made, limit, tightness(made, needed, stages.side, available))


@compiled
def settled(
    side: Ints, access: Floats, needed: Floats, granted: Floats, wanted: Floats, accepted: Floats, h100e: Floats,
    needs: Floats, maker: Ints, standing: Floats, past: Floats, output: Floats, bank: Floats,
) -> Floats:  # fmt: skip
    """Cut what is accepted (n, V) to the grants, draw on banks, remember orders; return the part filled (K,).

    Capacity does not grow on orders of makers that foundries may not serve.

    Args:
        side: (K,) side of each maker.
        access: (K,) part of its wafers that foundries may serve.
        needed: (K, 3) what all orders take of each stage.
        granted: (K, 3) what makers are granted.
        wanted: (n, V) cards that buyers need, without what they order on top.
        accepted: (n, V) of these, shared out by rule; changed.
        h100e: (V,) per card.
        needs: (V, 3) what a card takes of each stage.
        maker: (V,) maker of each card.
        standing: (K, 3) changed.
        past: (Z, 3, lags) changed.
        output: (Z, 3) of each stage this quarter.
        bank: (Z, 3) changed.
    """
    used = within_grants(accepted, needs, maker, granted)
    draw_on_bank(by_side(used, side, output.shape[0]), output, bank)
    heard = needed * access[:, None]
    remember(by_side(heard, side, output.shape[0]), output, past)
    for k in range(side.size):
        for s in range(STAGES):
            standing[k, s] += NEW_STANDING * (used[k, s] - standing[k, s])
    return _filled(wanted, accepted, h100e, maker, side.size)


@compiled
def _filled(wanted: Floats, accepted: Floats, h100e: Floats, maker: Ints, makers: int) -> Floats:
    """Return the part of what buyers need that was accepted, by maker (K,), in H100e; 1 where nothing is needed.

    Orders on top of need are cancelled, not refused: counted as refused they would keep a shortage alive for ever.
    """
    asked, given, out = np.zeros(makers), np.zeros(makers), np.ones(makers)
    need, got = by_chip(wanted), by_chip(accepted)
    for v in range(maker.size):
        asked[maker[v]] += need[v] * h100e[v]
        given[maker[v]] += got[v] * h100e[v]
    for k in range(makers):
        if asked[k] > 0.0:
            out[k] = given[k] / asked[k]
    return out
