"""Table ``firms``: money and fleets of every provider."""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.folding import folded
from sim.ledger import Transfer
from sim.outcomes import ratio, shares
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Columns, flat, panel

RMB_REGION = "cn"
"""Headquarters of the firms whose filings are in RMB."""


def firms(facts: Facts) -> Columns:
    """Return the table."""
    record = facts.record
    revenue, general = record["provider_revenue"], record["general_revenue"]
    capex, flow = record["provider_capex"], record["free_cash_flow"]
    everything, money = revenue + general, record["financial"]
    measures = {
        "cash_usd_m": record["cash"],
        "debt_usd_m": record["debt"],
        "assets_usd_m": record["assets"],
        "ebitda_usd_m": record["ebitda"],
        "design_usd_m": record["design_usd_m"],
        "interest_usd_m": 0.0 - money[:, Transfer.INTEREST],
        "interest_rate": record["interest_rate"],
        "tax_usd_m": 0.0 - money[:, Transfer.TAX],
        "subsidy_usd_m": money[:, Transfer.SUBSIDY],
        "borrowed_usd_m": money[:, Transfer.CREDIT],
        "group_transfer_usd_m": money[:, Transfer.GROUP],
        "equity_usd_m": money[:, Transfer.EQUITY],
        "asset_sales_usd_m": money[:, Transfer.ASSETS],
        "entry_cost_usd_m": record["entry_cost"],
        "written_off_usd_m": record["written_off"],
        "credit_limit_usd_m": record["credit_limit"],
        "budget_usd_m": record["budget"],
        "appetite": record["appetite"],
        "revenue_usd_m": revenue,
        "wholesale_usd_m": record["wholesale_usd_m"],
        "general_cloud_usd_m": general,
        "capex_usd_m": capex,
        "free_cash_flow_usd_m": flow,
        "group_free_cash_flow_usd_m": flow + record["group_cash"],
        "domestic_chip_share": _domestic(facts),
        "share_owned_compute": shares(facts.fleets.owned_by_provider, axis=1),
        "share_all_cloud": ratio(everything, everything.sum(axis=1, keepdims=True)),
        "tokens_per_h100e_hour_m": record["tokens_per_hour"],
        "revenue_rmb_m": _in_rmb(facts, revenue),
        "capex_rmb_m": _in_rmb(facts, capex),
        "free_cash_flow_rmb_m": _in_rmb(facts, flow),
    }
    keys = panel(facts.quarters, ("provider",), ((name,) for name in facts.structure.providers))
    return keys | {name: flat(values) for name, values in measures.items()}


def _domestic(facts: Facts) -> Floats:
    """Return (T, I) share of H100e owned that come from suppliers of the provider's own region."""
    structure, links = facts.structure, facts.links
    own = links.chip_region == links.provider_region[links.site_provider][:, None]
    at_home = (facts.record["owned"] * (structure.chip_h100e * own)).sum(axis=2)
    return ratio(folded(at_home, links.site_provider, len(structure.providers)), facts.fleets.owned_by_provider)


def _in_rmb(facts: Facts, usd: Floats) -> Floats:
    """Return amounts in RMB at the quarter's rate for firms that report in it; null for others."""
    rate = facts.world.paths.rmb_per_usd[: facts.record.quarters]
    headquarters = [x.headquarters == RMB_REGION for x in facts.structure.parameters.providers.values()]
    return np.where(np.array(headquarters), usd * rate[:, None], np.nan)
