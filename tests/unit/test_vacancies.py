"""Which cards leave and which slots are filled: by what an hour earns times the share of hours that is asked for."""

import numpy as np
import pytest

from sim.economics.vacancies import Fleet, Offers, Prospects, Rule, power_for_orders
from sim.economics.works import Builders, Works
from tests.builders_choice import Floats

TWO = np.zeros(2, np.int64)
BUILDERS = Builders(TWO, np.array([0, 1]), np.array([6]), np.array([1]), 0.5, 0.2, 0.2, 0.4)
WORKS = Works(
    np.zeros(2), np.zeros((2, 8)), np.zeros(2), np.zeros((2, 8)), np.zeros((2, 8)), np.ones((1, 8)), np.ones(1)
)  # fmt: skip
PATIENCE = 2.0
RULE = Rule(0.0, 0.7, PATIENCE, 1500.0, 0.1, 1.0, 6.0, 2)
OFFERS = Offers(np.array([[1], [1]]), np.ones((2, 1)), np.array([[9.0, 2.0]] * 2), np.zeros(1), np.full(2, 3e6))
"""The second card costs 2 USD an hour of one H100e; the first, which is in place, is old."""


def decided(load: list[float], price: float = 1.0, waited: float = 1.0) -> tuple[Fleet, Floats]:
    """Return two sites' cards and the MW that they fill: 1,000 old cards of 1 kW each, which cost 0.5 USD an hour."""
    fleet = Fleet(
        np.array([[1000.0, 0.0]] * 2), np.full(2, 3.0), np.ones(2), np.ones(2), np.array([[0.5, 0.5]]),
        np.full((2, 2), waited), np.zeros((2, 2)), np.zeros((2, 2)),
    )  # fmt: skip
    prospects = Prospects(np.log(np.full(2, price)), np.zeros(2), np.ones(2), np.array(load), np.ones(2), np.ones(2))
    filled = power_for_orders(fleet, OFFERS, prospects, WORKS, BUILDERS, RULE, 3, np.empty(2))
    return fleet, filled


def test_what_nobody_asks_for_earns_nothing() -> None:
    """At 1 USD a used hour cards that cost 0.5 stay while half of their hours are asked for, and go below that."""
    fleet, _ = decided([0.51, 0.49])
    assert fleet.scrapped[:, 0].tolist() == [0.0, 1000.0]
    assert fleet.losses[:, 0].tolist() == [0.0, PATIENCE]
    still, _ = decided([0.49, 0.49], waited=0.0)
    assert not still.scrapped.any(), "the first quarter of loss is borne"


def test_cards_give_way_where_new_ones_would_earn_more_at_the_same_load() -> None:
    """An MW of old cards earns 1.5m hours x (takings - 0.5) USD, of new ones 3m hours x (takings - 2)."""
    fleet, _ = decided([1.0, 0.5], price=4.0)
    assert fleet.may_go[:, 0].tolist() == [pytest.approx(100.0), 0.0]


def test_slots_are_filled_by_takings_over_the_cost_of_new_cards() -> None:
    _, filled = decided([1.0, 0.5], price=4.0)
    most = np.array([2.1, 2.0])
    np.testing.assert_allclose(filled, most / (1.0 + (2.0 / np.array([4.0, 2.0])) ** 6), rtol=1e-12)
