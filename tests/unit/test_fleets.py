"""Cards age, stand in pools, move under leases and earn rent: kernels against plain numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.cells import Floats
from sim.economics.fleets import (
    Leases,
    age_fleet,
    count_hours,
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
    cards, delivered, lost = fleet(), np.full((2, 3), 7.0), np.empty((2, 3))
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
        nothing = np.zeros((2, 3)), np.empty((2, 3))
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


def test_what_rounding_leaves_of_the_last_cards_is_nothing() -> None:
    cards, owned = np.zeros((1, 1, 3)), np.array([[3.0 + 1e-13]])
    cards[0, 0, 0] = 3.0
    age_fleet(cards, owned, np.zeros((1, 1)), np.empty((1, 1)), 1, 0.9, -1, True)
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
    out = np.full((3, 2), np.nan)
    operate(OWNED, SITE, STACKED, LEASES, t, out)
    assert out.tolist() == expected
    assert out.sum() == 70.0


def test_hours_by_site_follow_leases_that_are_still_in_force() -> None:
    hours = np.array([1.0, 100.0])
    found = operated_hours(OWNED, SITE, STACKED, LEASES, np.array([2, 2]), hours)
    np.testing.assert_allclose(found, [10.0 + 2000.0 + 10.0, 40.0 - 10.0], rtol=1e-14)
    later = operated_hours(OWNED, SITE, STACKED, LEASES, np.array([9, 9]), hours)
    np.testing.assert_allclose(later, [2010.0, 40.0], rtol=1e-14)


def test_hours_of_every_pool() -> None:
    kinds = np.full((1, 2, 2), np.nan)
    count_hours(np.array([[10.0, 5.0]]), np.array([[1.0, 1.0], [2.0, 0.5]]), np.array([[1, 0]]), 100.0, kinds)
    assert kinds[0].tolist() == [[1000.0, 250.0], [1000.0, 1000.0]]


def test_rent_is_a_multiple_of_the_long_run_cost_of_the_hours_leased() -> None:
    paid, net, effective = np.zeros((3, 3)), np.full(3, np.nan), np.array([[9.0, 2.0], [9.0, 4.0]])
    cost = np.array([[9.0, 1.0], [9.0, 2.0], [9.0, 3.0]])
    owner = np.array([0, 0, 1])
    post_rents(OWNED, SITE, STACKED, LEASES, 2, effective, 1000.0, cost, owner, paid, net)
    rent = 0.25 * 40.0 * 2.0 * 1000.0 * 3.0 * 2.0 / 1e6
    assert paid[0, 1] == pytest.approx(rent, rel=1e-14)
    assert paid.sum() == paid[0, 1]
    assert net.tolist() == [-paid[0, 1], paid[0, 1], 0.0]
    post_rents(OWNED, SITE, STACKED, LEASES, 9, effective, 1000.0, cost, owner, paid, net)
    assert not net.any()
