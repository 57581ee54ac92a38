"""Service before and after rationing: contracts that run on, first choices at posted prices, signing, what is used.

Who is served where pools are full stands in ``rationing``.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, inlined
from sim.economics.cells import NESTS, Bools, Floats, Ints
from sim.economics.choice import LANES, NONE, Choosers, Menu, choose
from sim.economics.positions import at
from sim.economics.workloads import (
    DATED,
    LOST,
    NEW,
    ONE_YEAR,
    OUTSIDE,
    SERVED,
    THREE_YEAR,
    UNSET,
    WAITING,
    Workloads,
    contract_ends,
    draw,
    escalated,
    settled,
)
from sim.randomness import Decision, Words, fold

Flags = NDArray[np.int8]

CHUNK = 8192
"""Rows that choose at a time: what is looked up of them stays in the cache, however many there are."""
SPARE = 8
"""Places that take in turn what is none of a sum: with a single one every addition would wait for the one before."""
OUTSIDE_END, ENDINGS = LOST + 1, LOST + 2
"""Own cards, counted after the statuses in which a workload can end; and how many such ends there are."""


class Seasons(NamedTuple):
    """Keys of (seed, decision, quarter) for the decisions of this phase."""

    choice: np.uint64
    term: np.uint64
    priority: np.uint64
    waiting: np.uint64


_CHOICE, _TERM, _PRIORITY, _WAITING = (
    int(x) for x in (Decision.CHOICE, Decision.TERM, Decision.PRIORITY, Decision.WAITING)
)
"""Numbers of these decisions, as kernels know them."""


@inlined
def seasons_of(keys: Words) -> Seasons:
    """Return these keys from those of all decisions in a quarter, by their numbers."""
    return Seasons(keys[_CHOICE], keys[_TERM], keys[_PRIORITY], keys[_WAITING])


class Terms(NamedTuple):
    """How customers of every base cell contract and switch."""

    gift: Floats
    """(B, 2 services, 2 fresh) exp(-kappa): factor on the incumbent's inverse weights."""
    outside_boost: Floats
    """(B, 2 fresh) (1-rho) kappa of a customer whose incumbent is the outside option."""
    one_year: Floats
    """(B,) share of new IaaS contracts for a year."""
    three_year: Floats
    """(B,) the same for three years."""
    maas_reserved: Floats
    """(B,) share of new MaaS contracts that is reserved."""
    escalation: float
    waiting_share: float
    waiting_quarters: int
    bid_ceiling: float


class Active(NamedTuple):
    """Workloads that choose this quarter, (m,)."""

    row: Ints
    first: Ints
    """First choice at posted prices: a pair, or OUTSIDE."""
    fresh: NDArray[np.int8]
    """1 for new demand (new, expiring, asking again), 0 for backlog."""
    served: Ints
    """Where it ended: a pair, OUTSIDE, or NONE - 1 - status for WAITING or LOST."""
    premium: Floats
    """Price paid over the posted price."""


class Running(NamedTuple):
    """Contracts that run on, added up; the last ``SPARE`` rows take what is none."""

    held: Floats
    """(K + SPARE, 2) tasks under contract, and their potential tasks: side by side, as they are added together."""
    potential: Floats
    """(B,) potential tasks of all workloads, by base cell."""


@compiled
def contracted(rows: Workloads, quarter: int, expiry: np.uint64, running: Running) -> Ints:
    """Draw which contracts end and fill ``running`` with those that run on; return the rows that are free to choose.

    Args:
        rows: workloads.
        quarter: position of the quarter.
        expiry: key of (seed, expiry, quarter).
        running: filled.
    """
    running.held[:] = 0.0
    running.potential[:] = 0.0
    pairs, ends = running.held.shape[0] - SPARE, np.empty(rows.volume.size, np.bool_)
    for n in range(ends.size):
        ends[n] = contract_ends(rows, n, expiry, quarter)
    for n in range(ends.size):
        ends[n] |= rows.status[n] != SERVED
    for n in range(ends.size):
        k = at(pairs + n % SPARE if ends[n] | (rows.pair[n] < 0) else rows.pair[n])
        running.held[k, 0] += rows.tasks[n]
        running.held[k, 1] += rows.volume[n]
        running.potential[at(rows.cell[n])] += rows.volume[n]
    return _where(ends, rows.volume)


