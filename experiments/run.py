"""``compute-market run``: one configured experiment, or with ``-m`` a handful of variants, to a report."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from experiments import arguments, faults, stored
from experiments.application import enter, prepared
from experiments.arguments import Arguments
from experiments.closing import closing_report, report
from experiments.engine import manifest
from experiments.engine.folder import check_writable, plain_write_errors, result_folder
from experiments.engine.keys import Batch, Job, make_batch
from experiments.engine.progress import Progress
from experiments.faults import BadInput
from experiments.identity import run_id_of
from experiments.preflight import Plan
from sim.names import quarter_number


def identity_of(plan: Plan) -> str:
    """Return the identity of the run that a plan describes."""
    return run_id_of(plan.parameters.canonical_json(), plan.settings.seed)


def folder_of(plan: Plan) -> Path:
    """Return the folder of the run: ``<root>/<scenario>-<run_id>``."""
    return result_folder(plan.settings.output.root, f"{plan.scenario}-{identity_of(plan)}")


def quarters(plan: Plan) -> int:
    """Return the number of simulated quarters."""
    market = plan.parameters.market
    return quarter_number(market.end) - quarter_number(market.start) + 1


def is_stored(plan: Plan, folder: Path) -> bool:
    """Whether the folder holds this very run with every table that is asked for, whole."""
    found = stored.read(folder)
    return (
        found is not None
        and found["failed"] == 0
        and set(plan.settings.output.tables) <= set(found["tables"])
        and not stored.damage(folder)
    )


def execute(plan: Plan, words: Sequence[str]) -> Path:
    """Run a plan and write its tables and manifest; an identical stored result is used again.

    Returns:
        The run's folder.

    Raises:
        BadInput: When the folder cannot be written.
    """
    folder = folder_of(plan)
    if is_stored(plan, folder):
        print(f"{folder}: this very run is stored already; using it", file=sys.stderr)
        return folder
    from experiments.engine import compiling
    from experiments.engine.batch import run_batch

    batch, note = _batch(plan), compiling.NOTE if compiling.pending() else ""
    with plain_write_errors(folder), Progress(quarters(plan), "quarters", folder.name, note) as progress:
        records = run_batch(batch, folder, None, lambda *_: progress.advance())
        failed = sum(record.status != "ok" for record in records)
        manifest.write(folder, _contents(plan, folder, words, failed))
    return folder


def _batch(plan: Plan) -> Batch:
    text = plan.parameters.canonical_json()
    digest = plan.parameters.digest
    job = Job(identity_of(plan), plan.scenario, 0, plan.settings.seed, "{}", digest)
    return make_batch([job], {digest: text}, tuple(plan.settings.output.tables))


def _contents(plan: Plan, folder: Path, words: Sequence[str], failed: int) -> manifest.Contents:
    return manifest.Contents(
        kind="run",
        name=folder.name,
        command=("compute-market", "run", *words),
        config=plan.config,
        choices=plan.choices,
        seeds=[plan.settings.seed],
        tables=tuple(plan.settings.output.tables),
        runs=1,
        failed=failed,
        changes=plan.changes,
    )


def failures(folders: Sequence[Path]) -> list[str]:
    """Return one line for each failed run."""
    return [
        f"{folder}: run {row['run_id']} (seed {row['seed']}) failed in {row['stage']}: {row['error']}"
        for folder in folders
        for row in stored.rows_of_runs(folder)
        if row["status"] != "ok"
    ]


def _several(folders: Sequence[Path], root: str) -> Path:
    """Return the folder of a multirun: named by the runs in it."""
    digest = hashlib.blake2b("\0".join(folder.name for folder in folders).encode(), digest_size=8).hexdigest()
    return result_folder(root, f"multirun-{digest}")


def _with_sweep_folder(parsed: Arguments, folder: Path) -> Arguments:
    from experiments.preflight.session import quoted_text

    return replace(parsed, overrides=(*parsed.overrides, f"hydra.sweep.dir={quoted_text(str(folder))}"))


def main(words: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    parsed = arguments.parse(words)
    if parsed.replace or parsed.anyway or parsed.retry_failed:
        raise BadInput(["--replace, --anyway and --retry-failed belong to `compute-market study`"])
    studied = [word for word in parsed.overrides if word.lstrip("+~").startswith(("study=", "study."))]
    if studied:
        raise BadInput([f"{word}: a study is run by `compute-market study`, a single run has none" for word in studied])
    plans = prepared(parsed)
    folders = list(dict.fromkeys(folder_of(plan) for plan in plans))
    for root in dict.fromkeys(plan.settings.output.root for plan in plans):
        check_writable(root)
    target = folders[0] if len(folders) == 1 else None
    if len(folders) > 1:
        target = _several(folders, plans[0].settings.output.root)
        parsed = _with_sweep_folder(parsed, target)
    enter(parsed, plans, lambda plan: _one(plan, words, alone=len(folders) == 1))
    return _closed(folders, target, plans[0].settings.output.figures) if target is not None else faults.OK


def _one(plan: Plan, words: Sequence[str], *, alone: bool) -> None:
    folder = execute(plan, words)
    if not alone and not failures([folder]):
        report([folder], folder, plan.settings.output.figures)


def _closed(folders: Sequence[Path], target: Path, figures: Sequence[str] | None) -> int:
    lines = failures(folders)
    for line in lines:
        print(f"compute-market: {line}", file=sys.stderr)
    good = [folder for folder in folders if not failures([folder])]
    if good:
        print(closing_report(good, target, figures))
    return faults.FAILED_RUNS if lines else faults.OK
