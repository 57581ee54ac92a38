"""The reference pages: made from the declarations, current, and with levers that a run accepts."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from experiments import reference
from experiments.preflight.fields import root_of
from experiments.preparation import evidence
from experiments.provenance import Row, rows
from sim.parameters import Parameters
from sim.tables import TABLES


def test_pages_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    code = reference.main(["--check"])
    assert code == 0, capsys.readouterr().out


def test_a_page_that_is_not_current_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = next(path for path in reference.pages() if path.name == "outputs.md")
    monkeypatch.setattr(reference, "pages", lambda: {page: "# Other\n"})
    assert reference.main(["--check"]) == 1
    assert "+# Other" in capsys.readouterr().out


def test_every_column_is_described() -> None:
    text = reference.outputs()
    for table in TABLES.values():
        for column in table.columns:
            assert f"| `{column.name}` | {column.type} | {column.unit} |" in text
            assert column.definition, f"{table.name}.{column.name} has no definition"


def test_every_parameter_has_a_line_with_a_default_and_a_grade() -> None:
    text = reference.parameters()
    lines = {
        line.split(" | ")[0].removeprefix("| ").strip("`"): line for line in text.splitlines() if line[:3] == "| `"
    }
    for name in Parameters.model_fields:
        field = root_of(Parameters).child(name)
        assert field is not None
        for key, _ in reference.described(name, field):
            cells = lines[key].split(" | ")
            assert cells[4], f"{key} has no default"
            assert cells[5].removesuffix(" |"), f"{key} has no grade"


@pytest.mark.parametrize("lever", reference.levers(), ids=lambda lever: str(lever["key"]))
def test_levers_are_values_that_a_run_accepts(lever: Mapping[str, Any]) -> None:
    assert lever["key"] in rows(), "no such leaf in the baseline"
    assert len(lever["values"]) > 1
    for value in lever["values"]:
        Parameters.from_mapping(_with(evidence.baseline(), lever["key"].split("."), value))


def _with(config: dict[str, Any], path: list[str], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    node = changed
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["0.1"], "0.1"),
        (["1", "2", "null"], "1, 2, null"),
        (["1", "2", "3", "4", "5000", "null"], "1 to 5,000, null"),
        (['{"2022Q1": 1.0, "2024Q4": 2500.0}'], "1 (2022Q1) to 2,500 (2024Q4)"),
        ([f'{{"2022Q1": {n}}}' for n in range(1, 7)], "1 to 6"),
        (["a", "b", "c", "d", "e"], "5 values"),
    ],
)
def test_defaults_are_shown_in_short(values: list[str], shown: str) -> None:
    assert reference.default_of([Row("path", value, "", "", "", "", "") for value in values]) == shown
