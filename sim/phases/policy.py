"""Phase 1: rules of the quarter: who may order which card where, on what terms, and who may rent what."""

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.links import ORDERING
from sim.phases.buying import closed_abroad, closed_alone, closed_by_rules
from sim.policy import Use
from sim.policy.calendar import Quarterly
from sim.policy.leaders import leading
from sim.strategies.beliefs import believe
from sim.structure import INFERENCE
from sim.world import World, conditions

ORDERS = (*ORDERING, "regions")
"""Who orders: sites of providers, owners elsewhere, customers of a region for their own premises."""
RENTING = {"rentals": "regions", "leases": "sites"}
"""Who rents, by the names of the subjects of rules: customers of a region, and firms that rent from others."""
HALF = 0.5
"""Cards of which rules close more than this decide no cost: others have to be taken for most of what is wanted."""


def run(world: World) -> None:
    """Ask the calendar for every (place, card), where anything has changed since it was last asked.

    Sets ``world.rules``: what is open by who asks; and ``world.permits``: ``order_site`` (S, V), ``order_pool`` (L, V)
    of its stack, ``own`` (R, V) what customers may buy of merchants; ``closed`` and ``alone``: what each rule on cards
    closes, ``abroad``: whether another government than the destination's does; ``rent_pair`` (K,): the share of the
    cards of a pair's pool that customers of its cell may rent; ``leases`` (n,): of a lessor's pool that its lessee may,
    where firms decide. Sets ``world.conditions``: what instruments beside rules on cards make of costs, contracts and
    credit.
    """
    measures = world.instruments.over(world.quarter)
    if measures is not world.conditions.measures:
        world.conditions = conditions(measures, world.structure, world.links)
    calendar, subjects = world.policy, world.links.subjects
    leaders = leading(calendar, world.structure, world.state.chip_launch, world.t)
    found = {name: calendar.quarterly(Use.ORDER, name, subjects[name], world.quarter, leaders) for name in ORDERS}
    for name, who in RENTING.items():
        found[name] = calendar.quarterly(Use.RENTAL, name, subjects[who], world.quarter, leaders)
    world.rules_before = world.rules or found
    now = found["sites"].foreseen
    _believe(world, world.rules_before["sites"].foreseen if calendar.announces(world.quarter) else now, now)
    changed = any(found[name] is not world.rules.get(name) for name in ORDERS)
    world.rules = found
    if changed:
        world.permits |= {
            "order_site": found["sites"].open > 0.0,
            "order_pool": world.links.pool_cards & (found["sites"].open > HALF)[world.structure.pool_site],
            "own": (found["regions"].open > HALF) & world.links.chip_merchant,
            "closed": closed_by_rules(world),
            "alone": closed_alone(world),
            "abroad": closed_abroad(world),
        }
    world.permits["rent_pair"] = rentable(world, found["rentals"])
    world.permits["leases"] = leasable(world, found["leases"])


def _believe(world: World, before: Floats, after: Floats) -> None:
    """Let firms learn from what was announced since a quarter ago, ``foreseen`` (S, V) then and now."""
    family = world.parameters.behaviour.tightening
    if family.name == "adaptive":
        believe(world.state.tightening, before, after, world.links.chip_region, family.adaptive.weight)


def rentable(world: World, rentals: Quarterly) -> Floats:
    """Return the share of the cards of a pair's pool that customers of its cell may rent (K,), by inference hours.

    Compute that stands in the customers' own region is not remote, so no rule asks for it.
    """
    links = world.links
    if rentals.open.min() >= 1.0:
        return links.every_pair
    at_home: Bools = links.pool_region[links.pair_pool] == links.pair_region
    return np.where(at_home, 1.0, _open_hours(world, rentals)[links.pair_region, links.pair_pool])


def leasable(world: World, rentals: Quarterly) -> Floats:
    """Return the share of a lessor's cards that its lessee may rent (n,), by inference hours, where firms decide.

    Cards in the region of the lessee's headquarters are not remote.
    """
    links, leases = world.links, world.leases
    lessor, lessee = leases.lessor[links.dated_leases :], leases.lessee[links.dated_leases :]
    if lessor.size == 0 or rentals.open.min() >= 1.0:
        return np.ones(lessor.size)
    site = world.structure.pool_site[lessee]
    return np.where(links.order_at_home[site], 1.0, _open_hours(world, rentals)[site, lessor])


def _open_hours(world: World, rentals: Quarterly) -> Floats:
    """Return the share of the inference hours of every pool that may be rented, by who asks (n, L): 1 is exact."""
    hours = world.state.operated * world.state.effective[:, INFERENCE]
    total, closed = hours.sum(axis=1), 1.0 - rentals.open
    shut = (closed[:, None, :] * hours).sum(axis=2)
    return np.asarray(1.0 - np.divide(shut, total, out=np.zeros_like(shut), where=total > 0.0))
