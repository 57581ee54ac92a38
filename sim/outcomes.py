"""What the outputs mean: shares, concentration, price indices, gaps, surplus, as functions of plain arrays.

NaN stands for null: a share of nothing, the price of what nobody bought.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints
from sim.economics.elementary import exp, log, power
from sim.economics.frontier import inference_left, kind_hours

POINTS = 1e4
"""HHI is stated in points: shares in percent, squared."""


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return part over whole; NaN where the whole is zero."""
    quotient: Floats = part / np.where(whole > 0.0, whole, np.nan)
    return quotient


def shares(amounts: Floats, axis: int) -> Floats:
    """Return fractions of the total along an axis; NaN where the total is zero."""
    return ratio(amounts, amounts.sum(axis=axis, keepdims=True))


def herfindahl(amounts: Floats, axis: int) -> Floats:
    """Return the Herfindahl-Hirschman index of firms' amounts along an axis, 0 to 10,000; NaN where there are none.

    Sum of squared shares over inside goods: customers who buy from nobody do not count (Herfindahl 1950; the
    convention of PyBLP's ``compute_hhi``; US Merger Guidelines 2023, section 2.1).
    """
    return np.asarray(POINTS * np.square(shares(amounts, axis)).sum(axis=axis))


@compiled
def fisher_index(price: Floats, quantity: Floats, on_sale: Floats) -> Floats:
    """Return the chained Fisher price index of R baskets (T, R), 1 in the first quarter with a sale.

    A link is the geometric mean of the Laspeyres and the Paasche index over products on sale in both quarters (Fisher
    1922; Diewert 1976), or the one of them that exists: products enter in their second quarter, so their launch price
    is no price change. NaN where nothing is bought; the chain goes on from its last value.

    Args:
        price: (T, J) prices.
        quantity: (T, R, J) quantities bought.
        on_sale: (T, J) 1 or 0: what is not on sale has a price that nobody was offered.
    """
    quarters, regions, products = quantity.shape
    index = np.full((quarters, regions), np.nan)
    for r in range(regions):
        level = math.nan
        for t in range(quarters):
            bought, old_then, new_then, old_now, new_now = 0.0, 0.0, 0.0, 0.0, 0.0
            for j in range(products):
                bought += quantity[t, r, j]
                if t > 0 and on_sale[t - 1, j] * on_sale[t, j] > 0.0:
                    old_then += price[t - 1, j] * quantity[t - 1, r, j]
                    new_then += price[t, j] * quantity[t - 1, r, j]
                    old_now += price[t - 1, j] * quantity[t, r, j]
                    new_now += price[t, j] * quantity[t, r, j]
            if old_then > 0.0 and old_now > 0.0:
                level *= math.sqrt(new_then / old_then * (new_now / old_now))
            elif old_now > 0.0 or old_then > 0.0:
                level *= new_now / old_now if old_now > 0.0 else new_then / old_then
            if bought > 0.0:
                level = 1.0 if math.isnan(level) else level
                index[t, r] = level
    return index


@compiled
def accessible_capacity(wanted: Floats, capacity: Floats) -> Floats:
    """Return (T, R) capacity that customers of each region can count on.

    Every pool is divided among the regions in proportion to what they want of it.

    Args:
        wanted: (T, R, L) hours wanted of every pool by region.
        capacity: (T, L) hours every pool can rent out.
    """
    quarters, regions, pools = wanted.shape
    out = np.zeros((quarters, regions))
    for t in range(quarters):
        for l in range(pools):
            total = 0.0
            for r in range(regions):
                total += wanted[t, r, l]
            for r in range(regions):
                if total > 0.0:
                    out[t, r] += capacity[t, l] * wanted[t, r, l] / total
    return out


def gap_at_cost(wanted: Floats, capacity: Floats) -> Floats:
    """Return (demand at long-run cost less capacity) over that demand, at least 0; NaN where there is no demand.

    The shortage that high prices hide: what is missing for everyone to be served at long-run cost.
    """
    return np.maximum(1.0 - ratio(capacity, wanted), 0.0)


def surplus_per_task(cost: Floats, alone: Floats, elasticity: Floats, reference: Floats, intensive: float) -> Floats:
    """Return what the choice of suppliers is worth per potential task, against own cards only, USD.

    With log prices a menu is worth as much as own cards at a price lower by the factor ``s_0^(1/elasticity)``: the
    log-sum over its price coefficient (Small and Rosen 1981; Anderson, de Palma and Thisse 1992, chapter 3), with s_0
    the share of the outside option among customers who are not tied. The surplus is the area under usage
    ``(p / reference)^(-intensive)`` between that price and the cost of own cards.

    Args:
        cost: cost of a task on own cards, USD.
        alone: s_0.
        elasticity: price coefficient between nests, a (1 - rho).
        reference: price at which usage is one task, USD.
        intensive: elasticity of usage to price, eps_int.
    """
    lower = log(alone) / elasticity
    slack = 1.0 - intensive
    if abs(slack) < 1e-9:
        return -reference * lower
    area: Floats = power(reference, intensive) * power(cost, slack) * (1.0 - exp(slack * lower)) / slack
    return area


class PoolUse(NamedTuple):
    """What pools can give and give (T, L); training counts as the inference hours it takes away."""

    capacity: Floats
    """Inference hours if nothing trains."""
    training: Floats
    """Training hours if nothing infers."""
    used: Floats
    """Inference hours used or taken away; the capacity of a full pool."""
    full: NDArray[np.bool_]
    """Whether more was asked than fits."""


@compiled
def pool_use(operated: Floats, effective: Floats, order: Ints, hours: float, load: Floats, asked: Floats) -> PoolUse:
    """Return what pools of mixed cards can give and give.

    Args:
        operated: (T, L, V) cards.
        effective: (T, V, 2) effective H100e of a card in training and inference.
        order: (L, N) kinds, best at training first; padded with -1.
        hours: usable hours per card and quarter.
        load: (T, 2 L) hours served by lane, own use included.
        asked: (T, 2 L) hours asked for by lane.
    """
    shape = quarters, pools = operated.shape[:2]
    out = PoolUse(np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape, np.bool_))
    held = np.empty((order.shape[1], 2))
    for t in range(quarters):
        for pool in range(pools):
            kind_hours(operated[t, pool], effective[t], order[pool], hours, held)
            out.training[t, pool] = held[:, 0].sum()
            out.capacity[t, pool] = held[:, 1].sum()
            left = inference_left(held, load[t, 2 * pool])
            out.used[t, pool] = out.capacity[t, pool] - left + load[t, 2 * pool + 1]
            fits = inference_left(held, asked[t, 2 * pool])
            out.full[t, pool] = asked[t, 2 * pool + 1] > fits * (1.0 + 1e-12)
    return out
