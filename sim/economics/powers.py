"""Exponentials and powers without calls, so that processors reckon several at once (as ``randomness.quick_log``)."""

import math

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, series
from sim.randomness import quick_log

Floats = NDArray[np.float64]

_LN2 = math.log(2.0)
_PER_LN2 = 1.0 / _LN2
_C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11, _C12 = (1.0 / math.factorial(n) for n in range(2, 13))
_ROUNDER = 1.5 * 2.0**52
"""Added to a number, leaves its nearest integer in the last bits."""
_ROUNDER_BITS = np.int64(np.float64(_ROUNDER).view(np.int64))
LARGEST_EXPONENT = 700.0
"""Beyond it e^x is infinite, or zero."""


@series
def quick_exp(x: float) -> float:
    """Return e^x within (6 + |x|) / 10^16 of itself: a power of 2, and twelve terms for the rest."""
    near = x if abs(x) <= LARGEST_EXPONENT else 0.0
    rounded = near * _PER_LN2 + _ROUNDER
    n = np.float64(rounded).view(np.int64) - _ROUNDER_BITS
    r = near - (rounded - _ROUNDER) * _LN2
    tail = _C7 + r * (_C8 + r * (_C9 + r * (_C10 + r * (_C11 + r * _C12))))
    total = 1.0 + r * (1.0 + r * (_C2 + r * (_C3 + r * (_C4 + r * (_C5 + r * (_C6 + r * tail))))))
    scale = np.int64((n + 1023) << 52).view(np.float64)
    far = math.inf if x > 0.0 else 0.0 if x < 0.0 else x
    result: float = scale * total if near == x else far
    return result


@compiled
def fill_powers(x: Floats, exponent: float, out: Floats) -> None:
    """Fill ``out`` with x^exponent, and with 0 where x is 0."""
    for n in range(x.size):
        out[n] = exponent * quick_log(x[n])
    for n in range(x.size):
        out[n] = quick_exp(out[n]) if x[n] > 0.0 else 0.0
