"""Phase 7: tokens, revenue, cost of service, electricity; money is posted."""

import numpy as np

from sim.economics.cells import Floats
from sim.names import HOURS_PER_QUARTER
from sim.phases.deliveries import active_leases
from sim.structure import IAAS, INFERENCE, MAAS
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
    phi = np.where(links.product_service == MAAS, state.tokens_per_hour[links.product_provider], 0.0)
    now.arrays["tokens_bn"] = now.arrays["taken"] * phi / 1000.0
    by_product = now.arrays["tokens_bn"].sum(axis=0)
    state.cumulative_tokens += np.bincount(links.product_provider, by_product, state.cumulative_tokens.size)


def _revenue(world: World) -> None:
    """Post what customers paid; cost of service follows hours and tokens."""
    links, now, structure = world.links, world.now, world.structure
    now.arrays["revenue_usd_m"] = now.arrays["paid"] / MILLION
    units = np.where(links.product_service == MAAS, now.arrays["tokens_bn"] * 1000.0, now.arrays["taken"])
    cost = units * world.state.marginal_cost / MILLION
    now.arrays["gross_margin_usd_m"] = now.arrays["revenue_usd_m"] - cost
    received = np.bincount(links.product_provider, now.arrays["revenue_usd_m"].sum(axis=0), len(structure.providers))
    now.arrays["provider_revenue"] = received
    for r, region in enumerate(structure.regions):
        per = np.bincount(links.product_provider, now.arrays["revenue_usd_m"][r], len(structure.providers))
        for i, name in enumerate(structure.providers):
            world.ledger.post(f"customers:{region}", name, "service", float(per[i]))


def _operating_costs(world: World) -> None:
    """Post electricity of all cards in place, operation of cards in use, and other cost of tokens."""
    links, structure, state, now = world.links, world.structure, world.state, world.now
    regions = list(world.parameters.market.regions.values())
    fleet = state.cards.sum(axis=2)
    pue = np.array([r.pue for r in regions])[links.site_region]
    tariff = np.array([r.electricity_usd_per_kwh for r in regions])[links.site_region]
    now.arrays["mw"] = (fleet * structure.chip_kw).sum(axis=1) / 1000.0 * pue
    now.arrays["electricity_gwh"] = now.arrays["mw"] * HOURS_PER_QUARTER / 1000.0
    power = now.arrays["electricity_gwh"] * tariff
    cards = fleet.sum(axis=1)
    care = cards * world.links.hours * world.parameters.market.costs.operations_usd_per_card_hour / MILLION
    other = np.array(
        [x.models.other_cost_usd_per_m_tokens if x.models else 0.0 for x in world.parameters.providers.values()]
    )
    tokens = np.bincount(links.product_provider, now.arrays["tokens_bn"].sum(axis=0), other.size) * 1000.0
    now.arrays["operating_usd_m"] = np.bincount(links.site_provider, power + care, other.size) + other * tokens / MILLION
    for i, name in enumerate(structure.providers):
        world.ledger.post(name, "utilities", "operation", float(now.arrays["operating_usd_m"][i]))


def _leases(world: World) -> None:
    """Post rent of leased cards: a multiple of the long-run cost of the hours they can give."""
    structure, state = world.structure, world.state
    wholesale = np.zeros(len(structure.providers))
    names = structure.providers
    multiples = {(x.lessor, x.lessee, x.region, x.stack): x.price_multiple for x in world.parameters.leases.values()}
    for lessor, lessee, share in active_leases(world):
        owner, user = structure.pool_provider[lessor], structure.pool_provider[lessee]
        pool = structure.pools[lessor]
        where = (structure.regions[structure.site_region[pool.site]], structure.stacks[pool.stack])
        own = state.cards[pool.site].sum(axis=1) * (structure.chip_stack == pool.stack)
        hours = share * (own * structure.chip_effective[:, INFERENCE]).sum() * world.links.hours
        rent = hours * state.long_run[lessor, INFERENCE] * multiples[(names[owner], names[user], *where)] / MILLION
        world.ledger.post(names[user], names[owner], "lease", float(rent))
        wholesale[owner] += rent
        wholesale[user] -= rent
    world.now.arrays["wholesale_usd_m"] = wholesale


def _remember_prices(world: World) -> None:
    """Keep the mean posted IaaS price of each region, over that of the first quarter."""
    links, state, now = world.links, world.state, world.now
    level = np.ones(len(world.structure.regions))
    for r in range(level.size):
        level[r] = weighted_price(state.posted, now.arrays["taken"][r], links.product_service == IAAS)
    base = world.memory.setdefault("opening_price", level)
    sold = (level > 0.0) & (base > 0.0)
    world.memory["regional_price"] = np.where(sold, level / np.where(sold, base, 1.0), world.regional_price)


def weighted_price(price: Floats, quantity: Floats, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    """Return the quantity-weighted mean price of the chosen products; 0 where none is sold."""
    total = quantity[chosen].sum()
    return float((price[chosen] * quantity[chosen]).sum() / total) if total > 0.0 else 0.0
