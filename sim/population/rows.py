"""Customers one by one: every workload is a row and draws its own choices by keyed shocks."""

import numpy as np

from sim.economics import rationing
from sim.economics.accounts import sums_by_region
from sim.economics.cells import Bools, Floats
from sim.economics.choice import Menu
from sim.economics.labs import follow
from sim.economics.service import Terms, run_on, settle
from sim.economics.serving import Asked, serve
from sim.economics.tally import Places, Tally, tally
from sim.economics.workloads import LOST, ON_DEMAND, UNSET, contestable, lapse, start
from sim.population.labs import labs_of_day, today
from sim.randomness import Decision, season, seasons
from sim.world import Used, World

RULES = {"lottery": rationing.LOTTERY, "reservations": rationing.RESERVATIONS, "bids": rationing.BIDS}


class Rows:
    """The verbs of a population over ``world.customers`` and ``world.workloads``."""

    def grow(self, world: World) -> None:
        """Start a new workload with every customer's growth, and tie those of labs to their dated contracts.

        In the first quarter all workloads are new, and alike.
        """
        state, links, slots, tastes = world.state, world.links, world.slots, len(world.structure.tastes)
        parts = range(1, slots + 1) if world.t == 0 else [slots]
        keys = np.array([season(world.seed, Decision.WORKLOAD, world.t + part) for part in parts])
        world.now.potential = start(
            world.workloads, world.customers, state.potential, world.now.new_training, links.lab_of_row,
            state.lab_potential, links.lab_training_share, world.contracts, slots, tastes, world.t, keys,
            season(world.seed, Decision.LAB_CONTRACT, world.t),
        )  # fmt: skip

    def volumes(self, world: World) -> Floats:
        """Return tasks held, and tasks wanted, by region (2, R)."""
        return sums_by_region(
            world.workloads.volume, world.now.potential, world.customers.region, world.slots,
            len(world.structure.regions),
        )  # fmt: skip

    def contestable(self, world: World, intensity: Floats) -> tuple[Floats, Floats]:
        """Return expected contestable tasks by cell and class (B, C), and tasks out of reach by pair (K,)."""
        links = world.links
        mass = np.empty((len(world.structure.cells), links.class_incumbent.size))
        locked = np.empty(links.pair_product.size)
        contestable(
            world.workloads, links.pair_provider, links.pair_service, links.pair_product, world.state.wanted, intensity,
            world.parameters.customers.switching.escalation, len(world.structure.providers), world.t, mass, locked,
        )  # fmt: skip
        return mass, locked

    def follow(self, world: World) -> None:
        """Let dated contracts of labs follow the prices of the day, and meet their use while it is observed."""
        lab, rows, tasks = world.links.lab_of_row, world.workloads, world.now.potential
        follow(rows, lab, world.slots, world.t, today(world), labs_of_day(world), tasks)

    def contracted(self, world: World) -> None:
        """Load every lane with the hours of contracts that run on, and note which workloads are free."""
        now, links, expiry = world.now, world.links, season(world.seed, Decision.EXPIRY, world.t)
        now.free, now.running = run_on(
            world.workloads, world.t, expiry, links.cell_region.size, now.hours, links.pair_lane, world.state.load
        )

    def serve(self, world: World, menu: Menu, terms: Terms) -> Asked:
        """Let free workloads choose, ration full pools, re-route, sign."""
        now, state, structure = world.now, world.state, world.structure
        asked = Asked.empty(len(structure.regions), len(structure.products))
        now.active = serve(
            world.workloads, now.free, menu, world.links.serving, terms, seasons(world.seed, world.t), state.kinds,
            state.load, RULES[world.parameters.behaviour.rationing.name], state.posted, now.intensity, asked,
        )  # fmt: skip
        return asked

    def settle(self, world: World) -> Used:
        """Add up hours, payments and backlog by customer region and product."""
        links, now, used = world.links, world.now, Used.empty(world)
        settle(
            world.workloads, links.cell_region, links.cell_start, links.pair_product, links.pair_lane, now.unit,
            now.hours, now.need, world.state.served_fraction, used.taken, used.paid, used.waiting, used.outside_tasks,
        )  # fmt: skip
        return used

    def lapse(self, world: World, kept: Floats) -> None:
        """End contracts but for a part of every pair, drawn by workload."""
        lapse(world.workloads, kept, season(world.seed, Decision.LAPSE, world.t))

    def release(self, world: World, gone: Bools) -> None:
        """End the contracts and the backlog of providers that are gone."""
        rows = world.workloads
        left = (rows.pair >= 0) & gone[world.links.pair_provider[np.maximum(rows.pair, 0)]]
        rows.status[left], rows.pair[left], rows.term[left], rows.waited[left] = LOST, UNSET, ON_DEMAND, 0
        rows.tasks[left] = rows.price[left] = 0.0

    def tally(self, world: World, places: Places, out: Tally) -> None:
        """Add up where demand was first wanted and where it ended."""
        now = world.now
        assert now.active is not None
        assert now.running is not None
        tally(world.workloads, now.running, now.active, places, out)
