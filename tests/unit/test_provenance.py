"""Every leaf of the baseline has one row of provenance, with the value that is used and a source that exists."""

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from experiments import prepare
from experiments.faults import BadInput
from experiments.preflight.fields import find, root_of
from experiments.preparation import evidence
from experiments.preparation.revenue import market_rows, share_rows
from experiments.preparation.sources import assumptions, observations
from experiments.preparation.writing import differences, write
from experiments.provenance import ASSUMPTION, DATA, GRADES, as_text, leaves, rows, sources
from sim.names import QUARTER_PATTERN, quarter_number
from sim.parameters import Parameters

LAST = quarter_number("2024Q4")
OUTCOMES = ("chip_shipments", "compute_owners", "lab_compute", "cloud_share", "cloud_revenue", "capex", "prices")


@pytest.fixture(scope="module")
def baseline() -> dict[str, object]:
    return dict(leaves(evidence.baseline()))


def test_every_leaf_has_a_row_and_every_row_a_leaf(baseline: dict[str, object]) -> None:
    assert baseline.keys() - rows().keys() == set(), "leaves without a row: run python -m experiments.prepare"
    assert rows().keys() - baseline.keys() == set(), "rows without a leaf: run python -m experiments.prepare"


def test_no_leaf_has_two_rows() -> None:
    with (DATA / "provenance.csv").open(encoding="utf-8", newline="") as file:
        repeated = [path for path, count in Counter(row["path"] for row in csv.DictReader(file)).items() if count > 1]
    assert repeated == []


def test_rows_hold_the_values_that_are_used(baseline: dict[str, object]) -> None:
    wrong = {path: row.value for path, row in rows().items() if row.value != as_text(baseline[path])}
    assert wrong == {}


def test_rows_hold_the_units_of_the_schema() -> None:
    for path, row in rows().items():
        field = find(root_of(Parameters), path.split("."))
        assert field is not None, path
        assert row.unit == field.unit, path


def test_every_default_lies_in_the_range_of_the_schema() -> None:
    Parameters.from_mapping(evidence.baseline())


@pytest.mark.parametrize("field", ["grade", "source"])
def test_rows_name_known_grades_and_sources(field: str) -> None:
    known = {"grade": GRADES.keys(), "source": {ASSUMPTION, *sources()}}[field]
    named = {path: {row.grade} if field == "grade" else set(row.sources) for path, row in rows().items()}
    assert {path: names - known for path, names in named.items() if names - known} == {}


def test_what_has_no_source_is_an_assumption_with_a_reason() -> None:
    for path, row in rows().items():
        if row.source == ASSUMPTION:
            assert row.grade == ASSUMPTION, path
        if row.grade == ASSUMPTION:
            assert row.note, f"{path} is an assumption without a reason"


def test_rows_rest_on_no_outcome_after_2024() -> None:
    late = {path: row.observed_to for path, row in rows().items() if row.observed_to}
    assert late, "no row rests on outcomes"
    assert {path for path, quarter in late.items() if quarter_number(quarter) > LAST} == set()


@pytest.mark.parametrize("name", OUTCOMES)
def test_observed_outcomes_end_in_2024(name: str) -> None:
    periods = {row["period"] for row in observations(name)}
    assert {period for period in periods if _starts(period) > LAST} == set()


