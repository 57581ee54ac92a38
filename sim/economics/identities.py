"""Both sides of what must be equal at the end of a quarter: cards, halls and money (see ``phases.audit``).

S sites (or owners), V chips, A vintages, Q quarters, I providers, L pools.
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.building import over_quarters
from sim.economics.cells import Floats
from sim.economics.fleets import recount
from sim.economics.slots import power_of


@compiled
def cards_by_site(cards: Floats, owned: Floats, kw: Floats, vintages: int) -> Floats:
    """Return (4, S): cards as counted, cards of the running account, and the power of both, kW.

    Args:
        cards: (S, V, A) by vintage.
        owned: (S, V) the running account.
        kw: (V,) IT power of a card.
        vintages: how many vintages there are so far.
    """
    out, counted = np.zeros((4, owned.shape[0])), recount(cards, vintages)
    for s in range(owned.shape[0]):
        for v in range(kw.size):
            out[0, s] += counted[s, v]
            out[1, s] += owned[s, v]
            out[2, s] += counted[s, v] * kw[v]
            out[3, s] += owned[s, v] * kw[v]
    return out


@compiled
def halls_by_site(
    owned: Floats, kw: Floats, begun: Floats, converting: Floats, requested: Floats, now: int
) -> Floats:  # fmt: skip
    """Return (3, S): MW of cards, MW of halls that were begun or are to be converted, and MW asked for.

    Args:
        owned: (S, V) cards.
        kw: (V,) IT power of a card.
        begun: (S, Q) MW of new shells, by quarter in which building began.
        converting: (S, Q) MW of halls to be converted, by quarter of decision.
        requested: (S, Q) MW asked for and not yet promised, by quarter of the request.
        now: position of the quarter along Q.
    """
    out = np.empty((3, owned.shape[0]))
    out[0] = power_of(owned, kw)
    out[1] = over_quarters(begun, now) + over_quarters(converting, now)
    out[2] = over_quarters(requested, now)
    return out


@compiled
def money_by_firm(
    cash: Floats, cash_before: Floats, posted: Floats, debt: Floats, debt_before: Floats, lent: Floats, assets: Floats,
    net_worth: Floats, turnover: Floats,
) -> Floats:  # fmt: skip
    """Return (3, 2, I): how cash moved and what was posted; debt and loans; cash + assets - debt and net worth.

    All are one more than their part of what a firm turns over or stands for, so that small sums of it count as small.

    Args:
        cash: (I,) at the end of the quarter, and before it.
        cash_before: (I,)
        posted: (I,) receipts less payments.
        debt: (I,) at the end of the quarter, and before it.
        debt_before: (I,)
        lent: (I,) loans less repayments and write-offs.
        assets: (I,) book value.
        net_worth: (I,) the running account.
        turnover: (I,) revenue and capital expenditure.
    """
    out = np.empty((3, 2, cash.size))
    for i in range(cash.size):
        scale = turnover[i] + 1.0
        size = cash[i] + assets[i] + debt[i] + scale
        out[0, 0, i], out[0, 1, i] = (cash[i] - cash_before[i]) / scale, posted[i] / scale
        out[1, 0, i], out[1, 1, i] = (debt[i] - debt_before[i]) / scale, lent[i] / scale
        out[2, 0, i], out[2, 1, i] = (cash[i] + assets[i] - debt[i]) / size, net_worth[i] / size
    return out + 1.0
