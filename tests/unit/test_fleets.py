"""Cards age, stand in pools, move under leases and earn rent: kernels against plain numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.cells import Floats
from sim.economics.fleets import (
    Leases,
    add_leased,
    age_fleet,
    count_hours,
    draw_leases,
    install,
    operate,
    operated_hours,
    post_rents,
    recount,
    staying,
    worth,
)

SITE = np.array([0, 0, 1])
STACKED = np.array([[True, False], [False, True], [True, False]])
OWNED = np.array([[10.0, 20.0], [40.0, 80.0]])
LEASES = Leases(
    np.array([2, 1]), np.array([0, 0]), np.array([1, 0]), np.array([3, 0]), np.array([0.25, 0.5]), np.array([2.0, 1.0])
)
"""A quarter of site 1's first chip to pool 0 in quarters 1 to 3; half of site 0's second chip in quarter 0 alone."""


def fleet() -> Floats:
    return np.random.default_rng(1).uniform(1.0, 9.0, (2, 3, 5))


@pytest.mark.parametrize(("retired", "opening"), [(-1, False), (0, True), (1, True), (2, True)])
def test_cards_fail_and_retire_and_the_account_follows(retired: int, opening: bool) -> None:
    cards, delivered, lost = fleet(), np.full((2, 3), 7.0), np.zeros((2, 3))
    cards[:, :, 4] = 0.0
    before, owned = cards.copy(), cards.sum(axis=2)
    age_fleet(cards, owned, delivered, lost, 4, 0.9, retired, opening)
    kept = before * 0.9
    kept[:, :, 1 : max(retired, 0) + 1] = 0.0
    if opening:
        kept[:, :, 0] = 0.0
    np.testing.assert_allclose(lost, (before - kept).sum(axis=2), rtol=1e-14)
    kept[:, :, 4] = 7.0
    np.testing.assert_array_equal(cards, kept)
    np.testing.assert_allclose(owned, kept.sum(axis=2), rtol=1e-14)


@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 6), st.floats(0.5, 1.0))
def test_what_stays_is_what_ageing_leaves(ahead: int, age: int, opening_age: int, survive: float) -> None:
    """Quarter by quarter as deliveries age a fleet, without new cards."""
    cards, newest = np.zeros((2, 3, 5 + ahead)), 4
    cards[:, :, :5] = fleet()
    for v in range(newest + 1):
        if v <= newest - age or (v == 0 and newest - 1 + opening_age >= age):
            cards[:, :, v] = 0.0
    owned = cards.sum(axis=2)
    quarters = np.full(2, ahead)
    found = staying(cards, owned, np.zeros((2, 3)), survive, quarters, newest, age, opening_age)
    for v in range(newest + 1, newest + 1 + ahead):
        nothing = np.zeros((2, 3)), np.zeros((2, 3))
        age_fleet(cards, owned, *nothing, v, survive, v - age, v - 1 + opening_age - age >= 0)
    np.testing.assert_allclose(found, owned, rtol=1e-12, atol=1e-12)


def test_what_is_given_up_is_gone_and_what_gives_way_goes_on_giving_way() -> None:
    cards, quarters = fleet(), np.array([2, 3])
    owned = cards.sum(axis=2)
    leaving = owned * np.array([0.0, 0.1, 1.0])
    found = staying(cards, owned, leaving, 0.9, quarters, 4, 100, 0)
    kept = np.array([[0.9, 0.81, 0.0]]) ** quarters[:, None]
    np.testing.assert_allclose(found, owned * kept, rtol=1e-13)
    none = staying(cards, owned, leaving, 0.9, np.zeros(2, np.int64), 4, 100, 0)
    np.testing.assert_array_equal(none, owned, err_msg="nothing is lost at once")


def test_cards_bought_ahead_wait_in_store_for_a_slot() -> None:
    stored = np.array([[1.0, 5.0]])
    found = install(np.array([[7.0, 2.0]]), np.array([[3.0, 0.0]]), np.array([[0.0, 4.0]]), stored)
    assert found.tolist() == [[4.0, 6.0]]
    assert stored.tolist() == [[4.0, 1.0]]


def test_what_rounding_leaves_of_the_last_cards_is_nothing() -> None:
    cards, owned = np.zeros((1, 1, 3)), np.array([[3.0 + 1e-13]])
    cards[0, 0, 0] = 3.0
    age_fleet(cards, owned, np.zeros((1, 1)), np.zeros((1, 1)), 1, 0.9, -1, True)
    assert owned[0, 0] == 0.0


def test_cards_are_recounted_and_valued() -> None:
    cards, each = fleet(), np.array([1.0, 10.0, 100.0])
    np.testing.assert_allclose(recount(cards, 3), cards[:, :, :3].sum(axis=2), rtol=1e-14)
    np.testing.assert_allclose(worth(recount(cards, 5), each), (cards.sum(axis=2) * each).sum(axis=1), rtol=1e-14)


@pytest.mark.parametrize(
    ("t", "expected"),
    [
        (0, [[10.0, 10.0], [0.0, 10.0], [40.0, 0.0]]),
        (1, [[20.0, 0.0], [0.0, 20.0], [30.0, 0.0]]),
        (4, [[10.0, 0.0], [0.0, 20.0], [40.0, 0.0]]),
    ],
)
def test_leases_in_force_move_cards_and_make_none(t: int, expected: list[list[float]]) -> None:
    out, share = np.full((3, 2), np.nan), np.full(2, np.nan)
    draw_leases(OWNED, SITE, STACKED, LEASES, t, np.ones(2), np.zeros(2), share)
    operate(OWNED, SITE, STACKED, LEASES, share, out)
    assert out.tolist() == expected
    assert out.sum() == 70.0


AGREED = Leases(
    np.array([2, 2, 2]), np.array([0, 0, 0]), np.zeros(3, np.int64), np.array([9, 9, 0]), np.array([0.25, 0.0, 0.0]),
    np.array([2.0, 0.0, 0.0]),
)  # fmt: skip
"""A dated lease of a quarter of site 1's first chip to pool 0, and two agreements, of which one is over."""


