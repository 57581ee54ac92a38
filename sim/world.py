"""What a phase sees: structure, state, customers, the quarter, and the arrays that never change."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import NESTS, Floats, Ints
from sim.economics.service import Active
from sim.economics.elementary import log
from sim.economics.stable import nest_shock_table
from sim.economics.workloads import Customers, Workloads
from sim.ledger import Ledger
from sim.names import HOURS_PER_QUARTER
from sim.parameters import Parameters
from sim.parameters.behaviour import BestResponse, CapacityTarget, Equilibrium
from sim.parameters.customers import Lab, LabContract
from sim.paths import Paths
from sim.policy import Calendar
from sim.state import State
from sim.structure import IAAS, INFERENCE, MAAS, TRAINING, Structure


class Links:
    """Arrays derived from the structure once: how pairs, products, pools and cells hang together."""

    def __init__(self, structure: Structure) -> None:
        p = structure.parameters
        customers = p.customers
        cells, pairs = structure.cells, structure.pairs
        tastes = list(customers.tastes.values())
        self.product_provider = structure.product_column("provider")
        self.product_service = structure.product_column("service")
        self.product_workload = structure.product_column("workload")
        self.product_region = structure.product_column("region")
        self.product_pool = structure.product_column("pool")
        self.product_site = structure.pool_site[self.product_pool]
        self.product_launch = structure.product_column("launch")
        self.product_lane = 2 * self.product_pool + self.product_workload
        self.cell_region = np.array([c.region for c in cells])
        self.cell_taste = np.array([c.taste for c in cells])
        self.cell_workload = np.array([c.workload for c in cells])
        self.cell_sensitivity = np.array([tastes[c.taste].price_sensitivity for c in cells])
        self.pair_cell = np.array([b for b, _ in pairs])
        self.pair_product = np.array([j for _, j in pairs])
        self.pair_provider = self.product_provider[self.pair_product]
        self.pair_service = self.product_service[self.pair_product]
        self.pair_lane = self.product_lane[self.pair_product]
        self.pair_workload = self.product_workload[self.pair_product]
        self.pair_pool = self.product_pool[self.pair_product]
        self.pair_key = np.array([structure.products[j].key for j in self.pair_product], dtype=np.uint64)
        self.cell_start = structure.segment_start[::NESTS].copy()
        self.segment_start = structure.segment_start
        self.pair_sensitivity = self.cell_sensitivity[self.pair_cell]
        own = np.array([t.own_efficiency for t in tastes])[self.cell_taste]
        self.pair_own_efficiency = np.where(self.pair_service == IAAS, own[self.pair_cell], 1.0)
        self.cell_own_efficiency = own
        self.cell_outside = np.array(
            [customers.demand[r].outside_utility if r in customers.demand else 0.0 for r in structure.regions]
        )[self.cell_region]
        self.nest_table = nest_shock_table(customers.nest_dissimilarity)
        self.pair_fixed = np.array([_fixed_utility(structure, b, j) for b, j in pairs])
        self.pair_quality_weight = (
            np.where(self.pair_service == IAAS, 0.0, 1.0)
            * np.array([t.quality_weight for t in tastes])[self.cell_taste][self.pair_cell]
        )
        self.kind_order = _kind_order(structure)
        self.class_incumbent, self.class_boost, self.class_protected = _classes(structure)
        self.pool_provider = structure.pool_provider
        self.hours = HOURS_PER_QUARTER * p.market.utilisation.maximum
        self.pool_region = structure.site_region[structure.pool_site]
        self.pool_stack = np.array([pool.stack for pool in structure.pools])
        self.site_region = structure.site_region
        self.site_provider = structure.site_provider
        self.supplier_region = np.array([structure.regions.index(s.headquarters) for s in p.suppliers.values()])
        self.chip_region = self.supplier_region[structure.chip_supplier]
        self.provider_region = np.array([structure.regions.index(x.headquarters) for x in p.providers.values()])
        self.pair_log_own_efficiency = log(self.pair_own_efficiency)
        self.pair_inference = self.pair_workload == INFERENCE
        self.pair_maas = self.pair_service == MAAS
        self.product_maas = self.product_service == MAAS
        self.product_lane_maas = self.product_maas.astype(np.float64)
        models = [x.models for x in p.providers.values()]
        self.sells_models = np.array([x is not None for x in models])
        self.efficiency = np.array([x.efficiency if x is not None else 1.0 for x in models])
        self.other_cost = np.array([x.other_cost_usd_per_m_tokens if x is not None else 0.0 for x in models])
        self.own_elasticity = np.array([x.own_use.elasticity if x.own_use else 0.0 for x in p.providers.values()])
        self.share_weight = np.array([x.pricing.share_weight for x in p.providers.values()])
        self.value_weight = np.array([x.pricing.customer_value_weight for x in p.providers.values()])
        regions = p.market.regions.values()
        self.pue = np.array([r.pue for r in regions])
        self.tariff = np.array([r.electricity_usd_per_kwh for r in regions])
        self.card_care = (self.tariff * self.pue)[:, None] * structure.chip_kw + p.market.costs.operations_usd_per_card_hour
        self.pool_cards = self.pool_stack[:, None] == structure.chip_stack[None, :]
        self.chip_merchant = np.array([s.sells_to is None for s in p.suppliers.values()])[structure.chip_supplier]
        self.leases = _leases(structure)
        labs = list(customers.labs.values())
        self.lab_of_row = np.repeat(np.arange(len(labs)), customers.lab_teams)
        self.lab_training_share = np.array([lab.training_share for lab in labs])
        self.lab_contracts = [[_contract(structure, lab, contract) for contract in lab.contracts] for lab in labs]
        self.survival = (1.0 - p.market.cohorts.failure_per_year) ** 0.25
        self.order_mix = _order_mix(structure)
        self.investment = _investment(structure)


def _fixed_utility(structure: Structure, b: int, j: int) -> float:
    """Return what customers of a cell see in a product beside price, quality and waiting (utils)."""
    p = structure.parameters
    cell, product = structure.cells[b], structure.products[j]
    provider = p.providers[structure.providers[product.provider]]
    taste = p.customers.tastes[structure.tastes[cell.taste]]
    utility = provider.utility
    if provider.headquarters == structure.regions[cell.region]:
        utility += p.customers.home_bias
    if product.service == IAAS and taste.stack != structure.stacks[product.stack]:
        utility -= taste.stack_cost_training if cell.workload == TRAINING else taste.stack_cost_inference
    if product.service != IAAS and provider.models is not None:
        utility += provider.models.utility
    return utility


class LeaseRow(NamedTuple):
    """A lease by position: pools, dates, terms."""

    lessor: int
    lessee: int
    since: int
    until: int
    share: float
    price_multiple: float


class ContractRow(NamedTuple):
    """A dated contract of a lab by position."""

    share: float
    since: int
    until: int
    pairs: dict[int, int]
    """The IaaS pair it prescribes, by base cell."""


def _contract(structure: Structure, lab: Lab, contract: LabContract) -> ContractRow:
    region, taste = structure.regions.index(lab.region), structure.tastes.index(lab.taste)
    found = {
        b: structure.pair_of(b, contract.provider, IAAS, cell.workload, contract.region, contract.stack)
        for b, cell in enumerate(structure.cells)
        if (cell.region, cell.taste) == (region, taste)
    }
    pairs = {b: pair for b, pair in found.items() if pair is not None}
    return ContractRow(contract.share, structure.index_of(contract.since), structure.index_of(contract.until), pairs)


def _leases(structure: Structure) -> list[LeaseRow]:
    return [
        LeaseRow(
            structure.pool_of(x.lessor, x.region, x.stack), structure.pool_of(x.lessee, x.region, x.stack),
            structure.index_of(x.since), structure.index_of(x.until), x.share, x.price_multiple,
        )
        for x in structure.parameters.leases.values()
    ]  # fmt: skip


def _order_mix(structure: Structure) -> Floats:
    """Return (S, K) share of each supplier in the orders of each site."""
    providers = list(structure.parameters.providers.values())
    mix = [[x.order_mix.get(name, 0.0) for name in structure.suppliers] for x in providers]
    return np.array(mix)[structure.site_provider]


def _investment(structure: Structure) -> dict[str, Floats]:
    """Return every parameter of the investment behaviour of each site's provider (S,)."""
    variants = structure.parameters.behaviour.investment
    chosen = [variants[x.investment] for x in structure.parameters.providers.values()]
    return {
        name: np.array([float(getattr(x, name)) for x in chosen])[structure.site_provider]
        for name in CapacityTarget.model_fields
    }


