"""Phase 4: potential tasks grow, new workloads start, own use and labs follow their paths (B1)."""

import math

import numpy as np

from sim.names import HOURS_PER_QUARTER
from sim.randomness import Decision, fold, normal, season
from sim.world import World


def run(world: World) -> None:
    """Grow demand by region, and renew every customer's oldest workload."""
    _grow(world)
    world.population.renew(world)


def _grow(world: World) -> None:
    """Advance potential tasks: ``ln M(t+1) = ln M(t) + gamma(t) + sigma eps``, and the paths of labs."""
    customers, structure, state = world.parameters.customers, world.structure, world.state
    key = season(world.seed, Decision.DEMAND, world.t)
    for r, name in enumerate(structure.regions):
        if name not in customers.demand:
            continue
        demand = customers.demand[name]
        if world.t == 0:
            state.potential[r] = demand.initial_tasks_h100e * HOURS_PER_QUARTER
            continue
        shock = demand.shock_sd * normal(np.uint64(fold(key, np.uint64(structure.region_keys[r]))))
        state.potential[r] *= math.exp(world.paths.demand_growth[world.t, r] + shock)
    state.lab_potential[:] = world.paths.labs[world.t] / state.lab_hours
