"""Phase 9: cards that lose money are given up, and powered slots are filled with new ones, if rules and money allow.

Up to the end of history the observed deliveries arrive whatever is ordered; after it suppliers accept what they can
make, see ``phases.production``.
"""

import numpy as np

from sim.economics.baskets import chosen_cards
from sim.economics.cells import Floats
from sim.economics.elementary import log, sum_by
from sim.economics.fleets import worth
from sim.economics.scrapping import displaceable, scrapped
from sim.economics.slots import (
    card_costs,
    earnings,
    fill_rate,
    free_power,
    within_budget,
)
from sim.phases import grey_market
from sim.phases.buying import buy, mixed, shelf
from sim.phases.deliveries import finished
from sim.phases.stockpiling import from_store, stockpile
from sim.strategies.allocation import PROPORTIONAL, RULES, inflated_orders
from sim.strategies.make_or_buy import move_to_own
from sim.structure import INFERENCE
from sim.world import World


def run(world: World) -> None:
    """Decide what to scrap and what to order."""
    _best_offers(world)
    now, structure = world.now.arrays, world.structure
    now["cash_limit"] = np.ones(len(structure.sites))
    now["denied"] = np.zeros((len(structure.sites) + structure.elsewhere_region.size, len(structure.chips)))
    if world.t + 1 >= structure.history:
        _order(world)
    grey_market.run(world)


def _best_offers(world: World) -> None:
    """Note the best card of every supplier at every site, what shares they get, and what new cards cost and give."""
    now = world.now.arrays
    on_sale = shelf(world, now["site_cost"])
    world.now.best = chosen_cards(on_sale, world.permits["order_site"])
    _make_or_buy(world)
    now["mix"], now["mw_hours"] = mixed(world, on_sale, world.now.best)


def _make_or_buy(world: World) -> None:
    """Let owners of makers decide how much they take from them, where that is a decision."""
    makers, state, structure = world.links.makers, world.state, world.structure
    if world.parameters.behaviour.make_or_buy.name == "npv" and world.t + 1 >= structure.history:
        move_to_own(
            world.now.best, state.chip_price, state.chip_cost, state.effective, state.delivered,
            structure.site_provider, makers.owner, makers.merchant, makers.generation, makers.making, state.making,
        )  # fmt: skip


def _order(world: World) -> None:
    """Order cards for the slots that will be free, and for those that are worth more with a new card."""
    links, state, structure, now = world.links, world.state, world.structure, world.now.arrays
    rule, costs = world.parameters.behaviour.orders, world.parameters.market.costs
    ahead = state.energised_mw + finished(world, world.t + 1)
    earned = earnings(
        now["price_ahead"], state.own_price, now["mean_cost"], links.site_region, state.long_run[:, INFERENCE],
        structure.pool_site,
    )  # fmt: skip
    now["earned"] = earned
    new = card_costs(
        world.now.best, now["mix"], now["site_cost"], world.paths.shell_cost[world.t] * state.congestion,
        structure.chip_kw,
        state.effective[:, INFERENCE], links.shell_recovery, world.parameters.market.utilisation.maximum,
        links.site_region,
    )  # fmt: skip
    effective = state.effective[:, INFERENCE]
    state.scrapped[:] = scrapped(
        state.owned, earned, links.site_region, effective, world.conditions.card_running,
        float(rule.scrapping_quarters), state.losses,
    )  # fmt: skip
    state.may_go[:] = displaceable(
        state.owned - state.scrapped, earned, links.site_region, effective, world.conditions.card_running,
        structure.chip_kw, links.hours, _gains(now["mw_hours"], earned - new), rule.refill_rate,
    )  # fmt: skip
    free = free_power(state.owned - state.scrapped, state.may_go, structure.chip_kw, links.survival, ahead)
    attractive = log(earned * now["site_load"] / new)
    power = (
        free
        * fill_rate(attractive, world.conditions.stance.hurdle, rule.steepness)
        * state.appetite[links.site_provider]
    )
    buy(world, from_store(world, power))
    price = worth(state.ordered, state.chip_price) * (costs.server_cost_multiple / 1e6)
    price += ((state.ordered * world.rules["sites"].duty) @ state.chip_price) / 1e6
    affordable = within_budget(price, links.site_provider, state.budget)
    state.ordered *= affordable[:, None]
    now["cash_limit"] = affordable
    state.budget -= sum_by(links.site_provider, price * affordable, state.budget.size)
    stockpile(world)
    _inflate(world)


def _gains(mw_hours: Floats, margin: Floats) -> Floats:
    """Return what an MW of new cards earns above its cost (S,), USD; minus infinity where no card may be had."""
    gains = np.full(margin.size, -np.inf)
    np.multiply(mw_hours, margin, out=gains, where=mw_hours > 0.0)
    return gains


def _inflate(world: World) -> None:
    """Order more than is needed of makers that cut their buyers, where the rule rewards it."""
    state, rule = world.state, world.parameters.behaviour.allocation
    world.now.arrays["needed"] = state.ordered.copy()
    if RULES[rule.name] == PROPORTIONAL:
        fill = state.fill[world.structure.chip_supplier]
        state.ordered[:] = inflated_orders(world.now.arrays["needed"], fill, rule.inflation)
