"""Workload rows: growth arrives as new workloads, contracts end by their terms, renewals are protected."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.compiled import compiled
from sim.economics.workloads import (
    CAPPED,
    DATED,
    EXPIRY,
    FREE,
    LOST,
    NEW,
    NEWCOMER,
    ON_DEMAND,
    ONE_YEAR,
    OUTSIDE,
    SERVED,
    THREE_YEAR,
    UNSET,
    WAITING,
    Workloads,
    class_of,
    contestable,
    contract_ends,
    ending_probability,
    escalated,
    renew,
    row_key,
)
from sim.randomness import Decision, season
from tests.builders_choice import Floats, customers, workloads

SLOTS = 4
SEASON = season(1, Decision.WORKLOAD, 3)


@compiled
def endings(rows: Workloads, season: np.uint64, quarter: int) -> NDArray[np.bool_]:
    out = np.empty(rows.volume.size, np.bool_)
    for n in range(out.size):
        out[n] = contract_ends(rows, n, row_key(season, np.uint64(n), 0), quarter)
    return out


def held(count: int, seed: int) -> Workloads:
    """Return rows of customers with all that can occur."""
    rng = np.random.default_rng(seed)
    rows = workloads(rng.uniform(0.0, 5.0, count * SLOTS) * (rng.random(count * SLOTS) < 0.9))
    rows.tasks[:] = rows.volume * rng.uniform(0.5, 2.0, rows.volume.size)
    rows.status[:] = rng.integers(NEW, LOST + 1, rows.volume.size)
    rows.term[:] = rng.integers(ON_DEMAND, DATED + 1, rows.volume.size)
    rows.until[:] = rng.integers(0, 10, rows.volume.size)
    rows.waited[:] = rng.integers(0, 3, rows.volume.size)
    rows.pair[:] = rng.integers(UNSET, 4, rows.volume.size)
    rows.price[:] = rng.uniform(0.5, 3.0, rows.volume.size)
    return rows


@given(st.integers(0, 2**32 - 1), st.integers(0, SLOTS - 1), st.floats(0.0, 3.0))
def test_volumes_add_up_to_potential_whatever_was_held(seed: int, slot: int, growth: float) -> None:
    rows, buyers = held(5, seed), customers(5, regions=2)
    volume, tasks = (column.reshape(5, SLOTS).copy() for column in (rows.volume, rows.tasks))
    potential = growth * volume.sum(axis=1)
    renew(rows, buyers, potential, np.full(5, 0.5), slot, SLOTS, 1, SEASON)
    after = rows.volume.reshape(5, SLOTS)
    np.testing.assert_allclose(after.sum(axis=1), potential, rtol=1e-12, atol=1e-12)
    assert (after >= 0.0).all()
    others = np.delete(volume, slot, axis=1)
    kept = np.minimum(1.0, potential / np.maximum(others.sum(axis=1), 1e-300))[:, None]
    np.testing.assert_allclose(np.delete(after, slot, axis=1), others * kept, rtol=1e-12)
    left = np.delete(rows.tasks.reshape(5, SLOTS), slot, axis=1)
    np.testing.assert_allclose(left, np.delete(tasks, slot, axis=1) * kept, rtol=1e-12)


def test_existing_workloads_do_not_grow() -> None:
    rows, buyers = held(6, 1), customers(6)
    before = rows.volume.copy().reshape(6, SLOTS)
    renew(rows, buyers, 2.0 * before.sum(axis=1), np.full(6, 0.5), 2, SLOTS, 1, SEASON)
    after = rows.volume.reshape(6, SLOTS)
    np.testing.assert_array_equal(np.delete(after, 2, axis=1), np.delete(before, 2, axis=1))
    np.testing.assert_allclose(after[:, 2], before.sum(axis=1) + before[:, 2], rtol=1e-12)


def test_the_oldest_workload_starts_anew_and_remembers_its_supplier() -> None:
    rows, buyers = held(50, 2), customers(50, regions=3)
    pairs = rows.pair.copy()
    renew(rows, buyers, np.full(50, 9.0), np.full(50, 0.3), 1, SLOTS, 1, SEASON)
    mine = np.arange(50) * SLOTS + 1
    assert (rows.status[mine] == NEW).all()
    assert (rows.tasks[mine] == 0.0).all()
    assert (rows.waited[mine] == 0).all()
    assert (rows.pair == pairs).all()
    region, rest = np.divmod(rows.cell[mine], 4)
    inference, bound = np.divmod(rest, 2)
    assert (region == buyers.region).all()
    assert (bound == np.where(inference == 1, buyers.bound_inference, buyers.bound_training)).all()
    assert set(inference.tolist()) == {0, 1}


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_new_workloads_are_training_by_their_share(share: float) -> None:
    count = 20_000
    rows, buyers = workloads(np.ones(count)), customers(count)
    renew(rows, buyers, np.ones(count), np.full(count, share), 0, 1, 1, SEASON)
    training = (rows.cell // 2 == 0).mean()
    assert training == pytest.approx(share, abs=4.0 * math.sqrt(share * (1.0 - share) / count))


def test_a_larger_population_leaves_the_smaller_ones_draws() -> None:
    found = []
    for count in (100, 1000):
        rows = workloads(np.ones(count))
        renew(rows, customers(count), np.ones(count), np.full(count, 0.5), 0, 1, 1, SEASON)
        found.append(rows.cell[:100].copy())
    assert (found[0] == found[1]).all()


@pytest.mark.parametrize(("term", "chance"), [(ON_DEMAND, 1.0), (ONE_YEAR, 0.25), (THREE_YEAR, 1.0 / 12.0)])
def test_contracts_end_by_chance_according_to_their_term(term: int, chance: float) -> None:
    count = 50_000
    rows = workloads(np.ones(count))
    rows.term[:], rows.status[:] = term, SERVED
    ended = endings(rows, season(1, Decision.EXPIRY, 0), 0)
    assert ended.mean() == pytest.approx(chance, abs=4.0 * math.sqrt(chance * (1.0 - chance) / count))
    assert ending_probability(rows, 0, 0) == chance == EXPIRY[term]
    again = endings(rows, season(1, Decision.EXPIRY, 1), 1)
    together = (ended & again).mean()
    assert together == pytest.approx(chance**2, abs=4.0 * math.sqrt(chance**2 / count))


@pytest.mark.parametrize(("quarter", "ends"), [(4, False), (5, False), (6, True)])
def test_dated_contracts_end_after_their_date(quarter: int, ends: bool) -> None:
    rows = workloads(np.ones(1))
    rows.term[:], rows.status[:], rows.until[:] = DATED, SERVED, 5
    assert endings(rows, SEASON, quarter).tolist() == [ends]
    assert ending_probability(rows, 0, quarter) == float(ends)


@pytest.mark.parametrize("status", [NEW, WAITING, LOST])
def test_who_has_no_contract_chooses_for_certain(status: int) -> None:
    rows = workloads(np.ones(1))
    rows.term[:], rows.status[:] = THREE_YEAR, status
    assert ending_probability(rows, 0, 0) == 1.0


@pytest.mark.parametrize(
    ("contract", "posted", "pays"),
    [(1.0, 2.0, 1.03), (1.0, 1.02, 1.02), (1.0, 0.5, 0.5), (0.0, 2.0, 2.0), (math.nan, 2.0, 2.0), (math.inf, 2.0, 2.0)],
)
def test_renewals_pay_the_posted_price_but_no_more_than_an_escalated_contract(
    contract: float, posted: float, pays: float
) -> None:
    assert escalated(contract, posted, 0.03) == pytest.approx(pays, rel=1e-14)


def expected_mass(
    rows: Workloads, forced: NDArray[np.int32], price: Floats, intensity: Floats
) -> tuple[Floats, Floats]:
    """Return what ``contestable`` adds up, row by row from its description; three providers, 3 is the outside."""
    mass, locked = np.zeros((1, 30)), np.zeros(4)
    provider, service = (0, 1, 2, 0), (0, 0, 0, 1)
    for n in range(rows.volume.size):
        pair, status = int(rows.pair[n]), int(rows.status[n])
        if status == NEW and forced[n] >= 0:
            locked[forced[n]] += rows.volume[n] * intensity[forced[n]]
            continue
        who, what = (provider[pair], service[pair]) if pair >= 0 else (3 if pair == OUTSIDE else -1, 0)
        ends = ending_probability(rows, n, 4)
        capped = status == SERVED and pair >= 0 and rows.price[n] * 1.05 < price[pair]
        standing = NEWCOMER if status == NEW else CAPPED if capped else FREE
        mass[0, class_of(who, what, standing)] += ends * rows.volume[n]
        if status == SERVED and pair >= 0:
            locked[pair] += rows.tasks[n] * (1.0 if capped else 1.0 - ends)
    return mass, locked


@pytest.mark.parametrize("seed", range(5))
def test_what_firms_price_against_and_what_they_keep_capacity_for(seed: int) -> None:
    rows = held(30, seed)
    rng = np.random.default_rng(seed)
    forced = np.where(rng.random(rows.volume.size) < 0.2, 2, UNSET).astype(np.int32)
    price, intensity = rng.uniform(0.5, 3.0, 4), rng.uniform(0.5, 2.0, 4)
    mass, locked = np.full((1, 30), np.nan), np.full(4, np.nan)
    contestable(
        rows, forced, np.array([0, 1, 2, 0]), np.array([0, 0, 0, 1]), price, intensity, 0.05, 3, 4, mass, locked
    )
    expected = expected_mass(rows, forced, price, intensity)
    np.testing.assert_allclose(mass, expected[0], rtol=1e-12)
    np.testing.assert_allclose(locked, expected[1], rtol=1e-12)
    assert (expected[0] > 0.0).sum() > 10


def test_classes_are_numbered_without_overlap() -> None:
    number: Callable[[int, int, int], int] = class_of
    found = [number(who, what, how) for who in range(-1, 4) for what in (0, 1) for how in (CAPPED, NEWCOMER, FREE)]
    assert found == list(range(30))
