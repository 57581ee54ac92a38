"""Phase 1: rules of the quarter: who may order which chip where, and who may rent what."""

import numpy as np

from sim.policy import Use
from sim.world import World


def run(world: World) -> None:
    """Ask the calendar for every (place, chip); the null policy is asked once, as it never changes.

    Sets ``permits``: ``order`` (R, V) by region, ``order_site`` (S, V), ``order_elsewhere`` (W, V), ``order_pool``
    (L, V) of its stack, ``own`` (R, V) what customers may buy of merchants, ``rent`` (R, V) by customer region, and
    ``rent_pair`` (K,): whether customers of the pair's cell may rent any card of its pool.
    """
    if world.permits and not world.parameters.policy.instruments:
        return
    structure, parameters, links = world.structure, world.parameters, world.links
    chips = list(structure.catalogue.values())
    origins = [parameters.suppliers[c.supplier].headquarters for c in chips]
    places = {
        "order": [(r, r) for r in structure.regions],
        "order_site": [(structure.regions[s.region], _headquarters(world, s.provider)) for s in structure.sites],
        "order_elsewhere": [(x.region, x.headquarters) for x in parameters.rest_of_world.values()],
    }
    for name, pairs in places.items():
        world.permits[name] = world.policy.permits(chips, origins, pairs, Use.ORDER, world.quarter)
    world.permits["order_pool"] = links.pool_cards & world.permits["order_site"][structure.pool_site]
    world.permits["own"] = world.permits["order"] & links.chip_merchant
    rent = world.policy.permits(chips, origins, places["order"], Use.RENTAL, world.quarter)
    cards = links.pool_cards[links.pair_pool]
    world.permits["rent"] = rent
    world.permits["rent_pair"] = np.asarray((rent[links.cell_region][links.pair_cell] & cards).any(axis=1))


def _headquarters(world: World, provider: int) -> str:
    return world.parameters.providers[world.structure.providers[provider]].headquarters
