"""Bertrand-Nash prices written a second time, in plain NumPy and without anything of the model's own solver."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.economics.cells import Floats, Ints

STEP = 1e-30
"""Imaginary step: derivatives are exact to rounding."""


@dataclass(frozen=True)
class Textbook:
    """A static market with log prices. T tastes, J products; utilities in units of the taste shock within a nest."""

    utility: Floats
    """(T, J) of a task, beside its price."""
    units: Floats
    """(T, J) units of product per task."""
    sensitivity: Floats
    """(T,) a."""
    outside: Floats
    """(T,) utility of the outside option, price included."""
    mass: Floats
    """(T,) tasks."""
    reference: Floats
    """(T,) price of a task at which usage is 1."""
    nest: Ints
    """(J,)"""
    firm: Ints
    """(J,)"""
    cost: Floats
    """(J,) of a unit."""
    rho: float
    intensive: float

    def demand(self, price: Any) -> Any:
        """Return (J,) units sold at real or complex prices (J,)."""
        out = np.zeros(self.cost.size, dtype=np.result_type(price, np.float64))
        for t, a in enumerate(self.sensitivity):
            task = self.units[t] * price
            weight = np.exp(self.utility[t] - a * np.log(task))
            reach = np.array([weight[self.nest == g].sum() for g in range(int(self.nest.max()) + 1)])
            whole = np.exp((1.0 - self.rho) * self.outside[t]) + (reach ** (1.0 - self.rho)).sum()
            share = weight * reach[self.nest] ** -self.rho / whole
            out += self.mass[t] * share * self.units[t] * (task / self.reference[t]) ** -self.intensive
        return out

    def markups(self, price: Floats) -> Floats:
        """Return (J,) the margins that every firm's conditions ask for at these prices."""
        slopes = np.array([self.demand(price + STEP * 1j * unit).imag / STEP for unit in np.eye(price.size)])
        own = slopes * (self.firm[:, None] == self.firm)
        return np.asarray(np.linalg.solve(-own, self.demand(price)), dtype=np.float64)

    def equilibrium(self) -> Floats:
        """Return (J,) prices at which no firm would change any.

        Raises:
            ArithmeticError: If they are not found.
        """
        price = 1.5 * self.cost
        for _ in range(5000):
            wanted = np.maximum(self.cost + self.markups(price), 0.5 * price)
            if np.abs(np.log(wanted / price)).max() < 1e-14:
                return wanted
            price = np.sqrt(price * wanted)
        msg = "no equilibrium found"
        raise ArithmeticError(msg)
