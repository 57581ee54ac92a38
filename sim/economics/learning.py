"""Learning by doing: experience with what others' is worth, and Wright's law (Nagy et al. 2013; B4)."""

import math

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints


def learning_exponent(rate: float) -> float:
    """Return b of Wright's law from the fall of cost per doubling: ``-log2(1 - rate)`` (20%: 0.32193)."""
    return -math.log2(1.0 - rate)


@inlined
def wright(experience: float, exponent: float) -> float:
    """Return unit cost over that of the reference: ``x^-b``, x being experience over that of the reference."""
    ratio: float = experience**-exponent
    return ratio


@compiled
def experience_with_spillovers(own: Floats, side: Ints, near: Floats, far: Floats) -> Floats:
    """Return the experience that counts (K,): own, and shares of that of others on the same side and abroad.

    Args:
        own: (K,) cumulative output.
        side: (K,) side of each maker.
        near: (K,) share of others' experience on the same side.
        far: (K,) share of others' experience on other sides.
    """
    out = own.copy()
    for k in range(own.size):
        for other in range(own.size):
            if other != k:
                out[k] += own[other] * (near[k] if side[other] == side[k] else far[k])
    return out


@compiled
def add_by_maker(cards: Floats, each: Floats, maker: Ints, out: Floats) -> None:
    """Add cards (n, V) times a quantity per card (V,), such as area of silicon, to that of their makers (K,)."""
    for x in range(cards.shape[0]):
        for v in range(each.size):
            out[maker[v]] += cards[x, v] * each[v]
