"""Own cards or a merchant's: the saving over a generation, what moves it, and whom it concerns."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim import Parameters
from sim.links import Links
from sim.strategies.make_or_buy import MakingTerms, Supply, move_to_own, net_saving, post_design, wanted_weight
from sim.structure import Structure
from tests.economy import Changes, baseline, changed

TERMS = MakingTerms(5e8, 0.1, 0.05, 1.0, 0.3, 2.0, 0.25, 0.0)
amounts = st.floats(0.1, 1e6)
parts = st.floats(0.0, 1.0)


def test_the_saving_is_the_merchants_price_less_cost_with_penalty_and_design() -> None:
    """A hundred thousand cards of 10,000 against own ones of 4,000: 1 - 0.44 + 0.05 - 0.5."""
    assert net_saving(10000.0, 4000.0, 1e5, 0.05, TERMS) == pytest.approx(1.0 - 0.44 + 0.05 - 0.5, rel=1e-12)
    assert net_saving(10000.0, 4000.0, math.inf, 0.05, TERMS) == pytest.approx(0.61, rel=1e-12)


@given(amounts, amounts, amounts, st.floats(1.01, 10.0))
def test_what_makes_own_cards_pay(price: float, cost: float, needs: float, more: float) -> None:
    saving = net_saving(price, cost, needs, 0.05, TERMS)
    assert net_saving(price * more, cost, needs, 0.05, TERMS) > saving
    assert net_saving(price, cost * more, needs, 0.05, TERMS) < saving
    assert net_saving(price, cost, needs * more, 0.05, TERMS) > saving
    assert net_saving(price, cost, needs, 0.05, TERMS._replace(design_usd=TERMS.design_usd * more)) < saving
    assert net_saving(price, cost, needs, 0.05 * more, TERMS) > saving


@given(st.floats(-300.0, 10.0))
def test_the_weight_is_habit_at_the_usual_saving_and_bounded(saving: float) -> None:
    assert wanted_weight(TERMS.usual, TERMS) == 1.0
    assert 0.0 <= wanted_weight(saving, TERMS) <= 2.0
    assert wanted_weight(saving, TERMS._replace(sensitivity=0.0)) == 1.0


def supply(open_: float = 1.0, feared: float = 0.0, duty: float = 0.0, grant: float = 0.0, own: float = 1.0) -> Supply:
    """The merchant, of another region than the own maker, is under a rule; ``own`` is paid over the own card's cost."""
    paid = (1.0 + duty) * (1.0 - grant)
    opened, fear, price = (np.array([[x, y]] * 2) for x, y in ((open_, 1.0), (feared, 0.0), (paid, own)))
    return Supply(opened, fear, np.array([0, 1]), price)


def moved(
    terms: MakingTerms = TERMS,
    price: float = 10000.0,
    cards: float = 1e5,
    rules: Supply | None = None,
    merchants_card: int = 0,
) -> list[list[float]]:
    """Two sites, of the owner of the second maker and of somebody else; the first maker is a merchant."""
    weight, chip = np.ones((2, 2)), np.array([[merchants_card, 1]] * 2)
    move_to_own(
        chip, np.array([price, 5000.0]), np.array([3000.0, 4000.0]), np.ones((2, 2)),
        np.array([[cards, 0.0], [cards, 0.0]]), np.array([0, 1]), np.array([[False, True], [False, False]]),
        np.array([1.0, 0.0]), np.array([4.0, 4.0]), supply() if rules is None else rules, terms, weight,
    )  # fmt: skip
    rows: list[list[float]] = weight.tolist()
    return rows


def weight_under(rules: Supply, **changes: float) -> float:
    """Return the weight of the own maker after a quarter in which rules do this to the merchant's card."""
    return moved(TERMS._replace(**changes), rules=rules)[0][1]


def test_only_owners_decide_and_move_slowly() -> None:
    wanted = wanted_weight(net_saving(10000.0, 4000.0, 4e5, 0.05, TERMS), TERMS)
    assert moved() == [[1.0, pytest.approx(1.0 + 0.25 * (wanted - 1.0), rel=1e-12)], [1.0, 1.0]]
    assert moved(cards=0.0) == [[1.0, 1.0], [1.0, 1.0]]


