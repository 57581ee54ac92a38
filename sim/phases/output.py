"""Phase 7: tokens, revenue, cost of service, electricity; money is posted."""

import numpy as np

from sim.economics.elementary import sum_by
from sim.ledger import Flow
from sim.names import HOURS_PER_QUARTER
from sim.phases.deliveries import active_leases, leased_cards
from sim.structure import INFERENCE
from sim.world import World

MILLION = 1e6


def run(world: World) -> None:
    """Turn hours into tokens and payments into revenue."""
    _tokens(world)
    _revenue(world)
    _operating_costs(world)
    _leases(world)
    _remember_prices(world)


def _tokens(world: World) -> None:
    links, state, now = world.links, world.state, world.now
    phi = np.where(links.product_maas, state.tokens_per_hour[links.product_provider], 0.0)
    now.arrays["tokens_bn"] = now.arrays["taken"] * phi / 1000.0
    by_product = now.arrays["tokens_bn"].sum(axis=0)
    state.cumulative_tokens += sum_by(links.product_provider, by_product, state.cumulative_tokens.size)


def _revenue(world: World) -> None:
    """Post what customers paid; cost of service follows hours and tokens."""
    links, now, ledger = world.links, world.now, world.ledger
    now.arrays["revenue_usd_m"] = now.arrays["paid"] / MILLION
    units = np.where(links.product_maas, now.arrays["tokens_bn"] * 1000.0, now.arrays["taken"])
    now.arrays["gross_margin_usd_m"] = now.arrays["revenue_usd_m"] - units * world.state.marginal_cost / MILLION
    paid = ledger.paid[Flow.SERVICE, ledger.customers, ledger.providers]
    for r in range(paid.shape[0]):
        paid[r] += sum_by(links.product_provider, now.arrays["revenue_usd_m"][r], paid.shape[1])
    now.arrays["provider_revenue"] = sum_by(
        links.product_provider, now.arrays["revenue_usd_m"].sum(axis=0), paid.shape[1]
    )


def _operating_costs(world: World) -> None:
    """Post electricity of all cards in place, their care over usable hours, and other cost of tokens."""
    links, structure, state, now = world.links, world.structure, world.state, world.now
    now.arrays["mw"] = (state.owned * structure.chip_kw).sum(axis=1) / 1000.0 * links.pue[links.site_region]
    now.arrays["electricity_gwh"] = now.arrays["mw"] * HOURS_PER_QUARTER / 1000.0
    power = now.arrays["electricity_gwh"] * links.tariff[links.site_region]
    care = state.owned.sum(axis=1) * links.hours * world.parameters.market.costs.operations_usd_per_card_hour / MILLION
    providers = len(structure.providers)
    tokens = sum_by(links.product_provider, now.arrays["tokens_bn"].sum(axis=0), providers) * 1000.0
    spent = sum_by(links.site_provider, power + care, providers) + links.other_cost * tokens / MILLION
    now.arrays["operating_usd_m"] = spent
    world.ledger.paid[Flow.OPERATION, world.ledger.providers, world.ledger.utilities] += spent


def _leases(world: World) -> None:
    """Post rent of leased cards: a multiple of the long-run cost of the hours they can give."""
    structure, state = world.structure, world.state
    wholesale = np.zeros(len(structure.providers))
    for lease in active_leases(world):
        owner, user = structure.pool_provider[lease.lessor], structure.pool_provider[lease.lessee]
        hours = (leased_cards(world, lease) * structure.chip_effective[:, INFERENCE]).sum() * world.links.hours
        rent = hours * state.long_run[lease.lessor, INFERENCE] * lease.price_multiple / MILLION
        world.ledger.paid[Flow.LEASE, user, owner] += rent
        wholesale[owner] += rent
        wholesale[user] -= rent
    world.now.arrays["wholesale_usd_m"] = wholesale


def _remember_prices(world: World) -> None:
    """Keep the mean posted IaaS price of each region, over that of the first quarter in which it was sold."""
    links, state = world.links, world.state
    hours = np.where(links.product_maas, 0.0, world.now.arrays["taken"])
    sold = hours.sum(axis=1)
    level = np.divide((hours * state.posted).sum(axis=1), sold, out=np.zeros_like(sold), where=sold > 0.0)
    state.opening_price[:] = np.where(state.opening_price > 0.0, state.opening_price, level)
    known = (level > 0.0) & (state.opening_price > 0.0)
    ratio = level / np.where(known, state.opening_price, 1.0)
    state.regional_price[:] = np.where(known, ratio, state.regional_price)
