"""From area of silicon to good dies: dies on a wafer, defects that fall with experience, yield (B4)."""

import math

from sim.compiled import compiled, inlined

WAFER_RADIUS_MM = 150.0
LARGEST_DIE_MM2 = 858.0
"""Field of a lithography tool, 26 x 33 mm: a larger area of logic is cut into dies."""
LEAST_USE = 0.4
"""Of a wafer, by packages so large that the formula for its edge no longer holds."""
PACKAGE_MARGIN = 1.15
"""Area of a package over that of the dies and stacks on it."""
STACK_MM2 = 110.0
"""Footprint of a stack of high-bandwidth memory."""


@inlined
def dies_per_wafer(area: float) -> float:
    """Return dies of an area (mm2) on a 300 mm wafer: ``pi r^2 / A - pi 2r / sqrt(2 A)``.

    The second term is what the edge costs; it is bounded, as the formula puts nothing on a wafer from 11,000 mm2 on.
    """
    whole = math.pi * WAFER_RADIUS_MM**2 / area
    return max(whole - math.pi * 2.0 * WAFER_RADIUS_MM / math.sqrt(2.0 * area), LEAST_USE * whole)


@inlined
def good_fraction(area: float, defects: float, clustering: float) -> float:
    """Return the yield of dies, negative binomial (Stapper): ``(1 + A D / a)^-a``; A in mm2, D per cm2."""
    good: float = (1.0 + area / 100.0 * defects / clustering) ** -clustering
    return good


@inlined
def defect_density(first: float, least: float, exponent: float, experience: float) -> float:
    """Return defects per cm2: ``D_min + (D_0 - D_min) x^-b``, x being experience over that of the reference."""
    density: float = least + (first - least) * experience**-exponent
    return density


@inlined
def dies_of(area: float) -> float:
    """Return the number of equal dies that an area of logic (mm2) is cut into."""
    return math.ceil(area / LARGEST_DIE_MM2 - 1e-9)


@compiled
def wafers_per_card(area: float, defects: float, clustering: float) -> float:
    """Return wafers of logic per card: its dies over the good dies of a wafer.

    Args:
        area: of logic, mm2.
        defects: per cm2.
        clustering: a.
    """
    dies = dies_of(area)
    return dies / (dies_per_wafer(area / dies) * good_fraction(area / dies, defects, clustering))


@compiled
def packaging_per_card(area: float, stacks: float) -> float:
    """Return wafers of advanced packaging per card; none without high-bandwidth memory.

    Args:
        area: of logic, mm2.
        stacks: of memory.
    """
    if stacks <= 0.0:
        return 0.0
    return 1.0 / dies_per_wafer(PACKAGE_MARGIN * (area + stacks * STACK_MM2))
