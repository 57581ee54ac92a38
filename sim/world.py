"""What a phase sees: structure, links, paths, state, customers, and what the phases of a quarter hand to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from sim.conditions import Conditions
from sim.economics.baskets import Shelf
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.choice import Menu
from sim.economics.fleets import Leases
from sim.economics.licensing import Under
from sim.economics.service import Active, Running, Terms
from sim.economics.serving import Asked
from sim.economics.tally import Places, Tally
from sim.economics.workloads import UNSET, Customers, DatedContracts, Workloads
from sim.economics.works import Works
from sim.ground import Ground
from sim.ledger import Ledger
from sim.links import Links
from sim.parameters import Parameters
from sim.parameters.behaviour import BestResponse, Equilibrium
from sim.paths import Paths
from sim.permits import Permits
from sim.policy import Calendar
from sim.policy.calendar import Quarterly
from sim.state import State
from sim.structure import Structure


@dataclass
class Quarter:
    """What the phases of one quarter hand to each other, and the record reads at its end; set when it is known."""

    potential: Floats = field(init=False)
    """(n,) potential tasks by customer."""
    new_training: Floats = field(init=False)
    """(R,) probability that a new workload of an enterprise is training."""
    free: Ints = field(init=False)
    """(m,) workload rows that no contract binds, in ascending order."""
    unit: Floats = field(init=False)
    """(K,) units of product per task."""
    log_unit: Floats = field(init=False)
    """(K,) ln of ``unit``."""
    hours: Floats = field(init=False)
    """(K,) hours of the lane per task."""
    intensity: Floats = field(init=False)
    """(K,) usage per unit of volume at posted prices."""
    need: Floats = field(init=False)
    """(K,) hours of the lane per unit of volume: ``hours`` times ``intensity``."""
    most: Floats = field(init=False)
    """(2, L) training hours of every pool if nothing infers, and inference hours if nothing trains."""
    on_sale: Shelf = field(init=False)
    """What sites may buy for the next quarter."""
    running: Running | None = None
    active: Active | None = None
    under: Under = field(init=False)
    """``World.standing`` as limits have cut orders so far; of what was not bought ahead of quotas."""
    stopped: dict[str, Bools] = field(default_factory=dict)
    """(S + W,) whether a quota, cap or mandate cut what a place would order, by its id: see ``phases.buying``."""
    lifted: dict[str, Floats] = field(default_factory=dict)
    """(S + W,) H100e more that each place would order of a rule's cards, if it alone were lifted, by its id."""
    foreseen: dict[str, Bools] = field(default_factory=dict)
    """(S + W,) whether a place knows that a quota, cap or mandate will close what it orders, by its id."""
    own_dearer: dict[str, Floats] = field(default_factory=dict)
    """(R,) how much less own cards would cost customers, of the usual use, if a rule alone were lifted, by its id."""
    bound: dict[str, Floats] = field(default_factory=dict)
    """(2, S + W) H100e and USD m of orders that an instrument closed, by its id: see ``phases.buying``."""
    arrays: dict[str, Floats] = field(default_factory=dict)
    """Measured quantities by name, see ``record``."""


class Used(NamedTuple):
    """What customers used and paid in a quarter. R regions, J products."""

    taken: Floats
    """(R, J) hours served."""
    paid: Floats
    """(R, J) payments, USD."""
    waiting: Floats
    """(R, J) hours waiting, by first choice."""
    outside_tasks: Floats
    """(R,) tasks on premises."""

    @classmethod
    def empty(cls, world: "World") -> "Used":
        """Return columns to be filled."""
        by_product = (len(world.structure.regions), len(world.structure.products))
        return cls(np.empty(by_product), np.empty(by_product), np.empty(by_product), np.empty(by_product[0]))


class Population(Protocol):
    """Who holds demand: the verbs by which the phases of a quarter move it. See ``sim.population``."""

    def grow(self, world: "World") -> None:
        """Let all growth of potential demand arrive as new workloads."""

    def volumes(self, world: "World") -> Floats:
        """Return tasks held, and tasks wanted, by region (2, R)."""

    def contestable(self, world: "World", intensity: Floats) -> tuple[Floats, Floats]:
        """Return expected contestable tasks by cell and class (B, C), and tasks out of reach by pair (K,).

        ``intensity`` (K,) is the usage per unit of volume expected of a new contract.
        """

    def follow(self, world: "World") -> None:
        """Let dated contracts of labs follow the prices of the day, and meet their use while it is observed."""

    def contracted(self, world: "World") -> None:
        """Load every lane with the hours of contracts that run on."""

    def serve(self, world: "World", menu: Menu, terms: Terms) -> Asked:
        """Let what is free choose, ration full pools, re-route, sign."""

    def settle(self, world: "World") -> Used:
        """Add up hours, payments and backlog by customer region and product."""

    def lapse(self, world: "World", kept: Floats) -> None:
        """End contracts but for the part ``kept`` (K,) of every pair: their customers choose anew this quarter."""

    def release(self, world: "World", gone: Bools) -> None:
        """End contracts and backlog of providers (I,) that are gone: their customers ask anew, tied to nobody."""

    def tally(self, world: "World", places: Places, out: Tally) -> None:
        """Add up where demand was first wanted and where it ended."""


