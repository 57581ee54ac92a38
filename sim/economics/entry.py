"""Who enters: a firm for which the market is worth more than what it costs to come in, and which lenders trust (B6)."""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints
from sim.randomness import Words, fold, uniform


@compiled
def expected_markup(
    price: Floats, demand: Floats, region: Ints, provider: Ints, selling: Floats, regions: int
) -> Floats:
    """Return expected price over long-run cost less 1 by region (R,), weighted by demand; -1 where nobody sells.

    Args:
        price: (S,) expected price over long-run cost.
        demand: (S,) expected demand.
        region: (S,) region and ``provider`` of each site.
        provider: (S,)
        selling: (I,) 1 where a provider is in business.
        regions: R.
    """
    value, basis = np.zeros(regions), np.zeros(regions)
    for s in range(region.size):
        if selling[provider[s]] > 0.0:
            value[region[s]] += price[s] * demand[s]
            basis[region[s]] += demand[s]
    for r in range(regions):
        value[r] = value[r] / basis[r] - 1.0 if basis[r] > 0.0 else -1.0
    return value


@compiled
def entry_pays(markup: float, capital: float, sunk: float, hurdle: float) -> bool:
    """Return whether the present value of entry exceeds its cost.

    Long-run cost recovers capital with interest, so a dollar of capital is worth its markup over long-run cost.

    Args:
        markup: expected price over long-run cost, less 1.
        capital: of the first build, USD m.
        sunk: F_e, USD m.
        hurdle: value over sunk cost that entry asks for.
    """
    return markup * capital > hurdle * sunk


@compiled
def draws_of_entry(keys: Words, season: np.uint64) -> Floats:
    """Return one uniform per provider (I,); ``season`` is the key of (seed, entry, quarter)."""
    out = np.empty(keys.size)
    for i in range(keys.size):
        out[i] = uniform(fold(season, keys[i]), np.uint64(0))
    return out


@compiled
def credit_granted(multiple: float, asset_yield: float, covenant: float, equity: float) -> bool:
    """Return whether lenders would carry, on the assets alone, what owners do not pay of them."""
    return covenant * multiple * asset_yield >= 1.0 - equity