def _kind_order(structure: Structure) -> NDArray[np.int64]:
    """Return (L, N) chips of each pool's stack, best at training first, padded with -1."""
    advantage = structure.chip_effective[:, TRAINING] / structure.chip_effective[:, INFERENCE]
    order = np.argsort(-advantage, kind="stable")
    mine = [order[structure.chip_stack[order] == pool.stack] for pool in structure.pools]
    padded = np.full((len(mine), structure.most_kinds), -1, dtype=np.int64)
    for row, chips in zip(padded, mine, strict=True):
        row[: chips.size] = chips
    return padded


def _classes(structure: Structure) -> tuple[Ints, Floats, Ints]:
    """Return incumbent, switching cost and price protection of every class ((incumbent + 1) * 2 + service) * 2 + fresh."""
    switching = structure.parameters.customers.switching
    costs = (switching.cost_iaas, switching.cost_maas)
    incumbent, boost, protected = [], [], []
    for i in range(-1, len(structure.providers) + 1):
        for service in range(2):
            for fresh in range(2):
                incumbent.append(i)
                tie = costs[service] * (switching.new_workload_fraction if fresh else 1.0)
                boost.append(tie if i >= 0 else 0.0)
                protected.append(0 if fresh or i < 0 else 1)
    return np.array(incumbent), np.array(boost), np.array(protected)


