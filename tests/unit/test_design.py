"""Designs: how uncertain values are sampled, what is refused, and that a sampled point is what one would type."""

import json
import math
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import experiments
from experiments import load, stored
from experiments.analysis.answers import answers
from experiments.design.ranges import Range
from experiments.design.sampling import unit_points
from experiments.faults import BadInput
from experiments.preflight.sampling_sizes import problem_of_size
from experiments.study import execute, planned
from tests.synthetic import Market

SMALL = ("customers.enterprises=20", "market.end=2022Q4", "executor.workers=1", "study.seeds=2")
STUDIES = Path(__file__).resolve().parents[2] / "conf" / "study"
COST, LOAD = "customers.switching.cost_iaas", "market.on_premises.utilisation"
UNCERTAIN = (
    f"+study.uncertainties={{{COST}: {{range: [1.0, 8.0], distribution: loguniform}}, {LOAD}: {{range: [0.2, 0.6]}}}}"
)


def test_quantiles_of_every_distribution() -> None:
    assert Range("x", "uniform", 2.0, 4.0).value(0.25) == 2.5
    assert Range("x", "loguniform", 1.0, 100.0).value(0.5) == pytest.approx(10.0)
    triangle = Range("x", "triangular", 0.0, 4.0, 1.0)
    assert (triangle.value(0.0), triangle.value(0.25), triangle.value(1.0)) == (0.0, 1.0, 4.0)
    assert triangle.value(0.5) == pytest.approx(4.0 - math.sqrt(6.0))
    whole = [Range("x", "uniform", 1.0, 4.0).value(p, whole=True) for p in (0.0, 0.24, 0.26, 0.74, 0.76, 1.0)]
    assert whole == [1, 1, 2, 3, 4, 4], "whole numbers are equally likely"
    levels = Range("x", "levels", levels=("a", "b"))
    assert [levels.value(p) for p in (0.0, 0.49, 0.5, 1.0)] == ["a", "a", "b", "b"]


def test_a_grid_crosses_levels_and_ranges() -> None:
    points = unit_points("grid", [2, None], 3)
    assert points.tolist() == [[a, b] for a in (0.25, 0.75) for b in (0.0, 0.5, 1.0)]


@pytest.mark.parametrize(
    ("sampling", "samples", "rows"), [("latin_hypercube", 8, 8), ("sobol", 8, 32), ("morris", 4, 12)]
)
def test_drawn_designs_have_their_size_and_repeat(sampling: str, samples: int, rows: int) -> None:
    points = unit_points(sampling, [None, None], samples)
    assert points.shape == (rows, 2)
    assert ((points >= 0) & (points <= 1)).all()
    assert np.array_equal(points, unit_points(sampling, [None, None], samples))


def test_a_larger_sobol_design_begins_with_the_smaller() -> None:
    assert np.array_equal(unit_points("sobol", [None] * 3, 16)[: 8 * 5], unit_points("sobol", [None] * 3, 8))