@given(st.floats(1e-3, 60.0))
def test_what_was_agreed_is_given_as_far_as_cards_reach_beside_dated_leases(agreed: float) -> None:
    let, share = np.array([0.0, agreed, 7.0]), np.full(3, np.nan)
    draw_leases(OWNED, SITE, STACKED, AGREED, 3, np.ones(2), let, share)
    given_ = min(agreed, 30.0)
    np.testing.assert_allclose(let, [0.0, given_, 0.0], rtol=1e-14)
    np.testing.assert_allclose(share, [0.25, given_ / 40.0, 0.0], rtol=1e-14)
    moved = np.array([1.0, 2.0, 3.0])
    add_leased(let, AGREED, moved)
    np.testing.assert_allclose(moved, [1.0 + given_, 2.0, 3.0 - given_], rtol=1e-13)


def test_hours_of_pools_follow_dated_leases_that_are_still_in_force() -> None:
    hours = np.array([1.0, 100.0])
    found = operated_hours(OWNED, SITE, STACKED, LEASES, np.array([2, 2]), hours)
    np.testing.assert_allclose(found, [10.0 + 10.0, 2000.0, 40.0 - 10.0], rtol=1e-14)
    later = operated_hours(OWNED, SITE, STACKED, LEASES, np.array([9, 9]), hours)
    np.testing.assert_allclose(later, [10.0, 2000.0, 40.0], rtol=1e-14)


def test_hours_of_every_pool() -> None:
    kinds = np.full((1, 2, 2), np.nan)
    count_hours(np.array([[10.0, 5.0]]), np.array([[1.0, 1.0], [2.0, 0.5]]), np.array([[1, 0]]), 100.0, kinds)
    assert kinds[0].tolist() == [[1000.0, 250.0], [1000.0, 1000.0]]


def test_rent_is_a_multiple_of_long_run_cost_or_the_market_price_of_the_hours_leased() -> None:
    paid, net, ahead = np.zeros((2, 2)), np.full(2, np.nan), np.full(2, np.nan)
    cost = np.array([[9.0, 1.0], [9.0, 2.0], [9.0, 3.0]])
    post_rents(
        OWNED, SITE, STACKED, AGREED, np.array([0.25, 0.5, 0.0]), 2, 5.0, np.array([2000.0, 4000.0]), cost,
        np.array([7.0]), np.zeros(3, np.int64), np.array([0, 0, 1]), paid, net, ahead,
    )  # fmt: skip
    dated, agreed = 0.25 * 40.0 * 2000.0 * 3.0 * 2.0 / 1e6, 0.5 * 40.0 * 2000.0 * 7.0 / 1e6
    assert paid[0, 1] == pytest.approx(dated + agreed, rel=1e-14)
    assert paid.sum() == paid[0, 1]
    assert net.tolist() == [-paid[0, 1], paid[0, 1]]
    assert ahead.tolist() == [0.0, pytest.approx(7.0 * dated + 4.0 * agreed)]
