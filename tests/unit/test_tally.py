"""Where demand ended and why, on handmade workloads of every kind."""

import numpy as np
import pytest

from sim.economics.service import SPARE, Active, Running
from sim.economics.tally import (
    ENDS,
    TO_EXPIRED,
    TO_LOST,
    TO_OUTSIDE,
    TO_WAITING,
    Places,
    Tally,
    empty_tally,
    taken_out,
    tally,
)
from sim.economics.workloads import LOST, ON_DEMAND, OUTSIDE, SERVED, WAITING, Workloads

FIRMS, ORIGINS = 2, 6
PLACES = Places(
    region=np.array([0, 0, 1]), origin=np.array([0, 3, 3]), provider=np.array([0, 1, 1]), pool=np.array([0, 1, 1]),
    hours=np.array([1.0, 2.0, 4.0]), need=np.array([1.5, 3.0, 8.0]), fraction=np.array([1.0, 0.75]),
)  # fmt: skip
"""Pairs 0 and 1 belong to region 0, pair 2 to region 1; provider 1 can give three quarters of its contracts."""


def _rows(*rows: tuple[float, float, int, int, int]) -> Workloads:
    """Return workloads of (volume, tasks, cell, pair, status)."""
    volume, tasks, cell, pair, status = (np.array(column) for column in zip(*rows, strict=True))
    size = volume.size
    return Workloads(
        np.zeros(size, np.uint64), volume, tasks, np.ones(size), cell.astype(np.int32), pair.astype(np.int32),
        status.astype(np.int8), np.full(size, ON_DEMAND, np.int8), np.full(size, -1, np.int16), np.zeros(size, np.int8),
    )  # fmt: skip


def _active(*chosen: tuple[int, int, int]) -> Active:
    """Return workloads that chose: (row, first choice, fresh)."""
    row, first, fresh = np.array(chosen, dtype=np.int64).reshape(-1, 3).T
    return Active(row.copy(), first.copy(), fresh.astype(np.int8), first.copy(), np.ones(row.size))


def _counted(rows: Workloads, active: Active) -> Tally:
    """Return the tally; whatever is served and did not choose runs on."""
    out, pairs = empty_tally(2, 2, ORIGINS, FIRMS), PLACES.region.size
    running = Running(np.zeros((pairs + SPARE, 2)), np.bincount(rows.cell, rows.volume, 2).astype(float))
    for n in np.setdiff1d(np.flatnonzero((rows.status == SERVED) & (rows.pair >= 0)), active.row):
        running.held[rows.pair[n]] += rows.tasks[n], rows.volume[n]
    tally(rows, running, active, PLACES, out)
    return out


@pytest.mark.parametrize(
    ("row", "start", "fresh", "to", "asked", "arrived", "held"),
    [
        ((2.0, 3.0, 0, 0, SERVED), 0, 1, 0, 3.0, 3.0, 2.0),
        ((2.0, 5.0, 0, 1, SERVED), 0, 1, 1, 3.0, 10.0, 2.0),
        ((2.0, 2.0, 0, OUTSIDE, SERVED), 0, 1, FIRMS + TO_OUTSIDE, 3.0, 0.0, 0.0),
        ((2.0, 0.0, 0, 0, WAITING), 0, 1, FIRMS + TO_WAITING, 3.0, 0.0, 0.0),
        ((2.0, 0.0, 0, 0, LOST), 0, 1, FIRMS + TO_LOST, 3.0, 0.0, 0.0),
        ((2.0, 0.0, 0, 0, LOST), 0, 0, FIRMS + TO_EXPIRED, 3.0, 0.0, 0.0),
    ],
    ids=["at home", "elsewhere", "outside", "waits", "lost", "expired"],
)
def test_each_way_to_end(
    row: tuple[float, float, int, int, int], start: int, fresh: int, to: int, asked: float, arrived: float, held: float
) -> None:
    out = _counted(_rows(row), _active((0, start, fresh)))
    expected = np.zeros((2, ORIGINS, FIRMS + ENDS))
    expected[0, 0, to] = asked
    np.testing.assert_allclose(out.diverted, expected)
    np.testing.assert_allclose(out.arrived, expected / asked * arrived)
    assert out.chosen[0, 0] == asked
    assert out.held.tolist() == [held, 0.0]
    assert out.volume.tolist() == [2.0, 0.0]


def test_running_contracts_are_first_choices_and_lose_what_the_pool_cannot_give() -> None:
    out = _counted(_rows((1.0, 5.0, 1, 2, SERVED)), _active())
    assert out.chosen[1, 3] == 20.0
    assert out.diverted[1, 3, 1] == out.arrived[1, 3, 1] == 15.0
    assert out.diverted[1, 3, FIRMS + TO_LOST] == 5.0
    assert out.diverted.sum() == 20.0
    assert out.held.tolist() == [0.0, 1.0]


def test_own_cards_and_lost_workloads_that_did_not_choose_count_as_tasks_only() -> None:
    out = _counted(_rows((3.0, 3.0, 0, OUTSIDE, SERVED), (4.0, 0.0, 1, 2, LOST)), _active())
    assert out.volume.tolist() == [3.0, 4.0]
    assert not out.diverted.any()
    assert not out.held.any()


def test_taking_out_leaves_zero() -> None:
    rows = _rows((2.0, 3.0, 0, 0, SERVED), (2.0, 5.0, 0, 1, SERVED))
    out = _counted(rows, _active((0, 0, 1), (1, 0, 1)))
    found = taken_out(out)
    assert found.place.tolist() == [0, 1]
    assert found.asked.tolist() == [3.0, 3.0]
    assert found.arrived.tolist() == [3.0, 10.0]
    assert not any(column.any() for column in out)
