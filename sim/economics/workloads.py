"""Workload rows: what customers run, where, at which contract price; and the sums firms price against.

A customer holds a fixed number of workloads. Growth arrives as a new workload; to make room for it the two smallest
become one, under the contract of the one or the other with probabilities in proportion to their volumes. So the
expected tasks, hours and bills of every supplier are left as they were, and how many workloads a customer holds
decides how lumpy demand is, not how much of it is new. Workloads whose contract ends choose again; the others stay and
pay their contract price.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.economics.positions import at
from sim.randomness import Words, fold, uniform, unit

NEW, SERVED, WAITING, LOST = 0, 1, 2, 3
ON_DEMAND, ONE_YEAR, THREE_YEAR, DATED = 0, 1, 2, 3
EXPIRY = np.array([1.0, 0.25, 1.0 / 12.0, 0.0])
"""Probability per quarter that a contract of each term ends; dated contracts end on their date."""

OUTSIDE = -1
UNSET = -2

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)


class Workloads(NamedTuple):
    """State of all workloads, (n * slots,): the rows of customer i are ``i*slots`` to ``(i+1)*slots - 1``."""

    key: Words
    """Key of the row: that of its customer, narrowed by its place among the customer's rows. Never changes."""
    volume: Floats
    """Potential tasks per quarter, at the reference price."""
    tasks: Floats
    """Tasks per quarter under the contract: volume times the usage intensity at signing."""
    price: Floats
    """Contract price, USD per unit of product."""
    cell: NDArray[np.int32]
    """Base cell."""
    pair: NDArray[np.int32]
    """(cell, product) pair of the supplier, of the last one while a choice is made, of the one waited for or prescribed
    by a dated contract; OUTSIDE on premises, UNSET without any: a workload that nobody serves has nothing to leave."""
    status: NDArray[np.int8]
    """NEW, SERVED, WAITING or LOST."""
    term: NDArray[np.int8]
    """ON_DEMAND, ONE_YEAR, THREE_YEAR or DATED; of a new workload DATED where a contract prescribes its supplier."""
    until: NDArray[np.int16]
    """Last quarter of a dated contract."""
    waited: NDArray[np.int8]
    """Quarters spent waiting."""


class Customers(NamedTuple):
    """Fixed traits of customers, (n,)."""

    key: Words
    region: NDArray[np.int16]
    taste: NDArray[np.int16]
    bound_training: NDArray[np.int8]
    """1 where training data may not leave the region."""
    bound_inference: NDArray[np.int8]
    share: Floats
    """Share of the region's demand; for labs 1, as their potential is their own."""


class DatedContracts(NamedTuple):
    """Contracts by which labs tie new workloads to a supplier for some time; C contracts, sorted by lab."""

    start: Ints
    """(labs + 1,) first contract of each lab."""
    share: Floats
    """(C,) share of new workloads."""
    since: Ints
    """(C,) first quarter."""
    until: Ints
    """(C,) last quarter."""
    pair: Ints
    """(C, B) pair it prescribes to each base cell, UNSET where none."""


@compiled
def keys_of_rows(customers: Words, slots: int) -> Words:
    """Return the key of every workload row (n * slots,) from the keys of customers (n,)."""
    keys = np.empty(customers.size * slots, np.uint64)
    for i in range(customers.size):
        for slot in range(slots):
            keys[i * slots + slot] = fold(customers[i], np.uint64(slot))
    return keys


@inlined
def draw(rows: Workloads, n: int, season: np.uint64) -> float:
    """Return the uniform of row n for one decision in one quarter."""
    return unit(fold(season, rows.key[n]))


@compiled
def wanted(
    customers: Customers, potential: Floats, training: Floats, lab: Ints, lab_potential: Floats, lab_training: Floats
) -> tuple[Floats, Floats]:
    """Return potential tasks of every customer, and the probability that a new workload of it is training (n,).

    Args:
        customers: traits; labs' customers come last.
        potential: (R,) tasks of enterprises.
        training: (R,) share of training among their new workloads.
        lab: (m,) lab of each of the last m customers.
        lab_potential: (labs,) tasks.
        lab_training: (labs,) share of training among their workloads.
    """
    size = customers.share.size
    tasks, probability = np.empty(size), np.empty(size)
    first = size - lab.size
    for i in range(first):
        tasks[i] = potential[customers.region[i]] * customers.share[i]
        probability[i] = training[customers.region[i]]
    for i in range(first, size):
        tasks[i] = lab_potential[lab[i - first]] * customers.share[i]
        probability[i] = lab_training[lab[i - first]]
    return tasks, probability


