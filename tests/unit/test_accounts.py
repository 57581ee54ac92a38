"""Books of a quarter against plain numpy, on a market drawn at random: two regions, six products, three providers."""

import numpy as np
import pytest

from sim.economics.accounts import (
    book_sales,
    capital_expenditure,
    cards_sold,
    charges_on_cards,
    commitments,
    hosted_prices,
    hours_by_lane,
    note_prices,
    operating_costs,
    refused_shares,
    running_costs,
    state_support,
    sums_by_region,
)
from sim.economics.identities import broken_flow

DRAW = np.random.default_rng(7)
PROVIDER, ON_TOKENS = np.array([0, 0, 1, 1, 2, 2]), np.array([False, True] * 3)
TAKEN, PAID = DRAW.uniform(1.0, 9.0, (2, 2, 6))
POSTED, COST = DRAW.uniform(1.0, 3.0, (2, 6))
SITE_REGION, SITE_PROVIDER = np.array([0, 1, 1]), np.array([0, 0, 1])
OWNED, DELIVERED = DRAW.uniform(10.0, 99.0, (2, 3, 2))
KW = np.array([0.7, 1.4])


def by(group: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(group, values, size)


def test_hours_become_tokens_and_payments_revenue() -> None:
    phi, shape = np.array([2.0, 3.0, 4.0]), TAKEN.shape
    tokens, revenue, margin = (np.full(shape, np.nan) for _ in range(3))
    tokens_by, revenue_by, paid_by, so_far = np.full(3, np.nan), np.full(3, np.nan), np.zeros((2, 3)), np.ones(3)
    book_sales(
        TAKEN, PAID, COST, phi, PROVIDER, ON_TOKENS, tokens, revenue, margin, tokens_by, revenue_by, paid_by, so_far
    )
    np.testing.assert_allclose(so_far, 1.0 + tokens_by, rtol=1e-14)
    np.testing.assert_allclose(tokens, np.where(ON_TOKENS, TAKEN * phi[PROVIDER] / 1000.0, 0.0), rtol=1e-14)
    np.testing.assert_allclose(revenue, PAID / 1e6, rtol=1e-14)
    units = np.where(ON_TOKENS, tokens * 1000.0, TAKEN)
    np.testing.assert_allclose(margin, PAID / 1e6 - units * COST / 1e6, rtol=1e-9)
    np.testing.assert_allclose(tokens_by, by(PROVIDER, tokens.sum(axis=0), 3), rtol=1e-14)
    np.testing.assert_allclose(paid_by, [by(PROVIDER, row, 3) for row in revenue], rtol=1e-14)
    np.testing.assert_allclose(revenue_by, paid_by.sum(axis=0), rtol=1e-14)


def test_power_and_care_cost_what_all_cards_in_place_take() -> None:
    pue, tariff, spent = np.array([1.2, 1.5]), np.array([0.1, 0.05]), np.array([1.0, 2.0])
    mw, gwh = np.empty((2, 3))
    running_costs(OWNED, KW, SITE_REGION, SITE_PROVIDER, pue, tariff, 2190.0, 300.0, mw, gwh, spent)
    np.testing.assert_allclose(mw, OWNED @ KW / 1000.0 * pue[SITE_REGION], rtol=1e-14)
    np.testing.assert_allclose(gwh, mw * 2.19, rtol=1e-14)
    paid = gwh * tariff[SITE_REGION] + OWNED.sum(axis=1) * 300.0 / 1e6
    np.testing.assert_allclose(spent, np.add(by(SITE_PROVIDER, paid, 2), [1.0, 2.0]), rtol=1e-14)


def test_operating_costs_are_those_of_cards_of_idle_halls_and_of_tokens() -> None:
    pue, tariff, price, energised = np.array([1.2, 1.5]), np.array([0.1, 0.05]), np.array([9.0, 8.0]), np.full(3, 5.0)
    tokens, other, posted, cards = np.array([2.0, 3.0]), np.array([0.5, 0.0]), np.ones(2), np.zeros(2)
    spent, (mw, gwh) = np.empty(2), np.empty((2, 3))
    operating_costs(
        OWNED, KW, SITE_REGION, SITE_PROVIDER, pue, tariff, 2190.0, 300.0, energised, price, 0.01, tokens, other, mw,
        gwh, spent, posted,
    )  # fmt: skip
    running_costs(OWNED, KW, SITE_REGION, SITE_PROVIDER, pue, tariff, 2190.0, 300.0, mw, gwh, cards)
    idle = (energised - OWNED @ KW / 1000.0) * price[SITE_REGION] * 0.01
    np.testing.assert_allclose(spent, cards + by(SITE_PROVIDER, idle, 2) + other * tokens * 1e-3, rtol=1e-12)
    np.testing.assert_allclose(posted, 1.0 + spent, rtol=1e-14)


def test_cards_servers_and_halls_are_paid_for() -> None:
    price, due, supplier = np.array([2e4, 3e4]), np.array([10.0, 0.0, 12.0]), np.array([1, 0])
    duty, (with_servers, capex), capex_by = np.array([0.5, 0.0, 0.25]), np.empty((2, 3)), np.empty(2)
    cards, building, duties = np.zeros((2, 2)), np.zeros(2), np.array([1.0, 2.0])
    capital_expenditure(
        DELIVERED, price, duty, due, SITE_PROVIDER, supplier, 1.3, with_servers, capex, capex_by, cards, building,
        duties,
    )  # fmt: skip
    paid = DELIVERED * price / 1e6
    built = paid.sum(axis=1) * 0.3 + due
    np.testing.assert_allclose(with_servers, paid.sum(axis=1) * 1.3 + duty, rtol=1e-14)
    np.testing.assert_allclose(duties, [1.5, 2.25], rtol=1e-14)
    np.testing.assert_allclose(capex, paid.sum(axis=1) + built + duty, rtol=1e-14)
    np.testing.assert_allclose(capex_by, by(SITE_PROVIDER, capex, 2), rtol=1e-14)
    np.testing.assert_allclose(building, by(SITE_PROVIDER, built, 2), rtol=1e-14)
    for v, k in enumerate(supplier):
        np.testing.assert_allclose(cards[:, k], by(SITE_PROVIDER, paid[:, v], 2), rtol=1e-14)


def test_duties_on_what_was_not_bought_ahead_and_fees_of_makers() -> None:
    price, supplier, fees = np.array([2e4, 3e4]), np.array([1, 0]), np.array([1.0, 0.0])
    kept, duty, before = np.full((3, 2), 0.75), np.array([[0.25, 0.0]] * 3), np.array([[0.05, 0.0]] * 3)
    ahead = np.array([[4.0, 9.0], [0.0, 0.0], [2.0, 0.0]])
    kept_ahead = np.array([[0.75, 1.0]] * 3)
    out = charges_on_cards(DELIVERED, kept, duty, ahead, kept_ahead, before, price, supplier, fees)
    dutiable = DELIVERED[:, 0] * 0.25 - ahead[:, 0] * 0.2
    np.testing.assert_allclose(out, dutiable * 2e4 / 1e6, rtol=1e-12)
    taken = (DELIVERED.sum(axis=0) - [0.0, 9.0]) * 0.25 * price / 1e6
    np.testing.assert_allclose(fees, [1.0 + taken[1], taken[0]], rtol=1e-12)


def test_makers_keep_the_revenue_of_all_cards_but_those_that_are_not_paid_for() -> None:
    out = np.empty(2)
    cards_sold(DELIVERED, OWNED[:2], np.array([3.0, 0.0]), out)
    np.testing.assert_allclose(out, DELIVERED.sum(axis=0) + OWNED[:2].sum(axis=0) + [3.0, 0.0], rtol=1e-14)


@pytest.mark.parametrize(("pays_cards", "pays_power"), [(True, True), (True, False), (False, False)])
def test_states_pay_of_cards_of_all_other_capital_and_of_electricity(pays_cards: bool, pays_power: bool) -> None:
    capex, grant, price = np.array([9.0, 5.0, 7.0]), np.array([0.1, 0.0, 0.2]), np.array([2e4, 3e4])
    of_cards, of_power = np.array([[0.5, 0.0], [0.25, 0.1]]), np.array([[0.0, 1.0], [0.3, 0.0]])
    pue, tariff = np.array([1.2, 1.5]), np.array([0.1, 0.05])
    out = state_support(
        capex, grant, DELIVERED, of_cards, price, 1.3, OWNED, of_power, KW, 2190.0, pue, tariff, SITE_REGION,
        SITE_PROVIDER, pays_cards, pays_power, 2,
    )  # fmt: skip
    cards = (DELIVERED * of_cards[SITE_REGION] * price).sum(axis=1) * 1.3 / 1e6 * pays_cards
    power = (OWNED * of_power[SITE_REGION] * KW).sum(axis=1) * 2190.0 / 1e6 * (pue * tariff)[SITE_REGION] * pays_power
    np.testing.assert_allclose(out, by(SITE_PROVIDER, cards + (capex - cards) * grant + power, 2), rtol=1e-12)


def test_what_is_owed_is_cards_on_their_way_and_all_later_payments_to_builders() -> None:
    price, duty, later = np.array([2e4, 3e4]), np.full((3, 2), 0.1), np.array([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]])
    out = commitments(DELIVERED, duty, price, 1.3, later, SITE_PROVIDER, 2)
    cards = (DELIVERED * price).sum(axis=1) / 1e6 * 1.4
    np.testing.assert_allclose(out, by(SITE_PROVIDER, cards + later.sum(axis=0), 2), rtol=1e-12)


