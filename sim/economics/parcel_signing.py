"""How parcels sign what they chose: where their volume ends, at which price, and what waits or is lost."""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import NESTS, Floats
from sim.economics.choice import Menu
from sim.economics.parcel_choice import ANY, BACKLOG, FRESH, Choices, Draws
from sim.economics.parcels import TERMS, Layout, Stock, ending
from sim.economics.service import Terms
from sim.economics.tally import ENDS, TO_EXPIRED, TO_LOST, TO_WAITING, Places, Tally, add_at_home
from sim.economics.workloads import escalated


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
def _seat(
    layout: Layout, menu: Menu, draws: Draws, made: Choices, s: int, p: int, q: int, new: int, x: int, total: float,
    ends: Floats, flows: Flows,
) -> float:  # fmt: skip
    """Serve volume that comes before the rest at place p, or elsewhere; return the part that ends nowhere.

    Where it is served is added to ``ends`` (n,).
    """
    first, k, level = layout.start[s], layout.pair[p], draws.level[BACKLOG, layout.service[p], q]
    stays = draws.weight[q] * made.served[level, menu.lane[k]]
    refused = draws.weight[q] - stays
    flows.stayed[k] += total * stays
    flows.volume[s, 1] += total * stays
    ends[p - first] += total * stays
    for m in range(first, layout.start[s + 1] - 1):
        ends[m - first] += total * refused * made.found[level, new, x, ANY, m]
    nowhere: float = refused * _refuse(layout, menu, made.found, s, p, level, new, x, ANY, total * refused, flows)
    return nowhere


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
            nowhere = _seat(layout, menu, draws, made, s, p, q, 0, 0, total, arrivals.free[:, q], flows)
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
                nowhere = _seat(layout, menu, draws, made, s, p, q, 1, x, total, arrivals.dated[:, d], flows)
                _leave(layout, s, p, waits, False, total * nowhere, flows)
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
