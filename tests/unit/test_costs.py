"""Which chip is cheapest, and where a buyer may take none."""

import numpy as np
import pytest

from sim.economics.costs import NO_CHIP, cheapest, least_costs

COST = np.array([[4.0, 2.0, 3.0, 3.0], [1.0, 2.0, 5.0, 4.0]])
"""Two regions, four chips."""
SUPPLIER = np.array([0, 0, 1, 1])


def test_the_cheapest_chip_of_every_supplier_in_the_buyers_region() -> None:
    allowed = np.ones((2, 4), dtype=np.bool_)
    assert cheapest(COST, np.array([0, 1]), allowed, SUPPLIER, 3).tolist() == [[1, 2, NO_CHIP], [0, 3, NO_CHIP]]


def test_chips_that_a_buyer_may_not_take_are_passed_over() -> None:
    allowed = np.array([[True, False, False, True], [False, False, False, False]])
    assert cheapest(COST, np.array([0, 0]), allowed, SUPPLIER, 2).tolist() == [[0, 3], [NO_CHIP, NO_CHIP]]


def test_the_least_cost_by_workload() -> None:
    by_workload = np.stack([COST, COST[:, ::-1]], axis=2)
    allowed = np.array([[True, False, True, False], [True, True, True, True]])
    assert least_costs(by_workload, np.array([0, 1]), allowed).tolist() == [[3.0, 2.0], [1.0, 1.0]]


@pytest.mark.parametrize("region", [0, 1])
def test_where_nothing_is_allowed_all_chips_count(region: int) -> None:
    by_workload = np.stack([COST, 2.0 * COST], axis=2)
    least = COST[region].min()
    found = least_costs(by_workload, np.array([region]), np.zeros((1, 4), dtype=np.bool_))
    assert found.tolist() == [[least, 2.0 * least]]
