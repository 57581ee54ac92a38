"""What a user adds without touching code: a provider, a maker with a card, a region. Each by one scenario file."""

from pathlib import Path
from typing import Any

import pandas as pd
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
    archetype: follower
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
    opening_cash_usd_m: 500.0
"""

MAKER = """\
# @package _global_
# A maker of accelerators with its own software, one card, and a cloud that starts with it and orders it.
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
    output_growth: 0.3
    output_h100e: 20000.0
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
    power_w: 500.0
    process_nm: 5.0
    price_usd: 9000.0
providers:
  buyer:
    label: Buyer of New Cards
    headquarters: ally
    kind: cloud
    archetype: leader
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
    opening_cash_usd_m: 500.0
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
    archetype: follower
    utility: 0.0
    sites:
      india: {launch: "2022Q1", opening_cards: {a100: 4000}, deliveries: {}}
    models: null
    own_use: null
    general_cloud: null
    pricing: {share_weight: 0.0, customer_value_weight: 0.0}
    investment: follower
    order_mix: {nvidia: 1.0}
    opening_cash_usd_m: 300.0
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


def rows(results: Any, table: str, **keys: str) -> pd.DataFrame:
    """Return the rows of a table with these keys; there must be some."""
    frame: pd.DataFrame = results[table].pandas()
    for key, value in keys.items():
        frame = frame[frame[key] == value]
    assert len(frame) > 0, (table, keys)
    return frame


def test_a_provider(extended: Any) -> None:
    results, page = extended("sovereign", PROVIDER)
    assert rows(results, "entities", name="sovereign")["label"].tolist() == ["Sovereign Cloud"]
    sold = rows(results, "providers", provider="sovereign", region="ally", product="all", workload="all")
    assert (sold["revenue_usd_m"] > 0.0).all()
    tokens = rows(results, "providers", provider="sovereign", region="us", product="maas", workload="all")
    by_quarter = tokens.set_index("quarter")["tokens_bn"]
    assert (by_quarter[:"2022Q2"] == 0.0).all()  # type: ignore[misc]
    assert by_quarter["2023Q1"] > 0.0
    site = rows(results, "sites", provider="sovereign").set_index("quarter")["owned_h100e"]
    assert site["2023Q1"] > site["2022Q1"]
    assert rows(results, "firms", provider="sovereign")["share_owned_compute"].gt(0.0).all()
    assert "Sovereign Cloud" in page


def test_a_maker_its_card_and_a_cloud_that_buys_it(extended: Any) -> None:
    results, _ = extended("newmaker", MAKER)
    assert {"newmaker", "buyer"} <= set(rows(results, "entities")["name"])
    made = rows(results, "suppliers", supplier="newmaker").set_index("quarter")
    assert made.loc["2022Q2", "revenue_usd_m"] > 0.0
    cards = rows(results, "chips", chip="newcard", destination="ally").set_index("quarter")
    assert cards.loc["2022Q2", "shipped_cards"] == 1000.0
    decided = cards.loc["2022Q3":]  # type: ignore[misc]
    assert decided["ordered_cards"].sum() > 0.0
    assert decided["shipped_cards"].sum() > 0.0
    sold = rows(results, "providers", provider="buyer", region="ally", product="iaas", workload="all")
    assert (sold["served_h100e"] > 0.0).all()


def test_a_region_with_customers_and_sites(extended: Any) -> None:
    results, page = extended("india", REGION)
    market = rows(results, "market", region="india")
    for name in ("revenue_usd_m", "served_h100e", "potential_h100e", "located_h100e", "accessed_h100e"):
        assert (market[name] > 0.0).all(), name
    home = rows(results, "providers", provider="bharat", region="india", product="all", workload="all")
    assert (home["share_revenue"] > 0.0).all()
    away = rows(results, "sites", provider="aws", site_region="india").set_index("quarter")
    assert away.loc["2022Q1", "capacity_h100e"] == 0.0
    assert away.loc["2022Q2", "capacity_h100e"] > 0.0
    assert rows(results, "providers", provider="aws", region="india", product="maas", workload="all") is not None
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
