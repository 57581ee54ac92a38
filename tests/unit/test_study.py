"""The study engine around a made-up market: what is run, kept, repaired, refused."""

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import experiments
from experiments import stored
from experiments.analysis import load
from experiments.engine import continuity, ensemble, store
from experiments.engine.batch import run_batch
from experiments.engine.environment import environment
from experiments.engine.folder import check_holder, locked
from experiments.engine.keys import batches
from experiments.engine.pool import Killed
from experiments.faults import BadInput, Interrupted
from experiments.study import Manner, execute, main, planned
from experiments.study_plan import StudyPlan
from tests.synthetic import Market

SMALL = ("customers.enterprises=20", "market.end=2022Q4", "executor.workers=1", "executor.batch=2")
UNCERTAIN = "+study.uncertainties={market.on_premises.utilisation: {range: [0.3, 0.5]}}"


@cache
def _planned(*overrides: str) -> StudyPlan:
    return planned([*SMALL, *overrides])


@pytest.fixture
def plan_of(tmp_path: Path) -> Callable[..., StudyPlan]:
    """Return a function that plans a study below a fresh folder, composing each configuration once for all tests."""

    def made(*overrides: str, below: str = "outputs") -> StudyPlan:
        asked = _planned(*overrides)
        output = asked.base.settings.output.model_copy(update={"root": str(tmp_path / below)})
        settings = asked.base.settings.model_copy(update={"output": output})
        return replace(asked, base=replace(asked.base, settings=settings))

    return made


Plans = Callable[..., StudyPlan]


