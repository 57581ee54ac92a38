"""Leontief output over shared stages, banks, expansion: what limits makers, and what does not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.economics.expansion import FASTEST, LAST_LAG, SLOWEST, Tools, expand, remember
from sim.economics.filling import filled
from sim.economics.producing import NEW_STANDING, Stages, offered, settled
from sim.economics.upstream import (
    CLOSE,
    MEMORY,
    NOTHING,
    RAMP,
    WAFERS,
    by_side,
    draw_on_bank,
    needs_of_makers,
    open_wafers,
    stage_grants,
    tightness,
    within_grants,
)
from sim.strategies.allocation import inflated_orders

SIDE = np.array([0, 0, 1, 1])
ALL = np.ones(4)
FREE = np.zeros(4, dtype=np.bool_)
amounts = st.floats(0.0, 1e6).map(lambda x: x if x > 1e-6 else 0.0)
needs_of_four = arrays(np.float64, (4, 3), elements=amounts)
available_to_two = arrays(np.float64, (2, 3), elements=amounts)


@given(arrays(np.float64, 5, elements=amounts), arrays(np.float64, 5, elements=st.floats(0.0, 10.0)), amounts)
def test_water_filling_gives_no_more_than_wanted_and_leaves_nothing(
    wanted: np.ndarray, weight: np.ndarray, available: float
) -> None:
    given_out = filled(wanted, weight, available)
    assert (given_out >= 0.0).all()
    assert (given_out <= wanted * (1.0 + 1e-12)).all()
    assert given_out.sum() == pytest.approx(min(available, wanted.sum()), rel=1e-9, abs=1e-9)
    short = (given_out < wanted * (1.0 - 1e-9)) & (weight > 1e-6)
    level = given_out[short] / weight[short]
    assert level.size == 0 or np.ptp(level) <= 1e-6 * level.max() + 1e-9


@given(needs_of_four, available_to_two)
def test_grants_fit_the_stages_and_what_is_made_fits_the_grants(needed: np.ndarray, available: np.ndarray) -> None:
    made, granted, limit = stage_grants(needed, needed, SIDE, available, ALL, FREE)
    assert (by_side(granted, SIDE, 2) <= available * (1.0 + 1e-9) + 1e-9).all()
    assert (needed * made[:, None] <= granted * (1.0 + 1e-9) + 1e-9).all()
    assert ((made >= 0.0) & (made <= 1.0)).all()
    assert set(limit) <= {0, 1, 2, NOTHING}


@given(needs_of_four)
def test_where_there_is_enough_all_orders_are_made(needed: np.ndarray) -> None:
    made, granted, limit = stage_grants(needed, needed, SIDE, by_side(needed, SIDE, 2) * 1.01, ALL, FREE)
    assert made.tolist() == ALL.tolist()
    assert (limit == NOTHING).all()
    np.testing.assert_allclose(granted, needed, rtol=1e-12)


@given(
    arrays(np.float64, (4, 3), elements=st.floats(1.0, 1e3)), arrays(np.float64, (2, 3), elements=st.floats(1.0, 3e3)),
    st.integers(0, 2), st.floats(1.5, 100.0),
)  # fmt: skip
def test_relaxing_a_stage_that_binds_nobody_changes_nothing(
    needed: np.ndarray, available: np.ndarray, stage: int, more: float
) -> None:
    made, _, limit = stage_grants(needed, needed, SIDE, available, ALL, FREE)
    for z in range(2):
        if (limit[z == SIDE] != stage).all() and (by_side(needed, SIDE, 2)[z, stage] <= available[z, stage]):
            relaxed = available.copy()
            relaxed[z, stage] *= more
            np.testing.assert_allclose(stage_grants(needed, needed, SIDE, relaxed, ALL, FREE)[0], made, rtol=1e-12)


def test_what_a_maker_short_elsewhere_cannot_use_goes_to_the_others() -> None:
    """Two makers share wafers; the first has no way to memory beyond a tenth of its orders."""
    needed = np.array([[10.0, 0.0, 100.0], [10.0, 0.0, 0.0]])
    side, two, free = np.array([0, 0]), np.ones(2), np.zeros(2, dtype=np.bool_)
    made, _, limit = stage_grants(needed, needed, side, np.array([[11.0, 1.0, 10.0]]), two, free)
    assert made == pytest.approx([0.1, 1.0], rel=1e-9)
    assert limit.tolist() == [MEMORY, NOTHING]


@given(st.floats(0.0, 1.0))
def test_a_maker_that_foundries_may_not_serve_makes_nothing(access: float) -> None:
    needed, available = np.full((4, 3), 10.0), np.full((2, 3), 100.0)
    part = np.array([access, 1.0, 1.0, 1.0])
    made, granted, limit = stage_grants(needed, needed, SIDE, available, part, FREE)
    assert made == pytest.approx([access, 1.0, 1.0, 1.0], rel=1e-12)
    assert granted[0, WAFERS] == pytest.approx(10.0 * access, rel=1e-12, abs=1e-300)
    assert limit[0] == (NOTHING if access >= 1.0 else WAFERS)


def test_a_maker_grows_no_faster_than_it_can_ramp() -> None:
    needed, standing = np.array([[100.0, 0.0, 0.0], [5.0, 0.0, 0.0]]), np.array([[20.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    side, two, available = np.array([0, 0]), np.ones(2), np.array([[1000.0, 1.0, 1.0]])
    part, ramping = open_wafers(needed, standing, side, available, two, np.array([2.0]), np.array([0.01]))
    assert part == pytest.approx([0.5, 1.0], rel=1e-12)
    made, _, limit = stage_grants(needed, standing, side, available, part, ramping)
    assert made == pytest.approx([0.5, 1.0], rel=1e-12)
    assert limit.tolist() == [RAMP, NOTHING]


def test_a_mix_that_takes_more_than_was_granted_is_cut() -> None:
    ordered, needs, maker = np.array([[4.0, 2.0]]), np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 8.0]]), np.array([0, 0])
    taken = needs_of_makers(ordered, needs, maker, 1)
    assert taken.tolist() == [[6.0, 2.0, 16.0]]
    used = within_grants(ordered, needs, maker, np.array([[6.0, 2.0, 8.0]]))
    assert ordered.tolist() == [[2.0, 1.0]]
    assert used.tolist() == [[3.0, 1.0, 8.0]]


def test_tightness_is_shortage_where_short_and_the_fullest_stage_where_not() -> None:
    needed, available = np.array([[5.0, 0.0, 2.0], [10.0, 0.0, 0.0]]), np.array([[20.0, 0.0, 10.0]])
    found = tightness(np.array([1.0, 0.5]), needed, np.array([0, 0]), available)
    assert found == pytest.approx([0.75, 2.0], rel=1e-12)
    assert tightness(np.ones(2), 0.0 * needed, np.array([0, 0]), available).tolist() == [0.0, 0.0]


def test_the_bank_pays_for_what_capacity_does_not() -> None:
    bank = np.array([[10.0, 5.0, 1.0]])
    draw_on_bank(np.array([[12.0, 3.0, 9.0]]), np.array([[8.0, 4.0, 5.0]]), bank)
    assert bank.tolist() == [[6.0, 5.0, 0.0]]


def one(value: float) -> np.ndarray:
    return np.array([[value]])


ALL_COME = Tools(one(0.025), one(0.0), one(0.0))


@given(st.floats(-1.0, 1.0), st.floats(0.0, 1.0), st.floats(-2.0, 2.0))
def test_capacity_grows_of_its_own_and_by_past_shortage_within_bounds(g: float, e: float, short: float) -> None:
    capacity = one(100.0)
    expand(capacity, np.full((1, 1, LAST_LAG), short), one(g), one(e), ALL_COME)
    assert math.log(capacity[0, 0] / 100.0) == pytest.approx(min(max(g + e * short, SLOWEST), FASTEST), abs=1e-12)


def test_capacity_shrinks_by_wear_where_no_tool_comes_and_faster_without_service() -> None:
    capacity, past = one(100.0), np.zeros((1, 1, LAST_LAG))
    expand(capacity, past, one(0.06), one(0.0), Tools(one(0.025), one(1.0), one(0.0)))
    assert math.log(capacity[0, 0] / 100.0) == pytest.approx(-0.025)
    capacity = one(100.0)
    expand(capacity, past, one(0.06), one(0.0), Tools(one(0.025), one(0.8), one(0.01)))
    assert math.log(capacity[0, 0] / 100.0) == pytest.approx(0.06 - 0.8 * 0.085 - 0.01)


def test_orders_move_capacity_four_to_eight_quarters_later() -> None:
    """One quarter of orders at twice capacity; growth answers in five quarters, a fifth of ln 2 each, from lag 4 on."""
    capacity, past, growth = one(100.0), np.zeros((1, 1, LAST_LAG)), []
    for t in range(12):
        before = capacity[0, 0]
        expand(capacity, past, one(0.0), one(0.1), ALL_COME)
        growth.append(math.log(capacity[0, 0] / before))
        remember(2.0 * capacity if t == 0 else capacity, capacity, past)
    expected = [0.0] * 4 + [0.1 * math.log(2.0) / 5.0] * 5 + [0.0] * 3
    assert growth == pytest.approx(expected, abs=1e-12)


def test_without_orders_or_capacity_nothing_breaks() -> None:
    past = np.zeros((1, 1, LAST_LAG))
    remember(one(0.0), one(0.0), past)
    remember(one(0.0), one(1.0), past)
    assert np.isfinite(past).all()
    assert past[0, 0, 0] < 0.0 < past[0, 0, 1]
    assert CLOSE < 1e-6


@pytest.mark.parametrize("inflation", [0.5, 1.0, 3.0])
def test_orders_on_top_of_need_end_with_the_shortage(inflation: float) -> None:
    """Three quarters at 60% of need, then all of it: what is cancelled is not refused (Lee and others 1997)."""
    one, none, maker = np.ones((1, 3)), np.zeros((1, 3)), np.zeros(1, np.int64)
    stages = Stages(maker, none, np.ones(1), np.full(1, 100.0), np.ones(1))
    need, fill, ordered, standing, past = np.array([[100.0]]), np.ones(1), [], 60.0 * one, np.zeros((1, 3, LAST_LAG))
    for capacity in (60.0, 60.0, 60.0, 100.0, 100.0):
        orders = inflated_orders(need, fill, inflation)
        ordered.append(orders[0, 0])
        offer = offered(stages, orders, one, maker, standing, capacity * one, none)
        accepted = np.minimum(orders * offer.made[0], need)
        assert accepted[0, 0] == pytest.approx(capacity), "all that is made is needed"
        fill = settled(
            stages.side, stages.access, offer.needed, offer.granted, need, accepted, np.ones(1), one, maker, standing,
            past, capacity * one, none.copy(),
        )  # fmt: skip
    assert ordered == pytest.approx([100.0, *[100.0 * (1.0 + 0.4 * inflation)] * 3, 100.0])


def test_standing_follows_what_makers_use_and_accepts_what_they_can_make() -> None:
    """One maker, one card that takes a wafer and two stacks: 60 of 100 ordered, as wafers allow."""
    one, none = np.ones((1, 3)), np.zeros((1, 3))
    stages = Stages(np.zeros(1, np.int64), none, np.ones(1), np.full(1, 100.0), np.ones(1))
    ordered, needs, maker = np.array([[100.0]]), np.array([[1.0, 0.0, 2.0]]), np.zeros(1, np.int64)
    standing, past, capacity, bank = 40.0 * one, np.zeros((1, 3, LAST_LAG)), np.array([[60.0, 9.0, 500.0]]), 0.0 * one
    offer = offered(stages, ordered, needs, maker, standing, capacity, bank)
    assert offer.made[0] == pytest.approx(0.6)
    accepted = ordered * offer.made[0]
    filled_part = settled(
        stages.side, stages.access, offer.needed, offer.granted, ordered, accepted, np.ones(1), needs, maker, standing,
        past, capacity, bank,
    )  # fmt: skip
    assert filled_part[0] == pytest.approx(0.6)
    expected = 40.0 + NEW_STANDING * (np.array([60.0, 0.0, 120.0]) - 40.0)
    np.testing.assert_allclose(standing[0], expected, rtol=1e-12)
