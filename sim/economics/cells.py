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
from sim.economics.positions import at
from sim.economics.powers import fill_powers, quick_exp
from sim.randomness import quick_log

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
    """(B, C) kappa of the class, in units of the taste shock within a nest."""
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


class Demand(NamedTuple):
    """Cells without what nobody can buy or wants, and all that prices do not change.

    N menus (base cells with customers and products), S sellers (firms of a menu), K pairs sorted by seller and nest,
    M customers (classes with mass, by menu), T price coefficients, J products.
    """

    seller: Ints
    """(N+1,) first seller of each menu."""
    start: Ints
    """(S * NESTS + 1,) first pair of each (seller, nest)."""
    product: Ints
    """(K,) product of each pair."""
    segment: Ints
    """(K,) seller and nest of each pair, as seller * NESTS + nest."""
    priced: Ints
    """(K,) taste and product of each pair, as taste * J + product."""
    spot: Ints
    """(K,) place of the product of each pair in the row of its firm."""
    weight: Floats
    """(K,) w without the price term."""
    units: Floats
    """(K,) w without the price term, times units of product per task at price 1."""
    taste: Ints
    """(N,) place in ``sensitivity``."""
    sensitivity: Floats
    """(T,) -d ln w / d ln p (form LOG) or -d ln w / d p (form LINEAR)."""
    first: Ints
    """(N+1,) first customers of each menu."""
    mass: Floats
    """(M,) contestable tasks."""
    home: Ints
    """(M,) seller that is the incumbent; S where it is none on the menu: what is added up by seller has a last element
    for it, so that nothing branches."""
    gift: Floats
    """(M,) what a tie adds to each weight of the incumbent, per unit of it; 0 where that is none on the menu."""
    tie: Floats
    """(M,) the same as far as the incumbent's posted price decides: -1 where the price to the class is another."""
    outside: Floats
    """(M,) O: weight of the outside option."""
    roster: Ints
    """(F, P) products of each firm; -1 where it has fewer than P."""
    place: Ints
    """(J,) place of each product in the row of its firm."""
    dissimilarity: float
    """rho."""
    intensive: float
    """eps_int."""
    form: int
    """LOG or LINEAR."""


SUMS = NESTS + 3
"""Sums over customers, with v_g = s_g/D_g: of M v_g in place g, and of M [rho v_g/D_g 1(g=h) + (1-rho) v_g v_h] in
place NESTS + g + h. Shares are linear in the first, products of shares in the second."""


class Response(NamedTuple):
    """Demand and what the first-order conditions need of its derivatives."""

    quantity: Floats
    """(J,) Q_j, units of product."""
    own: Floats
    """(J,) sum over cells of Q_jc (A_c + eps_int): own-price term without substitution."""
    within: Floats
    """(J, P) what j gives up to each product of its firm (itself as well), in units of that, when (ln) p_j rises."""
    weights: Floats
    """(K,) w of every pair."""
    units: Floats
    """(K,) units of product per choice, times w."""
    sums: Floats
    """(N, SUMS) over the customers of a menu."""
    once: Floats
    """(S + 1, SUMS) what ties to a seller add for its products, and for one of them with one of another seller."""
    twice: Floats
    """(S + 1, SUMS) what ties to a seller add for two of its products; the places of shares say nothing."""


@inlined
def _fill_menu(
    cells: Cells, b: int, weight: Floats, row: Ints, count: Ints, sellers: int, pairs: int, out: Demand
) -> None:  # fmt: skip
    """Enter the pairs of base cell b from ``pairs`` on by seller (from ``sellers`` on) and nest.

    ``weight`` (K,) holds w of all pairs without the price term, ``row`` (F,) the seller that each firm is. ``count``
    (F, 2) holds pairs by firm and nest, and afterwards nothing of use.
    """
    for f in range(cells.firms):
        if count[f, 0] + count[f, 1] > 0:
            for g in range(NESTS):
                out.start[sellers * NESTS + g] = pairs
                pairs += count[f, g]
                count[f, g] = pairs - count[f, g]
            sellers += 1
    out.start[sellers * NESTS] = pairs
    for k in range(cells.start[b], cells.start[b + 1]):
        if cells.attraction[k] > -math.inf:
            j = cells.product[k]
            f, g = cells.provider[j], cells.nest[j]
            place = count[f, g]
            count[f, g] += 1
            out.product[place], out.segment[place] = j, row[f] * NESTS + g
            out.weight[place], out.units[place] = weight[k], weight[k] * cells.multiplier[k]


