"""Equilibrium prices and shares of random markets against PyBLP (Conlon and Gortmaker 2020), run live."""

from typing import Any, NamedTuple

import numpy as np
import pyblp
import pytest
from numpy.typing import NDArray

from experiments.verification.economy import Changes, simulated
from experiments.verification.markets import Market, equilibrium, market
from experiments.verification.static import last_prices
from experiments.verification.unequal import FULL, textbook, unequal_market
from sim.economics.cells import Floats

KINDS = ("plain", "multi-product", "nested", "random coefficients")
TASTES = np.array([0.6, 1.0, 1.8])
WEIGHTS = np.array([0.3, 0.5, 0.2])
PRODUCTS = 6

pyblp.options.verbose = False


class Sample(NamedTuple):
    """Random markets of one kind, (n, PRODUCTS)."""

    kind: str
    alpha: float
    rho: float
    delta: Floats
    cost: Floats
    owners: NDArray[np.int64]
    nests: NDArray[np.int64]

    def market(self, n: int, **extra: Any) -> Market:
        """Return market n for the kernels."""
        tastes, mass = (TASTES, WEIGHTS) if self.kind == "random coefficients" else (np.ones(1), np.ones(1))
        return market(
            self.delta[n].tolist(), self.cost[n].tolist(), alpha=(self.alpha * tastes).tolist(), mass=mass.tolist(),
            owners=self.owners[n].tolist(), nests=self.nests[n].tolist(), rho=self.rho, **extra,
        )  # fmt: skip


