"""Strips: what limits sites and makers; a cell is split by the share of runs, and the page stays small."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analysis import load
from experiments.analysis.cases import Case, cases
from experiments.analysis.supply import limits_of_capacity, limits_of_makers, limits_of_sites
from experiments.figures import draw
from experiments.figures.strips import Code, Group, Strip, Strips, _boxes, svg
from sim.reasons import Constraint

CODES = {"demand": Code("nothing", "#e2e2e2"), "mw": Code("halls", "#e69f00")}
QUARTERS = ["2024Q3", "2024Q4", "2025Q1", "2025Q2"]


def case_of(folder: Path) -> Case:
    (found,) = cases([load(folder)])
    return found


def test_shares_are_those_of_the_runs(ensemble: Path) -> None:
    case = case_of(ensemble)
    rows = case.frame("sites", ["quarter", "site_region", "provider", "binding_constraint"])
    found = limits_of_sites(case)
    assert set(found) == set(zip(rows["site_region"], rows["provider"], strict=True))
    for (region, provider), shares in found.items():
        here = rows[(rows["site_region"] == region) & (rows["provider"] == provider)]
        for limit in Constraint:
            counts = (here["binding_constraint"] == limit.code).groupby(here["quarter"]).sum()
            found_here = shares.get(limit.code, pd.Series(dtype=float)).reindex(counts.index, fill_value=0.0)
            assert found_here.tolist() == (counts / 6).tolist()
        assert (shares.sum(axis=1) <= 1.0 + 1e-12).all()


def test_the_largest_site_comes_first(ensemble: Path) -> None:
    rows = case_of(ensemble).frame("sites", ["site_region", "provider", "capacity_h100e"])
    peaks = rows.groupby(["run_id", "site_region", "provider"])["capacity_h100e"].max()
    medians = peaks.groupby(["site_region", "provider"]).median()
    assert medians[next(iter(limits_of_sites(case_of(ensemble))))] == medians.max()


def test_capacity_is_divided_by_what_limits_it(ensemble: Path) -> None:
    shares = limits_of_capacity(case_of(ensemble))
    assert np.allclose(shares.sum(axis=1), 1.0)
    rows = case_of(ensemble).frame("sites", ["quarter", "binding_constraint", "capacity_h100e"], quarter="2025Q1")
    rows = rows.dropna(subset=["binding_constraint"])
    full = rows[rows["binding_constraint"] == "mw"].groupby("run_id")["capacity_h100e"].sum()
    expected = (full / rows.groupby("run_id")["capacity_h100e"].sum()).fillna(0.0).mean()
    assert shares.loc["2025Q1", "mw"] == pytest.approx(expected, rel=1e-12)


def test_one_run_has_whole_cells(single: Path) -> None:
    for shares in (*limits_of_sites(case_of(single)).values(), *limits_of_makers(case_of(single)).values()):
        assert set(np.unique(shares.to_numpy())) <= {0.0, 1.0}
    assert "One path: no uncertainty." in draw("constraints", [case_of(single)]).svg


def test_the_figure_says_what_height_means_and_names_every_colour(ensemble: Path) -> None:
    figure = draw("constraints", [case_of(ensemble)])
    assert "share of 6 runs that differ in the seed only" in figure.svg
    for word in ("powered halls", "cash or credit", "cards", "wafers", "packaging", "memory (HBM)"):
        assert f">{word}<" in figure.svg
    assert len(re.findall(">nothing", figure.svg)) == 1
    assert "Source: table sites" in figure.caption


def test_boxes_fill_a_row_by_shares_and_join_equal_neighbours() -> None:
    shares = pd.DataFrame({"demand": [1.0, 1.0, 0.25, 0.0], "mw": [0.0, 0.0, 0.5, 0.0]}, index=QUARTERS)
    strip = Strip("site", shares)
    calm, halls = (list(_boxes(strip, name, CODES, 2)) for name in CODES)
    assert [box[1] - box[0] for box in calm] == [0.5, 0.25]
    (box,) = halls
    height = calm[0][3] - calm[0][2]
    assert (box[3] - box[2], calm[1][3] - calm[1][2]) == pytest.approx((0.5 * height, 0.25 * height))
    assert box[2] == pytest.approx(calm[1][3]), "the next code begins where the one before ends"
    assert calm[0][2] == 2.0


def test_a_gap_in_quarters_is_left_white() -> None:
    shares = pd.DataFrame({"mw": [1.0, 1.0]}, index=["2024Q3", "2025Q2"])
    assert len(list(_boxes(Strip("site", shares), "mw", CODES, 0))) == 2


def test_strips_do_not_grow_with_codes_that_nothing_has() -> None:
    shares = pd.DataFrame({"mw": [1.0] * 4}, index=QUARTERS)
    sheet = Strips("constraints", [[Group("sites", [Strip("site", shares)])]], [""], CODES, QUARTERS, "2024Q4", "")
    assert svg(sheet) == svg(sheet)
    assert svg(sheet).count("observed deliveries") == 1
