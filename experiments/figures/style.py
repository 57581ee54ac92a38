"""How lines over quarters look: panels, ribbons, direct labels, the end of history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from experiments.analysis.rounding import rounded
from experiments.figures.colours import FAINT
from experiments.figures.labels import short, spread
from experiments.figures.paper import SMALL, SOFT, TITLE, WIDTH, written
from sim.names import quarter_number

_LEFT, _LINE, _TICKS, _FOOT = 0.58, 0.18, 0.28, 0.28
"""Room in inches around each panel: axis, a line of its title, years; and for the line at the foot of the figure."""
_GAP, _LEADER = 0.16, 0.13
"""Room in inches before each panel's head and between panels; and between a line and its label."""
_LEADS = (0, (1, 1.5))
"""Dots of the line from an end to its label: grey and thin, unlike data."""
_NOTE = 0.34
"""Height in inches of the note at the end of history."""
_BOLD = 0.68
"""Mean width of a bold letter as a fraction of its size."""


@dataclass(frozen=True)
class Series:
    """One line with its ribbons."""

    label: str
    colour: str
    band: pd.DataFrame
    """A row per quarter, with the columns of ``analysis.bands``."""
    style: str = "-"
    labelled: bool = True
    ribbons: bool = True
    width: float = 1.5
    line: str = "median"
    """Column of the band that is drawn as the line."""

    def column(self, edge: str) -> "pd.Series[float]":
        """Return an edge of what is drawn: of the ribbon, or the line where there is none."""
        return self.band[edge if self.ribbons else self.line]


@dataclass(frozen=True)
class Panel:
    """One small multiple: its lines and how its axes are to be read."""

    title: str
    series: Sequence[Series]
    unit: str = ""
    log: bool = False
    percent: bool = False
    signed: bool = False
    """Whether values below zero are shown."""
    top: float | None = None
    """Largest value that the axis must hold; None to fit the lines."""

    @property
    def highest(self) -> float:
        """Largest value drawn; 0 where nothing is."""
        tops = [series.column("high90").max() for series in self.series if len(series.band)]
        return float(max((top for top in tops if np.isfinite(top)), default=0.0))

    @property
    def lowest(self) -> float:
        """Smallest value drawn, at most 0."""
        ends = [series.column("low90").min() for series in self.series if len(series.band)]
        return float(min((end for end in ends if np.isfinite(end)), default=0.0)) if self.signed else 0.0


@dataclass(frozen=True)
class Sheet:
    """A figure: panels in rows, all over the same quarters."""

    name: str
    rows: Sequence[Sequence[Panel]]
    quarters: Sequence[str]
    history_end: str
    footnote: str
    height: float = 2.5
    """Height of a panel in inches."""


def position(quarter: str) -> float:
    """Return a quarter as a number of years, at the middle of the quarter."""
    return (quarter_number(quarter) + 0.5) / 4


def svg(sheet: Sheet) -> str:
    """Draw a sheet and return it as SVG for the inside of a page: the same bytes for the same numbers."""
    return written(sheet.name, lambda: _drawn(sheet))


def _drawn(sheet: Sheet) -> Figure:
    cell, right = WIDTH / max(len(row) for row in sheet.rows), _label_room(sheet)
    letters = int((cell - _LEFT - _GAP) * 72 / (_BOLD * TITLE))
    sheet = replace(sheet, rows=[[replace(p, title=_on_lines(p.title, letters)) for p in row] for row in sheet.rows])
    lines = max(panel.title.count("\n") + 1 for row in sheet.rows for panel in row)
    tall = sheet.height + _GAP + lines * _LINE + _TICKS
    height = tall * len(sheet.rows) + _FOOT
    figure = Figure(figsize=(WIDTH, height))
    for r, row in enumerate(sheet.rows):
        for c, panel in enumerate(row):
            bottom, wide = height - (r + 1) * tall + _TICKS, cell - _LEFT - right
            box = ((c * cell + _LEFT) / WIDTH, bottom / height, wide / WIDTH, sheet.height / height)
            _draw_panel(figure.add_axes(box), panel, sheet, wide, first=r == 0 and c == 0)
    figure.text(0.1 / WIDTH, 0.08 / height, sheet.footnote, fontsize=SMALL, color=SOFT)
    return figure


def _label_room(sheet: Sheet) -> float:
    """Return the width in inches of the widest label of a sheet, with its leader and a gap."""
    labels = {series.label for row in sheet.rows for panel in row for series in panel.series if series.labelled}
    widest = max((TextPath((0, 0), label, size=SMALL).get_extents().width for label in labels if label), default=0.0)
    return float(widest) / 72 + _LEADER + _GAP


def _on_lines(title: str, letters: int) -> str:
    """Return a title that is too long for one line on several: broken at its last colon and between settings."""
    if len(title) <= letters:
        return title
    parts = title.replace(": ", ":\0").rsplit("\0", 1)
    return "\n".join(line for part in parts for line in _packed(part.split(", "), letters))


def _packed(pieces: Sequence[str], letters: int) -> list[str]:
    """Return lines of as many pieces as fit; a piece too long for one is cut."""
    lines: list[str] = []
    for piece in (short(piece, [], letters) for piece in pieces):
        if lines and len(f"{lines[-1]}, {piece}") <= letters:
            lines[-1] += f", {piece}"
        else:
            lines[-1:] = [*(f"{line}," for line in lines[-1:]), piece]
    return lines


