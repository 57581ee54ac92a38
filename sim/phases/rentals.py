"""Phase 1, second part: what rules on rentals leave of compute abroad, for new contracts and for those that run.

Rules bind who signs and who has signed: of contracts and leases from before a rule, the part that is grandfathered runs
on to its end. K pairs of cell and product, n leases, L pools.
"""

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.economics.workloads import UNSET
from sim.policy.calendar import Quarterly
from sim.structure import INFERENCE
from sim.world import World

ALL = 1.0


def run(world: World, customers: Quarterly, firms: Quarterly) -> None:
    """Note what may be rented by ``customers`` and by ``firms``, and end what may not go on."""
    before = world.rentable, world.leasable
    world.rentable, world.leasable = rentable(world, customers), leasable(world, firms)
    world.now.arrays["leases_refused"] = np.zeros(world.leasable.size)
    if customers.closes or firms.closes:
        spared = world.parameters.behaviour.leasing.grandfathered
        _end_contracts(world, going_on(before[0], world.rentable, spared))
        _end_leases(world, going_on(before[1], world.leasable, spared))


def going_on(before: Floats, now: Floats, spared: float) -> Floats:
    """Return the part of what was signed that goes on, by the part that may be rented ``before`` and ``now``.

    Limits: 1 where no rule has become stricter, and where all are spared.
    """
    part = np.divide(now, before, out=np.ones(now.shape), where=now < before)
    return np.asarray(1.0 - (1.0 - spared) * (1.0 - part))


def _end_contracts(world: World, kept: Floats) -> None:
    """End contracts of customers but for the part ``kept`` (K,) of a pair; those of labs tie no more to new work."""
    if kept.min() >= ALL:
        return
    world.population.lapse(world, kept)
    pairs = world.contracts.pair
    least = np.where(pairs == UNSET, ALL, kept[np.maximum(pairs, 0)]).min(axis=1, initial=ALL)
    world.contracts = world.contracts._replace(share=world.contracts.share * least)


def _end_leases(world: World, kept: Floats) -> None:
    """End leases but for the part ``kept`` (n,), and note in ``leases_refused`` the inference hours of what ended."""
    if kept.min(initial=ALL) >= ALL:
        return
    state, links, leases, decided = world.state, world.links, world.leases, world.links.dated_leases
    given = np.where(links.pool_cards, state.owned[world.structure.pool_site], 0.0) @ state.card_hours
    signed = state.let_hours.copy()
    signed[:decided] = (state.let_share * given[leases.lessor])[:decided]
    world.now.arrays["leases_refused"] = signed * (1.0 - kept)
    state.let_hours *= kept
    world.leases = leases._replace(share=leases.share * kept)


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