@pytest.mark.parametrize(
    ("sampling", "keys", "ranges", "samples", "said"),
    [
        ("sobol", 2, 2, 48, "samples = 48 is not a power of two, which Sobol points need: try 32 or 64"),
        ("sobol", 2, 2, None, "samples is missing: a power of two"),
        ("morris", 2, 2, None, "samples is missing: how many trajectories"),
        ("grid", 1, 0, 4, "leave samples out"),
        ("latin_hypercube", 0, 0, 4, "there are no uncertainties"),
    ],
)
def test_sizes_that_do_not_fit_the_sampler(
    sampling: str, keys: int, ranges: int, samples: int | None, said: str
) -> None:
    problem = problem_of_size(sampling, keys, ranges, samples)
    assert problem is not None
    assert said in problem


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (("+study.uncertainties={market.on_premises.use: {range: [0.3, 0.5]}}", "study.samples=4"), "no such key"),
        ((f"+study.uncertainties={{{LOAD}: {{range: [0.5, 0.5]}}}}", "study.samples=4"), "[0.5, 0.5] is empty"),
        (
            (f"+study.uncertainties={{{LOAD}: {{range: [0.5, 7.0]}}}}", "study.samples=4"),
            f"study.uncertainties.{LOAD}.range = [0.5, 7.0]: must be a number greater than 0 and at most 1",
        ),
        (
            (f"+study.uncertainties={{{LOAD}: {{levels: [0.5, 7.0]}}}}", "study.samples=4"),
            f"study.uncertainties.{LOAD}.levels = 7.0: must be a number greater than 0 and at most 1",
        ),
        ((f"+study.uncertainties={{{LOAD}: {{levels: [0.5, 0.5]}}}}",), "the same level is listed twice"),
        ((f"+study.uncertainties={{{LOAD}: {{}}}}",), "give either range: [lowest, highest] or levels"),
        (
            (f"+study.uncertainties={{{LOAD}: {{range: [0.0, 0.5], distribution: loguniform}}}}", "study.samples=4"),
            "must lie above 0",
        ),
        ((f"+study.uncertainties={{{LOAD}: {{range: [0.1, 0.5], mode: 0.2}}}}",), "mode belongs to a triangular"),
        ((UNCERTAIN, "study.sampling=sobol", "study.samples=12"), "samples = 12 is not a power of two"),
        ((UNCERTAIN,), "samples is missing"),
        (("study.outcomes=[hhi_revenue.world, hhi_revenue.world]",), "'hhi_revenue.world' is listed twice"),
        ((UNCERTAIN, "study.samples=4", f"+study.levers={{{LOAD}: [0.3]}}"), "is a lever and an uncertainty"),
        ((UNCERTAIN, "study.samples=4", f"{LOAD}=0.3"), "is an uncertainty of the study; leave it off"),
        ((UNCERTAIN, "study.samples=4", f"+study.fixed={{{LOAD}: 0.3}}"), "so study.fixed cannot set it too"),
        (("+study.fixed={seed: 3}",), "study.fixed: seed cannot be fixed; say study.seeds"),
        (("+study.levers={market.on_premises.utilization: [0.3, 0.4]}",), "did you mean 'utilisation'?"),
        (("study.outcomes=[{name: hhi_revenue.world, better: lower, horizon: 2022Q3}]",), "read in the fourth quarter"),
        (("study.outcomes=[hhi_revenues.world]",), "did you mean 'hhi_revenue'?"),
        (("study.outcomes=[share_revenue.alibbaba]",), "did you mean 'share_revenue.alibaba'?"),
        (
            ("study.outcomes=[share_revenue.world]",),
            "no run has 'share_revenue.world'; there are share_revenue.alibaba,",
        ),
        (("study.outcomes=[hhi_revenue]",), "no run has 'hhi_revenue'; there are hhi_revenue.ally"),
        (("study=baselin",), "did you mean 'baseline'?"),
        (("executor=dask",), "kind=dask needs executor.address"),
    ],
)
def test_bad_designs_get_a_plain_line_before_anything_runs(
    tmp_path: Path, overrides: tuple[str, ...], line: str
) -> None:
    local = [word for word in SMALL if not (word.startswith("executor") and "executor=dask" in overrides)]
    with pytest.raises(BadInput) as refused:
        planned([*local, *overrides, f"output.root={tmp_path}"])
    assert any(line in said for said in refused.value.lines), refused.value.lines
    assert not list(tmp_path.iterdir())


def test_a_range_beyond_its_key_names_the_file_and_says_it_once(tmp_path: Path) -> None:
    file = tmp_path / "own" / "study" / "wide.yaml"
    file.parent.mkdir(parents=True)
    text = f"uncertainties: {{{LOAD}: {{range: [0.2, 99.0]}}}}\nsamples: 8\nseeds: 1\n"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        planned([*SMALL, "study=wide"], [tmp_path / "own"])
    (line,) = refused.value.lines
    assert line.startswith(f"study.uncertainties.{LOAD}.range = [0.2, 99.0]: must be a number greater than 0")
    assert line.endswith(f"(study.uncertainties in {file})")


def test_a_range_may_begin_where_its_key_excludes_the_end(tmp_path: Path) -> None:
    """On-premises utilisation is above 0; no sample of a range from 0 on lies there."""
    asked = f"+study.uncertainties={{{LOAD}: {{range: [0.0, 1.0]}}}}"
    assert len(planned([*SMALL, asked, "study.samples=4", f"output.root={tmp_path}"]).samples) == 4


def test_without_salib_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SALib.sample.latin", None)
    with pytest.raises(BadInput, match=r"pip install 'compute-market\[sensitivity\]'"):
        planned([*SMALL, UNCERTAIN, "study.samples=4"])


def test_levers_samples_and_seeds_are_crossed(market: type[Market], tmp_path: Path) -> None:
    levers = "+study.levers={scenario: [baseline, easy_switching]}"
    other = f"+study.uncertainties={{{LOAD}: {{range: [0.2, 0.6]}}}}"
    asked = planned([*SMALL, levers, other, "study.samples=3", f"output.root={tmp_path}"])
    rows = stored.rows_of_runs(execute(asked, []))
    assert len(rows) == 12
    met = {
        lever: {(row["sample"], row["seed"]) for row in rows if row["levers"] == lever}
        for lever in {row["levers"] for row in rows}
    }
    assert len(met) == 2
    assert all(found == {(s, e) for s in range(3) for e in (1, 2)} for found in met.values())


