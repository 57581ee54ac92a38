"""The limit cases that ``compute-market verify`` prints, and the command itself."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments import verification
from experiments.verification import CASES, Case, Finding, examined
from experiments.verification.case import Pair
from experiments.verify import HEAD
from tests.conftest import Command


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_a_case_of_theory_holds(case: Case) -> None:
    found = examined(case)
    assert not found.error
    assert found.residual <= case.tolerance, f"expected {found.expected}, obtained {found.obtained}"


def test_every_case_of_the_list_without_policy_is_there_once() -> None:
    numbers = [case.number for case in CASES]
    assert len(set(numbers)) == len(numbers)
    assert {case.group for case in CASES} >= {f"V{n}" for n in (*range(1, 17), *range(22, 32))}
    assert all(case.citation and case.title for case in CASES)


def test_the_last_table_in_the_documents_is_of_these_cases() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "validation.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if re.match(r"\| [VL]\d", line)]
    assert [(row[0], row[6]) for row in rows] == [(case.number, case.title.replace("|", "/")) for case in CASES]
    assert all(row[1] == "holds" for row in rows)
    assert f"prints {len(CASES)} limit cases" in text


def made(number: str, compute: Callable[[], Pair]) -> Case:
    return Case(number, "a statement", "a source", 1e-3, compute)


def found(expected: Pair) -> Finding:
    return examined(made("V1", lambda: expected))


def test_a_case_holds_only_within_its_tolerance() -> None:
    assert found((1.0, 1.0009)).holds
    assert not found((1.0, 1.0011)).holds
    assert found(([1000.0, 0.0], [1000.9, 0.0])).holds, "large numbers are compared by ratio"
    assert not found(([1000.0, 0.0], [1000.0, 0.0011])).holds


def _raises() -> Pair:
    raise ArithmeticError("not solved")


def test_a_case_without_numbers_does_not_hold() -> None:
    assert not found((1.0, float("nan"))).holds
    assert not found((float("inf"), float("inf"))).holds
    assert not found(([1.0, 1.0], [1.0])).holds
    assert not found(([], [])).holds
    broken = examined(made("V1", _raises))
    assert not broken.holds
    assert broken.error == "ArithmeticError: not solved"


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put three cases, of which one holds, in the place of all."""
    cases = (made("V1", lambda: (2.0, 2.0)), made("V2a", lambda: ([1.0, 1.0], [1.0, 3.0])), made("V2b", _raises))
    monkeypatch.setattr(verification, "CASES", cases)


@pytest.mark.usefixtures("three")
def test_the_command_ends_with_3_where_a_case_does_not_hold(command: Command) -> None:
    outcome = command("verify")
    assert outcome.code == 3
    assert outcome.out.splitlines()[-1] == "1 of 3 cases hold; not V2a, V2b"
    assert "ArithmeticError: not solved" in outcome.out
    assert command("verify", "V1").code == 0
    assert command("verify", "V2").out.splitlines()[-1] == "0 of 2 cases hold; not V2a, V2b"


@pytest.mark.usefixtures("three")
def test_the_table_is_written_as_asked(command: Command) -> None:
    assert command("verify", "V1", "V2a", "--out", "table.csv").made == {"table.csv"}
    with Path("table.csv").open(encoding="utf-8", newline="") as file:
        head, first, second = csv.reader(file)
    assert tuple(head) == HEAD
    assert first == ["V1", "holds", "0.0e+00", "1.0e-03", "2", "2", "a statement", "a source"]
    assert second[:6] == ["V2a", "FAILS", "2.0e+00", "1.0e-03", "1 1", "1 3"]
    assert command("verify", "V1", "--out", "table.md").out.splitlines()[-1] == "table.md"
    again = command("verify", "V1", "--out", "table.md")
    assert again.out.splitlines()[-1] == "table.md takes the place of an earlier table"
    lines = Path("table.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"| {' | '.join(HEAD)} |"
    assert lines[2] == "| V1 | holds | 0.0e+00 | 1.0e-03 | 2 | 2 | a statement | a source |"
    assert lines[-1] == "All 1 cases hold."


def test_words_that_mean_nothing_are_refused_before_anything_is_computed(command: Command) -> None:
    assert command("verify", "V99").lines[0].startswith("V99: no such case")
    assert command("verify", "--out", "table.txt").lines == ["--out table.txt: a table is written as .md or .csv"]
    assert command("verify", "--out", "nowhere/table.md").lines == [
        "--out nowhere/table.md: there is no folder nowhere"
    ]
    assert command("verify", "V99").code == 2
