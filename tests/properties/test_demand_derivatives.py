"""Demand and its derivatives, as firms use them, against demand written a second time and differentiated exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.verification.markets import demand, jacobian
from sim.economics.capacity import lost, substitution
from sim.economics.cells import LINEAR, LOG, Floats, condensed, respond
from tests.builders_pricing import random_cells, shares

forms = st.sampled_from([LOG, LINEAR])
rhos = st.sampled_from([0.0, 0.3, 0.6, 0.9])
intensities = st.sampled_from([0.0, 0.4])
seeds = st.integers(0, 2**32 - 1)


def some_prices(seed: int, products: int) -> tuple[Floats, Floats]:
    """Return prices and margins."""
    rng = np.random.default_rng(seed + 1)
    price = rng.uniform(0.5, 2.0, products)
    return price, price * rng.uniform(-0.2, 0.8, products)


@given(seeds, forms, rhos, intensities)
def test_quantities(seed: int, form: int, rho: float, intensive: float) -> None:
    cells = random_cells(seed, form=form, rho=rho, intensive=intensive)
    price, _ = some_prices(seed, cells.nest.size)
    found = respond(condensed(cells), price)
    np.testing.assert_allclose(found.quantity, demand(cells, price, price).real, rtol=1e-11, atol=1e-14)


@given(seeds, forms, rhos, intensities)
def test_what_a_firm_loses_in_margin_when_one_of_its_prices_rises(
    seed: int, form: int, rho: float, intensive: float
) -> None:
    """``own`` and ``within`` are the two sides of -sum_k m_k dQ_k/dp_j over the firm's products, ln p_j in form LOG."""
    intensive = intensive if form == LOG else 0.0
    cells = random_cells(seed, form=form, rho=rho, intensive=intensive)
    price, margin = some_prices(seed, cells.nest.size)
    kept = condensed(cells)
    found = respond(kept, price)
    same = cells.provider[:, None] == cells.provider
    lost = -(jacobian(cells, price, logs=form == LOG) * same).T @ margin
    np.testing.assert_allclose(
        margin * found.own - (found.within * margin[kept.roster[cells.provider]]).sum(axis=1),
        lost,
        rtol=1e-9,
        atol=1e-11 * found.own.max(),
    )


@given(seeds, forms, rhos)
def test_what_pools_take_from_one_another(seed: int, form: int, rho: float) -> None:
    """``substitution`` is -d use / d mu of the pools with a row, when every price follows its pool's multiplier."""
    cells = random_cells(seed, form=form, rho=rho, intensive=0.4 if form == LOG else 0.0)
    rng = np.random.default_rng(seed + 2)
    price, _ = some_prices(seed, cells.nest.size)
    row = np.array([0, 1, 2, 0, -1, 2, 3])
    use, slopes = rng.uniform(0.2, 2.0, row.size), rng.uniform(0.0, 1.0, row.size)
    kept = condensed(cells)
    found = substitution(kept, use, row, slopes, respond(kept, price), 4)
    member = (row[:, None] == np.arange(4)).astype(float)
    expected = -(member.T * use) @ jacobian(cells, price, logs=form == LOG) @ (member * slopes[:, None])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())


@given(seeds, forms, rhos)
def test_what_pools_lose_as_prices_drift(seed: int, form: int, rho: float) -> None:
    """``lost`` is -d use along any change of (log) prices."""
    cells = random_cells(seed, form=form, rho=rho, intensive=0.4 if form == LOG else 0.0)
    rng = np.random.default_rng(seed + 3)
    price, _ = some_prices(seed, cells.nest.size)
    pool, kept = np.array([0, 1, 2, 0, 4, 2, 3]), condensed(cells)
    use, drift = rng.uniform(0.2, 2.0, pool.size), rng.uniform(-1.0, 1.0, pool.size)
    found = lost(kept, use, pool, drift, respond(kept, price), 5)
    expected = -np.bincount(pool, use * (jacobian(cells, price, logs=form == LOG) @ drift), minlength=5)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())


@given(seeds, forms, rhos)
def test_shares_add_up_and_are_those_of_demand(seed: int, form: int, rho: float) -> None:
    cells = random_cells(seed, form=form, rho=rho, intensive=0.0)
    price, _ = some_prices(seed, cells.nest.size)
    free = cells._replace(protected=np.zeros_like(cells.protected), multiplier=np.ones_like(cells.multiplier))
    total = np.zeros(price.size)
    for b in range(cells.start.size - 1):
        for c in range(cells.incumbent.size):
            found = shares(cells, price, b, c)
            assert found.sum() == pytest.approx(1.0, abs=1e-12)
            assert (found >= 0.0).all()
            total += cells.mass[b, c] * found[:-1]
    np.testing.assert_allclose(total, demand(free, price, price).real, rtol=1e-11, atol=1e-14)


def test_plain_logit_in_the_limit_and_independence_of_irrelevant_alternatives() -> None:
    cells = random_cells(3, form=LOG, rho=0.0, intensive=0.0)
    price, _ = some_prices(3, cells.nest.size)
    here = slice(cells.start[0], cells.start[1])
    weight = np.exp(cells.attraction[here] - cells.sensitivity[0] * np.log(price[cells.product[here]]))
    total = np.exp(cells.outside[0]) + weight.sum()
    found = shares(cells, price, 0, 0)
    np.testing.assert_allclose(found[cells.product[here]], weight / total, rtol=1e-13)
    dearer = price.copy()
    dearer[0] *= 3.0
    np.testing.assert_allclose(
        shares(cells, dearer, 0, 0)[1:] / found[1:],
        np.full(found.size - 1, shares(cells, dearer, 0, 0)[-1] / found[-1]),
        rtol=1e-12,
    )


@pytest.mark.parametrize("kappa", [0.0, 1.0, 6.0])
@pytest.mark.parametrize("firms", [2, 5])
def test_who_stays_with_one_of_equal_suppliers(kappa: float, firms: int) -> None:
    """``e^k / (e^k + N - 1)`` without an outside option (MODEL B1)."""
    cells = random_cells(1, form=LOG, rho=0.0, intensive=0.0, firms=firms)
    product = np.arange(firms)
    equal = cells._replace(
        start=np.array([0, firms]), product=product, attraction=np.zeros(firms), outside=np.array([-700.0]),
        boost=np.full(cells.boost.shape, kappa), sensitivity=np.array([3.0]),
    )  # fmt: skip
    found = shares(equal, np.ones(cells.nest.size), 0, 2)
    stays = np.exp(kappa) / (np.exp(kappa) + firms - 1)
    np.testing.assert_allclose(found[:firms], np.where(product == 1, stays, (1.0 - stays) / (firms - 1)), rtol=1e-12)
