"""Who is served where pools are full: rationing by a named rule, and re-routing of those that are refused.

A pool has two lanes, training and inference, that share its cards by comparative advantage. Demand that finds
its lane full goes down its own ranking of products with room; what finds none waits or is lost. The outside
option is not among the alternatives of re-routing (arrivals there would count as unmet).
"""

import math

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.choice import MOST_PAIRS, NONE, Menu, choose_again, choose_with_room, willingness
from sim.economics.frontier import inference_left, lane_left
from sim.economics.ordering import ascending
from sim.economics.service import CHUNK, Active, Seasons, Terms, drawn_term, seated, tie
from sim.economics.workloads import LOST, WAITING, Workloads, draw, prescribed
from sim.randomness import fold

LOTTERY, RESERVATIONS, BIDS = 0, 1, 2


@compiled
def _priorities(
    rows: Workloads, active: Active, full: Bools, menu: Menu, service: Ints, terms: Terms, seasons: Seasons,
    rule: int, elasticity: Floats,
) -> tuple[Ints, Ints, Floats]:  # fmt: skip
    """Return active positions whose first choice is a full lane, their order, first come first, and bids of all.

    Where nobody bids there are none, as filling them takes a while.
    """
    queue, count = np.empty(active.row.size, np.int64), 0
    bid = np.ones(active.row.size if rule == BIDS else 0)
    for x in range(active.row.size):
        pair = active.first[x]
        queue[count] = x
        count += (pair >= 0) & full[menu.lane[max(pair, 0)] // 2]
    rank = np.empty(count)
    for position in range(count):
        x = queue[position]
        n, pair = active.row[x], active.first[x]
        u = draw(rows, n, seasons.priority)
        value = u
        if rule == RESERVATIONS:
            value = u - drawn_term(terms, rows.cell[n], service[pair], draw(rows, n, seasons.term))
        elif rule == BIDS and active.fresh[x] == 1:
            incumbent, gift, boost = tie(rows, menu, service, terms, n)
            key = fold(seasons.choice, rows.key[n])
            gain = willingness(menu, rows.cell[n], incumbent, gift, boost, key, pair) / elasticity[rows.cell[n]]
            bid[x] = math.exp(min(max(gain, 0.0), math.log(terms.bid_ceiling)))
            value = -bid[x] + 1e-9 * u
        if active.fresh[x] == 0 or prescribed(rows, n):
            value -= 1e6
        rank[position] = value
    return queue[:count], ascending(rank), bid


@compiled
def allocate(
    rows: Workloads, active: Active, menu: Menu, service: Ints, terms: Terms, seasons: Seasons, kinds: Floats,
    load: Floats, rule: int, elasticity: Floats,
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
    for pool in range(pools):
        training, inference = asked[2 * pool], asked[2 * pool + 1]
        full[pool] = inference > inference_left(kinds[pool], training) * (1.0 + 1e-12)
        if not full[pool]:
            load[2 * pool], load[2 * pool + 1] = training, inference
    left = np.empty(2 * pools)
    queue, order, bid = _priorities(rows, active, full, menu, service, terms, seasons, rule, elasticity)
    refused = _serve_queue(rows, active, menu, kinds, load, left, queue, order, bid, rule)
    _reroute(rows, active, menu, service, terms, seasons, kinds, load, left, queue, refused)


@inlined
def _in_turn(rows: Workloads, active: Active, menu: Menu, queue: Ints, order: Ints) -> tuple[Ints, Floats]:
    """Return the lanes of a queue and the hours it asks for, first come first (m,).

    Looked up in the order of rows and then put in turn, which is kinder to the memory than looking up in turn.
    """
    lane, hours = np.empty(queue.size, np.int64), np.empty(queue.size)
    for place in range(queue.size):
        pair = active.first[queue[place]]
        lane[place], hours[place] = menu.lane[pair], rows.volume[active.row[queue[place]]] * menu.need[pair]
    return lane[order], hours[order]


@compiled
def _serve_queue(
    rows: Workloads, active: Active, menu: Menu, kinds: Floats, load: Floats, left: Floats, queue: Ints, order: Ints,
    bid: Floats, rule: int,
) -> Ints:  # fmt: skip
    """Seat the queue of full pools; return the places in it of those refused, first come first.

    Under BIDS the highest refused bid sets the premium of those served.

    Fills ``left`` (2 L,), the hours that are left in every lane: worked out when asked for, if the other lane of the
    pool has been loaded since.
    """
    refused, count, highest = np.empty(queue.size, np.int64), 0, np.ones(kinds.shape[0])
    stale = np.ones(left.size, np.bool_)
    lane, hours = _in_turn(rows, active, menu, queue, order)
    for place in range(queue.size):
        seat, needed = lane[place], hours[place]
        if stale[seat]:
            left[seat], stale[seat] = lane_left(kinds, load, seat), False
        if needed <= left[seat] * (1.0 + 1e-12):
            load[seat] += needed
            left[seat], stale[seat ^ 1] = max(left[seat] - needed, 0.0), True
        else:
            refused[count] = order[place]
            count += 1
            if rule == BIDS:
                highest[seat // 2] = max(highest[seat // 2], bid[queue[order[place]]])
    for seat in range(left.size):
        if stale[seat]:
            left[seat] = lane_left(kinds, load, seat)
    if rule == BIDS:
        for x in queue:
            pool = menu.lane[active.first[x]] // 2
            active.premium[x] = min(highest[pool], bid[x])
        active.premium[queue[refused[:count]]] = 1.0
    return refused[:count]


@compiled
def _candidates(
    rows: Workloads, active: Active, menu: Menu, service: Ints, terms: Terms, seasons: Seasons, queue: Ints,
    refused: Ints, room: Floats,
) -> tuple[Ints, Floats]:  # fmt: skip
    """Return the best pair with room of those refused before any of them moves, and volumes, by place in the queue.

    As room only shrinks, it is still the best at their turn if it has room then. ``room`` (2 L,) are hours by lane.
    """
    best, volume, elsewhere = np.full(queue.size, NONE), np.empty(queue.size), np.zeros(queue.size, np.bool_)
    elsewhere[refused] = True
    places = np.flatnonzero(elsewhere)  # in the order of rows: looked up so, memory is not waited for
    looking = np.ones(min(CHUNK, places.size), np.bool_)
    for begin in range(0, places.size, CHUNK):
        part = places[begin : begin + CHUNK]
        row = active.row[queue[part]]
        volume[part] = rows.volume[row]
        who, position = seated(rows, row, looking, menu, service, terms, seasons.choice)
        who.boost[:] = -math.inf
        asked = np.zeros(position.size)
        for seat in range(position.size):
            asked[seat] = volume[part[position[seat]]] if position[seat] < part.size else 0.0
        chosen = choose_with_room(menu, who, asked, room)
        for seat in range(position.size):
            if position[seat] < part.size:
                best[part[position[seat]]] = chosen[seat]
    return best, volume


@inlined
def _elsewhere(
    rows: Workloads, n: int, menu: Menu, service: Ints, terms: Terms, season: np.uint64, room: Floats, volume: float,
    bounds: Floats,
) -> int:  # fmt: skip
    """Return the best pair with room for row n and its ``volume``, or NONE."""
    incumbent, gift, _ = tie(rows, menu, service, terms, n)
    key = fold(season, rows.key[n])
    return choose_again(menu, rows.cell[n], incumbent, gift, key, room, volume, bounds)


@compiled
def _reroute(
    rows: Workloads, active: Active, menu: Menu, service: Ints, terms: Terms, seasons: Seasons, kinds: Floats,
    load: Floats, left: Floats, queue: Ints, refused: Ints,
) -> None:  # fmt: skip
    """Send refused workloads down their own rankings of products with room; who finds none waits or is lost.

    ``refused`` are places in the queue in the order in which they ask; ``left`` (2 L,) are the hours left in every
    lane; changed.
    """
    best, volumes = _candidates(rows, active, menu, service, terms, seasons, queue, refused, left)
    bounds = np.empty(MOST_PAIRS)
    for place in refused:
        x, volume, other = queue[place], volumes[place], best[place]
        if other == NONE or left[menu.lane[other]] < volume * menu.need[other]:
            n = active.row[x]
            other = _elsewhere(rows, n, menu, service, terms, seasons.choice, left, volume, bounds)
        if other == NONE:
            waits = _waits(rows, active.row[x], active.fresh[x], terms, seasons)
            active.served[x] = NONE - 1 - (WAITING if waits else LOST)
        else:
            lane, needed = menu.lane[other], volume * menu.need[other]
            load[lane] += needed
            left[lane], left[lane ^ 1] = max(left[lane] - needed, 0.0), lane_left(kinds, load, lane ^ 1)
            active.served[x] = other


@inlined
def _waits(rows: Workloads, n: int, fresh: int, terms: Terms, seasons: Seasons) -> bool:
    """Return whether row n, which found nobody, waits: backlog for as long as any does, of new demand a share."""
    patient = (terms.waiting_quarters > 0) & (draw(rows, n, seasons.waiting) < terms.waiting_share)
    waits: bool = rows.waited[n] < terms.waiting_quarters if fresh == 0 else patient
    return waits
