"""Stages of production that the makers of a side share: what limits output, and what is left in bank (B4).

K makers, V chips, Z sides; 3 stages: wafers of logic, packaging, memory. Output is Leontief: the least of the three.
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.filling import filled

STAGES = 3
WAFERS, PACKAGING, MEMORY = range(STAGES)
RAMP, NOTHING = STAGES, STAGES + 1
"""What limits output beside a stage: how fast a maker can grow; nothing, as all orders are met."""
LIMITS = ("wafers", "packaging", "memory", "ramp")
"""Names of what may limit output."""
ROUNDS = 3
"""Rounds in which what a maker cannot use at one stage, being short at another, is left to the others."""
CLOSE = 1e-9


@compiled
def by_chip(cards: Floats) -> Floats:
    """Return the sums of cards (n, V) over their places (V,), row by row as they lie in memory."""
    out = np.zeros(cards.shape[1])
    for x in range(cards.shape[0]):
        for v in range(out.size):
            out[v] += cards[x, v]
    return out


@compiled
def needs_of_makers(ordered: Floats, needs: Floats, maker: Ints, makers: int) -> Floats:
    """Return what orders (n, V) take of every stage (K, 3), from ``needs`` per card (V, 3)."""
    out, cards = np.zeros((makers, STAGES)), by_chip(ordered)
    for v in range(maker.size):
        for s in range(STAGES):
            out[maker[v], s] += cards[v] * needs[v, s]
    return out


@compiled
def by_side(amounts: Floats, side: Ints, sides: int) -> Floats:
    """Return the sums of amounts (K, 3) over the makers of each side (Z, 3)."""
    out = np.zeros((sides, STAGES))
    for k in range(side.size):
        for s in range(STAGES):
            out[side[k], s] += amounts[k, s]
    return out


@compiled
def granted_by_stage(
    wanted: Floats, standing: Floats, side: Ints, available: Floats, stage: int, granted: Floats
) -> None:
    """Share out one stage of every side among its makers: fills column ``stage`` of ``granted`` (K, 3)."""
    mine = np.empty(side.size)
    for z in range(available.shape[0]):
        for k in range(side.size):
            mine[k] = wanted[k] if side[k] == z else 0.0
        given = filled(mine, standing, available[z, stage])
        for k in range(side.size):
            if side[k] == z:
                granted[k, stage] = given[k]


@compiled
def open_wafers(
    needed: Floats, standing: Floats, side: Ints, available: Floats, access: Floats, ramp: Floats, newcomer: Floats
) -> tuple[Floats, Bools]:
    """Return the part of its wafers that a maker may get (K,), and whether its own growth is what limits it (K,).

    Args:
        needed: (K, 3) what all orders take of each stage.
        standing: (K, 3) what makers took of each stage of late.
        side: (K,) side of each maker.
        available: (Z, 3) capacity and what may be taken from the bank.
        access: (K,) part that foundries may serve.
        ramp: (Z,) most wafers over those of late.
        newcomer: (Z,) part of all wafers that a maker may take whatever it took before.
    """
    part, ramping = access.copy(), np.zeros(access.size, dtype=np.bool_)
    for k in range(access.size):
        z = side[k]
        most = ramp[z] * standing[k, WAFERS] + newcomer[z] * available[z, WAFERS]
        if most < needed[k, WAFERS] * access[k]:
            part[k], ramping[k] = most / needed[k, WAFERS], True
    return part, ramping


@compiled
def stage_grants(
    needed: Floats, standing: Floats, side: Ints, available: Floats, access: Floats, ramping: Bools
) -> tuple[Floats, Floats, Ints]:
    """Return the part of its orders that each maker can make (K,), what it is granted (K, 3), what limits it (K,).

    Every stage serves its makers by water-filling; a maker asks of it no more than the other stages let it use.

    Args:
        needed: (K, 3) what all orders take of each stage.
        standing: (K, 3) weight of makers at each stage.
        side: (K,) side of each maker.
        available: (Z, 3) capacity and what may be taken from the bank.
        access: (K,) part of its wafers that a maker may get.
        ramping: (K,) whether that part is set by how fast it can grow.
    """
    part, granted = np.ones((side.size, STAGES)), np.zeros((side.size, STAGES))
    wanted, weight = np.empty(side.size), np.empty(side.size)
    for step in range(ROUNDS * STAGES):
        s = step % STAGES
        for k in range(side.size):
            open_to = access[k] if s == WAFERS else 1.0
            elsewhere = min(part[k, (s + 1) % STAGES], part[k, (s + 2) % STAGES])
            wanted[k] = needed[k, s] * min(elsewhere, open_to)
            weight[k] = standing[k, s] * open_to
        granted_by_stage(wanted, weight, side, available, s, granted)
        for k in range(side.size):
            closed = s == WAFERS and access[k] < 1.0
            short = granted[k, s] < wanted[k] * (1.0 - CLOSE)
            limited = needed[k, s] > 0.0 and (short or closed)
            part[k, s] = granted[k, s] / needed[k, s] if limited else 1.0
    made, limit = np.ones(side.size), np.full(side.size, NOTHING)
    for k in range(side.size):
        for s in range(STAGES):
            if part[k, s] < (part[k, limit[k]] if limit[k] != NOTHING else 1.0):
                limit[k] = s
            if needed[k, s] > 0.0:
                made[k] = min(made[k], granted[k, s] / needed[k, s])
        if limit[k] == WAFERS and ramping[k] and part[k, WAFERS] >= access[k] * (1.0 - CLOSE):
            limit[k] = RAMP
    return made, granted, limit


@compiled
def draw_on_bank(used: Floats, capacity: Floats, bank: Floats) -> None:
    """Take from the bank (Z, 3) what was used beyond capacity; changed."""
    for z in range(bank.shape[0]):
        for s in range(STAGES):
            bank[z, s] = max(bank[z, s] - max(used[z, s] - capacity[z, s], 0.0), 0.0)


@compiled
def within_grants(accepted: Floats, needs: Floats, maker: Ints, granted: Floats) -> Floats:
    """Cut what makers accept (n, V) to what they were granted (K, 3), and return what they use (K, 3).

    Sharing out by rule moves the mix of a maker's cards, which may take more of a stage than its orders at large.
    """
    used = needs_of_makers(accepted, needs, maker, granted.shape[0])
    for k in range(granted.shape[0]):
        fits = 1.0
        for s in range(STAGES):
            if used[k, s] > granted[k, s] * (1.0 + CLOSE):
                fits = min(fits, granted[k, s] / used[k, s])
        if fits < 1.0:
            for s in range(STAGES):
                used[k, s] *= fits
            for v in range(maker.size):
                if maker[v] == k:
                    for x in range(accepted.shape[0]):
                        accepted[x, v] *= fits
    return used


@compiled
def tightness(made: Floats, needed: Floats, side: Ints, available: Floats) -> Floats:
    """Return orders over what could have been made, by maker (K,): above 1 where it is short, below it with room left.

    A maker whose orders are met looks at the stages of its side: the fullest of those it uses.

    Args:
        made: (K,) part of orders that is made.
        needed: (K, 3) what orders take of each stage.
        side: (K,) side of each maker.
        available: (Z, 3)
    """
    asked, out = by_side(needed, side, available.shape[0]), np.zeros(side.size)
    for k in range(side.size):
        for s in range(STAGES):
            if needed[k, s] > 0.0 and available[side[k], s] > 0.0:
                out[k] = max(out[k], min(asked[side[k], s] / available[side[k], s], 1.0))
        if made[k] < 1.0 - CLOSE:
            out[k] = 1.0 / max(made[k], CLOSE)
    return out
