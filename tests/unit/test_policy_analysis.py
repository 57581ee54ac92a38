"""Effects, regret, attribution, sensitivity, discovery and convergence against cases with known answers."""

import json
import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.convergence import convergence
from experiments.analysis.discovery import _at_least, discover
from experiments.analysis.means import mean_of, seeds_to_resolve, student
from experiments.analysis.paired import complete, effect, gain_of_common_numbers, superiority
from experiments.analysis.regret import regrets
from experiments.analysis.sensitivity import morris, sobol
from experiments.analysis.shapley import shapley, two_level
from experiments.design.sampling import unit_points


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 30, 299, 300, 5000])
def test_student_quantiles_are_those_of_scipy(freedom: int) -> None:
    assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-6)


def test_a_mean_has_the_textbook_band() -> None:
    values = np.array([1.0, 2.0, 4.0, np.nan, 7.0])
    known = values[np.isfinite(values)]
    low, high = stats.t.interval(0.95, 3, known.mean(), stats.sem(known))
    found = mean_of(values)
    assert [found.low, found.high] == pytest.approx([low, high])
    assert found.count == 4
    assert math.isnan(mean_of(values[:1]).low)


SHARE = (0.0, 1.0)


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0, 0.2], [0.01, 0.02, 0.3], [0.7, 0.99, 1.0], [1e-4, 0.0], [1.0, 0.0]])
def test_the_band_of_a_share_stays_a_share(values: list[float]) -> None:
    free, found = mean_of(np.array(values)), mean_of(np.array(values), SHARE)
    assert free.low < 0 or free.high > 1
    assert 0 <= found.low < found.mean < found.high <= 1
    assert found.error == free.error
    mirrored = mean_of(1.0 - np.array(values), SHARE)
    assert [1 - mirrored.high, 1 - mirrored.low] == pytest.approx([found.low, found.high])
    large = mean_of(10_000.0 * np.array(values), (0.0, 10_000.0))
    assert [large.low, large.high] == pytest.approx([10_000.0 * found.low, 10_000.0 * found.high])


def test_the_band_of_a_share_far_from_its_bounds_is_that_of_any_number() -> None:
    values = np.random.default_rng(3).normal(0.5, 0.01, 20)
    free, found = mean_of(values), mean_of(values, SHARE)
    assert [found.low, found.high] == pytest.approx([free.low, free.high], abs=1e-5)


def test_a_band_with_one_bound_is_cut_and_a_share_that_all_have_has_no_width() -> None:
    values = np.array([0.0, 0.0, 6.0])
    free, found = mean_of(values), mean_of(values, (0.0, math.inf))
    assert (found.low, found.high) == (0.0, free.high)
    assert [(x.low, x.high) for x in (mean_of(np.zeros(3), SHARE), mean_of(np.ones(3), SHARE))] == [(0, 0), (1, 1)]


def test_the_band_of_a_small_share_holds_it_more_often_than_one_that_is_cut() -> None:
    draws = np.random.default_rng(4).beta(0.3, 3.0, (3000, 4))
    bands = [(mean_of(row, SHARE), mean_of(row)) for row in draws]
    holds = np.mean(
        [[low <= 0.3 / 3.3 <= high for low, high in ((x.low, x.high) for x in pair)] for pair in bands], axis=0
    )
    assert holds == pytest.approx([0.905, 0.782], abs=0.03)


def test_common_shocks_cancel_and_are_worth_what_is_said() -> None:
    generator = np.random.default_rng(1)
    shock, noise = generator.normal(0, 3, (1, 20_000)), generator.normal(0, 1, (2, 1, 20_000))
    reference, point = 10 + shock + noise[0], 9 + shock + noise[1]
    assert gain_of_common_numbers(reference, point) == pytest.approx((9 + 1 + 9 + 1) / 2, rel=0.05)
    found = effect(reference, point, 1.0, 0.5)
    assert found.mean.low < -1 < found.mean.high
    assert found.needed == pytest.approx(((1.96 + 0.8416) * math.sqrt(2) / 0.5) ** 2, rel=0.06)
    assert found.further == 0
    assert found.superiority == pytest.approx(stats.norm.cdf(1 / math.sqrt(2)), abs=0.01)


def test_the_seeds_it_asks_for_resolve_the_effect_four_times_in_five() -> None:
    count = seeds_to_resolve(2.0, 1.0)
    draws = np.random.default_rng(2).normal(1.0, 2.0, (2000, count))
    assert np.mean([mean_of(row).resolved for row in draws]) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("deviation", "count"), [(0.0, 2), (0.3, 3), (0.5, 5), (0.6, 6), (1.0, 10), (2.0, 34)])
def test_few_seeds_are_counted_by_student_and_not_by_the_normal_law(deviation: float, count: int) -> None:
    assert seeds_to_resolve(deviation, 1.0) == count
    if deviation > 0.0:
        power = [stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, math.sqrt(n) / deviation) for n in (count - 1, count)]
        assert power[1] >= 0.8 - 1e-3
        assert count == 3 or power[0] < 0.8


