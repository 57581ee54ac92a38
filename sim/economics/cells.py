r"""The one demand system: nested logit over cells, with the incumbent as one extra weight.

A *base cell* is customer region x taste x workload x residency. Within it every customer sees the same
products at the same prices; customers differ by *class*: who their incumbent is and whether the workload is
new. A switching cost of kappa against all but the incumbent is the same as a gift of kappa to the incumbent,
so one set of weights per base cell serves all classes:

    D_g(c) = sum_j w_j + (exp(kappa_c) - 1) * sum_{j of incumbent} w_j ,   w_j = exp(d_j / (1 - rho)) .

The price coefficient, switching costs and all other utilities are measured in units of the taste shock *within* a
nest, so that they compare with each other: d_j/(1-rho) = delta_j - a ln p_j.

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

from sim.compiled import compiled, inlined

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LOG, LINEAR = 0, 1
NESTS = 2


class Cells(NamedTuple):
    """Demand of one quarter. B base cells, K feasible (cell, product) pairs, C classes, J products, L pools."""

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
    """(C,) kappa of the class, in units of the taste shock within a nest."""
    protected: Ints
    """(C,) 1 where the incumbent's price to the class does not follow its posted price: existing customers, who
    renew at min(posted, contract (1 + esc)). Such demand is not part of the incumbent's own first-order condition."""
    nest: Ints
    """(J,) nest of each product."""
    provider: Ints
    """(J,) provider of each product."""
    firms: int
    """Number of providers."""
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
    weights: Floats
    """(K,) w of every pair."""
    units: Floats
    """(K,) units of product per choice, times w."""
    sums: Floats
    """(B, SUMS, F+1, 2, 2) what shares are linear in, see ``_class_sums``."""


BASE, ONCE, TWICE = 0, 1, 2
SUMS = 3
"""Kinds of sums over classes: of shares; of products of shares, one of them the incumbent's; both of them."""


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


@inlined
def _nest_sums(
    cells: Cells, b: int, weights: Floats, value: Floats, total: Floats, by_firm: Floats, worth: Floats
) -> None:
    """Fill, for base cell b: D by nest, D by firm and nest, and sum of m*q*w by firm and nest."""
    for g in range(NESTS):
        total[g] = 0.0
        for f in range(by_firm.shape[0]):
            by_firm[f, g] = 0.0
            worth[f, g] = 0.0
    for k in range(cells.start[b], cells.start[b + 1]):
        j = cells.product[k]
        g = cells.nest[j]
        f = cells.provider[j]
        total[g] += weights[k]
        by_firm[f, g] += weights[k]
        worth[f, g] += weights[k] * value[j] * cells.multiplier[k]


@inlined
def _class_sums(cells: Cells, b: int, gifts: Floats, total: Floats, by_firm: Floats, out: Floats) -> None:
    r"""Add up over classes of base cell b what every product's share, and every product of shares, is linear in.

    With v_g = s_g/D_g, and the last row (f = number of providers) for sums without boosts:
    ``out[BASE, f, g, 0]`` = sum M v_g; ``out[ONCE or TWICE, f, g, h]`` = sum M [rho v_g/D_g 1(g=h) + (1-rho) v_g v_h].
    Row f holds what the boost of incumbent f adds: times (gift - 1), where one of the two products is its own (ONCE),
    or (gift^2 - 1), where both are (TWICE). ONCE and TWICE share their last row.
    """
    firms, rho = cells.firms, cells.dissimilarity
    has = np.empty(NESTS, np.bool_)
    per, inner = np.empty(NESTS), np.empty(NESTS)
    for g in range(NESTS):
        has[g] = total[g] > 0.0
        per[g] = 0.0
        inner[g] = 0.0
    outside = math.exp(cells.outside[b])
    for c in range(cells.incumbent.size):
        mass = cells.mass[b, c]
        if mass <= 0.0:
            continue
        i = cells.incumbent[c]
        known = 0 <= i < firms
        gift = gifts[0, c] if known else 1.0
        denominator = outside * gifts[1, c] if i == firms else outside
        for g in range(NESTS):
            if has[g]:
                reach = total[g] + ((gift - 1.0) * by_firm[i, g] if known else 0.0)
                per[g] = math.exp(-rho * math.log(reach)) if rho > 0.0 else 1.0
                inner[g] = 1.0 / reach
                denominator += per[g] * reach
        once = (0.0 if cells.protected[c] else gift) - 1.0
        twice = once * (once + 2.0)
        for g in range(NESTS):
            if not has[g]:
                continue
            share = mass * per[g] / denominator
            out[BASE, firms, g, 0] += share
            if known:
                out[BASE, i, g, 0] += once * share
            for h in range(NESTS):
                if not has[h]:
                    continue
                both = (1.0 - rho) * share * per[h] / denominator + (rho * share * inner[g] if g == h else 0.0)
                out[TWICE, firms, g, h] += both
                if known:
                    out[ONCE, i, g, h] += once * both
                    out[TWICE, i, g, h] += twice * both


