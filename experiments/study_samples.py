"""The samples of a study: drawn, validated at every lever point, and crossed with seeds into named runs."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from experiments.design.jobs import Cell
from experiments.design.points import Point
from experiments.design.ranges import Range, Sample, samples_of
from experiments.design.sampling import unit_points
from experiments.engine.sampled import leaf, replaced
from experiments.faults import BadInput
from experiments.identity import run_id_of
from experiments.preflight import Plan, plan
from experiments.preflight.problems import line
from experiments.preflight.session import Composer
from experiments.preflight.study_settings import Study, Uncertainty
from experiments.preflight.validate import parameters as validated
from experiments.preflight.validate import split
from sim.parameters import Problem

_SHOWN = 10
"""Samples whose problems are said; a wrong range makes one for each sample."""
_HAIR = 1e-9
"""Part of a range that is left out at each end when it is held against what its key allows."""


def _range(key: str, asked: Uncertainty) -> Range:
    if asked.range is None:
        return Range(key, "levels", levels=tuple(asked.levels or ()))
    low, high = asked.range
    return Range(key, asked.distribution, low, high, asked.mode if asked.mode is not None else low)


def samples(design: Study, base: Plan) -> list[Sample]:
    """Return the samples of a study; the one empty sample where nothing is uncertain.

    Raises:
        BadInput: When SALib is needed and not installed.
    """
    ranges = [_range(key, asked) for key, asked in design.uncertainties.items()]
    if not ranges:
        return samples_of([], [])
    tree = json.loads(base.parameters.canonical_json())
    counts = [len(of.levels) if of.levels is not None else None for of in ranges]
    cube = unit_points(design.sampling, counts, design.samples).tolist()
    return samples_of(ranges, cube, [of.key for of in ranges if _is_whole(tree, of.key)])


def _is_whole(tree: Mapping[str, Any], key: str) -> bool:
    try:
        value = leaf(tree, key)
    except KeyError:  # said by composing the first sample, with the nearest name
        return False
    return isinstance(value, int) and not isinstance(value, bool)


def range_problems(design: Study, base: Plan) -> Iterator[str]:
    """Yield a line for each range and level that goes beyond what its key allows, whatever samples are drawn."""
    model, _ = split(base.config)
    for key, asked in design.uncertainties.items():
        for value, (name, said) in _ends(asked):
            allowed = _refusal(model, key, value)
            if allowed is not None:
                yield line(Problem(f"study.uncertainties.{key}.{name}", said, allowed))
                break


def _ends(asked: Uncertainty) -> Iterator[tuple[object, tuple[str, object]]]:
    """Yield levels, and the ends of a range from a hair inside (nobody draws an end that is left out itself)."""
    if asked.range is None:
        yield from ((level, ("levels", level)) for level in asked.levels or ())
        return
    low, high = asked.range
    hair = _HAIR * (high - low)
    yield from ((end, ("range", asked.range)) for end in (low + hair, high - hair))


def _refusal(model: Mapping[str, Any], key: str, value: object) -> str | None:
    """Return why a key may not have a value; None where it may, or where something else is wrong."""
    try:
        whole = isinstance(leaf(model, key), int) and isinstance(value, float)
        _, problems = validated(replaced(model, {key: round(value) if whole and isinstance(value, float) else value}))
    except KeyError:  # said by composing the first sample, with the nearest name
        return None
    return next((problem.allowed for problem in problems if problem.key == key), None)


def sample_problems(
    composer: Composer, found: Sequence[tuple[Point, Plan]], samples: Sequence[Sample], advance: Callable[[], None]
) -> Iterator[str]:
    """Yield what is wrong with samples: at each lever point the first is composed in full, the others validated.

    ``advance`` is called after each.
    """
    if not samples[0].values:
        return
    for _, item in found:
        lines = _problems_of_first(composer, item, samples[0])
        for sample in samples if not lines else ():
            lines += _problems_of(item, sample)
            advance()
            if len(lines) >= _SHOWN:
                break
        yield from lines


def _problems_of_first(composer: Composer, item: Plan, sample: Sample) -> list[str]:
    """Return what keeps a sample from being what one would type: a wrong key, or a value that another one follows."""
    try:
        typed = plan(composer, [*item.overrides, *Point(sample.values).overrides])
        model, _ = split(item.config)
        put, problems = validated(replaced(model, sample.values))
    except KeyError as error:
        return [f"study.uncertainties: {error.args[0]} is a file to choose or a new entry; make it a lever"]
    except BadInput as error:
        return [f"study.uncertainties: {text}" for text in error.lines]
    if put is None or put.digest != typed.parameters.digest:
        said = "; ".join(line(problem) for problem in problems) or "another value refers to one of them (${...})"
        return [f"study.uncertainties: {', '.join(sample.values)} cannot be sampled: {said}"]
    return []


def _problems_of(item: Plan, sample: Sample) -> list[str]:
    model, _ = split(item.config)
    _, problems = validated(replaced(model, sample.values))
    return [f"study.uncertainties, sample {sample.index}: {line(problem)}" for problem in problems]


def cells(point: Point, item: Plan, samples: Sequence[Sample], seeds: Sequence[int]) -> Iterator[Cell]:
    """Yield a lever point at every sample, with the identity of its run with every seed."""
    text, digest = item.parameters.canonical_json(), item.parameters.digest
    tree = json.loads(text)
    for sample in samples:
        canonical = _canonical(item, tree, sample)
        yield Cell(point, sample, digest, tuple(run_id_of(canonical, seed) for seed in seeds))


def _canonical(item: Plan, tree: Mapping[str, Any], sample: Sample) -> str:
    from sim import Parameters

    if not sample.values:
        return item.parameters.canonical_json()
    return Parameters.from_mapping(replaced(tree, sample.values)).canonical_json()