def _draw_panel(axes: Axes, panel: Panel, sheet: Sheet, wide: float, *, first: bool) -> None:
    axes.set_title(panel.title)
    axes.set_ylabel(panel.unit)
    time_axis(axes, sheet.quarters)
    for series in panel.series:
        _draw_series(axes, series)
    inside = history_inside(sheet.quarters, sheet.history_end)
    room = _NOTE / sheet.height if inside else 0.04  # the same in every panel, to compare by eye
    _value_axis(axes, panel, room)
    if inside:
        mark_history(axes, sheet.history_end, said=first)
    _label_ends(axes, panel, sheet.height, wide)


def _draw_series(axes: Axes, series: Series) -> None:
    band = series.band
    x = [position(quarter) for quarter in band["quarter"]]
    if band["runs"].max() > 1 and series.ribbons:
        for inner, alpha in (("90", 0.14), ("50", 0.26)):
            low, high = band[f"low{inner}"], band[f"high{inner}"]
            axes.fill_between(x, low, high, color=series.colour, alpha=alpha, linewidth=0)
    axes.plot(x, band[series.line], series.style, color=series.colour, linewidth=series.width)


def time_axis(axes: Axes, quarters: Sequence[str]) -> None:
    """Let an axis run over these quarters, with years below."""
    start, end = position(quarters[0]), position(quarters[-1])
    axes.set_xlim(start, end if end > start else start + 0.25)
    years = range(int(np.ceil(start - 0.13)), int(np.floor(end)) + 1)
    step = max(1, int(np.ceil(len(years) / 5)))
    axes.set_xticks(list(years[::step]), [str(year) for year in years[::step]])


def _value_axis(axes: Axes, panel: Panel, room: float) -> None:
    """Set the scale, with ``room`` (a fraction of the panel) left free above the lines."""
    if panel.log:
        _log_axis(axes, room)
        return
    top, bottom = (panel.highest if panel.top is None else panel.top), min(1.05 * panel.lowest, 0.0)
    axes.set_ylim(bottom, bottom + (top - bottom) / (1 - room) if top > bottom else 1)
    if bottom < 0:
        axes.axhline(0, color=FAINT, linewidth=0.9)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    shown = (lambda y, _: f"{100 * y:g}%") if panel.percent else (lambda y, _: f"{y:,g}")
    axes.yaxis.set_major_formatter(FuncFormatter(shown))


def _log_axis(axes: Axes, room: float) -> None:
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    high = low * (high / low) ** (1 / (1 - room))
    axes.set_ylim(low, high)
    decades = np.log10(high / low)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2.5 else (1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _large(y)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(which="minor", length=0)


def _large(value: float) -> str:
    """Return a number for an axis: thousands and millions by letter."""
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return rounded(value, 1)


def history_inside(quarters: Sequence[str], history_end: str) -> bool:
    """Whether the end of history lies within these quarters."""
    return quarters[0] <= history_end < quarters[-1]


def mark_history(axes: Axes, history_end: str, *, said: bool, lift: float = -2.0, colour: str = FAINT) -> None:
    """Draw a dashed line at the end of history; ``said``: with a note, ``lift`` points above the top of the panel."""
    x = position(history_end) + 0.125
    axes.axvline(x, color=colour, linewidth=0.9, linestyle=(0, (4, 3)))
    if said:
        axes.annotate(
            "observed deliveries\nuntil here",
            (x, 1), (3, lift), xycoords=("data", "axes fraction"), textcoords="offset points",
            fontsize=7, color=SOFT, va="top" if lift < 0 else "bottom", ha="left",
        )  # fmt: skip


def _label_ends(axes: Axes, panel: Panel, inches: float, wide: float) -> None:
    """Write the name of each line beside its last value, in a panel of this height and width."""
    start = 1.0 + _LEADER / wide
    ends = [(series, end) for series in panel.series if series.labelled and (end := _end(axes, series)) is not None]
    gap = 1.18 * SMALL / (72 * inches)
    places = spread([y for _, (_, y) in ends], gap, 0.0, 1.0)
    for (series, (x, y)), place in zip(ends, places, strict=True):
        leader = Line2D((x, start - 0.01), (y, place), color=FAINT, linewidth=0.7, linestyle=_LEADS)
        leader.set(transform=axes.transAxes, clip_on=False)
        axes.add_artist(leader)
        text = axes.text(start, place, series.label, fontsize=SMALL, color=series.colour, va="center")
        text.set_transform(axes.transAxes)


def _end(axes: Axes, series: Series) -> tuple[float, float] | None:
    """Return the last point of a line as a fraction of the axes; None for a line without values."""
    known = series.band.dropna(subset=[series.line])
    if axes.get_yscale() == "log":
        known = known[known[series.line] > 0]
    if known.empty:
        return None
    last = known.iloc[-1]
    point = axes.transData.transform((position(last["quarter"]), last[series.line]))
    x, y = axes.transAxes.inverted().transform(point)
    return float(x), float(min(max(y, 0.0), 1.0))