def sample(kind: str, markets: int, seed: int) -> Sample:
    """Return random markets: utilities, costs and, but for the plain kind, owners of several products."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    shape = (markets, PRODUCTS)
    owners = np.tile(np.arange(PRODUCTS), (markets, 1))
    nests = np.zeros(shape, dtype=np.int64)
    if kind != "plain":
        owners = np.sort(np.concatenate([np.tile([0, 1, 2], (markets, 1)), rng.integers(0, 3, (markets, 3))], axis=1))
    if kind == "nested":
        nests = np.concatenate([np.tile([0, 1], (markets, 1)), rng.integers(0, 2, (markets, PRODUCTS - 2))], axis=1)
    rho = float(rng.uniform(0.2, 0.8)) if kind == "nested" else 0.0
    alpha = float(rng.uniform(0.8, 1.6))
    return Sample(kind, alpha, rho, rng.normal(2.0, 1.0, shape), rng.uniform(0.5, 1.5, shape), owners, nests)


def by_pyblp(drawn: Sample, costs: Floats) -> tuple[Floats, Floats]:
    """Return equilibrium prices and shares of all markets at once."""
    markets = drawn.delta.shape[0]
    size = markets * PRODUCTS
    data = {
        "market_ids": np.repeat(np.arange(markets), PRODUCTS), "firm_ids": drawn.owners.ravel(),
        "delta": drawn.delta.ravel(), "cost": drawn.cost.ravel(),
    }  # fmt: skip
    second, extra = None, {}
    if drawn.kind == "nested":
        data["nesting_ids"], extra = drawn.nests.ravel(), {"rho": drawn.rho}
    if drawn.kind == "random coefficients":
        second, extra = pyblp.Formulation("0 + prices"), _agents(markets, drawn.alpha)
    formulations = (pyblp.Formulation("0 + delta + prices"), second, pyblp.Formulation("0 + cost"))
    simulation = pyblp.Simulation(
        formulations, data, beta=[1.0, -drawn.alpha], gamma=[1.0], xi=np.zeros(size), omega=np.zeros(size), **extra
    )
    found = simulation.replace_endogenous(costs.reshape(-1, 1), iteration=pyblp.Iteration("simple", {"atol": 1e-14}))
    shape = (markets, PRODUCTS)
    return found.product_data.prices.reshape(shape), found.product_data.shares.reshape(shape)


def _agents(markets: int, alpha: float) -> dict[str, Any]:
    """Return three tastes for price, as departures from the mean coefficient."""
    agents = {
        "market_ids": np.repeat(np.arange(markets), TASTES.size), "weights": np.tile(WEIGHTS, markets),
        "nodes": np.zeros((markets * TASTES.size, 1)), "taste": np.tile(alpha * (1.0 - TASTES), markets),
    }  # fmt: skip
    return {"agent_formulation": pyblp.Formulation("0 + taste"), "agent_data": agents, "sigma": 0.0, "pi": 1.0}


def agree(drawn: Sample) -> None:
    """Fail unless all prices and shares are those of PyBLP."""
    prices, shares = by_pyblp(drawn, drawn.cost)
    for n in range(drawn.delta.shape[0]):
        found = equilibrium(drawn.market(n))
        np.testing.assert_allclose(found.price, prices[n], rtol=0.0, atol=1e-10)
        np.testing.assert_allclose(found.quantity, shares[n], rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("kind", KINDS)
def test_hundreds_of_random_markets(kind: str, seed: int) -> None:
    agree(sample(kind, 40, seed))


@pytest.mark.parametrize("kind", KINDS)
def test_scarce_capacity_is_a_cost(kind: str) -> None:
    """PyBLP knows no capacity: given our shadow prices as costs, it must find our prices."""
    drawn = sample(kind, 4, 8)
    free, _ = by_pyblp(drawn, drawn.cost)
    solved = []
    for n in range(4):
        roomy = equilibrium(drawn.market(n))
        capacity = (
            np.bincount(drawn.owners[n], roomy.quantity)
            * np.array([0.6, 0.9, 1.2, 0.7, 2.0, 0.8])[: drawn.owners[n].max() + 1]
        )
        solved.append(equilibrium(drawn.market(n, capacity=capacity.tolist())))
    shadow = np.stack([found.multiplier[drawn.owners[n]] for n, found in enumerate(solved)])
    prices, shares = by_pyblp(drawn, drawn.cost + shadow)
    assert (shadow[:, 0] > 1e-3).all()
    assert (prices[:, 0] > free[:, 0]).all()
    for n, found in enumerate(solved):
        np.testing.assert_allclose(found.price, prices[n], rtol=0.0, atol=1e-10)
        np.testing.assert_allclose(found.quantity, shares[n], rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("changes", [{}, FULL], ids=["ample", "scarce"])
def test_a_whole_run_without_frictions_has_the_prices_of_pyblp(changes: Changes) -> None:
    """Training of three unequal firms, tastes in the log of price, one nest; shadow prices of the run as costs."""
    values = unequal_market({**changes, "customers.intensive_elasticity": 0.0})
    model = simulated(values)
    made = textbook(values, model, training=True)
    slack = 1.0 - made.rho
    utility, foreign = slack * made.utility.max(axis=0), made.utility[:, 0] - made.utility[:, 0].max()
    data = {
        "market_ids": np.zeros(3), "firm_ids": made.firm, "delta": utility, "cost": made.cost, "nesting_ids": made.nest,
    }  # fmt: skip
    agents = {"market_ids": np.zeros(3), "weights": made.mass / made.mass.sum(), "nodes": np.zeros((3, 2)),
              "a": made.sensitivity, "shift": foreign - made.outside}  # fmt: skip
    simulation = pyblp.Simulation(
        (pyblp.Formulation("0 + delta"), pyblp.Formulation("1 + log(prices)"), pyblp.Formulation("0 + cost")), data,
        beta=[1.0], gamma=[1.0], xi=np.zeros(3), omega=np.zeros(3), sigma=np.zeros((2, 2)),
        pi=np.diag([slack, -slack]), rho=made.rho,
        agent_formulation=pyblp.Formulation("0 + shift + a"), agent_data=agents,
    )  # fmt: skip
    found = simulation.replace_endogenous(
        made.cost.reshape(-1, 1), prices=1.5 * made.cost, iteration=pyblp.Iteration("simple", {"atol": 1e-14})
    )
    posted = last_prices(model)[::3]
    np.testing.assert_allclose(posted, found.product_data.prices.ravel(), rtol=1e-10)
    wanted = made.mass.sum() * found.product_data.shares.ravel()
    np.testing.assert_allclose(made.demand(posted), wanted, rtol=1e-10)
