"""Costs and prices of cards, research and its clock, generations after the catalogue."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import Parameters
from sim.economics.chip_costs import (
    bill_of_card,
    card_prices,
    listed_prices,
    needs_at_yield,
    perfect_needs,
    scarcity_step,
    worth_of_cards,
)
from sim.economics.making import Technique, learn
from sim.economics.research import Programme, advance_roadmaps, launch_cards, research_spending, roadmap_pace
from sim.economics.silicon import good_fraction, packaging_per_card, wafers_per_card
from sim.economics.upstream import by_side
from sim.makers import NEVER, Makers
from sim.names import quarter_number
from sim.roadmap import catalogue
from sim.structure import Structure


def test_cards_take_what_one_card_takes_at_the_defects_of_its_maker() -> None:
    """Two makers of one side, the second with four times the experience of the reference."""
    needs, good = np.zeros((2, 3)), np.zeros(2)
    needs_at_yield(
        *perfect_needs(np.array([814.0, 1600.0]), np.array([5.0, 8.0])), np.array([0, 1]), np.array([0, 0]),
        np.array([1.0, 4.0]), np.array([0.2]), np.array([0.1]), np.array([0.5]), np.array([2.0]), needs, good,
    )  # fmt: skip
    expected = [
        [wafers_per_card(814.0, 0.2, 2.0), packaging_per_card(814.0, 5.0), 5.0],
        [wafers_per_card(1600.0, 0.15, 2.0), packaging_per_card(1600.0, 8.0), 8.0],
    ]
    np.testing.assert_allclose(needs, expected, rtol=1e-12)
    assert good == pytest.approx([good_fraction(814.0, 0.2, 2.0), good_fraction(800.0, 0.15, 2.0)], rel=1e-12)


def test_the_bill_learns_but_for_the_dies() -> None:
    needs, price = np.array([0.01, 0.04, 8.0]), np.array([16000.0, 10000.0, 300.0])
    assert bill_of_card(needs, price, 100.0, 1.0) == pytest.approx(160.0 + 400.0 + 2400.0 + 100.0, rel=1e-12)
    assert bill_of_card(needs, price, 100.0, 0.5) == pytest.approx(160.0 + 1450.0, rel=1e-12)


@given(st.floats(0.0, 10.0), st.floats(0.0, 1.0))
def test_prices_answer_shortage_slowly_and_bounded(orders: float, eta: float) -> None:
    assert abs(scarcity_step(orders, eta, False)) <= 0.5 * eta
    assert scarcity_step(1.0, eta, False) == 0.0
    assert scarcity_step(orders, eta, True) == -0.5 * eta


def listed(cost: float, *, pass_through: float = 0.7, fallen: float = 0.0, merchant: float = 1.0) -> float:
    """Return what a maker asks for a card of 100 by catalogue that usually costs 40."""
    return float(
        listed_prices(
            np.array([100.0]), np.array([cost]), np.array([40.0]), fallen, pass_through, np.zeros(1, np.int64),
            np.array([merchant]), np.array([0.6]),
        )[0]
    )  # fmt: skip


@given(st.floats(1.0, 1e3), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_prices_follow_what_cost_departs_from_its_usual_fall(cost: float, pass_through: float, fallen: float) -> None:
    assert listed(40.0 * np.exp(-fallen), pass_through=pass_through, fallen=fallen) == pytest.approx(100.0)
    assert listed(cost, pass_through=0.0, fallen=fallen) == pytest.approx(100.0)
    assert listed(cost, pass_through=1.0) / cost == pytest.approx(2.5, rel=1e-12), "a constant share of margin"
    step = np.log(listed(cost * 1.1, pass_through=pass_through) / listed(cost, pass_through=pass_through))
    assert step == pytest.approx(pass_through * np.log(1.1), abs=1e-9)


def test_in_house_makers_ask_for_cost_and_their_margin() -> None:
    assert listed(20.0, merchant=0.0, fallen=3.0, pass_through=0.2) == pytest.approx(50.0)


def prices(tight: float, *, worth: float = 1e9, cost: float = 10.0, merchant: float = 1.0, eta: float = 0.1) -> float:
    """Return the price of a card of 100 by catalogue that costs 10 to make."""
    out, scarcity = np.zeros(1), np.ones(1)
    card_prices(
        np.array([100.0]), np.array([cost]), np.array([worth]), np.array([0]), np.array([merchant]), np.zeros(1), 1,
        np.array([tight]), eta, 0.1, scarcity, out,
    )  # fmt: skip
    return float(out[0])


def test_a_merchant_asks_more_when_short_and_never_less_than_cost_and_margin() -> None:
    assert prices(5.0) == pytest.approx(100.0 * math.exp(0.05), rel=1e-12)
    assert prices(1.0) == pytest.approx(100.0, rel=1e-12)
    assert prices(0.0) == pytest.approx(100.0 * math.exp(-0.05), rel=1e-12)
    assert prices(5.0, eta=0.0) == 100.0
    assert prices(5.0, cost=200.0) == pytest.approx(220.0, rel=1e-12)
    assert prices(5.0, worth=50.0) == pytest.approx(100.0 * math.exp(-0.05), rel=1e-12)


def test_after_years_at_the_floor_the_first_shortage_moves_the_price() -> None:
    out, scarcity = np.zeros(1), np.ones(1)

    def ask(tight: float) -> float:
        card_prices(
            np.array([100.0]), np.array([90.0]), np.array([1e9]), np.array([0]), np.ones(1), np.zeros(1), 1,
            np.array([tight]), 0.1, 0.1, scarcity, out,
        )  # fmt: skip
        return float(out[0])

    assert [ask(0.0) for _ in range(20)][-1] == pytest.approx(99.0, rel=1e-12)
    assert ask(5.0) == pytest.approx(99.0 * math.exp(0.05), rel=1e-12)


def test_who_makes_cards_for_himself_charges_neither_scarcity_nor_margin() -> None:
    assert prices(5.0, merchant=0.0) == 100.0
    assert prices(5.0, merchant=0.0, cost=200.0) == 200.0


def test_at_its_worth_a_card_earns_its_cost_of_capital() -> None:
    """What an hour of the card earns is its long-run cost at that price."""
    worth = worth_of_cards(
        np.array([0.0, 2.0]), np.array([[1.0, 1.5]]), np.array([9000.0, 9000.0]), np.array([0.7]),
        np.array([1.2, 1.2]), np.array([0.07, 0.07]), 0.05, 0.26, 0.13, 0.7, 1.5,
    )[0]  # fmt: skip
    yearly = worth * 1.5 * 0.26 + 9000.0 * 0.7 * 0.13 + 0.07 * 0.7 * 1.2 * 8760.0
    assert yearly / (8760.0 * 0.7) + 0.05 == pytest.approx(2.0 * 1.5, rel=1e-12)


def test_nothing_is_too_dear_where_no_price_is_known() -> None:
    no = np.zeros(1)
    assert worth_of_cards(no, np.ones((1, 2)), no, no, no, no, 0.0, 0.26, 0.13, 0.7, 1.5)[0] == math.inf


def test_revenue_lost_is_research_lost() -> None:
    spent = research_spending(np.array([100.0, 0.0]), np.array([0.1, 0.1]), np.array([0.0, 3.0]))
    assert spent.tolist() == [10.0, 3.0]
    pace = roadmap_pace(np.array([10.0, 5.0, 1e9]), np.full(3, 10.0), np.full(3, 0.5), np.full(3, 1.2))
    assert pace == pytest.approx([1.0, math.sqrt(0.5), 1.2], rel=1e-12)
    assert roadmap_pace(np.zeros(1), np.ones(1), np.zeros(1), np.ones(1)).tolist() == [1.0]


def test_research_is_a_share_of_what_the_cards_of_a_quarter_brought() -> None:
    """1,000 cards at 20,000 USD are 20 USD m, of which a tenth; 500 at 10,000 are 5."""
    one = np.ones(2)
    programme = Programme(
        np.array([0.1, 0.2]), np.array([0.0, 3.0]), one, 0.0 * one, 0.0 * one, one, np.array([99, 99]), np.array([0, 1])
    )
    spent, pace, clock, launched = (np.zeros(2), np.ones(2), np.zeros(2), np.full(2, NEVER))
    cards, price = np.array([1000.0, 500.0]), np.array([20_000.0, 10_000.0])
    advance_roadmaps(programme, cards, price, -1, 1, spent, pace, clock, launched)
    assert spent == pytest.approx([2.0, 1.0])
    advance_roadmaps(programme, cards, price, 0, 2, spent, pace, clock, launched)
    assert spent == pytest.approx([2.0, 4.0])
    assert clock.tolist() == [2.0, 2.0]


def test_experience_is_the_silicon_of_the_cards_made() -> None:
    """Makers of small and of large cards learn by area: 10 cards of 800 mm2 teach as much as 100 of 80."""
    two, sides = np.ones(2), np.zeros((1, 3))
    area = np.array([800.0, 80.0])
    perfect, die = perfect_needs(area, np.array([5.0, 1.0]))
    technique = Technique(
        area, perfect, die, np.array([0, 1]), np.array([0, 0]), 0.0 * two, 0.0 * two, 1e4 * two, np.array([0.3]),
        np.array([0.1]), np.array([0.5]), np.array([2.0]), sides + 1000.0, sides, np.array([50.0]), 0.3 * two, two,
    )  # fmt: skip
    experience, needs, good, cost = 1e4 * two, np.empty((2, 3)), np.empty(2), np.empty(2)
    learn(technique, np.array([10.0, 100.0]), 0.0, experience, needs, good, cost)
    assert experience.tolist() == [18_000.0, 18_000.0]


@pytest.mark.parametrize(("pace", "launch"), [(1.0, 8.0), (0.5, 12.0), (1.25, 8.0), (2.0, 6.0)])
def test_research_sets_the_quarter_of_a_launch(pace: float, launch: float) -> None:
    """Due four quarters after the fourth of the clock; at half the pace it takes twice as long."""
    clock, launched = np.array([4.0]), np.array([NEVER])
    for t in range(5, 20):
        clock += pace
        launch_cards(np.array([8]), np.array([0]), clock, np.array([pace]), t, launched)
    assert launched[0] == launch


def test_roadmaps_go_on_by_their_cadence_and_gain(baseline: Parameters) -> None:
    cards = catalogue(baseline)
    assert list(cards)[: len(baseline.chips)] == list(baseline.chips)
    for maker, supplier in baseline.suppliers.items():
        mine = [cards[name] for name in cards if name.startswith(f"{maker}-next-")]
        dates = [quarter_number(card.launch) for card in mine]
        assert set(np.diff(dates)) <= {supplier.roadmap.cadence_quarters}
        assert all(date > quarter_number(baseline.market.history_end) for date in dates)
        for before, after in pairwise(mine):
            assert after.tpp / before.tpp == pytest.approx(supplier.roadmap.performance_gain, rel=1e-12)
            per_h100e = after.price_usd / after.tpp / (before.price_usd / before.tpp)
            years = supplier.roadmap.cadence_quarters / 4
            assert per_h100e == pytest.approx(math.exp(-supplier.price_decline * years), rel=1e-12)


def test_at_the_end_of_history_cards_have_the_margin_of_their_maker(baseline: Parameters) -> None:
    structure = Structure(baseline)
    makers = Makers(structure)
    assert makers.relative_experience(makers.made_before) == pytest.approx(np.ones(len(structure.suppliers)), rel=1e-12)
    assert (makers.overhead > 0.0).all()
    assert (makers.overhead[makers.margin[structure.chip_supplier] == 0.0] > 0.0).all()


def test_capacity_upstream_holds_what_was_delivered(baseline: Parameters) -> None:
    """History is feasible: no stage was smaller than what the last quarter observed took, memory in bank counted."""
    makers = Makers(Structure(baseline))
    taken = np.zeros_like(makers.capacity)
    np.add.at(taken, makers.side, makers.standing)
    assert (taken <= makers.capacity + makers.release * makers.bank).all()
    assert (taken > 0.2 * (makers.capacity + makers.release * makers.bank)).all()


@pytest.mark.parametrize("until", ["2022Q1", "2023Q2", "2024Q4"])
def test_capacity_upstream_follows_the_end_of_history(baseline: Parameters, until: str) -> None:
    """Every stage has the room over what the last quarter took that it has in the quarter it is sized for."""
    moved = baseline.model_copy(update={"market": baseline.market.model_copy(update={"history_end": until})})
    now, sized = Makers(Structure(moved)), Makers(Structure(baseline))
    for makers in (now, sized):
        makers.capacity /= by_side(makers.standing, makers.side, makers.capacity.shape[0])
    np.testing.assert_allclose(now.capacity, sized.capacity, rtol=1e-9)
    shrunk = now.research_reference / sized.research_reference
    assert (shrunk == 1.0).all() if until == "2024Q4" else shrunk.min() < 0.8


def test_capacity_upstream_is_as_stated_in_the_quarter_it_is_sized_for(baseline: Parameters) -> None:
    makers = Makers(Structure(baseline))
    for z, side in enumerate(baseline.upstream.values()):
        stated = [side.wafers.capacity, side.packaging.capacity, side.memory.capacity]
        assert makers.capacity[z].tolist() == stated
