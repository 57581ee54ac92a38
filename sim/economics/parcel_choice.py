r"""How parcels choose, are rationed and go elsewhere: expected flows instead of draws (see ``parcels``).

First choices follow the nested logit of ``cells``. A full pool serves every first choice of one priority level to
the same extent (a lottery among ever smaller rows). Who is refused flows, level by level, to products with room (the
outside option is none of them); when a pool fills, the rest flows on among the others.

A refused customer likes the nest of its first choice better than others do. Given the nest shocks S, clocks of rate
``S_g w_j`` rank products (see ``stable``), so that, with M the whole menu and A what has room,

    P(first choice in nest g, best with room in nest h) is proportional to
    E[ S_g / (sum_k S_k D_k(M)) * S_h D_h(A) / (sum_k S_k D_k(A)) ] ,

which depends on the ratio of the two shocks only; its law is Lamperti's (1958, Trans. AMS 88), with a closed quantile.

Where this is exact: with slack capacity; and with rationing where rho = 0, since then the ranking of what is left is
independent of what was refused (Luce 1959), or where nobody takes the outside option. Else the expectation leaves out
that who refused the outside option has large shocks in general.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import NESTS, Floats, Ints, nested_shares
from sim.economics.choice import Menu
from sim.economics.frontier import fitting_fraction, inference_left, lane_left
from sim.economics.parcels import Layout, Stock, ending
from sim.economics.service import Terms

BACKLOG, FRESH = 0, 1
"""Rows of ``Draws.level``: what comes first (waiting, or tied by a dated contract), and the rest."""
CLOSED = 1e-9
"""Room of a lane, as a share of what its pool can do, at which it counts as full."""
ANY, ORIGINS = 2, 3
"""Origins of refused volume: the nest of its first choice, or ANY where that was not chosen this quarter."""
LARGEST = 200.0
"""Largest log ratio of nest shocks that is told apart."""


class Draws(NamedTuple):
    """What the draw of a term splits demand into: Q atoms, which full pools may treat unlike."""

    weight: Floats
    """(Q,) probability."""
    term: Floats
    """(Q, 2 services, TERMS) share of each term in new contracts."""
    level: Ints
    """(2, 2 services, Q) when a full pool serves it: BACKLOG or FRESH, service of the first choice, atom."""
    levels: int
    """Number of levels."""
    ratio: Floats
    """(n,) quantiles of the ratio of nest shocks, see ``nest_ratios``."""


class Choices(NamedTuple):
    """How demand of a quarter was decided and rationed, see ``choose_parcels``."""

    source: Floats
    """(S, 2, X) volume that chooses freely: old (its contract ended, or it was lost) and new."""
    shares: Floats
    """(2, X, P) first choices."""
    served: Floats
    """(levels, 2 L) share of first choices that is served."""
    found: Floats
    """(levels, 2, X, ORIGINS, P) share of the refused that ends at each place."""


@compiled
def fresh_sources(stock: Stock, layout: Layout, quarter: int) -> Floats:
    """Return volume that chooses freely, (S, 2, X): from ended contracts or lost, and new."""
    source = np.zeros((layout.cell.size, 2, layout.ties))
    for s in range(layout.cell.size):
        source[s, 0, 0] = stock.lost[s]
        for x in range(layout.ties):
            source[s, 1, x] = stock.new[s, x, 0]
        for p in range(layout.start[s], layout.start[s + 1]):
            for term in range(stock.volume.shape[1]):
                source[s, 0, layout.tie[p]] += ending(term, layout.until[s], quarter) * stock.volume[p, term]
    return source


@inlined
def _fill_weights(layout: Layout, menu: Menu, terms: Terms, s: int, new: int, x: int, weights: Floats) -> int:
    """Fill w of one class for the products of a segment's cell; return how many there are."""
    first, incumbent = layout.start[s], x // 2 - 1
    count = layout.start[s + 1] - 1 - first
    gain = 1.0 / terms.gift[layout.cell[s], x % 2, new]
    for n in range(count):
        k = layout.pair[first + n]
        weights[n] = (gain if menu.provider[k] == incumbent else 1.0) / menu.inverse_weight[k]
    return int(count)


