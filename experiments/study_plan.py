"""A study's words made into a checked design: every lever point at every sample, validated before anything runs."""

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments import arguments
from experiments.design.jobs import Cell, jobs
from experiments.design.points import Point, override_value, points
from experiments.design.ranges import Sample
from experiments.engine.continuity import Outline, Purpose
from experiments.engine.environment import cores
from experiments.engine.folder import result_folder
from experiments.engine.keys import Job
from experiments.engine.progress import Progress
from experiments.faults import BadInput
from experiments.preflight import Plan, composing, plan
from experiments.preflight.changes import leaves
from experiments.preflight.problems import listed
from experiments.preflight.session import Composer
from experiments.preflight.settings import MODEL_FREE_KEYS
from experiments.preflight.study_settings import Study
from experiments.study_samples import cells, range_problems, sample_problems, samples
from sim.parameters.problems import suggestion
from sim.tables import outcome_names

DEFAULTS = ("study=baseline",)
_NOT_FIXED = ("seed", "study", "hydra")
_MANY = 2000
"""Samples at lever points from which checking them takes more than some ten seconds."""
_MANY_RUNS = 1_000_000
"""Runs from which naming them takes more than some seconds."""


@dataclass(frozen=True)
class Draft:
    """A study before its lever points are composed."""

    entered: Plan
    """The configuration as typed, before what the study fixes."""
    base: Plan
    """The configuration without levers."""
    samples: tuple[Sample, ...]

    @property
    def name(self) -> str:
        """Name of the study: its file in the group ``study``."""
        return self.base.choices["study"]

    @property
    def design(self) -> Study:
        """The study's own settings."""
        return design_of(self.base)

    @property
    def folder(self) -> Path:
        """The study folder: ``<root>/<study>``."""
        return result_folder(self.base.settings.output.root, self.name)

    @property
    def outline(self) -> Outline:
        """What is known of the folder's purpose already."""
        most = len(points(self.design.levers)) * len(self.samples)
        seeds = dict.fromkeys(self.design.seed_list(), most)
        return Outline(self.base.parameters.digest, leaves(self.base.config), seeds)