@inlined
def _where(ends: Bools, volume: Floats) -> Ints:
    """Return the rows that end and have a volume; without branches, which nobody could foretell."""
    found, count = np.empty(ends.size, np.int64), 0
    for n in range(ends.size):
        found[count] = n
        count += ends[n] & (volume[n] > 0.0)
    return found[:count].copy()


@compiled
def load_contracts(running: Running, hours: Floats, lane: Ints, load: Floats) -> None:
    """Fill (2 L,) ``load`` with the hours of running contracts; (K,) ``hours`` of the ``lane`` per task."""
    load[:] = 0.0
    for k in range(hours.size):
        load[at(lane[k])] += running.held[k, 0] * hours[k]


@compiled
def run_on(
    rows: Workloads, quarter: int, expiry: np.uint64, cells: int, hours: Floats, lane: Ints, load: Floats
) -> tuple[Ints, Running]:
    """Return the rows that are free to choose, and the contracts that run on; load their lanes.

    Args:
        rows: workloads.
        quarter: position of the quarter.
        expiry: key of (seed, expiry, quarter).
        cells: B.
        hours: (K,) hours of the ``lane`` per task.
        lane: (K,) lane of each pair.
        load: (2 L,) filled.
    """
    running = Running(np.empty((lane.size + SPARE, 2)), np.empty(cells))
    free = contracted(rows, quarter, expiry, running)
    load_contracts(running, hours, lane, load)
    return free, running


@compiled
def decide(rows: Workloads, free: Ints, menu: Menu, service: Ints, terms: Terms, season: np.uint64) -> Active:
    """Let every workload that is free choose at posted prices.

    Args:
        rows: workloads.
        free: (m,) rows that no contract binds, see ``contracted``.
        menu: pairs on offer.
        service: (K,) service of each pair.
        terms: how customers switch.
        season: key of (seed, choice, quarter).
    """
    first, fresh = np.empty(free.size, np.int64), np.empty(free.size, np.int8)
    for begin in range(0, free.size, CHUNK):
        part = slice(begin, min(begin + CHUNK, free.size))
        _decide(rows, free[part], menu, service, terms, season, first[part], fresh[part])
    return Active(free, first, fresh, first.copy(), np.ones(free.size))


@compiled
def _decide(
    rows: Workloads, free: Ints, menu: Menu, service: Ints, terms: Terms, season: np.uint64, first: Ints, fresh: Flags
) -> None:  # fmt: skip
    """Fill the first choices of some rows, and whether they are fresh demand."""
    looking = np.empty(free.size, np.bool_)
    for x in range(free.size):
        n = at(free[x])
        fresh[x] = rows.status[n] != WAITING
        first[x] = settled(rows, n)
        looking[x] = first[x] == UNSET
    who, position = seated(rows, free, looking, menu, service, terms, season)
    chosen = choose(menu, who)
    for seat in range(position.size):
        if position[seat] < free.size:
            first[position[seat]] = chosen[seat] if chosen[seat] != NONE else OUTSIDE


@inlined
def seated(
    rows: Workloads, row: Ints, looking: Bools, menu: Menu, service: Ints, terms: Terms, season: np.uint64
) -> tuple[Choosers, Ints]:
    """Return those of some rows (m,) that look at the whole menu, by cell, and where each seat stands among the rows.

    Empty seats, which fill every cell's up to a multiple of what processors take at once, say m.
    """
    start = np.zeros(menu.outside.size + 1, np.int64)
    for x in range(row.size):
        start[at(rows.cell[at(row[x])] + 1)] += looking[x]
    for b in range(start.size - 1):
        start[b + 1] = start[b] + (start[b + 1] + LANES - 1) // LANES * LANES
    size, place = start[-1], start.copy()
    who = Choosers(start, np.zeros(size, np.uint64), np.full(size, NONE), np.ones(size), np.zeros(size))
    position = np.full(size, row.size)
    for x in range(row.size):
        if looking[x]:
            n = at(row[x])
            cell = at(rows.cell[n])
            seat = at(place[cell])
            place[cell] += 1
            position[seat], who.key[seat] = x, fold(season, rows.key[n])
            who.incumbent[seat], who.gift[seat], who.boost[seat] = tie(rows, menu, service, terms, n)
    return who, position


