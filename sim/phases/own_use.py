"""Captive demand of providers, served after contracts and before everything else (B1)."""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.frontier import exchange_rate, inference_left
from sim.names import HOURS_PER_QUARTER
from sim.phases.demand import after
from sim.structure import INFERENCE
from sim.world import World


def wanted(world: World) -> Floats:
    """Return captive demand by provider, effective inference hours: ``D_own (p/p_ref)^(-eps_own)``."""
    hours = np.zeros(len(world.structure.providers))
    price = world.regional_price
    for i, provider in enumerate(world.parameters.providers.values()):
        use = provider.own_use
        if use is None:
            continue
        ratio = price[world.links.provider_region[i]]
        hours[i] = after(world, use.h100e, use.growth_after, provider.headquarters) * HOURS_PER_QUARTER
        hours[i] *= ratio**-use.elasticity
    return hours


def run(world: World) -> None:
    """Spread captive demand over the provider's pools by capacity, up to what contracts leave."""
    links, state = world.links, world.state
    capacity = state.kinds[:, :, INFERENCE].sum(axis=1)
    fleet = np.bincount(links.pool_provider, capacity, len(world.structure.providers))
    share = np.divide(capacity, fleet[links.pool_provider], out=np.zeros_like(capacity), where=capacity > 0.0)
    lane_hours = np.bincount(links.pair_lane, world.now.arrays["locked_tasks"] * world.now.hours, state.load.size)
    left = [
        max(inference_left(state.kinds[pool], lane_hours[2 * pool]) - lane_hours[2 * pool + 1], 0.0)
        for pool in range(capacity.size)
    ]
    state.own_use[:] = np.minimum(wanted(world)[links.pool_provider] * share, np.array(left))


def tangent(world: World) -> tuple[Floats, Floats]:
    """Return, by pool, inference hours given up per training hour at last quarter's split, and capacity there."""
    state = world.state
    pools = state.multiplier.size
    rate, capacity = np.empty(pools), np.empty(pools)
    for pool in range(pools):
        kinds = state.kinds[pool]
        training = min(state.load[2 * pool], kinds[:, 0].sum())
        if world.t == 0:
            training = 0.4 * kinds[:, 0].sum()
        rate[pool] = exchange_rate(kinds, training)
        capacity[pool] = inference_left(kinds, training) + rate[pool] * training
    return rate, capacity
