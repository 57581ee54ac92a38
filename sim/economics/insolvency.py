"""A firm that cannot pay is wound up: who takes its cards and shells, and what is left for lenders and owners (B6).

Rare, so plain array operations but for who it is. S sites, n bidders, V chips. Money in USD m.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints

SMALLEST_DEBT = 1e-6
"""USD m: a shortfall below it is rounding."""


class Settlement(NamedTuple):
    """Where the proceeds of a firm that is wound up go."""

    credit: float
    """From banks: what they advance for unpaid bills, less what they get back."""
    written_off: float
    """Debt that is never repaid, advances included."""
    owners: float
    """What owners get."""


@compiled
def insolvent(cash: Floats, selling: Floats) -> Ints:
    """Return firms in business (``selling`` 1) whose ``cash`` (I,), USD m, is negative: nobody gave what was short."""
    return np.flatnonzero((cash < -SMALLEST_DEBT) & (selling > 0.0))


def settle_estate(cash: float, debt: float, proceeds: float) -> Settlement:
    """Return who gets what: unpaid bills come first (banks advance what is short), then debt, then owners."""
    left = cash + proceeds
    if left < 0.0:
        return Settlement(-left, debt - left, 0.0)
    repaid = min(left, debt)
    return Settlement(-repaid, debt - repaid, left - repaid)


def shares_of_bidders(price: float, budgets: Floats) -> Floats:
    """Return the share of an estate that each bidder takes (n,): the largest budget first, as far as it pays."""
    out, left = np.zeros(budgets.size), 1.0
    for bidder in np.argsort(-budgets, kind="stable"):
        out[bidder] = min(left, budgets[bidder] / price) if price > 0.0 else left
        left -= out[bidder]
    return out


def hand_over(columns: Sequence[Floats], site: int, takers: Ints, shares: Floats) -> None:
    """Move shares of everything at a site to other sites; what no share covers stays.

    Args:
        columns: arrays with the site as first axis; changed. Nothing is made or lost.
        site: the site that is given up.
        takers: (n,) sites.
        shares: (n,) of all, or (n, V) by chip where the second axis of a column is the chip; at most 1 in all.
    """
    for column in columns:
        stood = column[site].copy()
        for taker, share in zip(takers, shares, strict=True):
            if not np.any(share):
                continue
            part = np.reshape(share, np.shape(share) + (1,) * (stood.ndim - np.ndim(share)))
            column[taker] += part * stood
            column[site] -= part * stood


def take_rest(columns: Sequence[Floats], site: int, targets: Sequence[Floats], owner: int) -> None:
    """Move all that is still at a site to an owner elsewhere: each column to its target, which has owners as rows."""
    for column, target in zip(columns, targets, strict=True):
        target[owner] += column[site]
        column[site] = 0.0


def shares_by_chip(shares: Floats, runs: Bools) -> Floats:
    """Return the share of every chip that each bidder takes (n, V): what its software cannot run is left."""
    return np.asarray(shares[:, None] * runs)