def contents(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table that is promised to be equal, sorted."""
    results = load(folder)
    return {
        name: sorted(results[name].arrow().to_pylist(), key=lambda row: json.dumps(row, sort_keys=True))
        for name in results
        if name != "timings"
    }


def run_ids(folder: Path) -> set[str]:
    return {row["run_id"] for row in stored.rows_of_runs(folder)}


def test_every_point_meets_every_seed(plan_of: Plans, market: type[Market]) -> None:
    asked = plan_of("study.seeds=3", "+study.levers={market.on_premises.utilisation: [0.3, 0.5]}")
    rows = stored.rows_of_runs(execute(asked, []))
    points = ['{"market.on_premises.utilisation": 0.3}', '{"market.on_premises.utilisation": 0.5}']
    assert sorted((row["levers"], row["seed"]) for row in rows) == [(p, s) for p in points for s in (1, 2, 3)]
    assert len(run_ids(asked.folder)) == 6


def test_a_point_run_alone_has_the_same_id_and_numbers(plan_of: Plans, market: type[Market], tmp_path: Path) -> None:
    folder = execute(plan_of("study.seeds=2", "+study.levers={market.on_premises.utilisation: [0.3, 0.5]}"), [])
    alone = experiments.run(*SMALL, f"output.root={tmp_path}", "market.on_premises.utilisation=0.5", "seed=2")
    (row,) = alone["runs"].arrow().to_pylist()
    assert row["run_id"] in run_ids(folder)
    together = load(folder)["market"].pandas(where={"run_id": row["run_id"]})
    assert together.equals(alone["market"].pandas())


def test_announces_what_it_will_do(plan_of: Plans, market: type[Market], capfd: pytest.CaptureFixture[str]) -> None:
    execute(plan_of("study.seeds=4"), [])
    said = capfd.readouterr().err
    assert "1 lever point x 4 seeds = 4 runs, 4 quarters each; about 0 s and less than 1 MB (most in table prov" in said
    assert "for 2 more on 1 worker, as a second run took" in said
    assert "4 of 4 runs" in said


def test_the_same_command_again_computes_nothing(
    plan_of: Plans, market: type[Market], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    execute(plan_of("study.seeds=2"), [])
    monkeypatch.setattr(market, "fails", lambda _: pytest.fail("a stored run was computed again"))
    execute(plan_of("study.seeds=2"), [])
    assert "all 2 runs are stored already" in capfd.readouterr().err


def test_a_lost_part_is_computed_again_to_the_same_values(plan_of: Plans, market: type[Market]) -> None:
    folder = execute(plan_of("study.seeds=5"), [])
    before = contents(folder)
    stored.files_of(folder, "market")[0].unlink()
    with pytest.raises(BadInput, match="missing"):
        load(folder)
    execute(plan_of("study.seeds=5"), [])
    assert contents(folder) == before


def test_a_truncated_part_is_named_and_repaired(
    plan_of: Plans, market: type[Market], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = execute(plan_of("study.seeds=5"), [])
    before = contents(folder)
    broken = stored.files_of(folder, "providers")[1]
    broken.write_bytes(broken.read_bytes()[:-200])
    with pytest.raises(BadInput, match="truncated or changed"):
        load(folder)
    capfd.readouterr()
    execute(plan_of("study.seeds=5"), [])
    said = capfd.readouterr().err
    assert f"{broken}: " in said
    assert "its runs are computed again" in said
    assert contents(folder) == before


def _turn_a_bit(path: Path) -> None:
    """Damage the last page of a Parquet file, whose size and footer stay as they were."""
    group = pq.read_metadata(path).row_group(0)
    last = group.column(group.num_columns - 1)
    raw = bytearray(path.read_bytes())
    raw[(last.dictionary_page_offset or last.data_page_offset) + last.total_compressed_size - 1] ^= 1
    path.write_bytes(raw)


def test_damaged_pages_are_named_and_never_read_as_other_numbers(plan_of: Plans, market: type[Market]) -> None:
    folder = execute(plan_of("study.seeds=5"), [])
    before = contents(folder)
    broken = stored.files_of(folder, "providers")[1]
    _turn_a_bit(broken)
    advice = "delete it; give this command again, .*: compute-market study"
    with pytest.raises(BadInput, match=rf"{broken.name}: damaged .*; {advice}"):
        load(folder)["providers"].arrow()
    broken.unlink()
    execute(plan_of("study.seeds=5"), [])
    assert contents(folder) == before


def test_a_flipped_bit_does_not_pass(tmp_path: Path) -> None:
    path, noise = tmp_path / "numbers.parquet", np.random.default_rng(1).random(5000)
    store.write(pa.table({"x": noise}), path)
    _turn_a_bit(path)
    with pytest.raises(BadInput, match="damaged"):
        stored.read_table(path)


def test_damaged_runs_are_computed_again(
    plan_of: Plans, market: type[Market], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = execute(plan_of("study.seeds=5"), [])
    before = contents(folder)
    broken = stored.files_of(folder, "runs")[0]
    _turn_a_bit(broken)
    (folder / stored.MANIFEST).unlink()
    capfd.readouterr()
    execute(plan_of("study.seeds=5"), [])
    assert f"{broken}: damaged; its runs are computed again" in capfd.readouterr().err
    assert contents(folder) == before


def test_other_batches_and_extension_give_the_same_values(plan_of: Plans, market: type[Market], tmp_path: Path) -> None:
    grown = execute(plan_of("study.seeds=2"), [])
    execute(plan_of("study.seeds=5", "executor.batch=1"), [])
    at_once = execute(plan_of("study.seeds=5", "executor.batch=4", below="other"), [])
    assert contents(grown) == contents(at_once)
    assert load(grown).manifest["seeds"] == [1, 2, 3, 4, 5]


def test_interruption_keeps_what_is_done(
    plan_of: Plans, market: type[Market], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stop(seed: int) -> None:
        if seed == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(market, "fails", stop)
    asked = plan_of("study.seeds=5")
    with pytest.raises(Interrupted, match=r"2 of 5 runs are stored in .*; give the same command again"):
        execute(asked, [])
    assert stored.read(asked.folder) is None
    monkeypatch.undo()
    monkeypatch.setattr("experiments.engine.batch.ComputeMarket", Market)
    execute(asked, [])
    whole = execute(plan_of("study.seeds=5", below="other"), [])
    assert contents(asked.folder) == contents(whole)


def test_a_failed_run_is_a_row_and_is_tried_again(
    plan_of: Plans, market: type[Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(seed: int) -> None:
        if seed == 2:
            raise ValueError("cards are not conserved")

    monkeypatch.setattr(market, "fails", fail)
    folder = execute(plan_of("study.seeds=3"), [])
    (row,) = [row for row in stored.rows_of_runs(folder) if row["status"] == "failed"]
    assert (row["seed"], row["stage"], row["error"]) == (2, "pricing", "ValueError: cards are not conserved")
    assert load(folder).manifest["failed"] == 1
    assert row["run_id"] not in set(load(folder)["market"].pandas()["run_id"])
    (failure,) = load(folder).manifest["failures"]
    assert failure["run_id"] == row["run_id"]
    monkeypatch.setattr(market, "fails", lambda _: None)
    execute(plan_of("study.seeds=3"), [])
    assert load(folder).manifest["failed"] == 1, "a failed run is not tried again unasked"
    execute(plan_of("study.seeds=3"), [], Manner(retry_failed=True))
    assert [row["status"] for row in stored.rows_of_runs(folder)] == ["ok"] * 3


def test_a_run_that_kills_its_worker_is_a_row(
    plan_of: Plans, market: type[Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool gives back a batch whose worker died; its runs are tried alone, and the killer is named."""

    def pool(tasks: Any, work: Any, workers: int) -> Any:
        for task in tasks:
            deadly = any(job.seed == 3 for job in task.jobs)
            yield Killed(task) if deadly else (task, work(task))

    monkeypatch.setattr(ensemble, "run_all", pool)
    folder = execute(plan_of("study.seeds=4", "executor.workers=2"), [])
    rows = {row["seed"]: (row["status"], row["stage"]) for row in stored.rows_of_runs(folder)}
    assert rows == {1: ("ok", None), 2: ("ok", None), 3: ("failed", "worker"), 4: ("ok", None)}


def test_another_configuration_is_refused_by_name(plan_of: Plans, market: type[Market]) -> None:
    folder = execute(plan_of("study.seeds=2"), [])
    before = contents(folder)
    other = plan_of("study.seeds=2", "market.on_premises.utilisation=0.5")
    with pytest.raises(BadInput, match=r"market.on_premises.utilisation = 0.4 there, 0.5 here"):
        execute(other, [])
    assert contents(folder) == before
    execute(other, [], Manner(replace=True))
    assert run_ids(folder).isdisjoint(row["run_id"] for row in before["runs"])


def test_starting_over_leaves_other_peoples_files(plan_of: Plans, market: type[Market]) -> None:
    folder = execute(plan_of("study.seeds=2"), [])
    note = folder / "market" / "my notes.txt"
    note.write_text("keep me")
    execute(plan_of("study.seeds=1"), [], Manner(replace=True))
    assert note.read_text() == "keep me"
    assert len(run_ids(folder)) == 1


def test_a_study_may_not_shrink(plan_of: Plans, market: type[Market]) -> None:
    folder = execute(plan_of("study.seeds=3"), [])
    with pytest.raises(BadInput, match="holds 1 runs that are not asked for") as refused:
        execute(plan_of("study.seeds=2"), [])
    assert f"`compute-market report {folder}` reads what is there" in str(refused.value)
    assert len(run_ids(folder)) == 3


REFUSED_EARLY = {
    "fewer seeds": (["study.seeds=2"], "holds at least 2 runs that are not asked for"),
    "other seeds": (["study.seeds=[2,3,4]"], "holds at least 2 runs that are not asked for"),
    "fewer points": (["+study.levers={market.on_premises.utilisation: [0.3]}"], "holds at least 3 runs that are"),
    "another base": (["customers.waiting_quarters=2"], "customers.waiting_quarters = 4 there, 2 here"),
}


@pytest.mark.parametrize(("words", "line"), REFUSED_EARLY.values(), ids=REFUSED_EARLY)
def test_another_study_is_refused_before_lever_points_are_composed(
    market: type[Market], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], line: str
) -> None:
    levers, root = "+study.levers={market.on_premises.utilisation: [0.3, 0.5]}", f"output.root={tmp_path}"
    execute(planned([*SMALL, root, "study.seeds=3", levers]), [])
    keys = {word.partition("=")[0] for word in words}
    before = [word for word in (*SMALL, root, "study.seeds=3", levers) if word.partition("=")[0] not in keys]

    def composed(*_: object) -> None:
        raise BadInput(["lever points are composed"])

    monkeypatch.setattr("experiments.study_plan._lever_points", composed)
    with pytest.raises(BadInput, match=line):
        main([*before, *words])
    for accepted in ([*before, *words, "--replace"], [*SMALL, root, "study.seeds=4", levers]):
        with pytest.raises(BadInput, match="lever points are composed"):
            main(accepted)