@compiled
def first_shares(layout: Layout, menu: Menu, terms: Terms, total: Floats) -> Floats:
    """Return choice shares at posted prices, (2, X, P), of classes with any volume (S, 2, X)."""
    shares, weights = np.zeros((2, layout.ties, layout.pair.size)), np.empty(layout.pair.size)
    for s in range(layout.cell.size):
        for new in range(2):
            for x in range(layout.ties):
                if total[s, new, x] <= 0.0:
                    continue
                first, count = layout.start[s], _fill_weights(layout, menu, terms, s, new, x, weights)
                kept = terms.outside_boost[layout.cell[s], new] if x == layout.ties - 2 else 0.0
                outside = math.exp(menu.outside[layout.cell[s]] + kept)
                shares[new, x, first + count] = nested_shares(
                    weights[:count], layout.service[first : first + count], outside, 1.0 - menu.slack,
                    shares[new, x, first : first + count],
                )  # fmt: skip
    return shares


@compiled
def nest_ratios(slack: float, count: int) -> Floats:
    """Return quantiles of the ratio of two nest shocks at the middles of ``count`` intervals of equal probability.

    The shocks are positive stable of index ``slack``, see ``stable``; ``ratio^slack`` has the quantile
    ``sin(pi slack u) / sin(pi slack (1 - u))``.
    """
    ratio = np.ones(count)
    if slack < 1.0:
        for n in range(count):
            u = math.pi * slack * (n + 0.5) / count
            log_ratio = math.log(math.sin(u) / math.sin(math.pi * slack - u)) / slack
            ratio[n] = math.exp(min(max(log_ratio, -LARGEST), LARGEST))
    return ratio


@compiled
def nest_flows(ratio: Floats, whole: Floats, left: Floats, slack: float) -> Floats:
    """Return where the refused go, (ORIGINS, NESTS): share that ends in each nest by origin.

    Args:
        ratio: quantiles of the ratio of nest shocks.
        whole: (NESTS,) D of all products.
        left: (NESTS,) D of those with room.
        slack: 1 - rho.
    """
    flow = np.zeros((ORIGINS, NESTS))
    if left[0] + left[1] <= 0.0:
        return flow
    first, reached = np.zeros(NESTS), np.zeros(NESTS)
    for x in ratio:
        rate, to = 1.0 / (x * whole[0] + whole[1]), x * left[0] / (x * left[0] + left[1])
        first[0] += x * rate
        first[1] += rate
        reached[0] += x * rate * to
        reached[1] += rate * to
    for g in range(NESTS):
        flow[g, 0] = reached[g] / first[g]
    flow[ANY, 0] = left[0] ** slack / (left[0] ** slack + left[1] ** slack)
    for origin in range(ORIGINS):
        flow[origin, 1] = 1.0 - flow[origin, 0]
    return flow


@compiled
def lane_demands(
    stock: Stock, layout: Layout, menu: Menu, draws: Draws, total: Floats, shares: Floats, lanes: int
) -> Floats:
    """Return hours by first choice, (levels, lanes)."""
    demand = np.zeros((draws.levels, lanes))
    for s in range(layout.cell.size):
        for p in range(layout.start[s], layout.start[s + 1] - 1):
            k = layout.pair[p]
            fresh, first = 0.0, stock.waiting[p].sum()
            for new in range(2):
                for x in range(layout.ties):
                    fresh += total[s, new, x] * shares[new, x, p]
            for d in range(layout.until.shape[1]):
                first += stock.new[s, :, 1 + d].sum() if layout.prescribed[s, d] == p else 0.0
            for q in range(draws.weight.size):
                hours = draws.weight[q] * menu.need[k]
                demand[draws.level[FRESH, layout.service[p], q], menu.lane[k]] += hours * fresh
                demand[draws.level[BACKLOG, layout.service[p], q], menu.lane[k]] += hours * first
    return demand


