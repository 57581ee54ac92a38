"""The start rule alone: each term of the target, its limits, and why the form is what it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.strategies.capacity_target import (
    Rentals,
    Sites,
    Stance,
    built_to_let,
    gaps,
    held_back,
    imitated,
    perceived_capacity,
    starts,
    wanted_capacity,
)

Numbers = np.ndarray
TWO = np.zeros(2, np.int64)


def stance(**changes: float) -> Stance:
    """Return a stance of two sites that answers to nothing unless told."""
    values = {
        "adjustment": 0.5, "hurdle": 1.0, "elasticity": 0.0, "scarcity": 0.0, "own_price": 0.0,
        "own_price_weight": 0.4, "own_price_clip": 0.35, "neglect": 0.0, "maximum_growth": 10.0, "imitation": 0.0,
    }  # fmt: skip
    return Stance(**{name: np.full(2, value) for name, value in (values | changes).items()})


def sites(**changes: Numbers) -> Sites:
    """Return two firms in one region, with 60 and 40% of 100 hours of demand and as much capacity."""
    values = {
        "provider": np.array([0, 1]), "region": TWO, "standing": np.array([60.0, 40.0]),
        "renewed": np.array([60.0, 40.0]), "coming": np.zeros(2), "market": np.array([60.0, 40.0]),
        "captive": np.zeros(2), "share": np.array([0.6, 0.4]), "own_price": np.zeros(2),
    }  # fmt: skip
    return Sites(**(values | changes))


def target(rule: Stance, known: Sites, growth: float = 0.0, price: float = 0.0) -> Numbers:
    return wanted_capacity(known, rule, np.full(2, growth), np.full(2, price), 1)


def test_without_responses_each_firm_wants_its_share_of_grown_demand_and_its_own_use() -> None:
    found = target(stance(), sites(captive=np.array([0.0, 7.0])), growth=0.2)
    np.testing.assert_allclose(found, [60.0 * np.exp(0.2), 40.0 * np.exp(0.2) + 7.0], rtol=1e-14)


def test_price_at_the_hurdle_changes_nothing_and_more_is_wanted_above_it() -> None:
    rule = stance(elasticity=1.1, hurdle=1.2)
    np.testing.assert_allclose(target(rule, sites(), price=np.log(1.2)), [60.0, 40.0], rtol=1e-14)
    np.testing.assert_allclose(target(rule, sites(), price=np.log(2.4)), np.array([60.0, 40.0]) * 2.0**1.1, rtol=1e-14)
    assert (target(stance(elasticity=1.1, hurdle=0.9), sites()) > target(rule, sites())).all()


@pytest.mark.parametrize("hurdle", [0.9, 1.0, 1.2])
@pytest.mark.parametrize("scarcity", [0.0, 0.5])
def test_with_perfect_foresight_and_no_lag_price_comes_to_the_hurdle_times_cost(hurdle: float, scarcity: float) -> None:
    """What is wanted stands at once, and sells at the price that was expected: the free entry of a textbook."""
    rule, share, capacity = stance(elasticity=1.1, scarcity=scarcity, hurdle=hurdle), np.array([0.6, 0.4]), 30.0
    for _ in range(100):
        price = np.log(100.0 / capacity) / 1.5  # demand is 100 at cost, with an elasticity of 1.5
        held = share * capacity
        capacity = target(rule, sites(renewed=held, market=held), price=price).sum()
    assert price == pytest.approx(np.log(hurdle), abs=1e-9)


def most_built(neglect: float, quarters: int = 60, lag: int = 6) -> float:
    """Return the largest capacity of two firms that build for six quarters, when demand doubles to 200."""
    rule, known = stance(scarcity=0.5, neglect=neglect), sites(market=np.array([120.0, 80.0]))
    standing, under_way, most = known.standing, [np.zeros(2)] * lag, 0.0
    for _ in range(quarters):
        coming = sum(under_way, np.zeros(2))
        wanted = target(rule, known._replace(renewed=standing, coming=coming))
        begun = 0.5 * np.maximum(wanted - standing - coming, 0.0)
        standing, under_way = standing + under_way[0], [*under_way[1:], begun]
        most = max(most, standing.sum())
    return most


def test_who_neglects_rivals_overshoots() -> None:
    assert most_built(0.0) == pytest.approx(200.0, rel=0.01)
    assert most_built(0.0) < most_built(0.4) < most_built(0.8)
    assert most_built(0.8) > 210.0


def test_scarcity_answers_to_all_capacity_that_is_seen() -> None:
    known = sites(renewed=np.array([40.0, 10.0]))
    np.testing.assert_allclose(target(stance(scarcity=0.5), known), np.array([60.0, 40.0]) * 2.0**0.5, rtol=1e-14)


def test_what_fails_is_missed_and_what_is_renewed_is_not_built_again() -> None:
    """Of two markets alike but for what will stand, more is begun where less will, as much less as cards are better."""
    rule, loses, wins = stance(adjustment=1.0), np.array([54.0, 40.0]), np.array([63.0, 40.0])
    missing, better = (begun(rule, sites(renewed=x), 4.0)[0] for x in (loses, wins))
    assert begun(rule, sites(), 4.0)[0] == pytest.approx(60.0 * (np.exp(0.2) - 1.0) / 4.0, rel=1e-13)
    assert missing - better == pytest.approx(9.0 / 4.0, rel=1e-13)


def test_a_better_product_is_built_for_and_less_so_with_a_large_share() -> None:
    known = sites(own_price=np.array([0.1, -0.1]))
    found = target(stance(own_price=5.0), known)
    np.testing.assert_allclose(found, [60.0 * np.exp(0.5 * 0.4), 40.0 * np.exp(-0.5 * 0.6)], rtol=1e-14)
    extreme = target(stance(own_price=5.0), sites(own_price=np.array([3.0, -3.0])))
    np.testing.assert_allclose(extreme, [60.0 * np.exp(1.75 * 0.4), 40.0 * np.exp(-1.75 * 0.6)], rtol=1e-14)


@given(st.floats(0.0, 1.0), st.floats(0.0, 500.0))
def test_neglect_hides_rivals_building_but_not_the_own(neglect: float, rival: float) -> None:
    known = sites(coming=np.array([20.0, rival]))
    found = perceived_capacity(known, np.full(2, neglect), 1)
    np.testing.assert_allclose(found, [120.0 + (1.0 - neglect) * rival, 100.0 + rival + (1.0 - neglect) * 20.0])


@given(st.floats(0.01, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 500.0))
def test_who_neglects_rivals_wants_more(scarcity: float, neglect: float, rival: float) -> None:
    known = sites(coming=np.array([0.0, rival]))
    seeing, blind = (target(stance(scarcity=scarcity, neglect=x), known)[0] for x in (0.0, neglect))
    assert blind >= seeing * (1.0 - 1e-12)


@given(st.permutations(range(2)))
def test_order_of_sites_means_nothing(order: list[int]) -> None:
    known = sites(coming=np.array([5.0, 9.0]), own_price=np.array([0.2, 0.0]))
    rule = stance(scarcity=0.3, own_price=3.0, elasticity=1.0)
    turned = Sites(**{name: column[order] for name, column in known._asdict().items()})
    np.testing.assert_allclose(target(rule, turned), target(rule, known)[order], rtol=1e-14)


def test_part_of_the_gap_is_closed_up_to_what_can_be_built_and_too_much_is_negative() -> None:
    wanted, committed = np.array([120.0, 900.0, 50.0]), np.array([100.0, 100.0, 100.0])
    found = gaps(wanted, committed, np.full(3, 0.5), np.full(3, 2.0))
    np.testing.assert_allclose(found, [10.0, 200.0, -25.0], rtol=1e-14)


@given(st.floats(0.05, 1.0))
def test_starts_close_the_gap_in_the_end_and_never_overshoot(adjustment: float) -> None:
    committed = np.array([10.0])
    for _ in range(400):
        committed += gaps(np.array([100.0]), committed, np.array([adjustment]), np.array([1.0]))
        assert committed[0] <= 100.0 * (1.0 + 1e-12)
    assert committed[0] == pytest.approx(100.0, rel=1e-6)


def test_followers_move_to_what_the_two_largest_invest_per_revenue() -> None:
    begun, revenue, investment = np.array([8.0, 2.0, 1.0]), np.array([60.0, 30.0, 10.0]), np.array([16.0, 2.0, 1.0])
    provider = np.array([0, 1, 2])
    all_of_it = imitated(begun, revenue, investment, provider, np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(all_of_it, [8.0, 2.0, 0.2 * 10.0], rtol=1e-14)
    far = imitated(begun, revenue, np.array([160.0, 20.0, 1.0]), provider, np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(far[2], 2.0, rtol=1e-14, err_msg="not more than twice in a quarter")
    np.testing.assert_allclose(imitated(begun, revenue, investment, provider, np.zeros(3)), begun)
    half = imitated(begun, revenue, investment, provider, np.full(3, 0.5))
    np.testing.assert_allclose(half[2], np.sqrt(2.0), rtol=1e-14)


def test_who_begins_nothing_or_withdraws_imitates_nothing() -> None:
    found = imitated(np.array([8.0, 0.0, -3.0]), np.ones(3), np.array([8.0, 0.0, 0.0]), np.arange(3), np.ones(3))
    assert found[1:].tolist() == [0.0, -3.0]


def rentals(part: float, *, rent: float = 1.0, cost: float = 1.0, **changes: Numbers) -> Rentals:
    """Return two lessors, sites 1 and 2, of a lessee, site 0."""
    values = {
        "part": np.array([part, 0.0, 0.0]), "rent": np.full(3, rent), "cost": np.array([cost, 1.0, 1.0]),
        "lessor": np.array([1, 2]), "lessee": np.zeros(2, np.int64), "hours": np.array([30.0, 10.0]),
        "permitted": np.ones(2),
    }  # fmt: skip
    return Rentals(**(values | changes))


MISSING, CONTENT = np.array([8.0, 50.0, 0.0]), np.ones(3)


def test_at_equal_cost_half_is_rented_and_lessors_build_it_by_what_they_have() -> None:
    found = built_to_let(MISSING, CONTENT, rentals(1.0), 6.0)
    np.testing.assert_allclose(found, [-4.0, 3.0, 1.0], rtol=1e-14)
    np.testing.assert_allclose(built_to_let(MISSING, CONTENT, rentals(0.5), 6.0), [-2.0, 1.5, 0.5], rtol=1e-14)


@given(st.floats(0.0, 1.0), st.floats(0.01, 100.0), st.floats(0.01, 100.0), st.floats(0.5, 2.0))
def test_every_hour_is_wanted_once_and_no_more_is_left_to_others_than_is_missing(
    part: float, rent: float, cost: float, hurdle: float
) -> None:
    found = built_to_let(MISSING, hurdle * CONTENT, rentals(part, rent=rent, cost=cost), 6.0)
    assert found.sum() == pytest.approx(0.0, abs=1e-12)
    assert -8.0 <= found[0] <= 0.0
    assert (found[1:] >= 0.0).all()


def test_limits_of_building_to_let() -> None:
    """Who is denied cards leaves all to others; nobody builds where rent is far below cost, where rules let nothing be
    signed, where nobody has anything, where nothing is missing, or where nobody rents."""
    denied = built_to_let(MISSING, CONTENT, rentals(1.0, cost=1e6), 6.0)
    np.testing.assert_allclose(denied, [-8.0, 6.0, 2.0], rtol=1e-12)
    nothing = [
        rentals(1.0, rent=1e-3), rentals(1.0, permitted=np.zeros(2)), rentals(1.0, hours=np.zeros(2)), rentals(0.0),
        rentals(1.0, rent=0.0),
    ]  # fmt: skip
    for case in nothing:
        np.testing.assert_allclose(built_to_let(MISSING, CONTENT, case, 6.0), 0.0, atol=1e-12)
    assert not built_to_let(-MISSING, CONTENT, rentals(1.0), 6.0).any()


def test_who_would_not_build_or_may_not_let_leaves_its_share_to_other_lessors() -> None:
    for case in (rentals(1.0, permitted=np.array([0.0, 1.0])), rentals(1.0, cost=1.0, hours=np.array([0.0, 10.0]))):
        np.testing.assert_allclose(built_to_let(MISSING, CONTENT, case, 6.0), [-4.0, 0.0, 4.0], rtol=1e-14)
    dear = rentals(1.0)._replace(cost=np.array([1.0, 1e6, 1.0]))
    np.testing.assert_allclose(built_to_let(MISSING, CONTENT, dear, 6.0), [-4.0, 0.0, 4.0], rtol=1e-9, atol=1e-12)


def test_what_is_to_be_let_is_begun_by_the_lessor_and_not_by_the_lessee() -> None:
    trade = Rentals(
        np.array([1.0, 0.0]), np.ones(2), np.array([1e6, 1.0]), np.array([1]), np.array([0]), np.array([40.0]),
        np.ones(1),
    )  # fmt: skip
    alone, found = begun(stance(), sites(), 4.0), begun(stance(), sites(), 4.0, trade)
    assert found[0] == pytest.approx(0.0, abs=1e-12)
    assert found[1] == pytest.approx(alone.sum(), rel=1e-12)


def test_equal_firms_want_the_same() -> None:
    known = sites(renewed=np.full(2, 50.0), market=np.full(2, 50.0), share=np.full(2, 0.5), coming=np.full(2, 3.0))
    found = target(stance(scarcity=0.25, own_price=5.8, elasticity=1.1, neglect=0.4), known, 0.1, 0.2)
    assert found[0] == found[1]


def begun(rule: Stance, known: Sites, mw_hours: float, trade: Rentals | None = None) -> Numbers:
    """Return MW that two sites want at 20% growth, with prices far above the hurdle."""
    at, hours = (np.full(2, 0.2), np.full(2, 5.0)), np.full(2, mw_hours)
    return starts(known, rule, *at, trade or rentals(0.0), hours, np.ones(1), np.ones(2), 6.0)


def test_starts_are_hours_over_those_of_an_mw_up_to_the_largest_growth() -> None:
    wanted = 0.5 * (np.exp(0.2) - 1.0) * np.array([60.0, 40.0])
    np.testing.assert_allclose(begun(stance(), sites(), 4.0), wanted / 4.0, rtol=1e-13)
    np.testing.assert_allclose(begun(stance(maximum_growth=0.01), sites(), 4.0), [0.15, 0.1], rtol=1e-13)


def test_a_site_without_cards_and_one_that_may_order_none_start_nothing() -> None:
    new = begun(stance(), sites(standing=np.array([60.0, 0.0]), coming=np.array([0.0, 40.0])), 4.0)
    assert new[0] > 0.0
    assert new[1] == 0.0
    assert begun(stance(), sites(), 0.0).tolist() == [0.0, 0.0]


def test_what_would_not_earn_its_cost_is_held_back_smoothly_and_own_use_goes_ahead() -> None:
    begun, hurdle, none = np.array([10.0, 10.0, 10.0, -5.0]), np.full(4, 0.9), np.zeros(4)
    price, wanted = np.log([0.9, 1.8, 0.45, 0.45]), np.full(4, 100.0)
    found = held_back(begun, price, none, wanted, hurdle, 6.0)
    np.testing.assert_allclose(found, [10.0, 10.0, 10.0 * 2.0 / (1.0 + 2.0**6), -5.0], rtol=1e-12)
    mine = held_back(begun, price, wanted, wanted, hurdle, 6.0)
    np.testing.assert_allclose(mine, begun, rtol=1e-14)
