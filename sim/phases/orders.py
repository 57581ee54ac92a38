"""Phases 8 and 9: providers form expectations and order cards for the next quarter, if the rules allow.

Up to the end of history the observed deliveries arrive whatever is ordered; expectations form all the same.
"""

import numpy as np

from sim.economics.cells import Floats, Ints
from sim.strategies.capacity_target import desired_additions, smoothed
from sim.structure import INFERENCE
from sim.world import World


def run(world: World) -> None:
    """Update expectations by site and order cards."""
    _expect(world)
    world.state.ordered[:] = 0.0
    if world.t + 1 >= world.structure.history:
        _order(world)


def site_demand(world: World) -> Floats:
    """Return demand at every site, inference hours: contracts and own use, plus first choices before rationing."""
    links, state, now = world.links, world.state, world.now
    rate = np.array([_rate(world, pool) for pool in range(state.multiplier.size)])
    first = np.bincount(links.product_lane, now.arrays["first"].sum(axis=0), state.load.size)
    contracts = now.arrays["contracted"]
    hours = (first + contracts)[0::2] * rate + (first + contracts)[1::2] + world.state.own_use
    return np.bincount(world.structure.pool_site, hours, len(world.structure.sites))


def _rate(world: World, pool: int) -> float:
    """Return inference hours per training hour of a pool, at full inference over full training."""
    kinds = world.state.kinds[pool]
    training = kinds[:, 0].sum()
    return float(kinds[:, 1].sum() / training) if training > 0.0 else 1.0


def site_prices(world: World) -> Floats:
    """Return posted price over long-run cost at every site, weighted by first choices; 1 where nothing is sold."""
    links, state = world.links, world.state
    hours = world.now.arrays["first"].sum(axis=0)
    per_hour = np.where(
        links.product_service == 1, state.posted * state.tokens_per_hour[links.product_provider], state.posted
    )
    cost = state.long_run[links.product_pool, links.product_workload]
    site = world.structure.pool_site[links.product_pool]
    value = np.bincount(site, per_hour * hours, len(world.structure.sites))
    basis = np.bincount(site, cost * hours, len(world.structure.sites))
    return np.divide(value, basis, out=np.ones_like(value), where=basis > 0.0)


def _expect(world: World) -> None:
    """Smooth demand, its growth, and price over cost at every site."""
    state, weight = world.state, _by_site(world, "forecast_weight")
    demand, price = np.maximum(site_demand(world), 1e-9), site_prices(world)
    if world.t == 0:
        state.expected_demand[:], state.expected_price[:] = demand, price
        return
    before = state.expected_demand.copy()
    state.expected_demand[:] = smoothed(before, demand, weight)
    growth = np.clip(np.log(np.maximum(state.expected_demand, 1e-9) / np.maximum(before, 1e-9)), -0.5, 0.5)
    state.expected_growth[:] = smoothed(state.expected_growth, growth, weight)
    state.expected_price[:] = smoothed(state.expected_price, price, weight)


def _by_site(world: World, field: str) -> Floats:
    """Return one parameter of the investment behaviour of every site's provider (S,)."""
    variants = world.parameters.behaviour.investment
    per = [getattr(variants[x.investment], field) for x in world.parameters.providers.values()]
    return np.array(per)[world.links.site_provider]


def installed(world: World) -> Floats:
    """Return effective inference hours a site could give at full utilisation cap (S,)."""
    total = world.state.kinds[:, :, INFERENCE].sum(axis=1)
    return np.bincount(world.structure.pool_site, total, len(world.structure.sites))


def _order(world: World) -> None:
    """Order the additions each site wants, by the provider's mix of suppliers, in the newest card each has."""
    state = world.state
    wanted = desired_additions(
        state.expected_demand, state.expected_growth, state.expected_price, installed(world),
        *(
            _by_site(world, name)
            for name in ("adjustment", "lead_quarters", "price_elasticity", "hurdle", "maximum_growth")
        ),
    )  # fmt: skip
    worn = (state.lost_cards * world.structure.chip_effective[:, INFERENCE]).sum(axis=1) * world.links.hours
    hours = wanted + worn
    for s in range(hours.size):
        provider = world.parameters.providers[world.structure.providers[world.links.site_provider[s]]]
        for supplier, share in provider.order_mix.items():
            chip = _newest(world, s, world.structure.suppliers.index(supplier))
            if chip is not None:
                per_card = world.structure.chip_effective[chip, INFERENCE] * world.links.hours
                state.ordered[s, chip] += share * hours[s] / per_card


def _newest(world: World, site: int, supplier: int) -> int | None:
    """Return the chip of a supplier with the lowest cost per effective hour that is launched and may be ordered."""
    structure, state = world.structure, world.state
    may = world.memory["site_may_order"][site]
    choices: Ints = np.flatnonzero(
        (structure.chip_supplier == supplier) & (structure.chip_launch <= world.t + 1) & may
    )
    if choices.size == 0:
        return None
    cost = state.hour_cost[world.links.site_region[site], choices] / structure.chip_effective[choices, INFERENCE]
    return int(choices[np.argmin(cost)])

