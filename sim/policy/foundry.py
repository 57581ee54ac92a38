"""Which cards foundries may not make, and what that leaves a maker of its wafers (B5). K makers, V cards."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import sum_by
from sim.parameters.instruments import FoundryRule
from sim.parameters.suppliers import Chip

if TYPE_CHECKING:
    from sim.structure import Structure


def caught(rule: FoundryRule, structure: "Structure") -> Bools:
    """Return whether a rule catches each card (V,): by its maker, and by process and transistors of its logic."""
    makers = structure.parameters.suppliers
    named = [
        name not in rule.approved and maker.headquarters in rule.headquarters and maker.upstream in rule.sides
        for name, maker in makers.items()
    ]
    fine = [_fine(rule, chip) for chip in structure.catalogue.values()]
    return np.array(named, dtype=np.bool_)[structure.chip_supplier] & np.array(fine, dtype=np.bool_)


def _fine(rule: FoundryRule, chip: Chip) -> bool:
    """Return whether a card's logic is fine and large enough to be presumed an advanced computing chip."""
    process, count = chip.process_nm, chip.transistors_bn
    least = rule.transistors_bn if chip.memory_stacks > 0.0 else rule.transistors_bn_without_memory
    by_process = rule.process_nm is None or process is None or process <= rule.process_nm
    return by_process and (least is None or count is None or count >= least)


def closed_cards(rules: Iterable[tuple[FoundryRule, float]], structure: "Structure") -> Floats:
    """Return the part of the wafers of every card that foundries do not serve (V,), ``rules`` with their strengths."""
    open_ = np.ones(len(structure.chips))
    for rule, strength in rules:
        open_ *= _served(rule, strength, caught(rule, structure))
    return 1.0 - open_


def closed_in_turn(
    rules: Iterable[tuple[str, FoundryRule, float | Floats]], cards: Mapping[str, Bools]
) -> dict[str, Floats]:  # fmt: skip
    """Return what each rule, by id and with its strength, closes of what those before it leave (V,).

    Together that is ``closed_cards``. ``cards`` are those that each rule catches (V,), by its id. Of several quarters
    (T, V), with strengths (T, 1).
    """
    open_, closed = np.ones(1), dict[str, Floats]()
    for name, rule, strength in rules:
        left = open_ * _served(rule, strength, cards[name])
        closed[name], open_ = open_ - left, left
    return closed


def _served(rule: FoundryRule, strength: float | Floats, cards: Bools) -> Floats:
    """Return the part of the wafers of every card that foundries serve under a rule that catches some (V,)."""
    return np.asarray(1.0 - cards * (1.0 - rule.access) * strength, dtype=np.float64)


def access_left(closed: Floats, wafers: Floats, maker: Ints, makers: int) -> Floats:
    """Return the part of its wafers that foundries may serve, by maker (K,); 1 for who orders none.

    Args:
        closed: (V,) part that is closed.
        wafers: (V,) that orders of every card take.
        maker: (V,) maker of each card.
        makers: K.
    """
    total, lost = (sum_by(maker, x, makers) for x in (wafers, wafers * closed))
    return 1.0 - np.divide(lost, total, out=np.zeros(makers), where=total > 0.0)
