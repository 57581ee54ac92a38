"""Two cases side by side: what the section on moved shares says, draws and leaves out."""

import re
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest

import experiments
from experiments.analysis import load
from experiments.analysis.cases import cases
from experiments.analysis.comparison import GROUPS, Comparison, comparisons, group_of
from experiments.analysis.first_choices import FILE, told_apart
from experiments.analysis.means import Mean, student
from experiments.analysis.reasons import FIRST, IN, OUT, TERMS, Basis
from experiments.analysis.scarcity import OF_CARDS, ONE_POOL, RULE
from experiments.choices import tell_apart
from experiments.figures.colours import reason_colour
from experiments.figures.reasons import draw
from experiments.report.comparison import moved
from experiments.report.page import render
from sim import first_choices
from sim.reasons import Constraint
from tests.synthetic import Market

STEPS = (
    "OFFERS", "EFFICIENCY", "OWN_CARDS", "COST", "MARKUP", "STICKINESS", "WAITING", "SWITCHING", "CUSTOMERS",
)  # fmt: skip
HEAD = "<h2>Why shares moved</h2>"
SMALL = ("customers.enterprises=20", "market.end=2022Q4")


def only_comparison(folder: Path) -> Comparison:
    (found,) = comparisons(cases([load(folder)]))
    return found


@pytest.mark.parametrize("basis", ["compute", "revenue"])
def test_reasons_add_up_to_the_change_of_mean_shares(compared: Path, basis: Basis) -> None:
    found = only_comparison(compared)
    assert (found.pairs, found.year, len(found.regions)) == (3, "2026", 2)
    for region in found.regions:
        levels = found.levels(basis, region)
        change = levels["after"] - levels["before"]
        assert change.abs().max() > 0.1
        pd.testing.assert_series_equal(found.parts(basis, region).sum(axis=1), change, check_names=False, atol=1e-9)
        band = found.whole(basis, region).set_index("provider")
        assert (band["runs"] == 3).all()
        assert ((band["low90"] <= change + 1e-9) & (change <= band["high90"] + 1e-9)).any()


def test_every_reason_has_a_group_and_every_group_a_colour_of_its_own() -> None:
    causes = {*(limit.code for limit in Constraint if limit is not Constraint.DEMAND), ONE_POOL, f"{RULE}x"}
    steps = [getattr(first_choices, name) for name in STEPS] + [f"{first_choices.SCARCITY}{cause}" for cause in causes]
    reached = {group_of(term, cause) for term in (IN, OUT) for cause in causes}
    reached |= {group_of(FIRST, cause) for cause in steps}
    assert reached | set(TERMS) - {IN, OUT} == set(GROUPS)
    assert {group_of(OUT, cause) for cause in OF_CARDS} == {"cards"}
    assert group_of(FIRST, f"{first_choices.SCARCITY}{RULE}x") == "rules"
    assert len({reason_colour(group) for group in GROUPS}) == len(GROUPS)


