"""An executor on other machines: the workers of a running dask scheduler, which see the study folder too.

Tasks write their own results; only small records travel. A task whose worker dies goes to another one.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from experiments.engine.batch import Record
from experiments.engine.ensemble import Executor, Result, Work
from experiments.engine.environment import decisive, environment
from experiments.engine.keys import Batch
from experiments.engine.pool import Killed
from experiments.engine.sampled import with_values
from experiments.faults import BadInput
from experiments.identity import code_digest, run_id

_PATIENCE = 20
"""Seconds to wait for a scheduler."""
_AHEAD = 3
"""Batches handed out for each worker: enough to keep it busy, few enough to keep the scheduler small."""


def on_dask(address: str, folder: Path, *, anyway: bool) -> Executor:
    """Return an executor on the workers of a scheduler.

    Args:
        address: Where the scheduler listens, such as ``tcp://127.0.0.1:8786``.
        folder: The study folder, which every worker must see under the same path.
        anyway: Whether workers with other versions are accepted.

    Raises:
        BadInput: When there is no scheduler, no worker, or one that would compute other numbers.
    """
    with _client(address) as client:
        _check(client, folder, anyway=anyway)
        workers = len(client.nthreads())

    def results(batches: Sequence[Batch], work: Work) -> Iterator[Result]:
        with _client(address) as client:
            yield from _results(client, batches, work)

    return Executor(workers, results)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError as error:
        advice = "pip install 'compute-market[cluster]' (in a checkout '.[cluster]')"
        raise BadInput([f"executor=dask needs the package distributed: {advice}"]) from error
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:  # a timeout is an OSError
        raise BadInput([f"executor.address = {address}: no dask scheduler answers there"]) from error
    try:
        yield client
    finally:
        client.close()


def _check(client: Any, folder: Path, *, anyway: bool) -> None:
    threads: Mapping[str, int] = client.nthreads()
    if not threads:
        raise BadInput(["the dask scheduler has no workers: start some with dask worker ADDRESS --nthreads 1"])
    few = "start it with --nthreads 1"
    crowded = [f"worker {name} has {count} threads; {few}" for name, count in threads.items() if count > 1]
    try:
        grounds = client.run(_ground, str(folder))
    except ModuleNotFoundError as error:
        raise BadInput([f"a dask worker cannot import {error.name}: install compute-market on every worker"]) from error
    lines = [line for name, found in grounds.items() for line in _differing(name, found, anyway=anyway)]
    if crowded or lines:
        raise BadInput([*crowded, *lines])


def _ground(folder: str) -> dict[str, str]:
    """Return on what a worker would compute, and whether it sees the study."""
    return {**decisive(environment()), "code": code_digest(), "folder": str(Path(folder).is_dir())}


def _differing(worker: str, found: Mapping[str, str], *, anyway: bool) -> Iterator[str]:
    here = {**decisive(environment()), "code": code_digest(), "folder": "True"}
    for name, mine in here.items():
        if found[name] == mine:
            continue
        if name == "folder":
            yield f"worker {worker} does not see the study folder: choose a shared one with --out DIR"
        elif name == "code":
            yield f"worker {worker} has another version of the model (code {found[name]} there, {mine} here)"
        elif not anyway:
            yield f"worker {worker}: {name} is {found[name]} there and {mine} here; --anyway goes on"


def _results(client: Any, batches: Sequence[Batch], work: Work) -> Iterator[Result]:
    distributed = import_module("distributed")
    waiting = list(reversed(batches))
    flying: dict[str, Batch] = {}
    landed = distributed.as_completed(loop=client.loop)
    try:
        while waiting or flying:
            while waiting and len(flying) < _AHEAD * max(1, len(client.nthreads())):
                batch = waiting.pop()
                future = client.submit(_task, batch, work, pure=False)
                flying[future.key] = batch
                landed.add(future)
            future = next(landed)
            yield _ended(future, flying.pop(future.key), distributed.KilledWorker)
    finally:
        client.cancel(list(landed.futures), force=True)


def _ended(future: Any, batch: Batch, killed: type[Exception]) -> Result:
    try:
        records: list[Record] = future.result()
    except killed:
        return Killed(batch)
    return batch, records


def _task(batch: Batch, work: Work) -> list[Record]:
    """Run a batch on a worker, which may have come after the others were checked.

    Raises:
        RuntimeError: When this worker would compute other runs than those asked for.
    """
    job = batch.jobs[0]
    if run_id(with_values(batch.parameters[job.parameters], json.loads(job.sampled)), job.seed) != job.run_id:
        raise RuntimeError(f"the model on this worker is another one (code {code_digest()})")
    return work(batch)
