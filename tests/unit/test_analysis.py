"""Bands, rounding, labels, headlines and loading, against arithmetic done another way."""

import re
from collections import Counter
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import experiments
from experiments.analysis import Results, load
from experiments.analysis.bands import LEVELS, bands, only
from experiments.analysis.cases import BASES, Case, _short_keys, cases, result_names
from experiments.analysis.comparison import comparisons
from experiments.analysis.headline import leaders, market_lines
from experiments.analysis.rounding import percent, rounded
from experiments.analysis.terminal import summary
from experiments.faults import BadInput
from experiments.figures.labels import short, spread
from experiments.report.page import render
from sim.tables import TABLES
from tests.synthetic import Market


@pytest.fixture(scope="module")
def case(ensemble: Path) -> Case:
    (found,) = cases([load(ensemble)])
    return found


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.integers(0, 5))
def test_bands_are_quantiles_of_the_runs_with_a_value(values: list[float], nulls: int) -> None:
    runs = [*values, *[np.nan] * nulls]
    frame = pd.DataFrame({"run_id": range(len(runs)), "quarter": "2024Q1", "x": runs})
    (row,) = bands(frame, "x", ["quarter"]).to_dict("records")
    assert row["runs"] == len(values)
    for name, level in LEVELS.items():
        assert row[name] == pytest.approx(np.quantile(values, level), rel=1e-12, abs=1e-9)


def test_bands_keep_groups_apart() -> None:
    frame = pd.DataFrame({"q": ["a", "a", "b"], "firm": ["x", "y", "x"], "s": [1.0, 2.0, np.nan]})
    found = bands(frame, "s", ["q", "firm"])
    assert only(found, q="a", firm="y")["median"].tolist() == [2.0]
    assert only(found, q="b", firm="x")["runs"].tolist() == [0]
    assert only(found, q="b", firm="x")["median"].isna().all()


def test_shares_of_a_case_are_those_of_its_tables(case: Case, ensemble: Path) -> None:
    rows = pq.read_table(ensemble / "providers").to_pandas()
    chosen = only(rows, region="cn", quarter="2025Q2", product="all", workload="all")
    for basis, column in BASES.items():
        band = only(case.share_bands[basis], region="cn", quarter="2025Q2")
        highest = dict(zip(band["provider"], band["high90"], strict=True))
        for firm, values in chosen.groupby("provider")[column]:
            assert highest[firm] == pytest.approx(np.quantile(values, 0.95), rel=1e-12)


def test_leaders_are_ranked_by_median_and_counted_by_run(case: Case, ensemble: Path) -> None:
    rows = pq.read_table(ensemble / "providers").to_pandas()
    now = only(rows, region="world", quarter=case.quarters[-1], product="all", workload="all")
    medians = now.groupby("provider")["share_compute"].median().sort_values(ascending=False)
    first = Counter(group.set_index("provider")["share_compute"].idxmax() for _, group in now.groupby("run_id"))
    found = leaders(case, "compute", case.quarters[-1])
    assert [item.provider for item in found] == list(medians.index[:5])
    assert [item.leads for item in found] == [first[item.provider] for item in found]
    assert found[0].share.median == percent(medians.iloc[0])


def test_horizons_are_the_end_of_history_half_way_and_the_end(case: Case) -> None:
    assert case.history_end == "2024Q4"
    assert case.horizons == ["2024Q4", "2025Q4", "2026Q4"]
    assert all(len(line.values) == len(case.horizons) for line in market_lines(case))


def test_the_summary_has_three_bases_with_bands(ensemble: Path) -> None:
    text = summary([load(ensemble)])
    assert "median of 6 seeds, in brackets their 5% and 95% quantiles" in text
    for basis in BASES:
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f"by {basis}")]
        assert line.count("% to ") == 3, "three leaders, each with its band"
    for name in ("HHI, revenue", "unmet demand", "rented compute", "tokens (MaaS)"):
        assert name in text


def test_the_leaders_of_the_three_bases_stand_below_each_other(ensemble: Path) -> None:
    lines = [line for line in summary([load(ensemble)]).splitlines() if line.startswith("    by ")]
    starts = [[match.start() for match in re.finditer(r"(?<=  )\w", line[4:])] for line in lines]
    assert len({start[-1] for start in starts}) == 1, lines


def test_concentration_has_three_significant_digits(case: Case) -> None:
    (line,) = [line for line in market_lines(case) if "HHI, revenue" in line.name]
    medians = [float(value.median.replace(",", "")) for value in line.values]
    exact = case.measure("hhi_revenue").set_index("quarter")["median"]
    assert medians == [float(f"{exact[quarter]:.3g}") for quarter in case.horizons]
    assert any(f"{value:.2g}" != f"{value:.3g}" for value in medians)


