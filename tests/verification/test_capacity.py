"""Prices under one capacity per firm: complementarity, deviations, and what an hour of cards is worth everywhere."""

import numpy as np
import pytest

from sim.economics.capacity import pressed
from sim.economics.cells import LINEAR, LOG
from tests.builders_pricing import Market, conditions, demand, equilibrium, jacobian, market, profits


def random_market(seed: int) -> Market:
    """Return firms that sell two products each from one pool, with fees, tastes and nests, some pools too small."""
    rng = np.random.default_rng(seed)
    firms = int(rng.integers(2, 6))
    form, rho = int(rng.choice([LOG, LINEAR])), float(rng.choice([0.0, 0.3, 0.6]))
    alpha = rng.uniform(2.5, 5.0, 3) if form == LOG else rng.uniform(0.6, 1.5, 3)
    made = market(
        rng.normal(1.5, 0.7, 2 * firms).tolist(), rng.uniform(0.3, 1.5, 2 * firms).tolist(), alpha=alpha.tolist(),
        mass=rng.uniform(1.0, 10.0, 3).tolist(), owners=[*range(firms)] * 2, nests=[0] * firms + [1] * firms, rho=rho,
        form=form, intensive=0.3 if form == LOG else 0.0, outside=float(rng.normal()),
        use=rng.uniform(0.4, 1.5, 2 * firms).tolist(), fee=(rng.uniform(0.0, 0.3, firms).tolist() * 2),
    )  # fmt: skip
    free = equilibrium(made)
    used = np.bincount(made.offers.pool, made.offers.use * free.quantity)
    return Market(made.cells, made.offers._replace(capacity=used * rng.uniform(0.4, 1.4, firms)))


def satisfied(seed: int) -> int:
    """Check every condition of an equilibrium; return how many capacities bind."""
    made = random_market(seed)
    free = equilibrium(Market(made.cells, made.offers._replace(capacity=np.full_like(made.offers.capacity, np.inf))))
    found = equilibrium(made, free.price, 1e-11)
    quantity = demand(made.cells, found.price, found.price).real
    slack = 1.0 - np.bincount(made.offers.pool, made.offers.use * quantity) / made.offers.capacity
    assert np.abs(conditions(made, found)).max() < 1e-9
    assert slack.min() > -1e-9
    assert (found.multiplier >= 0.0).all()
    assert np.minimum(slack, found.multiplier).max() < 1e-9
    return int((found.multiplier > 1e-6).sum())


def test_the_conditions_of_an_equilibrium_on_random_markets() -> None:
    binding = [satisfied(seed) for seed in range(40)]
    assert min(binding) == 0
    assert max(binding) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("first", range(100, 1000, 100))
def test_the_conditions_of_an_equilibrium_on_hundreds_of_random_markets(first: int) -> None:
    assert sum(satisfied(seed) for seed in range(first, first + 100)) > 100


@pytest.mark.parametrize("form", [LOG, LINEAR])
def test_an_hour_of_cards_earns_the_same_in_every_use(form: int) -> None:
    """``(p_maas - markup - other) phi = p_iaas - markup - other = mu``, markups from demand alone (MODEL B2)."""
    alpha = [4.0] if form == LOG else [1.0]
    made = market(
        [1.5, 1.2, 1.4, 1.0], [0.6, 0.6, 0.5, 0.4], alpha=alpha, owners=[0, 1, 0, 1], nests=[0, 0, 1, 1], rho=0.4,
        form=form, use=[1.0, 1.0, 0.25, 0.2], capacity=[0.1, 0.1],
    )  # fmt: skip
    found = equilibrium(made)
    same = made.cells.provider[:, None] == made.cells.provider
    slopes = jacobian(made.cells, found.price, logs=False) * same
    markup = np.linalg.solve(-slopes.T, demand(made.cells, found.price, found.price).real)
    hour = (found.price - markup - made.offers.cost) / made.offers.use
    np.testing.assert_allclose(hour, found.multiplier[made.offers.pool], rtol=1e-8)
    assert (hour > 0.1).all()


def test_no_deviation_pays_within_capacity() -> None:
    """Prices at which a firm would sell more than it has earn it no more than its capacity sold at those prices."""
    made = market(
        [3.0, 2.5, 2.0, 1.5], [1.0, 0.9, 1.1, 0.8], owners=[0, 1, 0, 1], capacity=[0.25, 0.3], use=[1.0, 1.0, 0.5, 0.5]
    )
    found = equilibrium(made)
    assert (found.multiplier > 0.0).all()
    best = profits(made, found.price)
    for firm in range(2):
        own = np.flatnonzero(made.cells.provider == firm)
        for first in np.linspace(0.6, 1.5, 46):
            for second in np.linspace(0.6, 1.5, 46):
                tried = found.price.copy()
                tried[own] *= (first, second)
                quantity = demand(made.cells, tried, tried).real
                used = (made.offers.use * quantity)[own].sum()
                if used <= made.offers.capacity[firm]:
                    assert profits(made, tried)[firm] <= best[firm] + 1e-10


def test_a_capacity_that_does_not_bind_changes_nothing() -> None:
    made = market([3.0, 2.5], [1.0, 0.9])
    free = equilibrium(made)
    roomy = equilibrium(Market(made.cells, made.offers._replace(capacity=free.quantity * 1.001)))
    np.testing.assert_allclose(roomy.price, free.price, rtol=1e-10)
    assert roomy.multiplier.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("form", [LOG, LINEAR])
def test_more_capacity_means_lower_prices_and_a_lower_shadow_price(form: int) -> None:
    alpha = [3.0] if form == LOG else [1.0]
    prices, shadows = [], []
    for capacity in (0.05, 0.1, 0.2, 0.4):
        made = market([1.5, 1.2, 1.0], [1.0, 1.0, 1.0], form=form, alpha=alpha, capacity=[capacity] * 3)
        found = equilibrium(made)
        prices.append(found.price)
        shadows.append(found.multiplier)
    assert (np.diff(prices, axis=0) <= 1e-12).all()
    assert (np.diff(shadows, axis=0) <= 1e-12).all()
    assert (prices[0] > prices[-1]).all()


def test_a_pool_sold_out_by_contracts_does_not_stop_the_others() -> None:
    made = market([1.5, 1.2, 1.0], [1.0, 0.9, 0.8], form=LOG, alpha=[4.0], capacity=[1e-9, 0.5, 0.5], ceiling=5.0)
    found = equilibrium(made, tolerance=1e-10)
    assert found.price[0] == 5.0
    assert np.isfinite(found.multiplier).all()
    roomy = equilibrium(Market(made.cells, made.offers._replace(capacity=np.full(3, np.inf))))
    assert (found.price[1:] > roomy.price[1:]).all()


def test_rounding_does_not_decide_which_multipliers_move() -> None:
    """A multiplier that rounding puts beside its largest value stands there: only slack makes it move."""
    top, over, slack = np.full(3, 15.332801870852089), np.full(3, 10.0), np.full(3, -0.5)
    beside = np.array([top[0], np.nextafter(top[1], 0.0), np.nextafter(top[2], np.inf)])
    assert pressed(beside, top, over).size == 0
    assert pressed(beside, top, slack).tolist() == [0, 1, 2]
    assert pressed(0.999 * top, top, over).tolist() == [0, 1, 2]
    assert pressed(np.zeros(3), top, slack).size == 0
