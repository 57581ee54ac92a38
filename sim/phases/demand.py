"""Phase 4: potential tasks grow, new workloads start, own use and labs follow their paths (B1)."""

import math

import numpy as np

from sim.economics.cells import Floats
from sim.economics.workloads import NEW, UNSET, renew, row_key
from sim.names import HOURS_PER_QUARTER
from sim.randomness import Decision, fold, normal, season, uniform
from sim.world import World


def run(world: World) -> None:
    """Grow demand by region, and renew every customer's oldest workload."""
    _grow(world)
    world.now.potential = _potential(world)
    training = _training_shares(world)
    slots, tastes = world.slots, len(world.structure.tastes)
    for opening in range(slots if world.t == 0 else 1):
        share = (opening + 1) / slots if world.t == 0 else 1.0
        slot = opening if world.t == 0 else world.t % slots
        key = season(world.seed, Decision.WORKLOAD, world.t - (slots - 1 - opening if world.t == 0 else 0) + slots)
        renew(world.workloads, world.customers, world.now.potential * share, training, slot, slots, tastes, key)
    _dated_contracts(world)


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


def _potential(world: World) -> Floats:
    """Return potential tasks by customer (n,): enterprises by size, labs by their own paths."""
    customers = world.customers
    potential = world.state.potential[customers.region] * customers.share
    rows = world.links.lab_of_row
    if rows.size:
        potential[-rows.size :] = world.state.lab_potential[rows] * customers.share[-rows.size :]
    return potential


def _training_shares(world: World) -> Floats:
    """Return the probability that a new workload is training, by customer (n,)."""
    shares: Floats = world.paths.training_share[world.t][world.customers.region]
    rows = world.links.lab_of_row
    if rows.size:
        shares[-rows.size :] = world.links.lab_training_share[rows]
    return shares


def _dated_contracts(world: World) -> None:
    """Tie new workloads of labs to the provider their dated contracts name."""
    rows, slots = world.workloads, world.slots
    world.now.forced = np.full(rows.volume.size, UNSET, dtype=np.int32)
    world.now.dates = np.full(rows.volume.size, -1, dtype=np.int16)
    first = rows.volume.size - world.links.lab_of_row.size * slots
    key = season(world.seed, Decision.LAB_CONTRACT, world.t)
    new = np.flatnonzero(rows.status[first:] == NEW) + first
    for n in map(int, new):
        contracts = world.links.contracts_in_force(int(world.links.lab_of_row[(n - first) // slots]), world.t)
        u = uniform(np.uint64(row_key(key, world.customers.key[n // slots], n % slots)), np.uint64(0))
        for contract in contracts:
            u -= contract.share
            if u < 0.0:
                pair = contract.pairs.get(int(rows.cell[n]))
                if pair is not None:
                    world.now.forced[n], world.now.dates[n] = pair, contract.until
                break
