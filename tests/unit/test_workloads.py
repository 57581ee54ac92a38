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
    DatedContracts,
    Workloads,
    bind,
    class_of,
    contestable,
    contract_ends,
    ending_probability,
    escalated,
    grow,
    lapse,
    start,
)
from sim.randomness import Decision, season
from tests.builders_choice import Floats, customers, workloads

SLOTS = 4
SEASON = season(1, Decision.WORKLOAD, 3)


@compiled
def endings(rows: Workloads, season: np.uint64, quarter: int) -> NDArray[np.bool_]:
    out = np.empty(rows.volume.size, np.bool_)
    for n in range(out.size):
        out[n] = contract_ends(rows, n, season, quarter)
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
    rows.pair[:] = np.where(rows.status == WAITING, 1, rng.integers(UNSET, 4, rows.volume.size))
    rows.price[:] = rng.uniform(0.5, 3.0, rows.volume.size)
    return rows


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 3.0))
def test_volumes_add_up_to_potential_whatever_was_held(seed: int, growth: float) -> None:
    rows, buyers = held(5, seed), customers(5, regions=2)
    volume, tasks = (column.reshape(5, SLOTS).copy() for column in (rows.volume, rows.tasks))
    potential = growth * volume.sum(axis=1)
    grow(rows, buyers, potential, np.full(5, 0.5), SLOTS, 1, SEASON)
    after = rows.volume.reshape(5, SLOTS)
    np.testing.assert_allclose(after.sum(axis=1), potential, rtol=1e-12, atol=1e-12)
    assert (after >= 0.0).all()
    if growth <= 1.0:
        np.testing.assert_allclose(after, growth * volume, rtol=1e-12)
        np.testing.assert_allclose(rows.tasks.reshape(5, SLOTS), growth * tasks, rtol=1e-12)


def test_growth_is_a_new_workload_and_leaves_the_largest_alone() -> None:
    rows, buyers = held(50, 2), customers(50, regions=3)
    before = [Workloads._make(column[i * SLOTS : (i + 1) * SLOTS].copy() for column in rows) for i in range(50)]
    total = rows.volume.reshape(50, SLOTS).sum(axis=1)
    grow(rows, buyers, 1.5 * total, np.full(50, 0.3), SLOTS, 1, SEASON)
    kinds = set()
    for i, old in enumerate(before):
        now = Workloads._make(column[i * SLOTS : (i + 1) * SLOTS] for column in rows)
        small = np.argsort(old.volume, kind="stable")[:2]
        large = np.setdiff1d(np.arange(SLOTS), small)
        np.testing.assert_array_equal(now.volume[large], old.volume[large])
        np.testing.assert_array_equal(now.pair[large], old.pair[large])
        new, kept = small if now.tasks[small[0]] == 0.0 and now.status[small[0]] == NEW else small[::-1]
        assert now.volume[new] == pytest.approx(0.5 * total[i])
        assert (now.status[new], now.tasks[new], now.waited[new]) == (NEW, 0.0, 0)
        assert now.volume[kept] == pytest.approx(old.volume[small].sum())
        region, rest = divmod(int(now.cell[new]), 4)
        inference, bound = divmod(rest, 2)
        assert region == buyers.region[i]
        assert bound == (buyers.bound_inference if inference else buyers.bound_training)[i]
        kinds.add(inference)
    assert kinds == {0, 1}


MANY = 20_000


def two_suppliers(count: int) -> Workloads:
    """Return customers with workloads of 1 at supplier 0, 3 at supplier 1 and 6 at supplier 2."""
    rows = workloads(np.tile([1.0, 3.0, 6.0], count))
    rows.pair[:], rows.status[:], rows.tasks[:] = np.tile([0, 1, 2], count), SERVED, np.tile([2.0, 9.0, 6.0], count)
    return rows


