"""Who is served, where: first choices at posted prices, rationing of full pools, re-routing, signing.

A pool has two lanes, training and inference, that share its cards by comparative advantage. Demand that finds
its lane full goes down its own ranking of products with room; what finds none waits or is lost. The outside
option is not among the alternatives of re-routing (arrivals there would count as unmet).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.economics.choice import NONE, Choosers, Menu, Words, choose, choose_again, willingness
from sim.economics.frontier import inference_left, training_left
from sim.economics.workloads import (
    DATED,
    LOST,
    NEW,
    ON_DEMAND,
    ONE_YEAR,
    OUTSIDE,
    SERVED,
    THREE_YEAR,
    UNSET,
    WAITING,
    Customers,
    Workloads,
    contract_ends,
    escalated,
    row_key,
    settled,
)
from sim.randomness import fold, uniform

Flags = NDArray[np.int8]

LOTTERY, RESERVATIONS, BIDS = 0, 1, 2
_ZERO = np.uint64(0)


class Seasons(NamedTuple):
    """Keys of (seed, decision, quarter) for the decisions of this phase."""

    choice: np.uint64
    term: np.uint64
    priority: np.uint64
    waiting: np.uint64


class Terms(NamedTuple):
    """How customers contract and switch."""

    gift: Floats
    """(2 services, 2 fresh) exp(-kappa): factor on the incumbent's inverse weights."""
    outside_boost: Floats
    """(2 fresh) (1-rho) kappa of a customer whose incumbent is the outside option."""
    one_year: float
    three_year: float
    maas_reserved: float
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


@compiled
def decide(
    rows: Workloads, customers: Customers, forced: NDArray[np.int32], free: Flags, menu: Menu, service: Ints,
    terms: Terms, season: np.uint64, slots: int,
) -> Active:  # fmt: skip
    """Let every workload that is free choose at posted prices.

    Args:
        rows: workloads.
        customers: traits.
        forced: (rows,) pair that a dated contract prescribes for a new workload, else UNSET.
        free: (rows,) 1 where no contract binds, see ``contracted``.
        menu: pairs on offer.
        service: (K,) service of each pair.
        terms: how customers switch.
        season: key of (seed, choice, quarter).
        slots: workloads per customer.
    """
    row, first, key = np.empty(free.size, np.int64), np.empty(free.size, np.int64), np.empty(free.size, np.uint64)
    fresh = np.empty(free.size, np.int8)
    start = np.zeros(menu.outside.size + 1, np.int64)
    count = 0
    for i in range(customers.key.size):
        mine = fold(season, customers.key[i])
        for slot in range(slots):
            n = i * slots + slot
            if free[n] == 0 or rows.volume[n] <= 0.0:
                continue
            row[count] = n
            fresh[count] = 0 if rows.status[n] == WAITING else 1
            first[count] = settled(rows, forced, n)
            if first[count] == UNSET:
                key[count] = fold(mine, np.uint64(slot))
                start[rows.cell[n] + 1] += 1
            count += 1
    _choose(rows, menu, service, terms, row[:count], key, start, first)
    return Active(row[:count].copy(), first[:count].copy(), fresh[:count].copy(), first[:count].copy(), np.ones(count))


@inlined
def _choose(
    rows: Workloads, menu: Menu, service: Ints, terms: Terms, row: Ints, key: Words, start: Ints, first: Ints
) -> None:
    """Fill ``first`` where it is UNSET; ``start`` comes with counts by base cell, one place late."""
    for b in range(start.size - 1):
        start[b + 1] += start[b]
    size, place = start[-1], start.copy()
    who = Choosers(start, np.empty(size, np.uint64), np.empty(size, np.int64), np.empty(size), np.empty(size))
    position = np.empty(size, np.int64)
    for x in range(row.size):
        if first[x] == UNSET:
            n = row[x]
            at = place[rows.cell[n]]
            place[rows.cell[n]] += 1
            position[at], who.key[at] = x, key[x]
            who.incumbent[at], who.gift[at], who.boost[at] = _tie(rows, menu, service, terms, n)
    chosen = choose(menu, who)
    for at in range(size):
        first[position[at]] = chosen[at] if chosen[at] != NONE else OUTSIDE