@compiled
def ration(kinds: Floats, load: Floats, demand: Floats) -> Floats:
    """Serve first choices level by level; return the share served, (levels, 2 L), and add it to ``load`` (2 L,).

    The two lanes of a pool are served alike until its cards are in use; what one lane can still do comes after.
    """
    served = np.ones(demand.shape)
    for pool in range(kinds.shape[0]):
        t, i = 2 * pool, 2 * pool + 1
        training, inference = load[t] + demand[:, t].sum(), load[i] + demand[:, i].sum()
        if inference <= inference_left(kinds[pool], training) * (1.0 + 1e-12):
            load[t], load[i] = training, inference
            continue
        for level in range(demand.shape[0]):
            fits = fitting_fraction(kinds[pool], load[t], load[i], demand[level, t], demand[level, i])
            for lane in range(t, t + 2):
                load[lane] += fits * demand[level, lane]
            for lane in range(t, t + 2):
                served[level, lane] = fits
                if fits < 1.0 and demand[level, lane] > 0.0:
                    extra = min(lane_left(kinds, load, lane), (1.0 - fits) * demand[level, lane])
                    load[lane] += extra
                    served[level, lane] += extra / demand[level, lane]
    return served


@compiled
def refusals(
    stock: Stock, layout: Layout, menu: Menu, draws: Draws, total: Floats, shares: Floats, served: Floats
) -> Floats:
    """Return the volume that finds its first choice full: (levels, S, 2, X, ORIGINS)."""
    refused = np.zeros((draws.levels, layout.cell.size, 2, layout.ties, ORIGINS))
    for s in range(layout.cell.size):
        for p in range(layout.start[s], layout.start[s + 1] - 1):
            for q in range(draws.weight.size):
                level = draws.level[FRESH, layout.service[p], q]
                lacking = draws.weight[q] * (1.0 - served[level, menu.lane[layout.pair[p]]])
                if lacking > 0.0:
                    for new in range(2):
                        for x in range(layout.ties):
                            volume = lacking * total[s, new, x] * shares[new, x, p]
                            refused[level, s, new, x, layout.service[p]] += volume
                level = draws.level[BACKLOG, layout.service[p], q]
                lacking = draws.weight[q] * (1.0 - served[level, menu.lane[layout.pair[p]]])
                if lacking > 0.0:
                    refused[level, s, 0, 0, ANY] += lacking * stock.waiting[p].sum()
                    for d in range(layout.until.shape[1]):
                        if layout.prescribed[s, d] == p:
                            for x in range(layout.ties):
                                refused[level, s, 1, x, ANY] += lacking * stock.new[s, x, 1 + d]
    return refused


@compiled
def reroute(
    layout: Layout, menu: Menu, draws: Draws, terms: Terms, kinds: Floats, load: Floats, refused: Floats
) -> Floats:
    """Let refused volume flow to products with room; return the share that ends at each place.

    ``load`` (2 L,) is added to. All refused of a level flow at once and alike, as in a random order; whenever a pool
    is full the rest flows on among the others.

    Returns:
        (levels, 2, X, ORIGINS, P).
    """
    found = np.zeros((refused.shape[0], 2, layout.ties, ORIGINS, layout.pair.size))
    step, open_lane = np.zeros(found.shape[1:]), np.empty(load.size)
    for level in range(refused.shape[0]):
        rest, hours = 1.0, np.ones(load.size)
        _open_lanes(kinds, load, open_lane)
        while rest > 0.0 and hours.sum() > 0.0:
            hours = _wanted_elsewhere(layout, menu, draws, terms, open_lane, refused[level], step)
            hours *= rest
            tightest, fits = _tightest(kinds, load, hours)
            _add_found(layout, refused[level], rest * fits, step, found[level])
            load += fits * hours
            rest = rest * (1.0 - fits) if tightest >= 0 else 0.0
            before = open_lane.sum()
            _open_lanes(kinds, load, open_lane)
            if tightest >= 0 and open_lane.sum() >= before:
                open_lane[2 * tightest : 2 * tightest + 2] = 0.0
    return found


