"""Samples of uncertain values: points of the unit cube, the same for every lever point and seed.

Coordinates are probabilities, so the analysis sees the same cube whatever the distributions. SALib draws the designs;
its Sobol points of a smaller power of two are the first of a larger one, so such a study can grow.
"""

import itertools
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.faults import BadInput

MORRIS_LEVELS = 4
_SEED = 20221007
"""One seed for all designs: a study is its file, and no number in it should be there to be tried until it pleases."""


def unit_points(sampling: str, levels: Sequence[int | None], samples: int | None) -> NDArray[np.float64]:
    """Return the points of a design.

    Args:
        sampling: ``grid``, ``latin_hypercube``, ``sobol`` or ``morris``.
        levels: For each uncertainty the number of its levels, None for a range.
        samples: Points on each range, points, base size or trajectories.

    Returns:
        Probabilities (points, uncertainties) in [0, 1].

    Raises:
        BadInput: When SALib is needed and not installed.
    """
    if sampling == "grid":
        axes = [_axis(count, samples) for count in levels]
        return np.array(list(itertools.product(*axes)), dtype=np.float64)
    points: NDArray[np.float64] = _drawn(sampling, problem_for(len(levels)), samples)
    return points


def _axis(levels: int | None, samples: int | None) -> NDArray[np.float64]:
    """Return the middles of the levels' intervals, or equally spaced probabilities with both ends."""
    return (np.arange(levels) + 0.5) / levels if levels is not None else np.linspace(0.0, 1.0, samples or 2)


def problem_for(keys: int) -> dict[str, Any]:
    """Return the unit cube as SALib describes it."""
    return {"num_vars": keys, "names": [f"x{i}" for i in range(keys)], "bounds": [[0.0, 1.0]] * keys}


def _drawn(sampling: str, problem: dict[str, Any], samples: int | None) -> Any:
    if sampling == "sobol":
        return _sampler("sobol").sample(problem, samples, calc_second_order=False, seed=_SEED)
    if sampling == "morris":
        return _sampler("morris").sample(problem, samples, num_levels=MORRIS_LEVELS, seed=_SEED)
    return _sampler("latin").sample(problem, samples, seed=_SEED)


def _sampler(name: str) -> Any:
    try:
        return import_module(f"SALib.sample.{name}")
    except ModuleNotFoundError as error:
        advice = "needs the package SALib: pip install 'compute-market[sensitivity]' (in a checkout '.[sensitivity]')"
        raise BadInput([f"study.sampling: this design {advice}; sampling=grid does without"]) from error
