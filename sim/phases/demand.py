"""Phase 4: potential tasks grow, new workloads start, labs follow their paths (B1)."""

import numpy as np

from sim.economics.potential import grow_potential, new_training
from sim.randomness import Decision, season
from sim.world import World


def run(world: World) -> None:
    """Grow demand by region and lab; growth arrives as new workloads."""
    state, paths, links = world.state, world.paths, world.links
    before = state.potential.copy()
    if world.t == 0:
        state.potential[:] = links.opening_tasks
    else:
        key = season(world.seed, Decision.DEMAND, world.t)
        grow_potential(
            state.potential, paths.demand_growth[world.t], links.demand_shock, world.structure.region_key, key
        )
    np.divide(paths.labs[world.t], state.lab_hours, out=state.lab_potential)
    world.now.new_training = new_training(
        before, state.potential, paths.training_share[world.t], state.training_tasks
    )  # fmt: skip
    world.population.grow(world)
