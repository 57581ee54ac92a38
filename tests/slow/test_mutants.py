"""Every deliberately broken version of the model is noticed by the test that is named for it."""

from pathlib import Path

import pytest

from tests.mutation import Mutant, broken, copy_of_repository, mutants, noticed, tested

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository in which every named test passes as long as nothing is broken."""
    folder = copy_of_repository(tmp_path_factory.mktemp("mutants"))
    for compiled in (False, True):
        nodes = sorted({f"tests/{x.caught_by}" for x in mutants() if x.compiled == compiled})
        run = tested(folder, nodes, compiled=compiled)
        assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
    return folder


@pytest.mark.parametrize("mutant", mutants(), ids=lambda x: x.name)
def test_a_mutant_is_noticed(copied: Path, mutant: Mutant) -> None:
    with broken(copied, mutant):
        run = tested(copied, [f"tests/{mutant.caught_by}"], compiled=mutant.compiled)
    assert noticed(run), run.stdout[-3000:] + run.stderr[-1000:]
