"""From lever points and seeds to jobs: crossed, so that every point meets the same seeds."""

from collections.abc import Sequence

from experiments.design.points import Point
from experiments.engine.keys import Job
from experiments.identity import run_id_of

SAMPLE = 0
"""The only sample while no uncertainties are drawn: the configured values."""


def jobs(study: str, points: Sequence[tuple[Point, str, str]], seeds: Sequence[int]) -> list[Job]:
    """Return a job for every point and seed, seeds running fastest.

    Args:
        study: Name of the study.
        points: Lever points with the canonical JSON of their parameters and its digest.
        seeds: Seeds, the same for every point.
    """
    return [
        Job(run_id_of(text, seed), study, SAMPLE, seed, point.label, digest)
        for point, text, digest in points
        for seed in seeds
    ]
