"""From a probability to an uncertain value: inverse distribution functions."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

_DIGITS = 9
"""Significant digits of a sampled value: what is typed to repeat a run stays readable."""


@dataclass(frozen=True)
class Range:
    """How one uncertain value is distributed: over a range, or equally over levels."""

    key: str
    distribution: str
    low: float = 0.0
    high: float = 1.0
    mode: float = 0.5
    levels: tuple[Any, ...] | None = None

    def value(self, probability: float, *, whole: bool = False) -> Any:
        """Return the value below which ``probability`` of the distribution lies.

        Args:
            probability: In [0, 1].
            whole: Whether the parameter takes whole numbers only; each then has the probability around it.
        """
        if self.levels is not None:
            return self.levels[min(int(probability * len(self.levels)), len(self.levels) - 1)]
        if whole:
            wider = replace(self, low=self.low - 0.5, high=self.high + 0.5)
            return int(min(max(_rounded(wider.quantile(probability)), self.low), self.high))
        return float(f"{self.quantile(probability):.{_DIGITS}g}")

    def quantile(self, probability: float) -> float:
        """Return the number below which ``probability`` of the distribution lies."""
        return _QUANTILES[self.distribution](self, probability)


def _rounded(number: float) -> int:
    """Return the nearest whole number, halves upwards."""
    return math.floor(number + 0.5)


def _uniform(of: Range, p: float) -> float:
    return of.low + p * (of.high - of.low)


def _loguniform(of: Range, p: float) -> float:
    return math.exp(math.log(of.low) + p * (math.log(of.high) - math.log(of.low)))


def _triangular(of: Range, p: float) -> float:
    width, rise = of.high - of.low, of.mode - of.low
    if p * width <= rise:
        return of.low + math.sqrt(p * width * rise)
    return of.high - math.sqrt((1.0 - p) * width * (of.high - of.mode))


_QUANTILES: Mapping[str, Callable[[Range, float], float]] = {
    "uniform": _uniform,
    "loguniform": _loguniform,
    "triangular": _triangular,
}


@dataclass(frozen=True)
class Sample:
    """One point of the sampled uncertainties."""

    index: int
    values: Mapping[str, Any]
    units: Mapping[str, float]
    """Probability that stands behind each value."""


def samples_of(ranges: Sequence[Range], points: Sequence[Sequence[float]], whole: Sequence[str] = ()) -> list[Sample]:
    """Return a sample for each point of the unit cube; without uncertainties the one empty sample.

    Args:
        ranges: The uncertainties.
        points: Probabilities, a row per sample and a column per uncertainty.
        whole: Keys of parameters that take whole numbers only.
    """
    if not ranges:
        return [Sample(0, {}, {})]
    return [
        Sample(
            index,
            {of.key: of.value(float(p), whole=of.key in whole) for of, p in zip(ranges, point, strict=True)},
            {of.key: float(p) for of, p in zip(ranges, point, strict=True)},
        )
        for index, point in enumerate(points)
    ]