@dataclass
class Quarter:
    """What the phases of one quarter hand to each other, and the record reads at its end."""

    potential: Floats = field(default_factory=lambda: np.zeros(0))
    """(n,) potential tasks by customer."""
    forced: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    dates: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    unit: Floats = field(default_factory=lambda: np.zeros(0))
    """(K,) units of product per task."""
    log_unit: Floats = field(default_factory=lambda: np.zeros(0))
    """(K,) ln of ``unit``."""
    log_reference: Floats = field(default_factory=lambda: np.zeros(0))
    """(K,) ln of the reference price of a task."""
    log_price: Floats = field(default_factory=lambda: np.zeros(0))
    """(K,) ln of posted prices."""
    hours: Floats = field(default_factory=lambda: np.zeros(0))
    """(K,) hours of the lane per task."""
    intensity: Floats = field(default_factory=lambda: np.zeros(0))
    """(K,) usage per unit of volume at posted prices."""
    active: Active | None = None
    arrays: dict[str, Floats] = field(default_factory=dict)
    """Measured quantities by name, see ``record``."""


@dataclass(frozen=True)
class Ground:
    """What parameters alone decide: shared by all runs that differ in the seed only."""

    structure: Structure
    links: Links
    paths: Paths


@lru_cache(maxsize=4)
def ground_of(parameters: Parameters) -> Ground:
    """Return the ground of a run; the last few are kept, as an ensemble meets the same parameters again and again."""
    structure = Structure(parameters)
    return Ground(structure, Links(structure), Paths.of(structure))


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
    seed: int
    t: int = 0
    """Position of the quarter in the run."""
    now: Quarter = field(default_factory=Quarter)
    permits: dict[str, Any] = field(default_factory=dict)
    """What the rules allow this quarter, by use: see ``phases.policy``."""

    @cached_property
    def slots(self) -> int:
        """Workloads per customer."""
        return self.parameters.customers.workloads_per_enterprise

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
