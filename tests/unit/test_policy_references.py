"""What cannot be meant of an instrument is said with its key, the value and what is allowed."""

import json
from typing import Any

import pytest

from experiments.preflight.validate import parameters
from tests.economy import baseline, changed
from tests.verification.test_instruments_bind import rules, shipped

NONE: dict[str, Any] = {"policy.us": {}, "policy.cn": {}, "policy.allies": {}}
H20 = "policy.us.us_2025_04"
TOOLS, CAP, FOUNDRY = "policy.us.us_tools", "policy.us.us_diffusion_kept", "policy.us.us_2025_01_foundry"
VOLUME = "policy.us.us_2026_01"
RATIO, POWER = "policy.cn.cn_ratio", "policy.cn.cn_2025_11_power"
SHOCK, EGRESS = "policy.allies.credit_shock", "policy.allies.egress"
FILES = {
    H20: "us/us_2025_04", VOLUME: "us/us_2026_01", TOOLS: "us/us_tools", CAP: "us/us_diffusion_kept",
    FOUNDRY: "us/us_2025_01_foundry",
    RATIO: "cn/cn_ratio", POWER: "cn/cn_2025_11", SHOCK: "allies/credit_shock", EGRESS: "allies/egress",
}  # fmt: skip

WRONG: list[tuple[str, str, Any, str]] = [
    (H20, "expires", "2025-04-01", "must not lie before effective (2025-04-14)"),
    (H20, "effective", "2025-04-01", "must not lie before announced (2025-04-09)"),
    (H20, "effective", "2025-02-30", "there is no such day"),
    (H20, "destinations", ["china"], "must be one of ally, cn, mid, us; did you mean 'cn'?"),
    (H20, "destinations", ["cn", "mid", "cn"], "is named twice"),
    (H20, "label", " ", "must not be empty"),
    (H20, "source", "", "must not be empty"),
    (H20, "assumed", ["destination"], "is no field of the rule; did you mean 'destinations'?"),
    (H20, "assumed", ["licence.aproval"], "is no term of a licence; did you mean 'approval'?"),
    (VOLUME, "origins", None, "compares with what makers sell at home"),
    (CAP, "h100e", {"us": 1e6}, "is home to the makers"),
    (H20, "only_chips", ["H20"], "did you mean 'h20'?"),
    (H20, "buyers", ["alibabba"], "did you mean 'alibaba'?"),
    (H20, "buyers", [], "names nobody"),
    (H20, "overrides", [H20.rsplit(".", 1)[1]], "must not name the rule itself"),
    (H20, "only_chips", [], "names nobody"),
    (H20, "prongs.memory.at_least", {}, "tests nothing, so it catches every card"),
    (H20, "only_chips", ["h2o"], "did you mean 'h20'?"),
    (H20, "licence", None, "must give the terms of the licence"),
    (H20, "treatment", "deny", "must be licence where licence gives terms"),
    (H20, "prongs.memory.below", {"memory_bandwidth_gb_s": 1000.0}, "no card can meet both"),
    (TOOLS, "side", "china", "must be one of cn, us-allied"),
    (TOOLS, "stages", ["hbm"], "one of wafers, packaging, memory"),
    (TOOLS, "output", -0.1, "at least 0"),
    (TOOLS, "tools_banned", 1.5, "at most 1"),
    (CAP, "h100e", {"gulf": 5.0}, "must be one of ally, cn, mid, us"),
    (CAP, "h100e", {"mid": -5.0}, "at least 0"),
    (CAP, "chartered", ["amazon"], "must be one of"),
    (CAP, "chartered", [], "names nobody whom largest_share_abroad or least_share_at_home binds"),
    (FOUNDRY, "access", 1.0, "takes nothing from anybody"),
    (FOUNDRY, "sides", ["taiwan"], "must be one of cn, us-allied"),
    (FOUNDRY, "approved", ["huawei"], "must be one of"),
    (RATIO, "foreign_per_domestic", -1.0, "at least 0"),
    (RATIO, "domestic", ["chn"], "must be one of ally, cn, mid, us"),
    (POWER, "regions", [], "at least 1 entry"),
    (POWER, "power", 0.0, "pays nothing"),
    (SHOCK, "covenant", -1.0, "at least 0"),
    (EGRESS, "switching", 1.2, "at most 1"),
    (EGRESS, "kind", "remedies", "did you mean 'remedy'?"),
    (EGRESS, "egress_fee", 0.0, "no such key"),
]


