"""Rules in words: every shipped kind, own rules like shipped ones, what cases do not share."""

from pathlib import Path
from typing import Any

from experiments.analysis import load
from experiments.analysis.cases import Case, cases
from experiments.report.page import render
from experiments.report.terms import terms_of
from experiments.status_answers import rule_sets
from experiments.study import execute, planned
from tests.conftest import SMALL
from tests.synthetic import Market

OWN = """
my_gate:
  kind: chip_rule
  label: "My gate <b>"
  source: mine
  grade: assumption
  announced: "2026-01-09"
  effective: "2026-04-14"
  expires: null
  phase_in_quarters: 0.0
  uses: [order]
  treatment: licence
  licence: {approval: 0.5, delay_quarters: 0, duty: 0.3, revenue_share: 0.0, share_of_home: 0.5,
            cards_per_quarter: null, sold_at_home: false}
  prongs: {memory: {at_least: {memory_bandwidth_gb_s: 1400.0}}}
  origins: [us]
  destinations: [cn]
  headquarters: []
  buyers: null
  covered_share: 1.0
  only_chips: null
  exempt_chips: []
  overrides: []
  growth: 0.0
  generations_behind: null
  evaded: 0.0
"""


def with_policy(case: Case, policy: object) -> Case:
    vars(case)["policy"] = policy
    return case


def test_an_own_rule_in_a_study_has_its_label_id_and_terms(market: type[Market], tmp_path: Path) -> None:
    own = tmp_path / "conf" / "policy" / "us" / "mine.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(OWN, encoding="utf-8")
    words = ("+study.levers={policy/us: [none, mine]}", "study.seeds=1", "executor.workers=1")
    made = planned([*SMALL, *words, f"output.root={tmp_path}"], [tmp_path / "conf"])
    folder = execute(made, [])
    none, mine = cases([load(folder)])
    assert mine.rule_label("my_gate") == "My gate <b>"
    assert none.rule_label("my_gate") == "my_gate"
    part = terms_of([none, mine])
    assert part is not None
    ((named, by, start, until, terms, where),) = part.rows
    assert (named, by, start, until, where) == (
        "My gate <b>\nmy_gate", "United States", "2026-04-14\nannounced 2026-01-09", "", "us = mine",
    )  # fmt: skip
    assert terms == (
        "orders: licence: 50% approved, 30% duty, at most 0.5 of sales at home; memory bandwidth, GB/s, from 1,400; "
        "cards of makers of United States; for China"
    )
    page = render([load(folder)], [])
    assert "My gate &lt;b&gt;\nmy_gate" in page
    assert page.count("Rules that cases do not share") == 1


def test_terms_that_do_nothing_are_left_out_and_zeros_that_do_much_are_not(single: Path) -> None:
    (case,) = cases([load(single)])
    rules: dict[str, Any] = {}
    for found in rule_sets():
        if "/" in found.name:
            given = found.policy.model_dump(mode="json")
            rules |= given["us"] | given["cn"] | given["allies"]
    part = terms_of([with_policy(case, {"us": rules})])
    assert part is not None
    assert len(part.rows) == len(rules)
    said = {row[0].split("\n")[1]: row[-1] for row in part.rows}
    assert "access left 0" in said["us_2025_01_foundry"]
    assert "output, times 1" not in said["us_tools"]
    assert "share of tools banned 0.9" in said["us_tools"]
    assert 'overrides "Letters on H20 and MI308X"' in said["us_2025_08"]
    assert said["cn_2025_09"] == "orders: refused; every card; cards of makers of United States; for China"


def test_rules_that_all_cases_have_are_no_news(compared: Path, ensemble: Path) -> None:
    assert terms_of(cases([load(compared)])) is None
    assert terms_of(cases([load(ensemble)])) is not None
