"""``compute-market explain KEY``: value, meaning, layers, evidence; in this process."""

from pathlib import Path
from typing import Any

import pytest

from experiments.explain import explained
from experiments.preflight.folders import shipped
from experiments.preflight.origins import at
from experiments.preflight.problems import ABSENT
from experiments.preparation import evidence
from tests.conftest import Command

GROWTH = "market.costs.shell_cost_growth"


def entries(text: str, name: str) -> list[str]:
    """Return what stands behind a name in the output, line by line."""
    return [line.strip().removeprefix(name).strip() for line in text.splitlines() if line.startswith(f"  {name} ")]


def shown(key: str, config: dict[str, Any]) -> str:
    return "\n".join(explained(key, config, []))


def at_baseline(market: dict[str, dict[str, object]]) -> dict[str, Any]:
    """Return the baseline with other values in groups of the market."""
    base = evidence.baseline()
    return {**base, "market": {**base["market"], **{name: {**base["market"][name], **v} for name, v in market.items()}}}


def test_a_leaf_of_the_baseline(command: Command) -> None:
    outcome = command("explain", GROWTH)
    assert (outcome.code, outcome.err, outcome.made) == (0, "", frozenset())
    assert outcome.out.splitlines()[:2] == [f"{GROWTH} = 0.068", "  Growth of the cost of shell and power, g_c."]
    assert entries(outcome.out, "unit") == ["per year"]
    assert entries(outcome.out, "allowed") == ["a number at least -0.5 and at most 1 (per year)"]
    assert entries(outcome.out, "set by") == ["conf/market/baseline.yaml"]
    assert entries(outcome.out, "overrode") == []
    assert entries(outcome.out, "source")[0].startswith("mba-jll-2026: MBA Newslink")
    assert entries(outcome.out, "grade")[0].startswith("B: ")
    assert "7.7 to 10.7" in entries(outcome.out, "note")[0]


def test_the_command_line_is_the_last_layer(command: Command) -> None:
    outcome = command("explain", GROWTH, f"{GROWTH}=0.2")
    assert outcome.out.startswith(f"{GROWTH} = 0.2\n")
    assert entries(outcome.out, "set by") == [f"command line ({GROWTH}=0.2)"]
    assert entries(outcome.out, "overrode") == ["conf/market/baseline.yaml: 0.068"]
    assert entries(outcome.out, "source")[0] == "none on record for this value. The baseline's 0.068 rests on:"


def test_the_same_number_keeps_its_source() -> None:
    lines = shown("market.costs.card_life_years", at_baseline({"costs": {"card_life_years": 5}}))
    assert entries(lines, "source")[0].startswith("epoch-2026-05-14: ")


def test_a_scenario_overrides_a_group(command: Command) -> None:
    key = "providers.alibaba.models.efficiency_growth"
    outcome = command("explain", key, "scenario=asymmetric_efficiency")
    assert outcome.out.startswith(f"{key} = 0.05\n")
    assert entries(outcome.out, "set by") == ["conf/scenario/asymmetric_efficiency.yaml"]
    assert entries(outcome.out, "overrode") == ["conf/providers/baseline.yaml: 0.0"]


def test_files_of_ones_own_folder_are_named(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine" / "scenario" / "dear.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"# @package _global_\n{'market: {costs: {shell_cost_growth: 0.41}}'}\n", encoding="utf-8")
    outcome = command("explain", GROWTH, "scenario=dear", "--config-dir", str(tmp_path / "mine"), f"{GROWTH}=0.3")
    assert outcome.out.startswith(f"{GROWTH} = 0.3\n")
    assert entries(outcome.out, "overrode") == [f"{file}: 0.41", "conf/market/baseline.yaml: 0.068"]


def test_a_group_of_ones_own_replaces_the_shipped_one(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine" / "leases" / "alone.yaml"
    file.parent.mkdir(parents=True)
    lease = "lessor: oracle, lessee: aws, region: us, stack: cuda, share: 0.1, since: 2024Q1, until: 2025Q4"
    file.write_text(f"mine: {{{lease}, price_multiple: 1.2}}\n", encoding="utf-8")
    outcome = command("explain", "leases.mine.share", "leases=alone", "--config-dir", str(tmp_path / "mine"))
    assert entries(outcome.out, "set by") == [str(file)]
    assert entries(outcome.out, "source") == ["none on record: the shipped baseline has no such leaf"]


def test_a_series_is_one_value() -> None:
    key = "providers.aws.sites.us.deliveries.h100"
    text = shown(key, evidence.baseline())
    assert text.startswith(f'{key} = {{"2022Q3": ')
    assert entries(text, "unit") == ["cards"]
    assert entries(text, "allowed") == ["for each quarter a number at least 0 (cards)"]
    assert entries(text, "observed") == ["outcomes up to 2024Q4"]
    assert len(entries(text, "source")) == 2


def test_a_quarter_has_the_evidence_of_its_series() -> None:
    text = shown("market.rmb_per_usd.2022Q1", evidence.baseline())
    assert text.startswith("market.rmb_per_usd.2022Q1 = 6.35\n")
    assert entries(text, "source") == ["assumption"]
    assert entries(text, "unit") == ["RMB per USD"]


def test_a_parent_set_to_null_counts(command: Command) -> None:
    outcome = command("explain", "providers.aws.models", "providers.aws.models=null")
    assert outcome.out.startswith("providers.aws.models = null\n")
    assert entries(outcome.out, "set by") == ["command line (providers.aws.models=null)"]
    assert entries(outcome.out, "overrode")[0].startswith("conf/providers/baseline.yaml: {")


def test_a_prefix_lists_what_is_below() -> None:
    lines = shown("market", evidence.baseline()).splitlines()
    assert lines[0] == "market: The stage: time, places, costs, technology."
    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:]}
    assert listed["costs"] == "(8 keys below)"
    assert listed["start"].split() == ["2022Q1", "assumption"]


