"""The market lives: shares move in a market of unlike firms and stand still in one of equals, with or without noise."""

import csv
import json

import numpy as np
import pytest

from experiments.preparation.sources import DATA
from sim import ComputeMarket, Parameters
from sim.ledger import Transfer
from tests.economy import GONE, Changes, Numbers, Values, baseline, changed, column, ran

FULL: Changes = {"market.end": "2030Q4"}
SILENT: Changes = {**FULL, "customers.granularity": "cells", "customers.demand.*.shock_sd": 0.0}
"""Expected shares and no common shocks: whatever moves is competition."""
OBSERVED_TURNOVER = 0.215
"""Half the sum of absolute changes of owned-compute shares, 2022Q4 to 2024Q4 (specification, section B)."""
WINDOW = 8
DECIDED = slice(12, None)


def owned_shares(model: ComputeMarket) -> Numbers:
    """Return the share of every provider in owned compute, by quarter (T, I)."""
    structure = model.world.structure
    sites = model.record["owned"] @ structure.chip_h100e
    owned = np.zeros((sites.shape[0], len(structure.providers)))
    np.add.at(owned.T, structure.site_provider, sites.T)
    shares: Numbers = owned / owned.sum(axis=1, keepdims=True)
    return shares


def turnover(model: ComputeMarket) -> Numbers:
    """Return half the sum of absolute changes of shares over eight quarters, after the history."""
    shares = owned_shares(model)
    moved: Numbers = 0.5 * np.abs(shares[WINDOW:] - shares[:-WINDOW]).sum(axis=1)
    return moved[12:]


@pytest.mark.parametrize("changes", [FULL, SILENT], ids=["with noise", "without noise"])
def test_shares_move_about_as_much_as_they_did(changes: Changes) -> None:
    mean = turnover(ran(changes)).mean()
    assert 0.5 * OBSERVED_TURNOVER < mean < 2.0 * OBSERVED_TURNOVER


def equals(firms: int) -> Values:
    """Return a market of equal firms at one place, with nobody else, nothing drawn, and no shocks."""
    nothing: Changes = {
        "market.end": "2029Q4",
        "customers.granularity": "cells",
        "customers.demand.*.shock_sd": 0.0,
        "customers.labs": {},
        "leases": {},
        "rest_of_world": {},
        "finance.entry.name": "none",
        "finance.patience.name": "none",
        "suppliers.*.sells_to": None,
        **{f"customers.demand.{r}": GONE for r in ("ally", "mid", "cn")},
        "customers.demand.us.enterprise_share": 1.0,
    }
    values = baseline()
    firm = values["providers"]["microsoft"]
    firm["sites"] = {"us": firm["sites"]["us"]}
    values["providers"] = {f"twin-{x}": json.loads(json.dumps(firm)) for x in range(firms)}
    return changed(values, nothing)


@pytest.mark.parametrize("firms", [2, 3])
def test_equal_firms_go_the_same_way_and_nothing_turns_over(firms: int) -> None:
    model = ComputeMarket(Parameters.from_mapping(equals(firms)), 1).run()
    np.testing.assert_allclose(owned_shares(model), 1.0 / firms, rtol=1e-8)
    assert turnover(model).max(initial=0.0) < 1e-8
    owned = (model.record["owned"] @ model.world.structure.chip_h100e).sum(axis=1)
    assert owned[-1] > 3.0 * owned[11], "and yet it grows"


@pytest.mark.parametrize("changes", [FULL, SILENT], ids=["with noise", "without noise"])
def test_no_price_runs_away(changes: Changes) -> None:
    model = ran(changes)
    price, cost = (
        column(model, "market", name, region="world")
        for name in ("price_iaas_usd_per_h100e_hour", "lrmc_usd_per_h100e_hour")
    )
    over = price / cost
    assert (over > 0.4).all()
    assert (over < 6.0).all()
    assert 0.6 < over[-8:].mean() < 2.0


def test_nobody_builds_without_cash_or_credit() -> None:
    """Who ends a quarter short of cash is wound up in the next; nobody borrows beyond the limit."""
    model = ran(FULL)
    short = np.argwhere(model.record["cash"] < -1e-6)
    for t, i in short:
        assert t + 1 in (model.world.state.exited[i], model.record.quarters)
    debt, running = model.record["debt"][DECIDED], model.record["provider_revenue"] + model.record["wholesale_usd_m"]
    kept = (running - model.record["ebitda"] - model.record["financial"][:, Transfer.INTEREST])[DECIDED]
    kept *= model.world.parameters.finance.cash_buffer_quarters
    most = model.record["credit_limit"][DECIDED] + kept
    lent = np.diff(debt, axis=0) > 1.0
    assert (debt[1:][lent] <= most[1:][lent] * (1.0 + 1e-9) + 1e-6).all()


def test_the_history_could_have_been_built() -> None:
    """New shells by region stay within what grid and builders can do, back-cast at their growth."""
    world = ran({}).world
    structure = world.structure
    built = np.zeros((structure.history, len(structure.regions)))
    np.add.at(built.T, structure.site_region, structure.completed_mw[: structure.history].T)
    for r, region in enumerate(structure.parameters.market.regions.values()):
        years = (np.arange(structure.history) - structure.history + 1) / 4.0
        assert (built[:, r] <= region.grid_mw * (1.0 + region.grid_growth) ** years).all(), structure.regions[r]
        assert (built[:, r] <= region.trade_mw * (1.0 + region.trade_growth) ** years).all(), structure.regions[r]
    assert world.structure.converted_mw.sum() < 5000.0, "halls of the general cloud, MW IT"


def observed_rent(period: str) -> tuple[float, float]:
    """Return the observed range of the rent of an H100 on demand, USD per hour."""
    with (DATA / "observations" / "prices.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["item"] == "H100" and row["period"] == period]
    rents = [row for row in rows if row["metric"].startswith("rental")]
    low = min(float(row["value"]) for row in rents)
    return low, max(float(row["value_high"] or row["value"]) for row in rents)


@pytest.mark.parametrize(("period", "quarters"), [("2023", slice(4, 8)), ("2024-07", 10), ("2024-10", 11)])
def test_rents_of_the_history_lie_within_a_factor_of_two_of_what_was_observed(
    period: str, quarters: slice | int
) -> None:
    low, high = observed_rent(period)
    rent = float(np.mean(column(ran(FULL), "market", "price_iaas_usd_per_h100e_hour", region="world")[quarters]))
    assert low / 2.0 < rent < high * 2.0


def test_the_end_of_the_run_changes_nothing_before_it() -> None:
    short, full = (ran(changes).record for changes in ({}, FULL))
    for name in ("queued_mw", "energised_mw", "building_mw", "posted", "load", "cash"):
        np.testing.assert_array_equal(short[name], full[name][: short.quarters], err_msg=name)
