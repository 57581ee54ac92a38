"""Figures: the same bytes each time, units and bands said, labels apart, one colour per firm."""

import re
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from experiments.analysis import load
from experiments.analysis.bands import LEVELS
from experiments.analysis.cases import BASES, Case, cases
from experiments.figures import FIGURES, Drawn, draw
from experiments.figures.capacity import _unmet_panels
from experiments.figures.colours import FAINT, case_colour, firm_colour, limit_colour, maker_colour, region_colour
from experiments.figures.lines import share_panel
from experiments.figures.paper import RC
from experiments.figures.style import Panel, Series, Sheet, _drawn
from experiments.preflight import composing, plan
from sim.reasons import Constraint

LINES = [name for name in FIGURES if name != "constraints"]
"""Figures with lines and ribbons; the other has strips (test_strips)."""
_ALONE = {
    "rules": ("licence", "grey market", "grey_premium", "leaked_cards"),
    "chips": ("Yield", "yield_fraction", "self_sufficiency", "each maker"),
    "power": ("dashed",),
    "capacity": ("table sites",),
}
"""What only the figure of one case draws."""
_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")
_LABEL = re.compile(r'<text style="font-size: 8px;[^"]*text-anchor: start[^"]*" x="([-\d.]+)" y="([-\d.]+)"')


@cache
def drawn(name: str, *folders: Path) -> Drawn:
    return draw(name, cases([load(folder) for folder in folders]))


def texts(figure: Drawn) -> list[str]:
    return _TEXT.findall(figure.svg)


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_tables_give_the_same_bytes(name: str, ensemble: Path) -> None:
    assert draw(name, cases([load(ensemble)])).svg == drawn(name, ensemble).svg


@pytest.mark.parametrize("name", LINES)
def test_bands_units_and_sources_are_said(name: str, ensemble: Path) -> None:
    figure = drawn(name, ensemble)
    assert "Dark and light ribbon: 50% and 90% of the runs" in figure.svg
    assert "median of 6 runs" in figure.svg
    assert "Source: table" in figure.caption
    axes = figure.svg.count('<g id="' + name + "-axes_")
    rotated = re.findall(r"rotate\(-90[^>]*>([^<]+)</text>", figure.svg)
    assert len(rotated) == axes, "every panel names its unit"


@pytest.mark.parametrize("name", LINES)
def test_ribbons_are_drawn_for_an_ensemble_only(name: str, ensemble: Path, single: Path) -> None:
    assert "FillBetween" in drawn(name, ensemble).svg
    alone = drawn(name, single).svg
    assert "FillBetween" not in alone
    assert "One path per panel and line: no uncertainty." in alone


def test_what_few_runs_have_is_drawn_as_mean_and_share_of_runs(ensemble: Path, single: Path) -> None:
    """One run of six without all its demand met in one quarter: quantiles would be a spike over a median of 0."""
    (case,) = cases([load(ensemble)])
    quarter, hit = case.quarters[-1], case.ids[0]
    rows = case.market.assign(unmet_share=0.0, much_unmet=0.0)
    rows.loc[(rows["quarter"] == quarter) & (rows["run_id"] == hit), ["unmet_share", "much_unmet"]] = [0.3, 1.0]
    vars(case)["market"] = rows
    for panel, last in zip(_unmet_panels([case]), (0.05, 1 / 6), strict=True):
        for series in panel.series:
            drawn_values = series.column("high90").to_numpy()
            assert not series.ribbons
            assert drawn_values == pytest.approx([*[0.0] * (len(case.quarters) - 1), last])
            assert series.column("low90").to_numpy() == pytest.approx(drawn_values)
    assert len(_unmet_panels(cases([load(single)]))) == 1, "one path has no share of runs"


def test_demand_counts_as_unmet_from_more_than_a_little(ensemble: Path) -> None:
    (case,) = cases([load(ensemble)])
    frame = case.frame("market", ["unmet_share"])
    assert case.market["much_unmet"].tolist() == [float(x > 0.01) for x in frame["unmet_share"]]


@pytest.mark.parametrize("name", FIGURES)
def test_cases_are_named_side_by_side(name: str, compared: Path) -> None:
    said = texts(drawn(name, compared))
    for case in cases([load(compared)]):
        label = case.label.removeprefix("on_premises ")  # beside a line there is room for the key's last word
        assert any(label in text for text in said), (label, said)


