"""The grey market: clearing, limits, responses; enforcement by days."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.names import quarter_number
from sim.parameters.policy import Enforcement
from sim.policy.dates import days_of, strength_over
from sim.policy.enforcement import effort
from sim.strategies.grey_market import (
    ELASTICITY,
    NONE,
    WEDGE,
    Supply,
    cleared,
    demanded,
    denied,
    evade,
    give_way,
    seized_share,
    supplied,
)

PUBLISHED = Supply(WEDGE, 1.0, 0.25, 3.6e-6, 3700.0, 3.0, 1.0)
FORMS = st.sampled_from([WEDGE, ELASTICITY])


def test_a_premium_of_three_quarters_brings_what_was_estimated_for_2024() -> None:
    for form in (WEDGE, ELASTICITY):
        yearly = 4.0 * supplied(PUBLISHED._replace(form=form), 0.75)
        assert yearly == pytest.approx(140_000.0, rel=0.02)


@given(FORMS, st.floats(1.0, 1e6), st.floats(0.0, 5.0), st.floats(0.1, 10.0))
def test_the_premium_clears_the_market(form: int, denied: float, elasticity: float, enforced: float) -> None:
    supply = PUBLISHED._replace(form=form, effort=enforced)
    premium, cards = cleared(supply, denied, elasticity)
    assert premium >= 0.0
    assert cards == pytest.approx(demanded(denied, elasticity, premium), rel=1e-6)
    assert cards <= supplied(supply, premium) * (1.0 + 1e-9)


def test_without_denied_cards_or_supply_nothing_leaks_and_there_is_no_premium() -> None:
    """V18: P_grey = P_free and S_grey = 0."""
    assert cleared(PUBLISHED, 0.0, 1.5) == (0.0, 0.0)
    assert cleared(PUBLISHED._replace(form=NONE), 1e5, 1.5) == (0.0, 0.0)


@given(FORMS, st.floats(1e3, 1e6), st.floats(1.01, 5.0))
def test_enforcement_raises_the_premium_and_lowers_leakage(form: int, denied: float, more: float) -> None:
    usual, strict = (cleared(PUBLISHED._replace(form=form, effort=x), denied, 1.5) for x in (1.0, more))
    assert strict[0] >= usual[0]
    assert strict[1] <= usual[1]


@given(FORMS, st.floats(1e3, 1e6), st.floats(1.01, 5.0))
def test_more_denied_cards_mean_a_higher_premium_and_more_leakage(form: int, denied: float, more: float) -> None:
    few, many = (cleared(PUBLISHED._replace(form=form), x, 1.5) for x in (denied, denied * more))
    assert many[0] >= few[0]
    assert many[1] >= few[1]


def test_no_card_is_evaded_below_the_threshold() -> None:
    assert supplied(PUBLISHED, 0.25) == 0.0
    assert supplied(PUBLISHED, 0.26) > 0.0


def test_what_is_denied_is_wanted_by_owners_and_in_part_for_providers_of_the_region() -> None:
    closed = np.array([[8.0, 0.0], [4.0, 2.0], [1.0, 0.0], [3.0, 5.0]])
    own, for_providers, wanted = denied(closed, np.array([0, 1]), np.array([1, 1]), 2, 0.25)
    assert own.tolist() == [[1.0, 0.0], [3.0, 5.0]]
    assert for_providers.tolist() == [[2.0, 0.0], [1.0, 0.5]]
    assert wanted.tolist() == [[2.0, 0.0], [5.0, 5.5]]


def test_owners_of_a_region_buy_in_proportion_and_regions_clear_apart() -> None:
    """Two owners in the first region, one in the second, where enforcement is stricter; nobody asks in the third."""
    region, own = np.array([0, 0, 1, 2]), np.array([[3e4, 0.0], [0.0, 1e4], [4e4, 0.0], [0.0, 0.0]])
    asked, others = own.sum(axis=1), np.array([[0.0, 2e4], [0.0, 0.0], [5e4, 5e4]])
    wanted, effort = np.array([6e4, 4e4, 1e5]), np.array([1.0, 3.0, 1.0])
    premium, evading, got = np.zeros(3), np.zeros(own.shape), own.copy()
    evade(PUBLISHED, effort, region, got, asked, others, wanted, 1.5, premium, evading)
    for r, strict in ((0, 1.0), (1, 3.0)):
        expected, cards = cleared(PUBLISHED._replace(effort=strict), wanted[r], 1.5)
        assert (premium[r], evading[region == r].sum()) == pytest.approx((expected, cards))
    assert evading[:2, 1] == pytest.approx(np.array([1.5e4, 1.5e4]) * evading[0, 0] / 3e4)
    assert (premium[2], evading[3].max()) == (0.0, 0.0)
    np.testing.assert_allclose(got[0], own[0] * evading[0, 0] / 3e4)


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_who_gets_denied_cards_orders_as_much_less_as_goes_beyond_the_usual(
    ordered: float, evaded: float, usual: float
) -> None:
    legal, h100e = np.array([[ordered]]), np.array([2.0])
    give_way(legal, np.array([[evaded]]), h100e, np.array([usual]))
    assert 0.0 <= legal[0, 0] <= ordered
    assert 2.0 * (legal[0, 0] + evaded) <= max(usual, 2.0 * evaded, 2.0 * ordered) * (1.0 + 1e-9)
    if 2.0 * (ordered + evaded) <= usual:
        assert legal[0, 0] == ordered


def test_seizures_grow_with_the_share_of_evaded_cards() -> None:
    assert seized_share(1.0, 0.0, 100.0) == 0.0
    assert seized_share(1.0, 10.0, 100.0) == pytest.approx(1.0 - math.exp(-0.1))
    assert seized_share(2.0, 10.0, 100.0) > seized_share(1.0, 10.0, 100.0)
    assert seized_share(1.0, 0.0, 0.0) == 0.0


def test_effort_counts_the_days_in_force() -> None:
    rule = Enforcement(
        label="x", source="test", grade="assumption", announced="2025-01-01", effective="2025-02-15", expires=None,
        phase_in_quarters=0.0, kind="enforcement", destinations=["cn"], budget=2.0, verification=1.5,
    )  # fmt: skip
    found = [
        effort([(rule, strength_over(days_of(rule), quarter_number(quarter)))], ["mid", "cn"])
        for quarter in ("2024Q4", "2025Q1", "2025Q2")
    ]
    np.testing.assert_allclose(found, [[1.0, 1.0], [1.0, 1.0 + 2.0 * 45 / 90], [1.0, 3.0]])
    assert effort([], ["cn"]).tolist() == [1.0]
