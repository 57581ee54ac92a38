"""Identities that hold between the tables of a run, and what each column promises."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from experiments.engine import store
from sim import ComputeMarket
from sim.economics.technology import interpolate
from sim.economics.workloads import SERVED
from sim.ground import forget
from sim.names import HOURS_PER_QUARTER, quarter_number
from sim.tables import MODEL_TABLES, OUTCOMES, TABLES
from tests.markets import finished, parameters_of, tables_of

BASE = ("customers.enterprises=300", "market.end=2026Q4")
SCARCE = (
    "customers.enterprises=120", "market.end=2024Q2", "customers.demand.us.initial_tasks_h100e=4000000.0",
    "market.cohorts.maximum_age_quarters=6",
)  # fmt: skip
"""A market so short of cards, which soon retire, that contracts are cut."""

FLOWS = {
    "providers": (
        "revenue_usd_m", "gross_margin_usd_m", "served_h100e", "tokens_bn", "first_choice_h100e", "unmet_h100e",
        "backlog_h100e",
    ),
    "market": (
        "revenue_usd_m", "served_h100e", "tokens_bn", "backlog_h100e", "potential_h100e", "consumer_surplus_usd_m",
        "owned_by_headquarters_h100e", "located_h100e", "accessed_h100e",
    ),
}  # fmt: skip
SHARES = {"share_revenue": "revenue_usd_m", "share_compute": "served_h100e", "share_tokens": "tokens_bn"}

both = pytest.mark.parametrize("overrides", [BASE, SCARCE], ids=["baseline", "scarce"])


def _close(left: pd.Series, right: pd.Series) -> None:
    """Check that two series agree to 1e-9, row by row; a missing row counts as zero."""
    left, right = left.align(right, fill_value=0.0)
    assert_allclose(left, right, rtol=1e-9, atol=1e-9 * max(float(right.abs().max()), 1e-300))


def _at(table: pd.DataFrame, row: Any, column: str) -> Any:
    return table.at[row, column]


def _nulls(values: pd.Series) -> np.ndarray:
    return np.asarray(values.isna())


@pytest.mark.parametrize("name", MODEL_TABLES)
def test_every_declared_column_is_there_with_its_type(name: str) -> None:
    columns, declared = finished(*BASE).tables([name])[name], TABLES[name].columns[1:]
    assert set(columns) == {column.name for column in declared}
    types = {"string": np.object_, "float64": np.float64, "bool": np.bool_}
    assert {c.name: columns[c.name].dtype for c in declared} == {c.name: np.dtype(types[c.type]) for c in declared}
    assert len({values.size for values in columns.values()}) == 1


@pytest.mark.parametrize("name", sorted(set(MODEL_TABLES) - {"rules"}))
def test_columns_are_null_just_where_nothing_fills_them(name: str) -> None:
    table = tables_of(*BASE)[name]
    assert len(table) > 0
    filled = {column.name for column in TABLES[name].columns[1:] if column.filled}
    rare = {"exit_quarter"}
    assert {column for column in table if not _nulls(table[column]).all()} | rare == filled | rare
    keys = [column.name for column in TABLES[name].keys[1:]]
    assert not table[keys].isna().any().any()
    assert not table.duplicated(keys).any()


def test_the_null_policy_has_no_rules() -> None:
    assert len(tables_of(*BASE, "policy=none")["rules"]["rule"]) == 0


@pytest.mark.parametrize("name", MODEL_TABLES)
def test_tables_can_be_stored(name: str) -> None:
    model = finished(*BASE)
    stored = store.Conversion().to_arrow(name, model.tables([name])[name], "0" * 16)
    table = tables_of(*BASE)[name]
    assert stored.num_rows == len(table)
    for column in table:
        assert stored[column].null_count == _nulls(table[column]).sum()


@both
@pytest.mark.parametrize("share", SHARES)
def test_shares_sum_to_one_over_providers_or_are_null(overrides: tuple[str, ...], share: str) -> None:
    table = tables_of(*overrides)["providers"]
    groups = table.groupby(["quarter", "region", "product", "workload"])
    total, amount = groups[share].sum(min_count=1), groups[SHARES[share]].sum()
    sold = amount > 0.0
    assert sold.any()
    assert_allclose(total[sold], 1.0, atol=1e-9)
    assert _nulls(total[~sold]).all()
    whole = groups[SHARES[share]].transform("sum")
    known = whole > 0.0
    assert_allclose(table[share][known], (table[SHARES[share]] / whole)[known], rtol=1e-9, atol=1e-15)
    assert not _nulls(table[share][known]).any()


def test_shares_of_fleets_and_of_all_cloud_sum_to_one() -> None:
    firms = tables_of(*BASE)["firms"].groupby("quarter")
    assert_allclose(firms["share_owned_compute"].sum(), 1.0, atol=1e-9)
    assert_allclose(firms["share_all_cloud"].sum(), 1.0, atol=1e-9)


@both
@pytest.mark.parametrize(
    ("name", "keys"), [("providers", ["quarter", "provider", "product", "workload"]), ("market", ["quarter"])]
)
def test_world_is_the_sum_of_regions_for_flows(overrides: tuple[str, ...], name: str, keys: list[str]) -> None:
    table = tables_of(*overrides)[name]
    world = table["region"] == "world"
    for measure in FLOWS[name]:
        assert table.loc[world, measure].abs().sum() > 0.0 or measure == "backlog_h100e"
        _close(table[world].set_index(keys)[measure], table[~world].groupby(keys)[measure].sum())


@both
@pytest.mark.parametrize(("over", "keys"), [("product", "workload"), ("workload", "product")])
def test_all_is_the_sum_of_its_parts(overrides: tuple[str, ...], over: str, keys: str) -> None:
    table = tables_of(*overrides)["providers"]
    by = ["quarter", "region", "provider", keys]
    every = table[over] == "all"
    for measure in FLOWS["providers"]:
        _close(table[every].set_index(by)[measure], table[~every].groupby(by)[measure].sum())


@both
def test_market_adds_up_providers(overrides: tuple[str, ...]) -> None:
    tables = tables_of(*overrides)
    whole = tables["providers"].query("product == 'all' and workload == 'all'").groupby(["quarter", "region"])
    market = tables["market"].set_index(["quarter", "region"])
    for measure in ("revenue_usd_m", "served_h100e", "tokens_bn", "backlog_h100e"):
        _close(whole[measure].sum(), market[measure])
    for hhi, share in (("hhi_revenue", "share_revenue"), ("hhi_compute", "share_compute")):
        squared = (100.0 * tables["providers"].query("product == 'all' and workload == 'all'")[share]) ** 2
        squared.index = pd.MultiIndex.from_frame(
            tables["providers"].query("product == 'all' and workload == 'all'")[["quarter", "region"]]
        )
        _close(squared.groupby(level=[0, 1]).sum(), market[hhi].fillna(0.0))


@both
def test_firms_earn_what_customers_of_the_world_pay_them(overrides: tuple[str, ...]) -> None:
    tables = tables_of(*overrides)
    paid = tables["providers"].query("product == 'all' and workload == 'all' and region == 'world'")
    _close(
        paid.set_index(["quarter", "provider"])["revenue_usd_m"],
        tables["firms"].set_index(["quarter", "provider"])["revenue_usd_m"],
    )


@both
def test_unmet_share_is_new_demand_without_service(overrides: tuple[str, ...]) -> None:
    tables, model = tables_of(*overrides), finished(*overrides)
    unmet = tables["providers"].query("product == 'all' and workload == 'all'").groupby(["quarter", "region"])
    market = tables["market"].set_index(["quarter", "region"])["unmet_share"]
    last = market.loc[tables["market"]["quarter"].iloc[-1]]
    asked = model.world.now.arrays["asked"]
    for position, region in enumerate(model.world.structure.regions):
        lost = unmet["unmet_h100e"].sum()[(tables["market"]["quarter"].iloc[-1], region)]
        assert last[region] == pytest.approx(lost * HOURS_PER_QUARTER / asked[position], rel=1e-9, abs=1e-15)
    assert ((market.dropna() >= 0.0) & (market.dropna() <= 1.0)).all()


@both
def test_diversions_of_each_first_choice_add_up_to_it(overrides: tuple[str, ...]) -> None:
    tables = tables_of(*overrides)
    keys = ["quarter", "region", "product", "workload"]
    diverted = tables["diverted"].groupby([*keys, "from"])["quantity_h100e"].sum()
    first = tables["providers"].query("product != 'all' and workload != 'all' and region != 'world'")
    _close(diverted.rename_axis(index={"from": "provider"}), first.set_index([*keys, "provider"])["first_choice_h100e"])


@both
def test_what_arrives_at_a_provider_is_what_it_serves(overrides: tuple[str, ...]) -> None:
    """Share = first choice - sum of out + sum of in: exact, with no other."""
    tables = tables_of(*overrides)
    keys = ["quarter", "region", "workload"]
    arrived = tables["diverted"].groupby([*keys, "to"])["arrived_h100e"].sum()
    nobody = arrived.index.get_level_values("to").isin(["outside", "waiting", "lost"])
    assert (arrived[nobody] == 0.0).all()
    served = tables["providers"].query("product == 'all' and workload != 'all' and region != 'world'")
    _close(
        arrived[~nobody].rename_axis(index={"to": "provider"}), served.set_index([*keys, "provider"])["served_h100e"]
    )


@both
def test_diversions_say_why(overrides: tuple[str, ...]) -> None:
    table = tables_of(*overrides)["diverted"]
    assert (table["quantity_h100e"] > 0.0).all()
    at_home = table["from"] == table["to"]
    assert (table["reason"][at_home] == "first_choice").all()
    assert table["reason"][~at_home].isin(["no_cards", "expired"]).all()
    assert (table["to"][table["reason"] == "expired"] == "lost").all()


def test_a_short_market_diverts_everywhere() -> None:
    table = tables_of(*SCARCE)["diverted"]
    assert {"waiting", "lost"} < set(table["to"])
    assert set(table["reason"]) == {"first_choice", "no_cards", "expired"}
    assert (finished(*SCARCE).record["served_fraction"] < 1.0).any()


@both
def test_first_choices_are_contracts_and_new_choices(overrides: tuple[str, ...]) -> None:
    """The pass over workloads agrees with what the service phase added up by lane."""
    world, table = finished(*overrides).world, tables_of(*overrides)["providers"]
    asked = world.now.arrays["contracted"].copy()
    np.add.at(asked, world.links.product_lane, world.now.arrays["first"].sum(axis=0))
    last = table.query("product == 'all' and region == 'world'").query("quarter == quarter.max()")
    found = last.groupby("workload")["first_choice_h100e"].sum() * HOURS_PER_QUARTER
    for position, workload in enumerate(("training", "inference")):
        assert found[workload] == pytest.approx(asked[position::2].sum(), rel=1e-9)


def test_prices_are_weighted_by_what_is_sold() -> None:
    model, tables = finished(*BASE), tables_of(*BASE)
    world, market = model.world, tables["market"].query("quarter == quarter.max()").set_index("region")
    for position, region in enumerate([*world.structure.regions, "world"]):
        rows = slice(None) if region == "world" else slice(position, position + 1)
        for service, quantity, column in (
            (0, world.now.arrays["taken"], "price_iaas_usd_per_h100e_hour"),
            (1, world.now.arrays["tokens_bn"], "price_maas_usd_per_m_tokens"),
        ):
            weight = np.where(world.links.product_service == service, quantity[rows].sum(axis=0), 0.0)
            mean = np.average(world.state.posted, weights=weight) if weight.sum() > 0.0 else np.nan
            assert _at(market, region, column) == pytest.approx(mean, rel=1e-9, nan_ok=True)
    sold = tables["providers"].query("tokens_bn == 0.0")
    assert _nulls(sold["price_maas_usd_per_m_tokens"]).all()


def test_price_indices_start_at_one_and_follow_prices() -> None:
    for region, table in tables_of(*BASE)["market"].groupby("region"):
        for index in ("price_iaas_index", "price_maas_index"):
            path = table[index].dropna()
            assert path.iloc[0] == 1.0, (region, index)
            assert (path > 0.0).all()


@both
def test_gap_and_outside_share_are_fractions(overrides: tuple[str, ...]) -> None:
    market = tables_of(*overrides)["market"]
    for measure in ("gap_at_cost", "outside_share", "unmet_share"):
        values = market[measure].dropna()
        assert len(values) > 0
        assert ((values >= 0.0) & (values <= 1.0)).all()
    assert (market["consumer_surplus_usd_m"] > 0.0).any()


def test_a_short_market_has_the_larger_gap() -> None:
    by = {
        name: tables_of(*overrides)["market"].set_index(["region", "quarter"])
        for name, overrides in (("base", BASE), ("scarce", SCARCE))
    }
    at = ("us", "2022Q4")
    assert _at(by["scarce"], at, "gap_at_cost") > _at(by["base"], at, "gap_at_cost")
    assert _at(by["scarce"], at, "unmet_share") > _at(by["base"], at, "unmet_share")


@both
def test_sites_hold_what_firms_own_and_leases_move_it(overrides: tuple[str, ...]) -> None:
    tables, model = tables_of(*overrides), finished(*overrides)
    sites, structure = tables["sites"], model.world.structure
    lent = sites.groupby("quarter")[["leased_in_h100e", "leased_out_h100e"]].sum()
    assert_allclose(lent["leased_in_h100e"], lent["leased_out_h100e"], rtol=1e-9)
    owned = sites.groupby(["quarter", "provider"])["owned_h100e"].sum()
    share = tables["firms"].set_index(["quarter", "provider"])["share_owned_compute"]
    _close(share[share > 0.0], owned / owned.groupby(level=0).transform("sum"))
    operated = np.bincount(structure.pool_site, (model.world.state.operated * structure.chip_h100e).sum(axis=1))
    last = sites.query("quarter == quarter.max()")
    net = last["owned_h100e"] + last["leased_in_h100e"] - last["leased_out_h100e"]
    assert_allclose(net, operated, rtol=1e-9, atol=1e-6)


@both
def test_use_of_sites_is_what_is_served_and_own_use(overrides: tuple[str, ...]) -> None:
    tables = tables_of(*overrides)
    sites = tables["sites"]
    used = sites["utilisation"].dropna()
    assert ((used >= 0.0) & (used <= 1.0 + 1e-9)).all()
    empty = sites["capacity_h100e"] == 0.0
    assert (_nulls(sites["binding_constraint"]) == empty).all()
    assert set(sites["binding_constraint"].dropna()) <= {
        "cards",
        "demand",
        "mw",
        "cash",
        "patience",
        "memory",
        "packaging",
        "wafers",
        "licence",
    }
    closed = sites[sites["binding_constraint"] == "licence"]
    assert (closed["denied_h100e"] > 0.0).all()
    assert (closed["refused_h100e"] <= 1e-6 * closed["owned_h100e"]).all()
    observed = sites[sites["quarter"] <= "2024Q4"]
    assert set(observed["binding_constraint"].dropna()) <= {"cards", "demand", "cash", "patience"}
    assert (observed["binding_constraint"][observed["utilisation"] >= 1.0 - 1e-9] != "demand").all()
    captive = sites.groupby("quarter")["own_use_h100e"].sum()
    market = tables["market"].query("region == 'world'").set_index("quarter")
    _close(market["accessed_h100e"], market["served_h100e"] + captive)


@both
def test_cards_shipped_are_cards_added(overrides: tuple[str, ...]) -> None:
    tables, model = tables_of(*overrides), finished(*overrides)
    chips = tables["chips"]
    h100e = dict(zip(model.world.structure.chips, model.world.structure.chip_h100e, strict=True))
    assert_allclose(chips["card_h100e"], chips["chip"].map(h100e), rtol=1e-12)
    each = chips["shipped_cards"] * chips["card_h100e"]
    shipped = each.groupby([chips["quarter"], chips["supplier"]]).sum()
    suppliers = tables["suppliers"].set_index(["quarter", "supplier"])
    _close(shipped, suppliers["shipped_h100e"])
    earned = (chips["shipped_cards"] * chips["price_usd"] / 1e6).groupby([chips["quarter"], chips["supplier"]]).sum()
    _close(earned, suppliers["revenue_usd_m"])
    above = chips["shipped_cards"] * (chips["price_usd"] - chips["unit_cost_usd"]) / 1e6
    _close(above.groupby([chips["quarter"], chips["supplier"]]).sum(), suppliers["gross_margin_usd_m"])
    world = tables["outcomes"].query("outcome == 'additions_h100e.world'").set_index("horizon")["value"]
    _close(each.groupby(chips["quarter"]).sum().loc[world.index].rename_axis("horizon"), world)


def test_refused_orders_are_what_suppliers_do_not_accept() -> None:
    chips = tables_of(*BASE)["chips"]
    assert ((chips["refused_cards"] >= 0.0) & (chips["refused_cards"] <= chips["ordered_cards"])).all()
    assert ((chips["refused_cards"] > 0.0) == chips["refused_reason"].notna()).all()


def test_refused_orders_name_the_stage_that_is_short() -> None:
    words = {"wafers": "no_wafers", "packaging": "no_packaging", "memory": "no_memory", "ramp": "no_chips"}
    tables = tables_of(*BASE)
    stage = tables["suppliers"].set_index(["quarter", "supplier"])["binding_stage"].map(words)
    refused = tables["chips"].query("refused_cards > 0").set_index(["quarter", "supplier"])["refused_reason"]
    assert refused.isin({"no_wafers", "no_packaging", "no_memory"}).any()
    assert (refused[stage.notna().reindex(refused.index)] == stage.reindex(refused.index).dropna()).all()


@both
def test_fleets_by_owner_place_and_market_are_one_fleet(overrides: tuple[str, ...]) -> None:
    tables, model = tables_of(*overrides), finished(*overrides)
    market, state = tables["market"].query("quarter == quarter.max()").set_index("region"), model.world.state
    cards = state.owned.sum(axis=0) + state.elsewhere.sum(axis=0)
    whole = float((cards * model.world.structure.chip_h100e).sum())
    assert _at(market, "world", "located_h100e") == pytest.approx(whole, rel=1e-9)
    assert _at(market, "world", "owned_by_headquarters_h100e") == pytest.approx(whole, rel=1e-9)
    assert _at(market, "us", "owned_by_headquarters_h100e") > _at(market, "us", "located_h100e")
    domestic = market[["domestic_chip_share_units", "domestic_chip_share_h100e"]]
    assert ((domestic >= 0.0) & (domestic <= 1.0)).all().all()
    assert _at(market, "us", "domestic_chip_share_h100e") == 1.0
    assert 0.0 < _at(market, "cn", "domestic_chip_share_h100e") < 1.0


def test_money_in_rmb_is_for_chinese_firms_at_the_rate_of_the_quarter() -> None:
    parameters, firms = parameters_of(*BASE), tables_of(*BASE)["firms"]
    rate = firms["quarter"].map(lambda q: interpolate(parameters.market.rmb_per_usd, quarter_number(q)))
    chinese = firms["provider"].map(lambda name: parameters.providers[name].headquarters == "cn")
    for column in ("revenue", "capex", "free_cash_flow"):
        assert_allclose(firms[f"{column}_rmb_m"][chinese], (firms[f"{column}_usd_m"] * rate)[chinese], rtol=1e-12)
        assert _nulls(firms[f"{column}_rmb_m"][~chinese]).all()


def test_headline_outcomes_are_those_declared_at_every_year_end() -> None:
    tables = tables_of(*BASE)
    outcomes, structure = tables["outcomes"], finished(*BASE).world.structure
    entities = {"provider": structure.providers, "region and world": [*structure.regions, "world"], "world": ["world"]}
    expected = [f"{outcome.name}.{entity}" for outcome in OUTCOMES for entity in entities[outcome.entities]]
    assert list(dict.fromkeys(outcomes["outcome"])) == expected
    assert sorted(set(outcomes["horizon"])) == ["2022Q4", "2023Q4", "2024Q4", "2025Q4", "2026Q4"]
    assert sorted(set(tables_of(*SCARCE)["outcomes"]["horizon"])) == ["2022Q4", "2023Q4", "2024Q2"]


def test_headline_outcomes_agree_with_the_large_tables() -> None:
    tables = tables_of(*BASE)
    value = tables["outcomes"].set_index(["outcome", "horizon"])["value"]
    market = tables["market"].query("region == 'world' and quarter == '2025Q4'").iloc[0]
    for outcome, column in (
        ("hhi_revenue", "hhi_revenue"), ("hhi_compute", "hhi_compute"), ("unmet_share", "unmet_share"),
        ("gap_at_cost", "gap_at_cost"), ("outside_share", "outside_share"), ("owned_h100e", "located_h100e"),
        ("price_iaas", "price_iaas_usd_per_h100e_hour"), ("price_maas", "price_maas_usd_per_m_tokens"),
    ):  # fmt: skip
        assert value[(f"{outcome}.world", "2025Q4")] == market[column], outcome
    sold = tables["providers"].query(
        "quarter == '2025Q4' and region == 'world' and product == 'all' and workload == 'all'"
    )
    for share in SHARES:
        assert_allclose(sold[share], [value[(f"{share}.{name}", "2025Q4")] for name in sold["provider"]], rtol=1e-12)
    owned = tables["firms"].query("quarter == '2025Q4' and provider == 'alibaba'").iloc[0]
    assert value[("share_owned_compute.alibaba", "2025Q4")] == owned["share_owned_compute"]


def test_entities_say_who_is_who() -> None:
    entities = tables_of(*BASE)["entities"].set_index(["kind", "name"])
    assert _at(entities, ("provider", "huawei"), "headquarters") == "cn"
    assert _at(entities, ("provider", "huawei"), "stack") == "cann"
    assert _at(entities, ("provider", "neocloud"), "archetype") == "asset_light"
    assert pd.isna(_at(entities, ("provider", "aws"), "stack"))
    assert pd.isna(_at(entities, ("provider", "entrant-us"), "entry_quarter"))
    assert _at(entities, ("supplier", "nvidia"), "stack") == "cuda"
    assert set(entities.index.get_level_values("kind")) == {"provider", "supplier", "lab", "rest_of_world"}
    parameters = parameters_of(*BASE)
    named = (parameters.providers, parameters.suppliers, parameters.customers.labs, parameters.rest_of_world)
    assert len(entities) == sum(len(group) for group in named)


def test_events_are_launches_within_the_run() -> None:
    events = tables_of(*BASE)["events"]
    assert events["quarter"].is_monotonic_increasing
    assert events["quarter"].between("2022Q1", "2026Q4").all()
    parameters = parameters_of(*BASE)
    models = events.query("event == 'launch_models'").set_index("who")["quarter"]
    assert models["alibaba"] == parameters.providers["alibaba"].models.launch  # type: ignore[union-attr]
    first = events.query("event == 'first_delivery'").set_index("detail")
    assert (_at(first, "h100", "quarter"), _at(first, "h100", "who")) == ("2022Q3", "nvidia")
    assert "a100" not in first.index


def test_asking_for_one_table_gives_the_same_as_asking_for_all() -> None:
    model = finished(*BASE)
    for name, columns in model.tables().items():
        for column, values in model.tables([name])[name].items():
            np.testing.assert_array_equal(values, columns[column])


@pytest.mark.parametrize("name", ["market", "providers", "sites", "firms", "diverted"])
def test_tables_of_an_unfinished_run_are_its_first_rows(name: str) -> None:
    model = ComputeMarket(parameters_of(*SCARCE), seed=1)
    for _ in range(4):
        model.step()
    begun, whole = model.tables([name])[name], finished(*SCARCE).tables([name])[name]
    for column, values in begun.items():
        np.testing.assert_array_equal(values, whole[column][: values.size])


def test_fleets_are_the_cards_of_every_site_by_who_made_them() -> None:
    model, tables = finished(*BASE), tables_of(*BASE)
    structure, state = model.world.structure, model.world.state
    last = tables["fleets"].query("quarter == quarter.max()")
    for k, supplier in enumerate(structure.suppliers):
        h100e = np.where(structure.chip_supplier == k, structure.chip_h100e, 0.0)
        mine = last[last["supplier"] == supplier]
        places = [(structure.regions[site.region], structure.providers[site.provider]) for site in structure.sites]
        assert list(zip(mine["site_region"], mine["provider"], strict=True)) == places
        for name in ("owned", "delivered", "ordered"):
            np.testing.assert_allclose(mine[f"{name}_h100e"], getattr(state, name) @ h100e, rtol=1e-12)
    keys = ["quarter", "site_region", "provider"]
    by_site, sites = tables["fleets"].groupby(keys)["owned_h100e"].sum(), tables["sites"].set_index(keys)
    np.testing.assert_allclose(by_site[sites.index], sites["owned_h100e"], rtol=1e-12)


def test_there_are_no_tables_before_the_first_quarter() -> None:
    with pytest.raises(RuntimeError, match="no quarter"):
        ComputeMarket(parameters_of(*SCARCE), seed=1).tables()


def test_backlog_is_what_waits() -> None:
    world, market = finished(*SCARCE).world, tables_of(*SCARCE)["market"].query("quarter == quarter.max()")
    waits = world.workloads.status == 2
    need = (world.now.hours * world.now.intensity)[world.workloads.pair[waits]]
    held = float((world.workloads.volume[waits] * need).sum()) / HOURS_PER_QUARTER
    assert _at(market.set_index("region"), "world", "backlog_h100e") == pytest.approx(held, rel=1e-9)
    assert (world.workloads.status == SERVED).any()


def test_the_order_of_providers_changes_nothing() -> None:
    """Sums run in another order, so values agree to 1e-9 and not to the bit."""
    parameters = parameters_of(*SCARCE)
    turned = parameters.model_copy(update={"providers": dict(reversed(parameters.providers.items()))})
    forget()
    model = ComputeMarket(turned, seed=1).run()
    forget()
    assert model.world.structure.providers == finished(*SCARCE).world.structure.providers[::-1]
    other = model.tables()
    for name, table in tables_of(*SCARCE).items():
        keys = [column.name for column in TABLES[name].keys[1:]]
        left, right = (x.sort_values(keys, ignore_index=True) for x in (table, pd.DataFrame(other[name])))
        assert len(left) == len(right), name
        for column in TABLES[name].columns[1:]:
            if column.type == "string":
                assert left[column.name].equals(right[column.name]), (name, column.name)
            else:
                scale = float(left[column.name].abs().max()) if len(left) else 0.0
                assert_allclose(
                    left[column.name], right[column.name], rtol=1e-9, atol=1e-9 * scale, err_msg=f"{name}.{column.name}"
                )
