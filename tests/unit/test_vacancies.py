"""Which cards leave and which slots are free: by what an hour earns times the share of hours that is asked for."""

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
RULE = Rule(PATIENCE, 1500.0, 0.1, 1.0, 2)
OFFERS = Offers(np.array([[0.0, 1.0]] * 2), np.array([[9.0, 2.0]] * 2), np.full(2, 3e6))
"""The second card costs 2 USD an hour of one H100e; the first, which is in place, is old."""


def decided(load: list[float], price: float = 1.0, waited: float = 1.0) -> tuple[Fleet, Floats]:
    """Return two sites' cards and the MW that they fill: 1,000 old cards of 1 kW each, which cost 0.5 USD an hour."""
    fleet = Fleet(
        np.array([[1000.0, 0.0]] * 2), np.full(2, 3.0), np.ones(2), np.ones(2), np.array([[0.5, 0.5]]),
        np.full((2, 2), waited), np.zeros((2, 2)), np.zeros((2, 2)),
    )  # fmt: skip
    prospects = Prospects(np.full(2, price), np.array(load), np.ones(2))
    filled = power_for_orders(fleet, OFFERS, prospects, WORKS, BUILDERS, RULE, 3)
    return fleet, filled


def test_want_of_customers_costs_a_part_of_what_stands_idle() -> None:
    """At 1 USD cards that cost 0.5 stay while half of their hours are in use; below that a tenth of idle ones goes."""
    fleet, _ = decided([0.51, 0.4])
    assert fleet.scrapped[:, 0].tolist() == [0.0, pytest.approx(0.1 * 0.6 * 1000.0)]
    assert fleet.losses[:, 0].tolist() == [0.0, PATIENCE]
    still, _ = decided([0.4, 0.4], waited=0.0)
    assert not still.scrapped.any(), "the first quarter of loss is borne"
    nobody, _ = decided([0.0, 0.0])
    assert nobody.scrapped[:, 0].tolist() == pytest.approx([100.0, 100.0])


def test_cards_go_at_once_where_even_an_hour_in_use_costs_more_than_it_earns() -> None:
    fleet, _ = decided([1.0, 0.2], price=0.49)
    assert fleet.scrapped[:, 0].tolist() == [1000.0, 1000.0]


def test_cards_give_way_where_new_ones_would_earn_more_at_the_same_load() -> None:
    """An MW of old cards earns 1.5m hours x (takings - 0.5) USD, of new ones 3m hours x (takings - 2)."""
    fleet, _ = decided([1.0, 0.5], price=4.0)
    assert fleet.may_go[:, 0].tolist() == [pytest.approx(100.0), 0.0]


def test_slots_that_are_free_by_next_quarter_may_be_filled() -> None:
    """Of 3 MW one is taken by 1,000 cards of 1 kW, of which a tenth may go at the first site."""
    _, free = decided([1.0, 0.5], price=4.0)
    np.testing.assert_allclose(free, [2.1, 2.0], rtol=1e-12)
