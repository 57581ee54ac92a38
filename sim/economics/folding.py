"""Sums by group or range along an axis, in the order of the elements, so that they are equal on every machine."""

import math

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints


@compiled
def _folded(values: Floats, group: Ints, groups: int) -> Floats:
    out = np.zeros((values.shape[0], groups, values.shape[2]))
    for n in range(values.shape[0]):
        for x in range(group.size):
            for m in range(values.shape[2]):
                out[n, group[x], m] += values[n, x, m]
    return out


def folded(values: Floats, group: Ints, groups: int, axis: int = -1) -> Floats:
    """Return sums of values by group along one axis.

    Args:
        values: any shape, with ``group.size`` elements along the axis.
        group: group of every element, 0 to ``groups - 1``.
        groups: number of groups, which becomes the length of the axis.
        axis: the axis.
    """
    axis %= values.ndim
    before, after = values.shape[:axis], values.shape[axis + 1 :]
    flat = np.ascontiguousarray(values).reshape(math.prod(before), group.size, math.prod(after))
    return _folded(flat, group, groups).reshape(*before, groups, *after)


@compiled
def range_sums(values: Floats, first: Ints, after: Ints) -> Floats:
    """Return (T, n) sums of values (T, m) over the elements ``first`` to ``after - 1``; 0 where there are none."""
    out = np.zeros((values.shape[0], first.size))
    for t in range(out.shape[0]):
        for n in range(first.size):
            for x in range(first[n], after[n]):
                out[t, n] += values[t, x]
    return out


@compiled
def with_sum(values: Floats) -> Floats:
    """Return (T, R + 1, M): values (T, R, M), and their sums over the R."""
    quarters, regions, measures = values.shape
    out = np.zeros((quarters, regions + 1, measures))
    for t in range(quarters):
        for r in range(regions):
            for m in range(measures):
                out[t, r, m] = values[t, r, m]
                out[t, regions, m] += values[t, r, m]
    return out
