"""Phase 10: cards and shells are paid for, cash moves (first form: no debt, no exit)."""

import numpy as np

from sim.economics.technology import interpolate, last_quarter
from sim.world import World


def run(world: World) -> None:
    """Pay for what was delivered and move cash."""
    _capital(world)
    now, state = world.now.arrays, world.state
    flow = now["provider_revenue"] - now["operating_usd_m"] + now["wholesale_usd_m"] - now["provider_capex"]
    now["free_cash_flow"] = flow
    now["cash_before"] = state.cash.copy()
    state.cash += flow
    general = [_general(world, i) for i in range(flow.size)]
    now["general_revenue"] = np.array([g[0] for g in general])
    now["general_cash"] = np.array([g[1] for g in general])


def _capital(world: World) -> None:
    """Set capital expenditure: cards with their servers, and shells for power beyond what stands."""
    structure, links, state = world.structure, world.links, world.state
    costs = world.parameters.market.costs
    cards = state.delivered * state.chip_price / 1e6
    it_mw = (state.cards.sum(axis=2) * structure.chip_kw).sum(axis=1) / 1000.0
    new_mw = np.maximum(it_mw - state.shell_mw, 0.0)
    regions = list(world.parameters.market.regions.values())
    per_mw = np.array([r.shell_cost_usd_m_per_mw for r in regions]) * (1.0 + costs.shell_cost_growth) ** (world.t / 4)
    world.now.arrays["build_cost"] = per_mw
    state.shell_mw[:] = np.maximum(state.shell_mw, it_mw)
    servers = cards * (costs.server_cost_multiple - 1.0)
    site = (cards + servers).sum(axis=1) + new_mw * per_mw[links.site_region]
    world.now.arrays["site_capex"] = site
    world.now.arrays["provider_capex"] = np.bincount(links.site_provider, site, len(structure.providers))
    _post(world, cards, servers.sum(axis=1), new_mw * per_mw[links.site_region])


def _post(world: World, cards: np.ndarray[tuple[int, ...], np.dtype[np.float64]], servers: np.ndarray[tuple[int, ...], np.dtype[np.float64]], shells: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    """Post the payments for cards to their makers, and for servers and shells to their builders."""
    structure, links = world.structure, world.links
    for s, i in enumerate(links.site_provider):
        name = structure.providers[i]
        by_maker = np.bincount(structure.chip_supplier, cards[s], len(structure.suppliers))
        for k, maker in enumerate(structure.suppliers):
            world.ledger.post(name, maker, "cards", float(by_maker[k]))
        world.ledger.post(name, "builders", "servers and shells", float(servers[s] + shells[s]))


def _general(world: World, i: int) -> tuple[float, float]:
    """Return revenue and cash of a provider's general cloud this quarter, USD m."""
    cloud = world.parameters.providers[world.structure.providers[i]].general_cloud
    if cloud is None:
        return 0.0, 0.0
    ahead = max(world.quarter - last_quarter(cloud.revenue_usd_m), 0)
    revenue = interpolate(cloud.revenue_usd_m, world.quarter) * float(np.exp(cloud.growth_after * ahead))
    return revenue, revenue * cloud.margin
