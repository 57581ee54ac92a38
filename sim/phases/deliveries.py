"""Phase 3: cards arrive, fail and retire; leases are drawn; pools count their hours."""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.fleets import age_fleet, count_hours, operate
from sim.economics.frontier import pool_hours
from sim.opening import OPENING_AGE_QUARTERS
from sim.world import World


def run(world: World) -> None:
    """Age the fleets by one quarter, add what was ordered or observed, and recount capacity."""
    structure, state, links = world.structure, world.state, world.links
    here, elsewhere = structure.deliveries, structure.elsewhere_deliveries
    state.delivered[:] = here[world.t] if world.observed else state.accepted
    state.elsewhere_delivered[:] = elsewhere[world.t] if world.observed else state.elsewhere_accepted
    _age(world, state.cards, state.owned, state.delivered, state.lost_cards)
    lost_elsewhere = np.empty_like(state.elsewhere)
    _age(world, state.elsewhere_cards, state.elsewhere, state.elsewhere_delivered, lost_elsewhere)
    operate(state.owned, structure.pool_site, links.pool_cards, world.leases, world.t, state.operated)
    count_hours(state.operated, structure.chip_effective, links.kind_order, links.hours, state.kinds)
    world.now.most = pool_hours(state.kinds)


def _age(world: World, cards: Floats, owned: Floats, delivered: Floats, lost: Floats) -> None:
    age = world.parameters.market.cohorts.maximum_age_quarters
    retired, opening = world.t + 1 - age, world.t + OPENING_AGE_QUARTERS - age
    age_fleet(cards, owned, delivered, lost, world.t + 1, world.links.survival, retired, opening >= 0)
