"""Workload rows: what customers run, where, at which contract price; and the sums firms price against.

A customer holds a fixed number of workloads. Growth arrives as new workloads: every quarter its oldest workload
ends and a new one starts, with the volume of the old one and all growth of the customer. Workloads whose
contract ends choose again; the others stay and pay their contract price.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.randomness import Decision, fold, uniform

NEW, SERVED, WAITING, LOST = 0, 1, 2, 3
ON_DEMAND, ONE_YEAR, THREE_YEAR, DATED = 0, 1, 2, 3
EXPIRY = np.array([1.0, 0.25, 1.0 / 12.0, 0.0])
"""Probability per quarter that a contract of each term ends; dated contracts end on their date."""

OUTSIDE = -1
UNSET = -2

_WORKLOAD, _EXPIRY = np.uint64(Decision.WORKLOAD), np.uint64(Decision.EXPIRY)
_ZERO = np.uint64(0)


class Workloads(NamedTuple):
    """State of all workloads, (n * slots,): the rows of customer i are ``i*slots`` to ``(i+1)*slots - 1``."""

    volume: Floats
    """Potential tasks per quarter, at the reference price."""
    tasks: Floats
    """Tasks per quarter under the contract: volume times the usage intensity at signing."""
    price: Floats
    """Contract price, USD per unit of product."""
    cell: NDArray[np.int32]
    """Base cell."""
    pair: NDArray[np.int32]
    """(cell, product) pair of the present or last supplier; OUTSIDE on premises, UNSET before the first choice."""
    status: NDArray[np.int8]
    """NEW, SERVED, WAITING or LOST."""
    term: NDArray[np.int8]
    """ON_DEMAND, ONE_YEAR, THREE_YEAR or DATED."""
    until: NDArray[np.int16]
    """Last quarter of a dated contract."""
    waited: NDArray[np.int8]
    """Quarters spent waiting."""


class Customers(NamedTuple):
    """Fixed traits of customers, (n,)."""

    key: np.ndarray[tuple[int, ...], np.dtype[np.uint64]]
    region: NDArray[np.int16]
    taste: NDArray[np.int16]
    bound_training: NDArray[np.int8]
    """1 where training data may not leave the region."""
    bound_inference: NDArray[np.int8]
    share: Floats
    """Share of the region's demand; for labs 1, as their potential is their own."""


@compiled
def renew(
    rows: Workloads, customers: Customers, potential: Floats, training: Floats, slot: int, slots: int,
    tastes: int, season: np.uint64,
) -> None:  # fmt: skip
    """End every customer's oldest workload and start a new one, so that volumes add up to its potential.

    Args:
        rows: changed in place.
        customers: traits.
        potential: (n,) tasks per quarter each customer wants at the reference price.
        training: (n,) probability that a new workload is training.
        slot: position of the oldest workload.
        slots: workloads per customer.
        tastes: number of taste types, for the numbering of base cells.
        season: key of (seed, workload decision, quarter).
    """
    for i in range(potential.size):
        first = i * slots
        others = 0.0
        for n in range(first, first + slots):
            if n != first + slot:
                others += rows.volume[n]
        if others > potential[i]:
            shrink = potential[i] / others
            for n in range(first, first + slots):
                rows.volume[n] *= shrink
                rows.tasks[n] *= shrink
        n = first + slot
        rows.volume[n] = max(potential[i] - others, 0.0)
        rows.tasks[n] = 0.0
        inference = 0 if uniform(fold(season, customers.key[i]), _ZERO) < training[i] else 1
        bound = customers.bound_inference[i] if inference else customers.bound_training[i]
        rows.cell[n] = ((customers.region[i] * tastes + customers.taste[i]) * 2 + inference) * 2 + bound
        rows.status[n] = NEW
        rows.waited[n] = 0


@inlined
def contract_ends(rows: Workloads, n: int, key: np.uint64, quarter: int) -> bool:
    """Return whether the contract of row n ends now; ``key`` is the row's expiry key."""
    if rows.term[n] == DATED:
        return bool(rows.until[n] < quarter)
    return bool(uniform(key, _ZERO) < EXPIRY[rows.term[n]])


@inlined
def ending_probability(rows: Workloads, n: int, quarter: int) -> float:
    """Return the probability that row n chooses anew this quarter, before any draw."""
    if rows.status[n] != SERVED:
        return 1.0
    if rows.term[n] == DATED:
        return 1.0 if rows.until[n] < quarter else 0.0
    return float(EXPIRY[rows.term[n]])


CAPPED, NEWCOMER, FREE = 0, 1, 2
STANDINGS = 3
"""Standing of a workload towards its incumbent: renews at a price its contract caps; new; free of any cap."""


@inlined
def class_of(incumbent: int, service: int, standing: int) -> int:
    """Return the class of a workload: incumbent -1 where there is none, the number of providers for the outside."""
    return ((incumbent + 1) * 2 + service) * STANDINGS + standing


@compiled
def contestable(
    rows: Workloads, forced: NDArray[np.int32], pair_provider: Ints, pair_service: Ints, price: Floats,
    intensity: Floats, escalation: float, outside: int, quarter: int, mass: Floats, locked: Floats,
) -> None:  # fmt: skip
    """Add up expected contestable tasks by cell and class, and tasks that are not contestable by pair.

    A renewal pays min(posted, contract * (1 + esc)). Where the cap binds, the incumbent's posted price moves neither
    revenue nor choice of the customer: it keeps capacity for it (nearly all renew), and leaves it out of its condition.
    Rows with a forced supplier are not contestable.

    Args:
        rows: workloads.
        forced: (rows,) pair that a dated contract prescribes for a new workload, else UNSET.
        pair_provider: (K,) provider of each pair.
        pair_service: (K,) service of each pair.
        price: (K,) price a renewal is expected to meet, USD per unit.
        intensity: (K,) usage per unit of volume expected of a new contract.
        escalation: esc.
        outside: number that stands for the outside option as incumbent.
        quarter: position of the quarter.
        mass: (B, C) filled.
        locked: (K,) filled with tasks under contract, of capped customers, and of those tied by a dated contract.
    """
    mass[:] = 0.0
    locked[:] = 0.0
    for n in range(rows.volume.size):
        if rows.status[n] == NEW and forced[n] >= 0:
            locked[forced[n]] += rows.volume[n] * intensity[forced[n]]
            continue
        pair = rows.pair[n]
        incumbent, service, standing = -1, 0, FREE
        if pair >= 0:
            incumbent, service = pair_provider[pair], pair_service[pair]
        elif pair == OUTSIDE:
            incumbent = outside
        ends = ending_probability(rows, n, quarter)
        if rows.status[n] == NEW:
            standing = NEWCOMER
        elif rows.status[n] == SERVED and pair >= 0:
            capped = rows.price[n] * (1.0 + escalation) < price[pair]
            standing = CAPPED if capped else FREE
            locked[pair] += rows.tasks[n] * (1.0 if capped else 1.0 - ends)
        mass[rows.cell[n], class_of(incumbent, service, standing)] += ends * rows.volume[n]


@inlined
def row_key(season: np.uint64, customer: np.uint64, slot: int) -> np.uint64:
    """Return the key of a workload row for one decision in one quarter."""
    return fold(fold(season, customer), np.uint64(slot))


@inlined
def escalated(contract: float, posted: float, escalation: float) -> float:
    """Return the price of a renewal: the posted price, at most the contract price times (1 + esc)."""
    return min(posted, contract * (1.0 + escalation)) if math.isfinite(contract) and contract > 0.0 else posted
