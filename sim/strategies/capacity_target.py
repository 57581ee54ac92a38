r"""Investment `capacity_target`: build towards forecast demand, with rivals' building and prices weighed (B7).

``K* = s D (D/K)^omega (p/(hurdle LRMC))^eps (p_own/p)^(x (1 - s)) + own use`` for the quarter in which what is decided
now would stand. What a firm that rents would rent of it others build in order to let (``built_to_let``). K is net of
what fails, retires or gives way by then, and holds new cards in the slots of these. Time to build: Kydland and Prescott
(1982). Neglect of rivals: Greenwood and Hanson (2015). Form of the target and why each term is in it: docs/odd.md 7.6.
S sites, R regions.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.economics.elementary import totals

LARGEST_STEP = math.log(2.0)
"""Largest log distance to the others' investment per revenue that a follower answers in a quarter."""
TINY = 1e-9
"""Least demand, capacity and price over cost whose logarithm is taken."""


class Stance(NamedTuple):
    """How the provider of every site invests (S,)."""

    adjustment: Floats
    """phi_I, fraction of the gap between wanted and committed capacity that is begun in a quarter."""
    hurdle: Floats
    """Ratio of price to long-run cost at which a firm is content."""
    elasticity: Floats
    """eps, response of the target to price over hurdle times cost."""
    scarcity: Floats
    """omega, response to demand over capacity, all firms of the region together."""
    own_price: Floats
    """x: response to the own price over usual ones, from product quality that rivals lack."""
    own_price_weight: Floats
    """Weight of the newest observation in the averages of that and of the own markup."""
    own_price_clip: Floats
    """Largest log of that average which counts."""
    neglect: Floats
    """Share of rivals' announced building that is not seen."""
    maximum_growth: Floats
    """g_max, largest start in a quarter over committed capacity."""
    imitation: Floats
    """Weight of what the two largest firms invest per revenue, against the own target."""


class Sites(NamedTuple):
    """What is known at every site (S,), in inference hours a quarter unless said."""

    provider: Ints
    region: Ints
    standing: Floats
    """Capacity of the cards in place."""
    renewed: Floats
    """The same when what is decided now would stand: cards that are still in place, and the best of today in the slots
    of those that are not."""
    coming: Floats
    """Capacity that empty slots and halls under way could give with the best card of today."""
    market: Floats
    """Demand of customers before rationing."""
    captive: Floats
    """Own use expected when what is decided now stands."""
    share: Floats
    """Expected share of the region's customers by first choice."""
    own_price: Floats
    """Average log of what own sales fetch over what they would at the region's prices."""


class Rentals(NamedTuple):
    """Who may rent from whom what is not built yet: n leases that firms decide on, between two sites each."""

    part: Floats
    """(S,) part of what is missing that the firm would rent if that cost nothing."""
    rent: Floats
    """(S,) of an hour in the region, USD; 0 where nothing is let."""
    cost: Floats
    """(S,) long-run cost of an hour there, USD."""
    lessor: Ints
    """(n,) site that lets, and the ``lessee``, that rents."""
    lessee: Ints
    hours: Floats
    """(n,) that the lessor's cards which the lessee can use give, less where the lessor rents itself."""
    permitted: Floats
    """(n,) part that rules let be signed."""


@compiled
def perceived_capacity(sites: Sites, neglect: Floats, regions: int) -> Floats:
    """Return capacity of the region expected at each site (S,): all that stands by then, own and seen rival building.

    Replacement is not building: nobody neglects that rivals fill the slots of cards that fail or retire.
    """
    standing, coming = totals(sites.region, sites.renewed, regions), totals(sites.region, sites.coming, regions)
    out = np.empty(sites.region.size)
    for s in range(out.size):
        r = sites.region[s]
        out[s] = standing[r] + sites.coming[s] + (1.0 - neglect[s]) * (coming[r] - sites.coming[s])
    return out


