"""Phase 8: what firms learn from the quarter: demand, growth and prices by region; own shares and prices by site."""

import numpy as np

from sim.economics.building import pipeline_growth
from sim.economics.cells import Floats
from sim.economics.elementary import sum_by
from sim.economics.forecasts import believed, heuristic_weights, observe
from sim.economics.sites import growth_of, loads, price_levels, settle_habits, shares_within, site_demand, site_prices
from sim.structure import INFERENCE, PAST
from sim.world import World


def run(world: World) -> None:
    """Observe the market and renew all forecasts."""
    links, state, now, structure = world.links, world.state, world.now, world.structure
    sites, regions = len(structure.sites), len(structure.regions)
    now.arrays["site_demand"] = demand = site_demand(
        now.arrays["first"], now.arrays["contracted"], now.most, links.product_lane, structure.pool_site, sites
    )
    value = site_prices(
        now.arrays["first"], state.posted, state.tokens_per_hour, state.long_run, links.product_provider,
        links.product_pool, links.product_workload, links.product_maas, links.product_site, sites,
    )  # fmt: skip
    price, own, now.arrays["mean_cost"] = price_levels(value, links.site_region, regions)
    growth = growth_of(demand, links.site_region, state.demand_seen, world.t == 0)
    _forecast(world, growth, price)
    settle_habits(
        shares_within(demand, links.site_region, regions), own, links.share_weight,
        links.investment.own_price_weight, world.t == 0, state.first_share, state.own_price,
    )  # fmt: skip
    _look_ahead(world, demand)


def _forecast(world: World, growth: Floats, price: Floats) -> None:
    """Score the forecasts of the last quarter and make the next ones, of growth and then of price by region.

    The own model of the market: demand grows as its potential will, and prices move by what demand grows more than the
    capacity that is on its way, rivals' included, over the elasticity of demand.
    """
    state, structure, rule = world.state, world.structure, world.parameters.behaviour.expectations
    growing = world.paths.next_growth[world.t]
    supply = pipeline_growth(
        state.energised_mw, state.begun_mw, world.links.site_region, structure.build_quarters, PAST + world.t
    )
    pressure = (growing - supply) / rule.elasticity
    observe(
        np.concatenate([growth, price]), rule.adaptation, rule.extrapolation, rule.error_memory, world.t == 0,
        np.concatenate([growing, price + pressure]), state.seen, state.habit, state.ahead,
        state.forecast_error,
    )  # fmt: skip


def _look_ahead(world: World, demand: Floats) -> None:
    """Note what every site's provider expects of growth and prices, and how far its capacity is asked for."""
    links, state, structure, now = world.links, world.state, world.structure, world.now.arrays
    weights = heuristic_weights(state.forecast_error, world.parameters.behaviour.expectations.intensity)
    now["growth_ahead"] = believed(state.ahead, weights, links.forecast_rule, links.site_region)
    prices = links.site_region + len(structure.regions)
    now["price_ahead"] = believed(state.ahead, weights, links.forecast_rule, prices)
    now["standing"] = sum_by(structure.pool_site, world.now.most[INFERENCE], demand.size)
    now["captive"] = sum_by(structure.pool_site, now["own_use_wanted"], demand.size)
    now["site_load"] = loads(demand + now["captive"], now["standing"])