def test_the_summary_of_one_run_says_that_nothing_is_uncertain(single: Path) -> None:
    text = summary([load(single)])
    assert "one path (seed 1), no uncertainty" in text
    assert " to " not in text.split("no uncertainty")[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1523.0, "1,500"),
        (0.0999, "0.10"),
        (-2.449, "-2.4"),
        (9.96, "10"),
        (0.00123, "0.0012"),
        (np.nan, "none"),
    ],
)
def test_two_significant_digits(value: float, text: str) -> None:
    assert rounded(value) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0, "0%"), (0.0004, "<0.1%"), (0.0123, "1.2%"), (0.24, "24%"), (0.997, "100%"), (1.0, "100%"), (np.nan, "none")],
)
def test_percentages(fraction: float, text: str) -> None:
    assert percent(fraction) == text


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.01, 0.08))
def test_labels_do_not_overlap_and_stay_within(wanted: list[float], gap: float) -> None:
    placed = spread(wanted, gap, 0.0, 1.0)
    ordered = sorted(placed)
    assert all(b - a >= gap - 1e-9 for a, b in pairwise(ordered))
    assert min(placed) >= -1e-9
    assert max(placed) <= 1 + 1e-9
    assert [i for _, i in sorted((p, i) for i, p in enumerate(placed))] == sorted(
        range(len(wanted)), key=lambda i: wanted[i]
    )


def test_labels_move_as_little_as_needed() -> None:
    assert spread([0.2, 0.8], 0.1, 0, 1) == [0.2, 0.8]
    assert spread([0.5, 0.5], 0.1, 0, 1) == pytest.approx([0.45, 0.55])
    assert spread([0.0, 0.0, 0.9], 0.1, 0, 1) == pytest.approx([0.0, 0.1, 0.9])
    assert spread([0.5] * 21, 0.1, 0, 1) == pytest.approx(np.linspace(0, 1, 21))


def test_short_labels_stay_unlike_each_other() -> None:
    labels = ["Entrant (us)", "Entrant (cn)", "Volcano Engine (ByteDance)", "Gulf and SE Asia host"]
    cut = [short(label, labels) for label in labels]
    assert cut == ["Entrant (us)", "Entrant (cn)", "Volcano Engine", "Gulf and SE Asia\N{HORIZONTAL ELLIPSIS}"]
    alike = ["on_premises utilisation = 0.3", "on_premises utilisation = 0.5"]
    assert [short(label, alike) for label in alike] == ["utilisation = 0.3", "utilisation = 0.5"]
    assert [short(label, alike, 12) for label in alike] == ["0.3", "0.5"]
    crossed = [f"growth = {x}, investment = {y}" for x in (0.068, 0.41) for y in ("leader", "follower")]
    assert [short(label, crossed) for label in crossed] == [
        "0.068, leader", "0.068, follower", "0.41, leader", "0.41, follower",
    ]  # fmt: skip
    long = [f"policy = {'a' * 30}{end}{'a' * 30}" for end in "xy"]
    assert [short(label, long)[:3] for label in long] == ["1: ", "2: "]
    assert all(len(short(label, [*labels, *alike])) <= 18 for label in [*labels, *alike])


def test_tables_are_read_by_column_and_condition_with_units(ensemble: Path) -> None:
    table = load(ensemble)["market"]
    frame = table.pandas(["quarter", "hhi_revenue"], where={"region": "cn", "quarter": ["2024Q4", "2026Q4"]})
    assert list(frame.columns) == ["quarter", "hhi_revenue"]
    assert len(frame) == 2 * 6
    assert frame.attrs["units"] == {"hhi_revenue": "points 0-10000"}
    assert table.units["lrmc_usd_per_h100e_hour"] == "USD per effective H100e-hour"
    with pytest.raises(KeyError, match="has no column hhi"):
        table.pandas(["hhi"])
    with pytest.raises(KeyError, match="no table 'elsewhere' is stored"):
        load(ensemble)["elsewhere"]


def test_stored_files_carry_units(ensemble: Path) -> None:
    path = next((ensemble / "sites").glob("*.parquet"))
    fields = {field.name: field.metadata for field in pq.read_schema(path)}
    assert fields["electricity_gwh"][b"unit"] == b"GWh"
    assert set(fields) == set(TABLES["sites"].names)


def test_several_folders_are_one_table_with_their_names(ensemble: Path, single: Path) -> None:
    together = load(ensemble, single)
    counts = together["market"].pandas(["run_id"]).groupby("result")["run_id"].nunique()
    assert counts.to_dict() == {ensemble.name: 6, single.name: 1}
    only_one = together["market"].pandas(["run_id"], where={"result": single.name})
    assert only_one["run_id"].nunique() == 1


def test_folders_without_a_result_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="not a finished run or study"):
        load(tmp_path)


def test_xarray_or_a_plain_line(ensemble: Path) -> None:
    table = load(ensemble)["market"]
    if find_spec("xarray") is None:
        with pytest.raises(ModuleNotFoundError, match="pip install xarray"):
            table.to_xarray()
        return
    grid = table.to_xarray(["hhi_revenue"])
    assert grid["hhi_revenue"].attrs["units"] == "points 0-10000"
    assert grid.sizes == {"run_id": 6, "quarter": 20, "region": 5}


