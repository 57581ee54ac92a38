"""Scenario discovery: the box of uncertain values in which an outcome turns out badly (PRIM).

Source: Friedman and Fisher (1999), Statistics and Computing 9, patient peeling; coverage, density and quasi-p-values
after Bryant and Lempert (2010), Technological Forecasting and Social Change 77.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_PEELED = 0.05
_IDLE = 0.05
"""Quasi-p-value from which a restriction is taken away again."""
_FEWEST = 8
"""Samples that a box keeps at least."""


@dataclass(frozen=True)
class Limit:
    """A restriction of one uncertainty."""

    key: str
    low: float
    high: float
    chance: float
    """Quasi-p-value: chance of so many cases in the box had the restriction nothing to do with them; not corrected for
    the search that found it."""


@dataclass(frozen=True)
class Box:
    """A box of uncertain values."""

    limits: tuple[Limit, ...]
    coverage: float
    """Share of all cases that lie inside."""
    density: float
    """Share of the samples inside that are cases."""
    samples: int
    """Samples inside."""


@dataclass(frozen=True)
class _Bounds:
    low: Floats
    high: Floats

    def inside(self, points: Floats) -> Bools:
        within: Bools = ((points >= self.low) & (points <= self.high)).all(axis=1)  # type: ignore[assignment]
        return within


def discover(keys: Sequence[str], points: Floats, cases: Bools) -> Box | None:
    """Return the box with the best balance (harmonic mean) of coverage and density on the way of patient peeling.

    Args:
        keys: Uncertainties.
        points: Values, or probabilities below them (samples, uncertainties).
        cases: Which samples turn out badly (samples,).

    Returns:
        The box; None where there are no cases, nothing but cases, or no restriction that helps.
    """
    if not cases.any() or cases.all():
        return None
    bounds = max(_peeled(points, cases), key=lambda found: _balance(found, points, cases))
    while (box := _box(bounds, keys, points, cases)).limits:
        idle = max(box.limits, key=lambda limit: limit.chance)
        if idle.chance <= _IDLE:
            return box
        bounds = _widened(bounds, keys.index(idle.key), points)
    return None


def _peeled(points: Floats, cases: Bools) -> list[_Bounds]:
    """Return the boxes on the way from all samples to the smallest one, densest cut first at each step."""
    found = [_Bounds(points.min(axis=0), points.max(axis=0))]
    while (following := _step(found[-1], points, cases)) is not None:
        found.append(following)
    return found


def _step(bounds: _Bounds, points: Floats, cases: Bools) -> _Bounds | None:
    inside = bounds.inside(points)
    cuts = [cut for i in range(points.shape[1]) for cut in _cuts(bounds, points[inside, i], i)]
    sizes = [cut.inside(points).sum() for cut in cuts]
    kept = [cut for cut, size in zip(cuts, sizes, strict=True) if _FEWEST <= size < inside.sum()]
    return max(kept, key=lambda cut: _density(cut, points, cases)) if kept else None


def _cuts(bounds: _Bounds, values: Floats, i: int) -> list[_Bounds]:
    """Return the box without its lowest, and without its highest few values of one uncertainty."""
    ordered = np.unique(values)
    few = max(1, round(_PEELED * ordered.size))
    if ordered.size <= few:
        return []
    low, high = bounds.low.copy(), bounds.high.copy()
    low[i], high[i] = ordered[few], ordered[-few - 1]
    return [_Bounds(low, bounds.high), _Bounds(bounds.low, high)]


def _density(bounds: _Bounds, points: Floats, cases: Bools) -> float:
    return float(cases[bounds.inside(points)].mean())


def _balance(bounds: _Bounds, points: Floats, cases: Bools) -> float:
    inside = bounds.inside(points)
    return 2 * float(cases[inside].sum()) / float(cases.sum() + inside.sum())


def _box(bounds: _Bounds, keys: Sequence[str], points: Floats, cases: Bools) -> Box:
    inside = bounds.inside(points)
    hits, size = int(cases[inside].sum()), int(inside.sum())
    limits = [_limit(bounds, i, key, points, cases) for i, key in enumerate(keys)]
    return Box(tuple(limit for limit in limits if limit is not None), hits / int(cases.sum()), hits / size, size)


def _widened(bounds: _Bounds, i: int, points: Floats) -> _Bounds:
    """Return the box with the whole range of one uncertainty."""
    low, high = bounds.low.copy(), bounds.high.copy()
    low[i], high[i] = points[:, i].min(), points[:, i].max()
    return _Bounds(low, high)


def _limit(bounds: _Bounds, i: int, key: str, points: Floats, cases: Bools) -> Limit | None:
    """Return the restriction of one uncertainty, None where it keeps all of its range."""
    whole = _widened(bounds, i, points)
    if whole.low[i] == bounds.low[i] and whole.high[i] == bounds.high[i]:
        return None
    inside = bounds.inside(points)
    chance = _at_least(int(cases[inside].sum()), int(inside.sum()), _density(whole, points, cases))
    return Limit(key, float(bounds.low[i]), float(bounds.high[i]), chance)


def _at_least(hits: int, trials: int, chance: float) -> float:
    """Return the probability of at least ``hits`` successes in ``trials``."""
    if chance >= 1 or hits == 0:
        return 1.0
    if chance <= 0:
        return 0.0
    k = np.arange(hits, trials + 1)
    ways = math.lgamma(trials + 1) - np.array([math.lgamma(x + 1) + math.lgamma(trials - x + 1) for x in k])
    return min(1.0, float(np.exp(ways + k * math.log(chance) + (trials - k) * math.log1p(-chance)).sum()))
