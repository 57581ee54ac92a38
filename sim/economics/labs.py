"""Use of AI labs: under a dated contract it follows the prices of the day, and while it is observed it is met.

A dated contract names the supplier; on which terms is not public, so that the lab pays the posted price of the day and
runs as many tasks as it would under a new contract. While a lab's use is observed, in hours, all that it holds is
scaled until it takes these hours at the technology and the prices of the same quarter; the tasks that this makes are
what grows afterwards. K (cell, product) pairs, J products.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.parcels import TERMS, Layout, Stock, scale_parcels
from sim.economics.workloads import OUTSIDE, SERVED, Workloads, in_force, prescribed


class Today(NamedTuple):
    """What an hour and a task take and cost this quarter."""

    product: Ints
    """(K,) product of each pair."""
    posted: Floats
    """(J,) posted prices, USD per unit."""
    intensity: Floats
    """(K,) usage per unit of volume at posted prices."""
    hours: Floats
    """(K,) hours of the pool per task."""


class Labs(NamedTuple):
    """What is known of labs this quarter, (labs,)."""

    wanted: Floats
    """Hours that a lab takes by its path."""
    observed: Bools
    """Whether these are observed."""
    potential: Floats
    """Potential tasks; changed where use is observed."""
    hours: Floats
    """Hours per potential task; changed where use is observed."""


@inlined
def _met(labs: Labs, x: int, held: float, seated: float, used: float) -> float:
    """Return the factor that brings the use of lab x to what is observed, and note what its tasks take.

    Args:
        labs: changed in place.
        x: lab.
        held: tasks that it holds.
        seated: those whose supplier is known.
        used: hours that these take.
    """
    if not (labs.observed[x] and used > 0.0):
        return 1.0
    labs.hours[x] = used / seated
    factor = labs.wanted[x] / (labs.hours[x] * held)
    labs.potential[x] *= factor
    return float(factor)


@compiled
def follow(rows: Workloads, lab: Ints, slots: int, quarter: int, today: Today, labs: Labs, tasks: Floats) -> None:
    """Let workloads under dated contracts follow the prices of the day, and meet what is observed of labs.

    Args:
        rows: changed in place; labs' customers come last.
        lab: (m,) lab of each of the last m customers.
        slots: workloads per customer.
        quarter: position of the quarter.
        today: prices of the quarter, and what tasks take at them.
        labs: changed in place.
        tasks: (n,) potential tasks of customers; changed with those of their labs.
    """
    first = rows.volume.size - lab.size * slots
    held, seated, used = np.zeros(labs.wanted.size), np.zeros(labs.wanted.size), np.zeros(labs.wanted.size)
    for n in range(first, rows.volume.size):
        x, k = lab[(n - first) // slots], max(rows.pair[n], 0)
        held[x] += rows.volume[n]
        if in_force(rows, n, quarter):
            rows.tasks[n], rows.price[n] = rows.volume[n] * today.intensity[k], today.posted[today.product[k]]
        runs = rows.status[n] == SERVED and rows.pair[n] != OUTSIDE
        if runs or prescribed(rows, n):
            seated[x] += rows.volume[n]
            used[x] += (rows.tasks[n] if runs else rows.volume[n] * today.intensity[k]) * today.hours[k]
    factor = np.empty(held.size)
    for x in range(held.size):
        factor[x] = _met(labs, x, held[x], seated[x], used[x])
    for n in range(first, rows.volume.size):
        rows.volume[n] *= factor[lab[(n - first) // slots]]
        rows.tasks[n] *= factor[lab[(n - first) // slots]]
    for i in range(lab.size):
        tasks[tasks.size - lab.size + i] *= factor[lab[i]]


@compiled
def under_dated(rows: Workloads, pairs: int, quarter: int) -> tuple[Floats, Floats]:
    """Return tasks under dated contracts in force and their potential tasks, by pair (K,); K is ``pairs``."""
    tasks, volume = np.zeros(pairs), np.zeros(pairs)
    for n in range(rows.volume.size):
        if in_force(rows, n, quarter):
            tasks[rows.pair[n]] += rows.tasks[n]
            volume[rows.pair[n]] += rows.volume[n]
    return tasks, volume


@inlined
def _follow_place(stock: Stock, layout: Layout, s: int, p: int, quarter: int, today: Today) -> None:
    """Let what is held at place p of segment s under dated contracts in force follow the prices of the day."""
    k = layout.pair[p]
    for d in range(layout.until.shape[1]):
        if layout.until[s, d] >= quarter:
            stock.tasks[p, TERMS + d] = stock.volume[p, TERMS + d] * today.intensity[k]
            stock.bill[p, TERMS + d] = stock.tasks[p, TERMS + d] * today.posted[today.product[k]]


@compiled
def follow_parcels(stock: Stock, layout: Layout, lab: Ints, quarter: int, today: Today, labs: Labs) -> None:
    """Let parcels of labs do what ``follow`` does with workloads.

    Args:
        stock: changed in place.
        layout: where parcels lie.
        lab: (Y,) lab of each type; negative for enterprises.
        quarter: position of the quarter.
        today: prices of the quarter, and what tasks take at them.
        labs: changed in place.
    """
    for y in range(lab.size):
        if lab[y] < 0:
            continue
        held, seated, used = 0.0, 0.0, 0.0
        for s in range(2 * y, 2 * y + 2):
            held += stock.lost[s] + stock.new[s].sum()
            for p in range(layout.start[s], layout.start[s + 1]):
                held += stock.volume[p].sum() + stock.waiting[p].sum()
                k = layout.pair[p]
                if k != OUTSIDE:
                    _follow_place(stock, layout, s, p, quarter, today)
                    seated += stock.volume[p].sum()
                    used += stock.tasks[p].sum() * today.hours[k]
            for d in range(layout.until.shape[1]):
                new = stock.new[s, :, 1 + d].sum()
                if new > 0.0:
                    k = layout.pair[layout.prescribed[s, d]]
                    seated += new
                    used += new * today.intensity[k] * today.hours[k]
        scale_parcels(stock, layout, y, _met(labs, lab[y], held, seated, used))