@inlined
def _tie(rows: Workloads, menu: Menu, service: Ints, terms: Terms, n: int) -> tuple[int, float, float]:
    """Return (incumbent provider or NONE, gift, outside boost) of row n; backlog is served by nobody yet."""
    if rows.status[n] == WAITING:
        return NONE, 1.0, 0.0
    pair, fresh = rows.pair[n], 1 if rows.status[n] == NEW else 0
    if pair >= 0:
        return menu.provider[pair], terms.gift[service[pair], fresh], 0.0
    if pair == OUTSIDE:
        return NONE, 1.0, terms.outside_boost[fresh]
    return NONE, 1.0, 0.0


@inlined
def lane_room(kinds: Floats, load: Floats, pool: int, room: Floats) -> None:
    """Set the room of both lanes of a pool from its load of training and inference hours."""
    room[2 * pool] = max(training_left(kinds[pool], load[2 * pool + 1]) - load[2 * pool], 0.0)
    room[2 * pool + 1] = max(inference_left(kinds[pool], load[2 * pool]) - load[2 * pool + 1], 0.0)


@inlined
def drawn_term(terms: Terms, service: int, u: float) -> int:
    """Return the term of a new contract from a uniform draw."""
    if service == 1:
        return ONE_YEAR if u < terms.maas_reserved else ON_DEMAND
    if u < terms.one_year:
        return ONE_YEAR
    return THREE_YEAR if u < terms.one_year + terms.three_year else ON_DEMAND