def test_the_end_of_history_is_marked_once_per_figure_and_only_where_it_lies_inside(
    ensemble: Path, tmp_path: Path
) -> None:
    for name in FIGURES:
        assert drawn(name, ensemble).svg.count("observed deliveries") == 1
    (case,) = cases([load(ensemble)])
    later = Case(case.label, case.results, {"market.history_end": "2026Q4"}, case.runs)
    assert "observed deliveries" not in draw("shares", [later]).svg


@pytest.mark.parametrize("name", LINES)
def test_labels_in_a_panel_do_not_overlap(name: str, ensemble: Path) -> None:
    labels: dict[str, list[float]] = {}
    for x, y in _LABEL.findall(drawn(name, ensemble).svg):
        labels.setdefault(x, []).append(float(y))
    assert max(len(heights) for heights in labels.values()) > 3
    for heights in labels.values():
        assert all(b - a > 8.0 for a, b in pairwise(sorted(heights))), "a line of text is 8 high"


@pytest.mark.parametrize("name", FIGURES)
def test_six_cases_are_all_drawn_and_of_more_it_says_how_many(name: str, compared: Path) -> None:
    (first, _) = cases([load(compared)])
    several = [replace(first, label=f"case {i}") for i in range(7)]
    six, seven = (draw(name, several[:count]) for count in (6, 7))
    assert {f"case {i}" for i in range(6)} <= set(re.findall(r"case \d", " ".join(texts(six))))
    assert "cases are drawn" not in six.caption
    assert "The first 6 of 7 cases are drawn" in seven.caption


def test_captions_of_cases_name_what_they_draw(ensemble: Path, compared: Path) -> None:
    for name, words in _ALONE.items():
        alone, several = (drawn(name, folder).caption for folder in (ensemble, compared))
        for word in words:
            assert word in alone
            assert word not in several


def test_the_line_to_a_label_looks_unlike_data() -> None:
    """Grey dots, whatever the colour of the line."""
    (panel, *_), *_ = sheet_of("Nvidia", "x").rows
    figure = _drawn(Sheet("shares", [[panel]], ["2024Q1", "2024Q2"], "2024Q1", ""))
    (axes,) = figure.axes
    (leader,) = [line for line in axes.lines if line.get_transform() is axes.transAxes]
    assert leader.get_color() == FAINT != panel.series[0].colour
    assert leader.get_linestyle() != "-"
    assert leader.get_linewidth() < min(series.width for series in panel.series)


def sheet_of(label: str, title: str) -> Sheet:
    """Return a sheet of three panels, each with one line of this name."""
    quarters = ["2024Q1", "2024Q2"]
    band = pd.DataFrame({"quarter": quarters, "runs": 1, **dict.fromkeys(LEVELS, 0.5)})
    panel = Panel(title, [Series(label, "#222222", band)], "share of the world", percent=True)
    return Sheet("shares", [[panel] * 3], quarters, "2024Q1", "")


@pytest.mark.parametrize("label", ["AWS", "W" * 18, "asymmetric_efficiency, s"])
@pytest.mark.parametrize(
    "title",
    [
        "By revenue",
        "asymmetric_efficiency, seed = 1: by revenue",
        "WIDE MARKETS OF COMPUTE " * 4,
        "Gulf and South East Asia: common_efficiency, cost_iaas = 3.5",
        "switching cost_iaas = 1.75, alibaba in_house_share = 0.6: by revenue",
    ],
)
def test_labels_and_titles_keep_to_their_panel(label: str, title: str) -> None:
    with mpl.rc_context(RC):
        figure = _drawn(sheet_of(label, title))
        renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
        boxes = [axes.get_tightbbox(renderer) for axes in figure.axes]
    edges = [box.x0 for box in boxes[1:] if box] + [figure.bbox.x1]
    assert all(box and box.x1 <= edge for box, edge in zip(boxes, edges, strict=True)), (boxes, edges)
    assert all(box and box.y1 <= figure.bbox.y1 for box in boxes)
    assert all(axes.get_title(loc="left").count("\n") <= 2 for axes in figure.axes)


def test_a_panel_says_the_key_beside_the_value() -> None:
    with mpl.rc_context(RC):
        figure = _drawn(sheet_of("AWS", "switching cost_iaas = 1.75, alibaba in_house_share = 0.6: by revenue"))
    assert figure.axes[0].get_title(loc="left").split("\n") == [
        "switching cost_iaas = 1.75,", "alibaba in_house_share = 0.6:", "by revenue",
    ]  # fmt: skip


