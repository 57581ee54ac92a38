"""Cards bought ahead of rules, and beliefs about rules to come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.strategies.beliefs import believe
from sim.strategies.stockpiling import bought_ahead, taken_from_store, worth_keeping

FRACTION = st.floats(0.0, 1.0)
AMOUNT = st.floats(0.0, 1e6)
QUARTERS, PACE = st.floats(0.0, 12.0), st.floats(1.0, 20.0)


def ahead(
    usual: float, stored: float, open_: float, closing: float, belief: float, quarters: float, pace: float,
    rising: float = 0.0, worth: float = 0.0,
) -> float:  # fmt: skip
    """Return what is bought on top, where a rise of the price is ``worth`` so many quarters: holding costs 1."""
    a, b, c, d, e, f, g = (np.array([[x]]) for x in (usual, stored, open_, closing, belief, rising, worth))
    return float(bought_ahead(a, b, c, d, e, np.zeros(1, np.int64), f, g, 1.0, quarters, pace)[0, 0])


@given(AMOUNT, AMOUNT, FRACTION, FRACTION, FRACTION, QUARTERS, PACE)
def test_what_is_bought_ahead_is_limited_by_days_and_by_need(
    usual: float, stored: float, open_: float, closing: float, belief: float, quarters: float, pace: float
) -> None:
    extra = ahead(usual, stored, open_, closing, belief, quarters, pace)
    assert 0.0 <= extra <= max(usual * quarters * (1.0 + 1e-12) - stored, 0.0)
    assert extra <= usual * (pace - 1.0) * max(closing, belief * open_) * (1.0 + 1e-12)
    assert ahead(usual, stored, open_, 0.0, 0.0, quarters, pace) == 0.0


@given(AMOUNT, FRACTION, QUARTERS, PACE)
def test_who_is_certain_buys_what_is_bought_once_it_is_announced(
    usual: float, open_: float, quarters: float, pace: float
) -> None:
    feared = ahead(usual, 0.0, 1.0, 0.0, 1.0, quarters, pace)
    assert feared == pytest.approx(ahead(usual, 0.0, 1.0, 1.0, 0.0, quarters, pace))
    assert ahead(usual, 0.0, open_, 0.0, 0.0, quarters, pace) == 0.0


@given(AMOUNT, FRACTION, FRACTION, QUARTERS, PACE)
def test_more_fear_buys_no_less(usual: float, one: float, other: float, quarters: float, pace: float) -> None:
    less, more = sorted((one, other))
    assert ahead(usual, 0.0, 1.0, 0.0, less, quarters, pace) <= ahead(usual, 0.0, 1.0, 0.0, more, quarters, pace)


@given(AMOUNT, AMOUNT, FRACTION, FRACTION, QUARTERS, st.floats(0.0, 2.0), PACE)
def test_a_duty_brings_forward_what_it_is_worth_whatever_little_is_closed(
    usual: float, stored: float, closing: float, rising: float, quarters: float, worth: float, pace: float
) -> None:
    dearer = ahead(usual, stored, 1.0, 0.0, 0.0, quarters, pace, rising, worth)
    assert dearer <= max(worth * usual * (1.0 + 1e-12) - stored, 0.0)
    both = ahead(usual, stored, 1.0, closing, 0.0, quarters, pace, rising, worth)
    assert both == max(dearer, ahead(usual, stored, 1.0, closing, 0.0, quarters, pace))


def kept(rise: float, holding: float, most: float) -> float:
    return float(worth_keeping(rise, holding, most))


@given(FRACTION, st.floats(0.001, 2.0), QUARTERS)
def test_cards_are_kept_for_a_higher_price_as_long_as_it_pays(rise: float, holding: float, most: float) -> None:
    found = kept(rise, holding, most)
    assert 0.0 <= found <= most
    assert holding * found <= rise * (1.0 + 1e-12)
    assert found == most or holding * found == pytest.approx(rise)
    assert kept(0.0, holding, most) == 0.0


def test_where_holding_costs_nothing_as_many_as_ever_are_kept() -> None:
    assert kept(0.01, 0.0, 2.0) == 2.0
    assert kept(0.0, 0.0, 2.0) == 0.0


@given(AMOUNT, AMOUNT, st.floats(0.0, 100.0))
def test_stores_fill_slots_first_but_for_cards_that_will_be_closed_or_dearer(a: float, b: float, power: float) -> None:
    stored, kw, taken = np.array([[a, b, 7.0]]), np.array([1.0, 2.0, 1.0]), np.empty((1, 3))
    closing, rising = np.array([[0.0, 0.0, 0.5]]), np.zeros((1, 3))
    left = taken_from_store(stored, closing, rising, kw, np.array([power]), taken)
    there = (a + 2.0 * b) / 1000.0
    assert taken @ kw / 1000.0 + left == pytest.approx(power)
    assert left[0] == pytest.approx(max(power - there, 0.0), abs=1e-9)
    assert taken[0, 2] == 0.0
    assert (taken <= stored).all()
    assert taken[0, 0] * b == pytest.approx(taken[0, 1] * a)
    np.testing.assert_array_equal(
        taken_from_store(stored, rising, np.ones((1, 3)), kw, np.array([power]), taken), power
    )


def believed(news: list[bool], weight: float, start: float = 0.0) -> float:
    """Return a site's belief about region 0 after quarters with and without a tightening."""
    belief, free = np.array([[start, start]]), np.ones((1, 2))
    for tightened in news:
        believe(belief, free, np.array([[0.5 if tightened else 1.0, 1.0]]), np.array([0, 1]), weight)
    assert belief[0, 1] == pytest.approx(start * (1.0 - weight) ** len(news))
    return float(belief[0, 0])


@given(st.lists(st.booleans(), max_size=40), st.floats(0.01, 1.0), FRACTION)
def test_beliefs_are_chances_that_weigh_the_newest_most(news: list[bool], weight: float, start: float) -> None:
    now = believed(news, weight, start)
    assert 0.0 <= now <= 1.0
    assert believed([*news, True], weight, start) == pytest.approx(now + weight * (1.0 - now))
    assert believed([*news, False], weight, start) <= now


def test_beliefs_settle_at_the_frequency_of_tightenings() -> None:
    """Over a cycle of four quarters with one tightening each the mean belief is a quarter."""
    tail = [believed([n % 4 == 0 for n in range(length)], 0.25) for length in range(200, 204)]
    assert np.mean(tail) == pytest.approx(0.25, abs=1e-6)


def test_looser_rules_are_no_tightening() -> None:
    belief = np.zeros((1, 1))
    believe(belief, np.array([[0.5]]), np.array([[1.0]]), np.zeros(1, np.int64), 0.25)
    assert belief[0, 0] == 0.0
