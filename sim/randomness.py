"""Keyed, counter-based randomness: a draw is a pure function of what it is for.

The generator is SplitMix64 read as a counter-based function: draw ``k`` of key ``x`` is the finaliser of
``x + (k + 1) * GOLDEN`` (Steele, Lea and Flood 2014, OOPSLA; the reference outputs of Vigna's
``splitmix64.c`` are its known answers). A key is folded from (seed, decision, agent, counterpart, quarter),
where agents and products enter by the 64-bit hash of their name. There is no state, so no draw can shift
another: taking one product away leaves the shocks of all others as they were.

Uniforms lie in the open interval (0, 1). Other distributions are own transforms of uniforms.
"""

import math
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, inlined, series

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
_ONE = np.uint64(1)
_ONE_BITS = np.uint64(1023 << 52)
"""The number 1: with 52 random bits below, a uniform in [1, 2)."""
_ONE_LESS_HALF_STEP = 1.0 - 2.0**-53


class Decision(IntEnum):
    """What a draw is for. The numbers are part of run identity: add, never renumber."""

    DEMAND = 1
    WORKLOAD = 2
    TERM = 3
    EXPIRY = 4
    CHOICE = 5
    PRIORITY = 6
    WAITING = 7
    TASTE = 8
    RESIDENCY = 9
    LAB_CONTRACT = 10
    PATIENCE = 11
    ENTRY = 12
    LAPSE = 13


@inlined
def mix(z: np.uint64) -> np.uint64:
    """Return the SplitMix64 finaliser of a word: a bijection in which every bit moves every other."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@inlined
def bits(key: np.uint64, k: np.uint64) -> np.uint64:
    """Return draw ``k`` of a key: 64 random bits (SplitMix64 output ``k`` from state ``key``)."""
    return mix(key + (k + _ONE) * GOLDEN)


@inlined
def fold(key: np.uint64, part: np.uint64) -> np.uint64:
    """Return the key of a narrower purpose: ``key`` restricted to ``part``."""
    return mix((key ^ part) + GOLDEN)


@inlined
def unit(word: np.uint64) -> float:
    """Return a uniform in the open interval (0, 1) with 52 random bits: with 53 the largest would round to 1."""
    return np.uint64((word >> _S12) | _ONE_BITS).view(np.float64) - _ONE_LESS_HALF_STEP


@inlined
def uniform(key: np.uint64, k: np.uint64) -> float:
    """Return uniform draw ``k`` of a key."""
    return unit(bits(key, k))


_LN2 = math.log(2.0)
_ROOT_HALF_BITS = np.int64(np.float64(math.sqrt(0.5)).view(np.int64))
_L1, _L2, _L3, _L4, _L5, _L6, _L7 = (
    0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805,
    0.15313837699209373, 0.14798198605116586,
)  # fmt: skip
"""2/3, 2/5, 2/7 ..., bent so that seven terms do (fdlibm, Sun Microsystems 1993)."""


@series
def quick_log(x: float) -> float:
    """Return ln x of a positive normal number within a few 1e-16 of itself, without calls and tables.

    With x = 2^e m and m within a factor of root 2 around 1: ``e ln 2 + 2 artanh((m - 1) / (m + 1))``.
    """
    raw = np.float64(x).view(np.int64)
    exponent = (raw - _ROOT_HALF_BITS) >> 52
    over_one = np.int64(raw - (exponent << 52)).view(np.float64) - 1.0
    s = over_one / (2.0 + over_one)
    z = s * s
    terms = z * (_L1 + z * (_L2 + z * (_L3 + z * (_L4 + z * (_L5 + z * (_L6 + z * _L7))))))
    result: float = exponent * _LN2 + s * (2.0 + terms)
    return result


@inlined
def exponential(word: np.uint64) -> float:
    """Return a standard exponential draw from a word of random bits: minus the log of its uniform."""
    return -quick_log(unit(word))


@compiled
def normal(key: np.uint64) -> float:
    """Return a standard normal draw of a key (Box-Muller on its first two uniforms)."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, np.uint64(0))))
    return radius * math.cos(2.0 * math.pi * uniform(key, np.uint64(1)))


@compiled
def key4(seed: np.uint64, decision: np.uint64, agent: np.uint64, quarter: np.uint64) -> np.uint64:
    """Return the key of (seed, decision, agent, quarter)."""
    return fold(fold(fold(mix(seed + GOLDEN), decision), agent), quarter)


@compiled
def keys_of_members(group: np.uint64, count: int) -> Words:
    """Return the keys of members 0, 1, ... of a named group (count,): a larger group keeps the smaller one's."""
    keys = np.empty(count, np.uint64)
    for i in range(count):
        keys[i] = fold(group, np.uint64(i))
    return keys


@compiled
def draw_uniforms(agents: Words, seed: np.uint64, decision: np.uint64) -> Floats:
    """Return one uniform per agent for a decision taken once (n,)."""
    out = np.empty(agents.size)
    for i in range(agents.size):
        out[i] = uniform(key4(seed, decision, agents[i], np.uint64(0)), np.uint64(0))
    return out


_SPAN = 64
"""Quarters whose keys are worked out in one call."""


@compiled
def _seasons(seed: np.uint64, decisions: int, first: int, count: int) -> Words:
    keys = np.empty((count, decisions), np.uint64)
    for n in range(count):
        for decision in range(decisions):
            keys[n, decision] = fold(fold(mix(seed + GOLDEN), np.uint64(decision)), np.uint64(first + n))
    return keys


@lru_cache(maxsize=16)
def _span(seed: int, span: int) -> Words:
    """Return the keys of all decisions in a span of quarters: a call for each would take longer than the work."""
    return _seasons(np.uint64(seed), max(Decision) + 1, span * _SPAN, _SPAN)


def seasons(seed: int, quarter: int) -> Words:
    """Return the keys of (seed, decision, quarter), by the number of the decision."""
    keys: Words = _span(seed, quarter // _SPAN)[quarter % _SPAN]
    return keys


def season(seed: int, decision: Decision, quarter: int) -> np.uint64:
    """Return the key of (seed, decision, quarter), to be narrowed by agent with ``fold``."""
    key: np.uint64 = seasons(seed, quarter)[decision]
    return key