def test_token_shares_start_with_the_third_seller(ensemble: Path) -> None:
    (case,) = cases([load(ensemble)])
    shares = case.shares.copy()
    firms = sorted(set(shares["provider"]))
    for quarter, sellers in ((case.quarters[0], 1), (case.quarters[1], 2)):
        shares.loc[(shares["quarter"] == quarter) & ~shares["provider"].isin(firms[:sellers]), list(BASES)] = 0.0
    case.__dict__["shares"] = shares  # as if read
    starts = {
        basis: {line.band["quarter"].min() for line in share_panel("", case, basis, "world").series} for basis in BASES
    }
    assert starts == {
        "revenue": {case.quarters[0]},
        "compute": {case.quarters[0]},
        "tokens": {case.quarters[2]},
    }
    assert "Token shares start when three firms sell tokens." in draw("shares", [case]).svg


def test_two_sellers_of_tokens_are_shown_from_the_start(ensemble: Path) -> None:
    (case,) = cases([load(ensemble)])
    shares = case.shares.copy()
    firms = sorted(set(shares["provider"]))
    shares.loc[~shares["provider"].isin(firms[:2]), "tokens"] = 0.0
    case.__dict__["shares"] = shares
    lines = share_panel("", case, "tokens", "world").series
    assert {line.band["quarter"].min() for line in lines} == {case.quarters[0]}


def test_the_three_bases_have_one_scale(ensemble: Path) -> None:
    ticks = re.findall(r'text-anchor: end[^"]*" x="([^"]*)" y="([^"]*)"[^>]*>(\d+%)<', drawn("shares", ensemble).svg)
    columns: dict[str, list[tuple[str, str]]] = {}
    for x, y, text in ticks:
        columns.setdefault(x, []).append((y, text))
    assert len(columns) == 3
    assert len({tuple(column) for column in columns.values()}) == 1


def test_cases_side_by_side_have_one_scale(compared: Path) -> None:
    """Ticks of the same value lie at the same height in the panels of a row."""
    ticks = re.findall(r'text-anchor: end[^"]*" x="([^"]*)" y="([^"]*)"[^>]*>(\d+%)<', drawn("regions", compared).svg)
    columns: dict[str, list[tuple[str, str]]] = {}
    for x, y, text in ticks:
        columns.setdefault(x, []).append((y, text))
    first, second = columns.values()
    assert first == second


def test_colours_are_told_apart_also_by_colour_blind_eyes() -> None:
    with composing() as composer:
        parameters = plan(composer, []).parameters
    firms = {name: firm.headquarters for name, firm in parameters.providers.items() if firm.kind != "dormant"}
    assert len({firm_colour(name) for name in firms}) == len(firms)
    for at_home in (True, False):
        together = [firm_colour(name) for name, region in firms.items() if (region == "cn") is at_home]
        assert min(_distance(a, b) for a, b in combinations(together, 2)) > 20
    regions = [region_colour(name) for name in (*parameters.market.regions, "world")]
    assert min(_distance(a, b) for a, b in combinations(regions, 2)) > 20
    makers = {maker_colour(name) for name in parameters.suppliers}
    assert len(makers) == len(parameters.suppliers)
    assert min(_distance(a, b) for a, b in combinations(makers, 2)) > 20
    limits = [limit_colour(limit.code) for limit in Constraint] + [limit_colour("ramp")]
    assert min(_distance(a, b) for a, b in combinations(limits, 2)) > 20
    assert min(_distance(a, b) for a, b in combinations([case_colour(i) for i in range(6)], 2)) > 20


def test_a_new_firm_keeps_its_colour() -> None:
    assert firm_colour("a-newcomer") == firm_colour("a-newcomer") == "#4477aa"


_EYES = (
    np.eye(3),
    np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
    np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
)
"""What normal, deutan and protan eyes make of linear RGB (Machado, Oliveira and Fernandes 2009, severity 1)."""
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def _distance(a: str, b: str) -> float:
    """Return the least distance of two colours in CIELAB over the three kinds of eyes."""
    return min(float(np.linalg.norm(_lab(eye @ _linear(a)) - _lab(eye @ _linear(b)))) for eye in _EYES)


def _linear(text: str) -> Any:
    channels = np.array([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab(linear: Any) -> Any:
    ratios = _XYZ @ np.clip(linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(ratios > 0.008856, np.cbrt(ratios), 7.787 * ratios + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