def said(changes: dict[str, Any]) -> dict[str, str]:
    """Return the messages of a configuration by key."""
    _, problems = parameters(changed(baseline(), {**NONE, **changes}))
    return {problem.key: problem.allowed for problem in problems}


def twins(**other: Any) -> dict[str, Any]:
    """Return the licence of the H20 and a rule that catches the same cards at the same time, with changes to that."""
    one = shipped(FILES[H20])[H20.rsplit(".", 1)[1]]
    return {"policy.us": {"one": one, "other": one | other}}


BAN: dict[str, Any] = {"treatment": "deny", "licence": None}


def test_two_treatments_of_the_same_cards_at_the_same_time_contradict_each_other() -> None:
    found = said(twins(**BAN))["policy.us.other.treatment"]
    assert "one says licence of the same cards at the same time" in found
    for settled in ({"overrides": ["one"]}, {"destinations": ["cn", "mid"]}, {"expires": "2025-04-14"}):
        assert said(twins(**BAN, **settled)) == {}
    assert said(twins()) == {}, "to say it twice is no contradiction"


@pytest.mark.parametrize(("rule", "field", "value", "allowed"), WRONG)
def test_a_wrong_instrument_is_refused_by_its_key(rule: str, field: str, value: Any, allowed: str) -> None:
    group, name = rule.split(".")[1:]
    values: dict[str, Any] = json.loads(json.dumps({name: shipped(FILES[rule])[name]}))
    place, path = values[name], field.split(".")
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    found = {key: text for key, text in said({f"policy.{group}": values}).items() if key.startswith(f"{rule}.")}
    assert found, f"nothing is said of {rule}.{field}"
    assert any(allowed in text for text in found.values()), found


def test_a_key_of_another_kind_is_told_apart() -> None:
    values = {"egress": {**shipped("allies/egress")["egress"], "swiching": 0.5}}
    text = said({"policy.allies": values})["policy.allies.egress.swiching"]
    assert "did you mean 'switching'?" in text
    assert "tools_banned" not in text


def test_commitments_cannot_be_limited_where_customers_are_shares() -> None:
    limited = {"policy.allies": {"spend": shipped("allies/committed_spend")["committed_spend"]}}
    assert said(limited) == {}
    found = said({**limited, "customers.granularity": "cells"})
    assert "must be 1 with customers.granularity=cells" in found["policy.allies.spend.committed_share"]


def test_no_government_silences_the_rules_of_another() -> None:
    one = shipped(FILES[H20])[H20.rsplit(".", 1)[1]]
    found = said({"policy.us": {"one": one | {"overrides": ["theirs"]}}, "policy.cn": {"theirs": one}})
    assert found == {"policy.us.one.overrides": "is a rule of another government (policy.cn), which it cannot silence"}


@pytest.mark.parametrize(("field", "value"), [("growth", 0.2), ("generations_behind", 2)])
def test_lines_that_move_need_lines(field: str, value: float) -> None:
    one = shipped(FILES[H20])[H20.rsplit(".", 1)[1]] | {**BAN, "prongs": {}, field: value}
    assert "moves thresholds, and the rule has none" in said({"policy.us": {"one": one}})[f"policy.us.one.{field}"]


def test_two_governments_cannot_use_one_name() -> None:
    twice = {"policy.us": rules("us/us_tools")["policy.us"], "policy.cn": rules("us/us_tools")["policy.us"]}
    assert "policy.us.us_tools has the same" in said(twice)["policy.cn.us_tools"]
