"""From lever points, samples and seeds to jobs: crossed, so that every point meets the same samples and seeds."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from experiments.design.points import Point
from experiments.design.ranges import Sample
from experiments.engine.keys import Job


@dataclass(frozen=True)
class Cell:
    """A lever point at a sample: one set of parameters, run with every seed."""

    point: Point
    sample: Sample
    parameters: str
    """Digest of the parameters of the lever point, before the sample."""
    run_ids: tuple[str, ...]
    """Identity of the run with each seed."""


def jobs(study: str, cells: Sequence[Cell], seeds: Sequence[int]) -> list[Job]:
    """Return every run of a study, once: samples that repeat another (as Morris trajectories may) share its runs.

    Args:
        study: Name of the study.
        cells: Every lever point at every sample.
        seeds: Seeds, the same for every cell.
    """
    found: dict[str, Job] = {}
    for cell in cells:
        for job in _of(cell, study, seeds):
            found.setdefault(job.run_id, job)
    return list(found.values())


def _of(cell: Cell, study: str, seeds: Sequence[int]) -> Iterator[Job]:
    values = json.dumps(cell.sample.values, sort_keys=True)
    for run_id, seed in zip(cell.run_ids, seeds, strict=True):
        yield Job(run_id, study, cell.sample.index, seed, cell.point.label, cell.parameters, values)