@dataclass
class World:
    """Everything a phase may read, and the state it may write."""

    ground: Ground
    state: State
    customers: Customers
    workloads: Workloads
    ledger: Ledger
    population: Population
    seed: int
    parameters: Parameters = field(init=False)
    structure: Structure = field(init=False)
    links: Links = field(init=False)
    paths: Paths = field(init=False)
    policy: Calendar = field(init=False)
    t: int = 0
    """Position of the quarter in the run."""
    now: Quarter = field(default_factory=Quarter)
    leases: Leases = field(init=False)
    """Leases between providers; those of a firm that is wound up end, and of others what rules on rentals close."""
    contracts: DatedContracts = field(init=False)
    """Dated contracts of labs, likewise."""
    rules: Mapping[str, Quarterly] = field(default_factory=dict)
    """What the rules leave open this quarter, by who asks: see ``phases.policy``."""
    rules_before: Mapping[str, Quarterly] = field(default_factory=dict)
    """The same of the last quarter, in which what is delivered now was ordered."""
    under: Mapping[str, Floats] = field(default_factory=dict)
    """(S + W, V) part of orders accepted this quarter on the terms of licences, by id, where limits cut it."""
    under_before: Mapping[str, Floats] = field(default_factory=dict)
    """The same of the last quarter."""
    permits: Permits = field(init=False)
    """What follows from that for orders."""
    standing: Under = field(init=False)
    """What part of orders stands under each licence, cap and mandate before any of them cuts."""
    rentable: Floats = field(init=False)
    """(K,) share of the cards of a pair's pool that customers of its cell may rent."""
    leasable: Floats = field(init=False)
    """(n,) share of a lessor's cards that its lessee may rent."""
    conditions: Conditions = field(init=False)
    """What the other instruments make of costs, contracts and credit this quarter."""

    def __post_init__(self) -> None:
        ground = self.ground
        self.structure, self.links, self.paths = ground.structure, ground.links, ground.paths
        self.parameters, self.policy = ground.structure.parameters, ground.calendar
        self.leases, self.contracts = self.links.leases, self.links.dated_contracts
        self.rentable, self.leasable = self.links.every_pair, self.links.every_lease
        self.conditions = ground.conditions(self.quarter)

    def end_contracts(self, gone: Bools) -> None:
        """End the leases and dated contracts of providers (I,) that are gone, with the quarter before this one."""
        links, last = self.links, self.t - 1
        leases, contracts = self.leases, self.contracts
        broken = gone[links.pool_provider[leases.lessor]] | gone[links.pool_provider[leases.lessee]]
        self.leases = leases._replace(until=np.where(broken, np.minimum(leases.until, last), leases.until))
        prescribed = contracts.pair.max(axis=1, initial=UNSET)
        void = (prescribed >= 0) & gone[links.pair_provider[np.maximum(prescribed, 0)]]
        self.contracts = contracts._replace(until=np.where(void, np.minimum(contracts.until, last), contracts.until))

    @property
    def leases_ahead(self) -> Leases:
        """Leases as firms reckon with them: what today's rules would let of those that are yet to begin."""
        if self.leasable is self.links.every_lease:
            return self.leases
        coming = self.leases.since > self.t
        return self.leases._replace(share=self.leases.share * np.where(coming, self.leasable, 1.0))

    @cached_property
    def slots(self) -> int:
        """Workloads per customer."""
        return self.parameters.customers.workloads_per_enterprise

    @property
    def works(self) -> Works:
        """Halls on their way to power."""
        state = self.state
        return Works(
            state.convertible_mw, state.requested_mw, state.queued_mw, state.begun_mw, state.converting_mw,
            state.build_price, state.congestion,
        )  # fmt: skip

    @cached_property
    def pricing(self) -> BestResponse | Equilibrium:
        """Parameters of the pricing behaviour in use."""
        family = self.parameters.behaviour.pricing
        return family.best_response if family.name == "best_response" else family.equilibrium

    @property
    def quarter(self) -> int:
        """Quarter number of the present quarter."""
        return self.structure.start + self.t

    @property
    def observed(self) -> bool:
        """Whether deliveries of this quarter are observed."""
        return self.t < self.structure.history
