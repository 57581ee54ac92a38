"""The short summary a command prints: leaders on three bases, the world, where rules aim, what happens to firms."""

from collections.abc import Sequence
from itertools import zip_longest

from experiments.analysis.aimed import Aimed, region_of
from experiments.analysis.cases import BASES, Case, cases, drawable
from experiments.analysis.happenings import NEEDED, happenings
from experiments.analysis.headline import Line, leaders, market_lines
from experiments.analysis.loading import Results, gathered

_NEEDED = ("providers", "market", *NEEDED)
_LEADERS, _BLOCKS = 3, 4
_AIMED = 3
"""Measures of the region that rules aim at: what its firms own, what is used, and the rent."""


def runs_said(case: Case) -> str:
    """Return how many runs stand behind the numbers, and what their spread is."""
    failed = f"; {case.failed} failed and are left out" if case.failed else ""
    if case.count == 1:
        (seed,) = case.runs.loc[case.runs["status"] == "ok", "seed"]
        return f"one path (seed {seed}), no uncertainty{failed}"
    samples = case.runs["sample"].nunique()
    spread = f"{case.count} runs ({samples} samples x seeds)" if samples > 1 else f"{case.count} seeds"
    return f"median of {spread}, in brackets their 5% and 95% quantiles{failed}"


def summary(results: Sequence[Results]) -> str:
    """Return the summary of finished folders: the first lever points of each, under names that differ."""
    groups = gathered(results)
    found = drawable(cases(groups))
    return "\n\n".join(_of_one(one, [case for case in found if case.results is one]) for one in groups)


def _of_one(results: Results, found: Sequence[Case]) -> str:
    region = region_of(found) if found else None
    blocks = [_block(case, results, region) for case in found[:_BLOCKS]]
    more = [f"{len(found) - _BLOCKS} more lever points are in the report"] if len(found) > _BLOCKS else []
    return "\n\n".join([*blocks, *more, *_not_stored(results)])


def _not_stored(results: Results) -> list[str]:
    return [f"no summary of {name}: the table is not stored (output.tables)" for name in _NEEDED if name not in results]


def _block(case: Case, results: Results, region: str | None) -> str:
    lines = [f"{case.label}: {case.quarters[0]} to {case.quarters[-1]}, {runs_said(case)}"]
    lines += _share_lines(case) if "providers" in results else []
    if "market" in results:
        lines += _table(case, "World", market_lines(case))
        aimed = Aimed(case, region).lines(case.horizons)[:_AIMED] if region else []
        lines += _table(case, case.regions[region], aimed) if region else []
    lines += _happenings(case) if all(name in results for name in NEEDED) else []
    return "\n".join(lines)


def _share_lines(case: Case) -> list[str]:
    """Return the leaders on each basis, a row for each basis and a column for each place."""
    last = case.quarters[-1]
    found = {basis: leaders(case, basis, last, most=_LEADERS) for basis in BASES}
    rows = {basis: [f"{item.label} {item.share}" for item in items] for basis, items in found.items()}
    widths = [max(map(len, column)) for column in zip_longest(*rows.values(), fillvalue="")]
    lines = [f"  World shares, {last}"]
    for basis, row in rows.items():
        cells = (cell.ljust(width) for cell, width in zip(row or ["nothing is sold"], widths or [0], strict=False))
        lines.append(f"    by {basis:<9}{'  '.join(cells)}".rstrip())
    return lines


def _table(case: Case, title: str, found: Sequence[Line]) -> list[str]:
    """Return measures, a row each with a column for each horizon."""
    rows = [(line.name, [str(value) for value in line.values], line.unit) for line in found]
    widths = [max(len(case.horizons[i]), *(len(values[i]) for _, values, _ in rows)) for i in range(len(case.horizons))]
    head = "  ".join(quarter.rjust(width) for quarter, width in zip(case.horizons, widths, strict=True))
    lines = [f"  {title:<31}{head}"]
    for name, values, unit in rows:
        cells = "  ".join(value.rjust(width) for value, width in zip(values, widths, strict=True))
        lines.append(f"  {name:<31}{cells}  {unit}")
    return lines


def _happenings(case: Case) -> list[str]:
    return ["  What happens", *(f"    {item.name:<26}{item.text}" for item in happenings(case))]
