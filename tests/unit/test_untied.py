"""Demand of customers who are tied to nobody, against the demand system that firms price against."""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.economics.cells import LOG, NESTS, Cells
from sim.economics.untied import Choices, alone, wanted_hours
from tests.builders_pricing import shares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SENSITIVITY = np.array([3.0, 5.0])
TASTE = np.array([0, 1, 1, 0])
REGION = np.array([0, 0, 1, 1])
NEST = np.array([0, 0, 0, 1, 1])
POOL = np.array([0, 1, 1, 0, 2])


class Market(NamedTuple):
    """Four base cells that choose among five products, not all of them everywhere, in two quarters."""

    choices: Choices
    attraction: Floats
    price: Floats
    usage: Floats


def market(rho: float, intensive: float = 0.3) -> Market:
    """Return a market whose third cell sees one nest only, and whose last has no tasks in the first quarter."""
    rng = np.random.default_rng(11)
    sold = [[0, 1, 2, 3, 4], [0, 2, 3], [1, 2], [0, 4]]
    product = np.array([j for cell in sold for j in cell])
    cell = np.array([b for b, products in enumerate(sold) for _ in products])
    start = np.searchsorted(cell * NESTS + NEST[product], np.arange(len(sold) * NESTS + 1)).astype(np.int64)
    attraction = rng.normal(1.0, 1.0, (2, product.size))
    price, outside = rng.uniform(0.5, 2.0, (2, 5)), rng.normal(0.0, 0.5, (2, 4))
    weight = np.exp(attraction - SENSITIVITY[TASTE[cell]] * np.log(price[:, product]))
    hours = rng.uniform(0.5, 2.0, (2, product.size))
    need = hours * price[:, product] ** -intensive
    volume = rng.uniform(1.0, 2.0, (2, 4))
    volume[0, 3] = 0.0
    choices = Choices(
        start, product, POOL, REGION, TASTE, SENSITIVITY, rho, intensive, weight, outside, need, volume
    )  # fmt: skip
    return Market(choices, attraction, price, hours)


def cells_of(market: Market, t: int) -> Cells:
    """Return quarter t as the cells of pricing: one class of customers without a supplier."""
    choices = market.choices
    return Cells(
        choices.start[::NESTS].copy(), choices.product, market.attraction[t], market.usage[t],
        SENSITIVITY[TASTE], choices.outside[t], choices.volume[t][:, None], np.array([-1]), np.zeros((4, 1)),
        np.zeros(1, np.int64), NEST, np.arange(5), 5, choices.dissimilarity, choices.intensive, LOG,
    )  # fmt: skip


def wanted_by_shares(market: Market, relative: Floats, rate: Floats) -> Floats:
    """Return (T, R, L) hours from the shares of ``cells`` at changed prices."""
    choices, out = market.choices, np.zeros((2, 2, 3))
    for t in range(2):
        cells, price = cells_of(market, t), market.price[t] * relative[t]
        for b in range(4):
            chosen = shares(cells, price, b, 0)
            for k in range(cells.start[b], cells.start[b + 1]):
                j = cells.product[k]
                hours = market.usage[t, k] * price[j] ** -choices.intensive * rate[t, j]
                out[t, REGION[b], POOL[j]] += choices.volume[t, b] * chosen[j] * hours
    return out


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_who_buys_nothing_is_as_in_the_demand_system(rho: float) -> None:
    made = market(rho)
    expected = [[shares(cells_of(made, t), made.price[t], b, 0)[-1] for b in range(4)] for t in range(2)]
    expected[0][3] = 1.0
    np.testing.assert_allclose(alone(made.choices), expected, rtol=1e-13)


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_hours_at_other_prices_are_as_in_the_demand_system(rho: float) -> None:
    made, rng = market(rho), np.random.default_rng(5)
    relative, rate = rng.uniform(0.3, 3.0, (2, 5)), rng.uniform(0.5, 2.0, (2, 5))
    wanted = wanted_hours(made.choices, relative, rate, 2, 3)
    np.testing.assert_allclose(wanted, wanted_by_shares(made, relative, rate), rtol=1e-12)
    assert (wanted[0, 1] > 0.0).tolist() == [False, True, False]


@pytest.mark.parametrize("b", range(4))
def test_demand_answers_a_common_price_by_the_market_elasticity(b: int) -> None:
    """``a (1 - rho) s_0 + eps_int``: between products nothing changes (MODEL B1)."""
    rho, intensive, step = 0.6, 0.3, 1e-6
    choices = market(rho, intensive).choices
    one = np.ones((2, 5))
    choices = choices._replace(volume=np.where(np.arange(4) == b, 1.0, choices.volume * 0.0))
    low, high = (wanted_hours(choices, x * one, one, 2, 3).sum(axis=(1, 2)) for x in (1.0 - step, 1.0 + step))
    measured = np.log(low / high) / np.log((1.0 + step) / (1.0 - step))
    expected = SENSITIVITY[TASTE[b]] * (1.0 - rho) * alone(choices)[:, b] + intensive
    np.testing.assert_allclose(measured, expected, rtol=1e-7)