def test_the_gain_weighs_the_spread_of_both_sides() -> None:
    reference, point = np.array([[0.0, 2.0, 4.0]]), np.array([[0.0, 20.0, 46.0]])
    spread = [float(np.var(x, ddof=1)) for x in (reference, point, point - reference)]
    assert gain_of_common_numbers(reference, point) == pytest.approx((spread[0] + spread[1]) / spread[2])


def test_a_missing_run_takes_its_seed_or_its_sample_out_and_biases_nothing() -> None:
    reference, shock = np.zeros((2, 10)), np.linspace(-0.3, 0.3, 10)
    point = np.array([[0.0], [10.0]]) + shock
    whole = effect(reference, point, wanted=1.0)
    point[1, 3] = np.nan
    found = effect(reference, point, wanted=1.0)
    assert (whole.pairs, found.pairs, found.mean.count) == (20, 18, 9)
    assert found.mean.mean == pytest.approx(5.0, abs=0.05)
    assert found.needed == whole.needed == 3
    many = np.zeros((50, 2))
    many[7, 1] = np.nan
    assert complete(many).shape == (49, 2), "a sample of fifty is given up rather than half of the seeds"
    assert complete(np.full((3, 4), np.nan)).size == 0
    assert effect(np.zeros((2, 2)), np.full((2, 2), np.nan)).pairs == 0


def test_with_one_seed_there_is_no_gain() -> None:
    assert math.isnan(effect(np.zeros((5, 1)), np.arange(5.0)[:, None]).gain)


def test_samples_that_share_seeds_are_not_counted_as_independent() -> None:
    seeds = np.array([0.0, 1.0, 2.0])
    values = np.repeat(seeds[None, :], 50, axis=0)
    found = effect(np.zeros_like(values), values)
    assert (found.unit, found.mean.count) == ("seeds", 3)
    assert found.mean.high - found.mean.low == pytest.approx(2 * student(2) / math.sqrt(3))
    assert effect(values[:, :1], values[:, :1] + 1).unit == "samples"


def test_superiority_counts_ties_half() -> None:
    reference, point = np.array([[1.0, 1.0, 1.0, np.nan]]), np.array([[0.0, 1.0, 2.0, 0.0]])
    assert superiority(reference, point, 1.0) == 0.5
    assert superiority(reference, point - 1, 1.0) == pytest.approx(2.5 / 3)
    assert superiority(reference, point - 1, -1.0) == pytest.approx(0.5 / 3)


def test_regret_is_the_distance_to_the_best_point_in_each_state() -> None:
    values = np.array([[[1.0, 3.0]], [[2.0, 1.0]], [[np.nan, 0.0]]])[:, :, :]
    lower = regrets(values[:2], 1.0)
    assert [(one.mean, one.largest, one.best, one.states) for one in lower] == [(1.0, 2.0, 1, 2), (0.5, 1.0, 1, 2)]
    assert regrets(values, 1.0)[2].mean == 0.0, "the state with a missing run is left out"
    sampled = np.array([[[1.0, 3.0], [0.0, 0.0]], [[2.0, 4.0], [1.0, 1.0]]])
    assert [one.mean for one in regrets(sampled, -1.0)] == [1.0, 0.0]


def test_shapley_parts_sum_to_the_whole_and_share_interactions() -> None:
    points = [json.dumps({"a": a, "b": b, "c": c}) for a, b, c in product((0, 1), repeat=3)]
    settings = [json.loads(point) for point in points]
    worth = np.array([3 * p["a"] + 1 * p["b"] + 2 * p["a"] * p["b"] for p in settings], dtype=float)
    values = worth[:, None, None] + np.array([0.0, 5.0, 9.0])[None, None, :]
    found = shapley(points, values)
    assert {lever: round(part.mean, 12) for lever, part in found.items()} == {"a": 4.0, "b": 2.0, "c": 0.0}
    assert found["a"].low == pytest.approx(4.0), "what is common to a seed is no uncertainty of the effect"


def test_shapley_weighs_orders_and_not_coalitions() -> None:
    """Three levers that work only all together: a third each (a quarter by Banzhaf)."""
    points = [json.dumps({"a": a, "b": b, "c": c}) for a, b, c in product((0, 1), repeat=3)]
    worth = np.array([6.0 * min(json.loads(point).values()) for point in points])
    found = shapley(points, worth[:, None, None] + np.arange(4.0))
    assert [part.mean for part in found.values()] == pytest.approx([2.0, 2.0, 2.0])


def test_shapley_parts_sum_to_the_effect_where_a_run_is_missing() -> None:
    points = [json.dumps({"a": a, "b": b}) for a, b in product((0, 1), repeat=2)]
    worth = np.array([json.loads(p)["a"] + 2.0 * json.loads(p)["b"] for p in points])
    values = worth[:, None, None] + np.array([0.0, 100.0])[:, None] + np.zeros(10)
    values[3, 1, 4] = np.nan
    assert [part.mean for part in shapley(points, values).values()] == pytest.approx([1.0, 2.0])