@compiled
def grow(
    rows: Workloads, customers: Customers, potential: Floats, training: Floats, slots: int, tastes: int,
    season: np.uint64,
) -> None:  # fmt: skip
    """Start a new workload with all growth of its customer, so that volumes add up to its potential.

    A new workload is tied to the supplier of one of the customer's workloads, drawn in proportion to their volumes.
    Where potential falls, all workloads shrink alike.

    Args:
        rows: changed in place.
        customers: traits.
        potential: (n,) tasks per quarter each customer wants at the reference price.
        training: (n,) probability that a new workload is training.
        slots: workloads per customer, at least two.
        tastes: number of taste types, for the numbering of base cells.
        season: key of (seed, workload decision, quarter).
    """
    for i in range(potential.size):
        first, last = i * slots, (i + 1) * slots
        held = 0.0
        for n in range(first, last):
            held += rows.volume[n]
        if potential[i] <= held:
            _scale(rows, first, last, potential[i] / held if held > 0.0 else 0.0)
            continue
        key = fold(season, customers.key[i])
        n = _merge(rows, first, last, uniform(key, _ONE))
        tie = _supplier(rows, first, last, held * uniform(key, _TWO))
        inference = int(uniform(key, _ZERO) >= training[i])
        bound = customers.bound_training[i]  # looked up whether or not it is needed: no branches
        bound += inference * (customers.bound_inference[i] - bound)
        rows.cell[n] = ((customers.region[i] * tastes + customers.taste[i]) * 2 + inference) * 2 + bound
        rows.volume[n], rows.tasks[n] = potential[i] - held, 0.0
        rows.pair[n], rows.status[n], rows.term[n], rows.waited[n] = tie, NEW, ON_DEMAND, 0


@inlined
def _scale(rows: Workloads, first: int, last: int, factor: float) -> None:
    for n in range(first, last):
        rows.volume[n] *= factor
        rows.tasks[n] *= factor


@inlined
def _merge(rows: Workloads, first: int, last: int, u: float) -> int:
    """Merge the two smallest workloads of a customer, and return the row that gets free."""
    least, second = first, first
    low, next_low = rows.volume[first], math.inf
    for n in range(first + 1, last):
        v = rows.volume[n]
        lower, between = v < low, v < next_low
        second = least if lower else (n if between else second)
        least = n if lower else least
        next_low, low = min(next_low, max(low, v)), min(low, v)
    both = low + next_low
    kept, gone = (least, second) if u * both < low else (second, least)
    if rows.volume[kept] > 0.0:
        rows.tasks[kept] *= both / rows.volume[kept]
        rows.volume[kept] = both
    rows.volume[gone] = 0.0
    return gone


@inlined
def _supplier(rows: Workloads, first: int, last: int, mark: float) -> int:
    """Return the pair of the workload in which ``mark`` falls, volumes end to end; UNSET where nobody serves it."""
    passed, found = 0.0, first
    for n in range(first, last):
        passed += rows.volume[n]
        found += mark >= passed
    row = at(min(found, last - 1))
    pair, served = int(rows.pair[row]), (found < last) & (rows.status[row] == SERVED)
    return pair if served else UNSET


