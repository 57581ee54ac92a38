"""V22, V23, V24: books of whole runs in which firms enter and leave: balance sheets, flows, cards and halls."""

from functools import cache
from typing import NamedTuple

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.economy import Changes, Values, changed, market_of, shipped, simulated
from sim import ComputeMarket, Parameters
from sim.economics.cells import Floats
from sim.structure import PAST
from sim.tabulate import Columns

TURBULENT: Changes = {
    "providers.neocloud.account.opening_debt_usd_m": 1e5,
    "providers.oracle.account.opening_debt_usd_m": 1e5,
    "providers.oracle.group": None,
    "finance.entry.npv.hurdle": 0.0,
    "finance.entry.npv.chance": 1.0,
    "finance.entry.npv.capital_usd_m": 2e3,
    "market.cohorts.failure_per_year": 0.0,
    "market.cohorts.maximum_age_quarters": 80,
    "behaviour.orders.refill_rate": 0.0,
    "behaviour.orders.scrapping_quarters": 80,
}
"""Two firms with more debt than they can bear, entry wherever it pays, and cards that only deliveries change."""


class Run(NamedTuple):
    """A finished run and what was seen after every quarter (T,)."""

    values: Values
    model: ComputeMarket
    balances: Floats
    """Sum of receipts less payments over all accounts, over the volume of payments."""
    customers: Floats
    """(T, R) what customers of each region paid, by the ledger, USD m."""
    halls: Floats
    """Halls of everybody, finished or not, MW."""
    new_halls: Floats
    """Halls begun in the quarter, MW."""


@cache
def turbulent() -> Run:
    """Return the run in which firms enter and leave."""
    values = changed(shipped("customers.enterprises=100", "market.end=2027Q4"), TURBULENT)
    model = ComputeMarket(Parameters.from_mapping(values), 1)
    seen: list[tuple[float, Floats, float, float]] = []
    while not model.finished:
        before = _begun(model)
        model.step()
        ledger = model.world.ledger
        balances, volume = ledger.balances(), ledger.paid.sum() + np.abs(ledger.financial).sum()
        seen.append((balances.sum() / volume, -balances[ledger.customers], _halls(model), _begun(model, -1) - before))
    return Run(values, model, *(np.array(column) for column in zip(*seen, strict=True)))


def _begun(model: ComputeMarket, back: int = 0) -> float:
    """Return halls begun or to be converted in the present quarter, or so many quarters from it."""
    now = PAST + model.world.t + back
    return float(model.world.state.begun_mw[:, now].sum() + model.world.state.converting_mw[:, now].sum())


def _halls(model: ComputeMarket) -> float:
    """Return halls of everybody, finished or not."""
    state = model.world.state
    mine = state.opening_mw.sum() + state.begun_mw.sum() + state.converting_mw.sum()
    return float(mine + state.elsewhere_mw.sum())


@cache
def _firms() -> Columns:
    return turbulent().model.tables(["firms"])["firms"]


def _added_up(opening: str, added: tuple[str, ...], taken: tuple[str, ...] = ()) -> Floats:
    """Return opening values of providers and the running sum of columns, in the rows of ``firms``, USD m."""
    run, firms = turbulent(), _firms()
    accounts = [run.values["providers"][name]["account"][opening] for name in run.model.world.structure.providers]
    moved = sum(firms[f"{name}_usd_m"] for name in added) - sum(firms[f"{name}_usd_m"] for name in taken)
    whole = np.array(accounts) + np.cumsum(np.reshape(moved, (-1, len(accounts))), axis=0)
    return np.asarray(whole, dtype=np.float64).ravel()


def _cash() -> Pair:
    moved = ("free_cash_flow", "borrowed", "group_transfer", "equity", "asset_sales")
    return _added_up("opening_cash_usd_m", moved), _firms()["cash_usd_m"]


def _debt() -> Pair:
    return _added_up("opening_debt_usd_m", ("borrowed",), ("written_off",)), _firms()["debt_usd_m"]


def _free_cash_flow() -> Pair:
    firms = _firms()
    paid = sum(firms[f"{name}_usd_m"] for name in ("interest", "tax", "capex", "entry_cost"))
    return firms["ebitda_usd_m"] + firms["subsidy_usd_m"] - paid, firms["free_cash_flow_usd_m"]


