"""Keyed draws: known answers, the open interval, distributions, independence, and no other source of chance."""

import math
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import sim
from sim import ComputeMarket, Parameters
from sim.compiled import compiled
from sim.economics.service import seasons_of
from sim.randomness import (
    Decision,
    bits,
    draw_uniforms,
    exponential,
    fold,
    key4,
    keys_of_members,
    mix,
    normal,
    quick_log,
    season,
    seasons,
    uniform,
    unit,
)

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]
words = st.integers(0, 2**64 - 1).map(np.uint64)
MANY = 200_000
GOLDEN = 0x9E3779B97F4A7C15


@compiled
def many_uniforms(key: np.uint64, count: int) -> Floats:
    out = np.empty(count)
    for k in range(count):
        out[k] = uniform(key, np.uint64(k))
    return out


@compiled
def first_uniforms(keys: Words) -> Floats:
    out = np.empty(keys.size)
    for i in range(keys.size):
        out[i] = uniform(keys[i], np.uint64(0))
    return out


@compiled
def normals(keys: Words) -> Floats:
    out = np.empty(keys.size)
    for i in range(keys.size):
        out[i] = normal(keys[i])
    return out


@compiled
def exponentials(key: np.uint64, count: int) -> Floats:
    out = np.empty(count)
    for k in range(count):
        out[k] = exponential(bits(key, np.uint64(k)))
    return out


@compiled
def quick_logs(x: Floats) -> Floats:
    out = np.empty(x.size)
    for n in range(x.size):
        out[n] = quick_log(x[n])
    return out


def chi_square(sample: Floats, cells: int = 256) -> float:
    """Return how many standard deviations the chi-square statistic of a uniform sample lies from its mean."""
    counts = np.bincount((sample * cells).astype(int), minlength=cells)
    expected = sample.size / cells
    return float((np.square(counts - expected).sum() / expected - (cells - 1)) / math.sqrt(2.0 * (cells - 1)))


def test_known_answers_of_splitmix64() -> None:
    """Outputs of Vigna's splitmix64.c from state 1234567."""
    found = [int(bits(np.uint64(1234567), np.uint64(k))) for k in range(5)]
    assert found == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821
    ]  # fmt: skip


def test_the_finaliser_in_plain_integers() -> None:
    def plain(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    for word in (0, 1, 2**63, 2**64 - 1, 0x0123456789ABCDEF):
        assert int(mix(np.uint64(word))) == plain(word)
        assert int(fold(np.uint64(word), np.uint64(77))) == plain(((word ^ 77) + GOLDEN) % 2**64)


def test_extreme_words_give_uniforms_inside_the_open_interval() -> None:
    assert unit(np.uint64(0)) == 2.0**-53
    assert unit(np.uint64(2**64 - 1)) == 1.0 - 2.0**-53 < 1.0
    assert 0.0 < exponential(np.uint64(2**64 - 1)) < 1e-15
    assert exponential(np.uint64(0)) == pytest.approx(53.0 * math.log(2.0), rel=1e-14)


@given(words)
def test_every_uniform_lies_inside_the_open_interval(word: np.uint64) -> None:
    assert 0.0 < unit(word) < 1.0
    assert 0.0 < exponential(word) < 38.0


@given(words, st.integers(0, 63))
def test_one_bit_moves_about_half_of_all_bits(word: np.uint64, bit: int) -> None:
    moved = int(mix(word)) ^ int(mix(word ^ np.uint64(1 << bit)))
    assert 10 <= moved.bit_count() <= 54


@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_draws_of_a_key_are_uniform_and_uncorrelated(seed: int) -> None:
    sample = many_uniforms(np.uint64(seed), MANY)
    assert abs(chi_square(sample)) < 4.0
    for lag in (1, 2, 7):
        assert abs(np.corrcoef(sample[lag:], sample[:-lag])[0, 1]) < 4.0 / math.sqrt(MANY)


@pytest.mark.parametrize("narrowed", ["agent", "quarter", "decision", "seed"])
def test_first_draws_of_neighbouring_keys_are_uniform_and_uncorrelated(narrowed: str) -> None:
    numbers = np.arange(20_000, dtype=np.uint64)
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    key: Callable[[np.uint64], np.uint64] = {
        "seed": lambda x: key4(x, one, two, three), "decision": lambda x: key4(one, x, two, three),
        "agent": lambda x: key4(one, two, x, three), "quarter": lambda x: key4(one, two, three, x),
    }[narrowed]  # fmt: skip
    sample = first_uniforms(np.array([key(x) for x in numbers], dtype=np.uint64))
    assert np.unique(sample).size == sample.size
    assert abs(chi_square(sample, 64)) < 4.0
    assert abs(np.corrcoef(sample[1:], sample[:-1])[0, 1]) < 4.0 / math.sqrt(sample.size)


def test_what_a_key_is_narrowed_to_matters_in_its_order() -> None:
    parts = [key4(*(np.uint64(x) for x in order)) for order in ((1, 2, 3, 4), (1, 3, 2, 4), (2, 1, 3, 4), (1, 2, 4, 3))]
    assert len(set(map(int, parts))) == 4


def test_normal_draws_have_normal_moments() -> None:
    sample = normals(keys_of_members(np.uint64(5), MANY))
    moments = [np.mean(sample**n) for n in (1, 2, 3, 4)]
    spread = [math.sqrt(x / MANY) for x in (1.0, 2.0, 15.0, 96.0)]
    assert all(abs(m - e) < 4.0 * s for m, e, s in zip(moments, (0.0, 1.0, 0.0, 3.0), spread, strict=True))
    assert abs(chi_square(np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in sample]))) < 4.0


