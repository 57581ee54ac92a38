"""Phase 3: halls get power; cards arrive, fail and retire; leases are drawn; pools count their hours."""

import numpy as np

from sim.economics.accounts import cards_shipped
from sim.economics.building import finished
from sim.economics.cells import Floats
from sim.economics.fleets import age_fleet, count_pools, install
from sim.economics.scrapping import renew_fleet
from sim.phases.removal import remove
from sim.structure import OPENING_AGE_QUARTERS, PAST
from sim.world import World


def run(world: World) -> None:
    """Age the fleets by one quarter, add what was ordered or observed, and recount capacity."""
    structure, state, links = world.structure, world.state, world.links
    _halls(world)
    here, elsewhere = structure.deliveries, structure.elsewhere_deliveries
    state.delivered[:] = here[world.t] if world.observed else state.accepted
    state.elsewhere_delivered[:] = elsewhere[world.t] if world.observed else state.elsewhere_accepted
    cards_shipped(state.delivered, state.elsewhere_delivered, state.shipped)
    world.now.arrays["smuggled"], world.now.arrays["confiscated"] = state.leaking.copy(), state.seized.copy()
    installed = _installed(world)
    _age(world, installed)
    remove(world, installed)
    world.now.most = count_pools(
        state.owned, structure.pool_site, links.pool_cards, world.leases, world.t, state.card_hours, state.let_hours,
        state.let_share, state.effective, links.kind_order, links.hours, state.operated, state.kinds,
    )  # fmt: skip


def _halls(world: World) -> None:
    """Add shells that are finished and halls that are converted."""
    state, conversion = world.state, world.parameters.market.building.conversion_quarters
    state.energised_mw += finished(
        state.begun_mw, state.converting_mw, world.links.site_region, world.structure.build_quarters, conversion,
        PAST + world.t,
    )  # fmt: skip


def _installed(world: World) -> Floats:
    """Return cards that get a slot (S, V), and note what was in store before and what was bought for it."""
    state, now = world.state, world.now.arrays
    now["stored_before"], now["bought_ahead"] = state.stored.copy(), state.for_store.copy()
    now["installed"] = install(state.delivered, state.for_store, state.from_store, state.stored)
    return now["installed"]


def _age(world: World, installed: Floats) -> None:
    """Renew the fleets of sites, where old cards make room for new ones (S, V), and of owners elsewhere."""
    state, age = world.state, world.parameters.market.cohorts.maximum_age_quarters
    terms = world.t + 1, world.links.survival, world.t + 1 - age, world.t + OPENING_AGE_QUARTERS >= age
    renew_fleet(
        state.cards, state.owned, state.scrapped, state.may_go, installed, world.structure.chip_kw, state.energised_mw,
        state.lost_cards, *terms,
    )  # fmt: skip
    lost = np.zeros(state.elsewhere.shape)  # nobody asks what fails elsewhere
    age_fleet(state.elsewhere_cards, state.elsewhere, state.elsewhere_delivered, lost, *terms)
