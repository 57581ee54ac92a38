"""A rule that asks for a density that nobody knows is an error before a run, where the answer hangs on it."""

import pytest

from experiments import compose
from experiments.faults import BadInput
from sim import ComputeMarket, Parameters
from sim.parameters import ReferenceErrors
from sim.parameters.policy import ChipRule, Policy
from sim.policy.undecided import undecided
from tests.builders_rules import prong, rule

DENSE = {"dense": prong({"performance_density": 10.0})}


def under(parameters: Parameters, **rules: ChipRule) -> Parameters:
    return parameters.model_copy(update={"policy": Policy(us=dict(rules), cn={}, allies={})})


def keys(parameters: Parameters) -> list[str]:
    return sorted(problem.key for problem in undecided(parameters))


def test_shipped_rules_decide_every_card() -> None:
    for preset in ("history", "none", "us_2023_10", "us_2026_01", "us_proposed_a", "us_proposed_b"):
        assert undecided(compose(f"policy={preset}").parameters) == []


def test_merchant_cards_without_a_die_area_are_named_once(baseline: Parameters) -> None:
    found = keys(under(baseline, r=rule(prongs=DENSE)))
    expected = [
        f"chips.{name}.die_area_mm2"
        for name, chip in baseline.chips.items()
        if chip.die_area_mm2 is None and chip.supplier in {"nvidia", "amd"}
    ]
    assert found == sorted(expected)
    assert "chips.b200.die_area_mm2" in found


def test_a_generation_is_said_of_the_card_it_goes_back_to(baseline: Parameters) -> None:
    """No card of the catalogue has so much compute, so that density decides of later ones alone."""
    far = rule(prongs={"far": prong({"tpp": 70000.0, "performance_density": 10.0})})
    assert keys(under(baseline, r=far)) == ["chips.b300.die_area_mm2", "chips.mi355x.die_area_mm2"]
    assert any("density of nvidia-next-1" in problem.allowed for problem in undecided(under(baseline, r=far)))


@pytest.mark.parametrize(
    "terms",
    [
        {"prongs": {"fast": prong({"tpp": 1000.0}), **DENSE}},
        {"prongs": {"slow": prong({"performance_density": 10.0}, {"tpp": 1000.0})}},
        {"origins": ["mid"]},
        {"destinations": [], "headquarters": []},
        {"exempt_chips": ["b200", "gb200", "b300", "mi325x", "mi350x", "mi355x"], "expires": "2025-12-31"},
        {"announced": "2040-01-01", "effective": "2040-01-01"},
        {"effective": "2020-01-01", "announced": "2020-01-01", "expires": "2022-01-01"},
        {"expires": "2024-09-30"},
    ],
)
def test_where_nothing_hangs_on_it_nobody_asks(baseline: Parameters, terms: dict[str, object]) -> None:
    assert undecided(under(baseline, r=rule(**{"prongs": DENSE, **terms}))) == []


def test_a_line_that_moves_past_a_card_comes_to_ask(baseline: Parameters) -> None:
    """Compute decides of B200 until its line has passed it in 2025; then density does."""
    tests = {"fast": prong({"tpp": 30000.0}), **DENSE}
    only = {"prongs": tests, "only_chips": ["b200"]}
    assert undecided(under(baseline, r=rule(**only))) == []
    assert keys(under(baseline, r=rule(**only, growth=0.2))) == ["chips.b200.die_area_mm2"]


def test_another_rule_as_strict_decides(baseline: Parameters) -> None:
    everything = rule(prongs={"any": prong({"tpp": 100.0})})
    assert undecided(under(baseline, r=rule(prongs=DENSE), s=everything)) == []
    told = rule(prongs={"any": prong({"tpp": 100.0})}, treatment="notify")
    assert undecided(under(baseline, r=rule(prongs=DENSE), s=told)) != []


def test_cards_of_in_house_makers_count_where_others_or_owners_may_buy_them(baseline: Parameters) -> None:
    at_home = rule(prongs=DENSE, destinations=["us"], headquarters=[])
    assert "chips.tpu-v4.die_area_mm2" not in keys(under(baseline, r=rule(prongs=DENSE)))
    assert "chips.tpu-v4.die_area_mm2" in keys(under(baseline, r=at_home))
    assert keys(under(baseline, r=rule(prongs=DENSE, uses=["rental"]))) == keys(under(baseline, r=rule(prongs=DENSE)))


def test_a_run_is_refused_with_the_key_and_the_test() -> None:
    with pytest.raises(ReferenceErrors, match=r"chips\.b200\.die_area_mm2 = None: is needed: test dense"):
        ComputeMarket(under(compose("policy=none").parameters, r=rule(prongs=DENSE)))


def test_the_preflight_says_so_in_one_line_each() -> None:
    change = "policy.us.us_2023_10_a.prongs.a_tpp.at_least.tpp=1e6"
    with pytest.raises(BadInput) as error:
        compose("policy=us_2023_10", change)
    lines = [line for line in error.value.lines if "b200" in line]
    assert lines
    assert all("test a_density of policy rule us_2023_10_a asks for the performance density" in line for line in lines)
