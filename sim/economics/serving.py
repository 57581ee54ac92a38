"""A quarter of service to all workloads that choose: first choices, rationing, what is added up of them, signing.

The steps stand in ``service`` and ``rationing``.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints
from sim.economics.choice import Menu
from sim.economics.rationing import allocate
from sim.economics.service import Active, Terms, account, decide, seasons_of, sign
from sim.economics.workloads import Workloads
from sim.randomness import Words


class Where(NamedTuple):
    """What never changes of cells and pairs."""

    region: Ints
    """(B,) customer region of each base cell."""
    sensitivity: Floats
    """(B,) price coefficient between nests."""
    service: Ints
    """(K,) service and ``product`` of each pair."""
    product: Ints
    """(K,)"""


class Asked(NamedTuple):
    """What customers asked for in a quarter. R regions, J products."""

    first: Floats
    """(R, J) hours by first choice."""
    unmet: Floats
    """(R, J) fresh hours lost or newly waiting."""
    asked: Floats
    """(R,) fresh hours asked of providers."""
    flow: Floats
    """(R, 5) volumes asked, served, on premises, waiting, lost."""

    @classmethod
    def empty(cls, regions: int, products: int) -> "Asked":
        """Return columns to be filled."""
        by_product = (regions, products)
        return cls(np.empty(by_product), np.empty(by_product), np.empty(regions), np.empty((regions, 5)))


@compiled
def serve(
    rows: Workloads, free: Ints, menu: Menu, where: Where, terms: Terms, keys: Words, kinds: Floats, load: Floats,
    rule: int, posted: Floats, intensity: Floats, asked: Asked,
) -> Active:  # fmt: skip
    """Let free workloads choose, ration full pools, re-route, add up, and sign; return who chose what.

    Args:
        rows: changed in place.
        free: (m,) rows that no contract binds.
        menu: pairs on offer.
        where: where cells and pairs belong.
        terms: how customers contract and switch.
        keys: of (seed, decision, quarter), by the number of the decision.
        kinds: (L, N, 2) hours of every pool.
        load: (2 L,) hours in use by lane; changed.
        rule: of rationing.
        posted: (J,) posted prices.
        intensity: (K,) usage per unit of volume at the posted price.
        asked: filled.
    """
    seasons = seasons_of(keys)
    active = decide(rows, free, menu, where.service, terms, seasons.choice)
    allocate(rows, active, menu, where.service, terms, seasons, kinds, load, rule, where.sensitivity)
    account(rows, active, where.region, menu, where.product, asked.first, asked.unmet, asked.asked, asked.flow)
    sign(rows, active, where.service, where.product, posted, intensity, terms, seasons.term)
    return active
