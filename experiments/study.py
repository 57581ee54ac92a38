"""``compute-market study``: levers x samples x seeds, with bands; resumes what is missing, extends what has grown."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

from experiments import arguments, faults, stored
from experiments.application import enter
from experiments.arguments import Arguments
from experiments.closing import closing_report
from experiments.design.jobs import jobs
from experiments.design.points import Point, points
from experiments.engine import continuity, manifest
from experiments.engine.continuity import Found, Purpose
from experiments.engine.environment import cores
from experiments.engine.folder import check_writable, locked, plain_write_errors, result_folder
from experiments.engine.keys import Batch, Job, batch_size, batches
from experiments.engine.progress import Progress
from experiments.faults import BadInput, Interrupted
from experiments.preflight import Plan, checked, composing, plan
from experiments.preflight.changes import leaves
from experiments.preflight.session import Composer
from experiments.preflight.settings import MODEL_FREE_KEYS, Study
from experiments.run import failures, quarters

DEFAULTS = ("study=baseline", "output=small")
_SECONDS_PER_QUARTER, _SECONDS_TO_START = 0.012, 3.0
"""Rough cost of a baseline quarter on one core, and of starting a worker, for the estimate before anything has run."""


@dataclass(frozen=True)
class StudyPlan:
    """A checked study: the configuration without levers, and every lever point's own."""

    base: Plan
    points: tuple[tuple[Point, Plan], ...]

    @property
    def name(self) -> str:
        """Name of the study: its file in the group ``study``."""
        return self.base.choices["study"]

    @property
    def design(self) -> Study:
        """The study's own settings."""
        assert self.base.settings.study is not None
        return self.base.settings.study

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables that are asked for."""
        return tuple(self.base.settings.output.tables)

    @property
    def folder(self) -> Path:
        """The study folder: ``<root>/<study>``."""
        return result_folder(self.base.settings.output.root, self.name)

    @property
    def workers(self) -> int:
        """Processes at once."""
        return self.base.settings.executor.workers or cores()

    @cached_property
    def texts(self) -> dict[str, str]:
        """Canonical JSON of the parameters of every point, by digest."""
        return {item.parameters.digest: item.parameters.canonical_json() for _, item in self.points}

    @cached_property
    def jobs(self) -> list[Job]:
        """Every planned run."""
        described = [(point, item.parameters.canonical_json(), item.parameters.digest) for point, item in self.points]
        return jobs(self.name, described, self.design.seed_list())

    @property
    def purpose(self) -> Purpose:
        """What the folder is for."""
        run_ids = frozenset(job.run_id for job in self.jobs)
        return Purpose(self.base.parameters.digest, leaves(self.base.config), run_ids, self.tables)


def prepared(parsed: Arguments) -> StudyPlan | None:
    """Check the whole design before anything starts; None where Hydra only shows something.

    Raises:
        BadInput: With every problem of every lever point, each said once.
    """
    if parsed.helps:
        return None
    with composing(parsed.user_folders) as composer:
        if parsed.shows:
            checked(composer, parsed.overrides)
            return None
        return _planned(composer, parsed.overrides)


def planned(words: Sequence[str], user_folders: Sequence[Path] = ()) -> StudyPlan:
    """Check a design given from Python, as :func:`prepared` does for the command line.

    Raises:
        BadInput: With every problem found.
    """
    parsed = arguments.parse(words, DEFAULTS)
    with composing(user_folders) as composer:
        return _planned(composer, parsed.overrides)


def _planned(composer: Composer, overrides: Sequence[str]) -> StudyPlan:
    base = plan(composer, overrides)
    if base.settings.study is None:
        raise BadInput(["study = null: choose a study with study=NAME"])
    found: list[tuple[Point, Plan]] = []
    lines = _lever_problems(base.settings.study, overrides)
    for point in [] if lines else points(base.settings.study.levers):
        try:
            found.append((point, plan(composer, [*overrides, *point.overrides]) if point.settings else base))
        except BadInput as error:
            lines += error.lines
    lines = lines or _same_points(found)
    if lines:
        raise BadInput(list(dict.fromkeys(lines)))
    return StudyPlan(base, tuple(found))


def _lever_problems(design: Study, overrides: Sequence[str]) -> list[str]:
    typed = {override.partition("=")[0].lstrip("+~") for override in overrides}
    keys = dict.fromkeys(key.lstrip("+~") for point in points(design.levers) for key in point.settings)
    twice = [f"{key}: is a lever of the study; leave it off the command line" for key in keys if key in typed]
    free = [key for key in keys if re.split("[./@]", key)[0] in (*MODEL_FREE_KEYS, "hydra")]
    return [
        *twice,
        *(f"study.levers: {key} is not part of the model, so it cannot be a lever{_hint(key)}" for key in free),
    ]


def _hint(key: str) -> str:
    return "; say study.seeds" if key == "seed" else ""


def _same_points(found: Sequence[tuple[Point, Plan]]) -> list[str]:
    """Return a line for each lever point whose configuration an earlier one has already."""
    first: dict[str, Point] = {}
    lines = []
    for point, item in found:
        earlier = first.setdefault(item.parameters.digest, point)
        if earlier is not point:
            lines.append(f"study.levers: {point.label} is the same configuration as {earlier.label}; drop one of them")
    return lines


def execute(asked: StudyPlan, words: Sequence[str], *, replace: bool = False, anyway: bool = False) -> Path:
    """Run what is missing of a study and write its manifest last.

    Args:
        asked: The checked study.
        words: The command line after ``study``, for the manifest.
        replace: Whether to delete what the folder holds and start over.
        anyway: Whether to go on although versions or machine differ.

    Returns:
        The study folder.

    Raises:
        BadInput: When the folder cannot be written, is in use, or holds something else.
        Interrupted: When the user stops the program.
    """
    folder = asked.folder
    with plain_write_errors(folder), locked(folder):
        if replace:
            continuity.start_over(folder)
        found = continuity.check(folder, asked.purpose, anyway=anyway)
        if continuity.is_complete(folder, asked.purpose):
            print(f"{folder}: all {len(asked.jobs)} runs are stored already; using them", file=sys.stderr)
            return folder
        found = continuity.write(folder, asked.purpose, found)
        _compute(asked, folder, found)
        _finish(asked, folder, words, found)
    return folder


def _compute(asked: StudyPlan, folder: Path, found: Found) -> None:
    manifest_before = stored.read(folder) or {}
    (folder / stored.MANIFEST).unlink(missing_ok=True)
    for line in _pruned(folder, found, manifest_before.get("files", {})):
        print(f"compute-market: {line}", file=sys.stderr)
    done = {row["run_id"] for row in stored.rows_of_runs(folder)}
    todo = [job for job in asked.jobs if job.run_id not in done]
    print(_announcement(asked, folder, len(todo)), file=sys.stderr, flush=True)
    if todo:
        _run(_cut(asked, todo, found.tables), folder, asked, len(todo))


def _pruned(folder: Path, found: Found, sizes: dict[str, int]) -> list[str]:
    from experiments.engine import store

    return store.forget_unfinished(folder, found.tables, sizes)


def _cut(asked: StudyPlan, todo: Sequence[Job], tables: tuple[str, ...]) -> list[Batch]:
    size = asked.base.settings.executor.batch or batch_size(len(todo), asked.workers)
    return batches(todo, asked.texts, tables, size)


def _run(todo: Sequence[Batch], folder: Path, asked: StudyPlan, count: int) -> None:
    from experiments.engine.ensemble import compute

    with Progress(count, "runs", asked.name) as progress:
        try:
            compute(todo, folder, asked.workers, progress.advance)
        except KeyboardInterrupt:
            kept = len(asked.jobs) - count + progress.done
            advice = f"{kept} of {len(asked.jobs)} runs are stored in {folder}; give the same command again to go on"
            raise Interrupted(advice) from None


def _announcement(asked: StudyPlan, folder: Path, todo: int) -> str:
    levers, seeds = len(asked.points), len(asked.design.seed_list())
    length = quarters(asked.base)
    kept = f"; {levers * seeds - todo} are stored already" if todo < levers * seeds else ""
    return (
        f"{folder}: {levers * seeds} runs = {levers} lever {'point' if levers == 1 else 'points'} x {seeds} seeds, "
        f"{length} quarters each{kept}; {_estimate(asked, folder, todo)}"
    )


def _estimate(asked: StudyPlan, folder: Path, todo: int) -> str:
    """Return how long it may take: by the runs stored here, else by a rough cost of a baseline quarter."""
    import pyarrow.parquet as pq

    paths = stored.files_of(folder, "timings")
    measured = [value for path in paths for value in pq.read_table(path)["wall_seconds"].to_pylist() if value > 0]
    each = median(measured) if measured else _SECONDS_PER_QUARTER * quarters(asked.base)
    source = "by the stored ones" if measured else "a rough figure; the progress line corrects it"
    workers = min(asked.workers, todo) or 1
    hands = "1 worker" if workers == 1 else f"{workers} workers"
    return f"about {_SECONDS_TO_START + todo * each / workers:.0f} s for {todo} on {hands} ({source})"


def _finish(asked: StudyPlan, folder: Path, words: Sequence[str], found: Found) -> None:
    rows = stored.rows_of_runs(folder)
    contents = manifest.Contents(
        kind="study",
        name=asked.name,
        command=("compute-market", "study", *words),
        config=asked.base.config,
        choices=asked.base.choices,
        seeds=asked.design.seed_list(),
        tables=found.tables,
        runs=len(rows),
        failed=sum(row["status"] != "ok" for row in rows),
        changes=asked.base.changes,
        grounds=found.grounds,
    )
    manifest.write(folder, contents)


def main(words: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    parsed = arguments.parse(words, DEFAULTS)
    if parsed.multirun:
        raise BadInput(["--multirun is for `compute-market run`: list alternatives under levers in a study file"])
    asked = prepared(parsed)
    if asked is None:
        enter(parsed, [], lambda _: None)
        return faults.OK
    check_writable(asked.base.settings.output.root)
    enter(parsed, [asked.base], lambda _: _execute(asked, words, parsed))
    return _closed(asked)


def _execute(asked: StudyPlan, words: Sequence[str], parsed: Arguments) -> None:
    execute(asked, words, replace=parsed.replace, anyway=parsed.anyway)


def _closed(asked: StudyPlan) -> int:
    folder, figures = asked.folder, asked.base.settings.output.figures
    lines = failures([folder])
    for line in lines:
        print(f"compute-market: {line}", file=sys.stderr)
    if len(lines) < len(stored.rows_of_runs(folder)):
        print(closing_report([folder], folder, figures))
    return faults.FAILED_RUNS if lines else faults.OK
