"""Book value of cards with servers, and of shells: straight line, by quarter of purchase.

S sites, A vintages (0 the opening fleet, t + 1 bought in quarter t), I providers. Money in USD m.
"""

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints

CARDS, SHELLS = 0, 1
"""What was bought: cards with their servers, or shells."""


@inlined
def left(age: float, life: float) -> float:
    """Return the share of a purchase that is still in the books after ``age`` quarters of ``life``."""
    return max(1.0 - age / life, 0.0)


@inlined
def age_at_end(vintage: int, t: int, opening_age: int) -> int:
    """Return quarters that a vintage has been in the books at the end of quarter t: 0 where it was just bought."""
    return t + 1 + opening_age if vintage == 0 else t + 1 - vintage


@inlined
def _shares(life: Floats, t: int, opening_age: int) -> tuple[Floats, Floats]:
    """Return the shares of purchases, by kind and vintage (2, A), in the books at the end of t and written off in t."""
    kept, gone = np.zeros((2, t + 2)), np.zeros((2, t + 2))
    for kind in range(2):
        for a in range(t + 2):
            age = age_at_end(a, t, opening_age)
            kept[kind, a] = left(age, life[kind])
            if age > 0:
                gone[kind, a] = left(age - 1.0, life[kind]) - kept[kind, a]
    return kept, gone


@compiled
def keep_books(
    bought: Floats, cards: Floats, shells: Floats, provider: Ints, life: Floats, t: int, opening_age: int,
    assets: Floats, written_off: Floats,
) -> None:  # fmt: skip
    """Enter the purchases of a quarter, and fill book value and depreciation of every provider.

    What is bought in a quarter depreciates from the next one on.

    Args:
        bought: (S, 2, A) purchases at cost by kind and vintage, with what was taken over this quarter; changed.
        cards: (S,) spent on cards with servers.
        shells: (S,) spent on shells.
        provider: (S,) owner of each site.
        life: (2,) quarters, of cards and of shells.
        t: quarter of the run.
        opening_age: age of the opening fleet at the start, quarters.
        assets: (I,) filled with book value at the end of the quarter.
        written_off: (I,) filled with depreciation.
    """
    kept, gone = _shares(life, t, opening_age)
    assets[:] = 0.0
    written_off[:] = 0.0
    for s in range(provider.size):
        bought[s, CARDS, t + 1] += cards[s]
        bought[s, SHELLS, t + 1] += shells[s]
        value, depreciation = assets[provider[s]], written_off[provider[s]]
        for kind in range(2):
            for a in range(t + 2):
                value += bought[s, kind, a] * kept[kind, a]
                depreciation += bought[s, kind, a] * gone[kind, a]
        assets[provider[s]], written_off[provider[s]] = value, depreciation
