"""Many runs by an executor, into the part files of one folder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from experiments.engine import store
from experiments.engine.batch import Record, row, simulated, timing
from experiments.engine.folder import check_holder
from experiments.engine.keys import Batch
from experiments.engine.pool import Killed, run_all

Result = tuple[Batch, list[Record]] | Killed[Batch]
Work = Callable[[Batch], list[Record]]
_KILLED = "its worker process was killed twice (out of memory?)"


@dataclass(frozen=True)
class Executor:
    """Something that runs batches."""

    workers: int
    """Batches at once."""
    results: Callable[[Sequence[Batch], Work], Iterator[Result]]
    """Runs a function on batches and yields how each ended, in any order."""


def run_part(batch: Batch, folder: Path, holder: str) -> list[Record]:
    """Run a batch and write its part files, unless another program has the folder by then.

    Args:
        batch: What is to be run.
        folder: The study folder.
        holder: Token of the lock under which the batch was handed out.

    Raises:
        OSError: When the tables cannot be written.
        RuntimeError: When the folder has been given up or taken over.
    """
    records, pieces = simulated(batch)
    check_holder(folder, holder)
    store.write_tables(folder, batch.key, pieces)
    return records


def local(workers: int) -> Executor:
    """Return the executor of this machine; one worker means this very process."""

    def results(batches: Sequence[Batch], work: Work) -> Iterator[Result]:
        if workers == 1:
            return ((batch, work(batch)) for batch in batches)
        return run_all(batches, work, min(workers, len(batches)))

    return Executor(workers, results)


def compute(
    batches: Sequence[Batch], folder: Path, holder: str, executor: Executor, advance: Callable[[int, int], None]
) -> None:
    """Run every batch; how each run ended stands in the table ``runs``.

    Args:
        batches: What is to be run.
        folder: The study folder.
        holder: Token of the lock on it.
        executor: What runs the batches.
        advance: Called with the number of runs that have ended and how many of them failed.

    Raises:
        OSError: When tables cannot be written.
        KeyboardInterrupt: When the user stops the program; finished parts are kept.
    """
    todo = list(batches)
    while todo:
        again: list[Batch] = []
        for result in executor.results(todo, partial(run_part, folder=folder, holder=holder)):
            if isinstance(result, Killed) and len(result.task.jobs) > 1:
                again += result.task.singles()
                continue
            if isinstance(result, Killed):
                _write_killed(result.task, folder)
                advance(1, 1)
            else:
                advance(len(result[1]), sum(record.status != "ok" for record in result[1]))
        todo = again


def _write_killed(batch: Batch, folder: Path) -> None:
    """Write the only run of a batch as failed."""
    (job,) = batch.jobs
    record = Record(job.run_id, "failed", "worker", _KILLED, float("nan"))
    rows = {"runs": [row(job, record)], "timings": [timing(record)]}
    tables = {name: [] for name in batch.tables} | {
        name: [store.from_rows(name, found)] for name, found in rows.items()
    }
    store.write_tables(folder, batch.key, tables)
