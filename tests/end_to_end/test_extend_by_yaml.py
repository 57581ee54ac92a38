"""What a user adds without touching code: a provider, a maker with a card, a region. Each by one scenario file."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from experiments import compose, load
from experiments.faults import OK
from tests.conftest import Command

SMALL = ("customers.enterprises=200", "market.end=2023Q1")

PROVIDER = """\
# @package _global_
# A sovereign cloud in Europe.
providers:
  sovereign:
    label: Sovereign Cloud
    headquarters: ally
    kind: cloud
    utility: 0.2
    sites:
      ally:
        launch: "2022Q1"
        opening_cards: {a100: 6000}
        deliveries: {h100: {"2022Q4": 1000, "2023Q1": 2000}}
    models:
      launch: "2022Q3"
      stack: cuda
      log_quality: {"2022Q3": 0.1}
      utility: 0.0
      efficiency: 1.0
      efficiency_growth: 0.0
      other_cost_usd_per_m_tokens: 0.002
      licensed_regions: [ally, us]
    own_use: null
    general_cloud: null
    pricing: {share_weight: 0.0, customer_value_weight: 0.0}
    investment: follower
    order_mix: {nvidia: 1.0}
    in_house_share: null
    group: null
    account: {opening_cash_usd_m: 500.0, opening_debt_usd_m: 0.0, credit_multiple: 3.0, spread: 0.02}
"""

MAKER = """\
# @package _global_
# A maker of accelerators with its own software, one card, and a cloud that starts with it and orders it.
upstream:
  us-allied: {wafers: {capacity: 10000.0}, packaging: {capacity: 6000.0}, memory: {capacity: 900000.0}}
market:
  history_end: "2022Q2"
  stacks:
    newstack: {training: 0.7, inference: 0.8}
suppliers:
  newmaker:
    label: New Maker
    headquarters: ally
    stack: newstack
    sells_to: null
    price_decline: 0.2
    gross_margin: 0.5
    upstream: us-allied
    external_share: 0.0
    foundry_access: 1.0
    roadmap: {cadence_quarters: 4, performance_gain: 1.4, power_gain: 1.2, area_gain: 1.1, stack_gain: 1.1}
    research:
      revenue_share: 0.1
      subsidy_usd_m: 0.0
      reference_usd_m: 1.0
      reference_growth: 0.04
      elasticity: 0.25
      fastest: 1.25
    learning: {rate: 0.15, spillover: 0.3, spillover_abroad: 0.1}
chips:
  newcard:
    label: New Card
    supplier: newmaker
    launch: "2022Q1"
    tpp: 8000.0
    memory_gb: 96.0
    memory_bandwidth_gb_s: 3000.0
    interconnect_gb_s: 600.0
    die_area_mm2: null
    logic_area_mm2: 600.0
    memory_stacks: 4.0
    power_w: 500.0
    process_nm: 5.0
    transistors_bn: 59.0
    price_usd: 9000.0
providers:
  buyer:
    label: Buyer of New Cards
    headquarters: ally
    kind: cloud
    utility: 0.5
    sites:
      ally:
        launch: "2022Q1"
        opening_cards: {newcard: 5000}
        deliveries: {newcard: {"2022Q2": 1000}}
    models: null
    own_use: null
    general_cloud: null
    pricing: {share_weight: 0.0, customer_value_weight: 0.0}
    investment: leader
    order_mix: {newmaker: 1.0}
    in_house_share: null
    group: null
    account: {opening_cash_usd_m: 500.0, opening_debt_usd_m: 0.0, credit_multiple: 3.0, spread: 0.02}
"""

REGION = """\
# @package _global_
# India leaves the rest of the world: customers, one home cloud, and a site of AWS.
market:
  regions:
    india:
      label: India
      electricity_usd_per_kwh: 0.09
      pue: 1.5
      shell_cost_usd_m_per_mw: 7.0
      construction_quarters: 5
      time_to_power_quarters: 6
      grid_mw: 100.0
      grid_growth: 0.2
      trade_mw: 100.0
      trade_growth: 0.2
      profit_tax: 0.25
      capital_subsidy: 0.0
      state_funded_share: 0.0
customers:
  demand:
    us: {enterprise_share: 0.4}
    india:
      initial_tasks_h100e: 6000.0
      growth_initial: 0.25
      growth_final: 0.04
      growth_decay_quarters: 8.0
      shock_sd: 0.03
      enterprise_share: 0.1
      tastes: {cuda_native: 0.5, price_seeker: 0.5}
      training_share: {"2022Q1": 0.5}
      bound_share_training: 0.3
      bound_share_inference: 0.6
      outside_utility: 0.0
      barred_headquarters: [cn]
providers:
  aws:
    sites:
      india: {launch: "2022Q2", opening_cards: {}, deliveries: {a100: {"2022Q2": 2000}}}
    models: {licensed_regions: [us, ally, mid, india]}
  bharat:
    label: Bharat Cloud
    headquarters: india
    kind: cloud
    utility: 0.0
    sites:
      india: {launch: "2022Q1", opening_cards: {a100: 4000}, deliveries: {}}
    models: null
    own_use: null
    general_cloud: null
    pricing: {share_weight: 0.0, customer_value_weight: 0.0}
    investment: follower
    order_mix: {nvidia: 1.0}
    in_house_share: null
    group: null
    account: {opening_cash_usd_m: 300.0, opening_debt_usd_m: 0.0, credit_multiple: 3.0, spread: 0.02}