@compiled
def wanted_capacity(sites: Sites, stance: Stance, growth: Floats, price: Floats, regions: int) -> Floats:
    """Return K* of every site (S,), inference hours a quarter.

    Args:
        sites: what is known.
        stance: how firms invest.
        growth: (S,) growth of the region's demand expected until what is decided now stands, log.
        price: (S,) expected log of the region's mean price over the site's own long-run cost.
        regions: R.
    """
    market, captive = totals(sites.region, sites.market, regions), totals(sites.region, sites.captive, regions)
    capacity = perceived_capacity(sites, stance.neglect, regions)
    out = np.empty(sites.region.size)
    for s in range(out.size):
        r = sites.region[s]
        demand = market[r] * math.exp(growth[s])
        scarce = math.log(max(demand + captive[r], TINY) / max(capacity[s], TINY))
        above = min(max(sites.own_price[s], -stance.own_price_clip[s]), stance.own_price_clip[s])
        log_response = (
            stance.scarcity[s] * scarce
            + stance.elasticity[s] * (price[s] - math.log(stance.hurdle[s]))
            + stance.own_price[s] * (1.0 - sites.share[s]) * above
        )
        out[s] = sites.share[s] * demand * math.exp(log_response) + sites.captive[s]
    return out


@compiled
def starts(
    sites: Sites, stance: Stance, growth: Floats, price: Floats, rentals: Rentals, mw_hours: Floats, shell: Floats,
    revenue: Floats, steepness: float,
) -> Floats:  # fmt: skip
    """Return MW that every site wants to add to what stands, is built and is asked for (S,); negative for too much.

    A site without cards has shown nothing yet: what its owner began there goes on.

    Args:
        sites: what is known.
        stance: how firms invest.
        growth: (S,) and ``price`` as for ``wanted_capacity``.
        price: (S,)
        rentals: who may rent from whom.
        mw_hours: (S,) inference hours a quarter that an MW gives with new cards.
        shell: (R,) USD m per MW of what is begun now.
        revenue: (I,) of the quarter, USD m.
        steepness: k of ``held_back`` and ``built_to_let``.
    """
    wanted, committed = wanted_capacity(sites, stance, growth, price, shell.size), sites.renewed + sites.coming
    let = built_to_let(wanted - committed, stance.hurdle, rentals, steepness)
    wanted += let
    hours = gaps(wanted, committed, stance.adjustment, stance.maximum_growth)
    hours = held_back(hours, price, sites.captive + np.maximum(let, 0.0), wanted, stance.hurdle, steepness)
    mw, spent = np.zeros(hours.size), np.zeros(revenue.size)
    for s in range(mw.size):
        if mw_hours[s] > 0.0 and sites.standing[s] > 0.0:
            mw[s] = hours[s] / mw_hours[s]
        spent[sites.provider[s]] += max(mw[s], 0.0) * shell[sites.region[s]]
    out = imitated(mw, revenue, spent, sites.provider, stance.imitation)
    for s in range(out.size):
        most = stance.maximum_growth[s] * committed[s]
        out[s] = min(out[s], most / mw_hours[s] if mw_hours[s] > 0.0 else math.inf)
    return out


@inlined
def _earning(short: float) -> float:
    """Return the part that is built where hurdle times cost over price is, to the power k, ``short``: all up to 1."""
    return min(1.0, 2.0 / (1.0 + short))


