"""V15: the cobweb, run on the model's own forecasts."""

import numpy as np

from experiments.verification.case import Case, Pair
from sim.economics.cells import Floats
from sim.economics.forecasts import ADAPTIVE, HEURISTICS, observe

QUARTERS = 240
LAGS = (1, 2, 3, 6)
WEIGHTS = (0.2, 0.5, 0.8)


def cobweb(slope: float, lag: int, weight: float = 1.0) -> Floats:
    """Return price by quarter where supply was decided ``lag`` quarters ago at the price expected then.

    Args:
        slope: Of supply in the expected price over that of demand in price, as deviations.
        lag: Quarters.
        weight: Of the newest observation in the forecast; 1 is naive.
    """
    before, habit = np.zeros(1), np.zeros(1)
    ahead, error = np.zeros((1, len(HEURISTICS))), np.zeros((1, len(HEURISTICS)))
    expected, prices = [], [1.0]
    for t in range(QUARTERS):
        observe(np.array([prices[-1]]), weight, 0.0, 0.8, t == 0, np.zeros(1), before, habit, ahead, error)
        expected.append(float(ahead[0, ADAPTIVE]))
        prices.append(-slope * (expected[t + 1 - lag] if t + 1 >= lag else 0.0))
    return np.array(prices)


def _period(prices: Floats) -> int:
    """Return the least number of quarters after which prices come back."""
    settled = prices[20:]
    return next(k for k in range(1, 100) if np.allclose(settled[k:], settled[:-k], atol=1e-9))


def _periods() -> Pair:
    return [2.0 * lag for lag in LAGS], [_period(cobweb(1.0, lag)) for lag in LAGS]


def _grows(prices: Floats) -> float:
    """Return 1 where swings end larger than they began, -1 where they end smaller."""
    return float(np.sign(np.abs(prices[-40:]).max() - np.abs(prices[20:60]).max()))


def _naive_stability() -> Pair:
    found = [[_grows(cobweb(slope, lag)) for slope in (0.98, 1.02)] for lag in LAGS]
    return [[-1.0, 1.0]] * len(LAGS), found


def _adaptive_bound(weight: float) -> float:
    """Return the slope at which swings neither grow nor fade, by bisection."""
    low, high = 0.5, 20.0
    for _ in range(30):
        middle = (low + high) / 2.0
        low, high = (low, middle) if _grows(cobweb(middle, 1, weight)) > 0.0 else (middle, high)
    return low


def _adaptive_stability() -> Pair:
    return [(2.0 - w) / w for w in WEIGHTS], [_adaptive_bound(w) for w in WEIGHTS]


CASES = (
    Case("V15a", "naive forecasts: swings of period 2L for L = 1, 2, 3, 6", "Ezekiel 1938", 0.0, _periods),
    Case("V15b", "they fade for slopes below 1 and grow above, for any lag (signs at 0.98, 1.02)", "Ezekiel 1938", 0.0,
         _naive_stability),
    Case("V15c", "adaptive with weight w: stable up to (2-w)/w, by bisection", "Nerlove 1958", 1e-6,
         _adaptive_stability),
)  # fmt: skip
