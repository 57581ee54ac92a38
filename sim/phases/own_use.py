"""Captive demand of providers, served after contracts and before everything else (B1)."""

import numpy as np

from sim.economics.frontier import uncontracted
from sim.economics.supply import captive_demand, spread_by_capacity
from sim.structure import INFERENCE
from sim.world import World


def run(world: World) -> None:
    """Spread captive demand over the provider's pools by capacity, up to what contracts leave."""
    links, state, now, paths = world.links, world.state, world.now, world.paths
    wanted = captive_demand(
        paths.own_use[world.t], state.regional_price, links.provider_region, paths.own_use_observed[world.t],
        links.own_elasticity, state.own_use_price,
    )  # fmt: skip
    now.arrays["own_use_wanted"] = spread_by_capacity(wanted, now.most[INFERENCE], links.pool_provider)
    left = uncontracted(state.kinds, now.arrays["locked_hours"])
    np.minimum(now.arrays["own_use_wanted"], left, out=state.own_use)
