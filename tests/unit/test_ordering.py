"""Order of numbers by their digits, against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.ordering import ascending


@given(st.lists(st.floats(allow_nan=False), max_size=60))
def test_the_order_is_that_of_a_stable_sort(numbers: list[float]) -> None:
    values = np.array(numbers, dtype=float) + 0.0  # no negative zero, which comes before zero
    assert ascending(values).tolist() == np.argsort(values, kind="stable").tolist()


@pytest.mark.parametrize("shift", [0.0, -1e6, 1e6])
def test_many_numbers(shift: float) -> None:
    values = np.random.default_rng(1).random(5_000) + shift
    assert (ascending(values) == np.argsort(values, kind="stable")).all()
