"""Linear systems, acceleration of fixed points, elementary functions: against numpy and the standard library."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.economics.acceleration import WINDOW, accelerated
from sim.economics.elementary import exp, log, part_of, power
from sim.economics.elimination import solve_linear
from sim.economics.powers import fill_powers

Floats = NDArray[np.float64]
seeds = st.integers(0, 2**32 - 1)


@given(st.integers(1, 12), seeds)
def test_linear_systems_of_leading_rows_and_columns(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, right = rng.normal(size=(size + 2, size + 2)), rng.normal(size=size + 2)
    expected = np.linalg.solve(matrix[:size, :size], right[:size])
    np.testing.assert_allclose(solve_linear(matrix, right, size), expected, rtol=1e-5, atol=1e-9)


def test_a_zero_on_the_diagonal_is_no_obstacle() -> None:
    assert solve_linear(np.array([[0.0, 2.0], [4.0, 0.0]]), np.array([6.0, 4.0]), 2).tolist() == [1.0, 3.0]


def test_pivots_are_the_largest_so_small_ones_do_no_harm() -> None:
    found = solve_linear(np.array([[1e-20, 1.0], [1.0, 1.0]]), np.array([1.0, 2.0]), 2)
    np.testing.assert_allclose(found, [1.0, 1.0], rtol=1e-15)


def distances(matrix: Floats, rounds: int) -> Floats:
    """Return how far from the fixed point of ``x -> matrix x + 1`` accelerated rounds have come."""
    size = matrix.shape[0]
    fixed = np.linalg.solve(np.eye(size) - matrix, np.ones(size))
    images, residuals, x = np.zeros((WINDOW, size)), np.zeros((WINDOW, size)), np.zeros(size)
    out = []
    for done in range(rounds):
        x = accelerated(x, matrix @ x + 1.0, images, residuals, done)
        out.append(np.abs(x - fixed).max() / np.abs(fixed).max())
    return np.array(out)


def contraction(size: int, radius: float) -> Floats:
    """Return a symmetric matrix with eigenvalues spread up to ``radius``."""
    turn, _ = np.linalg.qr(np.random.default_rng(size).normal(size=(size, size)))
    return np.asarray(turn @ np.diag(np.linspace(-0.5, radius, size)) @ turn.T)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_an_affine_map_takes_one_round_more_than_its_dimension(size: int) -> None:
    """Anderson acceleration is GMRES on affine maps (Walker and Ni 2011), while the window holds all steps."""
    far = distances(contraction(size, 0.9), size + 3)
    assert far[size - 1] > 1e-3
    assert far[size + 1] < 1e-6


def test_a_slow_map_gets_there_much_sooner() -> None:
    """Thirty plain rounds at 0.98 leave 0.98^30 = 55% of the distance."""
    assert distances(contraction(30, 0.98), 30)[-1] < 0.05


def test_without_a_past_the_next_point_is_the_image() -> None:
    memory = np.full((WINDOW, 2), 7.0)
    assert accelerated(np.array([1.0, 2.0]), np.array([3.0, 5.0]), memory, memory.copy(), 0).tolist() == [3.0, 5.0]


@given(st.lists(st.floats(-700.0, 700.0), min_size=1))
def test_exponentials(values: list[float]) -> None:
    np.testing.assert_allclose(exp(np.array(values)), [math.exp(x) for x in values], rtol=1e-15)


@given(st.lists(st.floats(1e-300, 1e300), min_size=1))
def test_logarithms(values: list[float]) -> None:
    np.testing.assert_allclose(log(np.array(values)), [math.log(x) for x in values], rtol=1e-15, atol=1e-16)


@given(st.lists(st.floats(1e-300, 1e300), min_size=1), st.floats(-1.0, 1.0))
def test_powers_without_calls(values: list[float], exponent: float) -> None:
    found = np.empty(len(values))
    fill_powers(np.array(values), exponent, found)
    np.testing.assert_allclose(found, [x**exponent for x in values], rtol=1e-12)


@pytest.mark.parametrize(("exponent", "large", "small"), [(1.5, math.inf, 0.0), (-1.5, 0.0, math.inf)])
def test_a_power_of_zero_is_nothing_and_extreme_ones_overflow(exponent: float, large: float, small: float) -> None:
    found = np.empty(3)
    fill_powers(np.array([0.0, 1e300, 1e-300]), exponent, found)
    assert found.tolist() == [0.0, large, small]


def test_shapes_are_kept_and_zero_has_a_logarithm() -> None:
    table = np.array([[1.0, 2.0, 4.0], [0.0, 1.0, math.e]]).T
    assert log(table).shape == exp(table).shape == (3, 2)
    assert log(table)[:, 1].tolist() == [-math.inf, 0.0, 1.0]
    np.testing.assert_allclose(power(table[:, 0], 0.5), np.sqrt(table[:, 0]), rtol=1e-15)
    np.testing.assert_allclose(power(table[:, 0], np.array([0.0, 1.0, -2.0])), [1.0, 2.0, 1.0 / 16.0], rtol=1e-15)


def test_the_part_of_nothing_is_nothing() -> None:
    assert part_of(np.array([[1.0, 2.0, 0.0]]), np.array([[4.0, 0.0, 3.0]])).tolist() == [[0.25, 0.0, 0.0]]
