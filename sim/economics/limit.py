r"""The large-population limit: the same quarter as that of workload rows, on expected flows instead of draws.

Customers of one *type* (region, taste, residency; or one AI lab) are so many that shares equal probabilities. A type
has two *segments*, training and inference, each with its base cell. What a segment holds is told apart by slot (the
age of a workload), by *place* (a pair of its cell, or on premises) and by term; what it lacks by slot and by *tie*
(incumbent and its service), which is all that a past supplier still matters for.

First choices follow the nested logit of ``cells``. A full pool serves every first choice of one priority level to
the same extent (a lottery among ever smaller rows). Who is refused flows, level by level, to products with room by
their shares among these (the outside option is none of them); when a pool fills, the rest flows on among the others.

Where this is exact: with slack capacity; and with rationing where rho = 0, since then the ranking of what is left is
independent of what was refused (Luce 1959). With rho > 0 a refused customer is likelier to like the nest it chose
first, which shares among open products leave out; and contract prices of a parcel are averaged over its signing dates,
which matters only where a cap on renewals binds for some of them.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints, nested_shares
from sim.economics.choice import Menu
from sim.economics.frontier import fitting_fraction, inference_left, training_left
from sim.economics.service import Terms, lane_room
from sim.economics.tally import ENDS, TO_EXPIRED, TO_LOST, TO_WAITING, Places, Tally, add_at_home
from sim.economics.workloads import EXPIRY, FREE, CAPPED, NEWCOMER, OUTSIDE, STANDINGS, escalated

TERMS = 3
"""Terms that are drawn; the dated contracts of a lab follow them on the same axis."""
BACKLOG, FRESH = 0, 1
"""Rows of ``Draws.level``: what comes first (waiting, or tied by a dated contract), and the rest."""
CLOSED = 1e-9
"""Room of a lane, as a share of what its pool can do, at which it counts as full."""


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
    tie: Ints
    """(P,) tie of customers served there: (incumbent + 1) * 2 + service, see ``workloads.class_of``."""
    prescribed: Ints
    """(S, D) place that each dated contract of a lab prescribes, or -1."""
    until: Ints
    """(S, D) last quarter of each."""
    ties: int
    """X."""


class Stock(NamedTuple):
    """What is held, in tasks per quarter at the reference price; the first axis is the slot."""

    volume: Floats
    """(slots, P, TERMS + D) served."""
    tasks: Floats
    """(slots, P, TERMS + D) tasks under contract: volume times the usage intensity at signing."""
    bill: Floats
    """(slots, P, TERMS + D) tasks times the contract price, USD per unit of product."""
    waiting: Floats
    """(slots, P, W) waiting for a place, by quarters waited less one."""
    lost: Floats
    """(slots, S, X) without a provider, by the tie that is left."""
    new: Floats
    """(slots, S, X, 1 + D) new volume that has not yet chosen, free or under a dated contract."""


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


class Flows(NamedTuple):
    """What moved in a quarter, by pair (K,); I providers."""

    kept: Floats
    """(K,) volume whose contract runs on."""
    running: Floats
    """(K,) its tasks."""
    stayed: Floats
    """(K,) volume served where it first chose."""
    diverted: Floats
    """(K, I + ENDS) volume by first choice that ended with another provider, or nowhere."""
    arrived: Floats
    """(K, I + ENDS) the same in hours of the pools that serve it."""
    unmet: Floats
    """(K,) fresh volume lost or newly waiting."""
    asked: Floats
    """(K,) fresh volume by first choice."""
    volume: Floats
    """(S, 5) asked, served, on premises, waiting, lost."""


@inlined
def ending(term: int, until: Ints, quarter: int) -> float:
    """Return the share of a parcel whose contracts end now; ``until`` (D,) are the dates of dated ones."""
    if term < TERMS:
        return float(EXPIRY[term])
    return 1.0 if until[term - TERMS] < quarter else 0.0


@compiled
def slot_volume(stock: Stock, layout: Layout, slot: int, y: int, ties: Floats) -> float:
    """Return the volume of a type in a slot, and fill ``ties`` (X,) with it by the tie each part would leave."""
    ties[:] = 0.0
    for s in range(2 * y, 2 * y + 2):
        for x in range(ties.size):
            ties[x] += stock.lost[slot, s, x] + stock.new[slot, s, x].sum()
        for p in range(layout.start[s], layout.start[s + 1]):
            ties[layout.tie[p]] += stock.volume[slot, p].sum() + stock.waiting[slot, p].sum()
    return float(ties.sum())


@inlined
def _scale(stock: Stock, layout: Layout, slot: int, y: int, factor: float) -> None:
    """Multiply all that a type holds in a slot."""
    first, last = layout.start[2 * y], layout.start[2 * y + 2]
    stock.volume[slot, first:last] *= factor
    stock.tasks[slot, first:last] *= factor
    stock.bill[slot, first:last] *= factor
    stock.waiting[slot, first:last] *= factor
    stock.lost[slot, 2 * y : 2 * y + 2] *= factor
    stock.new[slot, 2 * y : 2 * y + 2] *= factor


@compiled
def renew_parcels(
    stock: Stock, layout: Layout, potential: Floats, training: Floats, tied: Floats, slot: int
) -> None:  # fmt: skip
    """End all workloads of the oldest slot and start new ones, so that volumes add up to potential.

    Where demand shrinks by more than the oldest slot holds, nothing new starts, and its ties are forgotten.

    Args:
        stock: changed in place.
        layout: where parcels lie.
        potential: (Y,) tasks per quarter each type wants at the reference price.
        training: (Y,) share of new workloads that are training.
        tied: (S, D) share of a segment's new volume under each dated contract.
        slot: the oldest slot.
    """
    ties = np.empty(layout.ties)
    for y in range(potential.size):
        others = 0.0
        for other in range(stock.volume.shape[0]):
            if other != slot:
                others += slot_volume(stock, layout, other, y, ties)
        if others > potential[y]:
            for other in range(stock.volume.shape[0]):
                _scale(stock, layout, other, y, potential[y] / others)
        before = slot_volume(stock, layout, slot, y, ties)
        _scale(stock, layout, slot, y, 0.0)
        if before <= 0.0:
            ties[0], before = 1.0, 1.0
        volume = max(potential[y] - others, 0.0) / before
        for w in range(2):
            s, share = 2 * y + w, 1.0 - training[y] if w else training[y]
            for x in range(ties.size):
                arriving = volume * share * ties[x]
                stock.new[slot, s, x, 0] = arriving * (1.0 - tied[s].sum())
                for d in range(tied.shape[1]):
                    stock.new[slot, s, x, 1 + d] = arriving * tied[s, d]


@compiled
def contestable_parcels(
    stock: Stock, layout: Layout, price: Floats, intensity: Floats, escalation: float, quarter: int, mass: Floats,
    locked: Floats,
) -> None:  # fmt: skip
    """Add up contestable tasks by cell and class, and tasks that are not, by pair: see ``workloads.contestable``."""
    mass[:] = 0.0
    locked[:] = 0.0
    slots, _, terms = stock.volume.shape
    for s in range(layout.cell.size):
        to = mass[layout.cell[s]]
        for p in range(layout.start[s], layout.start[s + 1]):
            k, at = layout.pair[p], layout.tie[p] * STANDINGS
            for slot in range(slots):
                to[at + FREE] += stock.waiting[slot, p].sum()
                for term in range(terms):
                    volume, tasks = stock.volume[slot, p, term], stock.tasks[slot, p, term]
                    if volume <= 0.0:
                        continue
                    ends = ending(term, layout.until[s], quarter)
                    capped = k != OUTSIDE and stock.bill[slot, p, term] * (1.0 + escalation) < price[k] * tasks
                    to[at + (CAPPED if capped else FREE)] += ends * volume
                    if k != OUTSIDE:
                        locked[k] += tasks * (1.0 if capped else 1.0 - ends)
        for slot in range(slots):
            for x in range(layout.ties):
                to[x * STANDINGS + FREE] += stock.lost[slot, s, x]
                to[x * STANDINGS + NEWCOMER] += stock.new[slot, s, x, 0]
                for d in range(layout.until.shape[1]):
                    if stock.new[slot, s, x, 1 + d] > 0.0:
                        k = layout.pair[layout.prescribed[s, d]]
                        locked[k] += stock.new[slot, s, x, 1 + d] * intensity[k]


@compiled
def contracted_parcels(
    stock: Stock, layout: Layout, lane: Ints, hours: Floats, quarter: int, load: Floats
) -> None:  # fmt: skip
    """Fill (2 L,) with the hours of contracts that run on this quarter."""
    load[:] = 0.0
    slots, _, terms = stock.volume.shape
    for s in range(layout.cell.size):
        for p in range(layout.start[s], layout.start[s + 1] - 1):
            k = layout.pair[p]
            for slot in range(slots):
                for term in range(terms):
                    stays = 1.0 - ending(term, layout.until[s], quarter)
                    load[lane[k]] += stays * stock.tasks[slot, p, term] * hours[k]


@compiled
def settle_parcels(
    stock: Stock, layout: Layout, menu: Menu, product: Ints, unit: Floats, hours: Floats, fraction: Floats,
    taken: Floats, paid: Floats, waiting: Floats, outside: Floats,
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
                outside[r] += stock.volume[:, p].sum()
                continue
            j, given = product[k], fraction[menu.lane[k] // 2]
            taken[r, j] += stock.tasks[:, p].sum() * given * hours[k]
            paid[r, j] += stock.bill[:, p].sum() * given * unit[k]
            waiting[r, j] += stock.waiting[:, p].sum() * menu.need[k]


@compiled
def fresh_sources(stock: Stock, layout: Layout, quarter: int) -> Floats:
    """Return volume that chooses freely, (slots, S, 2, X): from ended contracts or lost, and new."""
    slots, _, terms = stock.volume.shape
    source = np.zeros((slots, layout.cell.size, 2, layout.ties))
    for slot in range(slots):
        for s in range(layout.cell.size):
            for x in range(layout.ties):
                source[slot, s, 0, x] = stock.lost[slot, s, x]
                source[slot, s, 1, x] = stock.new[slot, s, x, 0]
            for p in range(layout.start[s], layout.start[s + 1]):
                for term in range(terms):
                    ends = ending(term, layout.until[s], quarter)
                    source[slot, s, 0, layout.tie[p]] += ends * stock.volume[slot, p, term]
    return source


@inlined
def _fill_shares(
    layout: Layout, menu: Menu, service: Ints, terms: Terms, open_lane: Floats, outside: float, s: int, new: int,
    x: int, weights: Floats, out: Floats,
) -> None:  # fmt: skip
    """Fill the places of a segment in ``out`` (P,) with choice shares of one class, over lanes that are open.

    ``outside`` is 1 where the outside option may be chosen, else 0.
    """
    first, last = layout.start[s], layout.start[s + 1] - 1
    incumbent, tied_by = x // 2 - 1, x % 2
    gain = 1.0 / terms.gift[tied_by, new]
    for p in range(first, last):
        k = layout.pair[p]
        gift = gain if menu.provider[k] == incumbent else 1.0
        weights[p - first] = open_lane[menu.lane[k]] * gift / menu.inverse_weight[k]
    # Without an outside option there may be nothing to choose.
    utility = menu.outside[layout.cell[s]] + (terms.outside_boost[new] if x == layout.ties - 2 else 0.0)
    away = np.exp(utility) if outside > 0.0 else 0.0
    nest = service[layout.pair[first : last + 1][: last - first]]
    out[last] = nested_shares(weights[: last - first], nest, away, 1.0 - menu.slack, out[first:last])


@compiled
def first_shares(layout: Layout, menu: Menu, service: Ints, terms: Terms, total: Floats) -> Floats:
    """Return choice shares at posted prices, (2, X, P), of classes with any volume (S, 2, X)."""
    shares, open_lane = np.zeros((2, layout.ties, layout.pair.size)), np.ones(menu.lane.max() + 1)
    weights = np.empty(layout.pair.size)
    for s in range(layout.cell.size):
        for new in range(2):
            for x in range(layout.ties):
                if total[s, new, x] > 0.0:
                    _fill_shares(
                        layout, menu, service, terms, open_lane, 1.0, s, new, x, weights, shares[new, x]
                    )
    return shares


@compiled
def lane_demands(
    stock: Stock, layout: Layout, menu: Menu, service: Ints, draws: Draws, total: Floats, shares: Floats, lanes: int
) -> Floats:
    """Return hours by first choice, (levels, lanes)."""
    demand = np.zeros((draws.levels, lanes))
    for s in range(layout.cell.size):
        for p in range(layout.start[s], layout.start[s + 1] - 1):
            k = layout.pair[p]
            fresh, first = 0.0, stock.waiting[:, p].sum()
            for new in range(2):
                for x in range(layout.ties):
                    fresh += total[s, new, x] * shares[new, x, p]
            for d in range(layout.until.shape[1]):
                first += stock.new[:, s, :, 1 + d].sum() if layout.prescribed[s, d] == p else 0.0
            for q in range(draws.weight.size):
                hours = draws.weight[q] * menu.need[k]
                demand[draws.level[FRESH, service[k], q], menu.lane[k]] += hours * fresh
                demand[draws.level[BACKLOG, service[k], q], menu.lane[k]] += hours * first
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
                    most = training_left(kinds[pool], load[i]) if lane == t else inference_left(kinds[pool], load[t])
                    extra = min(max(most - load[lane], 0.0), (1.0 - fits) * demand[level, lane])
                    load[lane] += extra
                    served[level, lane] += extra / demand[level, lane]
    return served


@compiled
def refusals(
    stock: Stock, layout: Layout, menu: Menu, service: Ints, draws: Draws, total: Floats, shares: Floats,
    served: Floats,
) -> Floats:  # fmt: skip
    """Return the volume that finds its first choice full, by level, segment and class: (levels, S, 2, X)."""
    refused = np.zeros((draws.levels, layout.cell.size, 2, layout.ties))
    for s in range(layout.cell.size):
        for p in range(layout.start[s], layout.start[s + 1] - 1):
            k = layout.pair[p]
            for q in range(draws.weight.size):
                level = draws.level[FRESH, service[k], q]
                lacking = draws.weight[q] * (1.0 - served[level, menu.lane[k]])
                if lacking > 0.0:
                    refused[level, s] += lacking * total[s] * shares[:, :, p]
                level = draws.level[BACKLOG, service[k], q]
                lacking = draws.weight[q] * (1.0 - served[level, menu.lane[k]])
                if lacking > 0.0:
                    refused[level, s, 0, layout.tie[p]] += lacking * stock.waiting[:, p].sum()
                    for d in range(layout.until.shape[1]):
                        if layout.prescribed[s, d] == p:
                            for x in range(layout.ties):
                                refused[level, s, 1, x] += lacking * stock.new[:, s, x, 1 + d].sum()
    return refused


@compiled
def reroute(
    layout: Layout, menu: Menu, service: Ints, terms: Terms, kinds: Floats, load: Floats, refused: Floats
) -> Floats:
    """Let refused volume flow to products with room; return the share that ends at each place, (levels, 2, X, P).

    ``load`` (2 L,) is added to. All refused of a level flow at once and alike, as in a random order; whenever a pool
    is full the rest flows on among the others.
    """
    found = np.zeros((refused.shape[0], 2, layout.ties, layout.pair.size))
    step, weights = np.zeros(found.shape[1:]), np.empty(layout.pair.size)
    open_lane, room = np.empty(load.size), np.empty(load.size)
    for level in range(refused.shape[0]):
        rest = 1.0
        _open_lanes(kinds, load, room, open_lane)
        while rest > 0.0 and open_lane.sum() > 0.0:
            hours = np.zeros(load.size)
            for s in range(layout.cell.size):
                for new in range(2):
                    for x in range(layout.ties):
                        if refused[level, s, new, x] <= 0.0:
                            continue
                        _fill_shares(layout, menu, service, terms, open_lane, 0.0, s, new, x, weights, step[new, x])
                        for p in range(layout.start[s], layout.start[s + 1] - 1):
                            k = layout.pair[p]
                            hours[menu.lane[k]] += rest * refused[level, s, new, x] * step[new, x, p] * menu.need[k]
            tightest, fits = _tightest(kinds, load, hours)
            for s in range(layout.cell.size):
                for new in range(2):
                    for x in range(layout.ties):
                        if refused[level, s, new, x] > 0.0:
                            for p in range(layout.start[s], layout.start[s + 1] - 1):
                                found[level, new, x, p] += rest * fits * step[new, x, p]
            load += fits * hours
            if tightest < 0:
                break
            rest *= 1.0 - fits
            before = open_lane.sum()
            _open_lanes(kinds, load, room, open_lane)
            if open_lane.sum() >= before:
                open_lane[2 * tightest : 2 * tightest + 2] = 0.0
    return found


@inlined
def _open_lanes(kinds: Floats, load: Floats, room: Floats, open_lane: Floats) -> None:
    """Set ``open_lane`` (2 L,) to 1 where a lane has room, else to 0."""
    for pool in range(kinds.shape[0]):
        lane_room(kinds, load, pool, room)
        for w in range(2):
            open_lane[2 * pool + w] = 1.0 if room[2 * pool + w] > CLOSED * kinds[pool, :, w].sum() else 0.0


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
