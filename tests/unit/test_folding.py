"""Sums by group and by range, against plain numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.folding import folded, range_sums, with_sum

shapes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))


@given(shapes, st.integers(-3, 2), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_sums_by_group_along_any_axis(shape: tuple[int, int, int], axis: int, groups: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, group = rng.normal(size=shape), rng.integers(0, groups, shape[axis])
    expected = np.zeros((groups, *np.moveaxis(values, axis, 0).shape[1:]))
    np.add.at(expected, group, np.moveaxis(values, axis, 0))
    np.testing.assert_allclose(folded(values, group, groups, axis), np.moveaxis(expected, 0, axis), atol=1e-14)


def test_a_group_without_elements_is_zero_and_views_are_read_in_their_own_order() -> None:
    values = np.arange(6.0).reshape(2, 3).T
    assert folded(values, np.array([0, 2, 0]), 3, axis=0).tolist() == [[2.0, 8.0], [0.0, 0.0], [1.0, 4.0]]


def test_equal_sums_whatever_else_is_added_up_beside_them() -> None:
    rng = np.random.default_rng(1)
    values, group = rng.lognormal(sigma=9.0, size=(500, 7)), rng.integers(0, 3, 500)
    together = folded(values, group, 3, axis=0)
    alone = np.stack([folded(values[:, n].copy(), group, 3) for n in range(7)], axis=1)
    assert (together == alone).all()


@pytest.mark.parametrize(("first", "after", "expected"), [(0, 4, 10.0), (1, 3, 5.0), (2, 2, 0.0), (3, 1, 0.0)])
def test_sums_over_ranges(first: int, after: int, expected: float) -> None:
    values = np.array([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]])
    assert range_sums(values, np.array([first]), np.array([after])).tolist() == [[expected], [10.0 * expected]]


def test_sums_stand_behind_their_parts() -> None:
    values = np.array([[[1.0, 2.0], [10.0, 20.0]], [[3.0, np.nan], [30.0, 5.0]]])
    expected = np.array([[[1.0, 2.0], [10.0, 20.0], [11.0, 22.0]], [[3.0, np.nan], [30.0, 5.0], [33.0, np.nan]]])
    np.testing.assert_array_equal(with_sum(values), expected)
