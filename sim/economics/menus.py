"""What customers see in every (cell, product) pair of a quarter, before and at prices.

Pairs stand by cell, then nest; K pairs, B base cells, J products, I providers, L pools.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import NESTS, Bools, Floats, Ints
from sim.economics.positions import at

ON_TOKENS = NESTS - 1
"""The nest of products that are sold by the token (MaaS)."""


@compiled
def task_units(
    start: Ints, inference: Bools, efficiency: Floats, provider: Ints, tokens: float, reference: float,
    tokens_per_hour: Floats,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Return units of product per task, their log, and hours of the lane per task, by pair (K,).

    A training task is one effective H100e-hour. An inference task is ``tokens`` tokens; on rented cards the customer
    turns them out at the common path of tokens per hour times its own efficiency.

    Args:
        start: (B * NESTS + 1,) first pair of every cell and nest.
        inference: (B,) whether the workload is inference.
        efficiency: (B,) tokens per hour of the customers' own software over the common path.
        provider: (K,) provider of each pair.
        tokens: M tokens per inference task.
        reference: M tokens per effective H100e-hour on the common path.
        tokens_per_hour: (I,) the same of each provider.
    """
    unit, log_unit, hours = np.empty(provider.size), np.empty(provider.size), np.empty(provider.size)
    per_hour = tokens / tokens_per_hour
    for segment in range(start.size - 1):
        b, on_tokens = segment // NESTS, segment % NESTS == ON_TOKENS
        units, logs = 1.0, 0.0
        if on_tokens:
            units, logs = tokens, math.log(tokens)
        elif inference[b]:
            units = tokens / reference / efficiency[b]
            logs = math.log(tokens / reference) - math.log(efficiency[b])
        for k in range(start[segment], start[segment + 1]):
            unit[k] = units
            log_unit[k] = logs
            hours[k] = per_hour[at(provider[k])] if on_tokens else units
    return unit, log_unit, hours


@compiled
def utility_before_price(
    fixed: Floats, quality_weight: Floats, quality: Floats, waiting: Floats, offered: Bools, rentable: Floats,
    sensitivity: Floats, log_unit: Floats, product: Ints, provider: Ints, pool: Ints,
) -> Floats:  # fmt: skip
    """Return utility at a price of one per unit (K,), in units of the taste shock; minus infinity where not offered.

    Args:
        fixed: (K,) utility beside price, quality and waiting.
        quality_weight: (K,) of model quality.
        quality: (I,) ln(model quality / open frontier).
        waiting: (L,) utility lost to waiting at the pool.
        offered: (J,) whether the product is on sale.
        rentable: (K,) share of the pool that the rules let customers of the cell rent: their choice is thinned by it.
        sensitivity: (K,) price coefficient.
        log_unit: (K,) ln of units of product per task.
        product: (K,) product, ``provider`` and ``pool`` of each pair.
        provider: (K,)
        pool: (K,)
    """
    out = np.empty(fixed.size)
    for k in range(fixed.size):
        seen = quality_weight[k] * quality[at(provider[k])] - waiting[at(pool[k])]
        utility = fixed[k] + seen if offered[at(product[k])] and rentable[k] > 0.0 else -math.inf
        if rentable[k] < 1.0:
            utility += math.log(max(rentable[k], 1e-300))
        out[k] = utility - sensitivity[k] * log_unit[k]
    return out


@compiled
def usage_at(
    start: Ints, product: Ints, price: Floats, known: Floats, log_unit: Floats, reference: Floats, elasticity: float
) -> Floats:
    """Return usage per unit of volume (K,): ``(price of a task / reference)^-elasticity``.

    Args:
        start: (B * NESTS + 1,) first pair of every cell and nest, which have units and reference price in common.
        product: (K,) product of each pair.
        price: (J,) USD per unit.
        known: (J,) positive where the price is known; elsewhere a task is taken to cost its reference price.
        log_unit: (K,) ln of units of product per task.
        reference: (B,) reference price of a task, USD.
        elasticity: of usage to price.
    """
    usage, factor = np.empty(product.size), np.ones(price.size)
    for j in range(price.size):
        if known[j] > 0.0:
            factor[j] = math.exp(-elasticity * math.log(price[j]))
    for b in range(reference.size):
        logs = math.log(reference[b])
        for segment in range(b * NESTS, (b + 1) * NESTS):
            first, after = start[segment], start[segment + 1]
            if after > first:
                at_one = math.exp(elasticity * (logs - log_unit[first]))
                for k in range(first, after):
                    usage[k] = at_one * factor[at(product[k])] if known[at(product[k])] > 0.0 else 1.0
    return usage


@compiled
def units_at_unit_price(start: Ints, log_unit: Floats, reference: Floats, elasticity: float) -> Floats:
    """Return units of product per task at a price of one per unit (K,): ``unit^(1 - eps) reference^eps``.

    Args:
        start: (B * NESTS + 1,) first pair of every cell and nest, which have units and reference price in common.
        log_unit: (K,) ln of units of product per task at the reference price.
        reference: (B,) reference price of a task, USD.
        elasticity: of usage to price, eps.
    """
    out = np.empty(log_unit.size)
    for b in range(reference.size):
        logs = math.log(reference[b])
        for segment in range(b * NESTS, (b + 1) * NESTS):
            first, after = start[segment], start[segment + 1]
            if after > first:
                out[first:after] = math.exp(log_unit[first] * (1.0 - elasticity) + elasticity * logs)
    return out


