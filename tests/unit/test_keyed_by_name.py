"""Who draws is known by its key, never by its row: one fewer moves the others up, and changes nothing else."""

import numpy as np
from numpy.typing import NDArray

from sim.economics.entry import drawn_to_enter, draws_of_entry
from sim.economics.patience import lose_patience
from sim.economics.potential import grow_potential
from sim.economics.workloads import SERVED, Workloads, contract_ends, grow
from sim.names import key_of
from sim.randomness import Decision, season
from tests.builders_choice import customers, workloads

FIRMS = 60
KEYS = np.array([key_of("provider", f"firm-{n}") for n in range(FIRMS)], dtype=np.uint64)
GONE = 7
REST = np.delete(np.arange(FIRMS), GONE)
SLOTS = 4


def test_entry() -> None:
    key = season(1, Decision.ENTRY, 5)
    assert np.array_equal(draws_of_entry(KEYS[REST], key), draws_of_entry(KEYS, key)[REST])
    drawn = drawn_to_enter(np.ones(FIRMS, np.bool_), np.zeros(FIRMS), KEYS, key, 0.5)
    rest = drawn_to_enter(np.ones(FIRMS - 1, np.bool_), np.zeros(FIRMS - 1), KEYS[REST], key, 0.5)
    assert np.array_equal(REST[rest], np.setdiff1d(drawn, [GONE]))


def _cuts(keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the appetite of firms that are all alike after a quarter in which one in four is cut."""
    firms = keys.size
    cash, revenue, left, appetite = -np.ones((firms, 1)), np.ones((firms, 1)), np.zeros(firms), np.ones(firms)
    lose_patience(
        keys, season(1, Decision.PATIENCE, 0), cash, revenue, np.ones(firms), np.array([-1.0, 0.0, 0.0]), 0, 4, 2, 0.4,
        left, appetite,
    )  # fmt: skip
    return appetite


def test_patience() -> None:
    whole = _cuts(KEYS)
    assert np.unique(whole).size == 2
    assert np.array_equal(_cuts(KEYS[REST]), whole[REST])


def test_shocks_of_regions() -> None:
    def grown(names: NDArray[np.uint64]) -> NDArray[np.float64]:
        potential, one = np.ones(names.size), np.ones(names.size)
        grow_potential(potential, 0.0 * one, 0.1 * one, names, season(1, Decision.DEMAND, 3))
        return potential

    assert np.array_equal(grown(KEYS[REST]), grown(KEYS)[REST])


def _served() -> Workloads:
    rows = workloads(np.ones(FIRMS * SLOTS))
    rows.status[:], rows.pair[:], rows.term[:] = SERVED, 0, 1
    return rows


def test_ends_of_contracts() -> None:
    rows, key = _served(), season(1, Decision.EXPIRY, 3)
    stay = np.repeat(np.delete(np.arange(FIRMS), GONE), SLOTS) * SLOTS + np.tile(np.arange(SLOTS), FIRMS - 1)
    fewer = Workloads._make(column[stay] for column in rows)
    ends, others = ([contract_ends(x, n, key, 3) for n in range(x.volume.size)] for x in (rows, fewer))
    assert 0 < sum(ends) < len(ends)
    assert others == [ends[n] for n in stay]


def test_new_workloads() -> None:
    people, key = customers(FIRMS), season(1, Decision.WORKLOAD, 3)
    fewer = type(people)._make(column[REST] for column in people)
    held = []
    for who in (people, fewer):
        rows = workloads(np.zeros(who.key.size * SLOTS))
        grow(rows, who, np.ones(who.key.size), np.full(who.key.size, 0.5), SLOTS, 1, key)
        held.append(rows.cell.reshape(-1, SLOTS)[:, 0])
    assert np.unique(held[0]).size > 1
    assert np.array_equal(held[1], held[0][REST])
