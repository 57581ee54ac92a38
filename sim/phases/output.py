"""Phase 7: tokens, revenue, cost of service, electricity; money is posted."""

import numpy as np

from sim.economics.accounts import book_sales, hosted_prices, note_prices, operating_costs
from sim.economics.cells import Floats
from sim.economics.fleets import post_rents
from sim.names import HOURS_PER_QUARTER, QUARTERS_PER_YEAR
from sim.structure import PAST
from sim.world import World


def run(world: World) -> None:
    """Turn hours into tokens and payments into revenue, pay what it costs, and remember prices."""
    links, state, taken = world.links, world.state, world.now.arrays["taken"]
    _operating_costs(world, _sales(world))
    _leases(world)
    note_prices(taken, state.posted, links.product_maas, state.opening_price, state.regional_price)
    hosted_prices(
        taken, state.posted, links.product_maas, links.product_training, world.now.most, links.product_pool,
        links.product_region, state.hosted_price,
    )  # fmt: skip


def _sales(world: World) -> Floats:
    """Post what customers paid, note tokens, revenue and margins by product; return tokens by provider (I,), bn."""
    links, state, now = world.links, world.state, world.now.arrays
    taken, tokens = now["taken"], np.empty(state.cash.size)
    now["provider_revenue"] = np.empty(tokens.size)
    for name in ("tokens_bn", "revenue_usd_m", "gross_margin_usd_m"):
        now[name] = np.empty(taken.shape)
    book_sales(
        taken, now["paid"], state.marginal_cost, state.tokens_per_hour, links.product_provider, links.product_maas,
        now["tokens_bn"], now["revenue_usd_m"], now["gross_margin_usd_m"], tokens, now["provider_revenue"],
        world.ledger.service, state.cumulative_tokens,
    )  # fmt: skip
    return tokens


def _operating_costs(world: World, tokens: Floats) -> None:
    """Post electricity of all cards in place, their care over usable hours, idle halls, and other cost of tokens."""
    links, structure, state, now = world.links, world.structure, world.state, world.now.arrays
    now["mw"], now["electricity_gwh"] = np.empty(links.site_region.size), np.empty(links.site_region.size)
    now["operating_usd_m"] = np.empty(tokens.size)
    operating_costs(
        state.owned, structure.chip_kw, links.site_region, links.site_provider, links.pue, links.tariff,
        HOURS_PER_QUARTER, links.card_care, state.energised_mw, state.build_price[:, PAST + world.t],
        world.parameters.market.building.holding_cost / QUARTERS_PER_YEAR, tokens, links.other_cost, now["mw"],
        now["electricity_gwh"], now["operating_usd_m"], world.ledger.operation,
    )  # fmt: skip


def _leases(world: World) -> None:
    """Post rent of leased cards for the hours they can give."""
    structure, links, state, now = world.structure, world.links, world.state, world.now.arrays
    now["wholesale_usd_m"], now["rents_ahead"] = np.empty(state.cash.size), np.empty(state.cash.size)
    post_rents(
        state.owned, structure.pool_site, links.pool_cards, world.leases, state.let_share, world.t,
        float(world.parameters.behaviour.leasing.term_quarters), state.card_hours, state.long_run, state.rent,
        links.pool_region, links.pool_provider, world.ledger.leases, now["wholesale_usd_m"], now["rents_ahead"],
    )  # fmt: skip