@compiled
def inverse_weights(product: Ints, price: Floats, sensitivity: Floats, attraction: Floats) -> Floats:
    """Return 1/w of every pair at these prices (K,): ``price^sensitivity exp(-attraction)``; infinite where not sold.

    Args:
        product: (K,) product of each pair.
        price: (J,) USD per unit.
        sensitivity: (K,) price coefficient.
        attraction: (K,) ``utility_before_price``.
    """
    out, logs = np.empty(product.size), np.empty(price.size)
    for j in range(price.size):
        logs[j] = math.log(price[j])
    for k in range(product.size):
        out[k] = math.exp(sensitivity[k] * logs[at(product[k])] - attraction[k])
    return out


@compiled
def own_cards(
    cost: Floats, region: Ints, workload: Ints, inference: Bools, efficiency: Floats, tokens: float,
    sensitivity: Floats, constant: Floats, slack: float,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the cost of a task on own cards, USD, and the utility of that outside option, by base cell (B,).

    Args:
        cost: (R, 2) USD per effective hour of each workload.
        region: (B,) region and ``workload`` of each cell.
        workload: (B,)
        inference: (B,) whether the workload is inference.
        efficiency: (B,) tokens per hour of the customers' own software over the common path.
        tokens: M tokens per inference task over those of an hour on the common path.
        sensitivity: (B,) price coefficient.
        constant: (B,) utility beside the price.
        slack: 1 - rho.
    """
    task, utility = np.empty(region.size), np.empty(region.size)
    for b in range(region.size):
        task[b] = cost[region[b], workload[b]] * (tokens / efficiency[b] if inference[b] else 1.0)
        utility[b] = slack * (constant[b] - sensitivity[b] * math.log(task[b]))
    return task, utility


class Pairs(NamedTuple):
    """What never changes of pairs and of the base cells that they belong to."""

    start: Ints
    """(B * NESTS + 1,) first pair of every cell and nest."""
    product: Ints
    """(K,) product, ``provider`` and ``pool`` of each pair."""
    provider: Ints
    """(K,)"""
    pool: Ints
    """(K,)"""
    fixed: Floats
    """(K,) utility beside price, quality and waiting."""
    quality_weight: Floats
    """(K,) of model quality."""
    sensitivity: Floats
    """(K,) price coefficient."""
    region: Ints
    """(B,) region and ``workload`` of each cell."""
    workload: Ints
    """(B,)"""
    inference: Bools
    """(B,) whether the workload is inference."""
    efficiency: Floats
    """(B,) tokens per hour of the customers' own software over the common path."""
    cell_sensitivity: Floats
    """(B,) price coefficient."""
    constant: Floats
    """(B,) utility of own cards beside the price."""


class Tastes(NamedTuple):
    """How customers weigh what they see."""

    elasticity: float
    """Of usage to price, eps."""
    slack: float
    """1 - rho."""
    waiting: float
    """Utility lost where all demand has to wait."""


class Offered(NamedTuple):
    """What a quarter brings customers before prices."""

    tokens: float
    """M tokens per inference task."""
    common: float
    """M tokens per effective H100e-hour on the common path."""
    tokens_per_hour: Floats
    """(I,) the same of each provider."""
    quality: Floats
    """(I,) ln(model quality / open frontier)."""
    wait: Floats
    """(L,) unmet share of demand at the pool."""
    on_sale: Bools
    """(J,) whether the product is on sale."""
    rentable: Floats
    """(K,) share of the pool that the rules let customers of the cell rent."""
    posted: Floats
    """(J,) last posted price, USD per unit."""
    known: Floats
    """(J,) positive where that is known."""
    own_cost: Floats
    """(R, 2) cost of own cards, USD per effective hour of each workload."""


class View(NamedTuple):
    """What customers see before prices."""

    unit: Floats
    """(K,) units of product per task, their log, and ``hours`` of the lane per task."""
    log_unit: Floats
    """(K,)"""
    hours: Floats
    """(K,)"""
    outside: Floats
    """(B,) utility of own cards."""
    attraction: Floats
    """(K,) ``utility_before_price``."""
    multiplier: Floats
    """(K,) ``units_at_unit_price``."""
    usage: Floats
    """(K,) ``usage_at`` the last posted price."""


@compiled
def view(pairs: Pairs, tastes: Tastes, now: Offered, opening: bool, reference: Floats) -> View:
    """Return what customers see before prices.

    Args:
        pairs: pairs and cells.
        tastes: of all customers.
        now: what the quarter brings.
        opening: whether it is the first quarter.
        reference: (B,) reference price of a task, USD; set in the first quarter, to the cost of own cards.
    """
    p = pairs
    unit, log_unit, hours = task_units(
        p.start, p.inference, p.efficiency, p.provider, now.tokens, now.common, now.tokens_per_hour
    )
    task_cost, outside = own_cards(
        now.own_cost, p.region, p.workload, p.inference, p.efficiency, now.tokens / now.common, p.cell_sensitivity,
        p.constant, tastes.slack,
    )  # fmt: skip
    if opening:
        reference[:] = task_cost
    attraction = utility_before_price(
        p.fixed, p.quality_weight, now.quality, tastes.waiting * now.wait, now.on_sale, now.rentable, p.sensitivity,
        log_unit, p.product, p.provider, p.pool,
    )  # fmt: skip
    multiplier = units_at_unit_price(p.start, log_unit, reference, tastes.elasticity)
    usage = usage_at(p.start, p.product, now.posted, now.known, log_unit, reference, tastes.elasticity)
    return View(unit, log_unit, hours, outside, attraction, multiplier, usage)
