"""Measurements of studies: what they take beyond the model, memory, workers, and the same design by other launchers."""

import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import mesa
import pytest

from experiments import compose
from sim import ComputeMarket, Parameters
from tests.benchmarks.test_speed import ENVIRON, Line, baseline, line, run

pytestmark = pytest.mark.benchmark

__all__ = ["line"]

FEW, MANY = 40, 160
"""Runs of two studies: what the second takes more is free of starting and loading kernels."""

STUDY = """
import resource, sys, time
import numpy as np, pyarrow.parquet as pq
from experiments.study import execute, planned

if __name__ == "__main__":
    words = ["study=baseline", "output=small", *sys.argv[1:], "executor.batch=20"]
    made = planned(words, [])
    start = time.perf_counter()
    folder = execute(made, [])
    wall = time.perf_counter() - start
    files = (folder / "timings").glob("*.parquet")
    inside = sum(pq.read_table(file)["wall_seconds"].to_numpy().sum() for file in files)
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(wall, inside, *peaks)
"""


class Measured(NamedTuple):
    """A study: seconds of wall, seconds within workers' runs and their tables, and peaks of memory, MiB."""

    wall: float
    inside: float
    parent: float
    worker: float


def study(folder: Path, seeds: int, workers: int) -> Measured:
    """Run the baseline for some seeds in a process of its own, without the report."""
    file = folder / "study.py"
    file.write_text(STUDY, encoding="utf-8")
    words = [f"study.seeds={seeds}", f"executor.workers={workers}", f"output.root={folder / f'{seeds}-{workers}'}"]
    done = subprocess.run(
        [sys.executable, str(file), *words], env=ENVIRON, cwd=folder, capture_output=True, text=True, check=True
    )
    return Measured(*map(float, done.stdout.split()[-4:]))


def test_studies_beside_the_model_and_each_other(line: Line, tmp_path: Path) -> None:
    """Wall time, as workers share the machine: what a further run takes, alone and with two workers."""
    parameters = baseline()
    run(parameters)
    start = time.perf_counter()
    for _ in range(20):
        run(parameters)
    alone = (time.perf_counter() - start) / 20
    one, two = ((study(tmp_path, FEW, workers), study(tmp_path, MANY, workers)) for workers in (1, 2))
    each = [(many.wall - few.wall) / (MANY - FEW) for few, many in (one, two)]
    inside = (one[1].inside - one[0].inside) / (MANY - FEW)
    line("a further run of a study with one worker, over the model alone", f"{each[0] / alone:.2f}")
    line("of it outside of runs and their tables", f"{1.0 - inside / each[0]:.1%}")
    line("speed-up from one to two workers", f"{each[0] / each[1]:.2f}")
    line("runs a second with two workers", f"{1.0 / each[1]:.1f}")
    line(
        f"peak memory with {FEW} and {MANY} runs, two workers, batches of 20",
        f"parent {two[0].parent:.0f} and {two[1].parent:.0f} MiB, "
        f"worker {two[0].worker:.0f} and {two[1].worker:.0f} MiB",
    )
    assert two[1].inside > two[0].inside > 0.0


class Collected(ComputeMarket):
    """The market as Mesa's batch runner wants it: it says when it is over, and collects something."""

    def __init__(self, parameters: Parameters, seed: int = 1) -> None:
        super().__init__(parameters, seed)
        self.datacollector = mesa.DataCollector({"energised_mw": lambda m: float(m.world.state.energised_mw.sum())})

    def step(self) -> None:
        """Simulate one quarter and collect."""
        super().step()
        self.datacollector.collect(self)
        self.running = not self.finished


def test_the_same_design_by_other_launchers(line: Line, tmp_path: Path) -> None:
    """Eight seeds of the baseline with one worker, start and report included where the launcher has them."""
    seeds = range(1, 9)
    words = {
        "compute-market study": ["study", "study=baseline", "study.seeds=8", "executor.workers=1"],
        "compute-market run -m (Hydra)": ["run", "-m", f"seed={','.join(map(str, seeds))}", "executor.workers=1"],
    }
    for name, command in words.items():
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "experiments.cli", *command, "--out", str(tmp_path / command[0])],
            env=ENVIRON, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        line(f"eight runs by {name}, to the report", f"{time.perf_counter() - start:.1f} s of wall")
    parameters = compose().parameters
    start = time.perf_counter()
    rows = mesa.batch_run(Collected, {"parameters": [parameters], "seed": list(seeds)}, display_progress=False)
    line(
        "eight runs by Mesa's batch runner, one number kept, no report", f"{time.perf_counter() - start:.1f} s of wall"
    )
    assert len(rows) == len(seeds)
    assert len({row["energised_mw"] for row in rows}) == len(seeds)
