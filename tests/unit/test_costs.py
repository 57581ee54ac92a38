"""Which chip is cheapest, and where a buyer may take none."""

import numpy as np
import pytest

from sim.economics.costs import (
    NO_CHIP,
    cheaper_if_lifted,
    cheapest,
    least_costs,
    left_to_customers,
    left_to_pools,
)

COST = np.array([[4.0, 2.0, 3.0, 3.0], [1.0, 2.0, 5.0, 4.0]])
"""Two regions, four chips."""
SUPPLIER = np.array([0, 0, 1, 1])
LAUNCH = np.array([0.0, 5.0, 0.0, 9.0])
NONE_BETTER = np.full((4, 1), -1)


def test_the_cheapest_chip_of_every_supplier_in_the_buyers_region() -> None:
    allowed = np.ones((2, 4), dtype=np.bool_)
    assert cheapest(COST, np.array([0, 1]), allowed, LAUNCH, 9, SUPPLIER, 3, NONE_BETTER).tolist() == [
        [1, 2, NO_CHIP],
        [0, 3, NO_CHIP],
    ]


def test_chips_that_a_buyer_may_not_take_are_passed_over() -> None:
    allowed = np.array([[True, False, False, True], [False, False, False, False]])
    assert cheapest(COST, np.array([0, 0]), allowed, LAUNCH, 9, SUPPLIER, 2, NONE_BETTER).tolist() == [
        [0, 3],
        [NO_CHIP, NO_CHIP],
    ]


EFFECTIVE = np.array([[1.0, 0.5], [2.0, 1.0], [0.5, 4.0], [1.0, 1.0]])


def least(region: list[int], allowed: np.ndarray, t: int = 9, better: np.ndarray = NONE_BETTER) -> np.ndarray:
    out = np.empty((len(region), 2))
    least_costs(COST, EFFECTIVE, np.array(region), allowed * 1.0, LAUNCH, t, better, out)
    return out


def test_the_least_cost_by_workload() -> None:
    allowed = np.array([[True, False, True, False], [True, True, True, True]])
    assert least([0, 1], allowed).tolist() == [[4.0, 0.75], [1.0, 1.25]]


@pytest.mark.parametrize("region", [0, 1])
def test_where_nothing_is_allowed_the_first_of_all_counts_and_before_a_launch_the_first_to_come(region: int) -> None:
    nobody, late = np.zeros((1, 4), dtype=np.bool_), np.array([[False, True, False, True]])
    assert least([region], nobody)[0].tolist() == (COST[region, 0] / EFFECTIVE[0]).tolist()
    assert least([region], late, 3)[0].tolist() == (COST[region, 1] / EFFECTIVE[1]).tolist()


def test_chips_count_from_their_launch_on() -> None:
    allowed = np.ones((1, 4), dtype=np.bool_)
    assert cheapest(COST, np.array([0]), allowed, LAUNCH, 4, SUPPLIER, 2, NONE_BETTER).tolist() == [[0, 2]]
    assert cheapest(COST, np.array([0]), allowed, LAUNCH, 5, SUPPLIER, 2, NONE_BETTER).tolist() == [[1, 2]]
    assert least([1], allowed, 4).tolist() == [[1.0, 1.25]]
    assert least([0], allowed, 4)[0].tolist() == [4.0, 0.75]
    assert least([0], allowed, 5)[0].tolist() == [1.0, 0.75]


def test_a_weaker_card_is_made_only_for_who_may_not_have_the_better() -> None:
    better = np.array([[1], [-1], [-1], [-1]])
    allowed = np.array([[True, True, True, True], [True, False, True, True]])
    found = cheapest(COST, np.array([1, 1]), allowed, LAUNCH, 9, SUPPLIER, 2, better)
    assert found[:, 0].tolist() == [1, 0]
    assert cheapest(COST, np.array([1]), allowed[:1], LAUNCH, 4, SUPPLIER, 2, better)[0, 0] == 0


