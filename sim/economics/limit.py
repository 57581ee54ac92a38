r"""The large-population limit: the same quarter as that of workload rows, on expected flows instead of draws.

Customers of one *type* (region, taste, residency; or one AI lab) are so many that shares equal probabilities. A type
has two *segments*, training and inference, each with its base cell. What a segment holds is told apart by *place* (a
pair of its cell, or on premises) and by term; new volume by *tie* (incumbent and its service), which is all that a
customer's supplier matters for.

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
that who refused the outside option has large shocks in general. Contract prices of a parcel are averaged over its
signing dates, which matters only where a cap on renewals binds for some of them and not for others.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import NESTS, Floats, Ints, nested_shares
from sim.economics.choice import Menu
from sim.economics.frontier import fitting_fraction, inference_left, lane_left
from sim.economics.service import Terms
from sim.economics.tally import ENDS, TO_EXPIRED, TO_LOST, TO_WAITING, Places, Tally, add_at_home
from sim.economics.workloads import CAPPED, EXPIRY, FREE, NEWCOMER, OUTSIDE, STANDINGS, escalated

TERMS = 3
"""Terms that are drawn; the dated contracts of a lab follow them on the same axis."""
BACKLOG, FRESH = 0, 1
"""Rows of ``Draws.level``: what comes first (waiting, or tied by a dated contract), and the rest."""
CLOSED = 1e-9
"""Room of a lane, as a share of what its pool can do, at which it counts as full."""
ANY, ORIGINS = 2, 3
"""Origins of refused volume: the nest of its first choice, or ANY where that was not chosen this quarter."""
LARGEST = 200.0
"""Largest log ratio of nest shocks that is told apart."""


class Layout(NamedTuple):
    """Where parcels lie. Y types, S = 2 Y segments, P places, X ties, D dated contracts of one lab."""

    cell: Ints
    """(S,) base cell; segment 2 y is training of type y, 2 y + 1 its inference."""
    region: Ints
    """(S,) customer region."""
    start: Ints
    """(S+1,) first place of each segment."""
    pair: Ints
    """(P,) pair of each place: those of the cell in their order, then OUTSIDE."""
    service: Ints
    """(P,) service of each place; 0 on premises."""
    tie: Ints
    """(P,) tie of customers served there: (incumbent + 1) * 2 + service, see ``workloads.class_of``."""
    prescribed: Ints
    """(S, D) place that each dated contract of a lab prescribes, or -1."""
    until: Ints
    """(S, D) last quarter of each."""
    ties: int
    """X."""


class Stock(NamedTuple):
    """What is held, in tasks per quarter at the reference price."""

    volume: Floats
    """(P, TERMS + D) served."""
    tasks: Floats
    """(P, TERMS + D) tasks under contract: volume times the usage intensity at signing."""
    bill: Floats
    """(P, TERMS + D) tasks times the contract price, USD per unit of product."""
    waiting: Floats
    """(P, W) waiting for a place, by quarters waited less one."""
    lost: Floats
    """(S,) without a provider, and so without a tie."""
    new: Floats
    """(S, X, 1 + D) new volume that has not yet chosen, free or under a dated contract."""


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


class Flows(NamedTuple):
    """What moved in a quarter, by pair (K,); I providers."""

    kept: Floats
    """(K,) volume whose contract runs on."""
    running: Floats
    """(K,) its tasks."""
    first: Floats
    """(K,) volume by first choice."""
    asked: Floats
    """(K,) the fresh part of it."""
    unmet: Floats
    """(K,) fresh volume lost or newly waiting."""
    stayed: Floats
    """(K,) volume served where it first chose."""
    diverted: Floats
    """(K, I + ENDS) volume by first choice that ended with another provider, or nowhere."""
    arrived: Floats
    """(K, I + ENDS) the same in hours of the pools that serve it."""
    volume: Floats
    """(S, 5) asked, served, on premises, waiting, lost."""


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


@inlined
def ending(term: int, until: Ints, quarter: int) -> float:
    """Return the share of a parcel whose contracts end now; ``until`` (D,) are the dates of dated ones."""
    if term < TERMS:
        return float(EXPIRY[term])
    return 1.0 if until[term - TERMS] < quarter else 0.0


@compiled
def held_by_tie(stock: Stock, layout: Layout, y: int, ties: Floats) -> float:
    """Return the volume of a type, and fill ``ties`` (X,) with it by the tie that a new workload would take over."""
    ties[:] = 0.0
    for s in range(2 * y, 2 * y + 2):
        ties[0] += stock.lost[s]
        for p in range(layout.start[s], layout.start[s + 1]):
            ties[layout.tie[p]] += stock.volume[p].sum()
            ties[0] += stock.waiting[p].sum()
    return float(ties.sum())


@inlined
def _scale(stock: Stock, layout: Layout, y: int, factor: float) -> None:
    """Multiply all that a type holds."""
    first, last = layout.start[2 * y], layout.start[2 * y + 2]
    stock.volume[first:last] *= factor
    stock.tasks[first:last] *= factor
    stock.bill[first:last] *= factor
    stock.waiting[first:last] *= factor
    stock.lost[2 * y : 2 * y + 2] *= factor


@compiled
def grow_parcels(stock: Stock, layout: Layout, potential: Floats, training: Floats, tied: Floats) -> None:
    """Start new workloads with all growth, so that volumes add up to potential; see ``workloads.grow``.

    Args:
        stock: changed in place; its new volume is zero.
        layout: where parcels lie.
        potential: (Y,) tasks per quarter each type wants at the reference price.
        training: (Y,) share of new workloads that are training.
        tied: (S, D) share of a segment's new volume under each dated contract.
    """
    ties = np.empty(layout.ties)
    for y in range(potential.size):
        held = held_by_tie(stock, layout, y, ties)
        if potential[y] <= held:
            _scale(stock, layout, y, potential[y] / held if held > 0.0 else 0.0)
            continue
        growth = potential[y] - held
        if held <= 0.0:
            ties[0], held = 1.0, 1.0
        for w in range(2):
            s, share = 2 * y + w, 1.0 - training[y] if w else training[y]
            for x in range(ties.size):
                arriving = growth * share * ties[x] / held
                stock.new[s, x, 0] = arriving * (1.0 - tied[s].sum())
                for d in range(tied.shape[1]):
                    stock.new[s, x, 1 + d] = arriving * tied[s, d]


@compiled
def contestable_parcels(
    stock: Stock, layout: Layout, price: Floats, intensity: Floats, escalation: float, quarter: int, mass: Floats,
    locked: Floats,
) -> None:  # fmt: skip
    """Add up contestable tasks by cell and class, and tasks that are not, by pair: see ``workloads.contestable``."""
    mass[:] = 0.0
    locked[:] = 0.0
    terms = stock.volume.shape[1]
    for s in range(layout.cell.size):
        to = mass[layout.cell[s]]
        for p in range(layout.start[s], layout.start[s + 1]):
            k, at = layout.pair[p], layout.tie[p] * STANDINGS
            for term in range(terms):
                volume, tasks = stock.volume[p, term], stock.tasks[p, term]
                if volume <= 0.0:
                    continue
                ends = ending(term, layout.until[s], quarter)
                capped = k != OUTSIDE and stock.bill[p, term] * (1.0 + escalation) < price[k] * tasks
                to[at + (CAPPED if capped else FREE)] += ends * volume
                if k != OUTSIDE:
                    locked[k] += tasks * (1.0 if capped else 1.0 - ends)
            if k != OUTSIDE:
                locked[k] += stock.waiting[p].sum() * intensity[k]
        to[FREE] += stock.lost[s]
        for x in range(layout.ties):
            to[x * STANDINGS + NEWCOMER] += stock.new[s, x, 0]
            for d in range(layout.until.shape[1]):
                if stock.new[s, x, 1 + d] > 0.0:
                    k = layout.pair[layout.prescribed[s, d]]
                    locked[k] += stock.new[s, x, 1 + d] * intensity[k]


@compiled
def contracted_parcels(
    stock: Stock, layout: Layout, lane: Ints, hours: Floats, quarter: int, load: Floats
) -> None:  # fmt: skip
    """Fill (2 L,) with the hours of contracts that run on this quarter."""
    load[:] = 0.0
    for s in range(layout.cell.size):
        for p in range(layout.start[s], layout.start[s + 1] - 1):
            k = layout.pair[p]
            for term in range(stock.tasks.shape[1]):
                stays = 1.0 - ending(term, layout.until[s], quarter)
                load[lane[k]] += stays * stock.tasks[p, term] * hours[k]


@compiled
def settle_parcels(
    stock: Stock, layout: Layout, product: Ints, lane: Ints, unit: Floats, hours: Floats, need: Floats,
    fraction: Floats, taken: Floats, paid: Floats, waiting: Floats, outside: Floats,
) -> None:  # fmt: skip
    """Add up what customers of each region used and paid; arguments as in ``service.settle``."""
    taken[:] = 0.0
    paid[:] = 0.0
    waiting[:] = 0.0
    outside[:] = 0.0
    for s in range(layout.cell.size):
        r = layout.region[s]
        for p in range(layout.start[s], layout.start[s + 1]):
            k = layout.pair[p]
            if k == OUTSIDE:
                outside[r] += stock.volume[p].sum()
                continue
            j, given = product[k], fraction[lane[k] // 2]
            taken[r, j] += stock.tasks[p].sum() * given * hours[k]
            paid[r, j] += stock.bill[p].sum() * given * unit[k]
            waiting[r, j] += stock.waiting[p].sum() * need[k]


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


class Arrivals(NamedTuple):
    """Where the volume of one segment ends, n places; filled while the segment is gone through."""

    free: Floats
    """(n, Q) served under a contract whose term is drawn."""
    dated: Floats
    """(n, D) served under a dated contract."""
    own: Floats
    """(n, Q) chance that a customer whose contract ends at a place is served there again."""
    waiting: Floats
    """(n, W) waiting for a place, by quarters waited less one."""
    lost: Floats
    """(1,) left without a provider."""


@inlined
def _refuse(
    layout: Layout, menu: Menu, found: Floats, s: int, p: int, level: int, new: int, x: int, origin: int,
    volume: float, flows: Flows,
) -> float:  # fmt: skip
    """Account where volume that was refused at place p ends with a provider; return the share that ends nowhere."""
    k, nowhere = layout.pair[p], 1.0
    for m in range(layout.start[s], layout.start[s + 1] - 1):
        share, end = found[level, new, x, origin, m], layout.pair[m]
        nowhere -= share
        flows.diverted[k, menu.provider[end]] += volume * share
        flows.arrived[k, menu.provider[end]] += volume * share * menu.need[end]
    nowhere = max(nowhere, 0.0)
    flows.volume[s, 1] += volume * (1.0 - nowhere)
    return nowhere


@inlined
def _leave(layout: Layout, s: int, p: int, waits: float, expired: bool, volume: float, flows: Flows) -> None:
    """Account volume that found no place: a share waits, the rest is lost."""
    k, ends = layout.pair[p], flows.diverted.shape[1] - ENDS
    flows.diverted[k, ends + TO_WAITING] += waits * volume
    flows.diverted[k, ends + (TO_EXPIRED if expired else TO_LOST)] += (1.0 - waits) * volume
    flows.volume[s, 3] += waits * volume
    flows.volume[s, 4] += (1.0 - waits) * volume
    if not expired:
        flows.unmet[k] += volume


@inlined
def _free_class(
    layout: Layout, menu: Menu, draws: Draws, made: Choices, s: int, new: int, x: int, waits: float, g: Floats,
    arrivals: Arrivals, flows: Flows,
) -> None:  # fmt: skip
    """Send the volume of one class that chooses freely to where it ends."""
    first, out = layout.start[s], layout.start[s + 1] - 1
    total, lacking = made.source[s, new, x], np.empty(NESTS)
    flows.volume[s, 0] += total
    for q in range(draws.weight.size):
        g[:], lacking[:] = 0.0, 0.0
        g[out - first] = draws.weight[q] * made.shares[new, x, out]
        flows.volume[s, 2] += total * g[out - first]
        for p in range(first, out):
            k, level = layout.pair[p], draws.level[FRESH, layout.service[p], q]
            share, fits = draws.weight[q] * made.shares[new, x, p], made.served[level, menu.lane[k]]
            flows.first[k] += total * share
            flows.asked[k] += total * share
            flows.stayed[k] += total * share * fits
            flows.volume[s, 1] += total * share * fits
            g[p - first] += share * fits
            refused = share * (1.0 - fits)
            if refused <= 0.0:
                continue
            lacking[layout.service[p]] += refused
            nowhere = refused * _refuse(
                layout, menu, made.found, s, p, level, new, x, layout.service[p], total * refused, flows
            )
            _leave(layout, s, p, waits, False, total * nowhere, flows)
            if waits > 0.0:
                arrivals.waiting[p - first, 0] += total * nowhere * waits
            arrivals.lost[0] += total * nowhere * (1.0 - waits)
        for w in range(NESTS):
            if lacking[w] > 0.0:
                g[: out - first] += lacking[w] * made.found[draws.level[FRESH, w, q], new, x, w, first:out]
        for n in range(g.size):
            if new == 0 and layout.tie[first + n] == x:
                arrivals.own[n, q] = g[n]
            arrivals.free[n, q] += total * g[n]


@inlined
def _backlog(
    stock: Stock, layout: Layout, menu: Menu, draws: Draws, made: Choices, s: int, arrivals: Arrivals, flows: Flows
) -> None:
    """Serve what waits, or let it wait on, or expire."""
    first, longest = layout.start[s], stock.waiting.shape[1]
    for p in range(first, layout.start[s + 1] - 1):
        k, total = layout.pair[p], stock.waiting[p].sum()
        if total <= 0.0:
            continue
        flows.first[k] += total
        flows.volume[s, 0] += total
        for q in range(draws.weight.size):
            level = draws.level[BACKLOG, layout.service[p], q]
            stays = draws.weight[q] * made.served[level, menu.lane[k]]
            refused = draws.weight[q] - stays
            flows.stayed[k] += total * stays
            flows.volume[s, 1] += total * stays
            nowhere = refused * _refuse(layout, menu, made.found, s, p, level, 0, 0, ANY, total * refused, flows)
            arrivals.free[p - first, q] += total * stays
            for m in range(first, layout.start[s + 1] - 1):
                arrivals.free[m - first, q] += total * refused * made.found[level, 0, 0, ANY, m]
            for w in range(longest - 1):
                arrivals.waiting[p - first, w + 1] += stock.waiting[p, w] * nowhere
            arrivals.lost[0] += stock.waiting[p, longest - 1] * nowhere
            last = stock.waiting[p, longest - 1] / total
            _leave(layout, s, p, 1.0 - last, True, total * nowhere, flows)


@inlined
def _tied(
    stock: Stock, layout: Layout, menu: Menu, draws: Draws, made: Choices, s: int, waits: float, arrivals: Arrivals,
    flows: Flows,
) -> None:  # fmt: skip
    """Serve new volume under dated contracts, wherever it ends."""
    first = layout.start[s]
    for d in range(layout.until.shape[1]):
        p = layout.prescribed[s, d]
        for x in range(layout.ties):
            total = stock.new[s, x, 1 + d]
            if total <= 0.0:
                continue
            k = layout.pair[p]
            flows.first[k] += total
            flows.asked[k] += total
            flows.volume[s, 0] += total
            for q in range(draws.weight.size):
                level = draws.level[BACKLOG, layout.service[p], q]
                stays = draws.weight[q] * made.served[level, menu.lane[k]]
                refused = draws.weight[q] - stays
                flows.stayed[k] += total * stays
                flows.volume[s, 1] += total * stays
                nowhere = refused * _refuse(layout, menu, made.found, s, p, level, 1, x, ANY, total * refused, flows)
                _leave(layout, s, p, waits, False, total * nowhere, flows)
                arrivals.dated[p - first, d] += total * stays
                for m in range(first, layout.start[s + 1] - 1):
                    arrivals.dated[m - first, d] += total * refused * made.found[level, 1, x, ANY, m]
                if waits > 0.0:
                    arrivals.waiting[p - first, 0] += total * nowhere * waits
                arrivals.lost[0] += total * nowhere * (1.0 - waits)


@inlined
def _write(
    stock: Stock, layout: Layout, draws: Draws, terms: Terms, posted: Floats, intensity: Floats, s: int,
    quarter: int, arrivals: Arrivals, flows: Flows,
) -> None:  # fmt: skip
    """Take what ended out of a segment's parcels and put in what arrived, renewals at the price they keep."""
    first, out, dated = layout.start[s], layout.start[s + 1] - 1, layout.until.shape[1]
    for p in range(first, out + 1):
        k, n = layout.pair[p], p - first
        use, price = (1.0, 0.0) if p == out else (intensity[k], posted[k])
        less = np.zeros(draws.weight.size)
        for term in range(TERMS + dated):
            ends, tasks = ending(term, layout.until[s], quarter), stock.tasks[p, term]
            if p < out and tasks > 0.0 and ends > 0.0:
                kept = escalated(stock.bill[p, term] / tasks, price, terms.escalation)
                for q in range(less.size):
                    less[q] += ends * stock.volume[p, term] * arrivals.own[n, q] * use * (price - kept)
            stock.volume[p, term] *= 1.0 - ends
            stock.tasks[p, term] *= 1.0 - ends
            stock.bill[p, term] *= 1.0 - ends
            if p < out:
                flows.kept[k] += stock.volume[p, term]
                flows.running[k] += stock.tasks[p, term]
        for term in range(TERMS + dated):
            arriving, discount = 0.0, 0.0
            if term < TERMS:
                for q in range(less.size):
                    share = draws.term[q, layout.service[p], term]
                    arriving += arrivals.free[n, q] * share
                    discount += less[q] * share
            else:
                arriving = arrivals.dated[n, term - TERMS]
            stock.volume[p, term] += arriving
            stock.tasks[p, term] += arriving * use
            stock.bill[p, term] += arriving * use * price - discount
        stock.waiting[p] = arrivals.waiting[n]
    stock.lost[s] = arrivals.lost[0]