def test_merging_leaves_every_supplier_what_it_had_on_average() -> None:
    """1 and 3 become 4 at the one or the other with probabilities 1/4 and 3/4; tasks come along."""
    rows = two_suppliers(MANY)
    grow(rows, customers(MANY), np.full(MANY, 20.0), np.full(MANY, 0.5), 3, 1, SEASON)
    merged = rows.volume == 4.0
    assert merged.sum() == MANY
    assert (rows.pair[merged] == 0).mean() == pytest.approx(0.25, abs=0.015)
    np.testing.assert_allclose(rows.tasks[merged], np.where(rows.pair[merged] == 0, 8.0, 12.0))
    assert (rows.volume == 6.0).sum() == MANY


def test_a_new_workload_is_tied_to_a_supplier_by_what_it_serves() -> None:
    rows = two_suppliers(MANY)
    grow(rows, customers(MANY), np.full(MANY, 20.0), np.full(MANY, 0.5), 3, 1, SEASON)
    ties = rows.pair[rows.status == NEW]
    assert (ties == 2).mean() == pytest.approx(0.6, abs=0.015)
    assert (ties == 0).mean() == pytest.approx(0.1, abs=0.01)
    lost = two_suppliers(10)
    lost.status[:] = LOST
    grow(lost, customers(10), np.full(10, 20.0), np.full(10, 0.5), 3, 1, SEASON)
    assert (lost.pair[lost.status == NEW] == UNSET).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_new_workloads_are_training_by_their_share(share: float) -> None:
    rows, buyers = workloads(np.zeros(2 * MANY)), customers(MANY)
    grow(rows, buyers, np.ones(MANY), np.full(MANY, share), 2, 1, SEASON)
    training = (rows.cell[rows.volume > 0.0] // 2 == 0).mean()
    assert training == pytest.approx(share, abs=4.0 * math.sqrt(share * (1.0 - share) / MANY))


def test_a_larger_population_leaves_the_smaller_ones_draws() -> None:
    found = []
    for count in (100, 1000):
        rows = two_suppliers(count)
        grow(rows, customers(count), np.full(count, 20.0), np.full(count, 0.5), 3, 1, SEASON)
        found.append([column[:300].copy() for column in rows])
    for one, other in zip(*found, strict=True):
        assert (one == other).all()


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


def expected_mass(rows: Workloads, price: Floats, intensity: Floats) -> tuple[Floats, Floats]:
    """Return what ``contestable`` adds up, row by row from its description; three providers, 3 is the outside."""
    mass, locked = np.zeros((1, 30)), np.zeros(4)
    provider, service = (0, 1, 2, 0), (0, 0, 0, 1)
    for n in range(rows.volume.size):
        pair, status = int(rows.pair[n]), int(rows.status[n])
        running = status == SERVED and pair >= 0 and rows.term[n] == DATED and rows.until[n] >= 4
        if running or status == WAITING or (status == NEW and rows.term[n] == DATED):
            locked[pair] += rows.volume[n] * intensity[pair]
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
    rows.pair[(rows.status == NEW) & (rows.term == DATED)] = 2
    price, intensity = rng.uniform(0.5, 3.0, 4), rng.uniform(0.5, 2.0, 4)
    mass, locked = np.full((1, 30), np.nan), np.full(4, np.nan)
    provider, service, product = np.array([[0, 1, 2, 0], [0, 0, 0, 1], [3, 1, 0, 2]])
    contestable(rows, provider, service, product, price, intensity, 0.05, 3, 4, mass, locked)
    expected = expected_mass(rows, price[product], intensity)
    np.testing.assert_allclose(mass, expected[0], rtol=1e-12)
    np.testing.assert_allclose(locked, expected[1], rtol=1e-12)
    assert (expected[0] > 0.0).sum() > 10


def test_contracts_of_labs_prescribe_the_suppliers_of_their_shares() -> None:
    """Lab 0 gives 60% to pair 3 and, for cell 1, 30% to pair 2, both until quarter 8; lab 1's contract is over."""
    contracts = DatedContracts(
        np.array([0, 2, 3]), np.array([0.6, 0.3, 1.0]), np.array([0, 0, 0]), np.array([8, 8, 4]),
        np.array([[3, 3], [UNSET, 2], [1, 1]]),
    )  # fmt: skip
    rows = workloads(np.ones(3 * MANY))
    rows.cell[:], rows.pair[:] = np.tile([0, 1, 1], MANY), 0
    rows.status[::3] = np.where(np.arange(MANY) % 2 == 0, NEW, SERVED)
    bind(rows, contracts, np.array([0] * (MANY - 1) + [1]), 3, 5, SEASON)
    new = (rows.status == NEW) & (np.arange(3 * MANY) < 3 * (MANY - 1))
    there = {cell: rows.pair[new & (rows.cell == cell)] for cell in (0, 1)}
    assert (there[0] == 3).mean() == pytest.approx(0.6, abs=0.02)
    assert set(there[0].tolist()) == {0, 3}
    assert (there[1] == 3).mean() == pytest.approx(0.6, abs=0.015)
    assert (there[1] == 2).mean() == pytest.approx(0.3, abs=0.015)
    dated = rows.term == DATED
    assert (dated == (rows.pair > 0)).all()
    assert (rows.until[dated] == 8).all()
    assert not dated[rows.status == SERVED].any()
    assert not dated[-3:].any()


def test_customers_come_to_what_they_want_in_equal_parts_and_new_workloads_of_labs_are_tied() -> None:
    """Three enterprises want 60 and a lab 40, in four parts; a contract of the lab prescribes pair 3 everywhere."""
    rows, buyers = workloads(np.zeros(4 * SLOTS)), customers(4)
    contracts = DatedContracts(
        np.array([0, 1]), np.array([1.0]), np.array([0]), np.array([8]), np.full((1, 4), 3)
    )  # fmt: skip
    tasks = start(
        rows, buyers, np.array([60.0]), np.array([0.5]), np.array([0]), np.array([40.0]), np.array([0.3]), contracts,
        SLOTS, 1, 5, np.array([season(1, Decision.WORKLOAD, t) for t in range(SLOTS)]), SEASON,
    )  # fmt: skip
    assert tasks.tolist() == [15.0, 15.0, 15.0, 10.0]
    np.testing.assert_allclose(rows.volume, np.repeat(tasks / SLOTS, SLOTS), rtol=1e-14)
    assert rows.pair.tolist() == [UNSET] * 3 * SLOTS + [3] * SLOTS
    assert rows.term.tolist() == [ON_DEMAND] * 3 * SLOTS + [DATED] * SLOTS


def test_contracts_that_the_law_ends_are_drawn_and_those_of_other_pairs_stay() -> None:
    count, parts = 40_000, np.array([0.0, 0.3, 1.0])
    rows = held(count // SLOTS, 3)
    rows.status[:], rows.term[:] = SERVED, THREE_YEAR
    rows.pair[:] = np.arange(count) % 4
    rows.pair[rows.pair == 3] = OUTSIDE
    pair, volume = rows.pair.copy(), rows.volume.copy()
    lapse(rows, parts, season(1, Decision.LAPSE, 5))
    for k, part in enumerate(parts):
        assert (rows.term[pair == k] == THREE_YEAR).mean() == pytest.approx(part, abs=0.02 * (0.0 < part < 1.0))
    assert (rows.term[pair == OUTSIDE] == THREE_YEAR).all()
    np.testing.assert_array_equal(rows.pair, pair)
    np.testing.assert_array_equal(rows.volume, volume)


def test_classes_are_numbered_without_overlap() -> None:
    number: Callable[[int, int, int], int] = class_of
    found = [number(who, what, how) for who in range(-1, 4) for what in (0, 1) for how in (CAPPED, NEWCOMER, FREE)]
    assert found == list(range(30))
