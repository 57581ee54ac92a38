"""Prices where utility falls in the log of price, as in the model: closed forms, scale, who counts as demand."""

from itertools import pairwise

import numpy as np
import pytest

from experiments.verification.markets import Market, conditions, demand, equilibrium, market, profits
from sim.economics.cells import LOG, Cells
from sim.economics.pricing import solve

DELTA, COST = (1.2, 1.0, 0.7, 0.4, 0.2, 0.0), (1.0, 0.9, 1.1, 0.4, 0.5, 0.3)
SIX = {"form": LOG, "alpha": (2.5, 4.0, 6.0), "mass": (0.3, 0.5, 0.2), "owners": (0, 1, 2, 0, 1, 2)}
NESTED = SIX | {"nests": (0, 0, 0, 1, 1, 1), "rho": 0.6, "intensive": 0.3}


@pytest.mark.parametrize("kind", [SIX, NESTED])
def test_no_other_prices_earn_more(kind: dict[str, object]) -> None:
    made = market(DELTA, COST, **kind)  # type: ignore[arg-type]
    found = equilibrium(made)
    assert np.abs(conditions(made, found)).max() < 1e-10
    best = profits(made, found.price)
    for firm in range(3):
        own = np.flatnonzero(made.cells.provider == firm)
        for first in np.geomspace(0.6, 1.8, 25):
            for second in np.geomspace(0.6, 1.8, 25):
                tried = found.price.copy()
                tried[own] *= (first, second)
                assert profits(made, tried)[firm] <= best[firm] * (1.0 + 1e-12)


def test_where_a_solution_starts_does_not_matter() -> None:
    made = market(DELTA, COST, **NESTED)  # type: ignore[arg-type]
    found = [equilibrium(made, made.offers.cost * start).price for start in (0.5, 1.01, 3.0, 12.0)]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-9)


@pytest.mark.parametrize("capacity", [None, [0.12, 0.1, 0.05]])
def test_prices_follow_costs_in_proportion(capacity: list[float] | None) -> None:
    """With the outside option at prices that fall as well, a 300-fold fall leaves margins and shares (MODEL B1)."""
    kind = NESTED | {"intensive": 0.0, "capacity": capacity, "alpha": (4.0,), "mass": (1.0,)}
    before = equilibrium(market(DELTA, COST, **kind))  # type: ignore[arg-type]
    moved = 0.4 * 4.0 * np.log(300.0)
    cheap = [c / 300.0 for c in COST]
    made = market(DELTA, cheap, **kind | {"outside": moved})  # type: ignore[arg-type]
    after = equilibrium(made, before.price / 100.0)
    np.testing.assert_allclose(after.price * 300.0, before.price, rtol=1e-9)
    np.testing.assert_allclose(after.quantity, before.quantity, rtol=1e-9)


def test_the_order_of_products_does_not_matter() -> None:
    order = np.array([3, 0, 5, 2, 4, 1])
    made = market(DELTA, COST, **NESTED)  # type: ignore[arg-type]
    kind = NESTED | {
        "owners": np.array(NESTED["owners"])[order].tolist(),
        "nests": np.array(NESTED["nests"])[order].tolist(),
    }
    moved = market(np.array(DELTA)[order].tolist(), np.array(COST)[order].tolist(), **kind)  # type: ignore[arg-type]
    np.testing.assert_allclose(equilibrium(moved).price, equilibrium(made).price[order], rtol=1e-10)


@pytest.mark.parametrize("weight", [0.2, 0.5])
def test_a_firm_that_seeks_share_prices_as_if_it_had_lower_costs(weight: float) -> None:
    """Profit plus ``weight`` times revenue is greatest at the price for cost ``c / (1 + weight)`` (Baumol 1959)."""
    plain = market(DELTA, COST, **SIX)  # type: ignore[arg-type]
    seeking = np.array(COST) / np.where(plain.cells.provider == 0, 1.0 + weight, 1.0)
    found = equilibrium(market(DELTA, seeking.tolist(), **SIX))  # type: ignore[arg-type]
    assert (found.price[[0, 3]] < equilibrium(plain).price[[0, 3]]).all()

    def valued(price: np.ndarray) -> float:
        revenue = price * demand(plain.cells, price, price).real
        return float(profits(plain, price)[0] + weight * revenue[[0, 3]].sum())

    best = valued(found.price)
    for factor in np.geomspace(0.8, 1.25, 31):
        for other in np.geomspace(0.8, 1.25, 31):
            tried = found.price.copy()
            tried[[0, 3]] *= (factor, other)
            assert valued(tried) <= best + 1e-12


