"""What is to be run: jobs, batches of jobs, and the keys that name them."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_BATCHES_PER_WORKER = 8
_LARGEST_BATCH = 100


@dataclass(frozen=True)
class Job:
    """One run: its identity, where it belongs, and which parameters it uses."""

    run_id: str
    study: str
    sample: int
    seed: int
    levers: str
    """JSON of the lever settings."""
    parameters: str
    """Digest of the parameters of the lever point; their text is in the batch."""
    sampled: str = "{}"
    """JSON of the sampled values, by key, that replace the lever point's."""


@dataclass(frozen=True)
class Batch:
    """Jobs that one task runs and one part file holds."""

    jobs: tuple[Job, ...]
    parameters: Mapping[str, str] = field(repr=False)
    """Canonical JSON of the parameters by digest."""
    tables: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name of the part files: a digest of the run keys, so the same batch writes the same files."""
        text = "\0".join(job.run_id for job in self.jobs)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def singles(self) -> list["Batch"]:
        """Return one batch for each job."""
        return [make_batch([job], self.parameters, self.tables) for job in self.jobs]


def make_batch(jobs: Sequence[Job], parameters: Mapping[str, str], tables: tuple[str, ...]) -> Batch:
    """Return a batch that carries only the parameters its jobs need."""
    return Batch(tuple(jobs), {job.parameters: parameters[job.parameters] for job in jobs}, tables)


def batches(jobs: Sequence[Job], parameters: Mapping[str, str], tables: tuple[str, ...], size: int) -> list[Batch]:
    """Cut jobs into batches of ``size``."""
    return [make_batch(jobs[start : start + size], parameters, tables) for start in range(0, len(jobs), size)]


def batch_size(jobs: int, workers: int) -> int:
    """Return a size that keeps every worker busy to the end and files few."""
    return max(1, min(_LARGEST_BATCH, math.ceil(jobs / (workers * _BATCHES_PER_WORKER))))
