"""Captive demand of providers, served after contracts and before everything else (B1)."""

from sim.economics.supply import Captive, use_themselves
from sim.structure import INFERENCE
from sim.world import World


def run(world: World) -> None:
    """Spread captive demand over the provider's pools by capacity, up to what contracts leave."""
    links, state, now, paths, t = world.links, world.state, world.now, world.paths, world.t
    captive = Captive(
        paths.own_use[t], paths.own_use_observed[t], links.own_elasticity, links.provider_region, state.regional_price
    )
    now.arrays["own_use_wanted"] = use_themselves(
        captive, now.most[INFERENCE], links.pool_provider, state.kinds, now.arrays["locked_hours"],
        state.own_use_price, state.own_use,
    )  # fmt: skip
