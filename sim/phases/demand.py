"""Phase 4: potential tasks grow, new workloads start, labs follow their paths (B1)."""

import math

import numpy as np

from sim.economics.cells import Floats
from sim.names import HOURS_PER_QUARTER
from sim.randomness import Decision, fold, normal, season
from sim.world import World


def run(world: World) -> None:
    """Grow demand by region; growth arrives as new workloads."""
    before = world.state.potential.copy()
    _grow(world)
    _training(world, before)
    world.population.grow(world)


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


def _training(world: World, before: Floats) -> None:
    """Set how many new workloads of enterprises are training, so that the share of all tasks follows its path.

    Where potential shrinks, or growth cannot make up for the gap, the share lags behind.
    """
    state = world.state
    shrunk = np.divide(state.potential, before, out=np.ones_like(before), where=before > state.potential)
    kept = state.training_tasks * shrunk
    growth = np.maximum(state.potential - before, 0.0)
    missing = world.paths.training_share[world.t] * state.potential - kept
    share = np.divide(missing, growth, out=np.zeros_like(growth), where=growth > 0.0)
    world.now.new_training = np.clip(share, 0.0, 1.0)
    state.training_tasks[:] = kept + world.now.new_training * growth
