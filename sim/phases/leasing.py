"""Phase 9: who rents rather than builds, or may not order cards, signs leases with those who have idle ones (B5, B7).

Rules on rentals bind who signs; of what was signed before, see ``phases.rentals``.
"""

import numpy as np

from sim.economics.cells import Floats
from sim.strategies.leasing import Cards, Trade, sign_leases
from sim.world import World


def run(world: World) -> None:
    """Set the rent of next quarter and what is let; leases of the history are observed."""
    state, links = world.state, world.links
    world.now.arrays["renting"] = _renting(world)
    if links.dated_leases == state.let_hours.size or world.t + 1 < world.structure.history:
        return
    behaviour = world.parameters.behaviour
    state.rent[:] = (1.0 - behaviour.leasing.discount) * state.hosted_price
    sign_leases(
        _cards(world), _trade(world), world.leases_ahead, links.dated_leases, state.rent, world.t,
        behaviour.expectations.largest_growth, behaviour.orders.steepness, 1.0 / behaviour.leasing.term_quarters,
        world.leasable[links.dated_leases :], state.let_hours,
        world.now.arrays["leases_refused"][links.dated_leases :],
    )  # fmt: skip


def _renting(world: World) -> Floats:
    """Return what part of what it is missing every site would rent (S,).

    Abroad also what rules deny of the cards that it lacks: of H100e delivered anywhere.
    """
    links = world.links
    delivered, part = world.state.shipped * world.structure.chip_h100e, links.denied_leasing
    total = delivered.sum()
    if total <= 0.0:
        return links.leasing
    open_ = world.rules["sites"].open * world.state.left[: part.size]
    return np.asarray(np.maximum(links.leasing, part * ((1.0 - open_) @ delivered / total)))


def _cards(world: World) -> Cards:
    state, links = world.state, world.links
    return Cards(
        state.owned, state.scrapped, state.may_go, state.accepted, state.for_store, state.from_store, links.survival,
        state.card_hours, world.structure.pool_site, links.pool_cards,
    )  # fmt: skip


def _trade(world: World) -> Trade:
    state, links, now = world.state, world.links, world.now.arrays
    return Trade(
        links.site_region, state.first_share, now["site_demand"], now["captive"], now["growth_ahead"], now["earned"],
        now["renting"], links.rent_hurdle, world.now.most, state.load,
    )  # fmt: skip
