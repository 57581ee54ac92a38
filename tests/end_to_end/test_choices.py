"""A report on two runs repeats them to tell apart what moved first choices; where it cannot, that is one reason."""

import json
from pathlib import Path

import pytest

from experiments.analysis import load
from experiments.analysis.cases import cases
from experiments.analysis.comparison import comparisons
from experiments.analysis.first_choices import FILE, read
from experiments.cli import main
from experiments.stored import MANIFEST

SMALL = ("customers.enterprises=60", "market.end=2025Q2", "seed=3")


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    root = tmp_path_factory.mktemp("choices")
    for policy in ("none", "history"):
        assert main(["run", *SMALL, f"policy={policy}", f"output.root={root / policy}"]) == 0
    folders = [next((root / policy).iterdir()) for policy in ("none", "history")]
    target = root / "comparison"
    assert main(["report", *map(str, folders), "--out", str(target)]) == 0
    return folders, target


def test_reasons_with_steps_add_up_to_the_change_of_shares(compared: tuple[list[Path], Path]) -> None:
    folders, target = compared
    (found,) = comparisons(cases([load(folder) for folder in folders]), read(target))
    assert found.steps is not None
    for basis in ("compute", "revenue"):
        parts, levels = found.parts(basis, "world"), found.levels(basis, "world")
        assert not parts["first_choice"].any()
        assert parts["customers"].any()
        missed = parts.sum(axis=1).sub(levels["after"] - levels["before"], fill_value=0.0)
        assert missed.abs().max() <= 1e-9


def test_the_page_says_the_steps(compared: tuple[list[Path], Path]) -> None:
    page = (compared[1] / "report.html").read_text(encoding="utf-8")
    assert "who is free to choose" in page


def test_a_second_report_repeats_nothing(
    compared: tuple[list[Path], Path], capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    folders, target = compared
    before = (target / FILE).stat().st_mtime_ns
    assert main(["report", *map(str, folders), "--out", str(target)]) == 0
    assert (target / FILE).stat().st_mtime_ns == before
    assert "first choices" not in capsys.readouterr().err


def test_runs_of_another_model_are_not_repeated(compared: tuple[list[Path], Path], tmp_path: Path) -> None:
    folders, _ = compared
    manifest = folders[0] / MANIFEST
    text = manifest.read_text(encoding="utf-8")
    other = json.loads(text)
    other["config"]["customers"]["waiting_share"] = 0.123
    try:
        manifest.write_text(json.dumps(other), encoding="utf-8")
        assert main(["report", *map(str, folders), "--out", str(tmp_path)]) == 0
        assert read(tmp_path) is None
        assert "first choices" in (tmp_path / "report.html").read_text(encoding="utf-8")
    finally:
        manifest.write_text(text, encoding="utf-8")
