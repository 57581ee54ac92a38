"""Phase 10: cards and shells are paid for, cash moves (first form: no debt, no exit)."""

import numpy as np

from sim.economics.accounts import capital_expenditure
from sim.economics.building import building_payments
from sim.structure import PAST
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
    """Set and post capital expenditure: cards to their makers; servers, and halls by progress."""
    structure, links, state, ledger = world.structure, world.links, world.state, world.ledger
    now = world.now.arrays
    building, quarter = world.parameters.market.building, PAST + world.t
    now["build_cost"] = state.build_price[:, quarter].copy()
    due = building_payments(
        state.begun_mw, state.converting_mw, state.build_price, links.site_region,
        structure.build_quarters, quarter, building.first_payment, building.last_payment, building.conversion_cost,
    )  # fmt: skip
    now["site_capex"], now["provider_capex"] = np.empty(len(structure.sites)), np.empty(len(structure.providers))
    capital_expenditure(
        state.delivered, state.chip_price, due, links.site_provider, structure.chip_supplier,
        world.parameters.market.costs.server_cost_multiple - 1.0, now["site_capex"], now["provider_capex"],
        ledger.cards, ledger.building,
    )  # fmt: skip
