"""Phase 2: software raises tokens per card-hour, cards get better and cheaper, costs follow (B3, B4, B8)."""

import math

import numpy as np

from sim.economics.chip_costs import card_prices, unit_costs, worth_of_cards
from sim.economics.costs import least_costs
from sim.economics.elementary import exp
from sim.economics.learning import add_by_maker
from sim.economics.research import launch_cards, research_spending, roadmap_pace
from sim.economics.technology import long_run_cost, tokens_of_all
from sim.world import World


def run(world: World) -> None:
    """Advance technology by one quarter and revalue costs."""
    _tokens(world)
    _experience(world)
    _research(world)
    _prices(world)
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


def _experience(world: World) -> None:
    """Add last quarter's deliveries to the experience of makers; yield and unit cost follow."""
    state, structure, makers = world.state, world.structure, world.links.makers
    maker, ahead = structure.chip_supplier, world.t - structure.history + 1
    for cards in (state.delivered, state.elsewhere_delivered):
        add_by_maker(cards, makers.area, maker, state.experience)
    relative = makers.relative_experience(state.experience)
    makers.needs(maker, relative, state.chip_needs, state.chip_yield)
    unit_costs(
        state.chip_needs, makers.stage_price, makers.stage_price_growth, float(max(ahead, 0)), makers.test_cost, maker,
        makers.side, relative, makers.learning, makers.overhead, state.chip_cost,
    )  # fmt: skip


def _research(world: World) -> None:
    """Spend on research out of last quarter's sales, and launch what the roadmap has come to."""
    state, structure, makers, t = world.state, world.structure, world.links.makers, world.t
    revenue, in_millions = np.zeros(len(structure.suppliers)), state.chip_price / 1e6
    for cards in (state.delivered, state.elsewhere_delivered):
        add_by_maker(cards, in_millions, structure.chip_supplier, revenue)
    subsidy = 0.0 if world.observed else 1.0
    state.research[:] = research_spending(revenue, makers.research_share, subsidy * makers.subsidy)
    if not world.observed:
        reference = makers.research_reference * exp(makers.research_growth * float(t - structure.history))
        state.pace[:] = roadmap_pace(state.research, reference, makers.research_elasticity, makers.research_fastest)
    state.roadmap += state.pace
    launch_cards(structure.chip_launch, structure.chip_supplier, state.roadmap, state.pace, t, state.chip_launch)


def _prices(world: World) -> None:
    """Set prices of cards: of the catalogue up to the end of history, then what scarcity and cost make of them."""
    state, market, links, t = world.state, world.parameters.market, world.links, world.t
    catalogue, makers = world.paths.chip_price[t], world.links.makers
    if world.observed:
        state.chip_price[:] = catalogue
        return
    costs, rule = market.costs, world.parameters.behaviour.chip_pricing
    worth = worth_of_cards(
        state.opening_price * state.regional_price, world.structure.chip_effective, world.paths.shell_cost[t] * 1000.0,
        world.structure.chip_kw, links.pue, links.tariff, costs.operations_usd_per_card_hour, links.card_recovery,
        links.shell_recovery, market.utilisation.maximum, costs.server_cost_multiple,
    )  # fmt: skip
    card_prices(
        catalogue, state.chip_cost, worth, world.structure.chip_supplier, makers.merchant, state.chip_launch, t,
        state.tightness, rule.response, rule.least_margin, state.scarcity, state.chip_price,
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
        (links.every_region, world.permits["own"], state.on_premises),
        (links.pool_region, world.permits["order_pool"], state.long_run),
    ):
        least_costs(
            state.hour_cost, structure.chip_effective, region, allowed, state.chip_launch, world.t,
            structure.better_chips, out,
        )  # fmt: skip
    state.on_premises *= market.utilisation.maximum / home.utilisation * home.cost_multiple
