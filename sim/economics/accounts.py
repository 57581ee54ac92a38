"""Books of a quarter: tokens and revenue, cost of running, capital expenditure, levels of prices; sums to check.

R customer regions, J products, I providers, S sites, V chips, K suppliers, L pools. Money is in USD m unless said.
"""

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, inlined
from sim.economics.building import holding_costs
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.slots import power_of

MILLION = 1e6


@compiled
def book_sales(
    taken: Floats, paid: Floats, marginal_cost: Floats, tokens_per_hour: Floats, provider: Ints, on_tokens: Bools,
    tokens: Floats, revenue: Floats, margin: Floats, tokens_by: Floats, revenue_by: Floats, paid_by: Floats,
) -> None:  # fmt: skip
    """Turn hours into tokens and payments into revenue, less the cost of service.

    Args:
        taken: (R, J) hours served.
        paid: (R, J) payments, USD.
        marginal_cost: (J,) USD per unit: an hour, or M tokens.
        tokens_per_hour: (I,) M tokens per hour.
        provider: (J,) provider of each product.
        on_tokens: (J,) whether it is sold by the token.
        tokens: (R, J) filled, bn.
        revenue: (R, J) filled.
        margin: (R, J) filled with gross margins.
        tokens_by: (I,) filled, bn.
        revenue_by: (I,) filled.
        paid_by: (R, I) added to.
    """
    tokens_by[:] = 0.0
    revenue_by[:] = 0.0
    for r in range(taken.shape[0]):
        for j in range(provider.size):
            i = provider[j]
            tokens[r, j] = taken[r, j] * tokens_per_hour[i] / 1000.0 if on_tokens[j] else 0.0
            units = tokens[r, j] * 1000.0 if on_tokens[j] else taken[r, j]
            revenue[r, j] = paid[r, j] / MILLION
            margin[r, j] = revenue[r, j] - units * marginal_cost[j] / MILLION
            tokens_by[i] += tokens[r, j]
            revenue_by[i] += revenue[r, j]
            paid_by[r, i] += revenue[r, j]


@compiled
def running_costs(
    owned: Floats, kw: Floats, region: Ints, provider: Ints, pue: Floats, tariff: Floats, calendar_hours: float,
    care: float, mw: Floats, gwh: Floats, spent: Floats,
) -> None:  # fmt: skip
    """Fill power and electricity of all cards in place, and what they and the care of cards cost.

    Args:
        owned: (S, V) cards.
        kw: (V,) IT power of a card.
        region: (S,) region and ``provider`` of each site.
        provider: (S,)
        pue: (R,) power of the site over IT power.
        tariff: (R,) USD per kWh.
        calendar_hours: hours of a quarter.
        care: USD per card and quarter.
        mw: (S,) filled.
        gwh: (S,) filled.
        spent: (I,) added to.
    """
    for s in range(region.size):
        power, cards = 0.0, 0.0
        for v in range(kw.size):
            power += owned[s, v] * kw[v]
            cards += owned[s, v]
        mw[s] = power / 1000.0 * pue[region[s]]
        gwh[s] = mw[s] * calendar_hours / 1000.0
        spent[provider[s]] += gwh[s] * tariff[region[s]] + cards * care / MILLION


@compiled
def site_costs(
    owned: Floats, kw: Floats, region: Ints, provider: Ints, pue: Floats, tariff: Floats, calendar_hours: float,
    care: float, energised: Floats, price: Floats, rate: float, mw: Floats, gwh: Floats, spent: Floats,
) -> None:  # fmt: skip
    """Add what cards in place cost, see ``running_costs``, and halls without cards, see ``holding_costs``.

    Args:
        owned: (S, V) cards, and the further arguments of ``running_costs``.
        kw: (V,)
        region: (S,)
        provider: (S,)
        pue: (R,)
        tariff: (R,)
        calendar_hours: hours of a quarter.
        care: USD per card and quarter.
        energised: (S,) MW of halls with power.
        price: (R,) USD m per MW of a new hall.
        rate: of that price, per quarter.
        mw: (S,) filled.
        gwh: (S,) filled.
        spent: (I,) added to, USD m.
    """
    running_costs(owned, kw, region, provider, pue, tariff, calendar_hours, care, mw, gwh, spent)
    holding_costs(energised, power_of(owned, kw), price, region, provider, rate, spent)


