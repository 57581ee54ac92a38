"""The block in which the columns of the state lie."""

import numpy as np

from sim import ComputeMarket
from sim.parameters import Parameters
from sim.state import RECORDED, shapes_of, views


def test_columns_lie_one_after_another_in_a_block() -> None:
    block = np.arange(14.0).reshape(2, 7)
    columns = views(block, {"a": (3,), "b": (2, 2)})
    assert columns["a"].tolist() == [[0.0, 1.0, 2.0], [7.0, 8.0, 9.0]]
    assert columns["b"].tolist() == [[[3.0, 4.0], [5.0, 6.0]], [[10.0, 11.0], [12.0, 13.0]]]
    columns["b"][1, 0, 0] = -1.0
    assert block[1, 3] == -1.0


def test_phases_leave_columns_in_their_block_and_records_hold_them(baseline: Parameters) -> None:
    model = ComputeMarket(baseline)
    model.step()
    state = model.world.state
    for name, shape in shapes_of(model.world.structure).items():
        column = getattr(state, name)
        assert column.shape == shape
        assert column.size == 0 or np.shares_memory(column, state.block), f"{name} was set anew instead of changed"
    for name in RECORDED:
        assert np.array_equal(model.record[name][0], getattr(state, name))