def test_a_listed_value_that_is_not_the_baselines_has_no_grade() -> None:
    costs = shown("market.costs", at_baseline({"costs": {"shell_cost_growth": 0.2}}))
    assert entries(costs, "card_life_years")[0].split() == ["5.0", "years", "B"]
    assert entries(costs, "shell_cost_growth")[0].split() == ["0.2", "per", "year"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("market.costs.shell_cost_growht", "no such key; did you mean 'market.costs.shell_cost_growth'?"),
        ("shell_cost_growth", "no such key; did you mean market.costs.shell_cost_growth?"),
        ("headquarters", " more?"),
        ("market.costs.shell_cost_growth.more", "no such key; did you mean 'market.costs.shell_cost_growth'?"),
        ("qqqqqqqq", "qqqqqqqq: no such key"),
    ],
)
def test_a_key_that_is_not_there(command: Command, key: str, said: str) -> None:
    outcome = command("explain", key)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.lines[0].endswith(said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["us_line"],
            "us_line: stands in conf/policy/us/us_line.yaml, which is not chosen; type compute-market explain "
            "policy.us.us_line policy/us=us_line (or policy/us=[history,us_line], beside what is chosen)",
        ),
        (
            ["policy.cn.cn_ratio.effective", "policy/cn=none"],
            "policy.cn.cn_ratio.effective: stands in conf/policy/cn/cn_ratio.yaml, which is not chosen; type "
            "compute-market explain policy.cn.cn_ratio.effective policy/cn=cn_ratio",
        ),
        (
            ["us_line", "policy/us=[us_2022_10,us_tools]"],
            "policy.us.us_line policy/us=us_line (or policy/us=[us_2022_10,us_tools,us_line], beside what is chosen)",
        ),
        (["us_2022_10"], "us_2022_10: no such key; did you mean policy.us.us_2022_10?"),
        (["policy.us.us_lin"], "no such key; did you mean 'policy.us.us_line'?"),
    ],
)
def test_a_rule_that_is_not_chosen_says_how_to_choose_it(command: Command, words: list[str], said: str) -> None:
    outcome = command("explain", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.lines[0].endswith(said), outcome.lines


def test_an_own_rule_that_is_not_chosen_is_found_too(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "own" / "policy" / "us" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text((shipped() / "policy" / "us" / "us_line.yaml").read_text().replace("us_line:", "my_rule:"))
    folder = ["--config-dir", str(tmp_path / "own")]
    (line,) = command("explain", "my_rule", *folder).lines
    assert f"stands in {file}, which is not chosen" in line
    typed = line.partition("compute-market ")[2].partition(" (or")[0].split()
    assert command(*typed, *folder).code == 0


def test_a_deleted_key_is_bad_input(command: Command) -> None:
    outcome = command("explain", "customers.labs.xai.taste", "~customers.labs.xai")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.lines[0].startswith("customers.labs.xai.taste: no such key")


def test_what_is_not_of_the_model_has_no_evidence(command: Command) -> None:
    outcome = command("explain", "output.tables", "output=small")
    assert entries(outcome.out, "set by") == ["conf/output/small.yaml"]
    assert entries(outcome.out, "source") == ["not a parameter of the model"]


def test_values_that_a_run_would_refuse_are_explained_with_their_range() -> None:
    text = shown(GROWTH, at_baseline({"costs": {"shell_cost_growth": 7}}))
    assert entries(text, "allowed") == ["a number at least -0.5 and at most 1 (per year)"]


def test_words_that_make_no_sense(command: Command) -> None:
    assert command("explain").code == 2
    assert command("explain", "--help").out.startswith("usage: compute-market explain KEY")
    assert command("explain", "market", "customers").lines[0] == "give one key to explain, not 2"
    assert command("explain", f"{GROWTH}=0.2").lines[0] == "give one key to explain, not 0"
    assert command("explain", GROWTH, "-m").lines[0] == "explain takes no -m"
    assert command("explain", GROWTH, "market=nowhere").code == 2


def test_the_value_at_a_key() -> None:
    assert at({"a": {"b": 1}}, "a.b") == 1
    assert at({"a": None}, "a.b") is None
    assert at({"a": {"b": 1}}, "a.c") is ABSENT


def test_an_own_rule_brings_its_evidence_and_says_what_is_assumed(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "own" / "policy" / "us" / "mine.yaml"
    file.parent.mkdir(parents=True)
    text = (shipped() / "policy" / "us" / "us_2023_10.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("us_2023_10", "mine"))
    words = ["--config-dir", str(tmp_path / "own"), "policy/us=mine"]
    line, share = (
        command("explain", f"policy.us.mine_{key}", *words).out
        for key in ("a.prongs.a_tpp.at_least.tpp", "abroad.covered_share")
    )
    assert f"set by    {file}" in line
    assert "source    natlaw-2023: " in line
    assert "grade     B: " in line
    assert "grade     assumption: " in share
