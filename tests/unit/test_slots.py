"""Slots with power: who is ordered from, how much, and which cards leave."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.scrapping import displaceable, displaced, scrapped, take_out
from sim.economics.slots import (
    costs_without_shell,
    earnings,
    free_power,
    power_of,
    spent_per_mw,
    within_budget,
    worthwhile,
)
from sim.economics.technology import capital_recovery, long_run_cost

HERE = np.zeros(1, np.int64)
KW, EFFECTIVE = np.array([1.0, 2.0]), np.array([1.0, 4.0])
RUNNING = np.array([[0.2, 0.3]])


def test_power_of_cards() -> None:
    assert power_of(np.array([[1000.0, 500.0]]), KW).tolist() == [2.0]


@given(st.floats(-3.0, 3.0), st.floats(0.5, 2.0), st.floats(0.5, 30.0))
def test_slots_are_filled_half_where_cards_just_pay_and_more_above(price: float, hurdle: float, steep: float) -> None:
    at, below, above = (worthwhile(hurdle * math.exp(x), 1.0, hurdle, steep) for x in (0.0, -abs(price), abs(price)))
    assert at == pytest.approx(0.5, rel=1e-12)
    assert 0.0 <= below <= at <= above <= 1.0
    assert worthwhile(0.0, 1.0, hurdle, steep) == 0.0


def test_a_shell_that_stands_is_not_weighed() -> None:
    price, shell, pue, tariff = np.array([3e4, 5e4]), np.array([12.0]), np.array([1.2]), np.array([0.08])
    crf, hall = capital_recovery(0.1, 5.0), capital_recovery(0.1, 15.0)
    whole, bare = np.empty((1, 2)), np.empty((1, 2))
    long_run_cost(price, shell * 1000.0, KW, pue, tariff, 0.05, crf, hall, 0.7, whole)
    long_run_cost(price, shell * 0.0, KW, pue, tariff, 0.05, crf, hall, 0.7, bare)
    found = costs_without_shell(whole, shell, KW, EFFECTIVE, hall, 0.7, HERE)
    np.testing.assert_allclose(found, bare / EFFECTIVE, rtol=1e-12)


def test_an_hour_earns_its_cost_times_what_prices_are_over_that() -> None:
    ahead, own = np.log([2.0, 3.0]), np.log([1.5, 1.0])
    np.testing.assert_allclose(earnings(ahead, own, np.array([0.5, 0.7])), [1.5, 2.1], rtol=1e-14)


def test_free_power_counts_what_fails_and_what_may_go() -> None:
    cards, may_go = np.array([[1000.0, 500.0]]), np.array([[100.0, 0.0]])
    assert free_power(cards, may_go, KW, 0.9, np.array([3.0]))[0] == pytest.approx(3.0 - 0.9 * 1.9, rel=1e-14)
    assert free_power(cards, may_go, KW, 0.9, np.array([1.0]))[0] == 0.0


@given(st.lists(st.floats(0.0, 100.0), min_size=3, max_size=3), st.floats(-1.0, 200.0))
def test_nobody_spends_more_than_the_budget_and_all_of_a_firm_is_cut_alike(cost: list[float], budget: float) -> None:
    provider = np.array([0, 1, 0])
    share = within_budget(np.array(cost), provider, np.array([budget, np.inf]))
    assert share[1] == 1.0
    assert share[0] == share[2]
    there = max(budget, 0.0)
    assert (share * cost)[[0, 2]].sum() <= there * (1.0 + 1e-12)
    assert share[0] == 1.0 or (share * cost)[[0, 2]].sum() == pytest.approx(there, rel=1e-9)


def test_what_new_cards_cost_per_mw_of_slots() -> None:
    """A fifth of hours from a card of 100 and 1 kW, the rest from one of 400 and 2 kW: as many of each."""
    parts, hours = np.array([[0.2, 0.8]]), np.array([100.0, 400.0])
    found = spent_per_mw(parts, np.array([500.0 * 1000.0 / 3.0]), hours, np.array([3e4, 6e4]))
    assert found[0] == pytest.approx((3e4 + 6e4) / 3.0 * 1000.0 / 1e6, rel=1e-12)


def test_cards_that_lose_money_go_after_two_quarters_in_a_row() -> None:
    owned, losses = np.array([[10.0, 10.0]]), np.zeros((1, 2))

    def gone(price: float) -> list[float]:
        found = scrapped(owned, np.array([price]), np.ones(1), HERE, EFFECTIVE, RUNNING, 2.0, 0.1, losses)
        return [float(x) for x in found[0]]

    assert gone(0.1) == [0.0, 0.0]
    assert gone(0.3) == [0.0, 0.0]
    assert gone(0.1) == [0.0, 0.0]
    assert gone(0.1) == [10.0, 0.0]


def test_old_cards_give_way_where_their_slot_is_worth_more() -> None:
    owned = np.array([[10.0, 10.0]])
    earned = (1.0 * EFFECTIVE - RUNNING[0]) * 50.0 * 1000.0 / KW
    for gain, expected in ((0.0, [0.0, 0.0]), (earned[0] + 1.0, [1.0, 0.0]), (earned[1] + 1.0, [1.0, 1.0])):
        found = displaceable(owned, np.ones(1), HERE, EFFECTIVE, RUNNING, KW, 50.0, np.array([gain]), 0.1)
        assert found[0].tolist() == expected


@given(st.floats(-1.0, 10.0))
def test_no_more_cards_give_way_than_new_ones_need(needed: float) -> None:
    may_go = np.array([[1000.0, 500.0]])
    found = displaced(may_go, KW, np.array([needed]))
    assert power_of(found, KW)[0] == pytest.approx(min(max(needed, 0.0), 2.0), rel=1e-12, abs=1e-12)


def test_cards_leave_all_vintages_alike_and_the_account() -> None:
    cards = np.array([[[6.0, 3.0, 0.0], [2.0, 2.0, 0.0]]])
    owned = cards.sum(axis=2)
    take_out(cards, owned, np.array([[3.0, 4.0]]), 2)
    np.testing.assert_allclose(cards, [[[4.0, 2.0, 0.0], [0.0, 0.0, 0.0]]], rtol=1e-14)
    np.testing.assert_allclose(owned, [[6.0, 0.0]], rtol=1e-14)
