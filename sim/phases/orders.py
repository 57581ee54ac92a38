"""Phases 8 and 9: providers form expectations and order cards for the next quarter, if the rules allow.

Up to the end of history the observed deliveries arrive whatever is ordered; expectations form all the same. After it
suppliers deliver at most their output, shared out by the rule in use.
"""

import numpy as np

from sim.economics.affordable import card_costs, keep_within_budget
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.costs import cheapest
from sim.economics.elementary import sum_by
from sim.economics.fleets import worth
from sim.economics.sites import place_orders, site_demand, site_prices
from sim.strategies.allocation import RULES, share_out
from sim.strategies.capacity_target import desired_additions, expect
from sim.structure import INFERENCE
from sim.world import World


def run(world: World) -> None:
    """Update expectations by site and order cards."""
    _expect(world)
    if world.t + 1 >= world.structure.history:
        _order(world)
        _share_out(world)


def _expect(world: World) -> None:
    """Smooth demand, its growth, and price over cost at every site."""
    links, state, now, sites = world.links, world.state, world.now, len(world.structure.sites)
    demand = site_demand(
        now.arrays["first"], now.arrays["contracted"], now.arrays["own_use_wanted"], now.most, links.product_lane,
        world.structure.pool_site, sites,
    )  # fmt: skip
    price = site_prices(
        now.arrays["first"], state.posted, state.tokens_per_hour, state.long_run, links.product_provider,
        links.product_pool, links.product_workload, links.product_maas, links.product_site, sites,
    )  # fmt: skip
    expect(
        demand, price, links.investment["forecast_weight"], world.t == 0, state.expected_demand, state.expected_growth,
        state.expected_price,
    )  # fmt: skip


def _order(world: World) -> None:
    """Order the additions each site wants, by the provider's mix of suppliers, in the best card each has for sale."""
    state, structure, links = world.state, world.structure, world.links
    rule = links.investment
    capacity = sum_by(structure.pool_site, world.now.most[INFERENCE], len(structure.sites))
    worn = worth(state.lost_cards, links.card_hours)
    wanted = desired_additions(
        state.expected_demand, state.expected_growth, state.expected_price, capacity, worn, rule["adjustment"],
        rule["lead_quarters"], rule["price_elasticity"], rule["hurdle"], rule["maximum_growth"],
    )  # fmt: skip
    chip = best_chips(world, links.site_region, world.permits["order_site"])
    place_orders(chip, wanted[:, None] * links.order_mix, links.card_hours, state.ordered)
    _first_orders(world, chip)
    _afford(world)
    if structure.elsewhere_region.size:
        elsewhere = best_chips(world, structure.elsewhere_region, world.permits["order_elsewhere"])
        h100e = world.paths.elsewhere[min(world.t + 1, structure.quarters - 1)]
        place_orders(elsewhere, h100e, structure.chip_h100e, state.elsewhere_ordered)


def _first_orders(world: World, chip: Ints) -> None:
    """Order the first cards of entrants, as long as they have none: nobody has wanted anything of them yet."""
    state, links = world.state, world.links
    owned = sum_by(links.site_provider, worth(state.owned, links.every_card), state.first_build.size)
    state.first_build[owned > 0.0] = 0.0
    for s in np.flatnonzero(state.first_build[links.site_provider]):
        for k in np.flatnonzero(chip[s] >= 0):
            spent = state.first_build[links.site_provider[s]] * links.order_mix[s, k]
            state.ordered[s, chip[s, k]] += spent / order_costs(world)[links.site_region[s], chip[s, k]]


def order_costs(world: World) -> Floats:
    """Return what a card commits its buyer to by region (R, V), USD m: card, server, shell."""
    servers = world.parameters.market.costs.server_cost_multiple
    return card_costs(world.state.chip_price, servers, world.structure.chip_kw, world.paths.shell_cost[world.t])


def _afford(world: World) -> None:
    """Cut orders to what owners let go ahead and to the budget, shells for their power included."""
    state, links = world.state, world.links
    keep_within_budget(
        state.ordered, order_costs(world), links.site_region, links.site_provider, state.budget, state.appetite
    )


def best_chips(world: World, region: Ints, allowed: Bools) -> Ints:
    """Return (n, K) the chip of every supplier with the least cost per effective hour that may be ordered; -1 for none.

    Args:
        world: the market.
        region: (n,) region of each buyer.
        allowed: (n, V) whether the buyer may order the chip.
    """
    structure = world.structure
    cost = world.state.hour_cost / structure.chip_effective[:, INFERENCE]
    return cheapest(
        cost, region, allowed, structure.chip_launch, world.t + 1, structure.chip_supplier, len(structure.suppliers)
    )


def _share_out(world: World) -> None:
    """Let suppliers accept orders up to their output of the next quarter."""
    state, structure = world.state, world.structure
    output = world.paths.output[min(world.t + 1, structure.quarters - 1)]
    ordered = np.concatenate([state.ordered, state.elsewhere_ordered])
    rule = RULES[world.parameters.behaviour.allocation.name]
    accepted = share_out(ordered, structure.chip_h100e, structure.chip_supplier, output, rule)
    sites = state.ordered.shape[0]
    state.accepted[:], state.elsewhere_accepted[:] = accepted[:sites], accepted[sites:]
