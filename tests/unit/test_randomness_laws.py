"""Draws along every part of a key by standard tests: names, quarters, decisions, seeds, draws of one key."""

import math
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.compiled import compiled
from sim.names import key_of
from sim.randomness import Decision, bits, exponential, fold, normal, season, uniform

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]
NAMES = 16_384
QUARTERS = 4_096
ZERO = np.uint64(0)
LEAST_LIKELY = 1.95
"""Kolmogorov's statistic exceeds it once in a thousand times."""
SIGMAS = 4.0


@compiled
def of_names(season: np.uint64, names: Words) -> Floats:
    out = np.empty(names.size)
    for n in range(names.size):
        out[n] = uniform(fold(season, names[n]), np.uint64(0))
    return out


@compiled
def of_one_key(key: np.uint64, count: int) -> Floats:
    out = np.empty(count)
    for k in range(count):
        out[k] = uniform(key, np.uint64(k))
    return out


@compiled
def normals_of(keys: Words) -> Floats:
    out = np.empty(keys.size)
    for n in range(keys.size):
        out[n] = normal(keys[n])
    return out


@compiled
def exponentials_of(keys: Words) -> Floats:
    out = np.empty(keys.size)
    for n in range(keys.size):
        out[n] = exponential(bits(keys[n], np.uint64(0)))
    return out


def names() -> Words:
    return np.array([key_of("enterprise", f"us-{n}") for n in range(NAMES)], dtype=np.uint64)


def along(part: str) -> Floats:
    """Return draws of which neighbours differ in one part of their key, in its natural order."""
    name = np.uint64(key_of("provider", "aws"))
    if part == "names":
        return of_names(season(1, Decision.CHOICE, 3), names())
    if part == "draws":
        return of_one_key(np.uint64(fold(season(1, Decision.CHOICE, 3), name)), NAMES)
    if part == "quarters":
        keys = [season(1, Decision.ENTRY, quarter) for quarter in range(QUARTERS)]
    elif part == "decisions":
        keys = [season(seed, decision, 3) for seed in range(512) for decision in Decision]
    else:
        keys = [season(seed, Decision.DEMAND, 3) for seed in range(QUARTERS)]
    return np.array([uniform(np.uint64(fold(key, name)), ZERO) for key in keys])


PARTS = ("names", "draws", "quarters", "decisions", "seeds")


def kolmogorov_smirnov(uniforms: Floats) -> float:
    """Return the statistic ``sqrt(n) sup |F_n - F|`` of a sample that should be uniform."""
    ordered, n = np.sort(uniforms), uniforms.size
    above, below = np.arange(1, n + 1) / n - ordered, ordered - np.arange(n) / n
    return float(math.sqrt(n) * max(above.max(), below.max()))


def pairs_chi_square(first: Floats, second: Floats, cells: int = 16) -> float:
    """Return how many standard deviations the chi-square of pairs in a square of cells lies from its mean."""
    place = (first * cells).astype(int) * cells + (second * cells).astype(int)
    expected = first.size / cells**2
    statistic = np.square(np.bincount(place, minlength=cells**2) - expected).sum() / expected
    return float((statistic - (cells**2 - 1)) / math.sqrt(2.0 * (cells**2 - 1)))


@pytest.mark.parametrize("part", PARTS)
def test_draws_are_uniform(part: str) -> None:
    assert kolmogorov_smirnov(along(part)) < LEAST_LIKELY


@pytest.mark.parametrize("part", PARTS)
def test_pairs_of_neighbours_fill_the_square(part: str) -> None:
    sample = along(part)
    assert abs(pairs_chi_square(sample[:-1], sample[1:])) < SIGMAS


@pytest.mark.parametrize("lag", [1, 2, 4, 12])
@pytest.mark.parametrize("part", PARTS)
def test_neighbours_are_not_correlated(part: str, lag: int) -> None:
    sample = along(part)
    assert abs(np.corrcoef(sample[lag:], sample[:-lag])[0, 1]) < SIGMAS / math.sqrt(sample.size)


def test_the_same_names_draw_independently_for_every_decision() -> None:
    drawn = {decision: of_names(season(1, decision, 3), names()) for decision in Decision}
    for one, other in combinations(Decision, 2):
        assert abs(np.corrcoef(drawn[one], drawn[other])[0, 1]) < SIGMAS / math.sqrt(NAMES), (one, other)
        assert abs(pairs_chi_square(drawn[one], drawn[other])) < SIGMAS, (one, other)


def test_the_same_names_draw_independently_in_every_quarter() -> None:
    drawn = np.array([of_names(season(1, Decision.EXPIRY, quarter), names()) for quarter in range(12)])
    apart = np.corrcoef(drawn) - np.eye(12)
    assert np.abs(apart).max() < SIGMAS / math.sqrt(NAMES)


def test_no_quarter_draws_what_another_drew() -> None:
    keys = {int(season(1, decision, quarter)) for decision in Decision for quarter in range(400)}
    assert len(keys) == 400 * len(Decision)


def test_a_draw_that_two_decisions_share_would_be_noticed() -> None:
    sample = along("names")
    assert abs(pairs_chi_square(sample, sample)) > 100.0
    assert kolmogorov_smirnov(sample**1.05) > LEAST_LIKELY


def test_normal_and_exponential_draws_follow_their_laws() -> None:
    keys = names()
    gauss = np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in normals_of(keys)])
    assert kolmogorov_smirnov(gauss) < LEAST_LIKELY
    assert kolmogorov_smirnov(-np.expm1(-exponentials_of(keys))) < LEAST_LIKELY