@compiled
def capital_expenditure(
    delivered: Floats, price: Floats, due: Floats, provider: Ints, supplier: Ints, servers: float, capex: Floats,
    capex_by: Floats, cards_by: Floats, building_by: Floats,
) -> None:  # fmt: skip
    """Fill what cards, servers and halls cost.

    Args:
        delivered: (S, V) new cards.
        price: (V,) USD per card.
        due: (S,) payments to builders of halls.
        provider: (S,) provider of each site.
        supplier: (V,) maker of each chip.
        servers: cost of servers over that of their cards.
        capex: (S,) filled.
        capex_by: (I,) filled.
        cards_by: (I, K) payments to makers; added to.
        building_by: (I,) payments for servers and halls; added to.
    """
    capex_by[:] = 0.0
    for s in range(provider.size):
        cards = 0.0
        for v in range(price.size):
            paid = delivered[s, v] * price[v] / MILLION
            cards += paid
            cards_by[provider[s], supplier[v]] += paid
        building = cards * servers + due[s]
        capex[s] = cards + building
        capex_by[provider[s]] += capex[s]
        building_by[provider[s]] += building


@compiled
def note_prices(taken: Floats, posted: Floats, on_tokens: Bools, opening: Floats, ratio: Floats) -> None:
    """Keep the mean posted IaaS price of each region, over that of the first quarter in which it was sold.

    Args:
        taken: (R, J) hours served.
        posted: (J,) USD per unit.
        on_tokens: (J,) whether it is sold by the token.
        opening: (R,) first mean price; set once.
        ratio: (R,) mean price over the opening one; kept where nothing is sold.
    """
    for r in range(taken.shape[0]):
        sold, value = 0.0, 0.0
        for j in range(posted.size):
            if not on_tokens[j]:
                sold += taken[r, j]
                value += taken[r, j] * posted[j]
        level = value / sold if sold > 0.0 else 0.0
        if opening[r] <= 0.0:
            opening[r] = level
        if level > 0.0 and opening[r] > 0.0:
            ratio[r] = level / opening[r]


@inlined
def add_by(hours: Floats, group: Ints, out: Floats) -> None:
    """Add hours by region and product (R, J) to the group of each product."""
    for r in range(hours.shape[0]):
        for j in range(group.size):
            out[group[j]] += hours[r, j]


@compiled
def refused_shares(first: Floats, unmet: Floats, pool: Ints, out: Floats) -> None:
    """Fill (L,) with the unmet share of hours by first choice; 0 where nothing was asked.

    Args:
        first: (R, J) hours by first choice.
        unmet: (R, J) hours of these that were lost or are newly waiting.
        pool: (J,) pool of each product.
        out: (L,) filled.
    """
    wanted, refused = np.zeros(out.size), np.zeros(out.size)
    add_by(first, pool, wanted)
    add_by(unmet, pool, refused)
    for l in range(out.size):
        out[l] = refused[l] / wanted[l] if wanted[l] > 0.0 else 0.0


@compiled
def hours_by_lane(hours: Floats, lane: Ints, own_use: Floats) -> Floats:
    """Return hours by lane (2 L,): those of customers (R, J) in the lane of each product, and own use in inference."""
    out = np.zeros(2 * own_use.size)
    add_by(hours, lane, out)
    for l in range(own_use.size):
        out[2 * l + 1] += own_use[l]
    return out


@compiled
def sums_by_region(volume: Floats, potential: Floats, region: NDArray[np.int16], slots: int, regions: int) -> Floats:
    """Return (2, R): tasks held in workloads (n slots,), and potential tasks of customers (n,), by region (n,)."""
    out = np.zeros((2, regions))
    for n in range(region.size):
        mine = 0.0
        for row in range(n * slots, (n + 1) * slots):
            mine += volume[row]
        out[0, region[n]] += mine
        out[1, region[n]] += potential[n]
    return out