def test_margin_and_threat_move_to_own_cards_and_the_cost_of_design_away() -> None:
    usual = moved()[0][1]
    assert moved(price=20000.0)[0][1] > usual
    assert moved(TERMS._replace(cut=0.5))[0][1] > usual
    assert moved(TERMS._replace(design_usd=1e10))[0][1] < usual
    assert moved(cards=1e3)[0][1] < usual


def test_a_design_that_is_hardly_wanted_is_given_up_at_once() -> None:
    ruinous = TERMS._replace(design_usd=1e12)
    assert moved(ruinous)[0][1] == pytest.approx(0.75)
    assert moved(ruinous._replace(abandonment=0.76))[0][1] == 0.0
    assert moved(ruinous._replace(abandonment=0.74))[0][1] == moved(ruinous)[0][1]


@given(parts, parts, parts)
def test_the_threat_is_the_most_of_three(usual: float, feared: float, open_: float) -> None:
    assert weight_under(supply(open_, feared), cut=usual) == weight_under(supply(), cut=max(usual, feared, 1.0 - open_))


def test_a_ban_raises_the_threat_to_one_and_what_is_open_leaves_the_usual_one() -> None:
    assert weight_under(supply(open_=0.0)) == weight_under(supply(), cut=1.0) > weight_under(supply())
    assert weight_under(supply(open_=0.97)) == weight_under(supply(feared=0.04)) == weight_under(supply())


def test_fear_of_one_regions_rules_leaves_the_makers_of_others() -> None:
    rules = supply()
    rules.feared[:] = [0.0, 1.0]
    assert weight_under(rules) == weight_under(supply())


@given(st.floats(0.01, 3.0), st.floats(0.01, 0.5))
def test_a_duty_on_merchants_cards_favours_own_ones_and_a_grant_the_others(duty: float, grant: float) -> None:
    assert weight_under(supply(grant=grant)) < weight_under(supply()) < weight_under(supply(duty=duty))


def test_a_duty_of_its_price_doubles_what_a_card_costs() -> None:
    assert weight_under(supply(duty=1.0)) == moved(price=20000.0)[0][1] > moved()[0][1]
    assert weight_under(supply(grant=0.5)) == moved(price=5000.0)[0][1] < moved()[0][1]


def test_a_grant_for_all_cards_leaves_of_the_decision_what_design_weighs() -> None:
    """Price and cost fall alike: without design nothing moves, with it what is saved is less beside it."""
    assert weight_under(supply(grant=0.5, own=0.5), design_usd=0.0) == weight_under(supply(), design_usd=0.0)
    assert weight_under(supply(grant=0.5, own=0.5)) < weight_under(supply())


def test_where_no_merchant_may_sell_making_is_the_only_way() -> None:
    """The limit of a price without end at a threat of 1, whatever design costs; what buys nothing stays."""
    alone = 1.0 + 0.25 * (wanted_weight(1.0 + TERMS.loss, TERMS) - 1.0)
    assert moved(merchants_card=-1)[0][1] == pytest.approx(alone, rel=1e-12)
    assert moved(TERMS._replace(cut=1.0), price=1e30)[0][1] == pytest.approx(alone, rel=1e-12)
    assert moved(TERMS._replace(design_usd=1e12), merchants_card=-1)[0][1] == pytest.approx(alone, rel=1e-12)
    assert moved(cards=0.0, merchants_card=-1) == [[1.0, 1.0], [1.0, 1.0]]


