"""Phase 2: software and learning raise tokens per card-hour, cards get cheaper, long-run costs follow (B3, B8)."""

import math

import numpy as np

from sim.economics.cells import Floats
from sim.economics.technology import capital_recovery, decaying_growth, tokens_per_hour
from sim.structure import INFERENCE, TRAINING
from sim.world import World

QUARTERS = 4.0


def run(world: World) -> None:
    """Advance technology by one quarter and revalue costs."""
    _tokens(world)
    _prices_of_chips(world)
    _costs(world)


def _tokens(world: World) -> None:
    """Set phi by provider, the common path, and tokens per task."""
    technology, state = world.parameters.market.technology, world.state
    software = path(
        technology.software_growth_initial,
        technology.software_growth_final,
        technology.software_growth_decay_quarters,
        world.t,
    )
    appetite = path(
        technology.tokens_per_task_growth_initial,
        technology.tokens_per_task_growth_final,
        technology.tokens_per_task_growth_decay_quarters,
        world.t,
    )
    start, scale = technology.tokens_m_per_h100e_hour, technology.learning_scale_tokens_bn
    exponent, spill, roofline = technology.learning_exponent, technology.spillover, technology.roofline_multiple
    learned = (1.0 + state.cumulative_tokens / scale) ** exponent - 1.0
    sellers = [x.models is not None for x in world.parameters.providers.values()]
    total, count = float(learned[sellers].sum()), sum(sellers)
    state.reference_tokens[0] = tokens_per_hour(start, software, 0.0, scale, exponent, 0.0, 0.0, 0.0, roofline)
    state.tokens_per_task[0] = start * math.exp(appetite)
    for i, provider in enumerate(world.parameters.providers.values()):
        models = provider.models
        rivals = (total - learned[i]) / (count - 1) if models is not None and count > 1 else 0.0
        own = models.efficiency_growth * world.t if models is not None else 0.0
        state.tokens_per_hour[i] = (models.efficiency if models is not None else 1.0) * tokens_per_hour(
            start, software, float(state.cumulative_tokens[i]), scale, exponent, rivals, spill, own, roofline
        )


def path(initial: float, final: float, decay: float, t: int) -> float:
    """Return the sum of decaying growth over quarters 0 to t - 1."""
    return sum(decaying_growth(initial, final, decay, x) for x in range(t))


def _prices_of_chips(world: World) -> None:
    """Set the price of every card: launch price, falling from its launch on."""
    structure = world.structure
    suppliers = list(world.parameters.suppliers.values())
    decline = np.array([suppliers[k].price_decline for k in structure.chip_supplier]) / QUARTERS
    launch = np.array([chip.price_usd for chip in world.parameters.chips.values()])
    age = np.maximum(world.t - np.maximum(structure.chip_launch, 0), 0)
    world.state.chip_price[:] = launch * np.exp(-decline * age)


def _costs(world: World) -> None:
    """Set the long-run cost of a card-hour by region and chip, and by pool and workload; and of own cards."""
    market, structure, state = world.parameters.market, world.structure, world.state
    costs, home = market.costs, market.on_premises
    effective = structure.chip_effective
    launched = structure.chip_launch <= world.t
    merchant = np.array([s.sells_to is None for s in world.parameters.suppliers.values()])[structure.chip_supplier]
    growth = (1.0 + costs.shell_cost_growth) ** (world.t / QUARTERS)
    for r, region in enumerate(market.regions.values()):
        shell = region.shell_cost_usd_m_per_mw * growth * 1000.0
        state.hour_cost[r] = _hours(world, shell, region.pue, region.electricity_usd_per_kwh)
        open_to = launched & merchant & world.memory["may_order"][r]
        for workload in (TRAINING, INFERENCE):
            own = state.hour_cost[r] / effective[:, workload] * market.utilisation.maximum / home.utilisation
            state.on_premises[r, workload] = home.cost_multiple * _least(own, open_to)
    for pool in range(len(structure.pools)):
        mine = launched & (structure.chip_stack == world.links.pool_stack[pool])
        for workload in (TRAINING, INFERENCE):
            unit = state.hour_cost[world.links.pool_region[pool]] / effective[:, workload]
            state.long_run[pool, workload] = _least(unit, mine)


def _least(values: Floats, allowed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    """Return the least allowed value; the least of all where none is allowed."""
    return float(values[allowed].min() if allowed.any() else values.min())


def _hours(world: World, shell: float, pue: float, tariff: float) -> Floats:
    """Return the long-run cost of one used hour of every card (V,), as ``economics.technology.long_run_cost``."""
    market, kw = world.parameters.market, world.structure.chip_kw
    costs = market.costs
    capital = world.state.chip_price * costs.server_cost_multiple
    capital = capital * capital_recovery(costs.discount_rate, costs.card_life_years)
    building = shell * kw * capital_recovery(costs.discount_rate, costs.shell_life_years)
    power = tariff * kw * pue * 8760.0
    used = 8760.0 * market.utilisation.maximum
    hours: Floats = (capital + building + power) / used + costs.operations_usd_per_card_hour
    return hours
