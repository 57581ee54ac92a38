"""What firms learn from a quarter: demand, growth and prices by region, and how they expect them to go on (B7).

R regions, J products, I providers, S sites, L pools, Q quarters, H heuristics.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.building import pipeline_growth
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import totals
from sim.economics.forecasts import believed, heuristic_weights, observe
from sim.economics.sites import (
    costs_by_site,
    costs_here,
    growth_of,
    least_by_site,
    loads,
    price_levels,
    settle_habit,
    shares_within,
    site_demand,
    site_prices,
)


class Where(NamedTuple):
    """What never changes of products, pools and sites."""

    lane: Ints
    """(J,) lane, ``provider``, ``workload`` and ``site`` of each product."""
    provider: Ints
    """(J,)"""
    workload: Ints
    """(J,)"""
    site: Ints
    """(J,)"""
    on_tokens: Bools
    """(J,) whether it is sold by the token."""
    pool_site: Ints
    """(L,)"""
    region: Ints
    """(S,) region of each site."""
    build: Ints
    """(R,) quarters of building."""
    share_weight: Floats
    """(S,) weight of the newest observation of the own share."""
    price_weight: Floats
    """(S,) and of the own price."""
    heuristic: Ints
    """(S,) heuristic of each site's provider, H for one that switches."""


class Heuristics(NamedTuple):
    """How forecasts are made, see ``forecasts``."""

    adaptation: float
    extrapolation: float
    memory: float
    """By which older squared errors fade in a quarter."""
    intensity: float
    """Of choice among heuristics."""
    elasticity: float
    """Of demand, in the own model of the market."""


class Observed(NamedTuple):
    """What a quarter shows."""

    first: Floats
    """(R, J) hours by first choice."""
    contracted: Floats
    """(2 L,) hours of contracts by lane."""
    most: Floats
    """(2, L) training hours of every pool if nothing infers, and inference hours if nothing trains."""
    own_use: Floats
    """(L,) captive hours wanted."""
    posted: Floats
    """(J,) USD per unit."""
    tokens_per_hour: Floats
    """(I,) M tokens per hour."""
    other: Floats
    """(I,) USD per M tokens beside hours."""
    cost: Floats
    """(L, 2) long-run cost, USD per hour of each workload."""
    parts: Floats
    """(S, V) of cards in an inference hour of new capacity."""
    hour_cost: Floats
    """(S, V) long-run cost of a used card-hour, USD."""
    effective: Floats
    """(V, 2) effective H100e of a card by workload."""
    energised: Floats
    """(S,) MW of halls with power."""
    begun: Floats
    """(S, Q) MW of new shells by quarter in which building began."""
    growing: Floats
    """(R,) growth of potential tasks into the next quarter, log."""


class Beliefs(NamedTuple):
    """What firms remember and expect; changed."""

    demand: Floats
    """(R,) demand in the last quarter."""
    share: Floats
    """(S,) expected share of the region's first choices and contracts."""
    price: Floats
    """(S,) average of the own price over usual prices, log, and of the own ``markup``, see ``sites.price_levels``."""
    markup: Floats
    """(S,)"""
    before: Floats
    """(R + S,) growth of demand by region, and its mean price over each site's long-run cost, as last observed."""
    habit: Floats
    """(R + S,) adaptive forecasts of these."""
    ahead: Floats
    """(R + S, H) forecasts of the next value."""
    error: Floats
    """(R + S, H) discounted squared errors of these."""


class Outlook(NamedTuple):
    """What firms see at their sites."""

    demand: Floats
    """(S,) demand of customers, inference hours."""
    costs: Floats
    """(S, 2) long-run cost of an hour of each workload on what the site orders, USD."""
    cost: Floats
    """(S,) the same of an inference hour."""
    growth: Floats
    """(S,) expected growth of demand, log."""
    price: Floats
    """(S,) expected mean price of the region over the site's own long-run cost, log."""
    standing: Floats
    """(S,) inference hours of the site."""
    captive: Floats
    """(S,) captive hours wanted."""
    load: Floats
    """(S,) share of capacity that is asked for."""


@compiled
def learn(where: Where, rules: Heuristics, now: Observed, beliefs: Beliefs, opening: bool, quarter: int) -> Outlook:
    """Observe the market, renew all forecasts and habits, and return what firms see at their sites.

    Args:
        where: structure.
        rules: how forecasts are made.
        now: what the quarter shows.
        beliefs: changed.
        opening: whether nothing was observed before.
        quarter: position of the quarter along Q.
    """
    w, regions = where, where.build.size
    demand = site_demand(now.first, now.contracted, now.most, w.lane, w.pool_site, w.region.size)
    value, asked, usual = site_prices(
        now.first, now.posted, now.other, now.tokens_per_hour, w.provider, w.workload, w.on_tokens, w.site, w.region,
        regions,
    )  # fmt: skip
    least = least_by_site(now.cost, w.pool_site, w.region.size)
    each = costs_by_site(now.parts, now.hour_cost, now.effective, least)
    cost = costs_here(each, asked, w.region, regions)
    price, own, markup = price_levels(value, asked, usual, each, cost, w.region, regions)
    growth = growth_of(demand, w.region, beliefs.demand, opening)
    _forecast(where, rules, now, growth, price, beliefs, opening, quarter)
    share = shares_within(demand, w.region, regions)
    settle_habit(share, w.share_weight, opening, beliefs.share)
    settle_habit(own, w.price_weight, opening, beliefs.price)
    settle_habit(markup, w.price_weight, opening, beliefs.markup)
    weights = heuristic_weights(beliefs.error, rules.intensity)
    standing = totals(w.pool_site, now.most[1], w.region.size)
    captive = totals(w.pool_site, now.own_use, w.region.size)
    return Outlook(
        demand, each, each[:, 1].copy(), believed(beliefs.ahead, weights, w.heuristic, w.region),
        believed(beliefs.ahead, weights, w.heuristic, regions + np.arange(w.region.size)), standing, captive,
        loads(demand + captive, standing),
    )  # fmt: skip


@compiled
def _forecast(
    where: Where, rules: Heuristics, now: Observed, growth: Floats, price: Floats, beliefs: Beliefs, opening: bool,
    quarter: int,
) -> None:  # fmt: skip
    """Score the forecasts of the last quarter and make the next ones, of growth by region and of price by site.

    The own model of the market: demand grows as its potential will, and prices move by what demand grows more than the
    capacity that is on its way, rivals' included, over the elasticity of demand.
    """
    regions = growth.size
    supply = pipeline_growth(now.energised, now.begun, where.region, where.build, quarter)
    observed, model = np.concatenate((growth, price)), np.concatenate((now.growing, price))
    for s in range(price.size):
        r = where.region[s]
        model[regions + s] += (now.growing[r] - supply[r]) / rules.elasticity
    observe(
        observed, rules.adaptation, rules.extrapolation, rules.memory, opening, model, beliefs.before, beliefs.habit,
        beliefs.ahead, beliefs.error,
    )  # fmt: skip