@inlined
def _firm_rates(sums: Floats, worth: Floats, share: Floats, taken: Floats) -> None:
    """Fill (F, 2): share per unit of weight, and margin that the firm's products take from one, per unit of weight."""
    last = worth.shape[0]
    for f in range(last):
        for g in range(NESTS):
            share[f, g] = sums[BASE, last, g, 0] + sums[BASE, f, g, 0]
            taken[f, g] = 0.0
            for h in range(NESTS):
                taken[f, g] += (sums[TWICE, last, g, h] + sums[TWICE, f, g, h]) * worth[f, h]


@compiled
def class_gifts(cells: Cells) -> Floats:
    """Return (2, C) factors of a class's boost: on the weights of its incumbent, and on that of the outside option."""
    gifts = np.empty((2, cells.boost.size))
    for c in range(cells.boost.size):
        gifts[0, c] = math.exp(cells.boost[c])
        gifts[1, c] = math.exp(cells.boost[c] * (1.0 - cells.dissimilarity))
    return gifts


@compiled
def respond(cells: Cells, price: Floats, margin: Floats) -> Response:
    """Return demand and its derivatives at ``price`` for firms that earn ``margin`` per unit (J,)."""
    products, firms = price.size, cells.firms
    weights, gifts = pair_weights(cells, price), class_gifts(cells)
    scale = 1.0 / (1.0 - cells.dissimilarity) if cells.form == LINEAR else 1.0
    intensity, value = np.empty(products), np.empty(products)
    for j in range(products):
        intensity[j] = math.exp(-cells.intensive * math.log(price[j])) if cells.intensive > 0.0 else 1.0
        value[j] = margin[j] * intensity[j]
    quantity, own, cross = np.zeros(products), np.zeros(products), np.zeros(products)
    total, by_firm, worth = np.empty(NESTS), np.empty((firms, NESTS)), np.empty((firms, NESTS))
    units, share, taken = np.empty(weights.size), np.empty((firms, NESTS)), np.empty((firms, NESTS))
    sums = np.zeros((cells.start.size - 1, SUMS, firms + 1, NESTS, NESTS))
    for b in range(cells.start.size - 1):
        _nest_sums(cells, b, weights, value, total, by_firm, worth)
        _class_sums(cells, b, gifts, total, by_firm, sums[b])
        a = cells.sensitivity[b] * scale
        _firm_rates(sums[b], worth, share, taken)
        for k in range(cells.start[b], cells.start[b + 1]):
            j = cells.product[k]
            g, f = cells.nest[j], cells.provider[j]
            units[k] = weights[k] * cells.multiplier[k] * intensity[j]
            q = units[k] * share[f, g]
            quantity[j] += q
            own[j] += q * (a + cells.intensive)
            cross[j] += a * weights[k] * taken[f, g]
    return Response(quantity, own, cross, weights, units, sums)


@inlined
def nested_shares(weights: Floats, nest: Ints, outside: float, rho: float, out: Floats) -> float:
    """Fill choice probabilities (n,) of products with these weights and nests; return that of the outside option.

    ``outside`` is O, the weight of the outside option; where it is 0 and so are all weights, nothing is chosen.
    """
    reach, denominator = np.zeros(NESTS), outside
    for n in range(weights.size):
        reach[nest[n]] += weights[n]
    for g in range(NESTS):
        denominator += reach[g] ** (1.0 - rho)
    for n in range(weights.size):
        out[n] = weights[n] * reach[nest[n]] ** (-rho) / denominator if weights[n] > 0.0 else 0.0
    return outside / denominator if outside > 0.0 else 0.0


@compiled
def shares(cells: Cells, price: Floats, b: int, c: int) -> Floats:
    """Return choice probabilities of class c in base cell b: (J+1,), the last is the outside option."""
    out = np.zeros(price.size + 1)
    first, last = cells.start[b], cells.start[b + 1]
    weights, product = pair_weights(cells, price)[first:last], cells.product[first:last]
    i, chosen = cells.incumbent[c], np.empty(last - first)
    for n in range(weights.size):
        weights[n] *= math.exp(cells.boost[c]) if cells.provider[product[n]] == i else 1.0
    kept = (1.0 - cells.dissimilarity) * cells.boost[c] if i == cells.firms else 0.0
    outside = math.exp(cells.outside[b] + kept)
    out[price.size] = nested_shares(weights, cells.nest[product], outside, cells.dissimilarity, chosen)
    for n in range(weights.size):
        out[product[n]] = chosen[n]
    return out
