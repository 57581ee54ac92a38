"""Phase 1: rules of the quarter: who may order which card where, on what terms, and who may rent what."""

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.links import ORDERING
from sim.policy import Use
from sim.policy.calendar import Quarterly
from sim.policy.leaders import leading
from sim.strategies.beliefs import believe
from sim.structure import INFERENCE
from sim.world import World

ORDERS = (*ORDERING, "regions")
"""Who orders: sites of providers, owners elsewhere, customers of a region for their own premises."""
RENTING = {"rentals": "regions", "leases": "sites"}
"""Who rents, by the names of the subjects of rules: customers of a region, and firms that rent from others."""


def run(world: World) -> None:
    """Ask the rules what is open by who asks; what they make of a quarter is kept while they say the same."""
    ground, calendar, subjects = world.ground, world.policy, world.links.subjects
    world.conditions = ground.conditions(world.quarter)
    leaders = leading(calendar, world.structure, world.state.chip_launch, world.t)
    ordering = {name: calendar.quarterly(Use.ORDER, name, subjects[name], world.quarter, leaders) for name in ORDERS}
    renting = {
        name: calendar.quarterly(Use.RENTAL, name, subjects[who], world.quarter, leaders)
        for name, who in RENTING.items()
    }
    world.rules_before, world.rules = world.rules or ordering, ordering | renting
    now = ordering["sites"].foreseen
    _believe(world, world.rules_before["sites"].foreseen if calendar.announces(world.quarter) else now, now)
    world.permits = ground.permits(ordering)
    world.rentable, world.leasable = rentable(world, renting["rentals"]), leasable(world, renting["leases"])


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
