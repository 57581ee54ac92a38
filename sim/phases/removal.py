"""Phase 3, second part: projects that are not far enough when a mandate begins take their foreign cards out (B5)."""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.fleets import worth
from sim.phases.buying import credit
from sim.policy.mandates import Mandate, by_origin, foreign_left, removed, strictest
from sim.world import World


def remove(world: World, installed: Floats) -> None:
    """Take foreign cards out again of what was installed at sites (S, V) and delivered elsewhere this quarter.

    The cards that arrive in the quarter of the first day are those of the projects that are being built on it. They
    have been paid; their slots are free for what is ordered next. Of several mandates the strictest counts. Sets
    ``removed`` (S + W, V).
    """
    state, sites, t = world.state, installed.shape[0], world.t + 1
    world.now.arrays["removed"] = np.zeros((sites + state.elsewhere.shape[0], installed.shape[1]))
    found = [x for x in world.conditions.measures.limits.mandates if x.incomplete > 0.0]
    if world.observed or not found:
        return
    arrived = np.concatenate((installed, state.elsewhere_delivered))
    left, gone = np.array([1.0 - _part(world, mandate, arrived) for mandate in found]), world.now.arrays["removed"]
    for mandate, part in zip(found, strictest(left, np.ones(arrived.shape)), strict=True):
        out = arrived * (1.0 - part)
        taken = worth(out, world.structure.chip_h100e)
        credit(world, mandate.id, np.stack((taken, np.zeros(taken.size))))
        gone += out
    state.cards[:, :, t] -= gone[:sites]
    state.owned -= gone[:sites]
    state.lost_cards += gone[:sites]
    state.elsewhere_cards[:, :, t] -= gone[sites:]
    state.elsewhere -= gone[sites:]


def _part(world: World, mandate: Mandate, arrived: Floats) -> Floats:
    """Return the part of arrived cards (n, V) that a mandate takes out, beyond what it lets a firm have."""
    foreign, domestic = by_origin(arrived, mandate.places, mandate.foreign, world.structure.chip_h100e)
    allowed = foreign_left(mandate, world.links.order_firm, foreign, domestic, domestic)
    return np.outer(removed(mandate, allowed), mandate.foreign)