@compiled
def sign_parcels(
    stock: Stock, layout: Layout, menu: Menu, draws: Draws, terms: Terms, made: Choices, posted: Floats,
    intensity: Floats, quarter: int, flows: Flows,
) -> None:  # fmt: skip
    """Write the outcome of the quarter into the parcels.

    Args:
        stock: changed in place.
        layout: where parcels lie.
        menu: pairs on offer.
        draws: how terms split demand.
        terms: how customers contract.
        made: outcome of choice and allocation.
        posted: (K,) posted prices.
        intensity: (K,) usage per unit of volume at posted prices.
        quarter: position of the quarter.
        flows: zero; filled.
    """
    longest = stock.waiting.shape[1]
    waits = terms.waiting_share if longest > 0 else 0.0
    for s in range(layout.cell.size):
        n, atoms = layout.start[s + 1] - layout.start[s], draws.weight.size
        arrivals = Arrivals(
            np.zeros((n, atoms)), np.zeros((n, layout.until.shape[1])), np.zeros((n, atoms)), np.zeros((n, longest)),
            np.zeros(1),
        )  # fmt: skip
        g = np.empty(n)
        for new in range(2):
            for x in range(layout.ties):
                if made.source[s, new, x] > 0.0:
                    _free_class(layout, menu, draws, made, s, new, x, waits, g, arrivals, flows)
        _backlog(stock, layout, menu, draws, made, s, arrivals, flows)
        _tied(stock, layout, menu, draws, made, s, waits, arrivals, flows)
        _write(stock, layout, draws, terms, posted, intensity, s, quarter, arrivals, flows)
    stock.new[:] = 0.0


@compiled
def tally_parcels(stock: Stock, layout: Layout, flows: Flows, places: Places, out: Tally) -> None:
    """Add up where demand was first wanted and where it ended, as ``tally`` does for workload rows."""
    for s in range(layout.cell.size):
        first, last = layout.start[s], layout.start[s + 1]
        held = stock.volume[first:last].sum() + stock.waiting[first:last].sum() + stock.lost[s]
        out.volume[layout.cell[s]] += held
    for k in range(places.region.size):
        r, origin = places.region[k], places.origin[k]
        volume = flows.kept[k] + flows.stayed[k]
        if volume > 0.0:
            add_at_home(k, flows.running[k] * places.hours[k], flows.stayed[k] * places.need[k], volume, places, out)
        for end in range(flows.diverted.shape[1]):
            asked = flows.diverted[k, end] * places.need[k]
            out.chosen[r, origin] += asked
            out.diverted[r, origin, end] += asked
            out.arrived[r, origin, end] += flows.arrived[k, end]
            out.held[r] += flows.diverted[k, end] if end < flows.diverted.shape[1] - ENDS else 0.0