@inlined
def tie(rows: Workloads, menu: Menu, service: Ints, terms: Terms, n: int) -> tuple[int, float, float]:
    """Return (incumbent provider or NONE, gift, outside boost) of row n; backlog is served by nobody yet."""
    status, last = rows.status[n], rows.pair[n]  # whatever may be needed is looked up first: no branches
    fresh, pair = at(status == NEW), last if status != WAITING else UNSET
    known, cell = at(max(pair, 0)), at(rows.cell[n])
    provider, given = menu.provider[known], terms.gift[cell, at(service[known]), fresh]
    boost = terms.outside_boost[cell, fresh]
    return provider if pair >= 0 else NONE, given if pair >= 0 else 1.0, boost if pair == OUTSIDE else 0.0


@inlined
def drawn_term(terms: Terms, b: int, service: int, u: float) -> int:
    """Return the term of a new contract of base cell b from a uniform draw."""
    one_year = terms.maas_reserved[b] if service == 1 else terms.one_year[b]
    longer = one_year if service == 1 else one_year + terms.three_year[b]
    term: int = (u < one_year) * ONE_YEAR + ((u >= one_year) & (u < longer)) * THREE_YEAR
    return term  # else ON_DEMAND, which is 0: without branches


@inlined
def outcome(served: int) -> int:
    """Return SERVED, WAITING or LOST of an entry of ``Active.served``."""
    return SERVED if served >= OUTSIDE else NONE - 1 - served


@compiled
def sign(
    rows: Workloads, active: Active, service: Ints, product: Ints, posted: Floats, intensity: Floats, terms: Terms,
    season: np.uint64,
) -> None:  # fmt: skip
    """Write the outcome of the quarter into the rows: supplier, contract price, term, tasks.

    Args:
        rows: changed in place.
        active: outcome of the allocation.
        service: (K,) service of each pair.
        product: (K,) product of each pair.
        posted: (J,) posted prices.
        intensity: (K,) usage per unit of volume at the posted price.
        terms: how customers contract.
        season: key of (seed, term, quarter).
    """
    for x in range(active.row.size):  # whatever may be needed is looked up first: no branches
        n, pair, first, premium = at(active.row[x]), active.served[x], active.first[x], active.premium[x]
        before, contract, volume = rows.pair[n], rows.price[n], rows.volume[n]
        status, old_term, waited = rows.status[n], rows.term[n], rows.waited[n]
        state, inside, k = outcome(pair), pair >= 0, at(max(pair, 0))
        at_post, amount, of = posted[at(product[k])], volume * intensity[k], service[k]
        served, unchanged, waits = state == SERVED, before == pair, state == WAITING
        bound = (status == NEW) & (old_term == DATED)
        renewed = escalated(contract, at_post, terms.escalation)
        price = renewed if (status == SERVED) & unchanged & (premium <= 1.0) else at_post * premium
        term = drawn_term(terms, at(rows.cell[n]), of if inside else 0, draw(rows, n, season))
        rows.term[n] = old_term if (bound & unchanged) | (not served) else term
        rows.price[n] = price if inside else 0.0
        rows.tasks[n] = (amount if inside else volume) if served else 0.0
        rows.waited[n] = waited + 1 if waits else 0
        rows.pair[n] = pair if served else (first if waits else UNSET)
        rows.status[n] = state


