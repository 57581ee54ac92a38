"""The short summary a command prints: who leads on three bases, concentration, unmet demand, prices."""

from textwrap import fill

from experiments.analysis.cases import BASES, Case, cases, drawable
from experiments.analysis.headline import leaders, market_lines
from experiments.analysis.loading import Results

_NEEDED = ("providers", "market")
_LEADERS, _BLOCKS = 4, 4


def runs_said(case: Case) -> str:
    """Return how many runs stand behind the numbers, and what their spread is."""
    failed = f"; {case.failed} failed and are left out" if case.failed else ""
    if case.count == 1:
        return f"one path (seed {case.runs['seed'].iloc[0]}), no uncertainty{failed}"
    return f"median of {case.count} seeds, in brackets what 90% of them span{failed}"


def summary(results: Results) -> str:
    """Return the summary of one finished folder."""
    found = drawable(cases([results]))
    blocks = [_block(case, results) for case in found[:_BLOCKS]]
    more = [f"{len(found) - _BLOCKS} more lever points are in the report"] if len(found) > _BLOCKS else []
    return "\n\n".join([*blocks, *more, *_not_stored(results)])


def _not_stored(results: Results) -> list[str]:
    return [f"no summary of {name}: the table is not stored (output.tables)" for name in _NEEDED if name not in results]


def _block(case: Case, results: Results) -> str:
    lines = [f"{case.label}: {case.quarters[0]} to {case.quarters[-1]}, {runs_said(case)}"]
    lines += _share_lines(case) if "providers" in results else []
    lines += _market_table(case) if "market" in results else []
    return "\n".join(lines)


def _share_lines(case: Case) -> list[str]:
    last = case.quarters[-1]
    lines = [f"  World shares, {last}"]
    for basis in BASES:
        found = leaders(case, basis, last, most=_LEADERS)
        said = "; ".join(f"{item.label} {item.share}" for item in found) or "nothing is sold"
        lines.append(fill(said, 100, initial_indent=f"    by {basis:<9}", subsequent_indent=" " * 16))
    return lines


def _market_table(case: Case) -> list[str]:
    rows = [(line.name, [str(value) for value in line.values], line.unit) for line in market_lines(case)]
    widths = [max(len(case.horizons[i]), *(len(values[i]) for _, values, _ in rows)) for i in range(len(case.horizons))]
    head = "  ".join(quarter.rjust(width) for quarter, width in zip(case.horizons, widths, strict=True))
    lines = [f"  {'World':<31}{head}"]
    for name, values, unit in rows:
        cells = "  ".join(value.rjust(width) for value, width in zip(values, widths, strict=True))
        lines.append(f"  {name:<31}{cells}  {unit}")
    return lines
