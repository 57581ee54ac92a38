"""Wright's law, the Sahal identity, and what others' experience is worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.learning import add_by_maker, experience_with_spillovers, learning_exponent, wright


@given(st.floats(0.0, 0.5), st.lists(st.floats(0.1, 1e6), min_size=2, max_size=10, unique=True))
def test_the_slope_of_cost_on_experience_is_that_of_the_learning_rate(rate: float, seen: list[float]) -> None:
    b = learning_exponent(rate)
    x = np.log(np.array(seen))
    if np.ptp(x) < 1e-3:
        return
    slope = np.polyfit(x, np.log([wright(each, b) for each in seen]), 1)[0]
    assert slope == pytest.approx(-b, abs=1e-9)


@given(st.lists(st.floats(0.0, 1e6), min_size=3, max_size=3))
def test_without_spillovers_own_experience_counts_alone(own: list[float]) -> None:
    x, side, none = np.array(own), np.array([0, 0, 1]), np.zeros(3)
    assert experience_with_spillovers(x, side, none, none).tolist() == x.tolist()
    near, far = np.full(3, 0.5), np.full(3, 0.1)
    found = experience_with_spillovers(x, side, near, far)
    assert found == pytest.approx([x[0] + 0.5 * x[1] + 0.1 * x[2], x[1] + 0.5 * x[0] + 0.1 * x[2],
                                   x[2] + 0.1 * (x[0] + x[1])], rel=1e-12, abs=1e-9)  # fmt: skip


def test_experience_is_silicon() -> None:
    made = np.array([1.0, 0.0])
    add_by_maker(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([10.0, 5.0]), np.array([1, 0]), made)
    assert made.tolist() == [21.0, 20.0]
