"""Which cards places order as rules close the better ones to a part of their orders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.economics.baskets import Buyers, Habit, Shelf, domestic_orders, lifted, orders, taken_by, wanted

Floats = NDArray[np.float64]

MAKER = np.array([0, 0, 1])
"""Two cards of a foreign maker, of which the first is the better one, and one of a domestic maker."""
FOREIGN, KW, HOURS = np.array([True, True, False]), np.array([1.0, 1.0, 2.0]), np.array([1000.0, 500.0, 400.0])
H100E = np.array([2.0, 1.0, 1.0])
COST = np.array([[1.0, 2.0, 3.0], [1.5, 2.5, 2.0]])
"""(places, cards) per hour."""
SHARES = st.lists(st.floats(0.0, 1.0), min_size=9, max_size=9).map(lambda x: np.array(x).reshape(3, 3))


def buyers(power: float = 10.0) -> Buyers:
    """Return two sites and an owner elsewhere, who orders 60 H100e of the first maker and 40 of the second."""
    mix, better = np.array([[0.7, 0.3], [0.5, 0.5]]), np.full((3, 1), -1)
    here, there = (
        Shelf(cost, np.zeros(3), 4, MAKER, 2, better) for cost in (COST, COST[:1])
    )  # fmt: skip
    habit = Habit(mix, 2.0, np.zeros((2, 2)), HOURS, KW)
    return Buyers(here, habit, np.array([power, power]), there, np.array([[60.0, 40.0]]), H100E)


def mw(cards: Floats) -> Floats:
    """Return the power of cards (n, V) at every place."""
    return np.asarray(cards @ KW / 1000.0)


def test_with_all_open_the_cheapest_card_of_every_maker_fills_the_slots_by_habit() -> None:
    found = orders(buyers(), np.ones((3, 3)))
    assert mw(found)[:2] == pytest.approx([10.0, 10.0])
    assert (found[:, 1] == 0.0).all()
    hours = found * HOURS
    assert hours[:2, 0] / hours[:2].sum(axis=1) == pytest.approx([0.7, 0.5])
    assert (found[2] * H100E).tolist() == [60.0, 0.0, 40.0]


@given(SHARES)
def test_what_is_refused_of_one_card_is_the_same_part_as_of_another(open_: Floats) -> None:
    found, most = orders(buyers(), open_), open_.max(axis=1)
    assert mw(found)[:2] == pytest.approx(10.0 * most[:2], abs=1e-6)
    assert (found[2] * H100E).sum() == pytest.approx(100.0 * most[2], abs=1e-6)
    assert (found >= 0.0).all()
    for v in range(3):
        assert (found[:, v] > 0.0) @ (open_[:, v] == 0.0) == 0


@given(SHARES)
def test_what_is_wanted_is_what_would_be_ordered_if_nothing_were_closed(open_: Floats) -> None:
    all_of_it = orders(buyers(), np.ones((3, 3)))
    np.testing.assert_array_equal(wanted(buyers(), open_, orders(buyers(), open_)), all_of_it)


@given(SHARES)
def test_domestic_orders_are_those_without_foreign_cards_where_they_are_asked_for(open_: Floats) -> None:
    without = orders(buyers(), np.where(FOREIGN, 0.0, open_)) @ H100E
    places = np.array([True, False, True])
    assert domestic_orders(buyers(), open_, FOREIGN, places) == pytest.approx(np.where(places, without, 0.0))


def test_lifting_a_rule_brings_its_cards_back_and_one_on_a_card_that_nobody_wants_brings_none() -> None:
    open_, alone = np.ones((3, 3)), np.zeros((2, 3, 3))
    open_[0, 0], alone[0, 0, 0] = 0.25, 0.75
    open_[0, 1], alone[1, 0, 1] = 0.5, 0.5
    ordered = orders(buyers(), open_)
    there = np.asarray(alone.any(axis=2))
    found = lifted(buyers(), open_, alone, there, ordered)
    more = orders(buyers(), np.where(np.arange(3) == 0, 1.0, open_)) - ordered
    assert found[0] == pytest.approx([more[0, 0] * H100E[0], 0.0, 0.0])
    assert found[1, 0] == pytest.approx(
        (orders(buyers(), np.minimum(open_ + alone[1], 1.0)) - ordered)[0, 1] * H100E[1]
    )
    assert (lifted(buyers(), np.ones((3, 3)), alone, there, orders(buyers(), np.ones((3, 3)))) == 0.0).all()


def test_what_rules_take_is_counted_in_h100e_and_in_money() -> None:
    shares, cards = np.zeros((2, 3, 3)), np.array([[4.0, 2.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 8.0]])
    shares[0, 0], shares[1, 2, 2] = 0.5, 0.25
    found = taken_by(shares, np.asarray(shares.any(axis=2)), cards, H100E, np.array([3e6, 1e6, 2e6]))
    assert found[0].tolist() == [[5.0, 0.0, 0.0], [7.0, 0.0, 0.0]]
    assert found[1].tolist() == [[0.0, 0.0, 2.0], [0.0, 0.0, 4.0]]
