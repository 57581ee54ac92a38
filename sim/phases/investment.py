"""Phase 10: providers ask for power, begin shells where it is promised, and convert halls (B3, B7)."""

import numpy as np

from sim.economics.building import under_way
from sim.economics.cells import Bools, Floats
from sim.economics.slots import spent_per_mw
from sim.economics.works import Works, ask, begin_halls
from sim.strategies.outlook import Renting, Standing, Views, missing_halls
from sim.structure import PAST
from sim.world import World


def run(world: World) -> None:
    """Decide what would stand after the end of history; what stands earlier is observed."""
    requests = world.paths.requests[world.t]
    converts = world.t + world.parameters.market.building.conversion_quarters >= world.structure.history
    if converts or requests.any():
        works = world.works
        _first_halls(world)
        _begin(world, works, _ask(world, works, requests, converts))
    world.now.arrays["building_mw"] = _building(world)


def _first_halls(world: World) -> None:
    """Ask for the first hall of firms that have just entered, as large as their capital fills with cards."""
    state, links, quarter = world.state, world.links, PAST + world.t
    if not state.first_build.any():
        return
    servers = world.parameters.market.costs.server_cost_multiple
    now = world.now.arrays
    cards = spent_per_mw(now["parts"], now["mw_hours"], state.card_hours, state.chip_price * servers)
    price = state.build_price[links.site_region, quarter] + cards
    hall = state.first_build / price
    state.requested_mw[:, quarter] += hall
    state.queued_mw += hall
    state.first_build[:] = 0.0


def _ask(world: World, works: Works, requests: Bools, converts: bool) -> Floats:
    """Ask for power for what is missing, or withdraw requests; return MW of the general cloud to be converted (S,)."""
    state, now, t = world.state, world.now.arrays, world.t
    standing = Standing(
        state.cards, state.owned, state.scrapped, state.may_go, state.energised_mw, state.begun_mw,
        state.converting_mw, state.queued_mw, state.let_hours, state.card_hours, now["standing"], now["mw_hours"],
    )  # fmt: skip
    views = Views(
        now["site_demand"], now["captive"], world.paths.own_use_growth[t], now["growth_ahead"],
        world.paths.outlook[t], now["price_ahead"], state.first_share, state.own_price, now["provider_revenue"],
    )  # fmt: skip
    gap = missing_halls(
        standing, world.leases_ahead, world.links.fixed, views, world.conditions.stance, renting(world),
        state.build_price[:, PAST + t], t, PAST + t,
    )  # fmt: skip
    quick = world.parameters.behaviour.orders.conversion_rate if converts else 0.0
    return ask(works, gap, requests, quick, PAST + t)


def renting(world: World) -> Renting:
    """Return who rents, and under which leases that firms decide on."""
    links, state, now = world.links, world.state, world.now
    return Renting(
        now.arrays["renting"], world.parameters.behaviour.leasing.built_to_let, state.selling, state.rent,
        now.arrays["hour_cost_here"], links.dated_leases, links.lessor_site, links.lessee_site, now.most,
        world.leasable,
    )  # fmt: skip


def _begin(world: World, works: Works, convert: Floats) -> None:
    """Begin shells where power is promised and conversions, as far as providers can pay after their orders."""
    state, paths, now, t = world.state, world.paths, world.now.arrays, world.t
    share = begin_halls(
        works, world.links.builders, convert, paths.grid[t], paths.trade[t], state.appetite, state.budget, PAST + t
    )
    now["cash_limit"] = np.minimum(now["cash_limit"], share)


def _building(world: World) -> Floats:
    """Return MW of shells and conversions under way (S,)."""
    state, conversion = world.state, world.parameters.market.building.conversion_quarters
    return under_way(
        state.begun_mw, state.converting_mw, world.links.site_region, world.structure.build_quarters, conversion,
        PAST + world.t,
    )  # fmt: skip