@compiled
def _wanted_elsewhere(
    layout: Layout, menu: Menu, draws: Draws, terms: Terms, open_lane: Floats, refused: Floats, step: Floats
) -> Floats:
    """Fill ``step`` (2, X, ORIGINS, P) with shares among open lanes of what was refused (S, 2, X, ORIGINS).

    Returns the hours it would take, by lane.
    """
    hours, weights = np.zeros(open_lane.size), np.empty(layout.pair.size)
    whole, left = np.empty(NESTS), np.empty(NESTS)
    for s in range(layout.cell.size):
        for new in range(2):
            for x in range(layout.ties):
                if refused[s, new, x].sum() <= 0.0:
                    continue
                first, count = layout.start[s], _fill_weights(layout, menu, terms, s, new, x, weights)
                whole[:], left[:] = 0.0, 0.0
                for n in range(count):
                    whole[layout.service[first + n]] += weights[n]
                    weights[n] *= open_lane[menu.lane[layout.pair[first + n]]]
                    left[layout.service[first + n]] += weights[n]
                flow = nest_flows(draws.ratio, whole, left, menu.slack)
                for origin in range(ORIGINS):
                    for n in range(count):
                        k, nest = layout.pair[first + n], layout.service[first + n]
                        share = flow[origin, nest] * weights[n] / left[nest] if weights[n] > 0.0 else 0.0
                        step[new, x, origin, first + n] = share
                        hours[menu.lane[k]] += refused[s, new, x, origin] * share * menu.need[k]
    return hours


@compiled
def _add_found(layout: Layout, refused: Floats, part: float, step: Floats, found: Floats) -> None:
    """Add a part of the shares in ``step`` to ``found``, both (2, X, ORIGINS, P), where any was refused."""
    for s in range(layout.cell.size):
        first, last = layout.start[s], layout.start[s + 1] - 1
        for new in range(2):
            for x in range(layout.ties):
                for origin in range(ORIGINS):
                    if refused[s, new, x, origin] > 0.0:
                        found[new, x, origin, first:last] += part * step[new, x, origin, first:last]


@inlined
def _open_lanes(kinds: Floats, load: Floats, open_lane: Floats) -> None:
    """Set ``open_lane`` (2 L,) to 1 where a lane has room, else to 0."""
    for lane in range(open_lane.size):
        closed = CLOSED * kinds[lane // 2, :, lane % 2].sum()
        open_lane[lane] = 1.0 if lane_left(kinds, load, lane) > closed else 0.0


@inlined
def _tightest(kinds: Floats, load: Floats, hours: Floats) -> tuple[int, float]:
    """Return the pool that fills first when these hours arrive, or -1, and the share of them that arrives by then."""
    tightest, least = -1, 1.0
    for pool in range(kinds.shape[0]):
        t, i = 2 * pool, 2 * pool + 1
        if hours[t] + hours[i] > 0.0:
            fits = fitting_fraction(kinds[pool], load[t], load[i], hours[t], hours[i])
            if fits < least:
                tightest, least = pool, fits
    return tightest, least


@compiled
def choose_parcels(
    stock: Stock, layout: Layout, menu: Menu, draws: Draws, terms: Terms, kinds: Floats, load: Floats, quarter: int
) -> Choices:
    """Let free volume choose, ration full pools and re-route; ``load`` (2 L,) is added to."""
    source = fresh_sources(stock, layout, quarter)
    shares = first_shares(layout, menu, terms, source)
    served = ration(kinds, load, lane_demands(stock, layout, menu, draws, source, shares, load.size))
    refused = refusals(stock, layout, menu, draws, source, shares, served)
    found = reroute(layout, menu, draws, terms, kinds, load, refused)
    return Choices(source, shares, served, found)