@compiled
def built_to_let(missing: Floats, hurdle: Floats, rentals: Rentals, steepness: float) -> Floats:
    """Return hours that sites want in order to let them (S,); negative for those that leave them to others.

    Of what lessee s is missing it would rent ``part / (1 + (R / L_s)^k)``: half of its part where rent R and own
    long-run cost L_s are the same. Lessor o builds ``e_o = min(1, 2 / (1 + (hurdle L_o / R)^k))`` of its share of that,
    by the hours that rules let it let and by e_o; the lessee builds the rest, so that every hour is wanted once.

    Args:
        missing: (S,) hours wanted beyond what is committed.
        hurdle: (S,) ratio of price to cost at which a firm is content.
        rentals: who may rent from whom.
        steepness: k.
    """
    out, earns = np.zeros(missing.size), np.zeros(rentals.hours.size)
    for n in range(earns.size):
        s, o = rentals.lessee[n], rentals.lessor[n]
        if missing[s] > 0.0 and rentals.part[s] > 0.0 and rentals.rent[s] > 0.0:
            earns[n] = _earning((hurdle[o] * rentals.cost[o] / rentals.rent[s]) ** steepness)
    weight = rentals.hours * rentals.permitted * earns
    offered = totals(rentals.lessee, weight, missing.size)
    for n in range(earns.size):
        s, o = rentals.lessee[n], rentals.lessor[n]
        if weight[n] > 0.0:
            rather = rentals.part[s] / (1.0 + (rentals.rent[s] / rentals.cost[s]) ** steepness)
            hours = missing[s] * rather * earns[n] * weight[n] / offered[s]
            out[s] -= hours
            out[o] += hours
    return out


@compiled
def gaps(wanted: Floats, committed: Floats, adjustment: Floats, maximum_growth: Floats) -> Floats:
    """Return capacity to be added at every site (S,): ``min(phi (K* - committed), g_max committed)``.

    A negative gap is too much: it can be withdrawn as long as it is not begun.

    Args:
        wanted: (S,) K*.
        committed: (S,) renewed and coming, own use included.
        adjustment: (S,) phi_I.
        maximum_growth: (S,) g_max.
    """
    out = np.empty(wanted.size)
    for s in range(wanted.size):
        out[s] = min(adjustment[s] * (wanted[s] - committed[s]), maximum_growth[s] * committed[s])
    return out


@compiled
def held_back(
    begun: Floats, price: Floats, captive: Floats, wanted: Floats, hurdle: Floats, steepness: float
) -> Floats:
    """Return starts (S,) as far as they would earn their cost: all at the hurdle and above, smoothly fewer below.

    ``min(1, 2 / (1 + (hurdle / price)^k))`` of what is begun for customers; what is begun for own use, or to be let,
    goes ahead.

    Args:
        begun: (S,) starts, negative where too much is under way.
        price: (S,) expected log of price over long-run cost.
        captive: (S,) own use, and what is to be let, in the target.
        wanted: (S,) target.
        hurdle: (S,) ratio of price to cost at which a firm is content.
        steepness: k.
    """
    out = begun.copy()
    for s in range(begun.size):
        if begun[s] > 0.0 and wanted[s] > 0.0:
            earns = _earning(math.exp(steepness * (math.log(hurdle[s]) - price[s])))
            own = min(captive[s] / wanted[s], 1.0)
            out[s] = begun[s] * (own + (1.0 - own) * earns)
    return out


@compiled
def imitated(begun: Floats, revenue: Floats, investment: Floats, provider: Ints, weight: Floats) -> Floats:
    """Return starts (S,) moved towards what the two firms with most revenue invest per revenue.

    Args:
        begun: (S,) starts by the own target.
        revenue: (I,) of a quarter.
        investment: (I,) in the same unit of money.
        provider: (S,) provider of each site.
        weight: (S,) of imitation, 0 for none.
    """
    first, second = -1, -1
    for i in range(revenue.size):
        if first < 0 or revenue[i] > revenue[first]:
            first, second = i, first
        elif second < 0 or revenue[i] > revenue[second]:
            second = i
    out = begun.copy()
    if second < 0 or revenue[second] <= 0.0:
        return out
    norm = (investment[first] + investment[second]) / (revenue[first] + revenue[second])
    for s in range(begun.size):
        i = provider[s]
        if weight[s] > 0.0 and begun[s] > 0.0 and revenue[i] > 0.0 and investment[i] > 0.0:
            apart = math.log(max(norm * revenue[i] / investment[i], TINY))
            out[s] = begun[s] * math.exp(weight[s] * min(max(apart, -LARGEST_STEP), LARGEST_STEP))
    return out