def test_only_full_two_level_crossings_are_attributed() -> None:
    crossed = [json.dumps({"a": a, "b": b}) for a, b in product((0, 1), repeat=2)]
    assert two_level(crossed) == ("a", "b")
    assert two_level(crossed[:3]) is None
    assert two_level([json.dumps({"a": a}) for a in (0, 1)]) is None
    assert two_level([json.dumps({"a": a, "b": b}) for a, b in ((0, 0), (1, 0), (2, 0), (3, 1))]) is None


def test_sobol_indices_of_the_ishigami_function() -> None:
    """Analytic indices: Ishigami and Homma (1990), a = 7, b = 0.1."""
    points = unit_points("sobol", [None] * 3, 1024)
    x = np.pi * (2 * points - 1)
    found = {row.key: row for row in sobol(["x1", "x2", "x3"], np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2
                                           + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))}  # fmt: skip
    for key, first, total in (("x1", 0.3139, 0.5576), ("x2", 0.4424, 0.4424), ("x3", 0.0, 0.2437)):
        row = found[key]
        assert row.first == pytest.approx(first, abs=0.03)
        assert row.total == pytest.approx(total, abs=0.03)
        assert abs(row.total - total) < 2 * row.total_half


def test_morris_effects_of_a_linear_function() -> None:
    points = unit_points("morris", [None] * 3, 20)
    found = morris(["a", "b", "c"], points, 5 * points[:, 0] - 2 * points[:, 1])
    assert [(row.key, round(row.mean, 9), round(row.size, 9)) for row in found] == [
        ("a", 5.0, 5.0), ("b", -2.0, 2.0), ("c", 0.0, 0.0),
    ]  # fmt: skip
    assert all(row.spread == pytest.approx(0.0, abs=1e-9) for row in found)
    assert all(row.size_half == pytest.approx(0.0, abs=1e-9) for row in found)
    bent = {row.key: row for row in morris(["a", "b", "c"], points, points[:, 0] * points[:, 1])}
    assert bent["a"].spread > bent["a"].size_half > 0.0, "the spread of effects, and the error of their mean"


def test_a_box_of_cases_is_found_with_its_coverage_and_density() -> None:
    points = unit_points("latin_hypercube", [None] * 4, 600)
    cases = (points[:, 0] > 0.7) & (points[:, 2] < 0.4)
    found = discover(["a", "b", "c", "d"], points, cases)
    assert found is not None
    limits = {limit.key: limit for limit in found.limits if limit.chance < 0.01}
    assert set(limits) == {"a", "c"}
    assert limits["a"].low == pytest.approx(0.7, abs=0.06)
    assert limits["c"].high == pytest.approx(0.4, abs=0.06)
    assert found.coverage > 0.85
    assert found.density > 0.85
    inside = np.ones(600, bool)
    for limit in found.limits:
        column = points[:, "abcd".index(limit.key)]
        inside &= (column >= limit.low) & (column <= limit.high)
    assert found.samples == inside.sum()
    assert found.density == cases[inside].mean()
    assert found.coverage == cases[inside].sum() / cases.sum()


def test_quasi_p_values_are_binomial_and_large_boxes_have_them() -> None:
    points = unit_points("latin_hypercube", [None] * 2, 4000)
    cases = (points[:, 0] > 0.5) & (np.arange(4000) % 3 > 0)
    found = discover(["a", "b"], points, cases)
    assert found is not None
    (limit,) = found.limits
    assert limit.key == "a"
    assert limit.chance < 1e-9
    assert _at_least(7, 20, 0.2) == pytest.approx(stats.binom.sf(6, 20, 0.2))
    assert _at_least(0, 20, 0.2) == 1.0
    assert _at_least(1500, 4000, 0.37) == pytest.approx(stats.binom.sf(1499, 4000, 0.37), rel=1e-6)


def test_restrictions_that_may_be_luck_are_taken_away() -> None:
    generator = np.random.default_rng(3)
    found = [discover(["a", "b", "c"], generator.random((96, 3)), generator.random(96) < 0.25) for _ in range(40)]
    assert all(limit.chance <= 0.05 for box in found if box is not None for limit in box.limits)
    assert sum(box is None for box in found) > 10


def test_nothing_is_discovered_where_there_is_nothing() -> None:
    points = unit_points("latin_hypercube", [None] * 2, 50)
    assert discover(["a", "b"], points, np.zeros(50, bool)) is None
    assert discover(["a", "b"], points, np.ones(50, bool)) is None


def test_bands_halve_when_seeds_are_four_times_as_many() -> None:
    values = np.random.default_rng(3).normal(50.0, 4.0, (1, 4000))
    found = convergence(values)
    assert found.seeds == (1000, 2000, 4000)
    assert found.shrinks == pytest.approx(0.5, abs=0.03)
    assert found.relative == pytest.approx(1.96 * 4 / math.sqrt(4000) / 50, rel=0.05)
