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


Span = tuple[float, float]
ANYWHERE: Span = (-math.inf, math.inf)
"""Least and largest value that a number may have, as one of a difference."""


@dataclass(frozen=True)
class Mean:
    """A mean with its 95% band, see :func:`mean_of`."""

    mean: float
    low: float
    high: float
    count: int
    """Independent values."""
    error: float
    """Standard error; NaN for one value."""

    @property
    def half_width(self) -> float:
        """Half the width of the band; NaN for one value."""
        return (self.high - self.low) / 2

    @property
    def resolved(self) -> bool:
        """Whether the band leaves out zero."""
        return self.low > 0 or self.high < 0


def mean_of(values: Floats, within: Span = ANYWHERE) -> Mean:
    """Return the mean of independent values (n,), NaN left out; with one value the band has no ends (NaN).

    The band is by Student's t: of values between two bounds, such as shares, on the logit of the mean, so that it never
    leaves them. Near a bound it holds the mean more often than one that is cut there, in the middle they are the same.

    Args:
        values: Independent values.
        within: Least and largest value possible.
    """
    known = values[np.isfinite(values)]
    if known.size == 0:
        return Mean(math.nan, math.nan, math.nan, 0, math.nan)
    mean = float(known.mean())
    if known.size == 1:
        return Mean(mean, math.nan, math.nan, 1, math.nan)
    error = float(known.std(ddof=1)) / math.sqrt(known.size)
    return Mean(mean, *_band(mean, student(known.size - 1) * error, within), int(known.size), error)


def _band(mean: float, half: float, within: Span) -> Span:
    """Return the ends of a band inside bounds; one bound alone cuts it, which takes away what cannot be."""
    least, most = within
    wide = most - least
    if not math.isfinite(wide):
        return max(mean - half, least), min(mean + half, most)
    place = (mean - least) / wide
    if not 0.0 < place < 1.0:  # all values are the bound
        return mean, mean
    middle, reach = math.log(place / (1.0 - place)), half / wide / (place * (1.0 - place))
    low, high = (least + wide * 0.5 * (1.0 + math.tanh(0.5 * x)) for x in (middle - reach, middle + reach))
    return low, high


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
    """Return how many independent values resolve a mean of size ``effect`` (95% band by Student's t, power of 80%).

    Args:
        deviation: Standard deviation of one value, in the unit of ``effect``.
        effect: Size of the mean that should be told from zero.
    """
    if deviation <= 0:
        return 2
    z = NormalDist().inv_cdf((1 + LEVEL) / 2) + NormalDist().inv_cdf(POWER)
    count = max(2, math.ceil((z * deviation / effect) ** 2))  # with normal quantiles: one to three too few
    while count < _NORMAL_FROM and _power(count, effect / deviation) < POWER:
        count += 1
    return count


def _power(count: int, ratio: float) -> float:
    """Return the chance that the band of ``count`` normal values leaves out zero on the side of their mean.

    ``P(T > t)`` of noncentral t: the normal chance given a sample deviation s, over the law of s.

    Args:
        count: Values.
        ratio: Mean over standard deviation.
    """
    freedom, bound, law = count - 1, student(count - 1), NormalDist()
    s = np.linspace(0.0, 1.0 + 8.0 / math.sqrt(2 * freedom), 2001)[1:]
    log_density = (freedom - 1) * np.log(s) - freedom * s**2 / 2
    density = np.exp(log_density - log_density.max())
    found = [1.0 - law.cdf(bound * x - ratio * math.sqrt(count)) for x in s]
    return float(np.average(found, weights=density))