@compiled
def _priorities(
    rows: Workloads, customers: Customers, active: Active, full: NDArray[np.bool_], menu: Menu, service: Ints,
    terms: Terms, seasons: Seasons, slots: int, rule: int, elasticity: Floats,
    forced: NDArray[np.int32],
) -> tuple[Ints, Floats]:  # fmt: skip
    """Return active positions whose first choice is a full lane, first come first, and their bids."""
    chosen = np.empty(active.row.size, np.int64)
    rank = np.empty(active.row.size)
    bid = np.ones(active.row.size)
    count = 0
    for x in range(active.row.size):
        pair = active.first[x]
        if pair < 0 or not full[menu.lane[pair] // 2]:
            continue
        n = active.row[x]
        i, slot = n // slots, n % slots
        u = uniform(row_key(seasons.priority, customers.key[i], slot), _ZERO)
        value = u
        if rule == RESERVATIONS:
            value = u - drawn_term(terms, service[pair], uniform(row_key(seasons.term, customers.key[i], slot), _ZERO))
        elif rule == BIDS and active.fresh[x] == 1:
            incumbent, gift, boost = _tie(rows, menu, service, terms, n)
            key = row_key(seasons.choice, customers.key[i], slot)
            gain = willingness(menu, rows.cell[n], incumbent, gift, boost, key, pair) / elasticity[rows.cell[n]]
            bid[x] = math.exp(min(max(gain, 0.0), math.log(terms.bid_ceiling)))
            value = -bid[x] + 1e-9 * u
        if active.fresh[x] == 0 or (rows.status[n] == NEW and forced[n] >= 0):
            value -= 1e6
        chosen[count], rank[count] = x, value
        count += 1
    return chosen[:count][np.argsort(rank[:count], kind="mergesort")], bid


@inlined
def _seat(active: Active, x: int, pair: int, rows: Workloads, menu: Menu, kinds: Floats, load: Floats) -> bool:
    """Serve a workload by a pair if its lane has room, and say whether it did."""
    lane = menu.lane[pair]
    pool = lane // 2
    hours = rows.volume[active.row[x]] * menu.need[pair]
    other = load[2 * pool + 1 - lane % 2]
    room = (inference_left(kinds[pool], other) if lane % 2 else training_left(kinds[pool], other)) - load[lane]
    if hours > max(room, 0.0) * (1.0 + 1e-12):
        return False
    load[lane] += hours
    active.served[x] = pair
    return True


@compiled
def allocate(
    rows: Workloads, customers: Customers, active: Active, menu: Menu, service: Ints, terms: Terms,
    seasons: Seasons, kinds: Floats, load: Floats, slots: int, rule: int, elasticity: Floats,
    forced: NDArray[np.int32],
) -> None:  # fmt: skip
    """Ration full pools and re-route; changes ``active.served``, ``active.premium`` and ``load`` (2 L,) in place.

    ``load`` comes with contracts and own use, and leaves with everything that is served.
    """
    pools = kinds.shape[0]
    asked = load.copy()
    for x in range(active.row.size):
        if active.first[x] >= 0:
            asked[menu.lane[active.first[x]]] += rows.volume[active.row[x]] * menu.need[active.first[x]]
    full = np.empty(pools, np.bool_)
    room = np.empty(2 * pools)
    for pool in range(pools):
        training, inference = asked[2 * pool], asked[2 * pool + 1]
        full[pool] = inference > inference_left(kinds[pool], training) * (1.0 + 1e-12)
        if not full[pool]:
            load[2 * pool], load[2 * pool + 1] = training, inference
    queue, bid = _priorities(
        rows, customers, active, full, menu, service, terms, seasons, slots, rule, elasticity, forced
    )
    refused = _serve_queue(rows, active, menu, kinds, load, queue, bid, rule)
    for pool in range(pools):
        lane_room(kinds, load, pool, room)
    for x in refused:
        _reroute(rows, customers, active, menu, service, terms, seasons, kinds, load, room, slots, x)


@compiled
def _serve_queue(
    rows: Workloads, active: Active, menu: Menu, kinds: Floats, load: Floats, queue: Ints, bid: Floats, rule: int
) -> Ints:  # fmt: skip
    """Seat the queue of full pools; return those refused. Under BIDS the highest refused bid sets the premium."""
    refused = np.empty(queue.size, np.int64)
    count = 0
    highest = np.ones(kinds.shape[0])
    for x in queue:
        if not _seat(active, x, active.first[x], rows, menu, kinds, load):
            refused[count] = x
            count += 1
            pool = menu.lane[active.first[x]] // 2
            highest[pool] = max(highest[pool], bid[x])
    if rule == BIDS:
        for x in queue:
            pool = menu.lane[active.first[x]] // 2
            active.premium[x] = min(highest[pool], bid[x])
    return refused[:count]


@inlined
def _reroute(
    rows: Workloads, customers: Customers, active: Active, menu: Menu, service: Ints, terms: Terms,
    seasons: Seasons, kinds: Floats, load: Floats, room: Floats, slots: int, x: int,
) -> None:  # fmt: skip
    """Send a refused workload down its own ranking of products with room; else it waits or is lost."""
    n = active.row[x]
    i, slot = n // slots, n % slots
    active.premium[x] = 1.0
    incumbent, gift, _ = _tie(rows, menu, service, terms, n)
    key = row_key(seasons.choice, customers.key[i], slot)
    other = choose_again(menu, rows.cell[n], incumbent, gift, key, room, rows.volume[n])
    if other != NONE and _seat(active, x, other, rows, menu, kinds, load):
        lane_room(kinds, load, menu.lane[other] // 2, room)
        return
    if active.fresh[x] == 0:
        waits = rows.waited[n] < terms.waiting_quarters
    else:
        u = uniform(row_key(seasons.waiting, customers.key[i], slot), _ZERO)
        waits = terms.waiting_quarters > 0 and u < terms.waiting_share
    active.served[x] = NONE - 1 - (WAITING if waits else LOST)


@inlined
def outcome(served: int) -> int:
    """Return SERVED, WAITING or LOST of an entry of ``Active.served``."""
    return SERVED if served >= OUTSIDE else NONE - 1 - served


@compiled
def sign(
    rows: Workloads, customers: Customers, forced: NDArray[np.int32], dates: NDArray[np.int16], active: Active,
    service: Ints, product: Ints, posted: Floats, intensity: Floats, terms: Terms, seasons: Seasons,
    slots: int,
) -> None:  # fmt: skip
    """Write the outcome of the quarter into the rows: supplier, contract price, term, tasks.

    Args:
        rows: changed in place.
        customers: traits.
        forced: pair prescribed by a dated contract, else UNSET.
        dates: (rows,) last quarter of that contract.
        active: outcome of the allocation.
        service: (K,) service of each pair.
        product: (K,) product of each pair.
        posted: (J,) posted prices.
        intensity: (K,) usage per unit of volume at the posted price.
        terms: how customers contract.
        seasons: keys of the quarter.
        slots: workloads per customer.
    """
    for x in range(active.row.size):
        n, pair = active.row[x], active.served[x]
        state = outcome(pair)
        if state != SERVED:
            rows.waited[n] = rows.waited[n] + 1 if state == WAITING else 0
            rows.pair[n] = active.first[x] if state == WAITING else UNSET
            rows.status[n], rows.tasks[n] = state, 0.0
            continue
        u = uniform(row_key(seasons.term, customers.key[n // slots], n % slots), _ZERO)
        renewed = rows.status[n] == SERVED and rows.pair[n] == pair
        dated = rows.status[n] == NEW and forced[n] >= 0
        rows.term[n] = DATED if dated else drawn_term(terms, service[pair] if pair >= 0 else 0, u)
        rows.until[n] = dates[n] if dated else -1
        if pair >= 0:
            price = posted[product[pair]]
            rows.price[n] = escalated(rows.price[n], price, terms.escalation) if renewed else price * active.premium[x]
            rows.tasks[n] = rows.volume[n] * intensity[pair]
        else:
            rows.price[n] = 0.0
            rows.tasks[n] = rows.volume[n]
        rows.pair[n], rows.status[n], rows.waited[n] = pair, SERVED, 0


@compiled
def settle(
    rows: Workloads, region: Ints, menu: Menu, product: Ints, unit: Floats, hours: Floats, fraction: Floats,
    taken: Floats, paid: Floats, waiting: Floats, outside: Floats,
) -> None:  # fmt: skip
    """Add up what customers of each region used and paid.

    Args:
        rows: workloads after signing.
        region: (B,) customer region of each base cell.
        menu: pairs on offer.
        product: (K,) product of each pair.
        unit: (K,) units of product per task.
        hours: (K,) hours of the lane per task.
        fraction: (L,) share of contracted service that the pool can give.
        taken: (R, J) filled with hours served.
        paid: (R, J) filled with payments, USD.
        waiting: (R, J) filled with hours waiting, by first choice.
        outside: (R,) filled with tasks on premises.
    """
    taken[:] = 0.0
    paid[:] = 0.0
    waiting[:] = 0.0
    outside[:] = 0.0
    for n in range(rows.volume.size):
        r, k = region[rows.cell[n]], rows.pair[n]
        if rows.status[n] == SERVED:
            if k == OUTSIDE:
                outside[r] += rows.volume[n]
                continue
            j = product[k]
            served = rows.tasks[n] * fraction[menu.lane[k] // 2]
            taken[r, j] += served * hours[k]
            paid[r, j] += served * unit[k] * rows.price[n]
        elif rows.status[n] == WAITING:
            waiting[r, product[k]] += rows.volume[n] * menu.need[k]


@compiled
def contracted(
    rows: Workloads, menu: Menu, hours: Floats, quarter: int, customers: Customers, expiry: np.uint64, slots: int,
    load: Floats, free: Flags,
) -> None:  # fmt: skip
    """Draw which contracts end; fill (2 L,) ``load`` with the hours of those that run on, and (rows,) ``free``."""
    load[:] = 0.0
    for i in range(customers.key.size):
        mine = fold(expiry, customers.key[i])
        for slot in range(slots):
            n = i * slots + slot
            runs = rows.status[n] == SERVED and not contract_ends(rows, n, fold(mine, np.uint64(slot)), quarter)
            free[n] = 0 if runs else 1
            if runs and rows.pair[n] >= 0:
                load[menu.lane[rows.pair[n]]] += rows.tasks[n] * hours[rows.pair[n]]


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
    first[:] = 0.0
    unmet[:] = 0.0
    fresh_asked[:] = 0.0
    flow[:] = 0.0
    for x in range(active.row.size):
        n, k = active.row[x], active.first[x]
        r, end = region[rows.cell[n]], active.served[x]
        state = outcome(end)
        flow[r, 0] += rows.volume[n]
        flow[r, (2 if end == OUTSIDE else 1) if state == SERVED else 1 + state] += rows.volume[n]
        if k == OUTSIDE:
            continue
        hours = rows.volume[n] * menu.need[k]
        j = product[k]
        first[r, j] += hours
        if active.fresh[x] == 1:
            fresh_asked[r] += hours
            if state != SERVED:
                unmet[r, j] += hours
