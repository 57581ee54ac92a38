"""The report: self-contained, escaped, traceable, the same from stored tables alone."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest

from experiments.analysis import load
from experiments.analysis.cases import BASES, Case, cases
from experiments.analysis.headline import market_lines
from experiments.analysis.rounding import rounded
from experiments.figures import FIGURES
from experiments.report.makers import makers_of
from experiments.report.page import render
from experiments.report.provenance import grades
from experiments.report.rules import AMOUNTS, OWN, rules_of
from experiments.report.settings import settings_of
from experiments.report.study import effects_in_words, parts
from experiments.report.words import headline
from experiments.study import execute, planned
from tests.conftest import SMALL, Command
from tests.synthetic import ATTACK, Market

_LARGEST = 1_500_000


class _Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(ensemble: Path) -> str:
    return render([load(ensemble)])


def test_nothing_is_asked_from_outside(page: str) -> None:
    assert "http://" not in page
    assert "https://" not in page
    found = _Page(page)
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(found.tags)
    assert not [(name, value) for name, value in found.attributes if name in ("src", "srcset", "action")]
    assert all((value or "").startswith("#") for name, value in found.attributes if name == "href")
    assert "default-src 'none'" in page
    assert len(page.encode()) < _LARGEST


def test_ids_are_unique_and_references_lead_somewhere(page: str) -> None:
    ids = [value for name, value in _Page(page).attributes if name == "id"]
    assert len(ids) == len(set(ids))
    referred = set(re.findall(r'(?:url\(#|href="#|aria-labelledby=")([^)"]+)', page))
    assert referred <= set(ids)


def test_it_says_what_came_out_how_sure_and_what_not_to_use_it_for(page: str) -> None:
    text = _Page(page).text
    for start in ("By revenue,", "By compute in paid use,", "By tokens served,"):
        assert re.search(
            f"{start} .{{3,40}} (leads|has the largest median share) in 2026Q4 with [0-9.]+% \\(90% of runs", text
        )
    assert "Bands come from 6 runs that differ in the seed only" in text
    assert "not a forecast" in text
    assert "docs/limits.md" in text
    assert all(f"figure-{name}" in page for name in FIGURES)


def test_one_case_says_its_rules_at_the_top_and_several_do_not(page: str, compared: Path) -> None:
    """Folders are named by scenario and run id alone."""
    said = "Rules: <code>policy=history</code> <code>policy/allies=history</code>"
    assert page.index(said) < page.index("<main>")
    assert "Rules: <code>" not in render([load(compared)], [])


def test_numbers_in_the_tables_are_those_of_the_parquet_files(page: str, ensemble: Path) -> None:
    hhi = load(ensemble)["market"].pandas(["hhi_revenue"], {"region": "world", "quarter": "2026Q4"})["hhi_revenue"]
    shown = re.search(r"HHI, revenue\)</td>.*<td>([\d.]+) \(([\d.]+) to ([\d.]+)\)</td><td>points", page)
    assert shown is not None
    for text, level in zip(shown.groups(), (0.5, 0.05, 0.95), strict=True):
        assert float(text) == pytest.approx(hhi.quantile(level), rel=0.05)


def test_whose_cards_firms_own_adds_up_in_one_run(single: Path) -> None:
    (case,) = cases([load(single)])
    part = makers_of(case)
    assert part is not None
    shares = [[float(cell.rstrip("%")) for cell in row[2:] if cell] for row in part.rows]
    assert all(sum(row) == pytest.approx(100.0, abs=2.0) for row in shares)
    rows = case.frame("fleets", ["provider", "supplier", "owned_h100e"], quarter=case.quarters[-1])
    largest = rows.groupby("provider")["owned_h100e"].sum().idxmax()
    assert part.rows[0][0] == case.name_of(str(largest))
    assert float(part.rows[0][1].replace(",", "")) == pytest.approx(
        rows.groupby("provider")["owned_h100e"].sum().max() / 1e3, rel=0.05
    )
    assert part.head[2] == case.maker_of(str(rows.groupby("supplier")["owned_h100e"].sum().idxmax()))
    assert "Whose cards firms own" in render([load(single)])


def test_cases_stand_side_by_side_in_the_last_quarter_that_all_have(
    ensemble: Path, compared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (early, *_), (late,) = cases([load(compared)]), cases([load(ensemble)])
    before = early.quarters[-5]
    horizon = property(lambda case: found[:-4] if case is early else found)
    found = early.quarters
    monkeypatch.setattr(Case, "quarters", horizon)
    monkeypatch.setattr("experiments.report.page.drawable", lambda _: [early, late])
    text = render([load(compared), load(ensemble)], figures=[])
    (hhi,) = (line.values[0] for line in market_lines(late, quarters=(before,)) if line.name.endswith("HHI, revenue)"))
    assert f"World in {before}" in text
    assert f"<td>{hhi}</td>" in text


def test_a_study_is_no_single_run(command: Command) -> None:
    done = command("run", "study=gate")
    assert done.code == 2
    assert "study=gate: a study is run by `compute-market study`" in done.err


def test_every_run_can_be_made_again(page: str, ensemble: Path) -> None:
    text, manifest = _Page(page).text, load(ensemble).manifest
    assert manifest["code_digest"] in text
    assert "numba" in text
    assert "seeds 1 to 6" in text
    for run_id in load(ensemble)["runs"].pandas()["run_id"]:
        assert run_id in text


def test_settings_unlike_the_baseline_are_listed(page: str) -> None:
    rows = re.findall(r"<tr><td><code>([^<]+)</code></td><td>([^<]*)</td><td>([^<]*)</td></tr>", page)
    assert [row[0] for row in rows] == ["customers.enterprises", "market.end"]
    assert rows[1][2] == "2026Q4"


def test_a_label_from_a_strangers_file_stays_text(single: Path) -> None:
    text = render([load(single)], ["shares"])
    assert ATTACK not in text
    assert "&lt;script&gt;" in text
    assert "script" not in _Page(text).tags
    assert "One path (seed 1), no uncertainty" in _Page(text).text


def test_several_folders_are_compared(ensemble: Path, compared: Path) -> None:
    text = _Page(render([load(ensemble), load(compared)], ["shares"])).text
    assert f"comparison of {ensemble.parent.name}/baseline and {compared.parent.name}/baseline" in text
    assert all(f"leads by {basis}" in text for basis in BASES)
    assert "2026Q4, 6" in text
    assert "2026Q4, 3" in text
    assert "Bands come from 6 runs" in text
    assert "Bands come from 3 runs" in text
    assert "market.on_premises.utilisation=0.5" in text


def test_a_figure_without_its_table_is_named(ensemble: Path, tmp_path: Path) -> None:
    folder = copytree(ensemble, tmp_path / "part")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {name: size for name, size in manifest["files"].items() if not name.startswith("sites/")}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for path in (folder / "sites").iterdir():
        path.unlink()
    text = render([load(folder)], ["capacity"])
    assert "figure-capacity" not in text
    assert "Not drawn: capacity, which needs sites" in _Page(text).text


def test_grades_leave_out_what_a_configuration_changed(tmp_path: Path) -> None:
    file = tmp_path / "provenance.csv"
    file.write_text("path,value,unit,source,grade,note\na.x,1,,s,A,\na.y,2,,,assumption,\nb,3,,s,A,\nc,3,,s,C,\n")
    assert [(g.grade, g.values) for g in grades(set(), file)] == [("A", 2), ("C", 1), ("assumption", 1)]
    assert [(g.grade, g.values) for g in grades({"b", "c"}, file)] == [("A", 1), ("assumption", 1)]
    assert grades(set(), tmp_path / "absent.csv") == []


def test_the_report_command_rebuilds_the_same_page(command: Command, ensemble: Path, page: str) -> None:
    ended = command("report", str(ensemble))
    assert (ended.code, ended.out.splitlines()[-1]) == (0, str(ensemble / "report.html"))
    assert (ensemble / "report.html").read_text(encoding="utf-8") == page


def test_the_report_command_compares_beside_the_first(
    command: Command, ensemble: Path, compared: Path, tmp_path: Path
) -> None:
    ended = command(
        "report", str(ensemble), str(compared), "--figures", "shares,prices", "--out", str(tmp_path / "both")
    )
    assert ended.code == 0
    text = (tmp_path / "both" / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'<figure id="figure-(\w+)"', text) == ["shares", "prices"]


def test_the_report_command_says_all_that_is_wrong(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = command("report", "nowhere", "empty")
    assert ended.code == 2
    assert "nowhere: no such folder" in ended.err
    assert "not a finished run or study" in ended.err
    assert not ended.made
    assert command("report", "empty", "--figures", "x").code == 2


def test_the_title_counts_what_is_too_much_to_name(ensemble: Path, compared: Path, single: Path) -> None:
    page = render([load(folder) for folder in (ensemble, compared, single)], [])
    assert "<title>Compute market: comparison of 3 results</title>" in page


def test_a_study_says_effects_regret_and_convergence(market: type[Market], tmp_path: Path) -> None:
    levers = "+study.levers={market.on_premises.utilisation: [0.4, 0.5], finance.credit.covenant: [0.5, 1.0]}"
    asked = "study.outcomes=[{name: hhi_revenue.world, better: lower, effect: 0.1}]"
    uncertain = "+study.uncertainties={customers.switching.cost_iaas: {range: [1.0, 8.0]}}"
    words = (levers, asked, uncertain, "study.seeds=4", "study.samples=4", "study.sampling=sobol", "executor.workers=1")
    folder = execute(planned([*SMALL, *words, f"output.root={tmp_path}"]), [])
    found = {part.title: part for part in parts(load(folder))}
    assert list(found) == [
        "Effects against the reference", "Regret", "Which lever it is due to", "Are there seeds enough?",
    ]  # fmt: skip
    assert len(found["Effects against the reference"].rows) == 3
    title, head, *said = effects_in_words(load(folder)).splitlines()
    assert (title, head.split()[:2], len(said)) == ("Effects against the reference", ["Outcome", "Point"], 3)
    assert all(line.startswith("  hhi_revenue.world, points 0-10000") for line in said)
    text = _Page(render([load(folder)], [])).text
    assert "hhi_revenue.world, points 0-10000" in text
    one, other = "on_premises utilisation = 0.5", "credit covenant = 1.0"
    assert f"{one}, {other}" in text or f"{other}, {one}" in text
    assert "8 samples of the uncertainties" in text, "with one uncertainty a third of a Sobol design repeats another"


def test_a_single_run_and_several_folders_have_no_such_section(single: Path, ensemble: Path, compared: Path) -> None:
    assert parts(load(single)) == []
    assert (effects_in_words(load(single)), effects_in_words(load(ensemble))) == ("", "")
    assert "What the study says" not in render([load(ensemble), load(compared)], [])


def test_the_page_says_what_rules_did(ensemble: Path) -> None:
    """A row for every rule that bound in the made-up tables, with its amounts."""
    (case,) = cases([load(ensemble)])
    part, rows = rules_of(case), case.frame("rules", ["rule", "bound", "duty_usd_m"])
    bound = rows[rows["bound"]]
    assert (part is None) == bound.empty
    if part is not None:
        assert len(part.rows) == bound["rule"].nunique()
        assert all(len(row) == len(part.head) for row in part.rows)


def test_a_rule_that_does_not_decide_shows_what_lifting_it_would_bring(ensemble: Path) -> None:
    (case,) = cases([load(ensemble)])
    part, rows = rules_of(case), case.frame("rules", ["quarter", "rule", "bound", "lifted_h100e"])
    assert part is not None
    column = part.head.index("More if it alone were lifted, H100e")
    bound = rows[rows["bound"]]
    for named, cell in ((row[0], row[column]) for row in part.rows):
        label, rule = named.split("\n")
        assert label == case.rule_label(rule) != rule
        mine = bound[bound["rule"] == rule]
        by_quarter = mine.groupby("quarter")["lifted_h100e"].sum() / case.count
        assert cell.startswith(f"{rounded(by_quarter.max())}\nin {by_quarter.idxmax()}")
        last = by_quarter.index[by_quarter >= 0.5].max()
        assert cell.endswith(f", last {last}") == (last != by_quarter.idxmax())
    assert "More if it alone were lifted:" in part.caption


def test_what_a_rule_took_or_paid_is_said_beside_its_amounts(ensemble: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = cases([load(ensemble)])
    frame = case.frame("rules", ["quarter", "rule", "who", "bound", *AMOUNTS])
    frame = frame[frame["rule"] == frame["rule"].iloc[0]].assign(**dict.fromkeys(AMOUNTS, 0.0), bound=True)
    monkeypatch.setattr(Case, "frame", lambda *_, **__: frame.assign(duty_usd_m=case.count / len(frame) * 7.0))
    part = rules_of(case)
    assert part is not None
    assert [row[-1] for row in part.rows] == ["duties 7.0 USD m"]
    assert [row[3:-1] for row in part.rows] == [("", "", "")]
    monkeypatch.setattr(Case, "frame", lambda *_, **__: frame.assign(**{OWN: case.count * 0.25}).iloc[:1])
    part = rules_of(case)
    assert part is not None
    assert part.rows[0][-1] == "own cards up to 0.25 USD an hour dearer"
    monkeypatch.setattr(Case, "frame", lambda *_, **__: frame)
    part = rules_of(case)
    assert part is not None
    assert part.rows[0][-1] in ("only what others refuse too", "no amount of its own")


def test_rules_keep_their_labels_where_a_lever_is_a_whole_preset(ensemble: Path) -> None:
    (case,) = cases([load(ensemble)])
    chosen = replace(case, levers={"policy": "none"})
    found = case.results.manifest["config"]["policy"]
    labels = {name: rule["label"] for rules in found.values() for name, rule in rules.items()}
    assert labels
    assert {name: chosen.rule_label(name) for name in labels} == labels
    assert chosen.rule_label("mine") == "mine"


def test_a_rule_that_one_side_does_not_have_is_one_setting() -> None:
    def change(key: str, baseline: object, value: object) -> dict[str, object]:
        return {"key": key, "baseline": baseline, "value": value}

    changes = [
        change("market.end", "2030Q4", "2028Q4"),
        change("policy.us.gone.kind", "chip_rule", None),
        change("policy.us.gone.label", "Gone", None),
        change("policy.us.gone.licence", None, None),
        change("policy.us.mine.label", None, "Mine"),
        change("policy.us.mine.growth", None, 0.1),
        change("policy.us.moved.label", "Moved", "Moved on"),
        change("policy.us.moved.expires", "2027-01-01", None),
    ]
    assert [tuple(row[x] for x in ("key", "baseline", "value")) for row in settings_of(changes)] == [
        ("market.end", "2030Q4", "2028Q4"),
        ("policy.us.gone", "Gone", "no such rule"),
        ("policy.us.mine", "no such rule", "Mine"),
        ("policy.us.moved.label", "Moved", "Moved on"),
        ("policy.us.moved.expires", "2027-01-01", "none"),
    ]


def _swinging(folder: Path, shares: dict[str, tuple[float, float]]) -> list[str]:
    """Return the headline where firms have these shares of the world, on every basis, in 2025Q4 and in 2026Q4."""
    (case,) = cases([load(folder)])
    rows = [
        {"run_id": run, "quarter": quarter, "region": "world", "provider": firm} | dict.fromkeys(BASES, share)
        for run in case.ids
        for firm, both in shares.items()
        for quarter, share in zip(("2025Q4", "2026Q4"), both, strict=True)
    ]
    vars(case)["shares"] = pd.DataFrame(rows)
    return headline(case)


def test_a_leader_who_did_not_lead_before_or_whose_share_swings_is_remarked(ensemble: Path, single: Path) -> None:
    def remarks(shares: dict[str, tuple[float, float]], folder: Path = ensemble) -> list[str]:
        return [said for said in _swinging(folder, shares) if said.startswith("Shares swing on the way")]

    assert not remarks({"aws": (0.50, 0.55), "google": (0.45, 0.45)})
    (said,) = remarks({"aws": (0.45, 0.52), "google": (0.55, 0.48)})
    assert (
        "By compute in paid use, at the ends of years the largest median share goes from Google Cloud (2025Q4) to AWS "
        "(2026Q4), each first in all 6 runs." in said
    )
    (said,) = remarks({"aws": (0.60, 0.75), "google": (0.40, 0.25)})
    assert (
        "By revenue, at the ends of years the median share of AWS lies between 60% (2025Q4) and 75% (2026Q4)." in said
    )
    assert "goes from" not in said
    (said,) = remarks({"aws": (0.45, 0.52), "google": (0.55, 0.48)}, single)
    assert "the largest share goes from Google Cloud (2025Q4) to" in said
    assert "runs" not in said
