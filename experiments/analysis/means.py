"""Means with bands, from few independent values."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL, POWER = 0.95, 0.80
"""Confidence of a band, and the chance with which a planned number of seeds should resolve an effect."""
_NORMAL_FROM = 300


@dataclass(frozen=True)
class Mean:
    """A mean with its 95% band by Student's t."""

    mean: float
    low: float
    high: float
    count: int
    """Independent values."""

    @property
    def half_width(self) -> float:
        """Half the width of the band; NaN for one value."""
        return (self.high - self.low) / 2

    @property
    def resolved(self) -> bool:
        """Whether the band leaves out zero."""
        return self.low > 0 or self.high < 0


def mean_of(values: Floats) -> Mean:
    """Return the mean of independent values (n,), NaN left out; with one value the band has no ends (NaN)."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return Mean(math.nan, math.nan, math.nan, 0)
    mean = float(known.mean())
    if known.size == 1:
        return Mean(mean, math.nan, math.nan, 1)
    half = student(known.size - 1) * float(known.std(ddof=1)) / math.sqrt(known.size)
    return Mean(mean, mean - half, mean + half, int(known.size))


def student(freedom: int, level: float = LEVEL) -> float:
    """Return t such that Student's |T| with ``freedom`` degrees stays below it with probability ``level``.

    Source: Abramowitz and Stegun (1964), 26.7.3, 26.7.4 and, for many degrees, 26.7.5.
    """
    if freedom >= _NORMAL_FROM:
        z = NormalDist().inv_cdf((1 + level) / 2)
        return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    low, high = 0.0, math.pi / 2  # of the angle atan(t / sqrt(freedom))
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < level else (low, middle)
    return math.tan(low) * math.sqrt(freedom)


def _within(angle: float, freedom: int) -> float:
    """Return P(|T| < t) where tan(angle) = t / sqrt(freedom)."""
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for k in range(2 + odd, freedom + 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (k - 1) / k
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total


def seeds_to_resolve(deviation: float, effect: float) -> int:
    """Return how many independent values resolve a mean of size ``effect`` (95% band, found with probability 80%).

    Args:
        deviation: Standard deviation of one value, in the unit of ``effect``.
        effect: Size of the mean that should be told from zero.
    """
    z = NormalDist().inv_cdf((1 + LEVEL) / 2) + NormalDist().inv_cdf(POWER)
    return max(2, math.ceil((z * deviation / effect) ** 2))