@dataclass(frozen=True)
class StudyPlan(Draft):
    """A checked study: every lever point's configuration, and every run's identity."""

    points: tuple[tuple[Point, Plan], ...]
    cells: tuple[Cell, ...]
    user_folders: tuple[Path, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables that are asked for."""
        return tuple(self.base.settings.output.tables)

    @property
    def figures(self) -> Sequence[str] | None:
        """Figures of the report; None for all."""
        return self.base.settings.output.figures or self.design.figures

    @property
    def workers(self) -> int:
        """Processes at once."""
        return self.base.settings.executor.workers or cores()

    @cached_property
    def texts(self) -> dict[str, str]:
        """Canonical JSON of the parameters of every lever point, by digest."""
        return {item.parameters.digest: item.parameters.canonical_json() for _, item in self.points}

    @cached_property
    def jobs(self) -> list[Job]:
        """Every planned run."""
        return jobs(self.name, self.cells, self.design.seed_list())

    @property
    def purpose(self) -> Purpose:
        """What the folder is for."""
        run_ids = frozenset(job.run_id for job in self.jobs)
        return Purpose(**vars(self.outline), run_ids=run_ids, tables=self.tables)

    def command_of(self, row: Mapping[str, Any]) -> str:
        """Return the command that makes one run alone, from its row of ``runs``."""
        sampled = self.samples[row["sample"]].values
        settings = {**json.loads(row["levers"]), **sampled}
        folders = [word for folder in self.user_folders for word in ("--config-dir", str(folder))]
        kept = [word for word in self.base.overrides if _head(word) not in (*MODEL_FREE_KEYS, "hydra")]
        words = [*kept, *Point(settings).overrides, f"seed={row['seed']}", *folders]
        return shlex.join(["compute-market", "run", *words])


def design_of(base: Plan) -> Study:
    """Return the study that a configuration describes.

    Raises:
        BadInput: When it describes none.
    """
    if base.settings.study is None:
        raise BadInput(["study = null: choose a study with study=NAME"])
    return base.settings.study


def planned(words: Sequence[str], user_folders: Sequence[Path] = ()) -> StudyPlan:
    """Check a design given from Python, as the command line does.

    Raises:
        BadInput: With every problem found.
    """
    parsed = arguments.parse(words, DEFAULTS)
    with composing(user_folders) as composer:
        return crossed(composer, drafted(composer, parsed.overrides))


def drafted(composer: Composer, overrides: Sequence[str]) -> Draft:
    """Compose and validate a study but for its lever points, each of which takes a second.

    Raises:
        BadInput: With every problem found, each said once.
    """
    entered = plan(composer, overrides)
    base = _with_fixed(composer, entered)
    design = design_of(base)
    _refuse([*_key_problems(design, overrides), *_horizon_problems(design, base)])
    _refuse(_said_in(composer, base, "uncertainties", list(range_problems(design, base))))
    return Draft(entered, base, tuple(samples(design, base)))


def crossed(composer: Composer, draft: Draft) -> StudyPlan:
    """Compose and validate every lever point at every sample.

    Raises:
        BadInput: With every problem found, each said once.
    """
    base, design, drawn = draft.base, draft.design, draft.samples
    found = _lever_points(composer, design, base)
    _refuse(list(_outcome_problems(design, [item for _, item in found])))
    _say_if_many(len(found), len(drawn), len(design.seed_list()))
    with _checking(base, len(found) * len(drawn) if design.uncertainties else 0, "samples") as advance:
        _refuse(list(sample_problems(composer, found, drawn, advance)))
    every = [cell for point, item in found for cell in cells(point, item, drawn, design.seed_list())]
    return StudyPlan(draft.entered, base, drawn, found, tuple(every), composer.user_folders)


def _say_if_many(levers: int, samples: int, seeds: int) -> None:
    """Say how large a study is before all of it is checked, or every run is named, where that takes a while."""
    if levers * samples >= _MANY:
        first = "every sample is checked at every lever point first"
    elif levers * samples * seeds >= _MANY_RUNS:
        first = "the identity of every run is worked out first"
    else:
        return
    print(f"{crossing(levers, samples, seeds)}; {first}", file=sys.stderr)


def crossing(levers: int, samples: int, seeds: int) -> str:
    """Return in words how many runs lever points, samples and seeds make."""
    sampled = f" x {samples:,} samples" if samples > 1 else ""
    return (
        f"{levers} lever {'point' if levers == 1 else 'points'}{sampled} x {seeds:,} "
        f"{'seed' if seeds == 1 else 'seeds'} = {levers * samples * seeds:,} runs"
    )


def _refuse(lines: Sequence[str]) -> None:
    if lines:
        raise BadInput(list(dict.fromkeys(lines)))


def _head(key: str) -> str:
    """Return the group or first part of an override's key."""
    return re.split("[=./@]", key.lstrip("+~"))[0]


def _with_fixed(composer: Composer, base: Plan) -> Plan:
    """Compose again with what the study fixes; what is typed on the command line goes before it."""
    design = design_of(base)
    bad = [f"study.fixed: {key} cannot be fixed{_hint(key)}" for key in design.fixed if _head(key) in _NOT_FIXED]
    _refuse(bad)
    typed = {override.partition("=")[0].lstrip("+~") for override in base.overrides}
    fixed = [f"{key}={override_value(v)}" for key, v in design.fixed.items() if key.lstrip("+~") not in typed]
    try:
        return plan(composer, [*base.overrides, *fixed]) if fixed else base
    except BadInput as error:
        raise BadInput(_said_in(composer, base, "fixed", error.lines)) from None


@contextmanager
def _checking(base: Plan, total: int, unit: str) -> Iterator[Callable[[], None]]:
    """Count what is checked on standard error; one thing is checked in a moment and not counted."""
    if total <= 1:
        yield lambda: None
        return
    with Progress(total, unit, f"{base.choices['study']}: checking") as progress:
        yield progress.advance


def _said_in(composer: Composer, base: Plan, part: str, lines: Sequence[str]) -> list[str]:
    """Return messages about what a part of the study sets, with the file of the study unless it was typed."""
    key, file = f"study.{part}", composer.file(f"study/{base.choices['study']}")
    typed = any(override.lstrip("+~").startswith(key) for override in base.overrides)
    return [line if typed or file is None else f"{line} ({key} in {file})" for line in lines]


def _hint(key: str) -> str:
    return "; say study.seeds" if key == "seed" else ""


def _key_problems(design: Study, overrides: Sequence[str]) -> Iterator[str]:
    """Yield a line for each key that is set in two ways, or is no part of the model."""
    typed = {override.partition("=")[0].lstrip("+~") for override in overrides}
    if "seed" in typed:
        yield "seed: a study has seeds of its own; say study.seeds"
    levers = dict.fromkeys(key.lstrip("+~") for point in points(design.levers) for key in point.settings)
    for name, keys in (("lever", levers), ("uncertainty", design.uncertainties)):
        article = "an" if name == "uncertainty" else "a"
        plural = "uncertainties" if name == "uncertainty" else "levers"
        for key in keys:
            if key in typed:
                yield f"{key}: is {article} {name} of the study; leave it off the command line"
            if key in design.fixed:
                yield f"{key}: is {article} {name} of the study, so study.fixed cannot set it too"
            if _head(key) in (*MODEL_FREE_KEYS, "hydra"):
                yield f"study.{plural}: {key} is not part of the model, so it cannot be {article} {name}{_hint(key)}"
    both = [key for key in design.uncertainties if key in levers]
    yield from (f"{key}: is a lever and an uncertainty of the study; it can be one of the two" for key in both)


def _horizon_problems(design: Study, base: Plan) -> Iterator[str]:
    start, end = base.parameters.market.start, base.parameters.market.end
    for asked in design.outcomes:
        horizon = asked.horizon
        if horizon is not None and not (start <= horizon <= end and (horizon.endswith("Q4") or horizon == end)):
            yield (
                f"study.outcomes: {asked.name}, horizon = {horizon}: outcomes are read in the fourth quarter of a year "
                f"between {start} and {end}, and in {end}"
            )


def _outcome_problems(design: Study, plans: Sequence[Plan]) -> Iterator[str]:
    """Yield a line for each outcome that no run of the study has: of nobody, or of somebody of another sort."""
    models = [item.parameters for item in plans]
    names = dict.fromkeys(name for p in models for name in outcome_names([*p.providers], [*p.market.regions]))
    for asked in design.outcomes:
        if asked.name not in names:
            alike = [name for name in names if name.partition(".")[0] == asked.name.partition(".")[0]]
            yield f"study.outcomes: no run has {asked.name!r}; there are {listed(alike)}{suggestion(asked.name, alike)}"


def _lever_points(composer: Composer, design: Study, base: Plan) -> tuple[tuple[Point, Plan], ...]:
    found: list[tuple[Point, Plan]] = []
    lines = []
    asked = points(design.levers)
    with _checking(base, len(asked), "lever points") as advance:
        for point in asked:
            try:
                found.append((point, plan(composer, [*base.overrides, *point.overrides]) if point.settings else base))
            except BadInput as error:
                lines += _said_in(composer, base, "levers", error.lines)
            advance()
    _refuse(lines or _said_in(composer, base, "levers", _same_points(found)))
    return tuple(found)


def _same_points(found: Sequence[tuple[Point, Plan]]) -> list[str]:
    """Return a line for each lever point whose configuration an earlier one has already."""
    first: dict[str, Point] = {}
    lines = []
    for point, item in found:
        earlier = first.setdefault(item.parameters.digest, point)
        if earlier is not point:
            lines.append(f"{point.label} is the same configuration as {earlier.label}; drop one of them")
    return lines
