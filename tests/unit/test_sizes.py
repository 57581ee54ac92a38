"""Sizes of enterprises: stratified quantiles of a capped Pareto tail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.sizes import effective_number, enterprise_sizes

counts = st.integers(1, 500)
tails = st.floats(0.6, 4.0)
caps = st.floats(0.001, 1.0)


@given(counts, tails, caps)
def test_shares_add_up_descend_and_stay_below_the_cap(count: int, tail: float, cap: float) -> None:
    shares = enterprise_sizes(count, tail, cap)
    assert shares.size == count
    assert shares.sum() == pytest.approx(1.0, rel=1e-9)
    assert (shares > 0.0).all()
    assert (np.diff(shares) <= 1e-15).all()
    assert shares.max() <= max(cap, 1.0 / count) * (1.0 + 1e-9)


@given(counts, tails, caps)
def test_sizes_below_the_cap_keep_the_proportions_of_the_tail(count: int, tail: float, cap: float) -> None:
    shares = enterprise_sizes(count, tail, cap)
    free = shares < min(cap, 1.0) * (1.0 - 1e-9)
    if count * cap > 1.0 and free.sum() > 1:
        quantiles = ((np.arange(count) + 0.5) / count) ** (-1.0 / tail)
        ratio = shares[free] / quantiles[free]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
        assert free.all() or ratio[0] > 1.0 / quantiles.sum()


def test_where_the_cap_leaves_no_room_all_are_equal() -> None:
    assert enterprise_sizes(50, 1.1, 0.02).tolist() == [0.02] * 50
    assert enterprise_sizes(50, 1.1, 0.001).tolist() == [0.02] * 50
    assert enterprise_sizes(0, 1.1, 0.01).size == 0


def test_effective_numbers() -> None:
    assert effective_number(np.full(8, 0.125)) == 8.0
    assert effective_number(np.array([0.5, 0.25, 0.25])) == pytest.approx(1.0 / 0.375)
    assert effective_number(np.zeros(0)) == 0.0


def test_the_cap_keeps_two_thousand_enterprises_from_being_a_few() -> None:
    """MODEL B0: a plain Pareto draw of tail about 1 leaves some 34 effective firms of 2,000; a cap of 1% many more."""
    assert effective_number(enterprise_sizes(2000, 1.1, 1.0)) < 60.0
    assert effective_number(enterprise_sizes(2000, 1.1, 0.01)) > 150.0