@inlined
def _fill_customers(cells: Cells, b: int, row: Ints, customers: int, out: Demand) -> int:
    """Enter the customers of base cell b from ``customers`` on, ``row`` (F,) its sellers; return where they end."""
    outside = math.exp(cells.outside[b])
    for c in range(cells.incumbent.size):
        if cells.mass[b, c] > 0.0:
            i, boost = cells.incumbent[c], cells.boost[b, c]
            home, gift = row[i] if 0 <= i < cells.firms else -1, math.exp(boost) - 1.0
            out.mass[customers] = cells.mass[b, c]
            out.home[customers] = home
            out.gift[customers] = gift if home >= 0 else 0.0
            out.tie[customers] = -1.0 if cells.protected[c] else gift
            stays = math.exp(boost * (1.0 - cells.dissimilarity)) if i == cells.firms else 1.0
            out.outside[customers] = outside * stays
            customers += 1
    return customers


@inlined
def _place(values: Floats, size: int, value: float) -> int:
    """Return where ``value`` is among the first ``size`` values; ``size`` where it is not."""
    for n in range(size):
        if values[n] == value:
            return n
    return size


@compiled
def _rosters(cells: Cells) -> tuple[Ints, Ints]:
    """Return the products of each firm (F, P), and the place of each product in the row of its firm (J,).

    P is a multiple of eight: loops over it take several at a time and leave no rest.
    """
    count, place = np.zeros(cells.firms, np.int64), np.empty(cells.provider.size, np.int64)
    for j in range(place.size):
        place[j] = count[cells.provider[j]]
        count[cells.provider[j]] += 1
    roster = np.full((cells.firms, (count.max() + 7) // 8 * 8), -1)
    for j in range(place.size):
        roster[cells.provider[j], place[j]] = j
    return roster, place


@compiled
def condensed(cells: Cells) -> Demand:
    """Return what is left of cells when what prices cannot change is worked out."""
    base, most, classes = cells.start.size - 1, cells.product.size, np.count_nonzero(cells.mass > 0.0)
    roster, place = _rosters(cells)
    out = Demand(
        np.zeros(base + 1, np.int64), np.zeros(most * NESTS + 1, np.int64), np.empty(most, np.int64),
        np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most), np.empty(most),
        np.empty(base, np.int64), np.empty(base), np.zeros(base + 1, np.int64),
        np.empty(classes), np.empty(classes, np.int64), np.empty(classes), np.empty(classes), np.empty(classes),
        roster, place, cells.dissimilarity, cells.intensive, cells.form,
    )  # fmt: skip
    scale = 1.0 / (1.0 - cells.dissimilarity) if cells.form == LINEAR else 1.0
    count, row = np.empty((cells.firms, NESTS), np.int64), np.empty(cells.firms, np.int64)
    weight = np.empty(most)
    for k in range(most):
        weight[k] = quick_exp(cells.attraction[k])
    n, sellers, pairs, customers, tastes = 0, 0, 0, 0, 0
    for b in range(base):
        count[:] = 0
        present = 0
        for k in range(cells.start[b], cells.start[b + 1]):
            if cells.attraction[k] > -math.inf:
                count[cells.provider[cells.product[k]], cells.nest[cells.product[k]]] += 1
                present += 1
        offering = sellers
        for f in range(cells.firms):
            row[f] = -1
            if count[f, 0] + count[f, 1] > 0:
                row[f] = offering
                offering += 1
        ends = _fill_customers(cells, b, row, customers, out)
        if present == 0 or ends == customers:
            continue
        _fill_menu(cells, b, weight, row, count, sellers, pairs, out)
        out.taste[n] = _place(out.sensitivity, tastes, cells.sensitivity[b] * scale)
        out.sensitivity[out.taste[n]] = cells.sensitivity[b] * scale
        tastes = max(tastes, out.taste[n] + 1)
        for k in range(pairs, pairs + present):
            out.priced[k] = out.taste[n] * cells.provider.size + out.product[k]
            out.spot[k] = place[out.product[k]]
        n, sellers, pairs, customers = n + 1, offering, pairs + present, ends
        out.seller[n], out.first[n] = sellers, customers
    for c in range(customers):
        out.home[c] = out.home[c] if out.home[c] >= 0 else sellers
    return Demand(
        out.seller[: n + 1], out.start[: sellers * NESTS + 1], out.product[:pairs], out.segment[:pairs],
        out.priced[:pairs], out.spot[:pairs], out.weight[:pairs], out.units[:pairs], out.taste[:n],
        out.sensitivity[:tastes], out.first[: n + 1], out.mass[:customers], out.home[:customers],
        out.gift[:customers], out.tie[:customers], out.outside[:customers], roster, place, out.dissimilarity,
        out.intensive, out.form,
    )  # fmt: skip


@compiled
def _weigh(demand: Demand, dearer: Floats, usage: Floats, reach: Floats, weights: Floats, units: Floats) -> None:
    """Fill w and units of every pair (K,), and ``reach``, the sum of w by seller and nest (2 S + 2,).

    ``dearer`` (T * J,) and ``usage`` (J,) are the price terms of w and of units.
    """
    for k in range(weights.size):
        factor = dearer[at(demand.priced[k])]
        weights[k] = demand.weight[k] * factor
        units[k] = demand.units[k] * factor * usage[at(demand.product[k])]
    reach[:] = 0.0
    for k in range(weights.size):
        reach[at(demand.segment[k])] += weights[k]


@inlined
def _reach(demand: Demand, reach: Floats, out: Floats) -> None:
    """Fill D_g of every customer (NESTS, M), with the gifts of those who are tied."""
    for n in range(demand.taste.size):
        plain, plain_other = 0.0, 0.0
        for s in range(demand.seller[n], demand.seller[n + 1]):
            plain += reach[at(s * NESTS)]
            plain_other += reach[at(s * NESTS + 1)]
        for c in range(demand.first[n], demand.first[n + 1]):
            home, gift = demand.home[at(c)] * NESTS, demand.gift[at(c)]
            out[0, at(c)] = plain + gift * reach[at(home)]
            out[1, at(c)] = plain_other + gift * reach[at(home + 1)]


@inlined
def _weigh_customers(demand: Demand, total: Floats, power: Floats, terms: Floats) -> None:
    """Fill the SUMS of every customer (SUMS, M) from its D_g and their powers -rho (NESTS, M)."""
    rho, slack = demand.dissimilarity, 1.0 - demand.dissimilarity
    for c in range(demand.mass.size):
        v, w = power[0, c], power[1, c]
        scale = 1.0 / (demand.outside[c] + v * total[0, c] + w * total[1, c])
        v, w = v * scale, w * scale
        inner, inner_other = rho / total[0, c], rho / total[1, c]
        one, two = demand.mass[c] * v, demand.mass[c] * w
        terms[0, c], terms[1, c] = one, two
        terms[2, c] = one * (slack * v + (inner if v > 0.0 else 0.0))
        terms[3, c] = one * slack * w
        terms[4, c] = two * (slack * w + (inner_other if w > 0.0 else 0.0))


@compiled
def _choose(demand: Demand, reach: Floats, sums: Floats, once: Floats, twice: Floats) -> None:
    """Add up over customers what shares and products of shares are linear in, ``reach`` (2 S + 2,) given."""
    size = demand.mass.size
    total, power, terms = np.empty((NESTS, size)), np.empty((NESTS, size)), np.empty((SUMS, size))
    _reach(demand, reach, total)
    for g in range(NESTS):
        fill_powers(total[g], -demand.dissimilarity, power[g])
    _weigh_customers(demand, total, power, terms)
    for n in range(demand.taste.size):
        v, w, vv, vw, ww = 0.0, 0.0, 0.0, 0.0, 0.0
        for c in range(demand.first[n], demand.first[n + 1]):
            v, w = v + terms[0, at(c)], w + terms[1, at(c)]
            vv, vw, ww = vv + terms[2, at(c)], vw + terms[3, at(c)], ww + terms[4, at(c)]
            home, tie = at(demand.home[at(c)]), demand.tie[at(c)]
            both = tie * (tie + 2.0)
            for x in range(SUMS):
                once[home, x] += tie * terms[x, at(c)]
                twice[home, x] += both * terms[x, at(c)]
        sums[n, 0], sums[n, 1], sums[n, 2], sums[n, 3], sums[n, 4] = v, w, vv, vw, ww


@compiled
def _sell(demand: Demand, out: Response) -> None:
    """Add up, by product, what is sold, and what rising prices lose and give to others of the firm."""
    sellers = demand.start.size // NESTS
    share, pull = np.empty(sellers * NESTS), np.empty(sellers * NESTS)
    for n in range(demand.taste.size):
        a = demand.sensitivity[demand.taste[n]]
        for s in range(demand.seller[n], demand.seller[n + 1]):
            for g in range(NESTS):
                share[s * NESTS + g] = out.sums[n, g] + out.once[s, g]
                pull[s * NESTS + g] = share[s * NESTS + g] * (a + demand.intensive)
            _give(demand, n, s, a, out)
    for k in range(demand.product.size):
        j, x = at(demand.product[k]), at(demand.segment[k])
        out.quantity[j] += out.units[k] * share[x]
        out.own[j] += out.units[k] * pull[x]


@inlined
def _give(demand: Demand, n: int, s: int, a: float, out: Response) -> None:
    """Add what products of seller s on menu n give to each other."""
    first, other, after = demand.start[s * NESTS], demand.start[s * NESTS + 1], demand.start[s * NESTS + NESTS]
    within = a * (out.sums[n, NESTS] + out.twice[s, NESTS])
    between = a * (out.sums[n, NESTS + 1] + out.twice[s, NESTS + 1])
    within_other = a * (out.sums[n, NESTS + 2] + out.twice[s, NESTS + 2])
    for k in range(first, after):
        j, weight = at(demand.product[at(k)]), out.weights[at(k)]
        passed = (within if k < other else between) * weight
        passed_other = (between if k < other else within_other) * weight
        for i in range(first, after):
            out.within[j, at(demand.spot[at(i)])] += (passed if i < other else passed_other) * out.units[at(i)]


@inlined
def _fill_price_terms(demand: Demand, price: Floats, dearer: Floats, usage: Floats) -> None:
    """Fill the price terms of weights (T * J,) and of units (J,)."""
    size, level = price.size, np.empty(price.size)
    for j in range(size):
        level[j] = quick_log(price[j])
    for j in range(size):
        usage[j] = quick_exp(-demand.intensive * level[j])
    if demand.form == LINEAR:
        level[:] = price
    for t in range(demand.sensitivity.size):
        for j in range(size):
            dearer[t * size + j] = quick_exp(-demand.sensitivity[t] * level[j])


@compiled
def respond(demand: Demand, price: Floats) -> Response:
    """Return demand and its derivatives at ``price`` (J,)."""
    size, pairs, sellers = price.size, demand.product.size, demand.start.size // NESTS
    usage, dearer = np.empty(size), np.empty(demand.sensitivity.size * size)
    _fill_price_terms(demand, price, dearer, usage)
    out = Response(
        np.zeros(size), np.zeros(size), np.zeros((size, demand.roster.shape[1])), np.empty(pairs), np.empty(pairs),
        np.zeros((demand.taste.size, SUMS)), np.zeros((sellers + 1, SUMS)), np.zeros((sellers + 1, SUMS)),
    )  # fmt: skip
    reach = np.empty((sellers + 1) * NESTS)
    _weigh(demand, dearer, usage, reach, out.weights, out.units)
    _choose(demand, reach, out.sums, out.once, out.twice)
    _sell(demand, out)
    return out


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
