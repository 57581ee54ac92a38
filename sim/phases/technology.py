"""Phase 2: software raises tokens per card-hour, cards get better and cheaper, costs follow (B3, B4, B8)."""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.chip_costs import card_prices, listed_prices, worth_of_cards
from sim.economics.costs import cheaper_if_lifted, least_costs, left_to_customers, left_to_pools
from sim.economics.ecosystem import advance_software
from sim.economics.making import learn
from sim.economics.research import advance_roadmaps
from sim.economics.technology import long_run_cost, tokens_of_all
from sim.names import QUARTERS_PER_YEAR
from sim.phases.buying import hourly_costs
from sim.structure import INFERENCE
from sim.world import World


def run(world: World) -> None:
    """Advance technology by one quarter and revalue costs."""
    _tokens(world)
    _makers(world)
    _software(world)
    _prices(world)
    _costs(world)


def _tokens(world: World) -> None:
    """Set phi by provider, the common path, and tokens per task."""
    technology, state, paths, t = world.parameters.market.technology, world.state, world.paths, world.t
    state.reference_tokens[0], state.tokens_per_task[0] = paths.reference_tokens[t], paths.tokens_per_task[t]
    tokens_of_all(
        technology.tokens_m_per_h100e_hour, paths.software[t], state.cumulative_tokens,
        technology.learning_scale_tokens_bn, technology.learning_exponent, world.links.sells_models,
        technology.spillover, paths.own_efficiency[t], technology.roofline_multiple, world.links.efficiency,
        state.tokens_per_hour,
    )  # fmt: skip


def _makers(world: World) -> None:
    """Add cards shipped and seized last quarter to what makers know; let them do research out of sales."""
    state, makers, ahead = world.state, world.links.makers, world.t - world.structure.history
    learn(
        world.conditions.making.technique, state.shipped + state.confiscated, float(max(ahead + 1, 0)),
        state.experience, state.chip_needs, state.chip_yield, state.chip_cost,
    )  # fmt: skip
    advance_roadmaps(
        makers.programme, state.sold, state.chip_price, ahead, world.t, state.research, state.pace, state.roadmap,
        state.chip_launch,
    )  # fmt: skip


def _software(world: World) -> None:
    """Let ecosystems grow with last quarter's deliveries and research, and set what cards achieve under them."""
    state = world.state
    if world.t > 0:
        advance_software(
            world.links.software, state.shipped, state.research, state.ecosystem, state.software, state.effective
        )  # fmt: skip
    state.card_hours[:] = state.effective[:, INFERENCE] * world.links.hours


def _prices(world: World) -> None:
    """Set prices of cards: of the catalogue up to the end of history, then what scarcity and cost make of them."""
    state, market, links, t = world.state, world.parameters.market, world.links, world.t
    catalogue, makers = world.paths.chip_price[t], world.links.makers
    if world.observed:
        state.chip_price[:] = catalogue
        return
    costs, rule = market.costs, world.parameters.behaviour.chip_pricing
    years = (t + 1 - world.structure.history) / QUARTERS_PER_YEAR
    listed = listed_prices(
        catalogue, state.chip_cost, makers.usual_cost, rule.usual_cost_fall * years, rule.pass_through,
        world.structure.chip_supplier, makers.merchant, makers.margin,
    )  # fmt: skip
    worth = worth_of_cards(
        state.opening_price * state.regional_price, world.state.effective, world.paths.shell_cost[t] * 1000.0,
        world.structure.chip_kw, links.pue, links.tariff, costs.operations_usd_per_card_hour, links.card_recovery,
        links.shell_recovery, market.utilisation.maximum, costs.server_cost_multiple,
    )  # fmt: skip
    card_prices(
        listed, state.chip_cost, worth, world.structure.chip_supplier, makers.merchant, state.chip_launch, t,
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
    state.hour_cost -= world.conditions.power_saved
    world.now.arrays["site_cost"] = hourly_costs(world, "sites", links.site_region)
    at_home = hourly_costs(world, "regions", links.every_region)
    own = left_to_customers(world.permits.own, links.keepers, state.left)
    at_pools = left_to_pools(world.permits.order_pool, structure.pool_site, state.left)
    for cost, row, open_, out in (
        (at_home, links.every_region, own, state.on_premises),
        (world.now.arrays["site_cost"], structure.pool_site, at_pools, state.long_run),
    ):
        least_costs(cost, state.effective, row, open_, state.chip_launch, world.t, structure.better_chips, out)
    _note_dearer(world, at_home, own)
    state.on_premises *= market.utilisation.maximum / home.utilisation * home.cost_multiple


def _note_dearer(world: World, at_home: Floats, own: Floats) -> None:
    """Note by how much each rule alone makes own cards dearer, as it closes cards or puts a duty on them."""
    structure, state, region = world.structure, world.state, world.links.every_region
    permits, dearer = world.permits, world.now.own_dearer
    offer = state.effective, region, own, state.chip_launch, world.t, structure.better_chips
    if permits.own_alone.rules:
        fall = cheaper_if_lifted(at_home, *offer, permits.own_alone.shares, state.on_premises)
        dearer |= dict(zip(permits.own_alone.rules, fall, strict=True))
    for name, duty in permits.own_duties:
        least = np.empty((region.size, 2))
        least_costs(hourly_costs(world, "regions", region, world.rules["regions"].duty - duty), *offer, least)
        dearer[name] = dearer.get(name, 0.0) + np.maximum(state.on_premises - least, 0.0).max(axis=1)
