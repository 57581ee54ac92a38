"""Halls: exact lags, queues for power, payment over the build, prices of builders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.building import (
    begin,
    completed,
    congestion,
    instalment,
    over_quarters,
    payment_schedule,
    pipeline_growth,
    slots_granted,
    under_way,
    withdraw,
)

REGION = np.array([0, 0, 1])
requests = st.lists(st.floats(0.0, 100.0), min_size=12, max_size=12).map(lambda x: np.array(x).reshape(3, 4))


@given(st.integers(1, 9))
def test_what_was_begun_is_under_way_until_it_is_finished(build: int) -> None:
    begun, none, here = np.zeros((1, 20)), np.zeros((1, 20)), np.zeros(1, np.int64)
    begun[0, 3:8] = [1.0, 2.0, 0.0, 4.0, 5.0]
    finished = 0.0
    for now in range(20):
        finished += completed(begun, here, np.array([build]), now)[0]
        way = under_way(begun, none, here, np.array([build]), 2, now)[0]
        assert finished + way == pytest.approx(over_quarters(begun, now)[0], rel=1e-12)


@given(requests, st.lists(st.floats(0.0, 150.0), min_size=2, max_size=2).map(np.array), st.integers(0, 3))
def test_power_is_promised_up_to_the_grid_oldest_first(requested: np.ndarray, grid: np.ndarray, wait: int) -> None:
    waits = np.full(2, wait)
    found = slots_granted(requested, REGION, waits, grid, 3)
    old = np.arange(4) + wait <= 3
    assert (found[:, ~old] == 0.0).all()
    assert (found <= requested * (1.0 + 1e-12)).all()
    for r in range(2):
        mine = found[r == REGION]
        due = requested[r == REGION][:, old].sum()
        assert mine.sum() == pytest.approx(min(grid[r], due), rel=1e-9, abs=1e-9)
        left = (requested[r == REGION] - mine)[:, old].sum(axis=0)
        later = mine[:, old].sum(axis=0)
        for q in range(int(old.sum()) - 1):
            assert left[q] <= 1e-9 or later[q + 1 :].sum() <= 1e-9


def test_requests_of_one_quarter_are_cut_alike() -> None:
    requested = np.array([[30.0, 0.0], [10.0, 0.0], [5.0, 0.0]])
    found = slots_granted(requested, REGION, np.zeros(2, np.int64), np.array([20.0, 9.0]), 1)
    np.testing.assert_allclose(found[:, 0], [15.0, 5.0, 5.0], rtol=1e-14)


@given(requests, st.floats(0.0, 1.0))
def test_what_cannot_be_paid_stays_in_the_queue(requested: np.ndarray, share: float) -> None:
    left, begun = requested.copy(), np.zeros((3, 4))
    granted = slots_granted(requested, REGION, np.zeros(2, np.int64), np.array([50.0, 50.0]), 3)
    begin(granted, np.full(3, share), left, begun, 3)
    np.testing.assert_allclose(left.sum(axis=1) + begun.sum(axis=1), requested.sum(axis=1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(begun[:, 3], share * granted.sum(axis=1), rtol=1e-12, atol=1e-12)


@given(requests, st.floats(-50.0, 500.0))
def test_requests_are_withdrawn_newest_first(requested: np.ndarray, excess: float) -> None:
    left = requested.copy()
    back = withdraw(left, np.full(3, excess), 3)
    np.testing.assert_allclose(back, np.minimum(max(excess, 0.0), requested.sum(axis=1)), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(left.sum(axis=1) + back, requested.sum(axis=1), rtol=1e-12, atol=1e-9)
    assert (left >= -1e-12).all()
    for s in range(3):
        touched = np.flatnonzero(left[s] < requested[s])
        assert touched.size == 0 or (left[s, touched[0] + 1 :] <= 1e-12).all()


@given(st.integers(1, 12), st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_instalments_add_up_to_the_price(build: int, first: float, last: float) -> None:
    due = [instalment(k, build, first, last) for k in range(build + 1)]
    assert sum(due) == pytest.approx(1.0, rel=1e-12)
    assert due[0] == pytest.approx(first, abs=1e-15)


def test_a_shell_costs_the_price_of_its_quarter_over_the_build_and_a_conversion_at_once() -> None:
    begun, converting, price = np.zeros((3, 12)), np.zeros((3, 12)), np.full((2, 12), 99.0)
    begun[0, 2], converting[2, 4] = 10.0, 5.0
    price[0, 2], price[1, 4] = 8.0, 6.0
    build = np.array([4, 3])
    paid = np.array(
        [payment_schedule(begun, converting, price, REGION, build, now, 0.2, 0.2, 0.5)[0] for now in range(8)]
    )
    np.testing.assert_allclose(paid[:, 0], [0, 0, 16, 16, 16, 16, 16, 0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(paid[:, 2], np.where(np.arange(8) == 4, 15.0, 0.0), rtol=1e-12, atol=1e-12)


def test_what_is_due_later_is_what_later_quarters_pay() -> None:
    begun, converting, price = np.zeros((3, 12)), np.zeros((3, 12)), np.full((2, 12), 7.0)
    begun[0, 2:4], begun[2, 1] = [10.0, 4.0], 3.0
    build = np.array([4, 3])
    ahead = payment_schedule(begun, converting, price, REGION, build, 3, 0.2, 0.2, 0.5)
    later = [payment_schedule(begun, converting, price, REGION, build, now, 0.2, 0.2, 0.5)[0] for now in range(4, 8)]
    np.testing.assert_allclose(ahead[1:], later, rtol=1e-13)
    np.testing.assert_allclose(ahead.sum(axis=0)[:2], [7.0 * (0.8 * 10.0 + 4.0), 0.0], rtol=1e-13)


def test_builders_charge_more_only_beyond_what_they_can_take_on() -> None:
    found = congestion(np.array([60.0, 140.0, 10.0]), REGION, np.array([100.0, 20.0]), 0.5)
    np.testing.assert_allclose(found, [np.sqrt(2.0), 1.0], rtol=1e-14)
    assert congestion(np.array([60.0, 140.0, 10.0]), REGION, np.array([100.0, 20.0]), 0.0).tolist() == [1.0, 1.0]


def test_what_is_under_construction_will_make_power_grow_over_the_time_of_building() -> None:
    begun = np.zeros((3, 12))
    begun[0, 8], begun[1, 4], begun[1, 3] = 30.0, 20.0, 99.0
    found = pipeline_growth(np.array([40.0, 10.0, 5.0]), begun, REGION, np.array([6, 4]), 9)
    np.testing.assert_allclose(found, [np.log(2.0) / 6.0, 0.0], rtol=1e-14)
