"""What is said before a study: whether kernels are compiled first, and what the runs will cost."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments.engine import compiling
from experiments.engine.cost import Cost, probe
from experiments.engine.keys import Batch
from experiments.engine.progress import Progress
from experiments.study import _SECONDS_TO_START, _estimate
from experiments.study_plan import planned
from sim.tables import MODEL_TABLES


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


@pytest.mark.parametrize(("compiles", "loading"), [(True, 0.0), (False, 290.0)])
def test_a_run_that_loads_or_compiles_is_not_the_one_that_is_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, compiles: bool, loading: float
) -> None:
    now, takes = [0.0], iter([292.0, 2.0])

    def run(batch: Batch, folder: Path, key: str) -> list[str]:
        now[0] += next(takes)
        return [key]

    monkeypatch.setattr("experiments.engine.cost.time.perf_counter", lambda: now[0])
    monkeypatch.setattr("experiments.engine.cost.run_batch", run)
    monkeypatch.setattr(compiling, "pending", lambda: compiles)
    cost, records = probe([Batch((), {}), Batch((), {})], tmp_path)
    assert (cost.seconds, cost.loading, len(records)) == (2.0, loading, 2)


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


def test_runs_made_before_a_line_began_are_counted_but_not_timed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("experiments.engine.progress.time.monotonic", lambda: now[0])
    with Progress(8, "runs", "baseline", before=2) as progress:
        progress.advance(0)
        now[0] += 10.0
        progress.advance(2)
    assert capfd.readouterr().err == "baseline: 4 of 8 runs, 10 s at 0.2 runs/s, about 20 s to go\n"
