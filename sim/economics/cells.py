r"""The one demand system: nested logit over cells, with the incumbent as one extra weight.

A *base cell* is customer region x taste x workload x residency. Within it every customer sees the same
products at the same prices; customers differ by *class*: who their incumbent is and whether the workload is
new. A switching cost of kappa against all but the incumbent is the same as a gift of kappa to the incumbent,
so one set of weights per base cell serves all classes:

    D_g(c) = sum_j w_j + (boost_c - 1) * sum_{j of incumbent} w_j ,   w_j = exp(d_j / (1 - rho)) .

Shares (McFadden 1978; Cardell 1997), with g the nest of j and O_c the weight of the outside option:

    s_(j|g) = w_j / D_g ,   s_g = D_g^(1-rho) / (O_c + sum_h D_h^(1-rho)) .

Price enters as ``-a ln p`` inside the nest (form LOG; the coefficient between nests is then ``a (1-rho)``) or as
``-alpha p / (1-rho)`` (form LINEAR, for published test cases). Usage of the chosen product is
``q = multiplier * p^(-eps_int)``. All quantities are per quarter, in units of the product.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOG, LINEAR = 0, 1
NESTS = 2


class Cells(NamedTuple):
    """Demand of one quarter. B base cells, K feasible (cell, product) pairs, C classes, J products."""

    start: Ints
    """(B+1,) first pair of each base cell."""
    product: Ints
    """(K,) product of each pair."""
    attraction: Floats
    """(K,) d_j/(1-rho) without the price term."""
    multiplier: Floats
    """(K,) units of product per task at price 1."""
    sensitivity: Floats
    """(B,) a (form LOG) or alpha (form LINEAR)."""
    outside: Floats
    """(B,) utility of the outside option."""
    mass: Floats
    """(B, C) contestable tasks."""
    incumbent: Ints
    """(C,) provider; the number of providers stands for the outside option, -1 for none."""
    boost: Floats
    """(C,) kappa of the class, in utils."""
    protected: Ints
    """(C,) 1 where the incumbent's price to the class does not follow its posted price: existing customers, who
    renew at min(posted, contract (1 + esc)). Such demand is not part of the incumbent's own first-order condition."""
    nest: Ints
    """(J,) nest of each product."""
    provider: Ints
    """(J,) provider of each product."""
    dissimilarity: float
    """rho."""
    intensive: float
    """eps_int."""
    form: int
    """LOG or LINEAR."""


class Response(NamedTuple):
    """Demand and what the first-order conditions need of its derivatives, by product (J,)."""

    quantity: Floats
    """Q_j, units of product."""
    own: Floats
    """sum over cells of Q_jc (A_c + eps_int): own-price term without substitution."""
    cross: Floats
    """sum over k of the firm of m_k times what j takes from k (or j from itself) when p_j rises."""
    kept: Floats
    """part of ``own`` that comes back by substitution from j itself."""


@compiled
def pair_weights(cells: Cells, price: Floats) -> Floats:
    """Return w of every (cell, product) pair at these prices (K,)."""
    weights = np.empty(cells.product.size)
    log_price = np.log(price)
    scale = 1.0 / (1.0 - cells.dissimilarity)
    for b in range(cells.start.size - 1):
        a = cells.sensitivity[b]
        for k in range(cells.start[b], cells.start[b + 1]):
            j = cells.product[k]
            cost = a * log_price[j] if cells.form == LOG else a * price[j] * scale
            weights[k] = math.exp(cells.attraction[k] - cost)
    return weights


@compiled
def _nest_sums(
    cells: Cells, b: int, weights: Floats, value: Floats, total: Floats, by_firm: Floats, worth: Floats
) -> None:
    """Fill, for base cell b: D by nest, D by firm and nest, and sum of m*q*w by firm and nest."""
    total[:] = 0.0
    by_firm[:] = 0.0
    worth[:] = 0.0
    for k in range(cells.start[b], cells.start[b + 1]):
        j = cells.product[k]
        g = cells.nest[j]
        f = cells.provider[j]
        total[g] += weights[k]
        by_firm[f, g] += weights[k]
        worth[f, g] += weights[k] * value[j] * cells.multiplier[k]


