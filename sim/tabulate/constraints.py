"""What keeps a site from serving more: demand, money, cards and the stage upstream that limits them, or halls (B9)."""

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.economics.folding import folded
from sim.economics.upstream import MEMORY, PACKAGING, WAFERS
from sim.reasons import Constraint
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Strings, strings

SLIGHT = 1e-6
"""Share of what was asked for that counts as nothing."""
FREE = 0.1
"""Share of power without cards from which on slots count as free: a quarter's deliveries are on their way."""
STAGES = ((MEMORY, Constraint.MEMORY), (PACKAGING, Constraint.PACKAGING), (WAFERS, Constraint.WAFERS))


def binding(facts: Facts, capacity: Floats, full: Floats) -> Strings:
    """Return what limits service at every site, quarter by quarter; null without capacity.

    Args:
        facts: of the run.
        capacity: (T, S) inference hours.
        full: (T, S) of these, in pools that are full.
    """
    record, power = facts.record, facts.fleets.power_mw
    observed = np.arange(record.quarters)[:, None] < facts.structure.history
    refused, stage = _refused(facts)
    causes: tuple[tuple[Bools, str | None], ...] = (
        (capacity <= 0.0, None),
        (full < 0.5 * capacity, Constraint.DEMAND.code),
        (record["cash_limit"] < 1.0 - SLIGHT, Constraint.CASH.code),
        (_cut(facts), Constraint.PATIENCE.code),
        *((refused & ~observed & (stage == limit), cause.code) for limit, cause in STAGES),
        (observed | refused, Constraint.CARDS.code),
        (power > (1.0 - FREE) * record["energised_mw"], Constraint.MW.code),
        (_closed(facts), Constraint.LICENCE.code),
    )
    names = strings([*(code for _, code in causes), Constraint.DEMAND.code])
    held = [*(found for found, _ in causes), np.ones(capacity.shape, np.bool_)]
    chosen: Strings = names[np.argmax(held, axis=0).reshape(-1)]
    return chosen


def _refused(facts: Facts) -> tuple[Bools, Floats]:
    """Return (T, S) whether orders were not met, and what limits the maker that refused most, see ``upstream``."""
    record, structure = facts.record, facts.structure
    short = facts.fleets.refused_h100e
    asked = (record["ordered"] * structure.chip_h100e).sum(axis=2)
    maker = folded(short, structure.chip_supplier, len(structure.suppliers)).argmax(axis=2)
    return short.sum(axis=2) > SLIGHT * asked, np.take_along_axis(record["limit"], maker, axis=1)


def _closed(facts: Facts) -> Bools:
    """Return (T, S) whether rules closed cards that would have been ordered."""
    h100e, sites = facts.structure.chip_h100e, len(facts.structure.sites)
    denied, ordered = (
        (x * h100e).sum(axis=2) for x in (facts.record["denied"][:, :sites], facts.record["ordered"])
    )  # fmt: skip
    return np.asarray(denied > SLIGHT * (denied + ordered))


def _cut(facts: Facts) -> Bools:
    """Return (T, S) whether owners cut what is wanted in the quarter, which they do at the end of the one before."""
    appetite = facts.record["appetite"][:, facts.structure.site_provider]
    before = np.ones_like(appetite)
    before[1:] = appetite[:-1]
    return np.asarray(before < 1.0)
