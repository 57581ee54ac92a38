"""Phase 4: potential tasks grow, new workloads start, own use and labs follow their paths (B1)."""

import math

import numpy as np

from sim.economics.cells import Floats
from sim.economics.technology import decaying_growth, interpolate, last_quarter
from sim.economics.workloads import UNSET, renew, row_key
from sim.names import HOURS_PER_QUARTER
from sim.phases.technology import path
from sim.randomness import Decision, fold, normal, season, uniform
from sim.structure import IAAS, INFERENCE, TRAINING
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
        growth = decaying_growth(
            demand.growth_initial, demand.growth_final, demand.growth_decay_quarters, world.t - 1
        )
        shock = demand.shock_sd * normal(np.uint64(fold(key, np.uint64(structure.region_keys[r]))))
        state.potential[r] *= math.exp(growth + shock)
    for x, lab in enumerate(customers.labs.values()):
        state.lab_potential[x] = HOURS_PER_QUARTER * after(world, lab.h100e, lab.growth_after, lab.region)


def after(world: World, series: dict[str, float], growth: float, region: str) -> float:
    """Return an observed path continued at a growth that decays like the region's demand growth."""
    last = last_quarter(series)
    level = interpolate(series, world.quarter)
    demand = world.parameters.customers.demand.get(region)
    if world.quarter <= last or demand is None:
        return level
    ahead = world.quarter - last
    return level * math.exp(path(growth, demand.growth_final, demand.growth_decay_quarters, ahead))


def _potential(world: World) -> Floats:
    """Return potential tasks by customer (n,): enterprises by size, labs by their own paths."""
    customers = world.customers
    labs = len(world.structure.labs)
    potential = world.state.potential[customers.region] * customers.share
    if labs:
        potential[-labs:] = world.state.lab_potential
    return potential


def _training_shares(world: World) -> Floats:
    """Return the probability that a new workload is training, by customer (n,)."""
    customers = world.parameters.customers
    by_region = np.array(
        [
            interpolate(customers.demand[r].training_share, world.quarter) if r in customers.demand else 0.0
            for r in world.structure.regions
        ]
    )
    shares: Floats = by_region[world.customers.region]
    if customers.labs:
        shares[-len(customers.labs) :] = [lab.training_share for lab in customers.labs.values()]
    return shares


def _dated_contracts(world: World) -> None:
    """Tie new workloads of labs to the provider their dated contracts name."""
    rows, slots = world.workloads, world.slots
    world.now.forced = np.full(rows.volume.size, UNSET, dtype=np.int32)
    world.now.dates = np.full(rows.volume.size, -1, dtype=np.int16)
    first = (world.customers.key.size - len(world.structure.labs)) * slots
    key = season(world.seed, Decision.LAB_CONTRACT, world.t)
    for x, lab in enumerate(world.parameters.customers.labs.values()):
        for slot in range(slots):
            n = first + x * slots + slot
            if rows.status[n] != 0:
                continue
            u = uniform(np.uint64(row_key(key, world.customers.key[n // slots], slot)), np.uint64(0))
            for contract in lab.contracts:
                u -= contract.share
                if u < 0.0:
                    since, until = (world.structure.index_of(q) for q in (contract.since, contract.until))
                    if since <= world.t <= until:
                        _tie(world, n, contract.provider, contract.region, contract.stack, until)
                    break


def _tie(world: World, n: int, provider: str, region: str, stack: str, until: int) -> None:
    """Force row n to the IaaS product of a provider, where its customers' rules allow it."""
    workload = TRAINING if world.links.cell_workload[world.workloads.cell[n]] == TRAINING else INFERENCE
    pair = world.structure.pair_of(int(world.workloads.cell[n]), provider, IAAS, workload, region, stack)
    if pair is not None:
        world.now.forced[n] = pair
        world.now.dates[n] = until
