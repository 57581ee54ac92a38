"""Phase 10: cards and shells are paid for, cash moves (first form: no debt, no exit)."""

import numpy as np

from sim.economics.elementary import sum_by
from sim.ledger import Flow
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
    cards = state.delivered * state.chip_price / 1e6
    it_mw = (state.owned * structure.chip_kw).sum(axis=1) / 1000.0
    new_mw = np.maximum(it_mw - state.shell_mw, 0.0)
    state.shell_mw[:] = np.maximum(state.shell_mw, it_mw)
    now["build_cost"] = world.paths.shell_cost[world.t]
    building = cards.sum(axis=1) * (world.parameters.market.costs.server_cost_multiple - 1.0)
    building += new_mw * now["build_cost"][links.site_region]
    now["site_capex"] = cards.sum(axis=1) + building
    providers, suppliers = len(structure.providers), len(structure.suppliers)
    now["provider_capex"] = sum_by(links.site_provider, now["site_capex"], providers)
    pairs = links.site_provider[:, None] * suppliers + structure.chip_supplier
    to_makers = sum_by(pairs.ravel(), cards.ravel(), providers * suppliers).reshape(providers, suppliers)
    ledger.paid[Flow.CARDS, ledger.providers, ledger.suppliers] += to_makers
    ledger.paid[Flow.BUILDING, ledger.providers, ledger.builders] += sum_by(links.site_provider, building, providers)
