"""Phase 3: cards arrive, fail and retire; leases are drawn; pools count their hours."""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints
from sim.economics.frontier import kind_hours
from sim.opening import OPENING_AGE_QUARTERS
from sim.world import World


def run(world: World) -> None:
    """Age the fleets by one quarter, add what was ordered or observed, and recount capacity."""
    structure, state = world.structure, world.state
    if world.t < structure.history:
        state.delivered[:] = structure.deliveries[world.t]
    else:
        state.delivered[:] = state.ordered
    _age(world)
    operated(world)
    count_hours(state.operated, structure.chip_effective, world.links.kind_order, world.links.hours, state.kinds)


def _age(world: World) -> None:
    cohorts, state = world.parameters.market.cohorts, world.state
    survive = (1.0 - cohorts.failure_per_year) ** 0.25
    retired = world.t + 1 - cohorts.maximum_age_quarters
    opening = world.t + OPENING_AGE_QUARTERS - cohorts.maximum_age_quarters
    age_fleet(state.cards, state.delivered, state.lost_cards, world.t + 1, survive, retired, opening >= 0)


@compiled
def age_fleet(
    cards: Floats, delivered: Floats, lost: Floats, vintage: int, survive: float, retired: int, opening_retires: bool
) -> None:
    """Let cards fail, retire the oldest vintage, and add the new one; ``lost`` (S, V) gets what went."""
    for s in range(cards.shape[0]):
        for v in range(cards.shape[1]):
            gone = 0.0
            for a in range(vintage):
                held = cards[s, v, a]
                if held == 0.0:
                    continue
                too_old = opening_retires if a == 0 else a <= retired
                kept = 0.0 if too_old else held * survive
                gone += held - kept
                cards[s, v, a] = kept
            lost[s, v] = gone
            cards[s, v, vintage] = delivered[s, v]


def operated(world: World) -> None:
    """Set the cards each pool operates: owned, plus leased in, less leased out."""
    structure, links, state = world.structure, world.links, world.state
    owned = state.cards.sum(axis=2)
    mine = structure.chip_stack[None, :] == links.pool_stack[:, None]
    state.operated[:] = owned[structure.pool_site] * mine
    for lessor, lessee, share in active_leases(world):
        moved = owned[structure.pool_site[lessor]] * mine[lessor] * share
        state.operated[lessor] -= moved
        state.operated[lessee] += moved


def active_leases(world: World) -> list[tuple[int, int, float]]:
    """Return (lessor's pool, lessee's pool, share) of every lease in force this quarter."""
    structure = world.structure
    out = []
    for lease in world.parameters.leases.values():
        if not structure.index_of(lease.since) <= world.t <= structure.index_of(lease.until):
            continue
        ends = [structure.pool_of(who, lease.region, lease.stack) for who in (lease.lessor, lease.lessee)]
        out.append((ends[0], ends[1], lease.share))
    return out


@compiled
def count_hours(cards: Floats, effective: Floats, order: Ints, hours: float, kinds: Floats) -> None:
    """Fill (L, V, 2) with the hours every kind of card in every pool could give."""
    for pool in range(cards.shape[0]):
        kinds[pool] = kind_hours(cards[pool], effective, order[pool], hours)


def site_cards(world: World) -> Floats:
    """Return cards owned by site and chip (S, V)."""
    total: Floats = np.asarray(world.state.cards.sum(axis=2))
    return total
