r"""Parcels of customers so many that shares equal probabilities: the same quarter as that of workload rows, expected.

Customers of one *type* (region, taste, residency; or one AI lab) are so many that shares equal probabilities. A type
has two *segments*, training and inference, each with its base cell. What a segment holds is told apart by *place* (a
pair of its cell, or on premises) and by term; new volume by *tie* (incumbent and its service), which is all that a
customer's supplier matters for.

How they choose and are rationed stands in ``parcel_choice``, how the outcome is signed in ``parcel_signing``. Contract
prices of a parcel are averaged over its signing dates, which matters only where a cap on renewals binds for some of
them and not for others.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.economics.workloads import CAPPED, EXPIRY, FREE, NEWCOMER, OUTSIDE, STANDINGS

TERMS = 3
"""Terms that are drawn; the dated contracts of a lab follow them on the same axis."""


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
def scale_parcels(stock: Stock, layout: Layout, y: int, factor: float) -> None:
    """Multiply all that a type holds."""
    first, last = layout.start[2 * y], layout.start[2 * y + 2]
    stock.volume[first:last] *= factor
    stock.tasks[first:last] *= factor
    stock.bill[first:last] *= factor
    stock.waiting[first:last] *= factor
    stock.lost[2 * y : 2 * y + 2] *= factor
    stock.new[2 * y : 2 * y + 2] *= factor


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
            scale_parcels(stock, layout, y, potential[y] / held if held > 0.0 else 0.0)
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
                    dated = term >= TERMS and ends == 0.0
                    locked[k] += (volume * intensity[k] if dated else tasks) * (1.0 if capped else 1.0 - ends)
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
