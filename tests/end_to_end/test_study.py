"""A study of the real model in real processes: its report, its equality with single runs, its interruption."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import experiments
from experiments import stored
from sim.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("customers.enterprises=50", "market.end=2023Q4")
WORDS = ("study", *SMALL, "study.seeds=16", "executor.workers=2", "executor.batch=1")
_PATIENCE = 300.0


def _start(folder: Path, *more: str) -> "subprocess.Popen[str]":
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "experiments.cli", *WORDS, *more, "--out", str(folder)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=pipe, stderr=pipe, text=True)


def _ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=_PATIENCE)
    return process.returncode, out, err


def tables_of(folder: Path) -> dict[str, Any]:
    """Return every table that is promised to be equal, sorted by its key."""
    names = [name for name in TABLES if name != "timings" and stored.files_of(folder, name)]
    keys = {name: [(key.name, "ascending") for key in TABLES[name].keys] for name in names}
    return {name: pq.read_table(folder / name).sort_by(keys[name]) for name in names}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    folder = tmp_path_factory.mktemp("finished")
    code, out, err = _ended(_start(folder))
    assert code == 0, err
    return folder / "baseline", out, err


def test_a_study_ends_with_summary_and_report(finished: tuple[Path, str, str]) -> None:
    folder, out, err = finished
    assert out.splitlines()[-1] == "baseline/report.html", "as seen from the current folder"
    assert all(f"by {basis}" in out for basis in ("revenue", "compute", "tokens"))
    assert "16 of 16 runs" in err
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<figure") == 10
    assert "://" not in page


def test_a_run_alone_equals_the_run_in_the_study(finished: tuple[Path, str, str], tmp_path: Path) -> None:
    together = tables_of(finished[0])
    chosen = ",".join(experiments.load(finished[0]).manifest["tables"])
    alone = experiments.run(*SMALL, "seed=7", f"output.root={tmp_path}", f"output.tables=[{chosen}]")
    (row,) = alone["runs"].arrow().to_pylist()
    for name in set(together) - {"runs"}:
        keys = [(key.name, "ascending") for key in TABLES[name].keys]
        mine = together[name].filter(pc.equal(together[name]["run_id"], row["run_id"]))
        assert mine.num_rows > 0 or alone[name].arrow().num_rows == 0
        assert mine.equals(alone[name].arrow().sort_by(keys)), name


def _until_stored(process: "subprocess.Popen[str]", folder: Path, parts: int = 1) -> None:
    deadline = time.monotonic() + _PATIENCE
    while len(stored.files_of(folder, "runs")) < parts:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _assert_equal(one: Path, other: Path) -> None:
    once, twice = tables_of(one), tables_of(other)
    assert once.keys() == twice.keys()
    assert all(once[name].equals(twice[name]) for name in once)


def test_an_interrupted_study_says_how_to_go_on_and_ends_with_the_same_values(
    finished: tuple[Path, str, str], tmp_path: Path
) -> None:
    process = _start(tmp_path, "output.figures=[concentration]")
    folder = tmp_path / "baseline"
    _until_stored(process, folder, 3)  # the first two are made before there are workers
    process.send_signal(signal.SIGINT)
    code, out, err = _ended(process)
    assert code == 130
    assert "runs are stored in" in err
    assert "give the same command again to go on" in err
    assert "Traceback" not in err
    assert not out
    assert stored.read(folder) is None
    assert 0 < len(stored.rows_of_runs(folder)) < 16
    code, _, err = _ended(_start(tmp_path, "output.figures=[concentration]"))
    assert code == 0, err
    assert "are stored already" in err
    _assert_equal(finished[0], folder)


def test_a_killed_study_leaves_no_writer_and_goes_on_to_the_same_values(
    finished: tuple[Path, str, str], tmp_path: Path
) -> None:
    process = _start(tmp_path, "output.figures=[concentration]")
    folder = tmp_path / "baseline"
    _until_stored(process, folder, 4)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    process.kill()
    process.communicate()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive, "no worker outlives its parent"
    assert len(gone) == len(workers)
    kept = len(stored.rows_of_runs(folder))
    assert stored.read(folder) is None
    (folder / "market" / "half.parquet.1.tmp").write_bytes(b"PAR1 half")
    whole = {file.name for file in stored.files_of(folder, "runs")}  # the last piece may lack what is written last
    broken = next(file for file in stored.files_of(folder, "market") if file.name in whole)
    broken.write_bytes(broken.read_bytes()[:-100])
    code, _, err = _ended(_start(tmp_path, "output.figures=[concentration]"))
    assert code == 0, err
    assert f"{broken.relative_to(tmp_path)}: unreadable" in err
    assert f"{kept - 1} are stored already" in err
    assert not list(folder.glob("*/*.tmp"))
    _assert_equal(finished[0], folder)


def test_a_killed_worker_costs_nothing_but_time(finished: tuple[Path, str, str], tmp_path: Path) -> None:
    process = _start(tmp_path, "output.figures=[concentration]")
    folder = tmp_path / "baseline"
    _until_stored(process, folder, 4)
    children = psutil.Process(process.pid).children()
    workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    workers[0].kill()
    code, _, err = _ended(process)
    assert code == 0, err
    assert not list(folder.glob("*/*.tmp"))
    _assert_equal(finished[0], folder)
