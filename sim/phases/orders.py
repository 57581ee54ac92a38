"""Phases 8 and 9: providers form expectations and order cards for the next quarter, if the rules allow.

Up to the end of history the observed deliveries arrive whatever is ordered; expectations form all the same. After it
suppliers deliver at most their output, shared out by the rule in use.
"""

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.costs import cheapest
from sim.economics.elementary import log, sum_by
from sim.economics.frontier import pool_hours
from sim.strategies.allocation import RULES, share_out
from sim.strategies.capacity_target import desired_additions, smoothed
from sim.structure import INFERENCE, TRAINING
from sim.world import World

LARGEST_GROWTH = 0.5
"""Largest log growth per quarter that a forecast believes."""
TINY = 1e-9


def run(world: World) -> None:
    """Update expectations by site and order cards."""
    _expect(world)
    if world.t + 1 >= world.structure.history:
        _order(world)
        _share_out(world)


def site_demand(world: World) -> Floats:
    """Return demand at every site, inference hours: contracts and own use, plus first choices before rationing."""
    links, state, now = world.links, world.state, world.now
    most = pool_hours(state.kinds)
    rate = np.divide(most[:, INFERENCE], most[:, TRAINING], out=np.ones(most.shape[0]), where=most[:, TRAINING] > 0.0)
    asked = sum_by(links.product_lane, now.arrays["first"].sum(axis=0), state.load.size) + now.arrays["contracted"]
    hours = asked[0::2] * rate + asked[1::2] + now.arrays["own_use_wanted"]
    return sum_by(world.structure.pool_site, hours, len(world.structure.sites))


def site_prices(world: World) -> Floats:
    """Return posted price over long-run cost at every site, weighted by first choices; 1 where nothing is sold."""
    links, state = world.links, world.state
    hours = world.now.arrays["first"].sum(axis=0)
    per_hour = np.where(links.product_maas, state.posted * state.tokens_per_hour[links.product_provider], state.posted)
    cost = state.long_run[links.product_pool, links.product_workload]
    sites = len(world.structure.sites)
    value = sum_by(links.product_site, per_hour * hours, sites)
    basis = sum_by(links.product_site, cost * hours, sites)
    return np.divide(value, basis, out=np.ones_like(value), where=basis > 0.0)


def _expect(world: World) -> None:
    """Smooth demand, its growth, and price over cost at every site."""
    state, weight = world.state, world.links.investment["forecast_weight"]
    demand, price = np.maximum(site_demand(world), TINY), site_prices(world)
    if world.t == 0:
        state.expected_demand[:], state.expected_price[:] = demand, price
        return
    before = state.expected_demand.copy()
    state.expected_demand[:] = smoothed(before, demand, weight)
    growth = np.clip(log(state.expected_demand / before), -LARGEST_GROWTH, LARGEST_GROWTH)
    state.expected_growth[:] = smoothed(state.expected_growth, growth, weight)
    state.expected_price[:] = smoothed(state.expected_price, price, weight)


def installed(world: World) -> Floats:
    """Return effective inference hours a site could give at full utilisation cap (S,)."""
    total = world.state.kinds[:, :, INFERENCE].sum(axis=1)
    return sum_by(world.structure.pool_site, total, len(world.structure.sites))


def _order(world: World) -> None:
    """Order the additions each site wants, by the provider's mix of suppliers, in the best card each has for sale."""
    state, structure, links = world.state, world.structure, world.links
    rule = links.investment
    worn = (state.lost_cards * structure.chip_effective[:, INFERENCE]).sum(axis=1) * links.hours
    wanted = desired_additions(
        state.expected_demand, state.expected_growth, state.expected_price, installed(world), worn,
        rule["adjustment"], rule["lead_quarters"], rule["price_elasticity"], rule["hurdle"], rule["maximum_growth"],
    )  # fmt: skip
    hours = wanted[:, None] * links.order_mix
    chip = best_chips(world, links.site_region, world.permits["order_site"])
    per_card = structure.chip_effective[chip, INFERENCE] * links.hours
    _place(state.ordered, chip, hours / per_card)
    if structure.elsewhere_region.size:
        elsewhere = best_chips(world, structure.elsewhere_region, world.permits["order_elsewhere"])
        cards = world.paths.elsewhere[min(world.t + 1, structure.quarters - 1)] / structure.chip_h100e[elsewhere]
        _place(state.elsewhere_ordered, elsewhere, cards)


def best_chips(world: World, region: Ints, allowed: Bools) -> Ints:
    """Return (n, K) the chip of every supplier with the least cost per effective hour that may be ordered; -1 for none.

    Args:
        world: the market.
        region: (n,) region of each buyer.
        allowed: (n, V) whether the buyer may order the chip.
    """
    structure = world.structure
    cost = world.state.hour_cost / structure.chip_effective[:, INFERENCE]
    open_to = allowed & (structure.chip_launch <= world.t + 1)
    return cheapest(cost, region, open_to, structure.chip_supplier, len(structure.suppliers))


def _place(ordered: Floats, chip: Ints, cards: Floats) -> None:
    """Write orders (n, K) of the chosen chips into (n, V); an order without a chip that may be had is not placed."""
    ordered[:] = 0.0
    rows, suppliers = np.nonzero(chip >= 0)
    ordered[rows, chip[rows, suppliers]] = cards[rows, suppliers]


def _share_out(world: World) -> None:
    """Let suppliers accept orders up to their output of the next quarter."""
    state, structure = world.state, world.structure
    output = world.paths.output[min(world.t + 1, structure.quarters - 1)]
    ordered = np.concatenate([state.ordered, state.elsewhere_ordered])
    rule = RULES[world.parameters.behaviour.allocation.name]
    accepted = share_out(ordered, structure.chip_h100e, structure.chip_supplier, output, rule)
    sites = state.ordered.shape[0]
    state.accepted[:], state.elsewhere_accepted[:] = accepted[:sites], accepted[sites:]
