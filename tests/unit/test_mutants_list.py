"""The list of mutants is up to date: what each replaces is there once, and the test that catches it exists."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.mutation import REPOSITORY, Mutant, mutants

LEAST = 40
ROOMS = {"economics", "strategies", "phases", "randomness", "ledger", "tabulate", "population"}


def test_there_are_mutants_of_every_room_and_each_has_a_name_of_its_own() -> None:
    listed = mutants()
    assert len(listed) >= LEAST
    assert {x.room for x in listed} >= ROOMS
    assert [name for name, count in Counter(x.name for x in listed).items() if count > 1] == []


@pytest.mark.parametrize("mutant", mutants(), ids=lambda x: x.name)
def test_what_a_mutant_replaces_is_there_once(mutant: Mutant) -> None:
    assert mutant.source.count(mutant.old) == 1
    assert mutant.new != mutant.old
    ast.parse(mutant.source.replace(mutant.old, mutant.new))


def _tests_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("mutant", mutants(), ids=lambda x: x.name)
def test_the_test_that_catches_a_mutant_exists(mutant: Mutant) -> None:
    file, _, name = mutant.caught_by.partition("::")
    assert name.partition("[")[0] in _tests_in(REPOSITORY / "tests" / file)
