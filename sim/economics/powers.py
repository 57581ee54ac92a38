"""Exponentials and powers without calls, so that processors reckon several at once (as ``randomness.quick_log``)."""

import math

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, inlined
from sim.randomness import quick_log

Floats = NDArray[np.float64]

_BITS = 5
_PARTS = 1 << _BITS
_PER_STEP = _PARTS / math.log(2.0)
_STEP = math.log(2.0) / _PARTS
_ROOTS = np.array([2.0 ** (n / _PARTS) for n in range(_PARTS)])
_ROUNDER = 1.5 * 2.0**52
"""Added to a number, leaves its nearest integer in the last bits."""
_ROUNDER_BITS = np.int64(np.float64(_ROUNDER).view(np.int64))
LARGEST_EXPONENT = 700.0
"""Beyond it e^x is infinite, or zero."""


@inlined
def quick_exp(x: float) -> float:
    """Return e^x within (3 + |x|) / 10^16 of itself: 2^(n/32) from a table, and seven terms for the rest."""
    near = x if abs(x) <= LARGEST_EXPONENT else 0.0
    rounded = near * _PER_STEP + _ROUNDER
    n = np.float64(rounded).view(np.int64) - _ROUNDER_BITS
    r = near - (rounded - _ROUNDER) * _STEP
    series = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720))))))
    scale = np.int64(((n >> _BITS) + 1023) << 52).view(np.float64)
    far = math.inf if x > 0.0 else 0.0 if x < 0.0 else x
    result: float = scale * (_ROOTS[n & (_PARTS - 1)] * series) if near == x else far
    return result


@compiled
def fill_powers(x: Floats, exponent: float, out: Floats) -> None:
    """Fill ``out`` with x^exponent, and with 0 where x is 0."""
    for n in range(x.size):
        out[n] = exponent * quick_log(x[n])
    for n in range(x.size):
        out[n] = quick_exp(out[n]) if x[n] > 0.0 else 0.0
