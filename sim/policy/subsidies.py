"""What governments pay of the costs of sites (B5). R regions, V cards."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.economics.cells import Floats
from sim.parameters.instruments import Subsidy
from sim.policy.chip_rules import made_there

if TYPE_CHECKING:
    from sim.structure import Structure


class Support(NamedTuple):
    """Parts that governments pay in a quarter."""

    power: Floats
    """(R, V) of the electricity of a card."""
    cards: Floats
    """(R, V) of the price of a new card and its server."""
    capital: Floats
    """(R,) of all capital expenditure."""


def support(rules: Iterable[tuple[Subsidy, float]], structure: "Structure", origins: Sequence[str]) -> Support:
    """Return what governments pay, each of what the others leave.

    Args:
        rules: each with its strength over the quarter.
        structure: the entities.
        origins: (V,) regions of the headquarters of makers.
    """
    shape = (len(structure.regions), len(structure.chips))
    out = Support(np.zeros(shape), np.zeros(shape), np.zeros(shape[0]))
    for rule, strength in rules:
        there = np.array([region in rule.regions for region in structure.regions], dtype=np.bool_)
        mine = np.outer(there, made_there(rule.makers, origins))
        out.power[:] += (1.0 - out.power) * mine * (rule.power * strength)
        out.cards[:] += (1.0 - out.cards) * mine * (rule.cards * strength)
        out.capital[:] += (1.0 - out.capital) * there * (rule.capital * strength)
    return out
