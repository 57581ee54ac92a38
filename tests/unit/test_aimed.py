"""The region that rules aim at: found in rules, measured from tables, told first in the report and the summary."""

import json
from collections.abc import Mapping
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from experiments import stored
from experiments.analysis import load
from experiments.analysis.aimed import MEASURES, USUAL, Aimed, region_of
from experiments.analysis.cases import Case, cases
from experiments.analysis.paired import effect
from experiments.analysis.terminal import summary
from experiments.report.aimed import _difference, aimed
from experiments.report.page import render
from tests.synthetic import Market


def with_rules(folder: Path, to: Path, **rules: Mapping[str, object]) -> Case:
    """Return a run's case with other rules in its configuration."""
    copytree(folder, to)
    manifest = json.loads((to / stored.MANIFEST).read_text(encoding="utf-8"))
    manifest["config"]["policy"] = {"us": rules, "cn": {}, "allies": {}}
    (to / stored.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    (case,) = cases([load(to)])
    return case


def test_the_region_is_the_one_that_rules_name_most(single: Path, tmp_path: Path) -> None:
    gulf = {"label": "Gulf", "destinations": ["mid"], "headquarters": ["cn"]}
    both = with_rules(single, tmp_path / "both", one=gulf, other={"label": "Caps", "destinations": ["mid"]})
    assert region_of([both]) == "mid"
    assert region_of([with_rules(single, tmp_path / "none")]) == USUAL
    assert region_of([with_rules(single, tmp_path / "nowhere", one={"label": "x", "destinations": ["moon"]})]) == USUAL
    assert region_of(cases([load(single)])) == "cn", "the shipped rules aim at China"


def test_measures_are_those_of_the_tables(ensemble: Path) -> None:
    (case,) = cases([load(ensemble)])
    last = Aimed(case, "cn").values.query("quarter == '2026Q4'").set_index("run_id")
    tables = load(ensemble)
    market = tables["market"].pandas(where={"region": "cn", "quarter": "2026Q4"}).set_index("run_id").loc[last.index]
    assert (1000.0 * last["owned"]).tolist() == pytest.approx(market["owned_by_headquarters_h100e"].tolist())
    assert last["rent"].tolist() == market["price_iaas_usd_per_h100e_hour"].tolist()
    assert last["domestic"].tolist() == market["domestic_chip_share_h100e"].tolist()
    assert (1000.0 * last["used"]).tolist() == pytest.approx(market["accessed_h100e"].tolist())
    sites = tables["sites"].pandas(where={"site_region": "cn"})
    stored = sites.groupby(["run_id", "quarter"])["stored_h100e"].sum().groupby("run_id").max()
    assert (1000.0 * last["stored"]).tolist() == pytest.approx(stored.loc[last.index].tolist())
    year = [f"2026Q{i}" for i in (1, 2, 3, 4)]
    chips = tables["chips"].pandas(where={"destination": "cn", "quarter": year})
    sums = chips[["shipped_cards", "leaked_cards"]].mul(chips["card_h100e"], axis=0).groupby(chips["run_id"]).sum()
    share = (sums["leaked_cards"] / sums["shipped_cards"]).loc[last.index]
    assert last["leaked"].tolist() == pytest.approx(share.tolist())
    ever = tables["chips"].pandas(where={"destination": "cn"}).groupby("run_id")[["leaked_cards", "seized_cards"]].sum()
    assert (1000.0 * last["smuggled"]).tolist() == pytest.approx(ever["leaked_cards"].loc[last.index].tolist())
    assert (1000.0 * last["seized"]).tolist() == pytest.approx(ever["seized_cards"].loc[last.index].tolist())
    rules = tables["rules"].pandas()
    names = set(rules["rule"])
    assert "us_2023_10_abroad" in names, "a rule for the Gulf, which counts for nobody else"
    mine = rules[rules["rule"] != "us_2023_10_abroad"]
    paid = (mine["fee_usd_m"] + mine["duty_usd_m"]).groupby(mine["run_id"]).sum().loc[last.index]
    assert last["paid"].tolist() == pytest.approx(paid.tolist())


def test_one_case_has_its_horizons_and_says_whether_it_has_bands(ensemble: Path, single: Path) -> None:
    for folder, bands in ((ensemble, True), (single, False)):
        found = cases([load(folder)])
        part = aimed(found)
        assert part is not None
        assert part.title == "What it means for China"
        assert part.head[1:] == tuple(found[0].horizons)
        assert len(part.rows) == len(MEASURES)
        assert all((" to " in cell) is bands for row in part.rows for cell in row[1:])
        assert ("no uncertainty" in part.caption) is not bands


def test_cases_are_compared_by_pairs_with_a_band(compared: Path) -> None:
    first, then = (Aimed(case, "cn") for case in cases([load(compared)]))
    owned = MEASURES[0]
    ends = [one.values.query("quarter == '2026Q4'").set_index("run_id")["owned"] for one in (first, then)]
    seeds = [rows.loc[one.case.ids].to_numpy() for one, rows in zip((first, then), ends, strict=True)]
    more = then.more_than(first, owned, "2026Q4")
    assert more is not None
    assert more.pairs == more.mean.count == 3
    assert more.mean.mean == pytest.approx(float((seeds[1] - seeds[0]).mean()))
    assert more.mean.low < more.mean.mean < more.mean.high
    part = aimed([first.case, then.case])
    assert part is not None
    assert len(part.rows) == len(MEASURES)
    assert all(("\n" in row[1], len(row[2].split("\n"))) == (False, 2) for row in part.rows)
    assert "points (" in part.rows[3][2]
    assert all(row[2].endswith(", 3 pairs") for row in part.rows)


def test_a_difference_has_two_decimals_at_most() -> None:
    """A shift of 0.00093 USD an hour is nothing beside a rent of 1.3."""
    values = np.array([[0.0001, 0.0102, 0.0203]])
    rent = next(one for one in MEASURES if one.column == "rent")
    assert _difference(effect(np.zeros_like(values), values), rent) == "+0.01 (-0.01 to +0.04), 3 pairs"
    for value, said in ((-0.00093, "0"), (0.0074, "+0.01"), (-0.456, "-0.46")):
        assert _difference(effect(np.zeros((1, 1)), np.array([[value]])), rent) == f"{said}, 1 pair"


def test_what_is_not_stored_is_left_out(market: type[Market], tmp_path: Path) -> None:
    import experiments

    small = ("customers.enterprises=20", "market.end=2022Q4", f"output.root={tmp_path}")
    prices = experiments.run(*small, "output.tables=[market]")
    part = aimed(cases([prices]))
    assert part is not None
    assert len(part.rows) == 4
    assert aimed(cases([experiments.run(*small, "output.tables=[firms]", "seed=2")])) is None


def test_it_comes_before_the_firms_in_the_report_and_after_the_world_in_the_summary(ensemble: Path) -> None:
    page, text = render([load(ensemble)], []), summary([load(ensemble)])
    assert 0 < page.index("<h2>What it means for China</h2>") < page.index("By revenue,")
    assert text.index("  China ") > text.index("  World ")
    assert f"  {MEASURES[0].name}" in text
