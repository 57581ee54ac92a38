"""Entry, exit, cuts and queues in a line each, from events made by hand."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis import load
from experiments.analysis.cases import Case, cases
from experiments.analysis.happenings import Happening, _cuts, _firms, _idle, _never_ordered, _queue, happenings
from experiments.analysis.terminal import summary
from experiments.report.page import render
from experiments.report.words import headline
from experiments.study import execute, planned
from tests.conftest import SMALL
from tests.synthetic import Market


def case_of(folder: Path) -> Case:
    (found,) = cases([load(folder)])
    return found


def events_of(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["run_id", "quarter", "who"])


def test_firms_are_said_with_their_middle_quarter_and_runs(ensemble: Path) -> None:
    case = case_of(ensemble)
    a, b, c, *_ = case.ids
    events = events_of((a, "2025Q3", "aws"), (b, "2026Q1", "aws"), (b, "2026Q2", "aws"), (c, "2026Q3", "aws"))
    assert _firms(case, events) == "AWS 2026Q1 (3 of 6 runs)"
    assert _firms(case, events.iloc[:0]) == "none"


def test_one_run_says_the_quarter_alone(single: Path) -> None:
    case = case_of(single)
    (run,) = case.ids
    assert _firms(case, events_of((run, "2025Q3", "google"))) == "Google Cloud 2025Q3"
    assert _cuts(case, events_of(*[(run, "2025Q3", "google")] * 3)) == "3, most by Google Cloud"


def test_many_firms_are_counted(single: Path) -> None:
    case = case_of(single)
    (run,) = case.ids
    events = events_of(*((run, f"202{i}Q1", name) for i, name in enumerate(list(case.providers)[:6])))
    assert _firms(case, events).endswith(", 3 more")
    every = _firms(case, events, None)
    assert all(label in every for label in list(case.providers.values())[:6])
    assert "more" not in every


def test_the_report_names_every_firm_that_enters(single: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def firms(_: Case, named: int | None) -> list[Happening]:
        return [Happening("firms that enter", f"asked for {named}")]

    monkeypatch.setattr("experiments.report.words.happenings", firms)
    assert "Firms that enter: asked for None." in headline(case_of(single))


def test_cuts_count_runs_without_any(ensemble: Path) -> None:
    case = case_of(ensemble)
    events = events_of(*((case.ids[0], "2025Q3", name) for name in ("aws", "meta")))
    assert _cuts(case, events).startswith("0 (0 to 2), most by AWS and 1 more as often")
    assert _cuts(case, events.iloc[:0]) == "none"


def test_the_largest_queue_is_that_of_the_table(ensemble: Path) -> None:
    case = case_of(ensemble)
    rows = case.frame("sites", ["quarter", "site_region", "provider", "mw_queued"])
    medians = rows.groupby(["provider", "site_region", "quarter"])["mw_queued"].median()
    provider, region, quarter = max(medians.index, key=lambda key: float(medians[key]))
    assert _queue(case).startswith(f"{case.name_of(provider)} in {case.regions[region]}, {quarter}: ")
    assert _queue(case).endswith(" MW")


def test_rules_that_did_nothing_are_said_with_their_runs(ensemble: Path) -> None:
    case = case_of(ensemble)
    rows = [(run, "2026Q4", "rule_never_bites", rule) for run in case.ids for rule in ("us_2025_04", "us_2026_05")]
    rows += [(run, "2026Q4", "rule_observed", "of_nobody") for run in case.ids]
    rows += [(case.ids[0], "2026Q4", "rule_never_in_force", "us_2022_10")]
    said = _idle(case, pd.DataFrame(rows, columns=["run_id", "quarter", "event", "detail"]))
    assert {item.name: item.text for item in said} == {
        "rules that never bound": "Letters on H20 and MI308X; Guidance: the parent decides",
        "rules within the history": "of_nobody",
        "rules never in force": "Rule of October 2022 (1 of 6 runs)",
    }


def test_rules_with_one_label_are_told_apart_by_their_ids(single: Path) -> None:
    case = case_of(single)
    vars(case)["policy"] = {"us": {"a": {"label": "Gate"}, "b": {"label": "Gate"}, "c": {"label": "Line"}}}
    assert [case.rule_label(name) for name in "abcd"] == ["Gate (a)", "Gate (b)", "Line", "d"]


def test_chips_that_nobody_orders_or_receives_are_named(single: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of(single)
    (run,) = case.ids
    amounts = {"a100": (1.0, 0.0), "h100": (0.0, 1.0), "mi350x": (0.0, 0.0)}
    rows = [(run, chip, *amount) for chip, amount in amounts.items()]
    made = pd.DataFrame(rows, columns=["run_id", "chip", "ordered_cards", "shipped_cards"])
    monkeypatch.setattr(Case, "frame", lambda *_: made)
    catalogue = {name: {"label": name.upper(), "launch": "2022Q1"} for name in (*amounts, "mine")}
    vars(case)["_config"] = {"chips": catalogue | {"late": {"label": "Late", "launch": "2099Q1"}}}
    assert list(_never_ordered(case)) == [Happening("chips never ordered", "MI350X; MINE")]
    vars(case)["_config"] = {"chips": {name: catalogue[name] for name in ("a100", "h100")}}
    assert list(_never_ordered(case)) == []


def test_own_chips_of_a_lever_point_are_in_its_catalogue(market: type[Market], tmp_path: Path) -> None:
    levers = "+study.levers={chips.b200.label: [B200, 'B200 new']}"
    words = (*SMALL, levers, "study.seeds=1", "market.end=2024Q4", f"output.root={tmp_path}", "executor.workers=1")
    before, after = cases([load(execute(planned(words), []))])
    assert (before.chips["b200"], after.chips["b200"]) == ("B200", "B200 new")
    assert "mi350x" not in before.chips, "it is launched after the end"


@pytest.mark.parametrize("where", ["terminal", "report"])
def test_they_are_said_in_the_summary_and_in_the_report(ensemble: Path, where: str) -> None:
    results = load(ensemble)
    text = summary([results]) if where == "terminal" else render([results], [])
    for item in happenings(case_of(ensemble)):
        assert item.text in text
        assert item.name[1:] in text