def test_folders_are_named_by_what_differs(market: type[Market], tmp_path: Path) -> None:
    def made(*overrides: str) -> Results:
        return experiments.run("customers.enterprises=20", "market.end=2022Q1", f"output.root={tmp_path}", *overrides)

    first, other, seed = made(), made("scenario=asymmetric_efficiency"), made("seed=2")
    assert result_names([first, other]) == ["baseline", "asymmetric_efficiency"]
    assert result_names([first, seed]) == ["seed = 1", "seed = 2"]
    third = made("scenario=asymmetric_efficiency", "seed=2")
    assert result_names([first, other, third]) == [
        "baseline, seed = 1",
        "asymmetric_efficiency, seed = 1",
        "asymmetric_efficiency, seed = 2",
    ], "what the scenario itself sets is not said again"
    none, ban = made("policy=none"), made("policy=us_2023_10")
    assert result_names([none, ban]) == ["policy = none", "policy = us_2023_10"]
    assert result_names([none, made("policy=none", "policy/us=deny")])[1] == "us = deny"
    listed = made("policy/us=[history,us_line]", "policy/cn=accept")
    assert result_names([none, listed])[1] == "policy = history, cn = accept, us = [history,us_line]"
    lifted = [made("policy/us=history"), made("policy/us=none")]
    assert result_names(lifted) == ["us = history", "us = none"], "an empty group is no setting"
    assert result_names([none]) == ["policy = none, enterprises = 20, end = 2022Q1"]
    assert result_names([listed]) == ["cn = accept, us = [history,us_line], enterprises = 20, end = 2022Q1"]
    assert result_names([first]) == ["baseline, enterprises = 20, end = 2022Q1"]
    assert result_names([first, first])[0] == f"{tmp_path.name}/{first.folders[0].name}"


def test_runs_that_differ_in_the_seed_only_are_one_case_of_paired_seeds(market: type[Market], tmp_path: Path) -> None:
    def made(*overrides: str) -> Results:
        small = ("customers.enterprises=20", "market.end=2022Q4", f"output.root={tmp_path}")
        return experiments.run(*small, *overrides)

    runs = [made(f"scenario={name}", f"seed={seed}") for name in ("baseline", "easy_switching") for seed in (1, 2, 3)]
    found = cases(runs)
    assert [(case.label, case.count) for case in found] == [("baseline", 3), ("easy_switching", 3)]
    (pair,) = comparisons(found)
    assert pair.pairs == 3
    one_by_one = [len(cases([run])[0].shares) for run in runs[:3]]
    assert len(found[0].shares) == sum(one_by_one)
    text = summary(runs)
    assert text.count("median of 3 seeds") == 2
    shown = render(runs, ["shares", "reasons"])
    assert "means over 3 pairs of runs" in shown
    assert "Bands come from 3 runs that differ in the seed only" in shown
    assert all(run.folders[0].name in shown for run in runs)
    assert [case.label for case in cases(runs[:3])] == ["baseline, enterprises = 20, end = 2022Q4"]
    assert [case.count for case in cases([*runs[:2], runs[0]])] == [2, 1], "a seed once more is a case of its own"
    with pytest.raises(ValueError, match="differ in more than the seed"):
        _ = load(runs[0].folders[0], runs[3].folders[0]).manifest


def test_beside_a_scenario_what_the_command_sets_is_named(market: type[Market], tmp_path: Path) -> None:
    def made(*overrides: str) -> Results:
        return experiments.run("market.end=2022Q1", f"output.root={tmp_path}", *overrides)

    easy = made("scenario=easy_switching", "market.costs.discount_rate=0.2")
    assert result_names([easy]) == ["easy_switching, costs discount_rate = 0.2, end = 2022Q1"]
    assert cases([easy])[0].label == "easy_switching, costs discount_rate = 0.2, end = 2022Q1"
    assert "easy_switching, costs discount_rate = 0.2" in render([easy], [])
    free = made("scenario=easy_switching", "policy=none")
    assert result_names([free]) == ["easy_switching, policy = none, end = 2022Q1"]
    assert result_names([made(), easy]) == ["baseline", "easy_switching, costs discount_rate = 0.2"]
    both = [made(f"scenario={name}", "market.costs.discount_rate=0.2") for name in ("baseline", "easy_switching")]
    assert result_names(both) == ["baseline", "easy_switching"], "what all set tells none apart"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("providers.alibaba.group.share", "alibaba group share"),
        ("providers.alibaba.in_house_share", "alibaba in_house_share"),
        ("customers.switching.cost_iaas", "switching cost_iaas"),
        ("market.end", "end"),
        ("policy.us.us_2026_05.licence.approval", "us_2026_05 licence approval"),
        ("behaviour.investment.leader.share.of.profit", "investment of profit"),
        ("policy.us", "us"),
        ("policy/us", "us"),
        ("seed", "seed"),
    ],
)
def test_a_label_says_what_a_key_is_of(key: str, words: str) -> None:
    assert _short_keys({key}) == {key: words}


def test_lever_points_are_cases(compared: Path) -> None:
    found = cases([load(compared)])
    assert [case.label for case in found] == [f"on_premises utilisation = {x}" for x in (0.3, 0.5)]
    assert [case.setting("market", "on_premises", "utilisation") for case in found] == [0.3, 0.5]
    assert set(found[0].ids).isdisjoint(found[1].ids)