@compiled
def _class_sums(
    cells: Cells, b: int, total: Floats, by_firm: Floats, base: Floats, second: Floats, pairs: Floats
) -> None:
    r"""Add up over classes of base cell b what every product's share is linear in.

    ``base[f, g]`` = sum M s_g/D_g, ``second[f, g]`` = sum M s_g/D_g^2, ``pairs[f, g, h]`` = sum M (s_g/D_g)(s_h/D_h),
    each times the powers of the incumbent's boost; the last row (f = number of providers) holds the sums
    without boosts.
    """
    firms = by_firm.shape[0]
    base[:] = 0.0
    second[:] = 0.0
    pairs[:] = 0.0
    slack = 1.0 - cells.dissimilarity
    reach = np.empty(NESTS)
    per = np.empty(NESTS)
    outside = math.exp(cells.outside[b])
    for c in range(cells.incumbent.size):
        mass = cells.mass[b, c]
        if mass <= 0.0:
            continue
        i = cells.incumbent[c]
        gift = math.exp(cells.boost[c] / slack) if 0 <= i < firms else 1.0
        first_power = 0.0 if cells.protected[c] else gift
        second_power = first_power * first_power
        denominator = outside * (math.exp(cells.boost[c]) if i == firms else 1.0)
        for g in range(NESTS):
            reach[g] = total[g]
            if 0 <= i < firms:
                reach[g] += (gift - 1.0) * by_firm[i, g]
            per[g] = math.exp(-cells.dissimilarity * math.log(reach[g])) if reach[g] > 0.0 else 0.0
            denominator += per[g] * reach[g]
        for g in range(NESTS):
            per[g] /= denominator
        for g in range(NESTS):
            if reach[g] <= 0.0:
                continue
            one, two = mass * per[g], mass * per[g] / reach[g]
            base[firms, g] += one
            second[firms, g] += two
            if 0 <= i < firms:
                base[i, g] += (first_power - 1.0) * one
                second[i, g] += (second_power - 1.0) * two
            for h in range(NESTS):
                both = mass * per[g] * per[h]
                pairs[firms, g, h] += both
                if 0 <= i < firms:
                    pairs[i, g, h] += (second_power - 1.0) * both


@compiled
def respond(cells: Cells, price: Floats, margin: Floats) -> Response:
    """Return demand and its derivatives at ``price`` for firms that earn ``margin`` per unit (J,)."""
    products = price.size
    firms = 0
    for j in range(products):
        firms = max(firms, cells.provider[j] + 1)
    for c in range(cells.incumbent.size):
        firms = max(firms, cells.incumbent[c])
    weights = pair_weights(cells, price)
    rho = cells.dissimilarity
    scale = 1.0 / (1.0 - rho) if cells.form == LINEAR else 1.0
    intensity = np.exp(-cells.intensive * np.log(price))
    value = margin * intensity
    quantity, own = np.zeros(products), np.zeros(products)
    cross, kept = np.zeros(products), np.zeros(products)
    total, by_firm, worth = np.empty(NESTS), np.empty((firms, NESTS)), np.empty((firms, NESTS))
    base, second = np.empty((firms + 1, NESTS)), np.empty((firms + 1, NESTS))
    pairs = np.empty((firms + 1, NESTS, NESTS))
    for b in range(cells.start.size - 1):
        _nest_sums(cells, b, weights, value, total, by_firm, worth)
        _class_sums(cells, b, total, by_firm, base, second, pairs)
        a = cells.sensitivity[b] * scale
        for k in range(cells.start[b], cells.start[b + 1]):
            j = cells.product[k]
            g, f = cells.nest[j], cells.provider[j]
            use = cells.multiplier[k] * intensity[j]
            q = weights[k] * use * (base[firms, g] + base[f, g])
            same = rho * (second[firms, g] + second[f, g])
            taken = same * worth[f, g]
            for h in range(NESTS):
                taken += (1.0 - rho) * (pairs[firms, g, h] + pairs[f, g, h]) * worth[f, h]
            self_taken = same + (1.0 - rho) * (pairs[firms, g, g] + pairs[f, g, g])
            quantity[j] += q
            own[j] += q * (a + cells.intensive)
            cross[j] += a * weights[k] * taken
            kept[j] += a * weights[k] * weights[k] * use * self_taken
    return Response(quantity, own, cross, kept)


@compiled
def shares(cells: Cells, price: Floats, b: int, c: int) -> Floats:
    """Return choice probabilities of class c in base cell b: (J+1,), the last is the outside option."""
    out = np.zeros(price.size + 1)
    weights = pair_weights(cells, price)
    firms = 0
    for j in range(price.size):
        firms = max(firms, cells.provider[j] + 1)
    for x in range(cells.incumbent.size):
        firms = max(firms, cells.incumbent[x])
    slack = 1.0 - cells.dissimilarity
    i = cells.incumbent[c]
    reach = np.zeros(NESTS)
    for k in range(cells.start[b], cells.start[b + 1]):
        j = cells.product[k]
        w = weights[k] * (math.exp(cells.boost[c] / slack) if cells.provider[j] == i else 1.0)
        out[j] = w
        reach[cells.nest[j]] += w
    outside = math.exp(cells.outside[b] + (cells.boost[c] if i == firms else 0.0))
    denominator = outside
    for g in range(NESTS):
        denominator += reach[g] ** slack
    for j in range(price.size):
        if out[j] > 0.0:
            out[j] *= reach[cells.nest[j]] ** (-cells.dissimilarity) / denominator
    out[price.size] = outside / denominator
    return out
