"""Phase 2: software and learning raise tokens per card-hour, cards get cheaper, long-run costs follow (B3, B8)."""

import math

from sim.economics.costs import least_costs
from sim.economics.technology import long_run_cost, tokens_of_all
from sim.world import World


def run(world: World) -> None:
    """Advance technology by one quarter and revalue costs."""
    _tokens(world)
    world.state.chip_price[:] = world.paths.chip_price[world.t]
    _costs(world)


def _tokens(world: World) -> None:
    """Set phi by provider, the common path, and tokens per task."""
    technology, state, paths, t = world.parameters.market.technology, world.state, world.paths, world.t
    start, roofline = technology.tokens_m_per_h100e_hour, technology.roofline_multiple
    state.reference_tokens[0] = start * min(math.exp(paths.software[t]), roofline)
    state.tokens_per_task[0] = start * math.exp(paths.appetite[t])
    state.tokens_per_hour[:] = world.links.efficiency * tokens_of_all(
        start, paths.software[t], state.cumulative_tokens, technology.learning_scale_tokens_bn,
        technology.learning_exponent, world.links.sells_models, technology.spillover, paths.own_efficiency[t], roofline,
    )  # fmt: skip


def _costs(world: World) -> None:
    """Set the long-run cost of a card-hour by region and chip, and by pool and workload; and of own cards."""
    market, structure, state, links = world.parameters.market, world.structure, world.state, world.links
    costs, home = market.costs, market.on_premises
    shell = world.paths.shell_cost[world.t] * state.congestion * 1000.0
    long_run_cost(
        state.chip_price * costs.server_cost_multiple, shell, structure.chip_kw,
        links.pue, links.tariff, costs.operations_usd_per_card_hour, links.card_recovery, links.shell_recovery,
        market.utilisation.maximum, state.hour_cost,
    )  # fmt: skip
    for region, allowed, out in (
        (links.every_region, links.chip_merchant & world.permits["order"], state.on_premises),
        (links.pool_region, links.pool_cards, state.long_run),
    ):
        least_costs(state.hour_cost, structure.chip_effective, region, allowed, structure.chip_launch, world.t, out)
    state.on_premises *= market.utilisation.maximum / home.utilisation * home.cost_multiple