def test_own_cards_and_pools_follow_the_same_rule_as_orders() -> None:
    """The first card is cheaper per effective hour, but is made only for who may not have the second of its maker."""
    cost, better = np.array([[0.6, 2.0, 9.0, 9.0]]), np.array([[1], [-1], [-1], [-1]])
    allowed = np.array([[True, True, False, False], [True, False, False, False], [True, True, False, False]])
    out = np.empty((3, 2))
    least_costs(cost, EFFECTIVE, np.zeros(3, np.int64), allowed * 1.0, LAUNCH, 9, better, out)
    assert out.tolist() == [[1.0, 2.0], [0.6, 1.2], [1.0, 2.0]]
    least_costs(cost, EFFECTIVE, np.zeros(3, np.int64), allowed * 1.0, LAUNCH, 4, better, out)
    assert out.tolist() == [[0.6, 1.2]] * 3
    best = cheapest(cost / EFFECTIVE[:, 1], np.zeros(3, np.int64), allowed, LAUNCH, 9, SUPPLIER, 2, better)
    assert best[:, 0].tolist() == [1, 0, 1]


def test_who_may_have_the_best_card_for_a_part_pays_the_mean() -> None:
    """Open for a quarter, for half, and for all: each part takes the cheapest it may have, without a jump anywhere."""
    open_ = np.array([[0.25, 0.0, 0.5, 1.0]])
    out = np.empty((1, 2))
    least_costs(COST, EFFECTIVE, np.array([0]), open_, LAUNCH, 9, NONE_BETTER, out)
    costs = COST[0, :, None] / EFFECTIVE
    best = [costs[[0, 2, 3]].min(axis=0), costs[[2, 3]].min(axis=0), costs[3]]
    assert out[0].tolist() == pytest.approx((0.25 * best[0] + 0.25 * best[1] + 0.5 * best[2]).tolist())
    least_costs(COST, EFFECTIVE, np.array([0]), np.array([[0.3, 0.0, 0.0, 1.0]]), LAUNCH, 9, NONE_BETTER, out)
    expected = 0.3 * costs[[0, 3]].min(axis=0) + 0.7 * costs[3]
    assert out[0].tolist() == pytest.approx(expected.tolist())


def test_a_card_that_is_never_the_best_changes_no_bit_when_it_is_closed_in_part() -> None:
    cost = np.array([[1.1, 9.0, 9.0, 9.0]]) / 3.0
    whole, part = np.empty((1, 2)), np.empty((1, 2))
    for open_, out in (([1.0, 1.0, 1.0, 1.0], whole), ([1.0, 0.3, 1.0, 0.7], part)):
        least_costs(cost, np.ones((4, 2)), np.array([0]), np.array([open_]), LAUNCH, 9, NONE_BETTER, out)
    assert part.tolist() == whole.tolist()


def test_lifting_a_rule_is_worth_what_its_cards_are_cheaper_by() -> None:
    open_, alone = np.array([[0.0, 0.0, 0.0, 1.0]]), np.zeros((2, 1, 4))
    alone[0, 0, 0], alone[1, 0, 1] = 1.0, 0.0
    least = np.empty((1, 2))
    least_costs(COST, EFFECTIVE, np.array([0]), open_, LAUNCH, 9, NONE_BETTER, least)
    fall = cheaper_if_lifted(COST, EFFECTIVE, np.array([0]), open_, LAUNCH, 9, NONE_BETTER, alone, least)
    costs = COST[0, :, None] / EFFECTIVE
    assert fall[0, 0] == pytest.approx(max(0.0, *(costs[3] - costs[0])))
    assert fall[1, 0] == 0.0


def test_limits_leave_customers_what_they_leave_their_keepers_and_pools_what_they_leave_their_site() -> None:
    left, keepers = np.array([[1.0, 0.5], [0.0, 1.0], [1.0, 0.5]]), np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    own = left_to_customers(np.array([[0.8, 0.8], [1.0, 0.4]]), keepers, left)
    np.testing.assert_allclose(own, [[0.8, 0.4], [0.5, 0.3]], rtol=1e-15)
    pools = left_to_pools(np.array([[0.8, 0.0], [0.6, 0.6], [0.0, 1.0]]), np.array([0, 1, 0]), left)
    np.testing.assert_allclose(pools, [[0.8, 0.0], [0.0, 0.6], [0.0, 0.5]], rtol=1e-15)
