"""What every figure is drawn on: fonts and greys, and SVG for a page that is the same bytes each time."""

import io
import re
import warnings
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from experiments.figures.colours import FAINT, GRID, INK

WIDTH = 11.4
"""Width of every figure in inches: a page's width in the report."""
SMALL, TITLE = 8.0, 9.5
"""Sizes of letters in points: labels, and titles of panels."""
SOFT = "#555555"
"""Colour of what is said beside the data."""
RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": TITLE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": SMALL,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "path.simplify": False,
}


def written(name: str, drawn: Callable[[], Figure]) -> str:
    """Return a figure as SVG for the inside of a page: the same bytes for the same numbers.

    Args:
        name: Name of the figure; its ids begin with it.
        drawn: Makes the figure, under the settings of every figure.
    """
    with mpl.rc_context(RC | {"svg.hashsalt": name}), warnings.catch_warnings():
        buffer = io.StringIO()
        # Text stays text, so readers' fonts draw what the one that measures it lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawn().savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(buffer.getvalue(), name)


_COORDINATES = re.compile(r' (?:d|x|y|transform)="[^"]*"')
_TO_HUNDREDTHS = re.compile(r"(\.\d\d)\d+")


def _inline(text: str, name: str) -> str:
    """Return the ``svg`` element alone, its ids unlike those of other figures, without foreign addresses."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    head, _, rest = text.partition(">")
    head = re.sub(r' (xmlns(:xlink)?|width|height|version)="[^"]*"', "", head)
    text = f'{head} role="img" aria-labelledby="caption-{name}">{rest}'
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    text = _COORDINATES.sub(lambda found: _TO_HUNDREDTHS.sub(r"\1", found[0]), text)
    return re.sub(r'xlink:href="#', f'href="#{name}-', text)
