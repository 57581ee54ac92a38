"""Whether there are seeds enough: the band of a mean as seeds are added."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.means import ANYWHERE, Mean, Span, mean_of
from experiments.analysis.paired import complete, units

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Convergence:
    """The mean of an outcome over the first seeds."""

    seeds: tuple[int, ...]
    means: tuple[Mean, ...]

    @property
    def relative(self) -> float:
        """Half-width of the last band as a fraction of the mean; NaN where the mean is zero."""
        last = self.means[-1]
        return last.half_width / abs(last.mean) if last.mean else math.nan

    @property
    def shrinks(self) -> float:
        """Standard error with all seeds over that with a quarter of them: near ``due`` where seeds average out."""
        first = self.means[0].error
        return self.means[-1].error / first if first else math.nan

    @property
    def due(self) -> float:
        """What independent seeds would shrink it by."""
        return math.sqrt(self.seeds[0] / self.seeds[-1])


def convergence(values: Floats, within: Span = ANYWHERE) -> Convergence:
    """Return means over a quarter, a half and all of the seeds (at least two) of values (samples, seeds).

    ``within`` is the least and the largest value possible.
    """
    by_seed = units(complete(values))
    counts = steps(by_seed.size)
    return Convergence(counts, tuple(mean_of(by_seed[:count], within) for count in counts))


def steps(seeds: int) -> tuple[int, ...]:
    """Return a quarter, a half and all of so many seeds, at least two."""
    return tuple(sorted({max(2, seeds // 4), max(2, seeds // 2), seeds}))
