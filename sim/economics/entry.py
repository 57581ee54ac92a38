"""Who enters: a firm for which the market is worth more than what it costs to come in, and which lenders trust (B6)."""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints
from sim.randomness import Words, fold, uniform


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
def drawn_to_enter(dormant: Bools, entered: Floats, keys: Words, season: np.uint64, chance: float) -> Ints:
    """Return the dormant firms that may come in this quarter (n,), if it pays: each with a chance, and once.

    Args:
        dormant: (I,) whether the firm was not there at the start.
        entered: (I,) 0 where it never came in.
        keys: (I,) key of every firm.
        season: key of (seed, entry, quarter).
        chance: probability in a quarter.
    """
    return np.flatnonzero(dormant & (entered == 0.0) & (draws_of_entry(keys, season) < chance))


@compiled
def credit_granted(multiple: float, asset_yield: float, covenant: float, equity: float) -> bool:
    """Return whether lenders would carry, on the assets alone, what owners do not pay of them."""
    return covenant * multiple * asset_yield >= 1.0 - equity
