"""Owners who cut capital spending: hazard, how long a cut lasts, keyed draws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.patience import LARGEST_GROWTH, burnt_cash, cut_hazard, lose_patience, yearly_growth
from sim.names import key_of
from sim.randomness import Decision, season

WEIGHTS = np.array([-4.5, 4.0, 2.0])
ALWAYS, NEVER = np.array([60.0, 0.0, 0.0]), np.array([-60.0, 0.0, 0.0])
KEYS = np.array([key_of("provider", name) for name in "abcdefgh"], dtype=np.uint64)


def test_a_hazard_by_hand() -> None:
    assert cut_hazard(50.0, 100.0, 0.25, WEIGHTS) == pytest.approx(1.0 / (1.0 + math.exp(4.5 - 2.0 + 0.5)))
    assert cut_hazard(50.0, 0.0, 0.0, WEIGHTS) == 0.0


@given(st.floats(0.0, 1e5), st.floats(1.0, 1e5), st.floats(-2.0, 2.0), st.floats(0.0, 1e4))
def test_burning_cash_tries_patience_and_growth_restores_it(
    burnt: float, assets: float, growth: float, more: float
) -> None:
    hazard = cut_hazard(burnt, assets, growth, WEIGHTS)
    assert 0.0 <= hazard <= 1.0
    assert cut_hazard(burnt + more, assets, growth, WEIGHTS) >= hazard
    assert cut_hazard(burnt, assets, growth + more, WEIGHTS) <= hazard


def test_only_negative_cash_flow_within_the_window_is_remembered() -> None:
    history = np.array([[-8.0, 4.0, -2.0, 1.0, -1.0]])
    assert burnt_cash(history, 0, 4, 3) == 3.0
    assert burnt_cash(history, 0, 4, 40) == 11.0


def test_growth_is_that_of_a_year_and_nothing_where_nothing_was_sold() -> None:
    history = np.array([[1.0, 0.0, 3.0, 4.0, 2.0, 5.0, 1e9]])
    assert yearly_growth(history, 0, 4) == pytest.approx(math.log(2.0))
    assert yearly_growth(history, 0, 3) == yearly_growth(history, 0, 5) == 0.0
    assert yearly_growth(history, 0, 6) == LARGEST_GROWTH


def _appetites(weights: np.ndarray, quarters: int, lasts: int = 3) -> np.ndarray:
    firms = KEYS.size
    left, appetite = np.zeros(firms), np.ones(firms)
    cash, assets = np.full((firms, quarters), -1.0), np.ones(firms)
    out = np.empty((quarters, firms))
    for t in range(quarters):
        lose_patience(
            KEYS, season(1, Decision.PATIENCE, t), cash, np.ones((firms, quarters)), assets, weights, t, 8, lasts, 0.4,
            left, appetite,
        )  # fmt: skip
        out[t] = appetite
    return out


def test_a_cut_takes_its_share_as_long_as_it_lasts() -> None:
    assert (_appetites(NEVER, 3) == 1.0).all()
    assert (_appetites(ALWAYS, 7) == 0.6).all()
    some = _appetites(np.array([-2.0, 0.0, 0.0]), 40) < 1.0
    for firm in some.T:
        edges = np.flatnonzero(np.diff(np.concatenate([[False], firm, [False]]).astype(int)))
        assert (np.diff(edges)[::2][:-1] >= 3).all()
    assert 0.1 < some.mean() < 0.6
