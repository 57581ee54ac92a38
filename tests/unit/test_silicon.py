"""Dies on a wafer, yield, and what a card takes of wafers and packaging (MODEL.md B4)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.silicon import (
    LARGEST_DIE_MM2,
    defect_density,
    dies_of,
    dies_per_wafer,
    good_fraction,
    packaging_per_card,
    wafers_per_card,
)

areas = st.floats(10.0, 5000.0)


def test_dies_of_a_size_in_print() -> None:
    """An H100 die of 814 mm2: 63 on a wafer."""
    assert dies_per_wafer(814.0) == pytest.approx(math.pi * 150**2 / 814 - math.pi * 300 / math.sqrt(1628), rel=1e-12)
    assert dies_per_wafer(814.0) == pytest.approx(63.5, abs=0.1)


@pytest.mark.parametrize(("good", "defects"), [(0.20, 0.37), (0.35, 0.21), (0.50, 0.12), (0.60, 0.09)])
def test_reported_yields_at_666_mm2(good: float, defects: float) -> None:
    assert good_fraction(666.0, defects, 2.0) == pytest.approx(good, abs=0.02)


@given(areas, st.floats(0.0, 5.0))
def test_yield_is_that_of_poisson_where_defects_do_not_cluster(area: float, defects: float) -> None:
    assert good_fraction(area, defects, 1e7) == pytest.approx(math.exp(-area / 100.0 * defects), rel=1e-3, abs=1e-9)
    assert good_fraction(area, 0.0, 2.0) == 1.0


@given(st.floats(0.01, 5.0), st.floats(0.0, 1.0), st.floats(0.0, 2.0), st.floats(1.0, 1e4))
def test_defects_fall_from_the_first_to_the_least(first: float, part: float, b: float, more: float) -> None:
    least = first * part
    assert defect_density(first, least, b, 1.0) == pytest.approx(first, rel=1e-12)
    assert least <= defect_density(first, least, b, more) <= first * (1.0 + 1e-12)


@given(areas, st.floats(0.0, 2.0))
def test_a_card_takes_more_of_a_wafer_the_larger_it_is_and_the_more_defects(area: float, defects: float) -> None:
    taken = wafers_per_card(area, defects, 2.0)
    assert taken >= area / (math.pi * 150**2)
    assert wafers_per_card(area, defects + 0.1, 2.0) > taken
    assert dies_of(area) == math.ceil(area / LARGEST_DIE_MM2)


@given(areas, st.floats(1.0, 32.0))
def test_packages_with_more_stacks_take_more_and_cards_without_take_none(area: float, stacks: float) -> None:
    assert packaging_per_card(area, 0.0) == 0.0
    assert packaging_per_card(area, stacks + 1.0) > packaging_per_card(area, stacks) > 0.0
