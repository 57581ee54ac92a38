"""Winding up: who gets what, who takes what; nothing is made or lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.entry import credit_granted, drawn_to_enter, entry_pays
from sim.economics.insolvency import (
    hand_over,
    insolvent,
    settle_estate,
    shares_by_chip,
    shares_of_bidders,
    take_rest,
)

amount = st.floats(0.0, 1e6)


@given(st.floats(-1e6, 1e6), amount, amount)
def test_an_estate_closes_at_zero(cash: float, debt: float, proceeds: float) -> None:
    estate = settle_estate(cash, debt, proceeds)
    scale = 1e-9 * (abs(cash) + debt + proceeds + 1.0)
    assert cash + proceeds + estate.credit - estate.owners == pytest.approx(0.0, abs=scale)
    assert debt + estate.credit - estate.written_off == pytest.approx(0.0, abs=scale)
    assert estate.written_off >= -scale
    assert estate.owners >= -scale
    assert estate.owners <= scale or estate.written_off <= scale, "owners come last"


def test_an_estate_by_hand() -> None:
    assert settle_estate(-10.0, 100.0, 30.0) == (-20.0, 80.0, 0.0)
    assert settle_estate(-10.0, 100.0, 4.0) == (6.0, 106.0, 0.0)
    assert settle_estate(-10.0, 5.0, 30.0) == (-5.0, 0.0, 15.0)


@given(st.floats(0.1, 1e6), st.lists(amount, max_size=6))
def test_bidders_pay_no_more_than_they_can_and_the_richest_come_first(price: float, budgets: list[float]) -> None:
    shares = shares_of_bidders(price, np.array(budgets, dtype=float))
    assert shares.sum() <= 1.0 + 1e-9
    assert (shares * price <= np.array(budgets) * (1.0 + 1e-9) + 1e-9).all()
    assert shares.sum() == pytest.approx(min(sum(budgets) / price, 1.0))


def test_the_largest_budget_takes_all_it_pays_for() -> None:
    assert shares_of_bidders(100.0, np.array([10.0, 70.0, 50.0])).tolist() == pytest.approx([0.0, 0.7, 0.3])
    assert shares_of_bidders(0.0, np.array([1.0, 2.0])).tolist() == [0.0, 1.0]


def test_cards_and_shells_change_hands_and_none_is_made_or_lost() -> None:
    draw = np.random.default_rng(3)
    cards, owned, shells = draw.uniform(1, 9, (4, 3, 5)), draw.uniform(1, 9, (4, 3)), draw.uniform(1, 9, 4)
    elsewhere, account, mw = np.zeros((2, 3, 5)), np.zeros((2, 3)), np.zeros(2)
    before = [cards.sum(axis=0), owned.sum(axis=0), shells.sum()]
    stood = cards[1].copy()
    takers, shares = np.array([0, 3]), np.array([0.5, 0.2])
    chips = shares_by_chip(shares, np.array([[True, False, True], [True, True, True]]))
    hand_over([cards, owned], 1, takers, chips)
    hand_over([shells], 1, takers, shares)
    take_rest([cards, owned, shells], 1, [elsewhere, account, mw], 1)
    for now, gone, total in zip((cards, owned, shells), (elsewhere, account, mw), before, strict=True):
        np.testing.assert_allclose(now.sum(axis=0) + gone.sum(axis=0), total, rtol=1e-12)
        assert not np.any(now[1])
    np.testing.assert_allclose(elsewhere[1], stood * np.array([0.3, 0.8, 0.3])[:, None], rtol=1e-12)


def test_who_is_in_business_and_short_of_cash_is_insolvent() -> None:
    assert insolvent(np.array([-1.0, -1e-9, 3.0, -2.0, -3.0]), np.array([1.0, 1.0, 1.0, 0.0, 1.0])).tolist() == [0, 4]


def test_only_dormant_firms_that_never_came_in_are_drawn() -> None:
    dormant, entered = np.array([True, False, True, True]), np.array([0.0, 0.0, 7.0, 0.0])
    keys, season = np.arange(4, dtype=np.uint64), np.uint64(5)
    assert drawn_to_enter(dormant, entered, keys, season, 1.0).tolist() == [0, 3]
    assert drawn_to_enter(dormant, entered, keys, season, 0.0).size == 0


def test_entry_asks_for_its_cost_and_for_credit() -> None:
    assert entry_pays(0.3, 500.0, 50.0, 1.5)
    assert not entry_pays(0.1, 500.0, 50.0, 1.5)
    assert credit_granted(5.0, 0.12, 1.0, 0.5)
    assert not credit_granted(5.0, 0.12, 0.5, 0.5)
