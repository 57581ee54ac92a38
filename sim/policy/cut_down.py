"""The best specification under given rules: a card cut down along compute, memory bandwidth and links (B4).

Relative performance is a product of powers, more of anything is better, and rules are tests of lines reached. So at
the optimum every specification is that of the whole card or lies just below a line (that of a ban, or the upper one of
what is licensed), or memory and links share a line on their sum as their exponents say: a short list holds the optimum,
and no search is needed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Floats
from sim.economics.performance import relative_performance
from sim.parameters.policy import Line
from sim.parameters.suppliers import Chip
from sim.policy.chip_rules import Case, Subjects, rulings
from sim.policy.deciding import NO_RULE
from sim.policy.specification import metrics
from sim.policy.status import Place, Status

JUST_BELOW = 1.0 - 1e-9


class Specification(NamedTuple):
    """What a card can be cut along."""

    tpp: float
    """TOPS x bit length."""
    memory: float
    """GB/s."""
    links: float
    """GB/s bidirectional."""


class Task(NamedTuple):
    """For whom a card is cut, and how."""

    name: str
    """Id of the new card."""
    origin: str
    """Region of the headquarters of its maker."""
    place: Place
    """Where it shall be sold."""
    cases: Sequence[Case]
    """Rules that look at it there."""
    exponents: tuple[float, float, float]
    """Of compute, memory bandwidth and links in performance, weighted by demand."""
    margins: Specification
    """Fractions by which what is cut lies below its line."""
    apart: frozenset[str] = frozenset()
    """Ids of cards made for one destination, the new one among them."""

    def named(self, name: str, others: Iterable[str]) -> "Task":
        """Return the task for a card of a name, beside others that were made for one destination."""
        return self._replace(name=name, apart=frozenset({name, *others}))


class Cut(NamedTuple):
    """A card cut down."""

    base: str
    specification: Specification


def whole(chip: Chip) -> Specification:
    """Return what a card has."""
    return Specification(chip.tpp, chip.memory_bandwidth_gb_s, chip.interconnect_gb_s)


def applicable_area(chip: Chip) -> float:
    """Return the die area of a card as rules read it, mm2: that of its logic where no other is known."""
    return chip.die_area_mm2 or chip.logic_area_mm2


def performance(specification: Specification, task: Task) -> float:
    """Return performance relative to an H100, weighted by demand."""
    return relative_performance(*specification, task.exponents)


def best_cut(bases: Mapping[str, Chip], task: Task) -> Cut | None:
    """Return the specification that is worth most under the rules, at or below that of one of some cards.

    Dies stay, so density falls with compute. Of equals the first counts; None where none may go.
    """
    most = [Cut(name, found) for name, chip in bases.items() for found in dict.fromkeys(_candidates(chip, task))]
    cut = [Cut(name, _below(found, bases[name], task.margins)) for name, found in most]
    areas = [applicable_area(bases[name]) for name, _ in most]
    kept = left([row.specification for row in most + cut], areas + areas, task).reshape(2, -1)
    values = [
        (share * performance(row.specification, task), row)
        for row, share, whole_share in zip(cut, kept[1], kept[0], strict=True)
        if min(share, whole_share) > 0.0
    ]
    return max(values, key=lambda row: row[0])[1] if values else None


def left(specifications: Sequence[Specification], areas: Sequence[float], task: Task) -> Floats:
    """Return what rules leave of the worth of each specification on dies of an area, mm2 (n,).

    All where none catches it; of a licence what is approved, less what buyer and maker pay for it, in a buyer's eyes:
    ``approval (1 - revenue share) / (1 + duty)``; of what must be notified what makers see in it, see
    ``chip_rules.in_full``; nothing where it is denied or not known.
    """
    tpp, memory, links = np.array(specifications, dtype=np.float64).reshape(-1, 3).T
    names, origins = [task.name] * tpp.size, [task.origin] * tpp.size
    return allowed(
        Subjects(names, origins, metrics(tpp, memory, links, np.array(areas)), [task.place], task.apart), task
    )


def allowed(subjects: Subjects, task: Task) -> Floats:
    """Return the same of given cards at a place (V,)."""
    found = rulings(task.cases, subjects)
    terms: Floats = found.approval[0] * found.kept[0] / (1.0 + found.duty[0])
    on_terms = (found.status[0] == Status.LICENCE) | (found.status[0] == Status.NOTIFY)
    return np.where(found.rule[0] == NO_RULE, 1.0, np.where(on_terms, terms, 0.0))


def smallest_die(base: Chip, cut: Specification, fixed: float, task: Task) -> float:
    """Return the area of a new die over that of the base, as small as holds the compute and is as free.

    Less area means more density, so a line on density keeps a die large.

    Args:
        base: whose compute per mm2 the new die has.
        cut: what it shall have.
        fixed: part of the area that does not shrink with compute.
        task: for whom.
    """
    area, least = applicable_area(base), fixed + (1.0 - fixed) * min(cut.tpp / base.tpp, 1.0)
    given = [(line.performance_density, scale) for line, scale in _tests(task.cases)]
    lines = [density * scale for density, scale in given if density is not None]
    sizes = [1.0, least, *(cut.tpp / (area * line * JUST_BELOW) for line in lines)]
    sizes = [size for size in sizes if least <= size <= 1.0]
    kept = left([cut] * len(sizes), [area * size for size in sizes], task)
    return min(size for size, share in zip(sizes, kept, strict=True) if share >= kept[0])


def _below(most: Specification, base: Chip, margins: Specification) -> Specification:
    """Return a specification with the margins by which what is cut misses its line."""
    rows = zip(most, whole(base), margins, strict=True)
    return Specification(*(value if value >= full else value * (1.0 - margin) for value, full, margin in rows))


def _candidates(base: Chip, task: Task) -> Iterator[Specification]:
    """Yield specifications among which the best is, margins left out."""
    full, lines = whole(base), _lines(base, task.cases)
    tpps, memories, links = (_steps(value, lines[n]) for n, value in enumerate(full))
    pairs = [*product(memories, links)]
    for total in lines[3]:
        pairs += _sharing(total * JUST_BELOW, memories, links, task.exponents)
    for tpp, (memory, link) in product(tpps, pairs):
        if 0.0 < memory <= full.memory and 0.0 < link <= full.links:
            yield Specification(tpp, memory, link)


def _steps(full: float, lines: Sequence[float]) -> list[float]:
    return [full, *(line * JUST_BELOW for line in lines if line * JUST_BELOW < full)]


def _sharing(
    total: float, memories: Sequence[float], links: Sequence[float], exponents: tuple[float, float, float]
) -> Iterator[tuple[float, float]]:
    """Yield memory bandwidth and links that together come to a sum."""
    yield from ((memory, total - memory) for memory in memories)
    yield from ((total - link, link) for link in links)
    both = exponents[1] + exponents[2]
    if both > 0.0:
        yield total * exponents[1] / both, total * exponents[2] / both


def _lines(base: Chip, cases: Sequence[Case]) -> list[list[float]]:
    """Return the lines of rules on compute, memory bandwidth, links, and the sum of the two."""
    area = applicable_area(base)
    rows = [_thresholds(line, area, scale) for line, scale in _tests(cases)]
    return [sorted({value for row in rows for value in row[n]}) for n in range(4)]


def _tests(cases: Sequence[Case]) -> Iterator[tuple[Line, float]]:
    """Yield the lower and upper lines of all tests of rules, with the factor on them."""
    for case in cases:
        for prong in case.rule.prongs.values():
            yield from ((prong.at_least, case.scale), (prong.below, case.scale))


def _thresholds(line: Line, area: float, scale: float) -> list[list[float]]:
    """Return the thresholds of one test in the order of ``_lines``; one on density is one on compute."""
    density = None if line.performance_density is None else line.performance_density * area
    given = [line.tpp, density], [line.memory_bandwidth_gb_s], [line.interconnect_gb_s], [line.bandwidth_sum_gb_s]
    return [[value * scale for value in values if value is not None] for values in given]
