"""Labs take what prices of the day make of their contracts, and what is observed of them is met."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.labs import Labs, Today, follow, follow_parcels
from sim.economics.parcels import TERMS, Layout, Stock
from sim.economics.workloads import DATED, LOST, NEW, ONE_YEAR, OUTSIDE, SERVED, UNSET, WAITING, Workloads
from sim.parameters import Parameters
from sim.structure import FREE, IAAS, Structure
from tests.builders_choice import Floats, workloads

SLOTS, QUARTER = 3, 5
LAB = np.array([0, 0, 1, 2])
"""Four customers that are labs, after one enterprise."""
TODAY = Today(np.array([0, 1, 1]), np.array([2.0, 3.0]), np.array([1.5, 0.5, 0.8]), np.array([1.0, 4.0, 2.0]))
EVER, NEVER = np.ones(3, np.bool_), np.zeros(3, np.bool_)


def held(seed: int) -> Workloads:
    """Return rows of five customers with all that can occur."""
    rng = np.random.default_rng(seed)
    rows = workloads(rng.uniform(0.1, 5.0, 5 * SLOTS))
    rows.status[:] = rng.choice([NEW, SERVED, SERVED, WAITING, LOST], rows.volume.size)
    rows.term[:] = rng.choice([ONE_YEAR, DATED, DATED], rows.volume.size)
    rows.until[:] = rng.integers(QUARTER - 1, QUARTER + 3, rows.volume.size)
    rows.pair[:] = rng.integers(0, 3, rows.volume.size)
    rows.pair[(rows.status == SERVED) & (rows.term != DATED) & (rng.random(rows.volume.size) < 0.3)] = OUTSIDE
    rows.pair[(rows.status == LOST) | ((rows.status == NEW) & (rows.term != DATED))] = UNSET
    rows.tasks[:] = np.where(rows.status == SERVED, rows.volume * rng.uniform(0.5, 2.0, rows.volume.size), 0.0)
    rows.price[:] = 9.0
    return rows


def labs(rows: Workloads, observed: np.typing.NDArray[np.bool_], wanted: float = 100.0) -> tuple[Labs, Floats]:
    """Return labs and the potential tasks of all customers, which are what they hold."""
    tasks = rows.volume.reshape(5, SLOTS).sum(axis=1)
    potential: Floats = np.bincount(LAB, tasks[1:], 3).astype(float)
    return Labs(np.full(3, wanted), observed, potential, np.full(3, 7.0)), tasks


def dated(rows: Workloads) -> np.typing.NDArray[np.bool_]:
    return np.asarray((rows.status == SERVED) & (rows.term == DATED) & (rows.until >= QUARTER))


@given(st.integers(0, 2**32 - 1))
def test_only_dated_contracts_in_force_follow_the_day(seed: int) -> None:
    rows = held(seed)
    before = Workloads._make(column.copy() for column in rows)
    known, tasks = labs(rows, NEVER)
    potential = tasks.copy()
    follow(rows, LAB, SLOTS, QUARTER, TODAY, known, tasks)
    moves = dated(rows) & (np.arange(rows.volume.size) >= SLOTS)
    pair = rows.pair[moves]
    np.testing.assert_allclose(rows.tasks[moves], rows.volume[moves] * TODAY.intensity[pair], rtol=1e-14)
    np.testing.assert_array_equal(rows.price[moves], TODAY.posted[TODAY.product[pair]])
    np.testing.assert_array_equal(rows.tasks[~moves], before.tasks[~moves])
    np.testing.assert_array_equal(rows.price[~moves], before.price[~moves])
    np.testing.assert_array_equal(rows.volume, before.volume)
    np.testing.assert_array_equal(tasks, potential, err_msg="nothing is observed")
    np.testing.assert_array_equal(known.hours, 7.0)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1e6))
def test_observed_use_is_met_at_prices_of_the_day(seed: int, wanted: float) -> None:
    """Hours of what runs or is prescribed, over its part of the volume held, are the observed ones."""
    rows = held(seed)
    before = Workloads._make(column.copy() for column in rows)
    known, tasks = labs(rows, EVER, wanted)
    follow(rows, LAB, SLOTS, QUARTER, TODAY, known, tasks)
    of_lab = np.append(np.full(SLOTS, -1), np.repeat(LAB, SLOTS))
    pair, runs = np.maximum(rows.pair, 0), (rows.status == SERVED) & (rows.pair >= 0)
    seated = runs | ((rows.status == NEW) & (rows.term == DATED))
    used = np.where(runs, rows.tasks, rows.volume * TODAY.intensity[pair]) * TODAY.hours[pair]
    for x in range(3):
        mine = of_lab == x
        if not (mine & seated).any():
            np.testing.assert_array_equal(rows.volume[mine], before.volume[mine])
            continue
        part = rows.volume[mine & seated].sum() / rows.volume[mine].sum()
        assert used[mine & seated].sum() == pytest.approx(wanted * part, rel=1e-12)
        assert known.potential[x] == pytest.approx(rows.volume[mine].sum(), rel=1e-12)
        assert known.potential[x] * known.hours[x] == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(tasks, rows.volume.reshape(5, SLOTS).sum(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(rows.volume[:SLOTS], before.volume[:SLOTS], err_msg="an enterprise is no lab")


def test_a_lab_that_holds_nothing_stays_as_it_is() -> None:
    rows = held(1)
    rows.volume[:], rows.tasks[:] = 0.0, 0.0
    known, tasks = labs(rows, EVER)
    follow(rows, LAB, SLOTS, QUARTER, TODAY, known, tasks)
    np.testing.assert_array_equal(known.hours, 7.0)
    assert not rows.volume.any()


def parcels(seed: int) -> tuple[Stock, Layout]:
    """Return a type of enterprises and a lab with two dated contracts, of which the second is over; pairs 0 to 2."""
    rng, places = np.random.default_rng(seed), np.tile([0, 1, 2, OUTSIDE], 4)
    layout = Layout(
        np.zeros(4, np.int64), np.zeros(4, np.int64), np.arange(0, 17, 4), places, np.zeros(16, np.int64),
        np.tile([2, 4, 6, 8], 4), np.array([[-1, -1], [-1, -1], [8, 9], [13, -1]]),
        np.array([[9, 9], [9, 9], [QUARTER, QUARTER - 1], [QUARTER, QUARTER - 1]]), 10,
    )  # fmt: skip
    served = (16, TERMS + 2)
    volume = rng.uniform(0.1, 1.0, served)
    volume[places == OUTSIDE, TERMS:] = 0.0
    new = rng.uniform(0.1, 1.0, (4, 10, 3))
    new[:, :, 2], new[:2, :, 1] = 0.0, 0.0
    stock = Stock(volume, volume * 2.0, volume * 9.0, rng.uniform(0.0, 1.0, (16, 2)), rng.uniform(0.0, 1.0, 4), new)
    return stock, layout


def test_parcels_of_a_lab_do_the_same() -> None:
    stock, layout = parcels(3)
    before = Stock._make(column.copy() for column in stock)
    total = sum(float(part[4 * 2 :].sum()) for part in (stock.volume, stock.waiting))
    total += float(stock.lost[2:].sum() + stock.new[2:].sum())
    known = Labs(np.array([80.0]), EVER[:1], np.array([total]), np.array([7.0]))
    follow_parcels(stock, layout, np.array([-1, 0]), QUARTER, TODAY, known)
    for old, new in zip(before, stock, strict=True):
        half = len(old) // 2
        np.testing.assert_array_equal(new[:half], old[:half], err_msg="enterprises are no lab")
    factor = known.potential[0] / total
    inside = np.arange(8, 16)[layout.pair[8:] != OUTSIDE]
    pair, first = layout.pair[inside], TERMS
    np.testing.assert_allclose(stock.volume[8:], factor * before.volume[8:], rtol=1e-13)
    tasks, bill = stock.tasks[inside, first], stock.bill[inside, first]
    np.testing.assert_allclose(tasks, stock.volume[inside, first] * TODAY.intensity[pair], rtol=1e-13)
    np.testing.assert_allclose(bill, tasks * TODAY.posted[TODAY.product[pair]], rtol=1e-13)
    over = stock.tasks[inside, first + 1] / stock.volume[inside, first + 1]
    np.testing.assert_allclose(over, 2.0, rtol=1e-13, err_msg="a contract that is over follows nothing")
    used = (stock.tasks[inside].sum(axis=1) * TODAY.hours[pair]).sum()
    seated = stock.volume[inside].sum()
    for s, k in ((2, 0), (3, 1)):
        new = stock.new[s, :, 1].sum()
        used, seated = used + new * TODAY.intensity[k] * TODAY.hours[k], seated + new
    assert used == pytest.approx(80.0 * seated / known.potential[0], rel=1e-12)
    assert known.hours[0] * known.potential[0] == pytest.approx(80.0, rel=1e-12)


def test_labs_rent_cards_and_buy_no_tokens_and_nothing_is_sold_where_nobody_lives(baseline: Parameters) -> None:
    structure, makers = Structure(baseline), baseline.customers.tastes["model_maker"]
    taste, home = structure.tastes.index("model_maker"), structure.regions.index("us")
    pairs = [(structure.cells[b], structure.products[j]) for b, j in structure.pairs]
    theirs = [(cell, product) for cell, product in pairs if cell.taste == taste]
    assert {(cell.region, cell.bound, product.service) for cell, product in theirs} == {(home, FREE, IAAS)}
    native = structure.tastes.index("cann_native")
    assert {cell.region for cell, _ in pairs if cell.taste == native} == {structure.regions.index("cn")}
    tastes = baseline.customers.tastes | {"model_maker": makers.model_copy(update={"buys_tokens": True})}
    open_ = baseline.model_copy(update={"customers": baseline.customers.model_copy(update={"tastes": tastes})})
    found = Structure(open_)
    assert any(found.products[j].service != IAAS for b, j in found.pairs if found.cells[b].taste == taste)