def _nothing_but_earnings() -> Pair:
    """Without debt, tax, group and building cash grows by EBITDA alone."""
    account = {"opening_cash_usd_m": 7.0, "opening_debt_usd_m": 0.0, "credit_multiple": 0.0, "spread": 0.0}
    firms = {f"firm-{i}": {"opening_cards": {"a100": 1e6}, "group": None, "account": account} for i in range(2)}
    firms_table = simulated(market_of(firms, {"market.regions.us.profit_tax": 0.0})).tables(["firms"])["firms"]
    earned = firms_table["ebitda_usd_m"].reshape(-1, 2)
    return 7.0 + np.cumsum(earned, axis=0).ravel(), firms_table["cash_usd_m"]


def _flows() -> Pair:
    return np.zeros(turbulent().balances.size), turbulent().balances


def _paid_and_received() -> Pair:
    """What customers of each region paid by the ledger is what providers report to have earned there."""
    run, sold = turbulent(), turbulent().model.tables(["providers"])["providers"]
    whole = (sold["product"] == "all") & (sold["workload"] == "all") & (sold["region"] != "world")
    earned = np.zeros_like(run.customers)
    quarters, regions = np.unique(sold["quarter"][whole]), run.model.world.structure.regions
    places = np.searchsorted(quarters, sold["quarter"][whole]), [regions.index(x) for x in sold["region"][whole]]
    np.add.at(earned, places, sold["revenue_usd_m"][whole])
    return run.customers, earned


def _turnover() -> Pair:
    """Two firms leave and three come in: else the cases beside this one show little."""
    events = turbulent().model.tables(["events"])["events"]["event"]
    return [2.0, 3.0], [(events == "exit").sum(), (events == "entry").sum()]


def _cards() -> Pair:
    """Cards of every kind, of everybody, are those of the opening and all that was delivered."""
    record = turbulent().model.record
    found = (record["owned"] + record["stored"]).sum(axis=1) + record["elsewhere"].sum(axis=1)
    arrived = (record["delivered"].sum(axis=1) + record["elsewhere_delivered"].sum(axis=1)).cumsum(axis=0)
    values = turbulent().values
    opening = np.zeros(found.shape[1])
    sites = [site for firm in values["providers"].values() for site in firm["sites"].values()]
    for place in (*sites, *values["rest_of_world"].values()):
        for chip, count in place["opening_cards"].items():
            opening[turbulent().model.world.structure.chips.index(chip)] += count
    return opening + arrived, found


def _mw() -> Pair:
    """Halls of everybody grow by what is begun, whoever leaves."""
    run = turbulent()
    return run.halls[0] + np.cumsum(run.new_halls) - run.new_halls[0], run.halls


CASES = (
    Case("V22a", "cash of every firm and quarter is the opening's and all that moved it", "stock-flow consistency",
         1e-9, _cash),
    Case("V22b", "so is debt: borrowing less repayment and write-offs", "stock-flow consistency", 1e-9, _debt),
    Case("V22c", "free cash flow is EBITDA and subsidy less interest, tax, capital and entry", "stock-flow consistency",
         1e-9, _free_cash_flow),
    Case("V22d", "whole run without debt, tax, group and building: cash grows by EBITDA", "stock-flow consistency",
         1e-9, _nothing_but_earnings),
    Case("V23a", "flows of all sectors sum to zero in every quarter, over their volume", "Godley and Lavoie 2007",
         1e-12, _flows),
    Case("V23b", "what customers pay is what providers earn, by region and quarter", "Godley and Lavoie 2007", 1e-9,
         _paid_and_received),
    Case("V24a", "in the run of V22 to V24 two firms leave, three come in", "coverage of V22 to V24", 0.0, _turnover),
    Case("V24b", "cards of every kind are those of the opening and all deliveries, whoever leaves", "conservation",
         1e-9, _cards),
    Case("V24c", "halls are those of the opening and all that was begun, whoever leaves", "conservation", 1e-9, _mw),
)  # fmt: skip
