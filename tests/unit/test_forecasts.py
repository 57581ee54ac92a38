"""Heuristics of forecasting: what each says, how well it does, who moves to which; the cobweb as the classic check."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.forecasts import (
    ADAPTIVE,
    FUNDAMENTAL,
    HEURISTICS,
    NAIVE,
    TREND,
    believed,
    growth_until,
    heuristic_weights,
    observe,
)


class Watcher:
    """Follows one series."""

    def __init__(self, adaptation: float = 0.3, extrapolation: float = 0.4, discount: float = 0.8) -> None:
        self.rule = adaptation, extrapolation, discount
        self.before, self.habit = np.zeros(1), np.zeros(1)
        self.ahead, self.error = np.zeros((1, len(HEURISTICS))), np.zeros((1, len(HEURISTICS)))
        self.fresh = True

    def see(self, value: float, fundamental: float = 0.0) -> np.ndarray:
        observe(
            np.array([value]), *self.rule, self.fresh, np.array([fundamental]), self.before, self.habit, self.ahead,
            self.error,
        )  # fmt: skip
        self.fresh = False
        return np.asarray(self.ahead[0])


def test_what_each_heuristic_says() -> None:
    watcher = Watcher(0.25, 0.5)
    assert watcher.see(1.0, 9.0).tolist() == [1.0, 1.0, 1.0, 9.0]
    found = watcher.see(2.0, 8.0)
    assert found[[NAIVE, ADAPTIVE, TREND, FUNDAMENTAL]].tolist() == [2.0, 1.25, 2.5, 8.0]


def test_errors_are_of_what_was_said_before_and_fade() -> None:
    watcher = Watcher(0.25, 0.5, 0.5)
    watcher.see(1.0, 4.0)
    watcher.see(2.0, 2.0)
    assert watcher.error[0].tolist() == [1.0, 1.0, 1.0, 4.0]
    watcher.see(2.0)
    np.testing.assert_allclose(watcher.error[0], [0.5, 0.5 + 0.75**2, 0.5 + 0.25, 2.0], rtol=1e-14)


@given(st.lists(st.floats(-5.0, 5.0), min_size=4, max_size=4), st.floats(0.0, 50.0))
def test_firms_move_to_what_did_better_and_stay_everywhere_without_intensity(errors: list[float], beta: float) -> None:
    error = np.array([errors]) ** 2
    weights = heuristic_weights(error, beta)[0]
    assert weights.sum() == pytest.approx(1.0, rel=1e-12)
    assert (np.diff(weights[np.argsort(error[0], kind="stable")]) <= 1e-12).all()
    np.testing.assert_allclose(heuristic_weights(error, 0.0)[0], 0.25, rtol=1e-14)


def test_a_firm_believes_its_own_heuristic_or_the_weighted_one() -> None:
    ahead, weights = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]), np.full((2, 4), 0.25)
    rule, series = np.array([NAIVE, TREND, FUNDAMENTAL, 4]), np.array([0, 1, 1, 0])
    assert believed(ahead, weights, rule, series).tolist() == [1.0, 7.0, 8.0, 2.5]


@given(st.floats(-0.5, 0.5), st.integers(1, 12), st.floats(0.0, 1.0))
def test_growth_is_a_damped_trend_within_bounds(growth: float, lead: int, persistence: float) -> None:
    found = growth_until(np.array([growth]), np.array([lead]), persistence, 0.25)[0]
    step = min(max(growth, -0.25), 0.25)
    assert found == pytest.approx(step * sum(persistence**k for k in range(lead)), rel=1e-9, abs=1e-12)
