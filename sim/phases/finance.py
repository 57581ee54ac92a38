"""Phase 10: cards and shells are paid for, cash moves (first form: no debt, no exit)."""

import numpy as np

from sim.economics.accounts import capital_expenditure
from sim.world import World


def run(world: World) -> None:
    """Pay for what was delivered and move cash."""
    _capital(world)
    now, state = world.now.arrays, world.state
    flow = now["provider_revenue"] - now["operating_usd_m"] + now["wholesale_usd_m"] - now["provider_capex"]
    now["free_cash_flow"] = flow
    now["cash_before"] = state.cash.copy()
    state.cash += flow
    now["general_revenue"] = world.paths.general_revenue[world.t]
    now["general_cash"] = world.paths.general_cash[world.t]


def _capital(world: World) -> None:
    """Set and post capital expenditure: cards to their makers; servers, and shells for power beyond what stands."""
    structure, links, state, ledger = world.structure, world.links, world.state, world.ledger
    now = world.now.arrays
    now["build_cost"] = world.paths.shell_cost[world.t]
    now["site_capex"], now["provider_capex"] = np.empty(len(structure.sites)), np.empty(len(structure.providers))
    capital_expenditure(
        state.delivered, state.chip_price, state.owned, structure.chip_kw, links.site_region, links.site_provider,
        structure.chip_supplier, now["build_cost"], world.parameters.market.costs.server_cost_multiple - 1.0,
        state.shell_mw, now["site_capex"], now["provider_capex"], ledger.cards, ledger.building,
    )  # fmt: skip
