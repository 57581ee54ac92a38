"""A study on a real dask scheduler with two workers, one of which is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from experiments import stored
from experiments.analysis import load
from experiments.faults import BadInput
from experiments.study import execute, planned
from tests.end_to_end.test_study import ROOT, SMALL, tables_of

_PATIENCE = 300.0
WORDS = (*SMALL, "study.seeds=12", "executor.batch=1")


@dataclass(frozen=True)
class Cluster:
    """Processes on loopback."""

    address: str
    workers: list["subprocess.Popen[bytes]"]


def _start(folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "false"}
    quiet: Any = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-m", *words], cwd=folder, env=environ, stdout=quiet, stderr=quiet)


def _until(ready: Any) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    file = tmp_path / "scheduler.json"
    here = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
    name = ("--scheduler-file", str(file))
    scheduler = _start(tmp_path, "distributed.cli.dask_scheduler", *here, "--port", "0", *name)
    started = [scheduler]
    try:
        _until(file.exists)
        alone = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        workers = [_start(tmp_path, "distributed.cli.dask_worker", *name, *alone) for _ in range(2)]
        started += workers
        _until(lambda: len(_known(file)) == 2)
        yield Cluster(json.loads(file.read_text())["address"], workers)
    finally:
        for process in started:
            process.kill()
            process.wait()


def _known(file: Path) -> dict[str, int]:
    from distributed import Client

    with Client(scheduler_file=str(file), set_as_default=False) as client:  # type: ignore[no-untyped-call]
        found: dict[str, int] = client.nthreads()
    return found


def test_a_worker_killed_amid_a_study_costs_nothing(cluster: Cluster, tmp_path: Path) -> None:
    words = ["study", *WORDS, "executor=dask", f"executor.address={cluster.address}", "output.figures=[concentration]"]
    command = [sys.executable, "-m", "experiments.cli", *words, "--out", str(tmp_path / "far")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=pipe, stderr=pipe, text=True)
    folder = tmp_path / "far" / "baseline"
    _until(lambda: len(stored.files_of(folder, "runs")) >= 3 or process.poll() is not None)
    cluster.workers[0].send_signal(signal.SIGKILL)
    _, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0, err
    assert "for 10 more on 2 workers" in err
    near = execute(planned([*WORDS, "executor.workers=1", f"output.root={tmp_path / 'near'}"]), [])
    here, there = tables_of(near), tables_of(folder)
    assert here.keys() == there.keys()
    assert here["runs"].num_rows == 12
    assert all(here[name].equals(there[name]) for name in here)
    assert load(folder).manifest["failed"] == 0


def test_no_scheduler_is_one_plain_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.engine.cluster._PATIENCE", 0.5)
    asked = planned([*WORDS, "executor=dask", "executor.address=tcp://127.0.0.1:9", f"output.root={tmp_path}"])
    with pytest.raises(BadInput, match=r"executor.address = tcp://127.0.0.1:9: no dask scheduler answers there"):
        execute(asked, [])
