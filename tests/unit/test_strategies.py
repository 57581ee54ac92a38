"""Allocation of a supplier's output among orders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.strategies import allocation
from sim.strategies.allocation import PRICE, PRIORITY, PROPORTIONAL, RULES, UNIFORM

amounts = st.floats(0.0, 1e6)
orders_of_buyers = st.lists(amounts, min_size=1, max_size=8).map(np.array)
rules = st.sampled_from([PROPORTIONAL, UNIFORM, PRIORITY, PRICE])


def allocated(orders: np.ndarray, output: float, rule: int) -> np.ndarray:
    """Share out among buyers of whom the n-th has n, and bids as much as he orders."""
    return allocation.allocated(orders, output, rule, np.arange(orders.size).astype(np.float64), orders)


def share_out(
    ordered: np.ndarray, h100e: np.ndarray, supplier: np.ndarray, output: np.ndarray, rule: int
) -> np.ndarray:
    """Share out an output of merchants among buyers who have nothing yet."""
    asked = np.array([(ordered[:, supplier == k] * h100e[supplier == k]).sum() for k in range(output.size)])
    made, nobody = np.minimum(output / asked, 1.0), np.zeros(len(ordered))
    insider = np.ones((len(ordered), output.size), dtype=np.bool_)
    firm = np.arange(len(ordered))
    return allocation.share_out(
        ordered, firm, h100e, supplier, made, rule, 0.0 * ordered, nobody, insider, np.ones(output.size)
    )


@given(orders_of_buyers, st.floats(0.1, 0.9), rules, st.floats(0.0, 1.0))
def test_a_firm_gains_nothing_by_ordering_for_two_sites(
    orders: np.ndarray, made: float, rule: int, part: float
) -> None:
    """Firms are served, not sites: what the first orders in one piece or in two comes to the same."""
    one = orders[:, None]
    two = np.concatenate([[[orders[0] * part]], [[orders[0] * (1.0 - part)]], one[1:]])
    firm = np.concatenate([[0], np.arange(orders.size)])

    def served(ordered: np.ndarray, who: np.ndarray) -> np.ndarray:
        alike = np.ones((len(ordered), 1), dtype=np.bool_)
        bid = np.asarray(who, dtype=np.float64)
        got = allocation.share_out(
            ordered, who, np.ones(1), np.zeros(1, np.int64), np.array([made]), rule, ordered, bid, alike, np.ones(1)
        )
        return np.bincount(who, got[:, 0])

    np.testing.assert_allclose(served(two, firm), served(one, np.arange(orders.size)), rtol=1e-9, atol=1e-6)


def test_rules_by_name() -> None:
    assert RULES == {"proportional": PROPORTIONAL, "uniform": UNIFORM, "priority": PRIORITY, "price": PRICE}


@given(orders_of_buyers, amounts, rules)
def test_nobody_gets_more_than_ordered_and_nothing_is_left_over(orders: np.ndarray, output: float, rule: int) -> None:
    given_out = allocated(orders, output, rule)
    assert (given_out <= orders * (1.0 + 1e-12)).all()
    assert (given_out >= 0.0).all()
    assert given_out.sum() == pytest.approx(min(output, orders.sum()), rel=1e-9, abs=1e-9)


@given(orders_of_buyers, amounts, st.sampled_from([PROPORTIONAL, UNIFORM]), st.randoms(use_true_random=False))
def test_who_orders_first_gets_no_more(orders: np.ndarray, output: float, rule: int, random: object) -> None:
    order = np.array(sorted(range(orders.size), key=lambda _: random.random()))  # type: ignore[attr-defined]
    np.testing.assert_allclose(
        allocated(orders[order], output, rule), allocated(orders, output, rule)[order], rtol=1e-9, atol=1e-9
    )


@given(orders_of_buyers, amounts)
def test_everyone_is_cut_alike_or_to_the_same_level(orders: np.ndarray, output: float) -> None:
    cut = allocated(orders, output, PROPORTIONAL)
    np.testing.assert_allclose(cut, orders * min(1.0, output / max(orders.sum(), 1e-300)), rtol=1e-9, atol=1e-9)
    level = allocated(orders, output, UNIFORM)
    short = level < orders * (1.0 - 1e-9)
    if short.any():
        assert np.ptp(level[short]) <= 1e-9 * output
        assert (level[~short] <= level[short].max() * (1.0 + 1e-9)).all()


@given(orders_of_buyers, amounts, st.integers(0, 7), st.floats(0.0, 10.0))
def test_asking_for_more_than_needed_gains_nothing_under_the_uniform_rule(
    orders: np.ndarray, output: float, who: int, extra: float
) -> None:
    """Sprumont 1991: what counts is the least of what is got and what is needed; so it is not proportionally."""
    who %= orders.size
    larger = orders.copy()
    larger[who] *= 1.0 + extra
    honest, inflated = (allocated(x, output, UNIFORM)[who] for x in (orders, larger))
    assert min(inflated, orders[who]) == pytest.approx(honest, rel=1e-9, abs=1e-9)


def test_asking_for_more_than_needed_pays_under_the_proportional_rule() -> None:
    honest = allocated(np.array([10.0, 10.0]), 10.0, PROPORTIONAL)[0]
    assert allocated(np.array([20.0, 10.0]), 10.0, PROPORTIONAL)[0] > honest


def test_priority_goes_by_what_a_buyer_has_and_price_by_what_it_bids() -> None:
    orders = np.array([10.0, 10.0, 10.0])
    given_out = allocation.allocated(orders, 12.0, PRIORITY, np.array([0.0, 1.0, 3.0]), orders)
    assert given_out == pytest.approx([0.0, 3.0, 9.0], rel=1e-12)
    rest = allocation.allocated(orders, 24.0, PRIORITY, np.array([0.0, 1.0, 3.0]), orders)
    assert rest == pytest.approx([4.0, 10.0, 10.0], rel=1e-12)
    bids = np.array([1.0, 3.0, 2.0])
    assert allocation.allocated(orders, 12.0, PRICE, orders, bids).tolist() == [0.0, 10.0, 2.0]


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_others_get_at_most_the_external_share_of_what_an_in_house_maker_makes(
    share: float, made: float, mine: float, others: float
) -> None:
    orders, insider = np.array([mine, others]), np.array([True, False])
    own, out = allocation.divided(orders, made, UNIFORM, orders, orders, insider, share)
    assert 0.0 <= out <= share * (own + out) * (1.0 + 1e-9) + 1e-9
    assert own <= mine * (1.0 + 1e-12)
    assert own + out <= made * (mine + others) * (1.0 + 1e-9) + 1e-9


def test_a_supplier_shares_out_its_chips_by_their_compute() -> None:
    ordered = np.array([[10.0, 0.0, 5.0], [0.0, 10.0, 1.0]])
    h100e, supplier = np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1])
    accepted = share_out(ordered, h100e, supplier, np.array([15.0, 100.0]), PROPORTIONAL)
    np.testing.assert_allclose(accepted, [[5.0, 0.0, 5.0], [0.0, 5.0, 1.0]], rtol=1e-14)
    level = share_out(ordered, h100e, supplier, np.array([12.0, 9.0]), UNIFORM)
    np.testing.assert_allclose(level, [[6.0, 0.0, 2.0], [0.0, 3.0, 1.0]], rtol=1e-14)


def test_a_buyer_who_is_cut_loses_the_same_share_of_every_chip() -> None:
    ordered = np.array([[8.0, 4.0], [3.0, 3.0]])
    accepted = share_out(ordered, np.array([1.0, 2.0]), np.array([0, 0]), np.array([10.0]), UNIFORM)
    kept = accepted / ordered
    np.testing.assert_allclose(kept[:, 0], kept[:, 1], rtol=1e-14)
    assert (accepted @ [1.0, 2.0]).sum() == pytest.approx(10.0, rel=1e-14)


def test_owners_come_before_others_in_what_their_maker_makes() -> None:
    """Of 75 made others may have a fifth of what goes out, owners all they want of the rest."""
    orders, insider = np.array([50.0, 100.0]), np.array([True, False])
    given_out = allocation.divided(orders, 0.5, UNIFORM, orders, orders, insider, 0.2)
    assert given_out == pytest.approx([50.0, 12.5], rel=1e-12)
