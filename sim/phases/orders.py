"""Phase 9: cards that lose money are given up, and powered slots are filled with new ones, if rules and money allow.

Up to the end of history the observed deliveries arrive whatever is ordered; after it suppliers accept what they can
make, see ``phases.production``.
"""

import numpy as np

from sim.economics.baskets import Worth
from sim.economics.cells import Floats
from sim.economics.slots import costs_without_shell, earnings
from sim.economics.vacancies import Fleet, Offers, Prospects, Rule, afford, power_for_orders
from sim.phases import grey_market, policy
from sim.phases.buying import buy
from sim.phases.stockpiling import from_store, stockpile
from sim.strategies.allocation import PROPORTIONAL, RULES, inflated_orders
from sim.structure import INFERENCE, PAST
from sim.world import World


def run(world: World) -> None:
    """Decide what to scrap and what to order."""
    now, structure = world.now.arrays, world.structure
    now["denied"] = now["removed"].copy()
    if world.t + 1 >= structure.history:
        _order(world)
    else:
        now["cash_limit"] = np.ones(len(structure.sites))
    grey_market.run(world)
    policy.learn(world)


def _order(world: World) -> None:
    """Order cards for the slots that will be free, and for those that are worth more with a new card."""
    state, now = world.state, world.now.arrays
    prospects, cost = _prospects(world), _costs(world)
    now["earned"] = prospects.earned
    power = power_for_orders(
        _fleet(world), Offers(now["parts"], cost, now["mw_hours"]), prospects, world.works, world.links.builders,
        _rule(world), PAST + world.t + 1,
    )  # fmt: skip
    steepness = world.parameters.behaviour.orders.steepness
    worth = Worth(cost, prospects.earned * prospects.load, world.conditions.stance.hurdle, steepness)
    buy(world, world.now.on_sale, from_store(world, power), worth)
    now["cash_limit"] = afford(
        state.ordered, world.rules["sites"].duty, state.chip_price,
        world.parameters.market.costs.server_cost_multiple, world.links.site_provider, state.budget,
    )  # fmt: skip
    stockpile(world)
    _inflate(world)


def _fleet(world: World) -> Fleet:
    """Return cards in place, and where those that leave are noted."""
    state, structure = world.state, world.structure
    return Fleet(
        state.owned, state.energised_mw, structure.chip_kw, state.effective[:, INFERENCE],
        world.conditions.card_running, state.losses, state.scrapped, state.may_go,
    )  # fmt: skip


def _costs(world: World) -> Floats:
    """Return what an inference hour of new cards costs sites without their shell (S, V), USD."""
    links, state, market = world.links, world.state, world.parameters.market
    return costs_without_shell(
        world.now.arrays["site_cost"], world.paths.shell_cost[world.t] * state.congestion, world.structure.chip_kw,
        state.effective[:, INFERENCE], links.shell_recovery, market.utilisation.maximum, links.site_region,
    )  # fmt: skip


def _prospects(world: World) -> Prospects:
    """Return what sites expect of the next quarter."""
    state, now = world.state, world.now.arrays
    earned = earnings(now["price_ahead"], state.own_markup, now["hour_cost_here"])
    return Prospects(earned, now["site_load"], state.appetite)


def _rule(world: World) -> Rule:
    """Return how cards are given up and slots filled."""
    links, market, rule = world.links, world.parameters.market, world.parameters.behaviour.orders
    return Rule(
        float(rule.scrapping_quarters), links.hours, rule.refill_rate, links.survival,
        market.building.conversion_quarters,
    )  # fmt: skip


def _inflate(world: World) -> None:
    """Order more than is needed of makers that cut their buyers, where the rule rewards it."""
    state, rule = world.state, world.parameters.behaviour.allocation
    world.now.arrays["needed"] = state.ordered.copy()
    if RULES[rule.name] == PROPORTIONAL:
        fill = state.fill[world.structure.chip_supplier]
        state.ordered[:] = inflated_orders(world.now.arrays["needed"], fill, rule.inflation)
