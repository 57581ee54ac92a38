"""Shapley attribution: how much of the effect of several rules together is due to each."""

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.means import Mean, mean_of
from experiments.analysis.paired import complete, units

Floats = NDArray[np.float64]
MOST = 4
"""Levers that are attributed to: sixteen lever points."""


def two_level(points: Sequence[str]) -> tuple[str, ...] | None:
    """Return the levers of a crossing of two to four levers with two values each; None for any other design.

    Args:
        points: JSON of the settings of each lever point, the reference first.
    """
    settings: list[Mapping[str, Any]] = [json.loads(point) for point in points]
    levers = tuple(settings[0])
    crossed = len(points) == 2 ** len(levers) and all(one.keys() == settings[0].keys() for one in settings)
    values = [{json.dumps(one[lever]) for one in settings} for lever in levers] if crossed else []
    return levers if 2 <= len(levers) <= MOST and crossed and all(len(found) == 2 for found in values) else None


def shapley(points: Sequence[str], values: Floats) -> dict[str, Mean]:
    """Return the part of each lever in the effect of all levers moved from their first value to their second.

    The parts sum to that effect, unit by unit; samples and seeds with a run missing anywhere are left out. Source:
    Shapley (1953).

    Args:
        points: Lever points of a two-level design (see :func:`two_level`), the reference first.
        values: Outcome (points, samples, seeds).
    """
    levers = two_level(points)
    assert levers is not None, "shapley needs a crossing of two to four levers with two values each"
    reference = json.loads(points[0])
    known = complete(values)
    worth = {_moved(json.loads(point), reference): units(known[i]) for i, point in enumerate(points)}
    return {lever: mean_of(_part(lever, levers, worth)) for lever in levers}


def _moved(point: Mapping[str, Any], reference: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(lever for lever in reference if point[lever] != reference[lever])


def _part(lever: str, levers: Sequence[str], worth: Mapping[frozenset[str], Floats]) -> Floats:
    others = [other for other in levers if other != lever]
    coalitions = [frozenset(chosen) for size in range(len(levers)) for chosen in combinations(others, size)]
    parts = [_weight(len(c), len(levers)) * (worth[c | {lever}] - worth[c]) for c in coalitions]
    return np.asarray(np.sum(parts, axis=0))


def _weight(size: int, levers: int) -> float:
    """Return the share of orders of the levers in which exactly this coalition of ``size`` comes first."""
    return factorial(size) * factorial(levers - size - 1) / factorial(levers)
