"""Effects of a policy from runs that meet the same shocks: a lever point less the reference, seed by seed."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.means import Mean, mean_of, seeds_to_resolve

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Effect:
    """The effect of a lever point on an outcome, in the unit of the outcome."""

    mean: Mean
    """Mean over independent units, which are seeds (averaged over samples), or samples where there is one seed."""
    unit: str
    """``seeds`` or ``samples``."""
    gain: float
    """Variance of the effect with independent seeds over that with common ones: how many times fewer runs it takes; NaN
    with one seed, whose samples share all shocks."""
    needed: int | None
    """Seeds that resolve the effect asked for; None where none was, or seeds are no units."""
    superiority: float
    """Share of pairs in which the point is better than the reference, ties half; NaN without a direction."""
    pairs: int
    """Pairs of runs that all this is from."""

    @property
    def further(self) -> int | None:
        """Seeds still missing."""
        return None if self.needed is None else max(0, self.needed - self.mean.count)


def unit_of(values: Floats) -> str:
    """Return what the independent units of values (samples, seeds) are."""
    return "seeds" if values.shape[1] > 1 else "samples"


def units(values: Floats) -> Floats:
    """Return one number for each independent unit of values (samples, seeds) without gaps.

    Samples of the same seed share its shocks, so they are averaged; with one seed the samples are the units.
    """
    if values.size == 0:
        return np.empty(0)
    means: Floats = values[:, 0].copy() if unit_of(values) == "samples" else values.mean(axis=0)
    return means


def complete(values: Floats) -> Floats:
    """Return values (..., samples, seeds) without the samples and seeds of which a run is missing anywhere.

    Means over what is left compare the same samples in every seed. What has the larger part missing goes first, so that
    few runs are given up.
    """
    known: Bools = np.asarray(np.isfinite(values).reshape(-1, *values.shape[-2:]).all(axis=0))
    samples, seeds = np.ones(known.shape[0], np.bool_), np.ones(known.shape[1], np.bool_)
    while not known[np.ix_(samples, seeds)].all():
        gaps = ~known & samples[:, None] & seeds
        by_sample, by_seed = gaps.sum(axis=1) / seeds.sum(), gaps.sum(axis=0) / samples.sum()
        if by_sample.max() >= by_seed.max():
            samples[by_sample.argmax()] = False
        else:
            seeds[by_seed.argmax()] = False
    return values[..., samples, :][..., seeds]


def effect(reference: Floats, point: Floats, sign: float | None = None, wanted: float | None = None) -> Effect:
    """Return the effect of a lever point.

    Args:
        reference: Values (samples, seeds) at the reference.
        point: Values (samples, seeds) at the lever point, with the same samples and seeds.
        sign: 1 where lower is better, -1 where higher is, None without a direction.
        wanted: Size of an effect that should be resolved.
    """
    unit, (reference, point) = unit_of(point), complete(np.stack([reference, point]))
    differences = units(point - reference)
    deviation = _deviation(differences)
    needed = None
    if wanted is not None and unit == "seeds" and math.isfinite(deviation):
        needed = seeds_to_resolve(deviation, wanted)
    return Effect(
        mean_of(differences),
        unit,
        gain_of_common_numbers(reference, point) if unit == "seeds" else math.nan,
        needed,
        superiority(reference, point, sign) if sign is not None else math.nan,
        point.size,
    )


def gain_of_common_numbers(reference: Floats, point: Floats) -> float:
    """Return the variance of a difference of independent runs over that of paired ones; NaN where nothing varies.

    Values are (samples, seeds) without gaps; a gain of 10 means that pairs need a tenth of the runs.
    """
    paired = _deviation(units(point - reference)) ** 2
    apart = sum(_deviation(units(values)) ** 2 for values in (reference, point))
    return float(apart / paired) if paired > 0 else math.nan


def _deviation(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if known.size > 1 else math.nan


def superiority(reference: Floats, point: Floats, sign: float) -> float:
    """Return the share of pairs in which the point is better than the reference, ties counted half."""
    differences = sign * (point - reference)
    known = differences[np.isfinite(differences)]
    return float(((known < 0) + 0.5 * (known == 0)).mean()) if known.size else math.nan
