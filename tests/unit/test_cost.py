"""What is said before a study: whether kernels are compiled first, and what the runs will cost."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments.engine import compiling
from experiments.engine.batch import Record
from experiments.engine.cost import Cost, beyond, probe
from experiments.engine.keys import Batch
from experiments.engine.progress import Progress
from experiments.study import _SECONDS_TO_START, _estimate
from experiments.study_plan import planned
from sim.tables import MODEL_TABLES


@pytest.mark.parametrize(
    ("laps", "extra"), [([], 0.0), ([2.0, 2.0, 2.0], 0.0), ([9.0, 1.0, 1.0, 2.0, 1.0], 6.0), ([1.0, 1.0, 4.0], 1.0)]
)
def test_quarters_that_load_kernels_are_told_from_the_others(laps: Sequence[float], extra: float) -> None:
    assert beyond(laps) == pytest.approx(extra)


def test_kernels_are_pending_until_one_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = SimpleNamespace(stats=SimpleNamespace(cache_path=str(tmp_path)))
    monkeypatch.setattr(compiling, "settle", kept)
    assert compiling.pending()
    (tmp_path / "kernel.nbi").touch()
    assert not compiling.pending()
    kept.stats.cache_path = ""
    assert compiling.pending(), "nothing is kept where no folder can be written"
    monkeypatch.setattr(compiling, "settle", lambda: None)
    assert not compiling.pending(), "kernels are switched off"


@pytest.mark.parametrize("compiles", [True, False])
def test_a_timed_run_counts_all_but_the_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, compiles: bool
) -> None:
    now = [0.0]

    def run(batch: Batch, folder: Path, key: str, tick: Callable[..., None]) -> list[Record]:
        for lap in (12.0, 1.0, 1.0, 2.0, 1.0):
            now[0] += lap
            tick()
        now[0] += 4.0  # tables are written
        return []

    monkeypatch.setattr("experiments.engine.cost.time.perf_counter", lambda: now[0])
    monkeypatch.setattr("experiments.engine.cost.run_batch", run)
    monkeypatch.setattr(compiling, "pending", lambda: compiles)
    cost, _ = probe(Batch((), {}), tmp_path)
    assert cost.seconds == pytest.approx(3.0 + 5.0 + 4.0)
    assert cost.loading == pytest.approx(0.0 if compiles else 9.0)


def test_the_estimate_has_the_start_of_workers_and_whole_rounds(tmp_path: Path) -> None:
    asked = planned(["study=baseline", f"output.root={tmp_path}"])
    asked.folder.mkdir(parents=True)
    cost = Cost(10.0, {"market": 100.0}, loading=5.0)
    assert _estimate(asked, cost, 5, 2).startswith(f"about {_SECONDS_TO_START + 5.0 + 3 * 10.0:.0f} s ")
    assert _estimate(asked, cost, 5, 1).startswith("about 50 s "), "this process has loaded them"


def test_the_estimate_of_much_data_says_how_to_store_less(tmp_path: Path) -> None:
    asked = planned(["study=baseline", f"output.root={tmp_path}"])
    asked.folder.mkdir(parents=True)
    said = {runs: _estimate(asked, Cost(0.1, {"providers": 5e5}), runs, 2) for runs in (10, 10_000)}
    assert "and 5 MB (most in table providers) for" in said[10]
    assert "and 5,000 MB (most in table providers; less with output=small) for" in said[10_000]
    fewer = planned(["study=baseline", "output=small", f"output.root={tmp_path}"]).tables
    assert set(fewer) < set(asked.tables) == set(MODEL_TABLES)
    assert not {"providers", "diverted"} & set(fewer)


def test_progress_says_that_kernels_are_compiled(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(1, "quarters", "baseline", compiling.NOTE):
        pass
    assert capfd.readouterr().err == f"baseline: {compiling.NOTE}\n"
    with Progress(1, "quarters", "baseline"):
        pass
    assert capfd.readouterr().err == ""


def test_a_study_of_very_many_seeds_says_its_size_before_its_runs_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned(["study=efficiency", "study.seeds=3"])
    assert "first" not in capsys.readouterr().err
    monkeypatch.setattr("experiments.study_plan._MANY_RUNS", 6)
    runs = len(planned(["study=efficiency", "study.seeds=3"]).jobs)
    said = capsys.readouterr().err
    assert f"x 3 seeds = {runs} runs; the identity of every run is worked out first" in said
