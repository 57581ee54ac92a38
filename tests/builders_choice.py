"""Menus, workloads and quarters of service for tests of choice and rationing."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import NESTS
from sim.economics.choice import Menu
from sim.economics.rationing import LOTTERY, allocate
from sim.economics.service import (
    SPARE,
    Active,
    Running,
    Seasons,
    Terms,
    account,
    contracted,
    decide,
    settle,
    sign,
)
from sim.economics.stable import nest_shock_table
from sim.economics.workloads import NEW, ON_DEMAND, UNSET, Customers, Workloads, keys_of_rows
from sim.names import key_of
from sim.randomness import Decision, keys_of_members, season

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOWHERE = -700.0
"""Utility of an outside option that nobody takes."""


def menu(
    weights: Sequence[Sequence[float]], *, rho: float = 0.0, outside: float = 0.0,
    providers: Sequence[int] | None = None, lanes: Sequence[int] | None = None, need: Sequence[float] | None = None,
    names: Sequence[int] | None = None,
) -> Menu:  # fmt: skip
    """Return what one cell of customers chooses from.

    Args:
        weights: w of the products of each nest.
        rho: dissimilarity.
        outside: utility of the outside option.
        providers: of each product, by default its own.
        lanes: of each product, by default the inference lane of its provider's pool.
        need: hours per unit of volume.
        names: numbers that stand for the products' names.
    """
    sizes = [len(nest) for nest in weights]
    assert len(sizes) == NESTS
    count = sum(sizes)
    owner = np.array(range(count) if providers is None else providers, dtype=np.int64)
    keys = np.array([key_of("product", str(n)) for n in (range(count) if names is None else names)], dtype=np.uint64)
    return Menu(
        np.cumsum([0, *sizes]).astype(np.int64), owner, keys,
        np.array([1.0 / w if w > 0.0 else np.inf for nest in weights for w in nest]),
        np.array([1.0] * count if need is None else need),
        2 * owner + 1 if lanes is None else np.array(lanes, np.int64), np.array([outside]), nest_shock_table(rho),
        1.0 - rho,
    )  # fmt: skip


def without(full: Menu, gone: int) -> Menu:
    """Return a menu without one of its products."""
    keep = np.arange(full.key.size) != gone
    return full._replace(
        start=full.start - (full.start > gone), provider=full.provider[keep], key=full.key[keep],
        inverse_weight=full.inverse_weight[keep], need=full.need[keep], lane=full.lane[keep],
    )  # fmt: skip


def nested_logit(offered: Menu, incumbent: int = -1, kappa: float = 0.0, outside_boost: float = 0.0) -> Floats:
    """Return choice probabilities by the textbook formula (K + 1,), the last is the outside option."""
    weight = np.exp(kappa * (offered.provider == incumbent)) / offered.inverse_weight
    reach = np.array([weight[offered.start[g] : offered.start[g + 1]].sum() for g in range(NESTS)])
    nest = np.repeat(np.arange(NESTS), np.diff(offered.start))
    here = np.exp(offered.outside[0] + outside_boost)
    inclusive = np.array([d**offered.slack if d > 0.0 else 0.0 for d in reach])
    share = weight / reach[nest] * inclusive[nest] / (here + inclusive.sum())
    return np.append(share, here / (here + inclusive.sum()))


def customers(count: int, *, group: int = 1, regions: int = 1) -> Customers:
    """Return enterprises of one taste, some of them bound to their region."""
    n = np.arange(count)
    return Customers(
        keys_of_members(np.uint64(group), count), (n % regions).astype(np.int16), np.zeros(count, np.int16),
        (n % 2).astype(np.int8), (n % 3 == 0).astype(np.int8), np.full(count, 1.0 / max(count, 1)),
    )  # fmt: skip


def workloads(volume: Floats, *, group: int = 1) -> Workloads:
    """Return new workloads of the only cell, one row each."""
    size = volume.size
    return Workloads(
        keys_of_rows(keys_of_members(np.uint64(group), size), 1), volume.copy(), np.zeros(size), np.zeros(size),
        np.zeros(size, np.int32), np.full(size, UNSET, np.int32), np.full(size, NEW, np.int8),
        np.full(size, ON_DEMAND, np.int8), np.full(size, -1, np.int16), np.zeros(size, np.int8),
    )  # fmt: skip


CELLS = 4
"""Base cells that terms are for, at least as many as any menu has."""
TERMS = Terms(
    gift=np.ones((CELLS, 2, 2)), outside_boost=np.zeros((CELLS, 2)), one_year=np.full(CELLS, 0.3),
    three_year=np.full(CELLS, 0.2), maas_reserved=np.full(CELLS, 0.4), escalation=0.03,
    waiting_share=0.5, waiting_quarters=2, bid_ceiling=5.0,
)  # fmt: skip
"""Nobody is tied; half of those refused wait, at most two quarters."""


ELASTICITY = 3.0
"""a (1 - rho) of the cell, by which willingness in utility becomes a bid."""


def seasons(seed: int = 1, quarter: int = 0) -> Seasons:
    """Return the keys of a quarter."""
    decisions = (Decision.CHOICE, Decision.TERM, Decision.PRIORITY, Decision.WAITING)
    return Seasons(*(season(seed, decision, quarter) for decision in decisions))


class Accounts(NamedTuple):
    """What ``account`` and ``settle`` add up."""

    first: Floats
    unmet: Floats
    asked: Floats
    flow: Floats
    taken: Floats
    paid: Floats
    waiting: Floats
    outside: Floats


class Scene:
    """A quarter of service: one cell, every pair a product of its own, every pool one kind of card."""

    def __init__(
        self, offered: Menu, rows: Workloads, capacity: Sequence[tuple[float, float]], *, terms: Terms = TERMS,
        rule: int = LOTTERY, quarter: int = 0, service: Sequence[int] | None = None,
        load: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        self.menu, self.rows, self.terms, self.rule = offered, rows, terms, rule
        self.quarter, self.seasons = quarter, seasons(1, quarter)
        self.kinds = np.array(capacity, dtype=float)[:, None, :]
        self.load = np.zeros(2 * len(capacity)) if load is None else np.array(load, dtype=float)
        self.service = np.array([0] * offered.key.size if service is None else service, dtype=np.int64)
        self.product = np.arange(offered.key.size)
        self.posted = np.full(offered.key.size, 2.0)
        pairs = offered.key.size
        self.running = Running(np.zeros((pairs + SPARE, 2)), np.zeros(1))
        self.expiry = season(1, Decision.EXPIRY, quarter)
        self.free = contracted(rows, quarter, self.expiry, self.running)
        self.active: Active = decide(rows, self.free, offered, self.service, terms, self.seasons.choice)

    def ration(self) -> "Scene":
        """Allocate capacity."""
        allocate(
            self.rows, self.active, self.menu, self.service, self.terms, self.seasons, self.kinds, self.load, self.rule,
            np.full(1, ELASTICITY),
        )  # fmt: skip
        return self

    def sign(self) -> Accounts:
        """Add up the quarter and sign its contracts."""
        products = self.product.size
        region, ones = np.zeros(1, np.int64), np.ones(products)
        table = (1, products)
        found = Accounts(
            np.empty(table), np.empty(table), np.empty(1), np.empty((1, 5)), np.empty(table), np.empty(table),
            np.empty(table), np.empty(1),
        )  # fmt: skip
        account(
            self.rows, self.active, region, self.menu, self.product, found.first, found.unmet, found.asked, found.flow
        )
        sign(self.rows, self.active, self.service, self.product, self.posted, ones, self.terms, self.seasons.term)
        settle(
            self.rows, region, self.menu.start[::NESTS].copy(), self.product, self.menu.lane, ones, self.menu.need,
            self.menu.need, np.ones(self.kinds.shape[0]), found.taken, found.paid, found.waiting, found.outside,
        )  # fmt: skip
        return found
