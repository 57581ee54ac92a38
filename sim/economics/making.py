"""What the deliveries of a quarter teach their makers: experience, yield, what a card takes, unit cost (B4)."""

from typing import NamedTuple

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints
from sim.economics.chip_costs import needs_at_yield, unit_costs
from sim.economics.learning import experience_with_spillovers


class Technique(NamedTuple):
    """What never changes about cards and how they are made. K makers, V chips, Z sides; 3 stages."""

    area: Floats
    """(V,) of logic, mm2."""
    perfect: Floats
    """(V, 3) what a card takes of every stage if every die is good."""
    die: Floats
    """(V,) area of its dies, mm2."""
    maker: Ints
    """(V,) maker of each card."""
    side: Ints
    """(K,) side of each maker."""
    near: Floats
    """(K,) share of others' experience on the same side."""
    far: Floats
    """(K,) share of others' experience on other sides."""
    reference: Floats
    """(K,) experience at the end of history, that of others included."""
    first: Floats
    """(Z,) defects per cm2 at the reference."""
    least: Floats
    """(Z,) of a mature process."""
    exponent: Floats
    """(Z,) of their fall with experience."""
    clustering: Floats
    """(Z,) of defects."""
    price: Floats
    """(Z, 3) of a unit of each stage at the reference, USD."""
    price_growth: Floats
    """(Z, 3) log per quarter."""
    test: Floats
    """(Z,) USD per card."""
    learning: Floats
    """(K,) b of Wright's law."""
    overhead: Floats
    """(V,) cost over the bill."""


@compiled
def learn(
    technique: Technique, cards: Floats, ahead: float, experience: Floats, needs: Floats, good: Floats, cost: Floats
) -> None:
    """Add the silicon of new cards to experience; yield, needs and unit cost follow.

    Args:
        technique: what never changes.
        cards: (V,) delivered.
        ahead: quarters since the reference.
        experience: (K,) mm2 made so far; changed.
        needs: (V, 3) filled.
        good: (V,) yield, filled.
        cost: (V,) USD per card, filled.
    """
    for v in range(cards.size):
        experience[technique.maker[v]] += cards[v] * technique.area[v]
    relative = experience_with_spillovers(experience, technique.side, technique.near, technique.far)
    relative /= technique.reference
    needs_at_yield(
        technique.perfect, technique.die, technique.maker, technique.side, relative, technique.first, technique.least,
        technique.exponent, technique.clustering, needs, good,
    )  # fmt: skip
    unit_costs(
        needs, technique.price, technique.price_growth, ahead, technique.test, technique.maker, technique.side,
        relative, technique.learning, technique.overhead, cost,
    )  # fmt: skip