def test_exponential_draws_have_the_exponential_law() -> None:
    sample = exponentials(np.uint64(9), MANY)
    assert abs(chi_square(-np.expm1(-sample))) < 4.0
    assert np.mean(sample) == pytest.approx(1.0, abs=4.0 / math.sqrt(MANY))


@given(st.lists(st.floats(2.0**-1022, 1e300), min_size=1))
def test_the_quick_logarithm_is_as_good_as_it_says(values: list[float]) -> None:
    exact = np.array([math.log(x) for x in values])
    np.testing.assert_allclose(quick_logs(np.array(values)), exact, rtol=1e-15, atol=4e-15)


def test_the_quick_logarithm_at_every_cell_of_its_table() -> None:
    edges = 1.0 + np.arange(257) / 256.0
    x = np.concatenate([edges, np.nextafter(edges, 0.0), np.nextafter(edges, 3.0), edges + 1.0 / 512.0])
    np.testing.assert_allclose(quick_logs(x), [math.log(v) for v in x], rtol=0.0, atol=4e-15)


def test_a_larger_population_keeps_the_keys_of_the_smaller() -> None:
    small, large = keys_of_members(np.uint64(3), 100), keys_of_members(np.uint64(3), 10_000)
    assert (large[:100] == small).all()
    assert np.unique(large).size == large.size
    seed, decision = np.uint64(1), np.uint64(Decision.TASTE)
    assert (draw_uniforms(large, seed, decision)[:100] == draw_uniforms(small, seed, decision)).all()


def test_draws_taken_once_are_those_of_the_key() -> None:
    keys, seed, decision = keys_of_members(np.uint64(3), 4), np.uint64(8), np.uint64(Decision.RESIDENCY)
    expected = [uniform(np.uint64(key4(seed, decision, key, np.uint64(0))), np.uint64(0)) for key in keys]
    assert draw_uniforms(keys, seed, decision).tolist() == expected


def test_seasons_differ_by_seed_decision_and_quarter() -> None:
    keys = {int(season(s, d, q)) for s in (1, 2) for d in Decision for q in (0, 1)}
    assert len(keys) == 4 * len(Decision)
    folded = fold(season(7, Decision.CHOICE, 3), np.uint64(11))
    assert season(7, Decision.CHOICE, 3) == season(7, Decision.CHOICE, 3)
    assert int(folded) != int(fold(season(7, Decision.CHOICE, 4), np.uint64(11)))


def test_each_decision_of_a_customer_has_a_key_of_its_own() -> None:
    found = [int(key) for key in seasons_of(seasons(5, 70))]
    decisions = Decision.CHOICE, Decision.TERM, Decision.PRIORITY, Decision.WAITING
    assert found == [int(season(5, decision, 70)) for decision in decisions]
    assert len(set(found)) == 4


def test_numbers_of_decisions_are_part_of_run_identity() -> None:
    assert {d.name: d.value for d in Decision} == {
        "DEMAND": 1, "WORKLOAD": 2, "TERM": 3, "EXPIRY": 4, "CHOICE": 5, "PRIORITY": 6, "WAITING": 7, "TASTE": 8,
        "RESIDENCY": 9, "LAB_CONTRACT": 10, "PATIENCE": 11, "ENTRY": 12, "LAPSE": 13,
    }  # fmt: skip


def test_the_source_names_no_other_generator() -> None:
    other = re.compile(
        r"np\.random|numpy\.random|import random|from random|\.rng\b|model\.random|default_rng|shuffle|RandomState"
        r"|Random\(|SeedSequence|urandom|import secrets|import uuid|import time|datetime\.now"
    )
    folder = Path(sim.__file__).parent
    files = sorted(folder.rglob("*.py"))
    assert len(files) > 30
    named = [
        f"{x.name}: {line}" for x in files for line in x.read_text(encoding="utf-8").splitlines() if other.search(line)
    ]
    assert named == []


class Untouchable:
    """In the place of a generator of Mesa: not even a method may be looked up."""

    def __getattr__(self, name: str) -> object:
        pytest.fail(f"a draw outside the keyed streams: {name}")


def test_a_run_draws_from_no_other_generator(small: Parameters, monkeypatch: pytest.MonkeyPatch) -> None:
    untouched = ComputeMarket(small, seed=4).run().tables(["providers"])["providers"]
    market = ComputeMarket(small, seed=4)

    def drawn(*_: object, **__: object) -> None:
        pytest.fail("a draw outside the keyed streams")

    states = market.rng.bit_generator, market.random, np.random.get_state, random
    before = states[0].state, states[1].getstate(), str(states[2]()), states[3].getstate()
    with monkeypatch.context() as patch:
        for kind in (random.Random, random):
            for name in ("random", "uniform", "choice", "choices", "shuffle", "randint", "gauss", "getrandbits"):
                patch.setattr(kind, name, drawn)
        for name in np.random.__all__:
            patch.setattr(np.random, name, drawn)
        patch.setattr(market, "rng", Untouchable())
        patch.setattr(market, "random", Untouchable())
        table = market.run().tables(["providers"])["providers"]
    assert before == (states[0].state, states[1].getstate(), str(states[2]()), states[3].getstate())
    for name, values in untouched.items():
        np.testing.assert_array_equal(table[name], values)


def test_seeds_differ_and_a_seed_is_the_same_again(small: Parameters) -> None:
    first, again, other = (ComputeMarket(small, seed=s).run().tables(["providers"])["providers"] for s in (1, 1, 2))
    np.testing.assert_array_equal(first["served_h100e"], again["served_h100e"])
    assert (first["served_h100e"] != other["served_h100e"]).any()
