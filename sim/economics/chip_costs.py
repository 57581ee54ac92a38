"""What a card costs to make, and how merchants move its price (B4)."""

import math

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.economics.learning import wright
from sim.economics.silicon import defect_density, dies_of, dies_per_wafer, good_fraction, packaging_per_card
from sim.economics.upstream import MEMORY, PACKAGING, STAGES, WAFERS

LARGEST_STEP = 0.5
"""Shortage and glut beyond this move prices no faster: unbounded, orders of five times output reach any bound soon."""


@compiled
def perfect_needs(area: Floats, stacks: Floats) -> tuple[Floats, Floats]:
    """Return what a card takes of every stage if every die is good (V, 3), and the area of each of its dies (V,), mm2.

    Args:
        area: (V,) of logic, mm2.
        stacks: (V,) of memory.
    """
    needs, die = np.empty((area.size, STAGES)), np.empty(area.size)
    for v in range(area.size):
        dies = dies_of(area[v])
        die[v] = area[v] / dies
        needs[v, WAFERS] = dies / dies_per_wafer(die[v])
        needs[v, PACKAGING] = packaging_per_card(area[v], stacks[v])
        needs[v, MEMORY] = stacks[v]
    return needs, die


@compiled
def needs_at_yield(
    perfect: Floats, die: Floats, maker: Ints, side: Ints, experience: Floats, first: Floats, least: Floats,
    exponent: Floats, clustering: Floats, needs: Floats, good: Floats,
) -> None:  # fmt: skip
    """Fill what a card takes of every stage (V, 3), and the yield of its dies (V,).

    Args:
        perfect: (V, 3) what it takes if every die is good.
        die: (V,) area of its dies, mm2.
        maker: (V,) maker of each card.
        side: (K,) side of each maker.
        experience: (K,) of makers over that of the reference.
        first: (Z,) defects per cm2 at the reference, and ``least``, ``exponent`` and ``clustering`` of ``silicon``.
        least: (Z,)
        exponent: (Z,)
        clustering: (Z,)
        needs: (V, 3) filled.
        good: (V,) filled.
    """
    defects = np.empty(side.size)
    for k in range(side.size):
        z = side[k]
        defects[k] = defect_density(first[z], least[z], exponent[z], experience[k])
    for v in range(die.size):
        good[v] = good_fraction(die[v], defects[maker[v]], clustering[side[maker[v]]])
        needs[v, WAFERS] = perfect[v, WAFERS] / good[v]
        needs[v, PACKAGING], needs[v, MEMORY] = perfect[v, PACKAGING], perfect[v, MEMORY]


@compiled
def bill_of_card(needs: Floats, price: Floats, test: float, learned: float) -> float:
    """Return the bill of a card, USD: dies, which learn through yield, and the rest times what Wright's law leaves.

    Args:
        needs: (3,) of the card.
        price: (3,) of a unit of each stage, USD.
        test: USD per card.
        learned: cost over that of the reference.
    """
    rest = needs[PACKAGING] * price[PACKAGING] + needs[MEMORY] * price[MEMORY] + test
    bill: float = needs[WAFERS] * price[WAFERS] + rest * learned
    return bill


@compiled
def unit_costs(
    needs: Floats, price: Floats, growth: Floats, ahead: float, test: Floats, maker: Ints, side: Ints,
    experience: Floats, exponent: Floats, overhead: Floats, out: Floats,
) -> None:  # fmt: skip
    """Fill the unit cost of every card (V,), USD.

    Args:
        needs: (V, 3) of the cards.
        price: (Z, 3) of a unit of each stage at the reference, USD.
        growth: (Z, 3) of that price, log per quarter.
        ahead: quarters since the reference.
        test: (Z,) USD per card.
        maker: (V,) maker of each card.
        side: (K,) side of each maker.
        experience: (K,) of makers over that of the reference.
        exponent: (K,) b of Wright's law.
        overhead: (V,) cost over the bill: board, module, warranty.
        out: (V,) filled.
    """
    now = np.empty(price.shape)
    for z in range(price.shape[0]):
        for s in range(price.shape[1]):
            now[z, s] = price[z, s] * math.exp(growth[z, s] * ahead)
    learned = np.empty(side.size)
    for k in range(side.size):
        learned[k] = wright(experience[k], exponent[k])
    for v in range(maker.size):
        z = side[maker[v]]
        out[v] = overhead[v] * bill_of_card(needs[v], now[z], test[z], learned[maker[v]])


@compiled
def worth_of_cards(
    price: Floats, effective: Floats, shell_usd_per_kw: Floats, kw: Floats, pue: Floats, tariff: Floats,
    operations: float, card_recovery: float, shell_recovery: float, utilisation: float, servers: float,
) -> Floats:  # fmt: skip
    """Return the price of a card at which it just pays the buyer in the best region (V,), USD: NPV of zero.

    Args:
        price: (R,) of an effective hour, USD; 0 where none is known. If none is known at all, nothing is too dear.
        effective: (V, 2) effective H100e of a card in training and inference.
        shell_usd_per_kw: (R,) of IT power.
        kw: (V,) IT power of a card.
        pue: (R,) power of the site over IT power.
        tariff: (R,) USD per kWh.
        operations: USD per used hour.
        card_recovery: annual payment per unit of capital in cards.
        shell_recovery: the same for shells.
        utilisation: U.
        servers: cost with server over that of the card.
    """
    out = np.full(kw.size, 0.0 if price.max() > 0.0 else math.inf)
    for r in range(price.size):
        for v in range(kw.size):
            earned = (price[r] * effective[v, 1] - operations) * 8760.0 * utilisation
            spent = kw[v] * (shell_usd_per_kw[r] * shell_recovery + tariff[r] * pue[r] * 8760.0)
            out[v] = max(out[v], (earned - spent) / card_recovery / servers)
    return out


