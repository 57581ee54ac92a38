"""``compute-market study``: levers x samples x seeds, with bands; resumes what is missing, extends what has grown."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import arguments, faults, stored
from experiments.application import enter
from experiments.arguments import Arguments
from experiments.closing import closing_report
from experiments.engine import continuity, manifest
from experiments.engine.continuity import Found
from experiments.engine.folder import check_writable, locked, plain_write_errors
from experiments.engine.keys import Batch, Job, batch_size, batches
from experiments.engine.progress import Progress, begins, duration
from experiments.faults import BadInput, Interrupted
from experiments.preflight import checked, composing
from experiments.run import quarters
from experiments.study_plan import DEFAULTS, StudyPlan, crossed, crossing, drafted, planned

if TYPE_CHECKING:
    from experiments.engine.cost import Cost
    from experiments.engine.ensemble import Executor

__all__ = ["execute", "main", "planned"]

_SECONDS_TO_START = 3.0
"""Rough time to start a worker, kernels left out."""
_ALONE = 2
"""Runs that are made alone where nothing is stored: the first loads kernels, the second is timed."""
_FAILURES_SAID = 10
_MUCH = 1000.0
"""Megabytes from which a study is told how to store less."""


@dataclass(frozen=True)
class Manner:
    """How to go on in a folder that holds something."""

    replace: bool = False
    """Whether to delete what the folder holds and start over."""
    anyway: bool = False
    """Whether to go on although versions or machine differ."""
    retry_failed: bool = False
    """Whether to compute failed runs again."""


def prepared(parsed: Arguments) -> StudyPlan | None:
    """Check the whole design before anything starts; None where Hydra only shows something.

    What the folder alone shows to be impossible is refused before lever points are composed, which takes a while.

    Raises:
        BadInput: With every problem of every lever point, each said once.
    """
    if parsed.helps:
        return None
    with composing(parsed.user_folders) as composer:
        if parsed.shows:
            checked(composer, parsed.overrides)
            return None
        begins("reading and checking the study")
        draft = drafted(composer, parsed.overrides)
        check_writable(draft.base.settings.output.root)
        if not parsed.replace:
            continuity.check_early(draft.folder, draft.outline)
        return crossed(composer, draft)


def execute(asked: StudyPlan, words: Sequence[str], manner: Manner | None = None) -> Path:
    """Run what is missing of a study and write its manifest last.

    Args:
        asked: The checked study.
        words: The command line after ``study``, for the manifest.
        manner: How to go on in a folder that holds something.

    Returns:
        The study folder.

    Raises:
        BadInput: When the folder cannot be written, is in use, or holds something else.
        Interrupted: When the user stops the program.
    """
    manner = manner or Manner()
    folder = asked.folder
    with plain_write_errors(folder), locked(folder) as holder:
        if manner.replace:
            continuity.start_over(folder)
        found = continuity.check(folder, asked.purpose, anyway=manner.anyway)
        if continuity.is_complete(folder, asked.purpose) and not (manner.retry_failed and _failed(folder)):
            print(f"{folder}: all {len(asked.jobs)} runs are stored already; using them", file=sys.stderr)
            return folder
        found = continuity.write(folder, asked.purpose, found)
        _compute(asked, found, holder, words, manner)
        _finish(asked, folder, words, found)
    return folder


def _failed(folder: Path) -> list[dict[str, Any]]:
    return [row for row in stored.rows_of_runs(folder) if row["status"] != "ok"]


def _compute(asked: StudyPlan, found: Found, holder: str, words: Sequence[str], manner: Manner) -> None:
    from experiments.engine import points, repair, samples

    folder = asked.folder
    manifest_before = stored.read(folder) or {}
    (folder / stored.MANIFEST).unlink(missing_ok=True)
    sizes = manifest_before.get("files", {})
    for line in repair.forget_unfinished(folder, found.tables, sizes, failed_too=manner.retry_failed):
        print(f"compute-market: {line}", file=sys.stderr)
    repair.rename(folder, asked.jobs)
    points.write(folder, [(point.settings, item.parameters.canonical_json()) for point, item in asked.points])
    samples.write(folder, [(sample.index, sample.values, sample.units) for sample in asked.samples])
    done = {row["run_id"] for row in stored.rows_of_runs(folder)}
    todo = [job for job in asked.jobs if job.run_id not in done]
    try:
        _run(asked, found.tables, todo, _executor(asked, manner), holder)
    except KeyboardInterrupt:
        kept = len(stored.rows_of_runs(folder))
        again = shlex.join(["compute-market", "study", *words])
        advice = (
            f"{kept} of {len(asked.jobs)} runs are stored in {folder}; give the same command again to go on: {again}"
        )
        raise Interrupted(advice) from None


def _executor(asked: StudyPlan, manner: Manner) -> "Executor":
    from experiments.engine.cluster import on_dask
    from experiments.engine.ensemble import local

    settings = asked.base.settings.executor
    if settings.address is not None:
        return on_dask(settings.address, asked.folder.resolve(), anyway=manner.anyway)
    return local(asked.workers)


def _run(asked: StudyPlan, tables: tuple[str, ...], todo: Sequence[Job], executor: "Executor", holder: str) -> None:
    """Run jobs: where none is stored two alone, the second timed, so that it can be said what the others will cost."""
    from experiments.engine import compiling
    from experiments.engine.batch import Record
    from experiments.engine.cost import probe, stored_cost
    from experiments.engine.ensemble import compute

    folder = asked.folder
    if not todo:
        print(_crossing(asked, folder, 0), file=sys.stderr)
        return
    cost, records = stored_cost(folder), list[Record]()
    stored_before = len(asked.jobs) - len(todo)
    if cost is None:
        if compiling.pending():
            print(f"{folder}: {compiling.NOTE}", file=sys.stderr, flush=True)
        cost, records = probe(batches(todo[:_ALONE], asked.texts, tables, 1), folder)
    rest = todo[len(records) :]
    source = "as a second run took" if records else "as the stored ones took"
    estimate = _estimate(asked, cost, len(rest), executor.workers)
    print(f"{_crossing(asked, folder, stored_before)}; {estimate}, {source}", file=sys.stderr)
    if not rest:
        return
    with Progress(len(todo), "runs", asked.name, before=len(records)) as progress:
        progress.advance(0, sum(record.status != "ok" for record in records))
        compute(_cut(asked, rest, tables, executor), folder.resolve(), holder, executor, progress.advance)


def _cut(asked: StudyPlan, todo: Sequence[Job], tables: tuple[str, ...], executor: "Executor") -> list[Batch]:
    size = asked.base.settings.executor.batch or batch_size(len(todo), executor.workers)
    return batches(todo, asked.texts, tables, size)


def _crossing(asked: StudyPlan, folder: Path, stored_before: int) -> str:
    levers, samples, seeds = len(asked.points), len(asked.samples), len(asked.design.seed_list())
    runs = levers * samples * seeds
    repeated = f" ({runs - len(asked.jobs):,} repeat another)" if runs > len(asked.jobs) else ""
    kept = f"; {stored_before:,} are stored already" if stored_before else ""
    return f"{folder}: {crossing(levers, samples, seeds)}{repeated}, {quarters(asked.base)} quarters each{kept}"


def _estimate(asked: StudyPlan, cost: "Cost", todo: int, hands: int) -> str:
    """Return how long the runs still to do may take and how much they may write."""
    workers = min(hands, todo) or 1
    start = _SECONDS_TO_START + cost.loading if hands > 1 and todo else 0.0
    rounds = ceil(todo / workers)
    megabytes = todo * cost.size / 1e6
    size = f"{megabytes:,.0f} MB" if megabytes >= 1 else "less than 1 MB"
    by = "1 worker" if workers == 1 else f"{workers} workers"
    return (
        f"about {duration(start + rounds * cost.seconds)} and {size} (most in table {cost.largest}"
        f"{'; less with output=small' if megabytes >= _MUCH else ''}) for {todo:,} more on {by}"
        f"{_scarce(asked, megabytes)}"
    )


def _scarce(asked: StudyPlan, megabytes: float) -> str:
    free = shutil.disk_usage(asked.folder).free / 1e6
    return f" - ONLY {free:,.0f} MB ARE FREE there" if free < megabytes else ""


def _finish(asked: StudyPlan, folder: Path, words: Sequence[str], found: Found) -> None:
    from experiments.engine import repair

    repair.forget_temporary(folder)
    rows = stored.rows_of_runs(folder)
    failed = [row for row in rows if row["status"] != "ok"]
    contents = manifest.Contents(
        kind="study",
        name=asked.name,
        command=("compute-market", "study", *words),
        config=asked.base.config,
        choices=asked.base.choices,
        seeds=asked.design.seed_list(),
        tables=found.tables,
        runs=len(rows),
        failed=len(failed),
        changes=asked.base.changes,
        grounds=found.grounds,
        design=asked.design.model_dump(mode="json"),
        samples=len(asked.samples),
        failures=[_failure(asked, row) for row in failed],
    )
    manifest.write(folder, contents)


def _failure(asked: StudyPlan, row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("run_id", "stage", "error")} | {"command": asked.command_of(row)}


def main(words: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    parsed = arguments.parse(words, DEFAULTS)
    if parsed.multirun:
        raise BadInput(["--multirun is for `compute-market run`: list alternatives under levers in a study file"])
    asked = prepared(parsed)
    if asked is None:
        enter(parsed, [], lambda _: None)
        return faults.OK
    manner = Manner(parsed.replace, parsed.anyway, parsed.retry_failed)
    enter(parsed, [asked.entered], lambda _: _execute(asked, words, manner))
    return _closed(asked)


def _execute(asked: StudyPlan, words: Sequence[str], manner: Manner) -> None:
    execute(asked, words, manner)


def _closed(asked: StudyPlan) -> int:
    folder = asked.folder
    failures = stored.whole(folder)["failures"]
    for failure in failures[:_FAILURES_SAID]:
        said = f"run {failure['run_id']} failed in {failure['stage']}: {failure['error']}"
        print(f"compute-market: {said}\n  alone: {failure['command']}", file=sys.stderr)
    if failures:
        more = f", all listed in {folder / stored.MANIFEST}" if len(failures) > _FAILURES_SAID else ""
        print(f"compute-market: {len(failures)} runs failed{more}; --retry-failed computes them again", file=sys.stderr)
    if len(failures) < len(stored.rows_of_runs(folder)):
        print(closing_report([folder], folder, asked.figures))
    return faults.FAILED_RUNS if failures else faults.OK
