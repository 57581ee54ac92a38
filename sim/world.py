"""What a phase sees: structure, links, paths, state, customers, and what the phases of a quarter hand to each other."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.choice import Menu
from sim.economics.expansion import Tools
from sim.economics.fleets import Leases
from sim.economics.making import Technique
from sim.economics.self_sufficiency import own_tools
from sim.economics.service import Active, Running, Terms
from sim.economics.serving import Asked
from sim.economics.tally import Places, Tally
from sim.economics.workloads import UNSET, Customers, DatedContracts, Workloads
from sim.economics.works import Works
from sim.ledger import Ledger
from sim.links import Links, Ties, ties_of
from sim.makers import Makers
from sim.parameters import Parameters, ReferenceErrors
from sim.parameters.behaviour import BestResponse, Equilibrium
from sim.paths import Paths
from sim.policy import Calendar
from sim.policy.calendar import Quarterly
from sim.policy.measures import Instruments, Measures
from sim.policy.quotas import Limit, limits_of
from sim.policy.undecided import undecided
from sim.state import State
from sim.strategies.capacity_target import Stance
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
    best: Ints = field(init=False)
    """(S, K) the chip of every supplier with the least cost that a site may order; -1 for none."""
    running: Running | None = None
    active: Active | None = None
    quotas: list[Any] = field(default_factory=list)
    """Limits on licensed cards that some order stands under: see ``phases.buying``."""
    stopped: dict[str, Bools] = field(default_factory=dict)
    """(S + W,) whether a quota, cap or mandate cut what a place would order, by its id: see ``phases.buying``."""
    lifted: dict[str, Floats] = field(default_factory=dict)
    """(S + W,) H100e more that each place would order of a rule's cards, if it alone were lifted, by its id."""
    bound: dict[str, Floats] = field(default_factory=dict)
    """(2, S + W) H100e and USD m of orders that an instrument closed, by its id: see ``phases.buying``."""
    arrays: dict[str, Floats] = field(default_factory=dict)
    """Measured quantities by name, see ``record``."""


class Financing(NamedTuple):
    """What states pay of what providers buy, and on what terms lenders finance it."""

    grant: Floats
    """(S,) part of capital expenditure that the state pays."""
    pays_cards: bool
    """Whether a state pays a part of cards beyond that of all capital, and of electricity."""
    pays_power: bool
    multiple: Floats
    """(I,) credit limit over what a provider earns in a year."""
    spread: Floats
    """(I,) of interest over the risk-free rate."""


class Making(NamedTuple):
    """What makers of cards work with. Z sides; 3 stages."""

    technique: Technique
    growth: Floats
    """(Z, 3) of capacity by itself, log per quarter."""
    tools: Tools
    own_tools: Floats
    """(Z, 3) part of tools that the own region makes."""


class Conditions(NamedTuple):
    """What instruments make of numbers that firms and customers reckon with, as long as nothing changes."""

    measures: Measures
    power_saved: Floats
    """(R, V) USD per used card-hour of electricity that governments pay."""
    card_running: Floats
    """(R, V) USD per used card-hour of electricity and care that firms pay."""
    pool_care: Floats
    """(L, V) the same in each pool, per card-hour."""
    stance: Stance
    """How providers invest: a subsidy lowers the cost that a price has to cover."""
    ties: Ties
    financing: Financing
    making: Making


def conditions(measures: Measures, structure: Structure, links: Links) -> Conditions:
    """Return what measures make of the numbers of links."""
    paid, help_ = (links.tariff * links.pue)[:, None] * structure.chip_kw, measures.support
    saved = paid / structure.parameters.market.utilisation.maximum * help_.power
    hurdle = links.investment.hurdle * (1.0 - help_.capital[structure.site_region])
    return Conditions(
        measures, saved, links.card_running - saved, links.pool_care - (paid * help_.power)[links.pool_region],
        links.investment._replace(hurdle=hurdle), ties_of(structure, measures.lock_in),
        _financing(measures, structure, links), _making(measures, links.makers),
    )  # fmt: skip


def _financing(measures: Measures, structure: Structure, links: Links) -> Financing:
    """Return what states pay and on what terms lenders finance; no rate of interest falls below 0 by a shock to it."""
    given, shock, free = measures.support, measures.credit, structure.parameters.finance.credit.risk_free_rate
    grant = links.capital_subsidy + (1.0 - links.capital_subsidy) * given.capital[structure.site_region]
    return Financing(
        grant, bool(given.cards.any()), bool(given.power.any()), links.credit_multiple * shock.covenant,
        links.spread + (shock.spread + np.maximum(shock.rate, -free)),
    )  # fmt: skip


