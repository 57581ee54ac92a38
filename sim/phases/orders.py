"""Phase 9: cards that lose money are given up, and powered slots are filled with new ones, if rules and money allow.

Up to the end of history the observed deliveries arrive whatever is ordered; after it suppliers accept what they can
make, see ``phases.production``.
"""

import numpy as np

from sim.economics.baskets import Shelf, chosen_cards
from sim.economics.cells import Floats
from sim.economics.vacancies import Fleet, Offers, Prospects, Rule, afford, power_for_orders
from sim.phases import grey_market, policy
from sim.phases.buying import buy, mixed, shelf
from sim.phases.stockpiling import from_store, stockpile
from sim.strategies.allocation import PROPORTIONAL, RULES, inflated_orders
from sim.strategies.make_or_buy import Supply, move_to_own
from sim.structure import INFERENCE, PAST
from sim.world import World


def run(world: World) -> None:
    """Decide what to scrap and what to order."""
    on_sale = _best_offers(world)
    now, structure = world.now.arrays, world.structure
    now["cash_limit"] = np.ones(len(structure.sites))
    now["denied"] = now["removed"].copy()
    if world.t + 1 >= structure.history:
        _order(world, on_sale)
    grey_market.run(world)
    policy.learn(world)


def _best_offers(world: World) -> Shelf:
    """Note the best card of every supplier at every site and what shares they get; return what is on sale."""
    now = world.now.arrays
    on_sale = shelf(world, now["site_cost"])
    open_ = world.rules["sites"].open * world.state.left[: len(world.structure.sites)]
    world.now.best = chosen_cards(on_sale, open_ > 0.0)
    _make_or_buy(world, open_)
    now["mix"], now["mw_hours"] = mixed(world, on_sale, world.now.best)
    return on_sale


def _make_or_buy(world: World, open_: Floats) -> None:
    """Let owners of makers decide how much they take from them, where that is a decision; ``open_`` (S, V) to sites."""
    makers, state, structure = world.links.makers, world.state, world.structure
    if world.parameters.behaviour.make_or_buy.name == "npv" and world.t + 1 >= structure.history:
        move_to_own(
            world.now.best, state.chip_price, state.chip_cost, state.effective, state.delivered,
            structure.site_provider, makers.owner, makers.merchant, makers.generation, _supply(world, open_),
            makers.making, state.making,
        )  # fmt: skip


def _supply(world: World, open_: Floats) -> Supply:
    """Return on what terms rules let cards come to sites: what is open, what is feared, what is paid over the price."""
    links, granted = world.links, world.conditions.measures.support.cards
    paid = (1.0 + world.rules["sites"].duty) * (1.0 - granted[links.site_region])
    return Supply(open_, world.state.tightening, links.chip_region, paid)


def _order(world: World, on_sale: Shelf) -> None:
    """Order cards for the slots that will be free, and for those that are worth more with a new card."""
    state, now = world.state, world.now.arrays
    now["earned"] = np.empty(state.energised_mw.size)
    power = power_for_orders(
        _fleet(world), _offers(world), _prospects(world), world.works, world.links.builders, _rule(world),
        PAST + world.t + 1, now["earned"],
    )  # fmt: skip
    buy(world, on_sale, from_store(world, power))
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


def _offers(world: World) -> Offers:
    """Return the best cards that sites may have."""
    now = world.now.arrays
    return Offers(world.now.best, now["mix"], now["site_cost"], world.paths.shell_cost[world.t], now["mw_hours"])


def _prospects(world: World) -> Prospects:
    """Return what sites expect of the next quarter."""
    state, now = world.state, world.now.arrays
    return Prospects(
        now["price_ahead"], state.own_price, now["long_run_here"], now["site_load"], world.conditions.stance.hurdle,
        state.appetite,
    )  # fmt: skip


def _rule(world: World) -> Rule:
    """Return how cards are given up and slots filled."""
    links, market, rule = world.links, world.parameters.market, world.parameters.behaviour.orders
    return Rule(
        links.shell_recovery, market.utilisation.maximum, float(rule.scrapping_quarters), links.hours,
        rule.refill_rate, links.survival, rule.steepness, market.building.conversion_quarters,
    )  # fmt: skip


def _inflate(world: World) -> None:
    """Order more than is needed of makers that cut their buyers, where the rule rewards it."""
    state, rule = world.state, world.parameters.behaviour.allocation
    world.now.arrays["needed"] = state.ordered.copy()
    if RULES[rule.name] == PROPORTIONAL:
        fill = state.fill[world.structure.chip_supplier]
        state.ordered[:] = inflated_orders(world.now.arrays["needed"], fill, rule.inflation)