def _starts(period: str) -> int:
    """Return the first quarter of a period; a fiscal year starts in the calendar year before its name."""
    year = int(re.findall(r"\d{4}", period)[0]) - period.startswith("FY")
    quarter = re.search(r"Q([1-4])", period)
    month = re.match(r"\d{4}-(\d{2})", period)
    return year * 4 + (int(quarter[1]) - 1 if quarter else (int(month[1]) - 1) // 3 if month else 0)


def test_general_cloud_rests_on_no_later_outcome() -> None:
    for provider in assumptions()["providers"].values():
        cloud = provider["cloud"]
        used = (
            [] if cloud is None else [*market_rows(cloud["geography"]), *share_rows(cloud["geography"], cloud["row"])]
        )
        for row in used:
            named = [row["period"], *re.findall(r"20\d\dQ[1-4]", row["note"])]
            assert max(map(quarter_number, named)) <= LAST, row


def test_sources_of_observations_resolve() -> None:
    for file in sorted((DATA / "observations").glob("*.csv")):
        for row in observations(file.stem) if file.stem != "sources" else []:
            for key in row["source"].split("; "):
                named = key.partition(" (")[0]
                assert named in sources() or (named, row["confidence"]) == ("derived", "derived"), (file.name, row)


def test_source_keys_are_distinct_and_literature_is_used() -> None:
    keys = [row["key"] for row in [*observations("sources"), *_literature()]]
    assert [key for key, count in Counter(keys).items() if count > 1] == []
    assert {row["grade"] for row in _literature()} <= GRADES.keys()
    used = {key for row in rows().values() for key in row.sources}
    assert {row["key"] for row in _literature()} - used == set()


def _literature() -> list[dict[str, str]]:
    with (DATA / "literature.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_derived_files_are_what_prepare_writes(capsys: pytest.CaptureFixture[str]) -> None:
    code = prepare.main(["--check"])
    assert code == 0, capsys.readouterr().out


def test_a_changed_derived_file_is_a_difference(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    write({file: "a: 1\n"})
    assert differences({file: "a: 1\n"}) == []
    assert differences({file: "a: 2\n"})[-2:] == ["-a: 1", "+a: 2"]
    assert differences({tmp_path / "absent.yaml": "a: 1\n"})[-1] == "+a: 1"


def test_prepare_names_leaves_without_evidence_and_evidence_without_a_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"a.*": evidence.Evidence(note="any"), "a.y": evidence.Evidence(note="exception"), "c": evidence.Evidence()}
    monkeypatch.setattr(evidence, "_given", lambda _: given)
    monkeypatch.setattr(evidence, "derived", lambda _: {})
    with pytest.raises(BadInput) as error:
        evidence.table({"a": {"x": 1, "y": 2}, "b": 3}, {})
    assert [line.partition(":")[0] for line in error.value.lines] == ["b", "c"]


def test_the_last_matching_entry_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"a.*": evidence.Evidence(note="any"), "a.y|z": evidence.Evidence(note="exception")}
    monkeypatch.setattr(evidence, "_given", lambda _: given)
    monkeypatch.setattr(evidence, "derived", lambda _: {"a.w": evidence.Evidence(note="from a row")})
    made = evidence.table({"a": {"w": 0, "x": 1, "y": {"2022Q1": 2.0}}}, {})
    assert {row.path: (row.value, row.note) for row in made} == {
        "a.w": ("0", "from a row"), "a.x": ("1", "any"), "a.y": ('{"2022Q1": 2.0}', "exception"),
    }  # fmt: skip


def test_a_grade_is_no_better_than_what_the_value_rests_on() -> None:
    stated = {"block": {"grade": "C", "reason": "because"}}
    entry: dict[str, Any] = {"source": "somewhere", "grade": "A", "note": "read", "rests_on": ["block"]}
    found = evidence._evidence(entry, stated)
    assert (found.grade, found.note, found.source) == ("C", "read; because", ("somewhere",))


def test_a_value_that_moves_under_a_source_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    header = "path,value,source,observed_to\n"
    table = tmp_path / "provenance.csv"
    table.write_text(f"{header}a,1,book,\nb,1,{ASSUMPTION},\nd,1,book,2024Q4\n", encoding="utf-8")
    monkeypatch.setattr(prepare, "TABLE", table)
    said = prepare.moved({table: f"{header}a,2,book,\nb,2,{ASSUMPTION},\nc,3,book,\nd,2,book,2024Q4\n"})
    assert said == ["a: 1 -> 2; does it still follow from book?"]


def test_numbers_have_units_and_leaves_have_descriptions() -> None:
    found = dict(root_of(Parameters).leaves())
    assert len(found) > 100
    assert [path for path, field in found.items() if field.is_number and not field.unit] == []
    assert [path for path, field in found.items() if not field.description] == []


def test_a_series_is_one_leaf() -> None:
    assert re.match(QUARTER_PATTERN, "2022Q1")
    values = {"a": {"2022Q1": 1.0}, "b": [1], "c": {}, "d": {"e": None}}
    assert dict(leaves(values)) == {"a": {"2022Q1": 1.0}, "b": [1], "c": {}, "d.e": None}
