"""The tables of a study in the report: which way round, of whom, and what they leave out."""

import json
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.answers import Answers, Asked
from experiments.analysis.loading import Results
from experiments.design.sampling import unit_points
from experiments.report import study
from experiments.report.study import Part

POINTS = (json.dumps({"tax": 0}), json.dumps({"tax": 1}))
NAMES = {POINTS[0]: "tax = 0", POINTS[1]: "tax = 1"}
LOWER = Asked("hhi_revenue.world", better="lower", effect=1.0)


def results(sampling: str = "latin_hypercube") -> Results:
    return cast("Results", SimpleNamespace(manifest={"design": {"sampling": sampling}}))


def answered(values: np.ndarray, asked: Asked = LOWER) -> Answers:
    """Return the answers of a study with one outcome (points, samples, seeds)."""
    points, samples, seeds = values.shape
    return Answers(POINTS[:points], tuple(range(samples)), tuple(range(seeds)), (asked,), {asked.label: values})


def rows(part: Part) -> list[dict[str, str]]:
    return [dict(zip(part.head, row, strict=True)) for row in part.rows]


def test_effects_are_the_point_less_the_reference() -> None:
    seeds = np.array([0.0, 1.0, 2.0, 3.0])
    values = np.stack([seeds, seeds + np.array([-2.0, -2.1, -1.9, -2.0])])[:, None, :]
    (row,) = rows(study._effects(results(), answered(values), NAMES))
    assert (row["Outcome"], row["Point"]) == ("hhi_revenue.world, points 0-10000", "tax = 1")
    assert row["Effect (95%)"].startswith("-2.0 (-2.1 to")
    assert (row["Told from 0"], row["Better"], row["Pairs"]) == ("yes", "100%", "4")
    assert float(row["Gain"].replace(",", "")) > 100.0
    same = rows(study._effects(results(), answered(np.stack([seeds, seeds + 1.0])[:, None, :]), NAMES))[0]
    assert same["Gain"] in ("", "over 1,000") or same["Told from 0"] == "yes"


def test_no_band_is_said_where_one_seed_shares_all_shocks_and_samples_are_not_drawn_one_by_one() -> None:
    values = np.random.default_rng(1).normal(size=(2, 16, 1))
    (drawn,) = rows(study._effects(results(), answered(values), NAMES))
    (morris,) = rows(study._effects(results("morris"), answered(values), NAMES))
    assert "(" in drawn["Effect (95%)"]
    assert "(" not in morris["Effect (95%)"]
    assert (morris["Told from 0"], morris["Gain"]) == ("one seed", drawn["Gain"])
    nothing = rows(study._effects(results(), answered(np.full((2, 1, 3), np.nan)), NAMES))[0]
    assert (nothing["Told from 0"], nothing["Pairs"]) == ("no pair", "0")


@pytest.mark.parametrize(("better", "best"), [("lower", "tax = 0"), ("higher", "tax = 1")])
def test_regret_is_the_other_way_round_where_higher_is_better(better: Any, best: str) -> None:
    values = np.array([[[1.0, 2.0]], [[4.0, 6.0]]])
    found = rows(study._regrets(results(), answered(values, Asked("hhi_revenue.world", better=better)), NAMES))
    (without,) = [row for row in found if row["Mean"] == "0"]
    assert without["Point"] == best
    assert without["Best in"] == "2 of 2"


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Let a study have 200 samples of a value and of a level; return them as probabilities."""
    units = pd.DataFrame(unit_points("latin_hypercube", [None] * 2, 200), columns=["cost", "rule"])
    values = units.assign(cost=10.0 * units["cost"], rule=np.where(units["rule"] < 0.5, "lot", "bids"))
    monkeypatch.setattr(study, "units_of", lambda _: units.copy())
    monkeypatch.setattr(study, "values_of", lambda _: values)
    return units


@pytest.mark.parametrize(("better", "cases", "span"), [("lower", "above", "lot"), ("higher", "below", "bids")])
def test_boxes_hold_bad_outcomes_and_whole_levels(sampled: pd.DataFrame, better: Any, cases: str, span: str) -> None:
    outcome = 1000.0 * (sampled["rule"] < 0.5) + 10.0 * (sampled["cost"] > 0.6) * (sampled["rule"] < 0.5)
    asked = Asked("hhi_revenue.world", better=better, threshold=500.0)
    (row,) = rows(study._discovery(results(), answered(outcome.to_numpy()[None, :, None], asked), NAMES))
    assert row["Cases"] == f"{cases} 500"
    assert row["Box"] == f"rule {span} (<0.001)"
    assert (row["Coverage"], row["Density"], row["Samples inside"]) == ("100%", "100%", "100")


def test_what_an_outcome_hangs_on_comes_first_with_its_grade(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ["market.on_premises.utilisation", "customers.intensive_elasticity"]
    units = pd.DataFrame(unit_points("sobol", [None] * 2, 256), columns=keys)
    monkeypatch.setattr(study, "units_of", lambda _: units)
    a, b = (units[key].to_numpy() for key in keys)
    outcome = (a - 0.5) * (b - 0.5) + 0.1 * b
    found = rows(study._sensitivity(results("sobol"), answered(outcome[None, :, None]), NAMES))
    assert [row["Uncertainty"] for row in found] == keys[::-1]
    for row in found:
        first, total = (float(row[name].split(" ")[0]) for name in ("First order", "Total"))
        assert first < total - 0.2
        assert row["Grade"]


def test_errors_shrink_as_seeds_average_out() -> None:
    values = np.random.default_rng(5).normal(10.0, 1.0, (1, 1, 64))
    (row,) = rows(study._convergence(results(), answered(values), NAMES))
    shrinks, due = (float(x.strip("()")) for x in row["Error shrinks to"].split(" (due "))
    assert due == 0.5
    assert shrinks == pytest.approx(0.5, abs=0.2)
    few = rows(study._convergence(results(), answered(values[:, :, :10]), NAMES))[0]
    assert few["Error shrinks to"] == "too few seeds"
    values[0, 0, 7] = np.nan
    (row,) = rows(study._convergence(results(), answered(values), NAMES))
    assert row["Outcome"].endswith("(63 seeds have it)")
    assert not study._convergence(results(), answered(np.ones((1, 1, 8))), NAMES).rows
    assert not study._convergence(results(), answered(np.full((1, 1, 8), np.nan)), NAMES).rows
