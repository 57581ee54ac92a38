"""What the report says of a study: effects, regret, attribution, sensitivity, discovery, convergence, row by row."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.analysis import sensitivity
from experiments.analysis.answers import Answers, Asked, answers
from experiments.analysis.cases import cases
from experiments.analysis.convergence import convergence, steps
from experiments.analysis.discovery import Box, discover
from experiments.analysis.loading import Results
from experiments.analysis.means import Mean
from experiments.analysis.paired import Effect, effect
from experiments.analysis.regret import regrets
from experiments.analysis.rounding import ABSENT, percent, rounded
from experiments.analysis.sampled import units_of, values_of
from experiments.analysis.shapley import shapley, two_level
from experiments.report.provenance import grade_of

Floats = NDArray[np.float64]
Labels = Mapping[str, str]
"""Label of each lever point by the JSON of its settings."""
_WORST = 0.75
"""Without a threshold the cases to describe are the worst quarter."""
_LARGEST = 6
"""Uncertainties shown for each outcome."""
_SEEDS_TO_COMPARE = 16
"""The spread of a quarter of fewer seeds says nothing of how errors shrink."""
_SAID = 20
"""Effects said in a terminal."""
_MOST_GAIN = 1000.0
"""Gain beyond which pairs all but agree, and rounding decides."""


@dataclass(frozen=True)
class Part:
    """One table of the page."""

    title: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def parts(results: Results) -> list[Part]:
    """Return the tables of a study, those with nothing in them left out; nothing for a single run."""
    if not _is_study(results):
        return []
    found, names = answers(results), _labels(results)
    makers: Sequence[Callable[[Results, Answers, Labels], Part]] = (
        _effects, _regrets, _attribution, _sensitivity, _discovery, _convergence,
    )  # fmt: skip
    return [part for part in (make(results, found, names) for make in makers) if part.rows]


def effects_in_words(results: Results) -> str:
    """Return the effects of a study for a terminal, the first of them; empty where there is no second lever point."""
    if not _is_study(results):
        return ""
    part = _effects(results, answers(results), _labels(results))
    rows = [row[:5] for row in (part.head, *part.rows[:_SAID])]
    if len(rows) == 1:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    more = [f"{len(part.rows) - _SAID} more are in the report"] if len(part.rows) > _SAID else []
    return "\n".join([part.title, *(f"  {line}" for line in [*lines, *more])])


def _is_study(results: Results) -> bool:
    return results.manifest["kind"] == "study" and "outcomes" in results


def _labels(results: Results) -> dict[str, str]:
    return {json.dumps(case.levers, sort_keys=True): case.label for case in cases([results])}


def _said(asked: Asked) -> str:
    """Return an outcome in words: name, horizon, unit."""
    return f"{asked.label}, {asked.unit}"


def _number(value: float, digits: int = 2) -> str:
    return rounded(value, digits)


def _band(mean: Mean, digits: int = 2) -> str:
    if math.isnan(mean.low):
        return _number(mean.mean, digits)
    return f"{_number(mean.mean, digits)} ({_number(mean.low, digits)} to {_number(mean.high, digits)})"


def _effects(results: Results, found: Answers, names: Labels) -> Part:
    design = results.manifest["design"]["sampling"]
    rows = [
        (_said(asked), names[point], *_effect_row(effect(cube[0], cube[i], asked.sign, asked.effect), asked, design))
        for asked in found.asked
        for cube in (found.values[asked.label],)
        for i, point in enumerate(found.points[1:], 1)
    ]
    unit = "seeds" if len(found.seeds) > 1 else "samples"
    against = names[found.points[0]]
    caption = (
        f"Effect of each lever point against {against}, from pairs of runs with the same samples "
        "and seeds: "
        f"mean and 95% band over {unit} (Student's t; one row by itself: of twenty rows without any effect one is told "
        "from 0). Samples and seeds with a run missing are left out. Better: share of pairs, ties half. Gain: how many "
        "times more runs independent seeds would take for the same band. Seeds to resolve: for the effect that the "
        "study names, with a 95% band and 80% power."
    )
    head = ("Outcome", "Point", "Effect (95%)", "Pairs", "Told from 0", "Better", "Gain", "Seeds to resolve")
    return Part("Effects against the reference", caption, head, tuple(rows))


def _effect_row(one: Effect, asked: Asked, sampling: str) -> tuple[str, ...]:
    """Return an effect in words; without a band where its units are samples that are not drawn one by one."""
    banded = one.mean.count > 1 and (one.unit == "seeds" or sampling == "latin_hypercube")
    resolved = ("yes" if one.mean.resolved else "no") if banded else "one seed" if one.pairs else "no pair"
    band = _band(one.mean) if banded else _number(one.mean.mean)
    gain = f"over {_MOST_GAIN:,.0f}" if one.gain > _MOST_GAIN else _number(one.gain)
    further = ""
    if one.needed is not None:
        more = f", {one.further:,} more" if one.further else ", reached"
        further = f"{one.needed:,} for {_number(asked.effect or 0.0)}{more}"
    better = percent(one.superiority) if math.isfinite(one.superiority) else ""
    return band, f"{one.pairs:,}", resolved, better, gain, further


def _regrets(_: Results, found: Answers, names: Labels) -> Part:
    asked = [one for one in found.asked if one.sign is not None and len(found.points) > 1]
    rows = [
        (_said(one), names[point], _number(row.mean), _number(row.largest), f"{row.best} of {row.states}")
        for one in asked
        for point, row in zip(found.points, regrets(found.values[one.label], one.sign or 1.0), strict=True)
    ]
    states = "samples (means over seeds)" if len(found.samples) > 1 else "seeds"
    caption = f"Distance to the best lever point in each state of the world; states are {states}."
    return Part("Regret", caption, ("Outcome", "Point", "Mean", "Largest", "Best in"), tuple(rows))


def _attribution(_: Results, found: Answers, __: Labels) -> Part:
    rows = []
    if two_level(found.points) is not None:
        rows = [
            (_said(asked), lever, _band(mean))
            for asked in found.asked
            for lever, mean in shapley(found.points, found.values[asked.label]).items()
        ]
    caption = (
        "Shapley parts: the mean effect of moving each lever to its second value over all orders of moving them. "
        "The parts "
        "of an outcome sum to the effect of all levers together; interactions are shared. Mean and 95% band."
    )
    return Part("Which lever it is due to", caption, ("Outcome", "Lever", "Part (95%)"), tuple(rows))


def _by_sample(found: Answers, asked: Asked) -> Floats:
    """Return the outcome at the reference by sample, the mean over its seeds; NaN where a run is missing."""
    values: Floats = found.values[asked.label][0].mean(axis=1)
    return values


def _sensitivity(results: Results, found: Answers, _: Labels) -> Part:
    sampling = results.manifest["design"]["sampling"]
    units = units_of(results)
    keys = [str(key) for key in units.columns]
    rows: list[tuple[str, ...]] = []
    if keys and sampling in _INDICES and sensitivity.available():
        rows = [
            (_said(asked), *row, grade_of(row[0]))
            for asked in found.asked
            if np.isfinite(outcome := _by_sample(found, asked)).all() and float(np.ptp(outcome)) > 0
            for row in islice(_INDICES[sampling](keys, units.to_numpy(), outcome), _LARGEST)
        ]
    head, caption = _INDEX_WORDS.get(sampling, ((), ""))
    return Part("What it hangs on", caption, head, tuple(rows))


def _sobol_rows(keys: Sequence[str], _: Floats, outcome: Floats) -> Iterator[tuple[str, ...]]:
    for row in sensitivity.sobol(keys, outcome):
        first, total = f"{row.first:.2f} ± {row.first_half:.2f}", f"{row.total:.2f} ± {row.total_half:.2f}"
        yield row.key, first, total


def _morris_rows(keys: Sequence[str], units: Floats, outcome: Floats) -> Iterator[tuple[str, ...]]:
    for row in sensitivity.morris(keys, units, outcome):
        yield row.key, f"{_number(row.size)} ± {_number(row.size_half)}", _number(row.mean), _number(row.spread)


_INDICES = {"sobol": _sobol_rows, "morris": _morris_rows}
_INDEX_WORDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "sobol": (
        ("Outcome", "Uncertainty", "First order", "Total", "Grade"),
        "Sobol indices at the reference: share of the variance between samples that an uncertainty makes alone, "
        "and with "
        "all its interactions; half-widths of 95% intervals by resampling. Six largest. Grade: evidence for the "
        "value in the "
        "baseline.",
    ),
    "morris": (
        ("Outcome", "Uncertainty", "Size (mu*)", "Mean", "Spread", "Grade"),
        "Morris screening at the reference: change of the outcome over the whole range of an uncertainty, in the "
        "unit of "
        "the outcome (of levels and of a few whole numbers up to half too large); half-widths of 95% intervals by "
        "resampling. Six largest. Grade: evidence for the value in the baseline.",
    ),
}


def _discovery(results: Results, found: Answers, _: Labels) -> Part:
    values, units = values_of(results), units_of(results)
    for key in units.columns:  # a box never cuts through a level or a whole number
        units[key] = units[key].groupby(values[key].map(repr)).transform("mean")
    rows = []
    for asked in found.asked:
        outcome = _by_sample(found, asked)
        known = np.isfinite(outcome)
        if asked.sign is None or units.empty or not known.any() or results.manifest["design"]["sampling"] == "morris":
            continue
        loss = asked.sign * outcome
        limit = asked.sign * asked.threshold if asked.threshold is not None else float(np.quantile(loss[known], _WORST))
        box = discover([str(key) for key in units.columns], units.to_numpy()[known], (loss > limit)[known])
        text = f"{'above' if asked.sign > 0 else 'below'} {_number(asked.sign * limit)}"
        if box is not None:
            said = "; ".join(_limits(box, values.loc[known.tolist()], units.loc[known.tolist()]))
            rows.append((_said(asked), text, said, percent(box.coverage), percent(box.density), f"{box.samples}"))
    caption = (
        "Where the outcome turns out worse than the threshold at the reference (worst quarter of the samples "
        "where the study "
        "names none): the box that patient peeling (PRIM) finds. Coverage: share of the cases inside; density: "
        "share of cases "
        "among the samples inside. In brackets quasi-p-values, below 0.05 for every restriction that is kept: the "
        "chance of so many cases inside by luck, for one restriction chosen beforehand. The box was searched for: try "
        "it on samples of another study before relying on it."
    )
    head = ("Outcome", "Cases", "Box", "Coverage", "Density", "Samples inside")
    return Part("Scenarios in which it turns out badly", caption, head, tuple(rows))


def _limits(box: Box, values: Any, units: Any) -> Iterator[str]:
    """Yield each restriction in the unit of its key."""
    for limit in box.limits:
        column = units[limit.key]
        inside = values[limit.key][(column >= limit.low) & (column <= limit.high)]
        chance = "<0.001" if limit.chance < 0.001 else _number(limit.chance, 1)
        yield f"{limit.key} {_span(list(inside))} ({chance})"


def _span(inside: Sequence[Any]) -> str:
    if all(isinstance(value, int | float) for value in inside):
        return f"{_number(min(inside), 3)} to {_number(max(inside), 3)}"
    return " or ".join(sorted({str(value) for value in inside}))


def _convergence(_: Results, found: Answers, __: Labels) -> Part:
    rows, counts = [], steps(len(found.seeds))
    head = ("Outcome", *(f"{count} seeds" for count in counts), "Half-width / mean", "Error shrinks to")
    if len(found.seeds) >= 4:
        for asked in found.asked:
            one = convergence(found.values[asked.label][0], asked.within)
            if len(one.seeds) < len(counts) or one.means[-1].half_width == 0:
                continue  # too few runs have it, or it is the same in all: a share of all the world
            less = f" ({one.seeds[-1]} seeds have it)" if one.seeds[-1] < counts[-1] else ""
            relative = percent(one.relative) if math.isfinite(one.relative) else ABSENT
            ratio = f"{_number(one.shrinks)} (due {_number(one.due)})"
            shrinks = ratio if len(found.seeds) >= _SEEDS_TO_COMPARE else "too few seeds"
            rows.append((_said(asked) + less, *(_band(mean, 3) for mean in one.means), relative, shrinks))
    caption = (
        "Mean and 95% band at the reference as seeds are added: Student's t, of shares and indices on the logit scale, "
        "so that it stays within what can be, and cut at 0 for the rest. The last column is the standard error with "
        "all seeds over that with a quarter of them, and in brackets what it should be where seeds average out; with "
        "few seeds it is itself uncertain."
    )
    return Part("Are there seeds enough?", caption, head, tuple(rows))
