"""What the supply side did, over runs: what limits sites and makers, power, money, cards made."""

import pandas as pd

from experiments.analysis.bands import bands
from experiments.analysis.cases import Case
from sim.tables import WORLD

CAPACITY = "capacity_h100e"
Shares = pd.DataFrame
"""Fractions of runs, or of what runs have: a row per quarter, a column per code, in rows that sum to at most 1."""


def limits_of_sites(case: Case) -> dict[tuple[str, str], Shares]:
    """Return the share of runs by what keeps a site from serving more, for each region and provider with a site.

    The largest site comes first: by the median over runs of its largest capacity.
    """
    rows = case.frame("sites", ["quarter", "site_region", "provider", "binding_constraint", CAPACITY])
    peaks = rows.groupby(["run_id", "site_region", "provider"])[CAPACITY].max()
    size = peaks.groupby(["site_region", "provider"]).median().sort_values(ascending=False, kind="stable")
    found = {(str(r), str(p)): here for (r, p), here in rows.groupby(["site_region", "provider"])}
    return {key: _by_runs(found[key], "binding_constraint", case.count) for key in size[size > 0.0].index}


def limits_of_capacity(case: Case) -> Shares:
    """Return the share of all sites' capacity by what limits it, a mean over runs."""
    rows = case.frame("sites", ["quarter", "binding_constraint", CAPACITY])
    held = rows.groupby(["run_id", "quarter", "binding_constraint"])[CAPACITY].sum()
    fractions = held / held.groupby(["run_id", "quarter"]).transform("sum")
    by_code: Shares = fractions.groupby(["quarter", "binding_constraint"]).sum().unstack().fillna(0.0) / case.count
    return by_code


def limits_of_makers(case: Case) -> dict[str, Shares]:
    """Return the share of runs by what limits a maker's output, the largest maker first."""
    rows = case.frame("suppliers", ["quarter", "supplier", "binding_stage", "shipped_h100e"])
    sold = rows.groupby("supplier")["shipped_h100e"].sum().sort_values(ascending=False, kind="stable")
    found = {str(name): here for name, here in rows.groupby("supplier")}
    return {name: _by_runs(found[name], "binding_stage", case.count) for name in sold[sold > 0.0].index}


def _by_runs(rows: pd.DataFrame, code: str, runs: int) -> Shares:
    counted: Shares = rows.dropna(subset=[code]).groupby(["quarter", code]).size().unstack(fill_value=0) / runs
    return counted


POWER = ("mw_energised", "mw_cards", "mw_building", "mw_queued")


def power(case: Case, region: str = WORLD) -> dict[str, pd.DataFrame]:
    """Return bands by quarter of the halls and cards of a region, or of the world, GW."""
    where = {} if region == WORLD else {"site_region": region}
    rows = case.frame("sites", ["quarter", *POWER], **where)
    return _sums(rows.assign(**{name: rows[name] / 1000.0 for name in POWER}), POWER)


MONEY = ("capex_usd_m", "revenue_usd_m", "free_cash_flow_usd_m", "debt_usd_m")
_STOCKS = ("debt_usd_m",)
_YEAR = 4


def money(case: Case) -> pd.DataFrame:
    """Return money of each firm in USD bn: flows over the last four quarters, stocks at the end of the quarter."""
    rows = case.frame("firms", ["quarter", "provider", *MONEY]).sort_values(["run_id", "provider", "quarter"])
    for name in MONEY:
        if name not in _STOCKS:
            rows[name] = rows.groupby(["run_id", "provider"])[name].transform(lambda x: x.rolling(_YEAR).sum())
        rows[name] /= 1000.0
    return rows


def money_together(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return bands by quarter of the money of several firms together, from rows of :func:`money`."""
    return _sums(rows.dropna(), MONEY)


def _sums(rows: pd.DataFrame, measures: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """Return bands by quarter of sums within each run."""
    totals = rows.groupby(["run_id", "quarter"])[list(measures)].sum().reset_index()
    return {name: bands(totals, name, ["quarter"]) for name in measures}


def shipped(case: Case) -> pd.DataFrame:
    """Return H100e that makers deliver, their yield, and what their cards achieve, by run, quarter and maker."""
    return case.frame("suppliers", ["quarter", "supplier", "shipped_h100e", "yield_fraction", "software_training"])


def card_prices(case: Case) -> pd.DataFrame:
    """Return what an H100e costs in the leading card of each maker, by run and quarter, USD.

    The leading card is the one of which a maker delivers most H100e in the quarter.
    """
    rows = case.frame("chips", ["quarter", "supplier", "chip", "shipped_cards", "price_usd", "card_h100e"])
    keys = ["run_id", "quarter", "supplier", "chip"]
    cards = rows.groupby(keys).agg(
        cards=("shipped_cards", "sum"), price=("price_usd", "first"), h100e=("card_h100e", "first")
    )
    made = (cards["cards"] * cards["h100e"]).rename("made")
    sold = cards.assign(made=made)[made > 0.0].reset_index()
    leading = sold.loc[sold.groupby(keys[:-1])["made"].idxmax()]
    return leading.assign(usd_per_h100e=leading["price"] / leading["h100e"])


def bound_for(case: Case, region: str) -> pd.DataFrame:
    """Return what of other regions' cards goes to one, and what rules close, by run and quarter, H100e.

    Columns ``foreign``, ``licensed``, ``leaked``, ``closed``; and ``premium`` of the grey market.
    """
    flows = {"foreign": "shipped", "leaked": "leaked", "closed": "denied"}
    columns = [f"{name}_cards" for name in flows.values()]
    rows = case.frame("chips", ["quarter", "supplier", "card_h100e", "grey_premium", *columns], destination=region)
    home = {name for name, maker in case.setting("suppliers").items() if maker["headquarters"] == region}
    abroad = rows[~rows["supplier"].isin(home)]
    found = abroad[["run_id", "quarter"]].assign(
        premium=abroad["grey_premium"],
        **{name: abroad[f"{column}_cards"] * abroad["card_h100e"] for name, column in flows.items()},
    )
    how = {**dict.fromkeys(flows, "sum"), "premium": "max"}
    flows_by_quarter = found.groupby(["run_id", "quarter"]).agg(how).reset_index()
    return flows_by_quarter.merge(_licensed(case, region), on=["run_id", "quarter"], how="left").fillna({"licensed": 0})


def _licensed(case: Case, region: str) -> pd.DataFrame:
    """Return what came under licences of rules that look at a destination, by run and quarter, H100e."""
    looking = [name for name, rule in case.rules.items() if region in (rule.get("destinations") or ())]
    rows = case.frame("rules", ["quarter", "rule", "licensed_h100e"])
    found = rows[rows["rule"].isin(looking)].groupby(["run_id", "quarter"])["licensed_h100e"].sum()
    return found.rename("licensed").reset_index()