def test_prices_are_kept_over_those_of_the_first_sale() -> None:
    opening, ratio, hours = np.array([0.0, 2.0]), np.array([1.0, 1.0]), np.where(ON_TOKENS, 0.0, TAKEN)
    note_prices(TAKEN, POSTED, ON_TOKENS, opening, ratio)
    level = hours @ POSTED / hours.sum(axis=1)
    np.testing.assert_allclose(opening, [level[0], 2.0], rtol=1e-14)
    np.testing.assert_allclose(ratio, [1.0, level[1] / 2.0], rtol=1e-14)
    seen = ratio.copy()
    note_prices(np.zeros((2, 6)), POSTED, ON_TOKENS, opening, ratio)
    assert (ratio == seen).all()


def test_nothing_is_noted_where_nothing_was_ever_sold() -> None:
    opening, ratio = np.zeros(2), np.array([1.0, 1.5])
    note_prices(np.zeros((2, 6)), POSTED, ON_TOKENS, opening, ratio)
    assert (opening.tolist(), ratio.tolist()) == ([0.0, 0.0], [1.0, 1.5])


def test_the_refused_share_of_what_a_pool_was_asked() -> None:
    first, unmet = np.array([[4.0, 2.0, 0.0], [1.0, 3.0, 0.0]]), np.array([[1.0, 0.0, 0.0], [0.0, 1.5, 0.0]])
    out = np.full(3, np.nan)
    refused_shares(first, unmet, np.array([0, 0, 2]), out)
    assert out.tolist() == [0.25, 0.0, 0.0]


