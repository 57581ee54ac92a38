"""How strips over quarters look: a row for each thing, a colour for each code, split where runs differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from experiments.figures.colours import INK
from experiments.figures.paper import SMALL, SOFT, TITLE, WIDTH, written
from experiments.figures.style import history_inside, mark_history, position, time_axis

_ROW, _FILLED = 0.2, 0.86
"""Height of a row in inches, and how much of it is coloured."""
_HEAD, _TICKS, _FOOT, _GAP = 0.26, 0.26, 0.3, 0.14
"""Room in inches for the head of a group, years, the foot of the figure, and between columns."""
_TOP, _KEY, _SQUARE, _NOTE = 0.06, 0.24, 0.13, 0.3
"""Inches above the key, height of a line of it, side of its squares, and height of the note at the end of history."""
_FEW = 3
"""Columns whose heads are written large."""
_HALF = 0.125
"""Half a quarter in years."""


@dataclass(frozen=True)
class Strip:
    """One row."""

    label: str
    shares: pd.DataFrame
    """A row per quarter, a column per code: fractions that sum to at most 1; what is missing stays white."""


@dataclass(frozen=True)
class Group:
    """Rows under one head."""

    title: str
    strips: Sequence[Strip]
    rows: float = 1.0
    """Height of each strip in rows."""


@dataclass(frozen=True)
class Code:
    """What a colour stands for."""

    label: str
    colour: str


@dataclass(frozen=True)
class Strips:
    """A figure: columns of groups of rows, all over the same quarters; columns have the same groups."""

    name: str
    columns: Sequence[Sequence[Group]]
    heads: Sequence[str]
    """Title of each column; empty where there is one."""
    codes: Mapping[str, Code]
    quarters: Sequence[str]
    history_end: str
    footnote: str


def svg(sheet: Strips) -> str:
    """Draw strips and return them as SVG for the inside of a page."""
    return written(sheet.name, lambda: _drawn(sheet))


def _drawn(sheet: Strips) -> Figure:
    groups, key = sheet.columns[0], _key_lines(sheet.codes)
    heights = [_HEAD + _ROW * group.rows * len(group.strips) for group in groups]
    top = _TOP + _KEY * len(key) + _NOTE + (_HEAD + 0.1 if any(sheet.heads) else 0.0)
    height = top + sum(heights) + _TICKS + _FOOT
    figure = Figure(figsize=(WIDTH, height))
    _draw_key(figure, key)
    left = _label_room(groups)
    wide = (WIDTH - left - _GAP) / len(sheet.columns)
    size = TITLE if len(sheet.columns) <= _FEW else SMALL
    for c, column in enumerate(sheet.columns):
        x, above = (left + c * wide) / WIDTH, top
        figure.text(x, 1 - (_TOP + _KEY * len(key) + _HEAD) / height, sheet.heads[c], size=size, weight="bold")
        for g, group in enumerate(column):
            above += heights[g]
            box = (x, 1 - above / height, (wide - _GAP) / WIDTH, (heights[g] - _HEAD) / height)
            _draw_group(figure.add_axes(box), group, sheet, named=c == 0, first=g == 0, last=g == len(column) - 1)
    figure.text(0.1 / WIDTH, 0.08 / height, sheet.footnote, fontsize=SMALL, color=SOFT)
    return figure


def _width(text: str) -> float:
    """Return the width of a small text in inches."""
    return float(TextPath((0, 0), text, size=SMALL).get_extents().width) / 72 if text else 0.0


def _label_room(groups: Sequence[Group]) -> float:
    return max(_width(strip.label) for group in groups for strip in group.strips) + 0.2


def _key_lines(codes: Mapping[str, Code]) -> list[list[tuple[float, Code]]]:
    """Return what stands in each line of the key, with the place of each square in inches."""
    lines: list[list[tuple[float, Code]]] = [[]]
    x = 0.1
    for code in dict.fromkeys(codes.values()):
        room = _SQUARE + 0.06 + _width(code.label) + 0.22
        if x + room > WIDTH and lines[-1]:
            lines.append([])
            x = 0.1
        lines[-1].append((x, code))
        x += room
    return lines


def _draw_key(figure: Figure, lines: list[list[tuple[float, Code]]]) -> None:
    height = figure.get_figheight()
    for i, line in enumerate(lines):
        y = 1 - (_TOP + _KEY * i + 0.14) / height
        for x, code in line:
            square = Rectangle(
                (x / WIDTH, y - 0.5 * _SQUARE / height), _SQUARE / WIDTH, _SQUARE / height, facecolor=code.colour
            )
            figure.add_artist(square)
            figure.text((x + _SQUARE + 0.06) / WIDTH, y, code.label, fontsize=SMALL, va="center")


def _draw_group(axes: Axes, group: Group, sheet: Strips, *, named: bool, first: bool, last: bool) -> None:
    """Draw the rows of a group, the first on top; ``named``: with their labels, ``last``: with years below."""
    axes.set_title(group.title if named else "", fontsize=SMALL + 0.5, pad=3)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    time_axis(axes, sheet.quarters)
    axes.set_xlim(position(sheet.quarters[0]) - _HALF, position(sheet.quarters[-1]) + _HALF)
    axes.tick_params(bottom=last, labelbottom=last, left=False)
    axes.set_ylim(len(group.strips), 0)
    labels = [strip.label if named else "" for strip in group.strips]
    axes.set_yticks([i + 0.5 * _FILLED for i in range(len(labels))], labels)
    for label, code in sheet.codes.items():
        corners = [box for i, strip in enumerate(group.strips) for box in _boxes(strip, label, sheet.codes, i)]
        axes.add_patch(PathPatch(_joined(corners), facecolor=code.colour, linewidth=0))
    if history_inside(sheet.quarters, sheet.history_end):
        mark_history(axes, sheet.history_end, said=named and first, lift=14.0, colour=INK)


Box = tuple[float, float, float, float]
"""Left, right, top and bottom: years, and rows from the top."""


def _boxes(strip: Strip, code: str, codes: Mapping[str, Code], row: int) -> Iterator[Box]:
    """Yield where a code stands in a row; equal neighbours are one box, which keeps the page small."""
    present = [name for name in codes if name in strip.shares]
    if code not in present:
        return
    upto = strip.shares[present].cumsum(axis=1)[code]
    share = strip.shares[code]
    pending: Box | None = None
    for quarter, end, part in zip(strip.shares.index, upto, share, strict=True):
        x, low, high = position(quarter), row + _FILLED * (end - part), row + _FILLED * end
        if part <= 0.0:
            continue
        if pending is not None and _continues(pending, x - _HALF, low, high):
            pending = (pending[0], x + _HALF, low, high)
            continue
        if pending is not None:
            yield pending
        pending = (x - _HALF, x + _HALF, low, high)
    if pending is not None:
        yield pending


def _continues(box: Box, left: float, low: float, high: float) -> bool:
    return max(abs(box[1] - left), abs(box[2] - low), abs(box[3] - high)) < 1e-9


def _joined(boxes: Sequence[Box]) -> Path:
    """Return boxes as one path."""
    points = [p for x0, x1, y0, y1 in boxes for p in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))]
    moves = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(boxes)
    return Path(np.array(points, dtype=np.float64).reshape(-1, 2), moves)