"""


@pytest.fixture
def extended(command: Command, tmp_path: Path) -> Any:
    """Return a function that runs a scenario from a folder of one's own and gives its tables and its page."""

    def run(name: str, text: str) -> tuple[Any, str]:
        (tmp_path / "mine" / "scenario").mkdir(parents=True)
        (tmp_path / "mine" / "scenario" / f"{name}.yaml").write_text(text, encoding="utf-8")
        outcome = command("run", "--config-dir", "mine", f"scenario={name}", *SMALL)
        assert outcome.code == OK, outcome.err
        report = tmp_path / outcome.out.splitlines()[-1]
        return load(report.parent), report.read_text(encoding="utf-8")

    return run


def rows(results: Any, table: str, **keys: str) -> list[dict[str, Any]]:
    """Return the rows of a table with these keys; there must be some."""
    found = [row for row in results[table].arrow().to_pylist() if all(row[key] == x for key, x in keys.items())]
    assert found, (table, keys)
    return found


def by_quarter(results: Any, table: str, column: str, **keys: str) -> dict[str, float]:
    """Return a column of the rows with these keys, by quarter."""
    return {row["quarter"]: row[column] for row in rows(results, table, **keys)}


ALL = {"product": "all", "workload": "all"}


@pytest.mark.slow  # the fast set adds a cloud beside a maker and its card, below
def test_a_provider(extended: Any) -> None:
    results, page = extended("sovereign", PROVIDER)
    told = rows(results, "entities", name="sovereign")
    assert [(row["label"], row["archetype"]) for row in told] == [("Sovereign Cloud", "follower")]
    sold = by_quarter(results, "providers", "revenue_usd_m", provider="sovereign", region="ally", **ALL)
    assert min(sold.values()) > 0.0
    maas = {"product": "maas", "workload": "all"}
    tokens = by_quarter(results, "providers", "tokens_bn", provider="sovereign", region="world", **maas)
    assert tokens["2022Q1"] == tokens["2022Q2"] == 0.0
    assert tokens["2022Q4"] > 0.0
    owned = by_quarter(results, "sites", "owned_h100e", provider="sovereign")
    assert owned["2023Q1"] > owned["2022Q1"]
    assert min(by_quarter(results, "firms", "share_owned_compute", provider="sovereign").values()) > 0.0
    assert "Sovereign Cloud" in page


def test_a_maker_its_card_and_a_cloud_that_buys_it(extended: Any) -> None:
    results, _ = extended("newmaker", MAKER)
    assert {"newmaker", "buyer"} <= {row["name"] for row in rows(results, "entities")}
    assert by_quarter(results, "suppliers", "revenue_usd_m", supplier="newmaker")["2022Q2"] > 0.0
    shipped, ordered = (
        by_quarter(results, "chips", column, chip="newcard", destination="ally")
        for column in ("shipped_cards", "ordered_cards")
    )
    assert shipped["2022Q2"] == 1000.0
    assert sum(ordered.values()) > 0.0
    assert sum(cards for quarter, cards in shipped.items() if quarter > "2022Q2") > 0.0
    sold = by_quarter(results, "providers", "served_h100e", provider="buyer", region="world", **ALL)
    assert min(sold.values()) > 0.0


def test_a_region_with_customers_and_sites(extended: Any) -> None:
    results, page = extended("india", REGION)
    for name in ("revenue_usd_m", "served_h100e", "potential_h100e", "located_h100e", "accessed_h100e"):
        assert min(by_quarter(results, "market", name, region="india").values()) > 0.0, name
    home = by_quarter(results, "providers", "share_revenue", provider="bharat", region="india", **ALL)
    assert min(home.values()) > 0.0
    away = by_quarter(results, "sites", "capacity_h100e", provider="aws", site_region="india")
    assert away["2022Q1"] == 0.0
    assert away["2022Q2"] > 0.0
    abroad = by_quarter(results, "providers", "served_h100e", provider="aws", region="india", **ALL)
    assert max(abroad.values()) > 0.0
    assert "India" in page


def test_what_is_added_changes_nothing_it_does_not_touch(tmp_path: Path) -> None:
    """The composed configuration of the rest is the baseline's."""
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "sovereign.yaml").write_text(PROVIDER, encoding="utf-8")
    mine = compose("scenario=sovereign", user_folders=[tmp_path]).parameters
    shipped = compose().parameters
    assert set(mine.providers) - set(shipped.providers) == {"sovereign"}
    assert all(mine.providers[name] == shipped.providers[name] for name in shipped.providers)
    assert mine.customers == shipped.customers
    assert mine.chips == shipped.chips


def test_the_scenario_of_the_readme_runs(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    block = text[text.index("    # @package _global_") :].split("\n\n")[0]
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "readme.yaml").write_text(dedent(block), encoding="utf-8")
    assert "eurocloud" in compose("scenario=readme", user_folders=[tmp_path]).parameters.providers