@compiled
def settle(
    rows: Workloads, region: Ints, start: Ints, product: Ints, lane: Ints, unit: Floats, hours: Floats, need: Floats,
    fraction: Floats, taken: Floats, paid: Floats, waiting: Floats, outside: Floats,
) -> None:  # fmt: skip
    """Add up what customers of each region used and paid.

    Args:
        rows: workloads after signing.
        region: (B,) customer region of each base cell.
        start: (B + 1,) first pair of each base cell.
        product: (K,) product and ``lane`` of each pair.
        lane: (K,)
        unit: (K,) units of product per task.
        hours: (K,) hours of the lane per task.
        need: (K,) hours of the lane per unit of volume, at the usage that posted prices give.
        fraction: (L,) share of contracted service that the pool can give.
        taken: (R, J) filled with hours served.
        paid: (R, J) filled with payments, USD.
        waiting: (R, J) filled with hours waiting, by first choice.
        outside: (R,) filled with tasks on premises.
    """
    pairs, cells = product.size, region.size
    used, backlog, home = np.zeros((pairs + SPARE, 2)), np.zeros(pairs + SPARE), np.zeros(cells + SPARE)
    for n in range(rows.volume.size):  # the last elements take what is none of it: no branches
        pair, served, waits = rows.pair[n], rows.status[n] == SERVED, rows.status[n] == WAITING
        spare, cell, tasks, volume = n % SPARE, rows.cell[n], rows.tasks[n], rows.volume[n]
        k = at(pair if served & (pair >= 0) else pairs + spare)
        used[k, 0] += tasks
        used[k, 1] += tasks * rows.price[n]
        backlog[at(max(pair, 0) if waits else pairs + spare)] += volume
        home[at(cell if served & (pair == OUTSIDE) else cells + spare)] += volume
    taken[:] = 0.0
    paid[:] = 0.0
    waiting[:] = 0.0
    outside[:] = 0.0
    for b in range(cells):
        r = at(region[b])
        outside[r] += home[b]
        for k in range(start[b], start[b + 1]):
            j, given = at(product[k]), fraction[at(lane[k] // 2)]
            taken[r, j] += used[k, 0] * given * hours[k]
            paid[r, j] += used[k, 1] * given * unit[k]
            waiting[r, j] += backlog[k] * need[k]


@compiled
def account(
    rows: Workloads, active: Active, region: Ints, menu: Menu, product: Ints, first: Floats, unmet: Floats,
    fresh_asked: Floats, flow: Floats,
) -> None:  # fmt: skip
    """Add up first choices and refusals of the workloads that chose.

    Args:
        rows: workloads before signing.
        active: who chose what and where it ended.
        region: (B,) customer region of each base cell.
        menu: pairs on offer.
        product: (K,) product of each pair.
        first: (R, J) filled with hours by first choice.
        unmet: (R, J) filled with fresh hours lost or newly waiting.
        fresh_asked: (R,) filled with fresh hours asked of providers.
        flow: (R, 5) filled with volumes asked, served, outside, waiting, lost.
    """
    pairs = product.size
    wanted, fresh, refused = np.zeros(pairs + 1), np.zeros(pairs + 1), np.zeros(pairs + 1)
    asked, ends = np.zeros(region.size), np.zeros((region.size, ENDINGS))
    for x in range(active.row.size):  # the last elements take what is none of it: no branches
        n, k, end = active.row[x], active.first[x], active.served[x]
        volume, state = rows.volume[n], outcome(end)
        asked[rows.cell[n]] += volume
        ends[rows.cell[n], OUTSIDE_END if end == OUTSIDE else state] += volume
        wanted[k if k >= 0 else pairs] += volume
        new = (k >= 0) & (active.fresh[x] == 1)
        fresh[k if new else pairs] += volume
        refused[k if new & (state != SERVED) else pairs] += volume
    first[:] = 0.0
    unmet[:] = 0.0
    fresh_asked[:] = 0.0
    flow[:] = 0.0
    for b in range(region.size):
        r = region[b]
        flow[r, 0] += asked[b]
        for column, end in enumerate((SERVED, OUTSIDE_END, WAITING, LOST)):
            flow[r, 1 + column] += ends[b, end]
        for k in range(menu.start[b * NESTS], menu.start[(b + 1) * NESTS]):
            first[r, product[k]] += wanted[k] * menu.need[k]
            unmet[r, product[k]] += refused[k] * menu.need[k]
            fresh_asked[r] += fresh[k] * menu.need[k]
