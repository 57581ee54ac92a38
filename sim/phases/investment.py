"""Phase 10: providers ask for power, begin shells where it is promised, and convert halls (B3, B7)."""

import numpy as np

from sim.economics.building import begin, congestion, slots_granted, under_way, withdraw
from sim.economics.cells import Floats
from sim.economics.elementary import sum_by
from sim.economics.fleets import add_leased, operated_hours, staying
from sim.economics.forecasts import growth_until
from sim.economics.slots import power_of, spent_per_mw, within_budget
from sim.opening import OPENING_AGE_QUARTERS
from sim.strategies.capacity_target import Sites, starts
from sim.structure import PAST
from sim.world import World


def run(world: World) -> None:
    """Decide what would stand after the end of history; what stands earlier is observed."""
    structure, now = world.structure, world.now.arrays
    requests = world.t + world.links.site_lead >= structure.history
    converts = world.t + world.parameters.market.building.conversion_quarters >= structure.history
    if requests.any() or converts:
        _first_halls(world)
        gap = _gap(world)
        convert = _conversions(world, gap) if converts else np.zeros(gap.size)
        _ask(world, np.where(requests, gap, 0.0) - convert)
        _begin(world, convert)
    now["building_mw"] = _building(world)


def _first_halls(world: World) -> None:
    """Ask for the first hall of firms that have just entered, as large as their capital fills with cards."""
    state, links, quarter = world.state, world.links, PAST + world.t
    if not state.first_build.any():
        return
    servers = world.parameters.market.costs.server_cost_multiple
    now = world.now.arrays
    cards = spent_per_mw(world.now.best, now["mix"], now["mw_hours"], state.card_hours, state.chip_price * servers)
    price = state.build_price[links.site_region, quarter] + cards
    hall = state.first_build[links.site_provider] / price
    state.requested_mw[:, quarter] += hall
    state.queued_mw += hall
    state.first_build[:] = 0.0


def _ask(world: World, gap: Floats) -> None:
    """Ask for power, or withdraw requests where there are too many."""
    state, quarter = world.state, PAST + world.t
    asked = np.maximum(gap, 0.0)
    state.queued_mw += asked - withdraw(state.requested_mw, -gap, quarter)
    state.requested_mw[:, quarter] += asked


def _begin(world: World, convert: Floats) -> None:
    """Begin shells where power is promised and conversions, as far as providers can pay after their orders.

    Power that is promised to who cannot begin goes to others of the region, once.
    """
    state, links, structure, quarter = world.state, world.links, world.structure, PAST + world.t
    region, building = links.site_region, world.parameters.market.building
    grid = world.paths.grid[world.t] * (world.t + structure.build_quarters >= structure.history)
    granted = slots_granted(state.requested_mw, region, links.power_wait, grid, quarter)
    state.congestion[:] = congestion(granted.sum(axis=1), region, world.paths.trade[world.t], building.congestion)
    state.build_price[:, quarter] *= state.congestion
    share = _pay(world, granted, convert)
    world.now.arrays["cash_limit"] = np.minimum(world.now.arrays["cash_limit"], share)
    allowed = state.appetite[links.site_provider]
    state.converting_mw[:, quarter] += convert * share * allowed
    state.convertible_mw -= convert * share * allowed
    able = share * allowed >= 1.0
    if not able.all():
        left = grid - sum_by(region, state.begun_mw[:, quarter], grid.size)
        others = state.requested_mw * able[:, None]
        _pay(world, slots_granted(others, region, links.power_wait, np.maximum(left, 0.0), quarter), 0.0 * convert)


def _pay(world: World, granted: Floats, convert: Floats) -> Floats:
    """Begin what is granted as far as it can be paid and owners let it; return the share that can be paid (S,)."""
    state, links, quarter = world.state, world.links, PAST + world.t
    started, allowed = granted.sum(axis=1), state.appetite[links.site_provider]
    conversion = convert * world.parameters.market.building.conversion_cost
    price = state.build_price[links.site_region, quarter] * (started + conversion) * allowed
    share = within_budget(price, links.site_provider, state.budget)
    state.budget -= sum_by(links.site_provider, price * share, state.budget.size)
    begin(granted, share * allowed, state.requested_mw, state.begun_mw, quarter)
    state.queued_mw[:] = np.maximum(state.queued_mw - started * share * allowed, 0.0)
    return share


def _conversions(world: World, gap: Floats) -> Floats:
    """Return MW of the general cloud to be converted (S,): the quick part of what is wanted."""
    quick = world.parameters.behaviour.orders.conversion_rate * world.state.convertible_mw
    return np.minimum(quick, np.maximum(gap, 0.0))


def _gap(world: World) -> Floats:
    """Return MW that every site wants to add (S,), see ``starts``."""
    links, state, now = world.links, world.state, world.now.arrays
    rule = world.parameters.behaviour.expectations
    growth = growth_until(now["growth_ahead"], links.site_lead, rule.persistence, rule.largest_growth)
    growth = np.where(links.knows_growth, world.paths.outlook[world.t][links.site_region] * links.site_lead, growth)
    return starts(
        _outlook(world), world.conditions.stance, growth, now["price_ahead"], now["mw_hours"],
        state.build_price[:, PAST + world.t], now["provider_revenue"], world.parameters.behaviour.orders.steepness,
    )  # fmt: skip


def _outlook(world: World) -> Sites:
    """Return what firms know when they decide."""
    links, state, now, kw = world.links, world.state, world.now.arrays, world.structure.chip_kw
    power, staying_ = power_of(state.owned, kw), _staying(world)
    coming = state.energised_mw + _building(world) + state.queued_mw - power
    pools, ahead = world.structure.pool_site, world.t + links.site_lead
    kept = operated_hours(staying_, pools, links.pool_cards, world.leases, ahead, state.card_hours)
    if world.structure.possible_leases:
        add_leased(state.let_hours, world.leases, kept)
    return Sites(
        links.site_provider, links.site_region, now["standing"],
        sum_by(pools, kept, power.size) + (power - power_of(staying_, kw)) * now["mw_hours"],
        np.maximum(coming, 0.0) * now["mw_hours"], now["site_demand"],
        now["captive"] * world.paths.own_use_growth[world.t],
        state.first_share, state.own_price,
    )  # fmt: skip


def _staying(world: World) -> Floats:
    """Return the cards of today that will be in place when what is decided now would stand (S, V)."""
    state = world.state
    return staying(
        state.cards, state.owned, state.scrapped + state.may_go, world.links.survival, world.links.site_lead,
        world.t + 1, world.parameters.market.cohorts.maximum_age_quarters, OPENING_AGE_QUARTERS,
    )  # fmt: skip


def _building(world: World) -> Floats:
    """Return MW of shells and conversions under way (S,)."""
    state, conversion = world.state, world.parameters.market.building.conversion_quarters
    return under_way(
        state.begun_mw, state.converting_mw, world.links.site_region, world.structure.build_quarters, conversion,
        PAST + world.t,
    )  # fmt: skip
