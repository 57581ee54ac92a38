"""Captive demand of providers, served after contracts and before everything else (B1)."""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.elementary import power
from sim.economics.frontier import pool_hours, uncontracted
from sim.economics.supply import spread_by_capacity
from sim.structure import INFERENCE
from sim.world import World


def wanted(world: World) -> Floats:
    """Return captive demand by provider, effective inference hours: ``D_own (p/p_ref)^(-eps_own)``.

    What was observed was wanted at the price of its day, so up to the last observation the reference price is the
    present one; from then on it stays.
    """
    state, links, paths = world.state, world.links, world.paths
    price = state.regional_price[links.provider_region]
    state.own_use_price[:] = np.where(paths.own_use_observed[world.t], price, state.own_use_price)
    hours: Floats = paths.own_use[world.t] * power(price / state.own_use_price, -links.own_elasticity)
    return hours


def run(world: World) -> None:
    """Spread captive demand over the provider's pools by capacity, up to what contracts leave."""
    links, state, now = world.links, world.state, world.now
    capacity = pool_hours(state.kinds)[:, INFERENCE]
    now.arrays["own_use_wanted"] = spread_by_capacity(wanted(world), capacity, links.pool_provider)
    left = uncontracted(state.kinds, now.arrays["locked_hours"])
    state.own_use[:] = np.minimum(now.arrays["own_use_wanted"], left)
