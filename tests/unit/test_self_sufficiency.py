"""Self-sufficiency along the chain: limits, bounds, and what moves it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.economics.self_sufficiency import chain_of_side, index, own_part, own_tools, weakest_link
from tests.economy import column, ran

EQUAL = np.full(5, 0.2)
FRACTION = st.floats(0.0, 1.0)
CHAINS = arrays(np.float64, (1, 3, 4), elements=FRACTION)
AMOUNTS = arrays(np.float64, (1, 1, 3), elements=st.floats(0.0, 1e6))
YES = np.ones((1, 3), np.bool_)


def test_all_at_home_is_one_and_one_missing_link_is_none() -> None:
    amounts, whole = np.ones((1, 1, 3)), np.ones((1, 3, 4))
    assert index(amounts, YES, YES, whole, EQUAL)[0, 0] == weakest_link(amounts, YES, YES, whole)[0, 0] == 1.0
    for link in range(4):
        broken = whole.copy()
        broken[:, :, link] = 0.0
        assert index(amounts, YES, YES, broken, EQUAL)[0, 0] == weakest_link(amounts, YES, YES, broken)[0, 0] == 0.0


def test_a_domestic_design_with_foreign_dies_is_not_self_sufficient() -> None:
    amounts, whole = np.ones((1, 1, 3)), np.ones((1, 3, 4))
    assert index(amounts, YES, ~YES, whole, EQUAL)[0, 0] == 0.0
    assert index(amounts, ~YES, YES, whole, EQUAL)[0, 0] == 0.0
    assert index(amounts, ~YES, YES, whole, np.array([0.0, 0.25, 0.25, 0.25, 0.25]))[0, 0] == 1.0


@given(AMOUNTS, CHAINS)
def test_the_index_lies_between_none_and_all(amounts: Any, chain: Any) -> None:
    whole, weakest = index(amounts, YES, YES, chain, EQUAL)[0, 0], weakest_link(amounts, YES, YES, chain)[0, 0]
    if amounts.sum() == 0.0:
        assert np.isnan(whole)
        assert np.isnan(weakest)
    else:
        assert -1e-12 <= whole <= 1.0 + 1e-12
        assert -1e-12 <= weakest <= 1.0 + 1e-12


@given(AMOUNTS, CHAINS, FRACTION)
def test_more_domestic_links_are_a_higher_index(amounts: Any, chain: Any, step: float) -> None:
    better = chain + step * (1.0 - chain)
    before, after = (index(amounts, YES, YES, x, EQUAL)[0, 0] for x in (chain, better))
    assert np.isnan(before) or after >= before - 1e-12


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_own_units_come_first(own: float, used: float) -> None:
    part = own_part(np.array(own), np.array(used))
    assert part == (min(own, used) / used if used > 0.0 else 1.0)


def test_tools_that_do_not_come_leave_domestic_ones() -> None:
    imported = np.array([0.8, 0.8, 0.8, 1.0])
    missing = imported * np.array([0.0, 0.5, 1.0, 1.0])
    np.testing.assert_allclose(own_tools(imported, missing), [0.2, 1.0 / 3.0, 1.0, 0.0])


def test_a_card_without_fast_memory_misses_none() -> None:
    uses = np.array([[True, False, False], [True, True, True]])
    stages, tools = np.full((1, 2, 3), 0.5), np.array([[[0.2, 0.6, 1.0]] * 2])
    np.testing.assert_allclose(chain_of_side(stages, tools, uses)[0], [[0.5, 1.0, 1.0, 0.2], [0.5, 0.5, 0.5, 0.6]])


# --- in the whole model ---

END = {"market.end": "2026Q4"}


def last(changes: dict[str, Any], region: str = "cn", name: str = "self_sufficiency") -> float:
    return float(column(ran({**END, **changes}), "market", name, region=region)[-1])


def test_memory_from_abroad_is_what_keeps_china_from_being_self_sufficient() -> None:
    plenty = {"upstream.cn.memory.capacity": 1e7}
    assert last(plenty) > last({}) > 0.0
    assert last({"suppliers.huawei_ascend.upstream": "us-allied"}) < last({})
    assert last({}, name="self_sufficiency_weakest_link") <= last(plenty, name="self_sufficiency_weakest_link")


def test_sides_have_all_of_their_own_and_regions_without_fabs_none() -> None:
    assert last({}, "us") == pytest.approx(1.0)
    assert last({}, "mid") == 0.0
    assert last({}, "world") == 1.0
    assert np.isnan(column(ran(END), "market", "self_sufficiency", region="cn")[:12]).all()
