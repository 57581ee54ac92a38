r"""The shock that a whole nest shares, so that nested logit can be drawn with keyed shocks.

Nested logit has utilities ``d_j + zeta_g + (1-rho) G_j`` with standard Gumbel ``G_j`` and a nest shock whose law is
that of ``alpha ln S``, where S is positive alpha-stable with Laplace transform ``exp(-s^alpha)`` and
``alpha = 1 - rho`` (Cardell 1997; the exponential of Cardell's variable is a power of S). Kanter's representation
(1975) gives S from one uniform and one exponential:

    ln S = A(u) - (1-alpha)/alpha * ln W ,
    A(u) = ln sin(alpha pi u) + (1-alpha)/alpha * ln sin((1-alpha) pi u) - 1/alpha * ln sin(pi u) .

A is smooth but for ``-(1/alpha) ln(1-u)`` at u = 1, which is kept apart; the rest is tabulated.
"""

import math

import numpy as np

from sim.compiled import inlined
from sim.economics.cells import Floats
from sim.economics.positions import at
from sim.randomness import Words, exponential, mix, quick_log, unit

GRID = 4096
"""Intervals of the table; linear interpolation errs by less than 1e-6 in ln S."""


def nest_shock_table(dissimilarity: float) -> Floats:
    """Return the smooth part of A at u = 0, 1/GRID, ..., 1 for alpha = 1 - ``dissimilarity`` (GRID + 1,)."""
    alpha = 1.0 - dissimilarity
    if alpha >= 1.0:
        return np.zeros(GRID + 1)
    u = np.linspace(0.0, 1.0, GRID + 1)
    u[0], u[-1] = 1e-9, 1.0 - 1e-9
    ratio = (1.0 - alpha) / alpha
    smooth = [
        math.log(math.sin(alpha * math.pi * x))
        + ratio * math.log(math.sin((1.0 - alpha) * math.pi * x))
        - math.log(math.sin(math.pi * x)) / alpha
        + math.log(1.0 - x) / alpha
        for x in u
    ]
    return np.array(smooth)


@inlined
def _smooth(table: Floats, x: float) -> float:
    """Return the smooth part of A at u = x / GRID."""
    cell = int(x)
    low, high = table[at(cell)], table[at(cell + 1)]
    value: float = low + (x - cell) * (high - low)
    return value


@inlined
def _steep(alpha: float, u: float, second: np.uint64) -> float:
    """Return what is taken from the smooth part of A at u to give ln S."""
    value: float = (quick_log(1.0 - u) + (1.0 - alpha) * quick_log(exponential(second))) / alpha
    return value


@inlined
def log_stable(table: Floats, alpha: float, first: np.uint64, second: np.uint64) -> float:
    """Return ln S of a positive alpha-stable variable from two words of random bits; 0 when alpha is 1."""
    u = unit(first)
    value: float = _smooth(table, u * GRID) - _steep(alpha, u, second)
    return value if alpha < 1.0 else 0.0


@inlined
def log_stables(table: Floats, alpha: float, first: np.uint64, second: np.uint64, key: Words, out: Floats) -> None:
    """Fill ``out`` with :func:`log_stable` of the words that every key gives with ``first`` and ``second``.

    Looking up and reckoning are apart, so that processors reckon several at once.
    """
    for r in range(key.size):
        out[r] = unit(mix(key[r] ^ first)) * GRID
    for r in range(key.size):
        out[r] = _smooth(table, out[r])
    for r in range(key.size):
        value = out[r] - _steep(alpha, unit(mix(key[r] ^ first)), mix(key[r] ^ second))
        out[r] = value if alpha < 1.0 else 0.0
