"""Phase 1, second part: what rules on rentals leave of compute abroad, for new contracts and for those that run.

Rules bind who signs and who has signed: of contracts and leases from before a rule, the part that is grandfathered runs
on to its end. What is to begin later meets the rules of its first quarter. K pairs of cell and product, n leases, L
pools, C dated contracts of labs.
"""

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.workloads import UNSET
from sim.policy.calendar import Quarterly
from sim.structure import INFERENCE
from sim.world import World

ALL = 1.0


def run(world: World, customers: Quarterly, firms: Quarterly) -> None:
    """Note what may be rented by ``customers`` and by ``firms``, and end what may not go on."""
    world.rentable, world.leasable = rentable(world, customers), leasable(world, firms)
    world.now.arrays["leases_refused"] = np.zeros(world.leasable.size)
    if customers.closes or firms.closes:
        before, spared = _before(world), world.parameters.behaviour.leasing.grandfathered
        _end_contracts(world, going_on(before[0], world.rentable, spared))
        _end_leases(world, going_on(before[1], world.leasable, spared))


def _before(world: World) -> tuple[Floats, Floats]:
    """Return what the rules of last quarter leave of today's cards, by pair (K,) and lease (n,).

    All in the first quarter: what was signed before the run was signed under no rule.
    """
    if world.t == 0:
        return world.links.every_pair, world.links.every_lease
    return rentable(world, world.rules_before["rentals"]), leasable(world, world.rules_before["leases"])


def going_on(before: Floats, now: Floats, spared: float) -> Floats:
    """Return the part of what was signed that goes on.

    Limits: 1 where no rule has become stricter, whatever cards came or went, and where all are spared.

    Args:
        before: part of today's cards that could be rented under the rules of last quarter.
        now: part of the same cards that may be rented under those of this one.
        spared: part of what was signed that no rule ends.
    """
    part = np.divide(now, before, out=np.ones(now.shape), where=now < before)
    return np.asarray(1.0 - (1.0 - spared) * (1.0 - part))


def left_of_dated(kept: Floats, may: Floats, since: Ints, t: int) -> Floats:
    """Return what a quarter ``t`` leaves of contracts or leases with dates (n,): all of those that are yet to begin.

    Args:
        kept: (n,) part that goes on, of those in force.
        may: (n,) part that may be rented, of those that begin now: they are signed under the rules of their first day.
        since: (n,) first quarter of each.
        t: quarter of the run.
    """
    return np.where(since < t, kept, np.where(since == t, may, ALL))


def _end_contracts(world: World, kept: Floats) -> None:
    """End contracts of customers but for the part ``kept`` (K,) of a pair; those of labs tie no more to new work."""
    if kept.min() < ALL:
        world.population.lapse(world, kept)
    contracts = world.contracts
    left = left_of_dated(_least(world, kept), _least(world, world.rentable), contracts.since, world.t)
    world.contracts = contracts._replace(share=contracts.share * left)


def _least(world: World, parts: Floats) -> Floats:
    """Return the least of the parts (K,) of the pairs that each dated contract of a lab prescribes (C,)."""
    pairs = world.contracts.pair
    found: Floats = np.where(pairs == UNSET, ALL, parts[np.maximum(pairs, 0)]).min(axis=1, initial=ALL)
    return found


def _end_leases(world: World, kept: Floats) -> None:
    """End leases but for the part ``kept`` (n,), and note in ``leases_refused`` the inference hours of what ended.

    A dated lease that begins is cut to what may be rented; firms decide on the others under the rules of their day.
    """
    state, links, leases, decided, t = world.state, world.links, world.leases, world.links.dated_leases, world.t
    left = left_of_dated(kept, world.leasable, leases.since, t)
    left[decided:] = kept[decided:]
    if left.min(initial=ALL) >= ALL:
        return
    given = np.where(links.pool_cards, state.owned[world.structure.pool_site], 0.0) @ state.card_hours
    running = (leases.since <= t) & (t <= leases.until)
    signed = state.let_hours.copy()
    signed[:decided] = np.where(running, leases.share * given[leases.lessor], 0.0)[:decided]
    world.now.arrays["leases_refused"] = signed * (1.0 - left)
    state.let_hours *= left
    world.leases = leases._replace(share=leases.share * left)


def rentable(world: World, rentals: Quarterly) -> Floats:
    """Return the share of the cards of a pair's pool that customers of its cell may rent (K,), by inference hours.

    Compute that stands in the customers' own region is not remote, so no rule asks for it.
    """
    links = world.links
    if not rentals.closes:
        return links.every_pair
    at_home: Bools = links.pool_region[links.pair_pool] == links.pair_region
    return np.where(at_home, ALL, _open_hours(world, rentals)[links.pair_region, links.pair_pool])


def leasable(world: World, rentals: Quarterly) -> Floats:
    """Return the share of a lessor's cards that its lessee may rent (n,), by inference hours.

    Cards in the region of the lessee's headquarters are not remote.
    """
    links, leases = world.links, world.leases
    if leases.lessor.size == 0 or not rentals.closes:
        return links.every_lease
    site = world.structure.pool_site[leases.lessee]
    return np.where(links.order_at_home[site], ALL, _open_hours(world, rentals)[site, leases.lessor])


def _open_hours(world: World, rentals: Quarterly) -> Floats:
    """Return the share of the inference hours of every pool that may be rented, by who asks (n, L): 1 is exact."""
    hours = world.state.operated * world.state.effective[:, INFERENCE]
    total, closed = hours.sum(axis=1), 1.0 - rentals.open
    shut = (closed[:, None, :] * hours).sum(axis=2)
    return np.asarray(1.0 - np.divide(shut, total, out=np.zeros_like(shut), where=total > 0.0))
