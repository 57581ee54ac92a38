"""Phase 3: cards arrive, fail and retire; leases are drawn; pools count their hours."""

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints
from sim.economics.frontier import kind_hours
from sim.links import LeaseRow
from sim.opening import OPENING_AGE_QUARTERS
from sim.world import World

ROUNDING = 1e-12
"""Of what was lost: a remainder below it is no card."""


def run(world: World) -> None:
    """Age the fleets by one quarter, add what was ordered or observed, and recount capacity."""
    structure, state = world.structure, world.state
    here, elsewhere = structure.deliveries, structure.elsewhere_deliveries
    state.delivered[:] = here[world.t] if world.observed else state.accepted
    state.elsewhere_delivered[:] = elsewhere[world.t] if world.observed else state.elsewhere_accepted
    _age(world, state.cards, state.delivered, state.lost_cards)
    _enter(state.owned, state.delivered, state.lost_cards)
    lost = state.elsewhere.copy()
    _age(world, state.elsewhere_cards, state.elsewhere_delivered, lost)
    _enter(state.elsewhere, state.elsewhere_delivered, lost)
    operated(world)
    count_hours(state.operated, structure.chip_effective, world.links.kind_order, world.links.hours, state.kinds)


def _enter(account: Floats, delivered: Floats, lost: Floats) -> None:
    """Enter a quarter into a running account (S, V); what rounding leaves when the last cards go is nothing."""
    account += delivered - lost
    account[account < ROUNDING * lost] = 0.0


def _age(world: World, cards: Floats, delivered: Floats, lost: Floats) -> None:
    age = world.parameters.market.cohorts.maximum_age_quarters
    retired, opening = world.t + 1 - age, world.t + OPENING_AGE_QUARTERS - age
    age_fleet(cards, delivered, lost, world.t + 1, world.links.survival, retired, opening >= 0)


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
    state.operated[:] = state.owned[structure.pool_site] * links.pool_cards
    for lease in active_leases(world):
        moved = leased_cards(world, lease)
        state.operated[lease.lessor] -= moved
        state.operated[lease.lessee] += moved


def active_leases(world: World) -> list[LeaseRow]:
    """Return the leases in force this quarter."""
    return [lease for lease in world.links.leases if lease.since <= world.t <= lease.until]


def leased_cards(world: World, lease: LeaseRow) -> Floats:
    """Return the cards by chip (V,) that a lease moves."""
    site = world.structure.pool_site[lease.lessor]
    cards: Floats = world.state.owned[site] * world.links.pool_cards[lease.lessor] * lease.share
    return cards


@compiled
def count_hours(cards: Floats, effective: Floats, order: Ints, hours: float, kinds: Floats) -> None:
    """Fill (L, N, 2) with the hours every kind of card in every pool could give."""
    for pool in range(cards.shape[0]):
        kind_hours(cards[pool], effective, order[pool], hours, kinds[pool])