def test_the_value_of_a_customer_lowers_its_price() -> None:
    prices = []
    for value in (0.0, 0.2, 0.4):
        cost = [COST[0] - value, *COST[1:]]
        prices.append(equilibrium(market(DELTA, cost, **SIX)).price[0])  # type: ignore[arg-type]
    assert all(later < earlier for earlier, later in pairwise(prices))


def with_customers_of_firm_0(cells: Cells, tied: float, kappa: float, protected: int) -> Cells:
    """Return cells in which a part of every taste's customers have firm 0 as their supplier."""
    return cells._replace(
        mass=cells.mass * np.array([1.0 - tied, tied]), incumbent=np.array([-1, 0]),
        boost=np.tile([0.0, kappa], (cells.mass.shape[0], 1)), protected=np.array([0, protected]),
    )  # fmt: skip


def test_customers_who_cannot_leave_are_exploited_unless_their_price_is_protected() -> None:
    """MODEL B2: with lock-in priced on the whole base prices are four times as high."""
    made = market(DELTA, COST, **SIX)  # type: ignore[arg-type]
    free = equilibrium(made).price[0]
    exposed = made._replace(cells=with_customers_of_firm_0(made.cells, 0.5, 4.0, protected=0))
    shielded = made._replace(cells=with_customers_of_firm_0(made.cells, 0.5, 4.0, protected=1))
    assert equilibrium(exposed).price[0] > 1.2 * free
    np.testing.assert_allclose(equilibrium(shielded).price[0], free, rtol=0.02)


def test_a_monopolist_ignores_customers_whose_price_is_protected() -> None:
    made = market([1.0], [1.0], form=LOG, alpha=[4.0])
    shielded = made._replace(cells=with_customers_of_firm_0(made.cells, 0.5, 4.0, protected=1))
    assert equilibrium(shielded).price[0] == pytest.approx(equilibrium(made).price[0], rel=1e-10)


def test_excess_at_the_ceiling_is_left_to_rationing() -> None:
    made = market(DELTA, COST, **SIX | {"capacity": [0.001, 0.5, 0.5], "ceiling": 3.0})  # type: ignore[arg-type]
    found = equilibrium(made)
    assert found.price[[0, 3]].tolist() == [3.0, 3.0]
    assert found.quantity[[0, 3]].sum() > 0.001
    assert (found.price[[1, 2, 4, 5]] < 3.0).all()


def test_a_few_rounds_from_last_quarters_prices_are_close_to_equilibrium() -> None:
    """MODEL B2: the median gap of bounded best response stays under 2%; costs fall by 10%, demand grows by 15%."""
    gaps = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        delta, cost = rng.normal(1.0, 0.5, 6), rng.uniform(0.3, 1.5, 6)
        made = market(delta.tolist(), cost.tolist(), **NESTED)  # type: ignore[arg-type]
        free = equilibrium(made)
        capacity = np.bincount(made.offers.pool, free.quantity) * rng.uniform(0.6, 1.3, 3)
        before = equilibrium(Market(made.cells, made.offers._replace(capacity=capacity)), free.price)
        cells = made.cells._replace(mass=made.cells.mass * 1.15)
        offers = made.offers._replace(capacity=capacity * 1.05, cost=made.offers.cost * 0.9)
        bounded = solve(cells, offers, before.price, before.multiplier, 4, 1e-6)
        full = equilibrium(Market(cells, offers), bounded.price)
        gaps.append(np.abs(np.log(bounded.price / full.price)).max())
    assert np.median(gaps) < 0.02
    assert np.max(gaps) < 0.25