def test_the_figure_says_what_it_shows_and_is_the_same_each_time(compared: Path) -> None:
    figure = draw([only_comparison(compared)])
    assert figure.svg == draw([only_comparison(compared)]).svg
    for said in (
        "on_premises utilisation = 0.5 against on_premises utilisation = 0.3",
        "World: share of compute, 2026",
        "points of share",
    ):
        assert said in figure.svg
    assert "means over 3 pairs of runs with the same shocks" in figure.svg
    shown = [label for group, label in GROUPS.items() if f">{label}<" in figure.svg]
    assert "first choices" in shown
    assert "what is on offer" not in shown, "steps are not known of made-up tables"
    assert "Source: tables providers, diverted, sites, rules;" in figure.caption


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every change be told from zero: changes of made-up tables are not."""
    monkeypatch.setattr(Comparison, "mean", lambda *_: Mean(1.0, 0.5, 1.5, 3, 0.1))


@pytest.mark.usefixtures("told")
def test_the_section_keeps_accounting_apart_from_cause_and_stands_above_the_figure(compared: Path) -> None:
    page = render([load(compared)], ["reasons"])
    assert page.index(HEAD) < page.index("Accounting, not cause.") < page.index('id="figure-reasons"')
    assert (
        "<h3>on_premises utilisation = 0.5 against on_premises utilisation = 0.3, means over 3 pairs of runs</h3>"
        in page
    )
    band = r"\(95% band [-+][0-9.]+ to [-+][0-9.]+ points\)"
    assert re.search(rf"<li>World, share of compute in 2026: .+ most, from [0-9.]+% to [0-9.]+% {band}", page)
    assert re.search(
        rf"<li>.+: .+ most, from [0-9.]+% to [0-9.]+% {band}. Points of share: [a-z :]+ [-+][0-9.]+,", page
    )
    scarce = re.search(r"Scarce for cards that rules closed.+", page)
    assert scarce is not None
    labels = [only_comparison(compared).rule_label(rule) for rule in only_comparison(compared).baseline.rules]
    assert any(f"{label}: " in scarce[0] for label in labels), "by their labels"
    assert "rules that never bound" in page


@pytest.mark.usefixtures("told")
def test_sentences_name_the_largest_reasons_of_the_region_that_moves_most_and_the_rest(compared: Path) -> None:
    found, page = only_comparison(compared), render([load(compared)], ["reasons"])
    section = page[page.index(HEAD) : page.index("All reasons: figure and tables")]
    sentences = re.findall(r"<li>(.+?): (.+) (?:loses|gains) most, from .+\. Points of share: (.+)\.</li>", section)
    assert len(sentences) == 2, "who loses most and who gains most"
    for where, firm, points in sentences:
        region = found.moving[0]
        assert where == found.other.regions[region]
        parts = found.parts("compute", region).rename(found.other.name_of).loc[firm]
        said = [item.rsplit(" ", 1) for item in points.split(", ")]
        assert [name for name, _ in said[:-1]] == [GROUPS[x] for x in parts.abs().nlargest(3).index]
        assert said[-1][0] == "all other reasons together"
        assert sum(float(value) for _, value in said) == pytest.approx(parts.sum(), abs=0.2)
    assert "<svg" not in section


@pytest.mark.parametrize("resolved", [True, False])
def test_nobody_loses_most_whose_band_holds_zero(
    compared: Path, monkeypatch: pytest.MonkeyPatch, *, resolved: bool
) -> None:
    found = only_comparison(compared)
    firm = str(found.parts("compute", "world").sum(axis=1).idxmin())
    mean = found.mean("compute", "world", firm)
    changes = found._by_pair("compute", "world")[firm]
    half = student(2) * float(changes.std()) / 3**0.5
    assert [mean.mean, mean.low, mean.count] == pytest.approx([changes.mean(), changes.mean() - half, 3])
    monkeypatch.setattr(Comparison, "mean", lambda *_: Mean(-2.0, -3.0, -1.0 if resolved else 1.0, 3, 0.5))
    section = moved([found.baseline, found.other])
    assert section is not None
    text = " ".join(section.said[0][1])
    name = found.other.name_of(firm)
    assert (f"{name} loses most, from " in text) is resolved
    assert (f"the largest loss, of {name}, is not told from 0 (95% band -3.0 to +1.0 points)" in text) is not resolved


def test_comparisons_left_out_are_said_in_the_open(single: Path, tmp_path: Path) -> None:
    copies = [copytree(single, tmp_path / f"copy{i}") for i in range(4)]
    page = render([load(folder) for folder in (single, *copies)], ["reasons"])
    said = "<p>Only the first 3 of 4 comparisons are told and drawn here.</p>"
    assert page.index(HEAD) < page.index(said) < page.index("<details><summary>All reasons")


def test_one_pair_of_runs_is_called_one_pair(market: type[Market], tmp_path: Path) -> None:
    made = [experiments.run(*SMALL, f"output.root={tmp_path}", f"scenario={x}") for x in ("baseline", "easy_switching")]
    section = moved(cases(made))
    assert section is not None
    assert section.said[0][0] == "easy_switching against baseline, one pair of runs, no band"


def test_effects_of_a_study_stand_before_why_shares_moved(compared: Path) -> None:
    page = render([load(compared)], ["reasons"])
    assert page.index("<summary>Effects against the reference</summary>") < page.index(HEAD)


def test_numbers_of_a_row_are_those_of_the_comparison(compared: Path) -> None:
    found = only_comparison(compared)
    page = render([load(compared)], ["reasons"])
    net = found.parts("compute", "world").sum(axis=1)
    firm = str(net.idxmin())
    levels = found.levels("compute", "world")
    shares = [f"{levels[side][firm]:.1f}%" for side in ("before", "after")]
    cells = [found.other.name_of(firm), *shares, f"{net[firm]:+.1f}"]
    assert "".join(f"<td>{cell}</td>" for cell in cells) in page


@pytest.mark.parametrize("figures", [["reasons"], ["shares"]])
def test_one_case_or_other_figures_leave_the_section_out(ensemble: Path, compared: Path, figures: list[str]) -> None:
    folder = ensemble if figures == ["reasons"] else compared
    assert HEAD not in render([load(folder)], figures)


def test_a_run_against_itself_moves_nothing(single: Path, tmp_path: Path) -> None:
    again = copytree(single, tmp_path / "again")
    page = render([load(single), load(again)], ["reasons"])
    assert "No share of compute moves in 2026" in page
    assert 'id="figure-reasons"' in page


def test_cases_without_a_common_seed_are_named_and_not_compared(market: type[Market], tmp_path: Path) -> None:
    made = [
        experiments.run(*SMALL, f"output.root={tmp_path}", f"seed={seed}", f"customers.enterprises={20 * seed}")
        for seed in (1, 2)
    ]
    page = render(made, ["reasons"])
    first, then = (f"enterprises = {20 * seed}, seed = {seed}" for seed in (1, 2))
    assert f"Not compared: {then}, which shares no seed and quarter with {first}." in page
    assert 'id="figure-reasons"' not in page


def test_tables_that_were_not_stored_are_named(market: type[Market], tmp_path: Path) -> None:
    made = [
        experiments.run(
            *SMALL, f"output.root={tmp_path}", f"customers.enterprises={n}", "output.tables=[outcomes,providers]"
        )
        for n in (20, 30)
    ]
    assert "this needs diverted and sites and rules; the setting output.tables left it out" in render(made, ["reasons"])
    tell_apart(made, tmp_path)
    assert not (tmp_path / FILE).exists(), "first choices are not told apart for a section that cannot be made"


def test_runs_that_sell_other_products_are_compared_without_steps(tmp_path: Path) -> None:
    """A maker's cards at other firms bring products of another stack: no customer can choose in both runs."""
    words = (*SMALL, f"output.root={tmp_path}")
    made = [experiments.run(*words), experiments.run(*words, "scenario=thead_external_output")]
    tell_apart(made, tmp_path)
    assert not (tmp_path / FILE).exists()
    assert HEAD in render(made, ["reasons"])


def test_steps_of_hardly_any_change_may_miss_by_rounding() -> None:
    keys = {
        "sample": 0, "seed": 1, "quarter": "2026Q1", "region": "us", "product": "iaas", "workload": "inference",
        "from": "aws",
    }  # fmt: skip
    moved = pd.DataFrame([keys | {"amount": 1e-9}])
    steps = pd.DataFrame([keys | {"cause": "offers", "quantity_h100e": 2e-9}])
    assert told_apart(moved, steps)["amount"].tolist() == [2e-9]
    with pytest.raises(ValueError, match="steps miss the first choices of the tables by 1 H100e"):
        told_apart(moved, steps.assign(quantity_h100e=1.0))
