"""Where every task was first wanted and where it ended: one pass over those who chose, at the end of a quarter."""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.economics.positions import at
from sim.economics.service import Active, Running
from sim.economics.workloads import OUTSIDE, SERVED, WAITING, Workloads

ENDS = 4
"""Ends of demand beside the providers: on premises, waiting, lost, and lost after waiting."""
TO_OUTSIDE, TO_WAITING, TO_LOST, TO_EXPIRED = 0, 1, 2, 3
"""Their positions after the providers."""


class Places(NamedTuple):
    """What the pass needs to know of K (cell, product) pairs and L pools, and of the quarter."""

    region: Ints
    """(K,) customer region."""
    origin: Ints
    """(K,) provider and kind of product, as a position in ``Tally.chosen``."""
    provider: Ints
    """(K,)"""
    pool: Ints
    """(K,)"""
    hours: Floats
    """(K,) hours of the pool per task."""
    need: Floats
    """(K,) hours of the pool per unit of volume, at the usage that posted prices give."""
    fraction: Floats
    """(L,) share of contracted service that the pool can give."""


class Tally(NamedTuple):
    """What is added up, zero at the start; O origins, I providers. Hours are of the pool of first choice."""

    volume: Floats
    """(B,) potential tasks."""
    held: Floats
    """(R,) potential tasks of workloads with a provider."""
    chosen: Floats
    """(R, O) hours by first choice; that of a running contract is its provider."""
    diverted: Floats
    """(R, O, I + ENDS) hours by first choice and by where they ended."""
    arrived: Floats
    """(R, O, I + ENDS) the same tasks in hours of the pool that served them; 0 where nobody did."""


@compiled
def tally(rows: Workloads, running: Running, active: Active, places: Places, out: Tally) -> None:
    """Add up a quarter's workloads after signing.

    Most are served where they first choose: they are added up by pair (the last element takes what is none of it, so
    that the loop needs no branch), and go to regions and providers once for every pair.
    """
    pairs = places.region.size
    stayed, diverted, count = np.zeros(pairs + 1), np.empty(active.row.size, np.int64), 0
    for x in range(active.row.size):
        n, start = at(active.row[x]), active.first[x]
        home, chose = (rows.pair[n] == start) & (rows.status[n] == SERVED), start >= 0
        stayed[at(start if home & chose else pairs)] += rows.volume[n]
        diverted[count] = x
        count += chose & (not home)
    for x in diverted[:count]:
        _divert(rows, active.row[x], active.first[x], active.fresh[x] == 1, places, out)
    for b in range(out.volume.size):
        out.volume[b] += running.potential[b]
    for k in range(pairs):
        volume = running.held[k, 1] + stayed[k]
        if volume > 0.0:
            add_at_home(k, running.held[k, 0] * places.hours[k], stayed[k] * places.need[k], volume, places, out)


@inlined
def _divert(rows: Workloads, n: int, start: int, fresh: bool, places: Places, out: Tally) -> None:
    """Add a workload that did not end at the pair of its first choice."""
    r, origin, firms = places.region[start], places.origin[start], out.diverted.shape[2] - ENDS
    asked, end = rows.volume[n] * places.need[start], rows.pair[n]
    out.chosen[r, origin] += asked
    if rows.status[n] == WAITING:
        out.diverted[r, origin, firms + TO_WAITING] += asked
    elif rows.status[n] != SERVED:
        out.diverted[r, origin, firms + (TO_LOST if fresh else TO_EXPIRED)] += asked
    elif end == OUTSIDE:
        out.diverted[r, origin, firms + TO_OUTSIDE] += asked
    else:
        out.held[r] += rows.volume[n]
        out.diverted[r, origin, places.provider[end]] += asked
        out.arrived[r, origin, places.provider[end]] += rows.tasks[n] * places.hours[end]


@inlined
def add_at_home(k: int, contracted: float, fresh: float, volume: float, places: Places, out: Tally) -> None:
    """Add the hours of running contracts and of new service at the pair of first choice."""
    r, origin, provider = places.region[k], places.origin[k], places.provider[k]
    given = contracted * places.fraction[places.pool[k]] + fresh
    out.held[r] += volume
    out.chosen[r, origin] += contracted + fresh
    out.diverted[r, origin, provider] += given
    out.diverted[r, origin, out.diverted.shape[2] - ENDS + TO_LOST] += contracted + fresh - given
    out.arrived[r, origin, provider] += given


def empty_tally(cells: int, regions: int, origins: int, firms: int) -> Tally:
    """Return a tally, zero."""
    ends = (regions, origins, firms + ENDS)
    return Tally(*(np.zeros(shape) for shape in ((cells,), (regions,), (regions, origins), ends, ends)))


class Diversions(NamedTuple):
    """What a tally says of diversions, where there are any (n,): a quarter has a hundred or two."""

    place: Ints
    """Position in (R, O, I + ENDS)."""
    asked: Floats
    """Hours by first choice."""
    arrived: Floats
    """The same tasks in hours of the pool that served them."""


@compiled
def taken_out(tally: Tally) -> Diversions:
    """Return the diversions of a tally, and set it to zero."""
    diverted, arrived = tally.diverted.ravel(), tally.arrived.ravel()
    found, count = np.empty(diverted.size, np.int64), 0
    for x in range(diverted.size):
        found[count] = x
        count += diverted[x] != 0.0
    place = found[:count].copy()
    out = Diversions(place, diverted[place], arrived[place])
    diverted[place] = 0.0
    arrived[place] = 0.0
    tally.volume[:] = 0.0
    tally.held[:] = 0.0
    tally.chosen[:] = 0.0
    return out