def _making(measures: Measures, makers: Makers) -> Making:
    """Return what makers work with: prices of stages, and tools that may be had and kept running."""
    rules = measures.stages
    missing, idle = makers.tool_imports * (1.0 - rules.tools), makers.tool_wear * rules.unserviced
    return Making(
        makers.technique._replace(price=makers.technique.price * rules.price), makers.growth + rules.growth,
        Tools(makers.tool_wear, missing, idle), own_tools(makers.tool_imports, missing),
    )  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """What parameters alone decide: shared by all runs that differ in the seed only."""

    structure: Structure
    links: Links
    paths: Paths
    calendar: Calendar
    instruments: Instruments


@lru_cache(maxsize=4)
def ground_of(parameters: Parameters) -> Ground:
    """Return the ground of a run; the last few are kept, as an ensemble meets the same parameters again and again.

    Raises:
        ReferenceErrors: Where a rule asks for the density of a card whose die area is not known.
    """
    problems = undecided(parameters)
    if problems:
        raise ReferenceErrors(problems)
    structure = Structure(parameters)
    links = Links(structure)
    instruments = Instruments(structure, links.subjects["orders"])
    return Ground(structure, links, Paths.of(structure), Calendar(parameters.policy), instruments)


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

    def contracted(self, world: "World") -> None:
        """Load every lane with the hours of contracts that run on."""

    def serve(self, world: "World", menu: Menu, terms: Terms) -> Asked:
        """Let what is free choose, ration full pools, re-route, sign."""

    def settle(self, world: "World", menu: Menu) -> Used:
        """Add up hours, payments and backlog by customer region and product."""

    def release(self, world: "World", gone: Bools) -> None:
        """End contracts and backlog of providers (I,) that are gone: their customers ask anew, tied to nobody."""

    def tally(self, world: "World", places: Places, out: Tally) -> None:
        """Add up where demand was first wanted and where it ended."""


@dataclass
class World:
    """Everything a phase may read, and the state it may write."""

    parameters: Parameters
    structure: Structure
    links: Links
    paths: Paths
    state: State
    customers: Customers
    workloads: Workloads
    ledger: Ledger
    policy: Calendar
    instruments: Instruments
    population: Population
    seed: int
    t: int = 0
    """Position of the quarter in the run."""
    now: Quarter = field(default_factory=Quarter)
    leases: Leases = field(init=False)
    """Leases between providers; those of a firm that is wound up end."""
    contracts: DatedContracts = field(init=False)
    """Dated contracts of labs, likewise."""
    rules: dict[str, Quarterly] = field(default_factory=dict)
    """What the rules leave open this quarter, by who asks: see ``phases.policy``."""
    rules_before: dict[str, Quarterly] = field(default_factory=dict)
    """The same of the last quarter, in which what is delivered now was ordered."""
    permits: dict[str, Any] = field(default_factory=dict)
    """What follows from that: see ``phases.policy``."""
    conditions: Conditions = field(init=False)
    """What the other instruments make of costs, contracts and credit this quarter."""

    def __post_init__(self) -> None:
        self.leases, self.contracts = self.links.leases, self.links.dated_contracts
        self.conditions = conditions(self.instruments.over(self.quarter), self.structure, self.links)

    def end_contracts(self, gone: Bools) -> None:
        """End the leases and dated contracts of providers (I,) that are gone, with the quarter before this one."""
        links, last = self.links, self.t - 1
        leases, contracts = self.leases, self.contracts
        broken = gone[links.pool_provider[leases.lessor]] | gone[links.pool_provider[leases.lessee]]
        self.leases = leases._replace(until=np.where(broken, np.minimum(leases.until, last), leases.until))
        prescribed = contracts.pair.max(axis=1, initial=UNSET)
        void = (prescribed >= 0) & gone[links.pair_provider[np.maximum(prescribed, 0)]]
        self.contracts = contracts._replace(until=np.where(void, np.minimum(contracts.until, last), contracts.until))

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
    def quota_limits(self) -> tuple[Limit, ...]:
        """Limits on quantities of all licences, for places that order."""
        return limits_of(self.policy, self.links.subjects["orders"].places)

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
