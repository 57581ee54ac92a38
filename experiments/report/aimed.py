"""The first block of a report: what becomes of the region that rules aim at."""

import math
from collections.abc import Sequence

from experiments.analysis.aimed import Aimed, Measure, region_of
from experiments.analysis.cases import Case
from experiments.analysis.paired import Effect
from experiments.analysis.rounding import ABSENT, rounded
from experiments.report.study import Part

_GRAIN = 0.01
"""Step of the smallest differences said: levels of these measures are not known more exactly."""
_WHAT = (
    "Compute owned: by firms with headquarters there, wherever the cards stand; in use: by customers there and by "
    "these firms. Fees and duties: under rules that name the region, summed from the start. Tables market, sites, "
    "chips and rules."
)


def aimed(found: Sequence[Case]) -> Part | None:
    """Return the block: measures by quarter for one case, by case for several; None without a region or table."""
    region = region_of(found)
    if region is None:
        return None
    sides = [Aimed(case, region) for case in found]
    if not sides[0].measures:
        return None
    where = f"What it means for {found[0].regions[region]}"
    return _of_one(where, sides[0]) if len(sides) == 1 else _of_several(where, sides)


def _of_one(title: str, side: Aimed) -> Part:
    quarters = side.case.horizons
    rows = [(f"{line.name}, {line.unit}", *map(str, line.values)) for line in side.lines(quarters)]
    spread = "One path, no uncertainty." if side.case.count == 1 else "Medians, in brackets the range of 90% of runs."
    return Part(title, f"{spread} {_WHAT}", ("", *quarters), tuple(rows))


def _of_several(title: str, sides: Sequence[Aimed]) -> Part:
    quarter = min(side.case.quarters[-1] for side in sides)
    shown = [measure for measure in sides[0].measures if all(measure in side.measures for side in sides)]
    columns = [_cells(side, sides[0], shown, quarter) for side in sides]
    rows = tuple((f"{one.name}, {one.unit}", *cells) for one, *cells in zip(shown, *columns, strict=True))
    levels = "one path each" if all(side.case.count == 1 for side in sides) else "medians (range of 90% of runs)"
    caption = (
        f"{quarter}, {levels}; below it the difference to {sides[0].case.label}: mean over pairs of runs "
        f"with the same shocks, in brackets its 95% band where there are several pairs. {_WHAT}"
    )
    return Part(title, caption, ("", *(side.case.label for side in sides)), rows)


def _cells(side: Aimed, reference: Aimed, shown: Sequence[Measure], quarter: str) -> list[str]:
    levels = {line.name: str(line.values[0]) for line in side.lines([quarter])}
    if side is reference:
        return [levels[measure.name] for measure in shown]
    more = {measure.name: side.more_than(reference, measure, quarter) for measure in shown}
    return [f"{levels[one.name]}\n{_difference(more[one.name], one)}" for one in shown]


def _difference(found: Effect | None, measure: Measure) -> str:
    """Return a difference with its band and the pairs that it is from, of shares in points."""
    if found is None or not math.isfinite(found.mean.mean):
        return ABSENT
    more, pairs = found.mean, f"{found.pairs:,} pair{'s' if found.pairs > 1 else ''}"
    scale, unit = (100.0, " points") if measure.is_share else (1.0, "")
    mean, low, high = (scale * value for value in (more.mean, more.low, more.high))
    band = f" ({_signed(low)} to {_signed(high)})" if math.isfinite(low) else ""
    return f"{_signed(mean)}{unit}{band}, {pairs}"


def _signed(value: float) -> str:
    if abs(value) < 0.5 * _GRAIN:
        return "0"
    text = rounded(value) if abs(value) >= 10 * _GRAIN else f"{value:.2f}"
    return f"+{text}" if value > 0 else text