@compiled
def scarcity_step(orders: float, response: float, dear: bool) -> float:
    """Return the log change of a merchant's price beyond the fall that technology brings.

    ``eta clip(orders/output - 1, -1/2, 1/2)``; where no card pays its buyer at the present price it falls at full rate.

    Args:
        orders: over output that could have been.
        response: eta.
        dear: whether every card costs more than it is worth to the buyer.
    """
    step = -LARGEST_STEP if dear else min(max(orders - 1.0, -LARGEST_STEP), LARGEST_STEP)
    return response * step


@compiled
def listed_prices(
    catalogue: Floats, cost: Floats, usual: Floats, fallen: float, pass_through: float, maker: Ints, merchant: Floats,
    margin: Floats,
) -> Floats:  # fmt: skip
    """Return what makers would ask for every card without scarcity (V,), USD: the catalogue as far as cost keeps to it.

    ``catalogue (c / (c_0 e^-u t))^w`` of merchants: the fall of catalogue prices holds the usual fall of cost, and a
    part w of what cost departs from it is passed on (1: a constant share of margin). In-house makers ask
    ``c / (1 - margin)``.

    Args:
        catalogue: (V,) price by catalogue, falling with price-performance.
        cost: (V,) unit cost.
        usual: (V,) c_0: unit cost at the end of history, or at launch with the experience of that time.
        fallen: u t, usual log fall of cost since the end of history.
        pass_through: w.
        maker: (V,) maker of each card.
        merchant: (K,) 1 for merchants.
        margin: (K,) gross margin at the end of history.
    """
    out = np.empty(cost.size)
    for v in range(cost.size):
        k = maker[v]
        if merchant[k] > 0.0:
            out[v] = catalogue[v] * math.exp(pass_through * (math.log(cost[v] / usual[v]) + fallen))
        else:
            out[v] = cost[v] / (1.0 - margin[k])
    return out


@compiled
def card_prices(
    catalogue: Floats, cost: Floats, worth: Floats, maker: Ints, merchant: Floats, launched: Floats, t: int,
    tightness: Floats, response: float, least_margin: float, scarcity: Floats, out: Floats,
) -> None:  # fmt: skip
    """Move the scarcity price of merchants (K,) and fill the price of every card (V,): never below cost and margin.

    Args:
        catalogue: (V,) price without scarcity, see ``listed_prices``.
        cost: (V,) unit cost.
        worth: (V,) highest price that pays the buyer.
        maker: (V,) maker of each card.
        merchant: (K,) 1 for merchants; an in-house maker charges no scarcity and no margin.
        launched: (V,) first quarter of sale.
        t: quarter.
        tightness: (K,) orders over output of last quarter.
        response: eta.
        least_margin: m_min.
        scarcity: (K,) price over that of the catalogue; changed.
        out: (V,) filled.
    """
    sold, paying = np.zeros(scarcity.size, dtype=np.bool_), np.zeros(scarcity.size, dtype=np.bool_)
    for v in range(maker.size):
        k = maker[v]
        sold[k] = sold[k] or launched[v] <= t
        paying[k] = paying[k] or (launched[v] <= t and catalogue[v] * scarcity[k] <= worth[v])
    for k in range(scarcity.size):
        if merchant[k] > 0.0:
            scarcity[k] *= math.exp(scarcity_step(tightness[k], response, sold[k] and not paying[k]))
    _stop_at_floor(catalogue, cost, maker, merchant, launched, t, least_margin, scarcity)
    for v in range(maker.size):
        floor = cost[v] * (1.0 + least_margin * merchant[maker[v]])
        out[v] = max(catalogue[v] * scarcity[maker[v]], floor)


@inlined
def _stop_at_floor(
    catalogue: Floats, cost: Floats, maker: Ints, merchant: Floats, launched: Floats, t: int, least_margin: float,
    scarcity: Floats,
) -> None:  # fmt: skip
    """Keep a merchant's scarcity price (K,) from falling where no card of it would get cheaper.

    Else the first shortage after years at the floor would have to make up for all that fall before a price moves.
    """
    least = np.full(scarcity.size, math.inf)
    for v in range(maker.size):
        if launched[v] <= t:
            floor = cost[v] * (1.0 + least_margin * merchant[maker[v]])
            least[maker[v]] = min(least[maker[v]], floor / catalogue[v])
    for k in range(scarcity.size):
        if merchant[k] > 0.0 and least[k] < math.inf:
            scarcity[k] = max(scarcity[k], min(least[k], 1.0))