def test_a_folder_of_something_else_is_refused(plan_of: Plans, market: type[Market], tmp_path: Path) -> None:
    asked = plan_of("study.seeds=2")
    store.write(store.from_rows("runs", []), stored.part(asked.folder, "runs", None))
    with pytest.raises(BadInput, match="holds tables that are not a study's"):
        execute(asked, [])


def test_other_versions_are_refused_by_name_unless_asked(
    plan_of: Plans, market: type[Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = execute(plan_of("study.seeds=2"), [])
    found = environment()
    changed = found | {"packages": found["packages"] | {"numpy": "0.9"}}
    monkeypatch.setattr(continuity, "environment", lambda: changed)
    with pytest.raises(BadInput, match=r"numpy was .* and is 0.9; --anyway goes on"):
        execute(plan_of("study.seeds=3"), [])
    execute(plan_of("study.seeds=2"), [])  # nothing is missing, so nothing is mixed
    execute(plan_of("study.seeds=3"), [], Manner(anyway=True))
    assert [ground["numpy"] for ground in load(folder).manifest["grounds"]] == [found["packages"]["numpy"], "0.9"]


def test_another_model_is_refused(plan_of: Plans, market: type[Market], monkeypatch: pytest.MonkeyPatch) -> None:
    execute(plan_of("study.seeds=2"), [])
    monkeypatch.setattr(continuity, "code_digest", lambda: "another")
    for anyway in (False, True):
        with pytest.raises(BadInput, match="another version of the model"):
            execute(plan_of("study.seeds=3"), [], Manner(anyway=anyway))


def test_more_tables_than_stored_are_computed(plan_of: Plans, market: type[Market]) -> None:
    folder = execute(plan_of("study.seeds=3", "output.tables=[market]"), [])
    first = contents(folder)
    execute(plan_of("study.seeds=3", "output.tables=[market,firms]"), [])
    assert contents(folder)["market"] == first["market"]
    assert set(load(folder)["firms"].pandas()["run_id"]) == run_ids(folder)
    execute(plan_of("study.seeds=4", "output.tables=[market]"), [])
    assert set(load(folder)["firms"].pandas()["run_id"]) == run_ids(folder), "an extended table stays whole"


def test_a_second_writer_is_refused(plan_of: Plans, market: type[Market]) -> None:
    asked = plan_of("study.seeds=2")
    with locked(asked.folder), pytest.raises(BadInput, match=rf"process {os.getpid()} on .* is computing this study"):
        execute(asked, [])
    execute(asked, [])


def test_who_holds_a_folder_is_forgotten_with_the_lock(tmp_path: Path) -> None:
    """The locked file itself stays, as another program may have opened it already."""
    with locked(tmp_path) as token:
        check_holder(tmp_path, token)
    with pytest.raises(RuntimeError, match="has ended or was started again"):
        check_holder(tmp_path, token)
    with locked(tmp_path) as again:
        assert again != token


def test_a_full_disk_is_said_and_finished_parts_are_kept(
    plan_of: Plans, market: type[Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = store.write

    def full(table: Any, path: Path) -> None:
        if path.parent.name == "providers" and len(stored.files_of(path.parents[1], "providers")) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        written(table, path)

    monkeypatch.setattr(store, "write", full)
    asked = plan_of("study.seeds=6")
    with pytest.raises(BadInput, match="the disk is full; free some space and give the same command again"):
        execute(asked, [])
    assert stored.read(asked.folder) is None
    assert len(run_ids(asked.folder)) == 4
    monkeypatch.setattr(store, "write", written)
    execute(asked, [])
    assert len(run_ids(asked.folder)) == 6


def test_no_part_of_a_table_is_left_half_written(
    plan_of: Plans, market: type[Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(table: Any, path: Path, **_: Any) -> None:
        Path(path).write_bytes(b"PAR1 half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", broken)
    asked = plan_of("study.seeds=1")
    with pytest.raises(BadInput, match="disk is full"):
        execute(asked, [])
    assert not [path for path in asked.folder.rglob("*") if path.suffix in (".parquet", ".tmp")]


def test_a_study_says_what_it_does_before_anything_is_composed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    heard: list[str] = []

    def composed_first(*_: object) -> None:
        heard.append(capfd.readouterr().err)
        raise BadInput(["enough"])

    monkeypatch.setattr("experiments.study_plan.plan", composed_first)
    with pytest.raises(BadInput, match="enough"):
        main([*SMALL, "study.seeds=1"])
    assert heard == ["compute-market: reading and checking the study\n"]


@pytest.mark.parametrize(
    ("asked", "counted"),
    [
        (["+study.levers={market.on_premises.utilisation: [0.3, 0.5, 0.6]}"], "3 of 3 lever points"),
        ([UNCERTAIN, "study.sampling=grid", "study.samples=4"], "4 of 4 samples"),
    ],
)
def test_a_study_says_how_far_checking_is(capfd: pytest.CaptureFixture[str], asked: list[str], counted: str) -> None:
    planned([*SMALL, "study.seeds=1", *asked])
    lines = capfd.readouterr().err.splitlines()
    assert lines[-1].startswith(f"baseline: checking: {counted}, "), lines


def test_what_is_wrong_with_levers_names_the_file_of_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine" / "study" / "own.yaml"
    file.parent.mkdir(parents=True)
    for text, part in (
        ("levers: {market.on_premises.utilisation: [0.4, 7.0]}", "levers"),
        ("fixed: {market.on_premises.utilisation: 7.0}", "fixed"),
    ):
        file.write_text(f"{text}\nseeds: 1\n")
        with pytest.raises(BadInput) as refused:
            planned(["study=own"], [tmp_path / "mine"])
        assert any(line.endswith(f"(study.{part} in {file})") for line in refused.value.lines), refused.value.lines


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (("+study.levers={seed: [1, 2]}",), "study.levers: seed is not part of the model, so it cannot be a lever"),
        (
            ("+study.levers={market.end: ['2023Q1', '2023Q2']}",),
            "market.end: is a lever of the study; leave it off the command line",
        ),
        (
            ("+study.levers={market.on_premises.utilisation: [0.4, 0.40]}",),
            "is the same configuration as",
        ),
        (
            ("+study.levers={market.on_premises.utilisation: [0.4, 7.0]}",),
            "market.on_premises.utilisation = 7.0: must be",
        ),
        (("~study",), "choose a study with study=NAME"),
        (("seed=2",), "seed: a study has seeds of its own; say study.seeds"),
        (("+study.uncertainties={market.on_premises.utilisation: [0.3, 0.5]}",), "study.uncertainties"),
        (("study.seeds=0",), "study.seeds = 0"),
        (("output.figures=[shapes]",), "output.figures"),
    ],
)
def test_bad_designs_are_refused_plainly(plan_of: Plans, tmp_path: Path, overrides: tuple[str, ...], line: str) -> None:
    with pytest.raises(BadInput) as refused:
        plan_of(*overrides)
    assert any(line in said for said in refused.value.lines), refused.value.lines
    assert not list(tmp_path.iterdir())


def test_the_verbs_stay_functions_beside_modules_of_their_name() -> None:
    import experiments.run
    import experiments.study

    assert experiments.run.__name__ == "run"
    assert not hasattr(experiments.study, "__path__")
    assert callable(experiments.run)
    assert callable(experiments.study)


def test_a_worker_that_outlived_its_study_writes_nothing(plan_of: Plans, market: type[Market]) -> None:
    asked = plan_of("study.seeds=1")
    (batch,) = batches(asked.jobs, asked.texts, asked.tables, 1)
    with locked(asked.folder) as ended:
        pass
    with pytest.raises(RuntimeError, match="has ended or was started again"):
        ensemble.run_part(batch, asked.folder, ended)
    with locked(asked.folder) as now:
        with pytest.raises(RuntimeError, match="has ended or was started again"):
            ensemble.run_part(batch, asked.folder, ended)
        assert not stored.files(asked.folder)
        ensemble.run_part(batch, asked.folder, now)
    assert run_ids(asked.folder) == {batch.jobs[0].run_id}


def test_a_run_that_is_stored_twice_is_kept_once(plan_of: Plans, market: type[Market]) -> None:
    folder = execute(plan_of("study.seeds=4"), [])
    before = contents(folder)
    asked = plan_of("study.seeds=4")
    (batch, *_) = batches(asked.jobs[1:], asked.texts, asked.tables, 3)
    run_batch(batch, folder, "zz_written_late")
    (folder / stored.MANIFEST).unlink()
    execute(asked, [])
    assert contents(folder) == before
