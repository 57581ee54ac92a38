"""Books: straight line, purchases and write-offs add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.depreciation import CARDS, SHELLS, keep_books, left

PROVIDER = np.array([0, 0, 1])
LIFE = np.array([4.0, 10.0])
OPENING_AGE = 2


def test_a_purchase_is_gone_after_its_life() -> None:
    assert [left(age, 4.0) for age in (0, 1, 4, 9)] == [1.0, 0.75, 0.0, 0.0]


@given(st.lists(st.floats(0.0, 1e4), min_size=6, max_size=6), st.floats(0.0, 1e4))
def test_assets_move_by_purchases_less_depreciation(spent: list[float], opening: float) -> None:
    quarters = 14
    bought = np.zeros((3, 2, quarters + 1))
    bought[:, :, 0] = opening
    assets, written = np.empty(2), np.empty(2)
    before = np.array([2.0, 1.0]) * opening * (left(OPENING_AGE, LIFE[0]) + left(OPENING_AGE, LIFE[1]))
    for t in range(quarters):
        cards, shells = (np.array(x if t < 3 else [0.0] * 3) for x in (spent[:3], spent[3:]))
        keep_books(bought, cards, shells, PROVIDER, LIFE, t, OPENING_AGE, assets, written)
        capex = np.bincount(PROVIDER, cards + shells, 2)
        np.testing.assert_allclose(assets, before + capex - written, rtol=1e-9, atol=1e-6)
        before = assets.copy()
    assert assets == pytest.approx([0.0, 0.0], abs=1e-6)


def test_what_is_bought_depreciates_from_the_next_quarter_on() -> None:
    bought, assets, written = np.zeros((3, 2, 9)), np.empty(2), np.empty(2)
    keep_books(bought, np.array([8.0, 0.0, 0.0]), np.array([0.0, 20.0, 0.0]), PROVIDER, LIFE, 0, 2, assets, written)
    assert (bought[0, CARDS, 1], bought[1, SHELLS, 1]) == (8.0, 20.0)
    assert (assets.tolist(), written.tolist()) == ([28.0, 0.0], [0.0, 0.0])
    keep_books(bought, np.zeros(3), np.zeros(3), PROVIDER, LIFE, 1, 2, assets, written)
    assert [*assets, *written] == pytest.approx([24.0, 0.0, 4.0, 0.0])
