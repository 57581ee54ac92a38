"""What a phase sees: structure, links, paths, state, customers, and what the phases of a quarter hand to each other."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import Floats
from sim.economics.service import Active
from sim.economics.workloads import Customers, Workloads
from sim.ledger import Ledger
from sim.links import Links
from sim.parameters import Parameters
from sim.parameters.behaviour import BestResponse, Equilibrium
from sim.paths import Paths
from sim.policy import Calendar
from sim.state import State
from sim.structure import Structure


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
