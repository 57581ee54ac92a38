"""Phase 3, second part: projects that are not far enough when a mandate begins take their foreign cards out (B5)."""

import numpy as np

from sim.economics.cells import Floats
from sim.permits import Closed
from sim.phases.buying import credit
from sim.world import World


def remove(world: World, installed: Floats) -> None:
    """Take foreign cards out again of what was installed at sites (S, V) and delivered elsewhere this quarter.

    The cards that arrive in the quarter of the first day are those of the projects that are being built on it. They
    have been paid; their slots are free for what is ordered next.
    """
    state, sites = world.state, installed.shape[0]
    for mandate in world.conditions.measures.limits.mandates:
        part = np.outer(mandate.removed * mandate.places, mandate.foreign)
        if world.observed or not part.any():
            continue
        arrived = np.concatenate((installed, state.elsewhere_delivered))
        gone = arrived * part
        state.owned -= gone[:sites]
        state.cards[:, :, world.t + 1] -= gone[:sites]
        state.lost_cards += gone[:sites]
        state.elsewhere -= gone[sites:]
        state.elsewhere_cards[:, :, world.t + 1] -= gone[sites:]
        credit(world, Closed((mandate.id,), part[None]), arrived)
