"""Which cards places order as rules close the better ones to a part of their orders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.economics.baskets import (
    Buyers,
    Habit,
    Shelf,
    Worth,
    domestic_orders,
    lifted,
    new_capacity,
    orders,
    taken_by,
    wanted,
)

Floats = NDArray[np.float64]

MAKER = np.array([0, 0, 1])
"""Two cards of a foreign maker, of which the first is the better one, and one of a domestic maker."""
FOREIGN, KW, HOURS = np.array([True, True, False]), np.array([1.0, 1.0, 2.0]), np.array([1000.0, 500.0, 400.0])
H100E = np.array([2.0, 1.0, 1.0])
COST = np.array([[1.0, 2.0, 3.0], [1.5, 2.5, 2.0]])
"""(places, cards) per hour."""
SHARES = st.lists(st.floats(0.0, 1.0), min_size=9, max_size=9).map(lambda x: np.array(x).reshape(3, 3))


def buyers(power: float = 10.0, takings: float = 1e9) -> Buyers:
    """Return two sites and an owner elsewhere, who orders 60 H100e of the first maker and 40 of the second."""
    mix, better = np.array([[0.7, 0.3], [0.5, 0.5]]), np.full((3, 1), -1)
    here, there = (
        Shelf(cost, np.zeros(3), 4, MAKER, 2, better) for cost in (COST, COST[:1])
    )  # fmt: skip
    habit = Habit(mix, 2.0, np.zeros((2, 2)), HOURS, KW)
    worth = Worth(COST, np.full(2, takings), np.ones(2), 6.0)
    return Buyers(here, habit, worth, np.array([power, power]), there, np.array([[60.0, 40.0]]), H100E)


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


def capacity(open_: Floats, cost: Floats = COST, reference: Floats | None = None) -> tuple[Floats, Floats]:
    """Return of which cards an hour of new capacity at two sites consists, and the hours of an MW."""
    asked = buyers()
    noted = np.zeros((2, 2)) if reference is None else reference
    return new_capacity(asked.here._replace(cost=cost), asked.habit._replace(reference=noted), open_)


@given(SHARES)
def test_new_capacity_is_made_of_what_is_ordered(open_: Floats) -> None:
    cards = orders(buyers(), open_)[:2]
    parts, mw_hours = capacity(open_[:2])
    hours = cards @ HOURS
    np.testing.assert_allclose(parts * hours[:, None], cards * HOURS, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(mw_hours * mw(cards), hours, rtol=1e-9, atol=1e-6)
    assert parts.sum(axis=1) == pytest.approx((mw_hours > 0.0).astype(float))
    assert (mw_hours[open_[:2].max(axis=1) > 1e-9] > 0.0).all()


def test_of_every_part_of_orders_as_many_slots_are_filled_as_its_cards_are_worth() -> None:
    """Half of orders may have the first card beside the third, half the third alone: each goes by its own cost."""
    open_ = np.array([[0.5, 0.0, 1.0]] * 3)
    all_of_it, found = orders(buyers(), open_), orders(buyers(takings=2.0), open_)
    better = 0.7 * COST[0, 0] + 0.3 * COST[0, 2]
    filled = mw(found)[0] / 10.0
    assert mw(all_of_it)[0] == pytest.approx(10.0)
    assert filled == pytest.approx(0.5 / (1.0 + (better / 2.0) ** 6) + 0.5 / (1.0 + (COST[0, 2] / 2.0) ** 6))
    assert found[0, 0] / all_of_it[0, 0] == pytest.approx(1.0 / (1.0 + (better / 2.0) ** 6))
    assert not orders(buyers(takings=0.0), open_)[:2].any()


def test_habits_of_ordering_bend_to_cost() -> None:
    noted, everything = np.zeros((2, 2)), np.ones((2, 3))
    first = capacity(everything, reference=noted)[0]
    assert first[0].tolist() == pytest.approx([0.7, 0.0, 0.3])
    assert noted[0].tolist() == [1.0, 3.0]
    later = capacity(everything, COST * np.array([1.0, 1.0, 0.5]), noted)[0]
    assert later[0].tolist() == pytest.approx([0.7 / 1.9, 0.0, 1.2 / 1.9])


def test_a_card_that_is_open_for_a_trace_of_orders_is_a_trace_of_new_capacity() -> None:
    """It was all of it: halls and slots were reckoned with a card that hardly anybody could have."""
    never = capacity(np.array([[0.0, 0.0, 1.0]] * 2))
    trace = capacity(np.array([[1e-9, 0.0, 1.0]] * 2))
    for found, limit in zip(trace, never, strict=True):
        np.testing.assert_allclose(found, limit, rtol=1e-7, atol=1e-7)


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
