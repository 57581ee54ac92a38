"""What a worker does: run the jobs of one batch and write their tables. Only a small record goes back."""

import json
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from experiments.engine import store
from experiments.engine.interruption import obeyed_between_quarters
from experiments.engine.keys import Batch, Job
from experiments.engine.sampled import with_values
from sim import ComputeMarket, Parameters

Progress = Callable[..., None]
TablesOfRun = dict[str, pa.Table]


@dataclass(frozen=True)
class Record:
    """How a run ended."""

    run_id: str
    status: str
    stage: str | None
    error: str | None
    seconds: float


@lru_cache(maxsize=16)
def _parameters(text: str, sampled: str) -> Parameters:
    return with_values(text, json.loads(sampled))


def simulate(
    job: Job, text: str, tables: tuple[str, ...], conversion: store.Conversion, progress: Progress | None = None
) -> tuple[Record, TablesOfRun]:
    """Run one job; a failure of the model is a record with its stage, not an exception."""
    began = time.perf_counter()
    model: Any = None
    try:
        with obeyed_between_quarters() as obey:
            model = ComputeMarket(_parameters(text, job.sampled), seed=job.seed)
            model.run(progress=lambda: _quarter_over(obey, progress))
        made = model.tables(tables).items()
        found = {name: conversion.to_arrow(name, columns, job.run_id) for name, columns in made}
        return Record(job.run_id, "ok", None, None, time.perf_counter() - began), found
    except Exception as error:  # any failure of a run is a row of the table `runs`
        stage = str(getattr(model, "stage", "set-up"))
        message = f"{type(error).__name__}: {error}"
        return Record(job.run_id, "failed", stage, message, time.perf_counter() - began), {}
    finally:
        release(model)


def _quarter_over(obey: Callable[[], None], progress: Progress | None) -> None:
    obey()
    if progress is not None:
        progress()


def release(model: object) -> None:
    """Let go of all that a model holds, and of the strong reference that Mesa 3.3.1 keeps to it (mesa#3179).

    A model and its agents hold each other: left to the collector of cycles, every run would need fresh memory.
    """
    agent = getattr(sys.modules.get("mesa"), "Agent", None)
    forget = getattr(getattr(agent, "_ids", None), "pop", None)
    if forget is not None:
        forget(model, None)
    if model is not None:
        vars(model).clear()


def row(job: Job, record: Record) -> Mapping[str, Any]:
    """Return the row of ``runs``."""
    return {
        "run_id": job.run_id,
        "study": job.study,
        "sample": job.sample,
        "seed": job.seed,
        "status": record.status,
        "stage": record.stage,
        "error": record.error,
        "levers": job.levers,
    }


def timing(record: Record) -> Mapping[str, Any]:
    """Return the row of ``timings``: outside every promise of equality."""
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {"run_id": record.run_id, "wall_seconds": record.seconds, "host": socket.gethostname(), "date": date}


def run_batch(batch: Batch, folder: Path, key: str | None, progress: Progress | None = None) -> list[Record]:
    """Run the jobs of a batch and write their tables.

    Args:
        batch: The jobs, their parameters and the tables to store.
        folder: The run or study folder.
        key: Name of the part files; None for the single files of a run.
        progress: Called once a quarter.

    Raises:
        OSError: When the tables cannot be written; nothing half-written stays.
    """
    records, pieces = simulated(batch, progress)
    store.write_tables(folder, key, pieces)
    return records


def simulated(batch: Batch, progress: Progress | None = None) -> tuple[list[Record], dict[str, list[pa.Table]]]:
    """Run the jobs of a batch; return how each ended, and the pieces of every table to store."""
    conversion = store.Conversion()
    records, pieces = [], {name: [] for name in batch.tables}  # type: ignore[var-annotated]
    for job in batch.jobs:
        record, found = simulate(job, batch.parameters[job.parameters], batch.tables, conversion, progress)
        records.append(record)
        for name, table in found.items():
            pieces[name].append(table)
    rows = [row(job, record) for job, record in zip(batch.jobs, records, strict=True)]
    pieces["timings"] = [store.from_rows("timings", [timing(record) for record in records])]
    pieces["runs"] = [store.from_rows("runs", rows)]
    return records, pieces
