"""Phase 1: rules of the quarter: who may order which card where, on what terms, and who may rent what."""

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.links import ORDERING
from sim.policy import Use
from sim.policy.calendar import Quarterly
from sim.policy.leaders import leading
from sim.strategies.beliefs import believe
from sim.world import World, conditions

ORDERS = (*ORDERING, "regions")
"""Who orders: sites of providers, owners elsewhere, customers of a region for their own premises."""
HALF = 0.5
"""Cards of which rules close more than this decide no cost: others have to be taken for most of what is wanted."""


def run(world: World) -> None:
    """Ask the calendar for every (place, card), where anything has changed since it was last asked.

    Sets ``world.rules``: what is open by who asks; and ``world.permits``: ``order_site`` (S, V), ``order_pool`` (L, V)
    of its stack, ``own`` (R, V) what customers may buy of merchants, and ``rent_pair`` (K,): the share of the cards of
    a pair's pool that customers of its cell may rent. Sets ``world.conditions``: what instruments beside rules on cards
    make of costs, contracts and credit.
    """
    measures = world.instruments.over(world.quarter)
    if measures is not world.conditions.measures:
        world.conditions = conditions(measures, world.structure, world.links)
    calendar, subjects = world.policy, world.links.subjects
    leaders = leading(calendar, world.structure, world.state.chip_launch, world.t)
    found = {name: calendar.quarterly(Use.ORDER, name, subjects[name], world.quarter, leaders) for name in ORDERS}
    found["rentals"] = calendar.quarterly(Use.RENTAL, "rentals", subjects["regions"], world.quarter, leaders)
    world.rules_before = world.rules or found
    now = found["sites"].foreseen
    _believe(world, world.rules_before["sites"].foreseen if calendar.announces(world.quarter) else now, now)
    if all(found[name] is world.rules.get(name) for name in ORDERS):
        world.rules = found
        world.permits["rent_pair"] = rentable(world, found["rentals"])
        return
    world.rules = found
    world.permits = {
        "order_site": found["sites"].open > 0.0,
        "order_pool": world.links.pool_cards & (found["sites"].open > HALF)[world.structure.pool_site],
        "own": (found["regions"].open > HALF) & world.links.chip_merchant,
        "rent_pair": rentable(world, found["rentals"]),
    }


def _believe(world: World, before: Floats, after: Floats) -> None:
    """Let firms learn from what was announced since a quarter ago, ``foreseen`` (S, V) then and now."""
    family = world.parameters.behaviour.tightening
    if family.name == "adaptive":
        believe(world.state.tightening, before, after, world.links.chip_region, family.adaptive.weight)


def rentable(world: World, rentals: Quarterly) -> Floats:
    """Return the share of the cards of a pair's pool that customers of its cell may rent (K,), by inference hours.

    Compute that stands in the customers' own region is not remote, so no rule asks for it.
    """
    links, state = world.links, world.state
    if rentals.open.min() >= 1.0:
        return links.every_pair
    hours = state.operated * world.structure.chip_effective[:, 1]
    total = hours.sum(axis=1)
    open_: Floats = np.ones((rentals.open.shape[0], total.size))
    np.divide(rentals.open @ hours.T, total, out=open_, where=total > 0.0)
    at_home: Bools = links.pool_region[links.pair_pool] == links.pair_region
    return np.where(at_home, 1.0, open_[links.pair_region, links.pair_pool])
