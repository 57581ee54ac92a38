"""Why shares moved between two cases: bars of reasons that add up to the change, firm by firm."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments.analysis.comparison import GROUPS, SHOWN, Comparison
from experiments.analysis.reasons import Basis
from experiments.figures import Drawn
from experiments.figures.colours import FAINT, INK, reason_colour
from experiments.figures.labels import short
from experiments.figures.paper import SMALL, SOFT, WIDTH, written
from experiments.figures.paper import TITLE as TITLE_SIZE

TITLE = "Why shares moved"
_FIRMS = 8
"""Firms in a panel."""
_SLIGHT = 0.05
"""Points of share in bars below which a firm is left out."""
_ROW, _HEAD, _AXIS, _FOOT, _KEY, _NAME = 0.24, 0.26, 0.38, 0.3, 0.22, 0.3
"""Inches: a firm, head and axis of a panel, the foot of the figure, a line of the key, the name of a comparison."""
_LEFT, _RIGHT, _KEYS = 1.3, 0.62, 5
"""Inches beside a panel for names and for numbers; entries in a line of the key."""
_BASES: tuple[Basis, ...] = ("compute", "revenue")


def draw(found: Sequence[Comparison]) -> Drawn:
    """Draw two rows of panels for each comparison: the world, and the region that moves most; compute and revenue."""
    drawn = found[:SHOWN]
    return Drawn("reasons", TITLE, written("reasons", lambda: _drawn(drawn)), _caption())


def _drawn(found: Sequence[Comparison]) -> Figure:
    heights = [[_panel_height(comparison, region) for region in comparison.regions] for comparison in found]
    groups = _occurring(found)
    top = _KEY * -(-len(groups) // _KEYS)
    height = top + sum(_NAME + sum(tall) for tall in heights) + _FOOT
    figure = Figure(figsize=(WIDTH, height))
    _draw_key(figure, height, groups)
    for comparison, tall in zip(found, heights, strict=True):
        figure.text(
            0.1 / WIDTH, 1 - (top + 0.6 * _NAME) / height, _against(comparison), fontsize=TITLE_SIZE, weight="bold"
        )
        top += _NAME
        for region, panel in zip(comparison.regions, tall, strict=True):
            _draw_row(figure, comparison, region, top, panel)
            top += panel
    figure.text(0.1 / WIDTH, 0.08 / height, _footnote(found), fontsize=SMALL, color=SOFT)
    return figure


def _panel_height(comparison: Comparison, region: str) -> float:
    firms = max(len(_shown(comparison, basis, region)) for basis in _BASES)
    return _HEAD + _ROW * max(1, firms) + _AXIS


def _shown(comparison: Comparison, basis: Basis, region: str) -> pd.DataFrame:
    """Return reasons of the firms that move most, from the largest loss to the largest gain."""
    parts = comparison.parts(basis, region)
    net = parts.sum(axis=1)
    moved = net[parts.abs().sum(axis=1) >= _SLIGHT]
    return parts.loc[net[moved.abs().nlargest(_FIRMS).index].sort_values().index]


def _draw_row(figure: Figure, comparison: Comparison, region: str, top: float, tall: float) -> None:
    """Draw the panels of a region, ``top`` inches below the upper edge and ``tall`` inches high."""
    wide, height = WIDTH / len(_BASES), figure.get_figheight()
    for column, basis in enumerate(_BASES):
        left, bottom = column * wide + _LEFT, height - top - tall + _AXIS
        box = (left / WIDTH, bottom / height, (wide - _LEFT - _RIGHT) / WIDTH, (tall - _HEAD - _AXIS) / height)
        _draw_panel(figure.add_axes(box), comparison, basis, region)


def _occurring(found: Sequence[Comparison]) -> dict[str, str]:
    """Return the groups of reasons that some panel shows, with their labels."""
    parts = pd.concat(
        [_shown(comparison, basis, region) for comparison in found for region in comparison.regions for basis in _BASES]
    )
    return {group: label for group, label in GROUPS.items() if (parts[group].abs() >= _SLIGHT).any()}


def _draw_key(figure: Figure, height: float, groups: Mapping[str, str]) -> None:
    for i, (group, label) in enumerate(groups.items()):
        x, y = 0.1 + (i % _KEYS) * WIDTH / _KEYS, 1 - (_KEY * (i // _KEYS) + 0.14) / height
        figure.text(x / WIDTH, y, "\N{BLACK SQUARE}", fontsize=SMALL + 3, color=reason_colour(group), va="center")
        figure.text((x + 0.18) / WIDTH, y, label, fontsize=SMALL, va="center")


def _draw_panel(axes: Axes, comparison: Comparison, basis: Basis, region: str) -> None:
    whole = comparison.whole(basis, region).set_index("provider")
    parts = _shown(comparison, basis, region)
    net = parts.sum(axis=1)
    _draw_bars(axes, parts)
    for y, firm in enumerate(parts.index):
        axes.plot(whole.loc[firm, ["low90", "high90"]], [y, y], color=INK, linewidth=1.1)
        axes.plot([net[firm]], [y], "o", color=INK, markersize=4, markeredgecolor="white", markeredgewidth=0.7)
        axes.annotate(
            f"{net[firm]:+.1f}", (1, y), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            fontsize=SMALL, va="center", weight="bold",
        )  # fmt: skip
    _set_axes(axes, comparison, parts)
    where = comparison.other.regions.get(region, "World")
    axes.set_title(f"{where}: share of {basis}, {comparison.year}")


def _draw_bars(axes: Axes, parts: pd.DataFrame) -> None:
    """Stack gains to the right and losses to the left, in the order of the key from the middle outwards."""
    right, left = pd.Series(0.0, parts.index), pd.Series(0.0, parts.index)
    for group in GROUPS:
        amount = parts[group]
        start = right.where(amount > 0.0, left)
        places, colour = range(len(parts)), reason_colour(group)
        bars = axes.barh(places, amount, left=start, height=0.74, color=colour, linewidth=0)
        for bar in bars:
            bar.sticky_edges.x.clear()
        right, left = right + amount.clip(lower=0.0), left + amount.clip(upper=0.0)


def _set_axes(axes: Axes, comparison: Comparison, parts: pd.DataFrame) -> None:
    names = [comparison.other.name_of(str(firm)) for firm in parts.index]
    axes.set_yticks(range(len(parts)), [short(name, names) for name in names])
    axes.margins(x=0.04)
    axes.set_ylim(-0.6, max(len(parts), 1) - 0.4)
    axes.tick_params(left=False)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=FAINT, linewidth=0.9)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:+g}" if x else "0"))
    axes.set_xlabel("points of share", labelpad=1)


def _against(comparison: Comparison) -> str:
    return " against ".join(short(label, [], 60) for label in comparison.labels)


def _footnote(found: Sequence[Comparison]) -> str:
    pairs = sorted({comparison.pairs for comparison in found})
    if pairs == [1]:
        return "Dot: change of the share. One pair of paths: no uncertainty."
    count = " or ".join(map(str, pairs))
    return f"Bars: means over {count} pairs of runs with the same shocks. Dot: mean change; line: 90% of pairs."


def _caption() -> str:
    return (
        "Change of each provider's share against the first case, in percentage points of that case's market; bars add "
        "up to the dot without a remainder. Scarce: customers turned away by a full site (left) or taken in from "
        "others (right), and those whom scarcity priced out, by what the site lacked; a shortage of cards is divided "
        "between rules and makers as the site's orders of that quarter were. The other first choices are switched one "
        "after the other: offers, costs, scarcity, markups, prices not yet moved, waiting and ties, who is free to "
        "choose; where runs could not be repeated they are one reason. "
        f"Shown are the {_FIRMS} firms that move most. "
        f"Source: tables providers, diverted, sites, rules; first_choices.parquet beside the report."
    )