def test_the_merchant_counts_against_whom_own_cards_save_least() -> None:
    """A domestic merchant at 11,000 takes the place of one at 10,000 as that is closed."""

    def weight(open_: float) -> float:
        found = np.ones((1, 3))
        move_to_own(
            np.array([[0, 1, 2]]), np.array([10000.0, 5000.0, 11000.0]), np.array([3000.0, 4000.0, 3000.0]),
            np.ones((3, 2)), np.array([[1e5, 0.0, 0.0]]), np.array([0]), np.array([[False, True, False]]),
            np.array([1.0, 0.0, 1.0]), np.array([4.0, 4.0, 4.0]),
            Supply(np.array([[open_, 1.0, 1.0]]), np.zeros((1, 2)), np.array([0, 1, 1]), np.ones((1, 3))), TERMS, found,
        )  # fmt: skip
        return float(found[0, 1])

    assert weight(1.0) == moved()[0][1]
    assert weight(0.2) == weight(0.0) == moved(price=11000.0)[0][1]


def paid(weight: list[float], design: float = 6e8, in_business: tuple[float, float] = (1.0, 1.0)) -> list[list[float]]:
    """Two firms own the second maker, whose generations are six quarters apart; the first firm has two sites."""
    owner = np.array([[False, True], [False, True], [False, True]])
    posted, spent = np.zeros((2, 2)), np.zeros(2)
    post_design(
        owner, np.ones((3, 2)), np.array([[1.0, x] for x in weight]), np.array([0, 0, 1]), np.array(in_business),
        np.array([4.0, 6.0]), design, posted, spent,
    )  # fmt: skip
    assert spent.tolist() == posted.sum(axis=1).tolist()
    rows: list[list[float]] = posted.tolist()
    return rows


def test_a_generation_is_paid_over_its_quarters_by_those_who_design() -> None:
    assert paid([1.0, 0.5, 0.0]) == [[0.0, 100.0], [0.0, 0.0]]
    assert paid([0.0, 0.2, 0.1]) == [[0.0, 50.0], [0.0, 50.0]]
    assert paid([1.0, 1.0, 1.0], in_business=(0.0, 1.0)) == [[0.0, 0.0], [0.0, 100.0]]
    assert paid([0.0, 0.0, 0.0]) == paid([1.0, 1.0, 1.0], design=0.0) == [[0.0, 0.0], [0.0, 0.0]]


@given(st.lists(st.floats(0.0, 2.0), min_size=3, max_size=3), st.floats(0.0, 1e12))
def test_a_design_costs_its_price_or_nothing_however_many_pay(weight: list[float], design: float) -> None:
    total = np.sum(paid(weight, design)) * 6.0 * 1e6
    assert total == pytest.approx(design if max(weight) > 0.0 else 0.0, rel=1e-12)


def habits(changes: Changes, name: str) -> dict[str, float]:
    """Return shares of suppliers in a provider's orders."""
    structure = Structure(Parameters.from_mapping(changed(baseline(), changes)))
    row = Links(structure).order_mix[structure.site_provider == structure.providers.index(name)][0]
    return {k: float(x) for k, x in zip(structure.suppliers, row, strict=True) if x > 0.0}


def test_an_in_house_share_takes_the_place_of_habit_and_leaves_the_others_in_proportion() -> None:
    before, after = habits({}, "google"), habits({"providers.google.in_house_share": 0.5}, "google")
    assert before == pytest.approx(baseline()["providers"]["google"]["order_mix"])
    assert after["google_tpu"] == pytest.approx(0.5)
    assert sum(after.values()) == pytest.approx(1.0)
    others = [k for k in before if k != "google_tpu"]
    assert len({round(after[k] / before[k], 9) for k in others}) == 1


def test_an_owner_without_habit_starts_small() -> None:
    founding = {"providers.google.order_mix": {"nvidia": 1.0, "google_tpu": 0.0}}
    assert habits(founding, "google")["google_tpu"] == baseline()["behaviour"]["make_or_buy"]["npv"]["founding"]
    assert "google_tpu" not in habits({**founding, "behaviour.make_or_buy.name": "habit"}, "google")


def test_who_owns_no_maker_has_no_in_house_share() -> None:
    with pytest.raises(ValidationError, match=r"providers.oracle.in_house_share = 0.5: must be null"):
        Parameters.from_mapping(changed(baseline(), {"providers.oracle.in_house_share": 0.5}))
