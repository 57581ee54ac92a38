"""What a study answers with: each headline outcome as an array of lever points, samples and seeds."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.analysis.cases import point_order
from experiments.analysis.loading import Results
from experiments.analysis.means import Span
from experiments.analysis.sampled import values_of
from sim.tables import OUTCOMES

Floats = NDArray[np.float64]
_WORLD = ".world"
_LARGEST = {"fraction": 1.0, "index 0-1": 1.0, "points 0-10000": 10_000.0}
"""Largest value by unit, where there is one."""


@dataclass(frozen=True)
class Asked:
    """A headline outcome and what is asked of it (see ``study.outcomes``)."""

    name: str
    better: str | None = None
    horizon: str | None = None
    effect: float | None = None
    threshold: float | None = None

    @property
    def label(self) -> str:
        """What tells it from others: its name, and its horizon where it has one."""
        return f"{self.name} in {self.horizon}" if self.horizon else self.name

    @property
    def unit(self) -> str:
        """Its unit."""
        return next(outcome.unit for outcome in OUTCOMES if outcome.name == self.name.partition(".")[0])

    @property
    def within(self) -> Span:
        """The least and the largest value that it may have: no headline outcome is negative."""
        return 0.0, _LARGEST.get(self.unit, math.inf)

    @property
    def sign(self) -> float | None:
        """1 where lower is better, -1 where higher is, so that ``sign * value`` is a loss; None without direction."""
        return {"lower": 1.0, "higher": -1.0}.get(self.better or "")


@dataclass(frozen=True)
class Answers:
    """Outcomes of a study."""

    points: tuple[str, ...]
    """JSON of the settings of each lever point; the first is the reference."""
    samples: tuple[int, ...]
    seeds: tuple[int, ...]
    asked: tuple[Asked, ...]
    values: Mapping[str, Floats]
    """Label of an outcome to values (points, samples, seeds); NaN where a run failed or the outcome has no value."""


def answers(results: Results) -> Answers:
    """Return the outcomes that a study asks for, at their horizons; all of the world where it names none.

    Raises:
        KeyError: When the study did not store the table ``outcomes``.
    """
    design = results.manifest["design"]
    runs = results["runs"].pandas(["run_id", "levers", "sample", "seed"])
    points = point_order(design["levers"], set(runs["levers"]))
    asked = tuple(Asked(**one) for one in design["outcomes"]) or _all_of_the_world(results)
    axes = (points, _numbers(runs["sample"]), _numbers(runs["seed"]))
    names = list(dict.fromkeys(one.name for one in asked))
    found = results["outcomes"].pandas(None, {"outcome": names}).merge(runs, on="run_id")
    cubes = {one.label: _cube(_at(found, one), *axes) for one in asked}
    repeated = _repeated(results, axes[1])
    samples = tuple(repeated)
    take = [axes[1].index(first) for first in repeated.values()]
    return Answers(points, samples, axes[2], asked, {label: cube[:, take] for label, cube in cubes.items()})


def _numbers(column: "pd.Series[int]") -> tuple[int, ...]:
    return tuple(sorted({int(number) for number in column}))


def _all_of_the_world(results: Results) -> tuple[Asked, ...]:
    names = dict.fromkeys(results["outcomes"].arrow(["outcome"])["outcome"].to_pylist())
    return tuple(Asked(name) for name in names if name.endswith(_WORLD))


def _at(found: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    mine = found[found["outcome"] == asked.name]
    horizon = asked.horizon or (mine["horizon"].max() if len(mine) else None)
    return mine[mine["horizon"] == horizon]


def _cube(rows: pd.DataFrame, points: tuple[str, ...], samples: tuple[int, ...], seeds: tuple[int, ...]) -> Floats:
    cube = np.full((len(points), len(samples), len(seeds)), np.nan)
    places = zip(
        rows["levers"].map({point: i for i, point in enumerate(points)}),
        rows["sample"].map({sample: i for i, sample in enumerate(samples)}),
        rows["seed"].map({seed: i for i, seed in enumerate(seeds)}),
        rows["value"],
        strict=True,
    )
    for point, sample, seed, value in places:
        cube[point, sample, seed] = value
    return cube


def _repeated(results: Results, stored: tuple[int, ...]) -> dict[int, int]:
    """Return for every sample the first with the same values, whose runs it shares."""
    values = values_of(results)
    if values.empty:
        return {sample: sample for sample in stored}
    texts = values.apply(lambda row: json.dumps(list(row)), axis=1)
    first = {text: int(sample) for sample, text in reversed(list(texts.items()))}  # type: ignore[call-overload]
    return {int(sample): first[text] for sample, text in texts.items()}  # type: ignore[call-overload]
