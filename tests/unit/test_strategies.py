"""Allocation of a supplier's output among orders, and investment towards forecast demand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.strategies.allocation import PROPORTIONAL, RULES, UNIFORM, allocated, share_out
from sim.strategies.capacity_target import LARGEST_GROWTH, TINY, desired_additions, expect

amounts = st.floats(0.0, 1e6)
orders_of_buyers = st.lists(amounts, min_size=1, max_size=8).map(np.array)
rules = st.sampled_from([PROPORTIONAL, UNIFORM])


def test_rules_by_name() -> None:
    assert RULES == {"proportional": PROPORTIONAL, "uniform": UNIFORM}


@given(orders_of_buyers, amounts, rules)
def test_nobody_gets_more_than_ordered_and_nothing_is_left_over(orders: np.ndarray, output: float, rule: int) -> None:
    given_out = allocated(orders, output, rule)
    assert (given_out <= orders * (1.0 + 1e-12)).all()
    assert (given_out >= 0.0).all()
    assert given_out.sum() == pytest.approx(min(output, orders.sum()), rel=1e-9, abs=1e-9)


@given(orders_of_buyers, amounts, rules, st.randoms(use_true_random=False))
def test_who_orders_first_gets_no_more(orders: np.ndarray, output: float, rule: int, random: object) -> None:
    order = np.array(sorted(range(orders.size), key=lambda _: random.random()))  # type: ignore[attr-defined]
    np.testing.assert_allclose(
        allocated(orders[order], output, rule), allocated(orders, output, rule)[order], rtol=1e-9, atol=1e-9
    )


@given(orders_of_buyers, amounts)
def test_everyone_is_cut_alike_or_to_the_same_level(orders: np.ndarray, output: float) -> None:
    cut = allocated(orders, output, PROPORTIONAL)
    np.testing.assert_allclose(cut, orders * min(1.0, output / max(orders.sum(), 1e-300)), rtol=1e-9, atol=1e-9)
    level = allocated(orders, output, UNIFORM)
    short = level < orders * (1.0 - 1e-9)
    if short.any():
        assert np.ptp(level[short]) <= 1e-9 * output
        assert (level[~short] <= level[short].max() * (1.0 + 1e-9)).all()


def test_the_two_rules_in_an_example() -> None:
    orders = np.array([2.0, 10.0, 8.0])
    assert allocated(orders, 10.0, PROPORTIONAL).tolist() == [1.0, 5.0, 4.0]
    assert allocated(orders, 10.0, UNIFORM).tolist() == [2.0, 4.0, 4.0]
    assert orders.tolist() == [2.0, 10.0, 8.0]


@given(orders_of_buyers, amounts, st.integers(0, 7), st.floats(0.0, 10.0))
def test_asking_for_more_than_needed_gains_nothing_under_the_uniform_rule(
    orders: np.ndarray, output: float, who: int, extra: float
) -> None:
    """Sprumont 1991: what counts is the least of what is got and what is needed; so it is not proportionally."""
    who %= orders.size
    larger = orders.copy()
    larger[who] *= 1.0 + extra
    honest, inflated = (allocated(x, output, UNIFORM)[who] for x in (orders, larger))
    assert min(inflated, orders[who]) == pytest.approx(honest, rel=1e-9, abs=1e-9)


def test_asking_for_more_than_needed_pays_under_the_proportional_rule() -> None:
    honest = allocated(np.array([10.0, 10.0]), 10.0, PROPORTIONAL)[0]
    assert allocated(np.array([20.0, 10.0]), 10.0, PROPORTIONAL)[0] > honest


def test_a_supplier_shares_out_its_chips_by_their_compute() -> None:
    ordered = np.array([[10.0, 0.0, 5.0], [0.0, 10.0, 1.0]])
    h100e, supplier = np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1])
    accepted = share_out(ordered, h100e, supplier, np.array([15.0, 100.0]), PROPORTIONAL)
    np.testing.assert_allclose(accepted, [[5.0, 0.0, 5.0], [0.0, 5.0, 1.0]], rtol=1e-14)
    level = share_out(ordered, h100e, supplier, np.array([12.0, 9.0]), UNIFORM)
    np.testing.assert_allclose(level, [[6.0, 0.0, 2.0], [0.0, 3.0, 1.0]], rtol=1e-14)


def test_a_buyer_who_is_cut_loses_the_same_share_of_every_chip() -> None:
    ordered = np.array([[8.0, 4.0], [3.0, 3.0]])
    accepted = share_out(ordered, np.array([1.0, 2.0]), np.array([0, 0]), np.array([10.0]), UNIFORM)
    kept = accepted / ordered
    np.testing.assert_allclose(kept[:, 0], kept[:, 1], rtol=1e-14)
    assert (accepted @ [1.0, 2.0]).sum() == pytest.approx(10.0, rel=1e-14)


def test_expectations_adapt() -> None:
    demand, growth, price = np.array([10.0, 10.0, 10.0]), np.zeros(3), np.array([1.0, 2.0, 2.0])
    expect(
        np.array([20.0, 0.0, 1e9]), np.array([3.0, 4.0, 2.0]), np.array([0.25, 0.5, 1.0]), False, demand, growth, price
    )
    assert demand == pytest.approx([12.5, 5.0, 1e9], rel=1e-9)
    assert growth == pytest.approx([0.25 * np.log(1.25), -0.5 * LARGEST_GROWTH, LARGEST_GROWTH], rel=1e-12)
    assert price.tolist() == [1.5, 3.0, 2.0]


def test_the_first_observation_is_expected_to_last() -> None:
    demand, growth, price = np.zeros(2), np.zeros(2), np.ones(2)
    expect(np.array([7.0, 0.0]), np.array([2.0, 3.0]), np.full(2, 0.25), True, demand, growth, price)
    assert (demand.tolist(), growth.tolist(), price.tolist()) == ([7.0, TINY], [0.0, 0.0], [2.0, 3.0])


def additions(**changes: float) -> float:
    """Return what a site of 100 adds that expects 20% growth over two quarters at a price of twice its cost."""
    values = {
        "demand": 100.0, "growth": 0.1, "price": 2.0, "capacity": 100.0, "worn": 0.0, "adjustment": 0.5, "lead": 2.0,
        "elasticity": 1.0, "hurdle": 1.6, "maximum_growth": 10.0,
    }  # fmt: skip
    found = desired_additions(**{name: np.array([x]) for name, x in (values | changes).items()})
    return float(found[0])


def test_a_site_closes_part_of_the_gap_to_its_target() -> None:
    assert additions() == pytest.approx(0.5 * (100.0 * np.exp(0.2) * 2.0 / 1.6 - 100.0), rel=1e-14)
    assert additions(elasticity=0.0, growth=0.0) == 0.0
    assert additions(elasticity=2.0, growth=0.0) == pytest.approx(0.5 * (100.0 * 1.25**2 - 100.0), rel=1e-14)


def test_nothing_is_added_below_the_hurdle_and_never_more_than_can_be_built() -> None:
    assert additions(price=0.0) == additions(price=1.0, growth=0.0) == 0.0
    assert additions(maximum_growth=0.2) == pytest.approx(20.0, rel=1e-14)
    assert additions(price=1.6, growth=0.0) == pytest.approx(0.0, abs=1e-12)


def test_what_wore_out_is_replaced_once_and_only_while_it_is_wanted() -> None:
    steady = {"growth": 0.0, "price": 1.6, "capacity": 95.0, "worn": 5.0}
    assert additions(**steady) == pytest.approx(5.0, rel=1e-12)
    assert additions(**steady, demand=98.0) == pytest.approx(4.0, rel=1e-12)
    assert additions(**steady, demand=60.0) == 0.0