def test_hours_add_up() -> None:
    lane = np.array([0, 1, 3, 3, 0, 2])
    expected = np.add(by(lane, TAKEN.sum(axis=0), 4), [0.0, 5.0, 0.0, 7.0])
    np.testing.assert_allclose(hours_by_lane(TAKEN, lane, np.array([5.0, 7.0])), expected, rtol=1e-14)


def test_a_volume_that_ends_nowhere_is_noticed() -> None:
    flow = np.array([[9.0, 1.0, 2.0, 3.0, 3.0], [4.0, 0.0, 0.0, 0.0, 4.0]])
    assert broken_flow(flow)[0] == -1
    flow[1, 4] = 3.0
    assert broken_flow(flow) == (0, 1, 3.0, 4.0)


def test_workloads_and_customers_add_up_by_region() -> None:
    region = np.array([0, 1, 1, 0], np.int16)
    held, wanted = sums_by_region(np.arange(8.0), np.array([1.0, 2.0, 4.0, 8.0]), region, 2, 3)
    assert held.tolist() == [14.0, 14.0, 0.0]
    assert wanted == pytest.approx([9.0, 6.0, 0.0])


def test_the_price_of_hosted_hours_counts_training_as_the_inference_it_could_be() -> None:
    """A pool in each of two regions: an hour of training at the first could be two of inference."""
    taken, price = np.array([[3.0, 4.0, 9.0], [1.0, 0.0, 0.0]]), np.array([0.5, 0.7])
    most = np.array([[5.0, 0.0], [10.0, 8.0]])
    tokens, training, pool = np.array([False, False, True]), np.array([True, False, False]), np.array([0, 0, 1])
    hosted_prices(taken, np.array([6.0, 2.0, 5.0]), tokens, training, most, pool, pool, price)
    assert price.tolist() == [pytest.approx((4.0 * 6.0 + 4.0 * 2.0) / (4.0 * 2.0 + 4.0)), 0.7]
