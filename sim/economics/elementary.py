"""exp, log, powers and sums of arrays.

In compiled code, since numpy's own functions change in the last bit with the processor's features.
"""

import math

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints


@compiled
def _exp(x: Floats) -> Floats:
    out = np.empty(x.size)
    for n in range(x.size):
        out[n] = math.exp(x[n])
    return out


@compiled
def _log(x: Floats) -> Floats:
    out = np.empty(x.size)
    for n in range(x.size):
        out[n] = math.log(x[n])
    return out


def exp(x: Floats) -> Floats:
    """Return e^x of every element."""
    return _exp(np.ascontiguousarray(x).ravel()).reshape(x.shape)


def log(x: Floats) -> Floats:
    """Return ln x of every element; minus infinity at 0."""
    return _log(np.ascontiguousarray(x).ravel()).reshape(x.shape)


def power(x: Floats, exponent: float | Floats) -> Floats:
    """Return x^exponent of every positive element."""
    return exp(np.asarray(exponent * log(x)))


@compiled
def part_of(some: Floats, whole: Floats) -> Floats:
    """Return some over the whole (n, m), 0 where that is nothing."""
    out = np.zeros(whole.shape)
    for x in range(whole.shape[0]):
        for m in range(whole.shape[1]):
            if whole[x, m] > 0.0:
                out[x, m] = some[x, m] / whole[x, m]
    return out


@compiled
def totals(index: Ints, values: Floats, size: int) -> Floats:
    """Return the sums of values by index (size,), added in their order: ``sum_by`` inside kernels."""
    out = np.zeros(size)
    for n in range(index.size):
        out[index[n]] += values[n]
    return out


def sum_by(index: Ints, values: Floats, size: int) -> Floats:
    """Return the sums of values by index (size,), added in their order."""
    out: Floats = np.bincount(index, values, size).astype(np.float64, copy=False)
    return out
