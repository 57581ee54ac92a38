"""The market, quarter by quarter. A reader of this file knows the model; each phase is one file in ``phases``."""

from collections.abc import Callable, Iterable, Iterator

import mesa

from sim.agents import create_agents
from sim.ground import ground_of
from sim.ledger import Ledger
from sim.opening import open_customers, open_state, open_workloads
from sim.parameters import Parameters
from sim.phases import (
    audit,
    deliveries,
    demand,
    expectations,
    finance,
    investment,
    leasing,
    offers,
    orders,
    output,
    policy,
    pricing,
    production,
    service,
    technology,
    turnover,
)
from sim.population import population_of
from sim.record import Record
from sim.tables import MODEL_TABLES
from sim.tabulate import Columns, make_tables
from sim.world import Quarter, World

QUARTER: tuple[tuple[str, Callable[[World], None]], ...] = (
    ("turnover", turnover.run),
    ("policy", policy.run),
    ("technology", technology.run),
    ("deliveries", deliveries.run),
    ("demand", demand.run),
    ("pricing", pricing.run),
    ("service", service.run),
    ("output", output.run),
    ("offers", offers.run),
    ("expectations", expectations.run),
    ("orders", orders.run),
    ("production", production.run),
    ("leasing", leasing.run),
    ("investment", investment.run),
    ("finance", finance.run),
    ("audit", audit.run),
)
"""The quarter: each phase reads the state as it stands and commits once."""


class ComputeMarket(mesa.Model):
    """Providers, suppliers and customers competing for AI compute, one quarter per step."""

    def __init__(self, parameters: Parameters, seed: int = 1) -> None:
        """Open the market.

        Args:
            parameters: validated parameters.
            seed: seed of all keyed draws; Mesa's own generators are never drawn from.
        """
        super().__init__(rng=seed)
        ground = ground_of(parameters)
        structure = ground.structure
        customers = open_customers(structure, seed)
        workloads = open_workloads(customers, parameters.customers.workloads_per_enterprise)
        ledger = Ledger(len(structure.providers), len(structure.suppliers), len(structure.regions))
        population = population_of(structure, ground.links)
        self.world = World(ground, open_state(structure), customers, workloads, ledger, population, seed)
        self.record = Record(self.world)
        self.stage = "opening"
        create_agents(self)

    def step(self) -> None:
        """Simulate one quarter."""
        for _ in self.phases():
            pass

    def phases(self) -> Iterator[str]:
        """Simulate one quarter, and pause after each of its phases to say its name."""
        world = self.world
        world.now = Quarter()
        world.ledger.clear()
        for name, phase in QUARTER:
            self.stage = name
            phase(world)
            yield name
        self.record.take(world)
        world.t += 1

    @property
    def finished(self) -> bool:
        """Whether the last quarter has been simulated."""
        return self.world.t >= self.world.structure.quarters

    def run(self, progress: Callable[[], None] | None = None) -> "ComputeMarket":
        """Simulate to the end; ``progress`` is called after every quarter."""
        while not self.finished:
            self.step()
            if progress is not None:
                progress()
        self.stage = "done"
        return self

    def tables(self, names: Iterable[str] = MODEL_TABLES) -> dict[str, Columns]:
        """Return output tables by name, each a mapping of column to array (see ``sim.tables``)."""
        return make_tables(self.world, self.record, names)
