"""The command line as its users meet it: what it prints, leaves on disk and returns."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from experiments.faults import BAD_INPUT, FAILED_RUNS, INTERRUPTED, OK
from tests.conftest import SMALL, Command

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "experiments.cli"]


def environ(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)} | more


def results(folder: Path) -> list[str]:
    """Return the folders that hold a complete result."""
    return sorted(path.parent.name for path in folder.glob("outputs/*/manifest.json"))


def test_a_run_prints_its_report_last_and_stores_every_table(command: Command, tmp_path: Path) -> None:
    outcome = command("run", *SMALL, "output.tables=[market,providers]")
    assert outcome.code == OK, outcome.err
    report = Path(outcome.out.splitlines()[-1])
    assert report.is_file()
    assert (report.parts[0], report.name) == ("outputs", "report.html")
    assert report.parent.name.startswith("baseline-")
    names = {path.name for path in (tmp_path / report.parent).iterdir()}
    tables = ("runs", "timings", "market", "providers")
    assert names == {"manifest.json", "report.html", *(f"{name}.parquet" for name in tables)}
    manifest = json.loads((tmp_path / report.parent / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["complete"] is True
    assert manifest["command"] == ["compute-market", "run", *SMALL, "output.tables=[market,providers]"]
    again = command("run", *SMALL, "output.tables=[market,providers]")
    assert (again.code, again.made) == (OK, frozenset())
    assert "this very run is stored already" in again.err
    assert again.out.splitlines()[-1] == str(report)


def test_a_multirun_makes_a_folder_for_each_variant_and_one_report(command: Command, tmp_path: Path) -> None:
    outcome = command("run", "-m", *SMALL, "seed=1,2", "--out", "elsewhere")
    assert outcome.code == OK, outcome.err
    folders = sorted(path.name for path in (tmp_path / "elsewhere").iterdir())
    assert [name.split("-")[0] for name in folders] == ["baseline", "baseline", "multirun"]
    assert outcome.out.splitlines()[-1] == f"elsewhere/{folders[2]}/report.html"
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere"}
    assert outcome.out.count("median of 2 seeds") == 1, "runs that differ in the seed only are one case"
    assert "one path" not in outcome.out


@pytest.mark.parametrize("inside", [True, False])
def test_the_path_of_the_report_is_as_the_current_folder_sees_it(
    command: Command, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, *, inside: bool
) -> None:
    root = tmp_path / "below" if inside else tmp_path_factory.mktemp("elsewhere")
    outcome = command("run", *SMALL, "--out", str(root))
    report = Path(outcome.out.splitlines()[-1])
    assert report.is_file()
    assert report.is_absolute() is not inside
    assert command("report", str(report.parent)).out.splitlines()[-1] == str(report)


def test_a_failed_run_is_a_row_and_the_code_is_3(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.model import ComputeMarket

    def fail(model: ComputeMarket) -> None:
        model.stage = "pricing"
        msg = "no price clears the market"
        raise ValueError(msg)

    monkeypatch.setattr(ComputeMarket, "step", fail)
    outcome = command("run", *SMALL, "seed=77")
    assert outcome.code == FAILED_RUNS
    (line,) = [line for line in outcome.lines if "failed" in line]
    assert "failed in pricing: ValueError: no price clears the market" in line
    assert "Traceback" not in outcome.err
    folder = next(name for name in outcome.made if name.count("/") == 1)
    (row,) = store_rows(Path(folder))
    assert (row["status"], row["stage"], row["seed"]) == ("failed", "pricing", 77)


def store_rows(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "runs.parquet").to_pylist()
    return rows


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full; free some space and give the same command again"),
        (errno.EACCES, "cannot be written"),
        (errno.EROFS, "cannot be written"),
    ],
)
def test_a_disk_that_refuses_is_said_plainly(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, said: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("pyarrow.parquet.write_table", refuse)
    outcome = command("run", *SMALL, "seed=5")
    assert outcome.code == BAD_INPUT
    assert any(said in line for line in outcome.lines), outcome.lines
    assert "Traceback" not in outcome.err
    assert results(tmp_path) == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_disk_that_fills_up_half_way_keeps_no_table_of_the_run(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written, count = pq.write_table, iter(range(100))

    def fill(table: object, path: object, **more: object) -> None:
        if next(count) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written(table, path, **more)

    monkeypatch.setattr("pyarrow.parquet.write_table", fill)
    outcome = command("run", *SMALL, "seed=9")
    assert outcome.code == BAD_INPUT
    assert not [path for path in tmp_path.rglob("*") if path.is_file() or path.name.startswith("baseline-")]
    assert next(count) == 4, "three tables had been written"


def test_a_full_device_is_a_full_disk(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        monkeypatch.setattr("pyarrow.parquet.write_table", _full)
    else:
        written = pq.write_table
        monkeypatch.setattr("pyarrow.parquet.write_table", lambda table, _, **more: written(table, "/dev/full", **more))
    outcome = command("run", *SMALL, "seed=6")
    assert outcome.code == BAD_INPUT
    assert any("the disk is full" in line for line in outcome.lines), outcome.lines
    assert results(tmp_path) == []


def _full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_root_that_cannot_be_written_is_refused_first(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    outcome = command("study", "study=baseline", "--out", "file/below")
    assert (outcome.code, outcome.made, outcome.out) == (BAD_INPUT, frozenset(), "")
    assert "results cannot be written here" in outcome.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_leaves_nothing_half_done(number: signal.Signals, tmp_path: Path) -> None:
    words = ["run", "customers.enterprises=20000", "market.end=2060Q4"]
    process = subprocess.Popen(
        [*PROGRAM, *words], cwd=tmp_path, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    first = process.stderr.readline()  # the first quarters are done
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, (first, err)
    assert "interrupted" in err
    assert "Traceback" not in err
    assert out == ""
    assert results(tmp_path) == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_reader_who_leaves_early_is_no_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*PROGRAM, "run", "--cfg", "job"],
        cwd=tmp_path,
        env=environ(),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (OK, b"")


def test_a_run_whose_words_nobody_reads_is_stored_with_its_report(tmp_path: Path) -> None:
    """As under ``2>&1 | head -1``: progress and summary go nowhere, the run and its page are made."""
    reader, writer = os.pipe()
    os.close(reader)
    words = [*PROGRAM, "run", "market.end=2022Q4", "customers.enterprises=20"]
    done = subprocess.run(words, cwd=tmp_path, env=environ(), stdout=writer, stderr=writer, check=False)
    os.close(writer)
    assert done.returncode == OK
    (folder,) = (tmp_path / "outputs").iterdir()
    assert (folder / "report.html").is_file()
    assert [row["status"] for row in store_rows(folder)] == ["ok"]


def test_the_command_starts_without_the_model(tmp_path: Path) -> None:
    """Help and completion of commands must not wait for numba, pandas or Hydra."""
    text = "import json, sys, experiments.cli as c; c.main(['--help']); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, env=environ(), capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert loaded & {"numba", "numpy", "pandas", "pyarrow", "hydra", "mesa", "matplotlib", "pydantic", "sim"} == set()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("compute-market ", "run study report verify explain"),
        ("compute-market ru", "run"),
        ("compute-market run scenario=bas", "scenario=baseline"),
        ("compute-market run -m scenario=as", "scenario=asymmetric_efficiency"),
        ("compute-market study market.st", "market.stacks. market.start="),
        ("compute-market report out", ""),
    ],
)
def test_the_shell_completes(command: Command, monkeypatch: pytest.MonkeyPatch, line: str, offered: str) -> None:
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    outcome = command("-sc", "query=bash")
    assert (outcome.code, outcome.made) == (OK, frozenset())
    assert outcome.out.split() == offered.split()


def test_completion_can_be_installed(command: Command) -> None:
    outcome = command("-sc", "install=bash")
    assert (outcome.code, outcome.made) == (OK, frozenset())
    assert "complete -o nospace" in outcome.out
    assert "compute-market" in outcome.out


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[: len(text) // 2], "may be cut off"),
        (lambda text: text.replace(",66884,", ","), "line 3: has another number of columns than the first line"),
        (lambda text: text.replace(",66884,", ",6x884,"), "line 3: value = '6x884' is not a number"),
        (lambda text: text.replace("Nvidia", "\udcff"), "cannot be read"),
        (lambda _: None, "cannot be read"),
    ],
    ids=["truncated", "a column lost", "not a number", "not text", "missing"],
)
def test_preparation_says_which_observations_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    spoil: Callable[[str], str | None],
    said: str,
) -> None:
    from experiments import prepare
    from experiments.preparation import sources

    data = tmp_path / "data"
    shutil.copytree(sources.DATA, data)
    path = data / "observations" / "chip_shipments.csv"
    spoilt = spoil(path.read_text(encoding="utf-8"))
    path.unlink()
    if spoilt is not None:
        path.write_text(spoilt, encoding="utf-8", errors="surrogateescape")
    monkeypatch.setattr(sources, "DATA", data)
    sources.observations.cache_clear()
    code = prepare.main(["--check"])
    sources.observations.cache_clear()
    out = capfd.readouterr().out
    assert code == BAD_INPUT
    assert any(line.startswith(str(path)) and said in line for line in out.splitlines()), out
