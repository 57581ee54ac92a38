"""What moves shares between a run without rules and one with the rule of October 2023: exact, and of the right sign."""

from functools import cache

import pandas as pd
import pytest

from experiments.analysis.books import NEEDED, Books
from experiments.analysis.reasons import IN, OUT, Basis, changes, composition
from experiments.analysis.scarcity import RULE
from tests.markets import tables_of

SHORT = ("customers.enterprises=300", "market.end=2026Q4")
NONE, BAN = ((*SHORT, f"policy={name}") for name in ("none", "us_2023_10"))
SCARCE = (
    "customers.enterprises=120", "market.end=2024Q2", "customers.demand.us.initial_tasks_h100e=4000000.0",
    "market.cohorts.maximum_age_quarters=6",
)  # fmt: skip
"""So short of cards that contracts are cut and backlogs expire."""
LIMIT = ("customers.granularity=cells", "market.end=2024Q4", "policy=us_2023_10")
"""The large-population limit, in which parcels are diverted."""
CHINESE = {"alibaba", "baidu", "huawei", "tencent", "volcano", "entrant-cn"}
SHARES = {"compute": "share_compute", "revenue": "share_revenue"}


@cache
def books(*overrides: str) -> Books:
    stored = tables_of(*overrides)
    found = {name: stored[name][["quarter", *columns]].assign(sample=0, seed=1) for name, columns in NEEDED.items()}
    sales = found["providers"]
    single = (sales["region"] != "world") & (sales["product"] != "all") & (sales["workload"] != "all")
    return Books(**found | {"providers": sales[single]})


def shares(overrides: tuple[str, ...], basis: str) -> "pd.Series[float]":
    rows = tables_of(*overrides)["providers"].query("product == 'all' and workload == 'all'")
    return rows.set_index(["quarter", "region", "provider"])[SHARES[basis]].dropna()


def summed(rows: pd.DataFrame, column: str) -> "pd.Series[float]":
    return rows.rename(columns={"period": "quarter"}).groupby(["quarter", "region", "provider"])[column].sum()


@pytest.mark.parametrize("basis", SHARES)
def test_terms_add_up_to_the_change_of_stored_shares(basis: Basis) -> None:
    found = summed(changes(books(*NONE), books(*BAN), basis, "quarter"), "change")
    wanted = shares(BAN, basis) - shares(NONE, basis)
    assert wanted.abs().max() > 0.01, "the rule must matter"
    assert (found.reindex(wanted.index, fill_value=0.0) - wanted).abs().max() <= 1e-9


@pytest.mark.parametrize("overrides", [NONE, BAN, SCARCE, LIMIT], ids=["none", "ban", "scarce", "limit"])
def test_terms_add_up_to_stored_shares_of_compute(overrides: tuple[str, ...]) -> None:
    wanted = shares(overrides, "compute")
    found = summed(composition(books(*overrides), "quarter"), "share").reindex(wanted.index, fill_value=0.0)
    assert (found - wanted).abs().max() <= 1e-9


@pytest.mark.parametrize("basis", SHARES)
def test_identical_runs_have_no_reasons(basis: Basis) -> None:
    assert changes(books(*BAN), books(*BAN), basis, "year").empty


def test_under_a_ban_chinese_providers_turn_customers_away_for_want_of_the_cards_that_it_closed() -> None:
    found = changes(books(*NONE), books(*BAN), "compute", "year")
    ruled = found[found["cause"].str.startswith(RULE) & (found["region"] == "world")]
    out = ruled[ruled["term"] == OUT]
    assert set(out["cause"]) == {f"{RULE}us_2023_10_a"}
    assert set(out["provider"]) <= CHINESE
    assert (out["change"] < 0.0).all()
    assert (ruled.loc[ruled["term"] == IN, "change"] > 0.0).all()
    assert out["change"].sum() < -1e-4


def test_what_rules_close_at_sites_is_what_they_close_to_providers() -> None:
    closed = tables_of(*BAN)["sites"].groupby(["quarter", "provider"])["denied_h100e"].sum()
    bound = tables_of(*BAN)["rules"].query("rule == 'us_2023_10_a'").set_index(["quarter", "who"])["quantity_bound"]
    bound = bound.rename_axis(index={"who": "provider"}).drop("cn_onprem", level="provider")
    pd.testing.assert_series_equal(closed[closed > 0.0], bound[bound > 0.0].sort_index(), check_names=False)


def test_revenue_lost_to_a_rule_is_that_of_the_cards_it_closes() -> None:
    chips, rules = tables_of(*BAN)["chips"], tables_of(*BAN)["rules"]
    worth = (chips["denied_cards"] * chips["price_usd"] / 1e6).groupby(chips["quarter"]).sum()
    lost = rules.groupby("quarter")["denied_revenue_usd_m"].sum()
    assert worth.max() > 0.0
    pd.testing.assert_series_equal(lost[lost > 0.0], worth[worth > 0.0], check_names=False)


def test_what_makers_refuse_at_sites_is_a_part_of_what_they_refuse() -> None:
    sites, chips = tables_of(*NONE)["sites"], tables_of(*NONE)["chips"]
    of_sites = sites.groupby(["quarter", "site_region"])["refused_h100e"].sum()
    of_all = (chips["refused_cards"] * chips["card_h100e"]).groupby([chips["quarter"], chips["destination"]]).sum()
    assert of_sites.max() > 0.0
    assert (of_sites <= of_all.reindex(of_sites.index, fill_value=0.0) * (1.0 + 1e-9) + 1e-6).all()


@pytest.mark.parametrize(
    "choice", ["policy/cn=cn_mandate_80", "policy/cn=[accept,cn_ratio]", "policy/us=us_diffusion_kept"]
)
def test_limits_on_quantities_are_reasons_by_firm(choice: str) -> None:
    limited = (*SHORT, "policy=none", choice)
    found = summed(changes(books(*NONE), books(*limited), "compute", "quarter"), "change")
    wanted = shares(limited, "compute") - shares(NONE, "compute")
    assert (found.reindex(wanted.index, fill_value=0.0) - wanted).abs().max() <= 1e-9
    rules, sites = (tables_of(*limited)[name] for name in ("rules", "sites"))
    providers = rules[rules["who"].isin(sites["provider"])]
    assert providers["quantity_bound"].sum() == pytest.approx(sites["denied_h100e"].sum(), rel=1e-9)