def test_a_sampled_point_run_alone_by_its_command_is_the_same_run(
    market: type[Market], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(seed: int) -> None:
        if seed == 2:
            raise ValueError("cards are not conserved")

    monkeypatch.setattr(market, "fails", fail)
    fixed = "+study.fixed={finance.credit.covenant: 0.5}"
    whole = "+study.uncertainties={customers.workloads_per_enterprise: {range: [2, 6]}}"
    asked = planned([*SMALL, UNCERTAIN, whole, fixed, "study.samples=2", f"output.root={tmp_path}"])
    folder = execute(asked, [])
    failures = experiments.load(folder).manifest["failures"]
    assert len(failures) == 2
    monkeypatch.setattr(market, "fails", lambda _: None)
    for failure in failures:
        words = shlex.split(failure["command"])
        assert words[:2] == ["compute-market", "run"]
        alone = experiments.run(*words[2:], f"output.root={tmp_path / 'alone'}")
        assert alone["runs"].arrow()["run_id"].to_pylist() == [failure["run_id"]]
        assert alone.manifest["config"]["finance"]["credit"]["covenant"] == 0.5


def test_a_grid_that_grows_keeps_its_runs_and_renumbers_them(market: type[Market], tmp_path: Path) -> None:
    def grid(levels: str) -> Path:
        key = f"+study.uncertainties={{{LOAD}: {{levels: {levels}}}}}"
        return execute(planned([*SMALL, key, "study.sampling=grid", f"output.root={tmp_path}"]), [])

    before = {row["run_id"] for row in stored.rows_of_runs(grid("[0.4, 0.5]"))}
    folder = grid("[0.3, 0.4, 0.5]")
    rows = stored.rows_of_runs(folder)
    assert before < {row["run_id"] for row in rows}
    assert sorted((row["sample"], row["run_id"] in before) for row in rows) == [
        (0, False), (0, False), (1, True), (1, True), (2, True), (2, True),
    ]  # fmt: skip
    from experiments.analysis.sampled import values_of

    assert json.loads(values_of(experiments.load(folder)).to_json(orient="columns"))[LOAD] == {
        "0": 0.3, "1": 0.4, "2": 0.5,
    }  # fmt: skip


def test_a_user_s_short_study_file_is_enough(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "short.yaml").write_text("seeds: [3, 5]\nfixed: {market.end: 2022Q2}\n")
    asked = planned(["study=short"], [tmp_path])
    assert [job.seed for job in asked.jobs] == [3, 5]
    assert asked.base.parameters.market.end == "2022Q2"
    assert planned(["study=short", "market.end=2022Q3"], [tmp_path]).base.parameters.market.end == "2022Q3"


@pytest.mark.parametrize("name", sorted(path.stem for path in STUDIES.glob("*.yaml")))
def test_every_shipped_study_is_a_valid_design(name: str) -> None:
    asked = planned([f"study={name}"])
    assert len(asked.jobs) == len(asked.points) * len(asked.samples) * len(asked.design.seed_list()) > 1


def test_one_outcome_at_two_horizons_is_two_outcomes(market: type[Market], tmp_path: Path) -> None:
    asked = "[{name: hhi_revenue.world, horizon: 2022Q4}, hhi_revenue.world]"
    words = (*SMALL, f"study.outcomes={asked}", "market.end=2023Q4", f"output.root={tmp_path}")
    early, late = answers(load(execute(planned(words), []))).values.items()
    assert (early[0], late[0]) == ("hhi_revenue.world in 2022Q4", "hhi_revenue.world")
    assert np.isfinite(late[1]).all()
    assert np.isnan(early[1]).all(), "the made-up market knows the last quarter only"


def test_levers_and_fixed_values_may_be_mappings() -> None:
    cards = "providers.alibaba.sites.cn.opening_cards"
    asked = planned([f"+study.levers={{{cards}: [{{a100: 10.0}}, {{a100: 500.0}}]}}", "study=baseline"])
    held = [item.parameters.providers["alibaba"].sites["cn"].opening_cards["a100"] for _, item in asked.points]
    assert held == [10.0, 500.0]
    fixed = planned([f"+study.fixed={{{cards}: {{a100: 20.0}}}}", "study=baseline"])
    assert fixed.base.parameters.providers["alibaba"].sites["cn"].opening_cards["a100"] == 20.0
