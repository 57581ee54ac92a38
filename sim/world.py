"""What a phase sees: structure, state, customers, the quarter, and the arrays that never change."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import NESTS, Floats, Ints
from sim.economics.service import Active
from sim.economics.technology import interpolate
from sim.economics.stable import nest_shock_table
from sim.economics.workloads import Customers, Workloads
from sim.ledger import Ledger
from sim.names import HOURS_PER_QUARTER
from sim.parameters import Parameters
from sim.parameters.behaviour import BestResponse, Equilibrium
from sim.policy import Calendar
from sim.state import State
from sim.structure import IAAS, INFERENCE, TRAINING, Structure


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
        slack = 1.0 - customers.nest_dissimilarity
        self.nest_table = nest_shock_table(customers.nest_dissimilarity)
        self.pair_fixed = np.array([_fixed_utility(structure, b, j) for b, j in pairs]) / slack
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


def _kind_order(structure: Structure) -> NDArray[np.int64]:
    """Return (L, V) chips of each pool's stack, best at training first, padded with the others."""
    advantage = structure.chip_effective[:, TRAINING] / structure.chip_effective[:, INFERENCE]
    order = np.argsort(-advantage, kind="stable")
    return np.tile(order, (len(structure.pools), 1)).astype(np.int64)


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
    hours: Floats = field(default_factory=lambda: np.zeros(0))
    """(K,) hours of the lane per task."""
    intensity: Floats = field(default_factory=lambda: np.zeros(0))
    """(K,) usage per unit of volume at posted prices."""
    active: Active | None = None
    arrays: dict[str, Floats] = field(default_factory=dict)
    """Measured quantities by name, see ``record``."""


@dataclass
class World:
    """Everything a phase may read, and the state it may write."""

    parameters: Parameters
    structure: Structure
    links: Links
    state: State
    customers: Customers
    workloads: Workloads
    ledger: Ledger
    policy: Calendar
    seed: int
    t: int = 0
    """Position of the quarter in the run."""
    now: Quarter = field(default_factory=Quarter)
    memory: dict[str, Any] = field(default_factory=dict)
    """Opening references: values of the first quarter that later quarters compare with."""

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
    def rentable(self) -> NDArray[np.bool_]:
        """(K,) whether rules let customers of the pair's cell rent any card of its pool."""
        allowed = self.memory["may_rent"][self.links.cell_region][self.links.pair_cell]
        stacks = self.structure.chip_stack[None, :] == self.links.pool_stack[self.links.pair_pool][:, None]
        return np.asarray((allowed & stacks).any(axis=1))

    @property
    def regional_price(self) -> Floats:
        """(R,) mean posted IaaS price over that of the first quarter; 1 where nothing is sold."""
        ratio: Floats = self.memory.get("regional_price", np.ones(len(self.structure.regions)))
        return ratio

    def interpolated(self, series: dict[str, float]) -> float:
        """Return a series at the present quarter."""
        return interpolate(series, self.quarter)
