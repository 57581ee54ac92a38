"""The section that says why shares moved between cases: sentences, a figure, and the reasons in numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from experiments.analysis.cases import Case
from experiments.analysis.comparison import GROUPS, SHOWN, Comparison, comparisons
from experiments.analysis.means import Mean
from experiments.analysis.reasons import Basis
from experiments.figures import REASONS, Drawn, lacking
from experiments.figures.reasons import draw
from experiments.report.study import Part
from sim.tables import WORLD

_SLIGHT = 0.05
"""Points of share below which sentences say nothing; tables do."""
_NOUNS = {"loses": "loss", "gains": "gain"}
_NAMED = 3
"""Reasons, and firms of a rule, that a sentence names: the largest; tables have all."""


@dataclass(frozen=True)
class Moved:
    """The section."""

    said: list[tuple[str, list[str]]]
    """What is compared with what, and sentences on it."""
    figure: Drawn | None
    parts: list[Part]
    apart: list[str]
    """Labels of cases without a run that meets the shocks of the first case."""
    lacking: list[str]
    """Tables that were not stored."""
    left: str = ""
    """What is said of comparisons beyond those shown."""


def moved(found: Sequence[Case], steps: pd.DataFrame | None = None) -> Moved | None:
    """Return the section for several cases, the first of which is the baseline; None for one.

    ``steps`` say what moved first choices, see ``analysis.first_choices``.
    """
    if len(found) < 2:
        return None
    missing = lacking(REASONS, [case.results.names for case in found])
    if missing:
        return Moved([], None, [], [], missing)
    made = list(comparisons(found, steps))
    shown, known = made[:SHOWN], [comparison.other for comparison in made]
    return Moved(
        [_said(comparison) for comparison in shown],
        draw(made) if made else None,
        [part for comparison in shown for part in _parts(comparison)],
        [case.label for case in found[1:] if case not in known],
        [],
        f"Only the first {SHOWN} of {len(made)} comparisons are told and drawn here." if len(made) > SHOWN else "",
    )


def _said(comparison: Comparison) -> tuple[str, list[str]]:
    """Return what is compared with what, and sentences: who gains and loses, and why where shares move most."""
    sentences = list(_extremes(comparison))
    for region in comparison.moving[:1]:
        where = comparison.other.regions.get(region, region)
        sentences += [*_why(comparison, region, where), *_carried_back(comparison, region, where)]
    title = f"{' against '.join(comparison.labels)}{_means(comparison)}"
    return title, sentences or [f"No share of compute moves in {comparison.year}."]


def _firms(comparison: Comparison, region: str) -> list[tuple[str, str, Mean]]:
    """Return who loses most compute share and who gains most, with the verb and the change; none if none moves."""
    net = comparison.parts("compute", region).sum(axis=1)
    if net.empty or net.abs().max() < _SLIGHT:
        return []
    found = (str(net.idxmin()), "loses"), (str(net.idxmax()), "gains")
    return [(firm, verb, comparison.mean("compute", region, firm)) for firm, verb in found]


def _is_told(comparison: Comparison, change: Mean) -> bool:
    """Whether pairs tell the change of a firm's share from zero; one pair tells what happened in it and no more."""
    return comparison.pairs == 1 or change.resolved


def _moves(comparison: Comparison, region: str, firm: str, verb: str, change: Mean) -> str:
    """Return from where to where a share moves, with the band of its change; or that it is not told from zero."""
    name, band = comparison.other.name_of(firm), f"95% band {_points(change.low)} to {_points(change.high)} points"
    if not _is_told(comparison, change):
        return f"the largest {_NOUNS[verb]}, of {name}, is not told from 0 ({band})"
    levels = comparison.levels("compute", region)
    before, after = (f"{levels[side][firm]:.1f}%" for side in ("before", "after"))
    return f"{name} {verb} most, from {before} to {after}" + (f" ({band})" if comparison.pairs > 1 else "")


def _extremes(comparison: Comparison) -> Iterator[str]:
    found = [_moves(comparison, WORLD, *item) for item in _firms(comparison, WORLD)]
    if found:
        yield f"World, share of compute in {comparison.year}: {'; '.join(found)}."


def _why(comparison: Comparison, region: str, where: str) -> Iterator[str]:
    parts = comparison.parts("compute", region)
    for firm, verb, change in _firms(comparison, region):
        moves = f"{where}: {_moves(comparison, region, firm, verb, change)}."
        if not _is_told(comparison, change):
            yield moves
            continue
        largest = list(_by_size(parts, firm).items())[:_NAMED]
        said = [f"{GROUPS[group]} {_points(x)}" for group, x in largest]
        rest = float(parts.sum(axis=1)[firm]) - sum(x for _, x in largest)
        points = ", ".join([*said, f"all other reasons together {_points(rest)}"])
        yield f"{moves} Points of share: {points}."


def _by_size(parts: pd.DataFrame, firm: str) -> dict[str, float]:
    """Return the reasons of a firm by group, the largest first."""
    found = {group: float(parts[group][firm]) for group in GROUPS}
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))


def _carried_back(comparison: Comparison, region: str, where: str) -> Iterator[str]:
    """Yield, by rule, whom cards that it closed moved most, as turned away, taken in or priced out."""
    said = []
    for rule, points in comparison.by_rule(region).items():
        moved = points[points.abs().nlargest(_NAMED).index]
        firms = [f"{comparison.other.name_of(str(x))} {_points(by)}" for x, by in moved.items() if abs(by) >= _SLIGHT]
        if firms:
            said.append(f"{comparison.rule_label(str(rule))}: {', '.join(firms)}")
    if said:
        yield (
            f"Scarce for cards that rules closed, customers in {where} (turned away, taken in or priced out), in "
            f"points of share. {'; '.join(said)}."
        )


def _points(value: float) -> str:
    """Return points of share with their sign; nothing below a hundredth."""
    return f"{value:+.1f}" if abs(value) >= _SLIGHT else f"{value:+.2f}" if abs(value) >= 0.005 else "0"


def _parts(comparison: Comparison) -> Iterator[Part]:
    bases: tuple[Basis, ...] = ("compute", "revenue")
    for region in dict.fromkeys((*comparison.regions, *comparison.moving[:1])):
        for basis in bases:
            yield _part(comparison, basis, region)


def _part(comparison: Comparison, basis: Basis, region: str) -> Part:
    """Return the reasons of a region as a table: a row per provider, the groups that matter as columns."""
    parts, levels = comparison.parts(basis, region), comparison.levels(basis, region)
    net = parts.sum(axis=1).sort_values()
    shown = [group for group in GROUPS if (parts[group].abs() >= 0.005).any()]
    where = comparison.other.regions.get(region, "World")
    rows = tuple(
        (
            comparison.other.name_of(firm),
            *(f"{levels[side][firm]:.1f}%" for side in ("before", "after")),
            *map(_points, (net[firm], *(parts[group][firm] for group in shown))),
        )
        for firm in map(str, net.index)
    )
    return Part(
        f"{where}: share of {basis}, {comparison.year}",
        f"{' against '.join(comparison.labels)}{_means(comparison)}. Points of share: reasons add up to the change.",
        ("Provider", "Reference", "Here", "Change", *(GROUPS[group] for group in shown)),
        rows,
    )


def _means(comparison: Comparison) -> str:
    return f", means over {comparison.pairs} pairs of runs" if comparison.pairs > 1 else ", one pair of runs, no band"