@compiled
def bind(
    rows: Workloads, contracts: DatedContracts, lab: Ints, slots: int, quarter: int, season: np.uint64
) -> None:  # fmt: skip
    """Tie new workloads of labs to the suppliers that their contracts in force prescribe.

    Args:
        rows: changed in place; labs' customers come last.
        contracts: dated contracts.
        lab: (m,) lab of each of the last m customers.
        slots: workloads per customer.
        quarter: position of the quarter.
        season: key of (seed, lab contract, quarter).
    """
    first = rows.volume.size - lab.size * slots
    for n in range(first, rows.volume.size):
        if rows.status[n] != NEW:
            continue
        of, u = lab[(n - first) // slots], draw(rows, n, season)
        for c in range(contracts.start[of], contracts.start[of + 1]):
            u -= contracts.share[c] if contracts.since[c] <= quarter <= contracts.until[c] else 0.0
            if u < 0.0:
                pair = contracts.pair[c, rows.cell[n]]
                if pair != UNSET:
                    rows.pair[n], rows.term[n], rows.until[n] = pair, DATED, contracts.until[c]
                break


@compiled
def start(
    rows: Workloads, customers: Customers, potential: Floats, training: Floats, lab: Ints, lab_potential: Floats,
    lab_training: Floats, contracts: DatedContracts, slots: int, tastes: int, quarter: int, parts: Words,
    season: np.uint64,
) -> Floats:  # fmt: skip
    """Start new workloads with all growth of customers, and tie those of labs; return potential tasks (n,).

    Args:
        rows: changed in place.
        customers: traits, and ``potential`` to ``lab_training`` as for ``wanted``.
        potential: (R,)
        training: (R,)
        lab: (m,)
        lab_potential: (labs,)
        lab_training: (labs,)
        contracts: dated contracts.
        slots: workloads per customer, at least two.
        tastes: number of taste types.
        quarter: position of the quarter.
        parts: keys of (seed, workload decision, quarter) of the equal parts in which customers come to what they want.
        season: key of (seed, lab contract, quarter).
    """
    tasks, probability = wanted(customers, potential, training, lab, lab_potential, lab_training)
    for n in range(parts.size):
        grow(rows, customers, tasks * ((n + 1) / parts.size), probability, slots, tastes, parts[n])
    bind(rows, contracts, lab, slots, quarter, season)
    return tasks


@compiled
def lapse(rows: Workloads, kept: Floats, season: np.uint64) -> None:
    """End contracts by law, but for the part ``kept`` (K,) of every pair: what is left of their term is on demand.

    Args:
        rows: changed in place.
        kept: (K,) probability that a contract of a pair goes on.
        season: key of (seed, lapse, quarter).
    """
    for n in range(rows.volume.size):
        part = kept[rows.pair[n]] if rows.status[n] == SERVED and rows.pair[n] >= 0 else 1.0
        if part < 1.0 and draw(rows, n, season) >= part:
            rows.term[n] = ON_DEMAND


@inlined
def contract_ends(rows: Workloads, n: int, expiry: np.uint64, quarter: int) -> bool:
    """Return whether the contract of row n ends now; ``expiry`` is the key of (seed, expiry, quarter)."""
    past = (rows.term[n] == DATED) & (rows.until[n] < quarter)
    return bool(past | (draw(rows, n, expiry) < EXPIRY[rows.term[n]]))


@inlined
def ending_probability(rows: Workloads, n: int, quarter: int) -> float:
    """Return the probability that row n chooses anew this quarter, before any draw."""
    if rows.status[n] != SERVED:
        return 1.0
    if rows.term[n] == DATED:
        return 1.0 if rows.until[n] < quarter else 0.0
    return float(EXPIRY[rows.term[n]])


@inlined
def prescribed(rows: Workloads, n: int) -> bool:
    """Return whether row n is a new workload whose supplier a dated contract prescribes."""
    return bool((rows.status[n] == NEW) & (rows.term[n] == DATED))


@inlined
def in_force(rows: Workloads, n: int, quarter: int) -> bool:
    """Return whether row n is served under a dated contract: its use and its price are those of the day."""
    served = (rows.status[n] == SERVED) & (rows.pair[n] >= 0)
    return bool(served & (rows.term[n] == DATED) & (rows.until[n] >= quarter))


@inlined
def settled(rows: Workloads, n: int) -> int:
    """Return the pair that a workload waits for or that a dated contract prescribes; UNSET where it looks around."""
    return int(rows.pair[n]) if (rows.status[n] == WAITING) | prescribed(rows, n) else UNSET


CAPPED, NEWCOMER, FREE = 0, 1, 2
STANDINGS = 3
"""Standing of a workload towards its incumbent: renews at a price its contract caps; new; free of any cap."""


@inlined
def class_of(incumbent: int, service: int, standing: int) -> int:
    """Return the class of a workload: incumbent -1 where there is none, the number of providers for the outside."""
    return ((incumbent + 1) * 2 + service) * STANDINGS + standing


@compiled
def contestable(
    rows: Workloads, pair_provider: Ints, pair_service: Ints, pair_product: Ints, price: Floats, intensity: Floats,
    escalation: float, outside: int, quarter: int, mass: Floats, locked: Floats,
) -> None:  # fmt: skip
    """Add up expected contestable tasks by cell and class, and tasks that are not contestable by pair.

    A renewal pays min(posted, contract * (1 + esc)). Where the cap binds, the incumbent's posted price moves neither
    revenue nor choice of the customer: it keeps capacity for it (nearly all renew), and leaves it out of its condition.
    Backlog and workloads under dated contracts, whose use follows the prices of the day, are not contestable.

    Args:
        rows: workloads.
        pair_provider: (K,) provider, ``service`` and ``product`` of each pair.
        pair_service: (K,)
        pair_product: (K,)
        price: (J,) price a renewal is expected to meet, USD per unit.
        intensity: (K,) usage per unit of volume expected of a new contract.
        escalation: esc.
        outside: number that stands for the outside option as incumbent.
        quarter: position of the quarter.
        mass: (B, C) filled.
        locked: (K,) filled with tasks under contract, of capped customers, of backlog, and of those tied by a dated
            contract.
    """
    mass[:] = 0.0
    locked[:] = 0.0
    for n in range(rows.volume.size):
        pair, known = settled(rows, n), at(max(rows.pair[n], 0))
        if pair != UNSET or in_force(rows, n, quarter):
            locked[known] += rows.volume[n] * intensity[known]
            continue
        pair = rows.pair[n]
        incumbent, service, standing = -1, 0, FREE
        if pair >= 0:
            incumbent, service = pair_provider[known], pair_service[known]
        elif pair == OUTSIDE:
            incumbent = outside
        ends = ending_probability(rows, n, quarter)
        if rows.status[n] == NEW:
            standing = NEWCOMER
        elif rows.status[n] == SERVED and pair >= 0:
            capped = rows.price[n] * (1.0 + escalation) < price[at(pair_product[known])]
            standing = CAPPED if capped else FREE
            locked[known] += rows.tasks[n] * (1.0 if capped else 1.0 - ends)
        mass[at(rows.cell[n]), at(class_of(incumbent, service, standing))] += ends * rows.volume[n]


@inlined
def escalated(contract: float, posted: float, escalation: float) -> float:
    """Return the price of a renewal: the posted price, at most the contract price times (1 + esc)."""
    return min(posted, contract * (1.0 + escalation)) if math.isfinite(contract) and contract > 0.0 else posted
