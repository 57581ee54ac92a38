"""Many runs on a pool of processes, into the part files of one folder."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from experiments.engine import store
from experiments.engine.batch import Record, row, run_batch, timing
from experiments.engine.keys import Batch
from experiments.engine.pool import Killed, run_all

Result = tuple[Batch, list[Record]] | Killed[Batch]
_KILLED = "its worker process was killed twice (out of memory?)"


def run_part(batch: Batch, folder: Path) -> list[Record]:
    """Run a batch and write its part files."""
    return run_batch(batch, folder, batch.key)


def compute(batches: Sequence[Batch], folder: Path, workers: int, advance: Callable[[int, int], None]) -> None:
    """Run every batch; how each run ended stands in the table ``runs``.

    Args:
        batches: What is to be run.
        folder: The study folder.
        workers: Processes at once; one means this very process.
        advance: Called with the number of runs that have ended and how many of them failed.

    Raises:
        OSError: When tables cannot be written.
        KeyboardInterrupt: When the user stops the program; finished parts are kept.
    """
    todo = list(batches)
    while todo:
        again: list[Batch] = []
        for result in _results(todo, folder, workers):
            if isinstance(result, Killed) and len(result.task.jobs) > 1:
                again += result.task.singles()
                continue
            if isinstance(result, Killed):
                _write_killed(result.task, folder)
                advance(1, 1)
            else:
                advance(len(result[1]), sum(record.status != "ok" for record in result[1]))
        todo = again


def _results(batches: Sequence[Batch], folder: Path, workers: int) -> Iterator[Result]:
    work = partial(run_part, folder=folder)
    if workers == 1:
        return ((batch, work(batch)) for batch in batches)
    return run_all(batches, work, min(workers, len(batches)))


def _write_killed(batch: Batch, folder: Path) -> None:
    """Write the only run of a batch as failed."""
    (job,) = batch.jobs
    record = Record(job.run_id, "failed", "worker", _KILLED, float("nan"))
    rows = {"runs": [row(job, record)], "timings": [timing(record)]}
    tables = {name: [] for name in batch.tables} | {
        name: [store.from_rows(name, found)] for name, found in rows.items()
    }
    store.write_tables(folder, batch.key, tables)
