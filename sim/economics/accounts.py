"""Books of a quarter: tokens and revenue, cost of running, capital expenditure, levels of prices; sums to check.

R customer regions, J products, I providers, S sites, V chips, K suppliers, L pools. Money is in USD m unless said.
"""

import numpy as np
from numpy.typing import NDArray

from sim.compiled import compiled, inlined
from sim.economics.building import holding_costs
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import totals
from sim.economics.fleets import cost_of_cards, worth
from sim.economics.upstream import by_chip

MILLION = 1e6


@compiled
def book_sales(
    taken: Floats, paid: Floats, marginal_cost: Floats, tokens_per_hour: Floats, provider: Ints, on_tokens: Bools,
    tokens: Floats, revenue: Floats, margin: Floats, tokens_by: Floats, revenue_by: Floats, paid_by: Floats,
    cumulative: Floats,
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
        cumulative: (I,) tokens so far, bn; added to.
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
    cumulative += tokens_by


@compiled
def running_costs(
    owned: Floats, kw: Floats, region: Ints, provider: Ints, pue: Floats, tariff: Floats, calendar_hours: float,
    care: float, mw: Floats, gwh: Floats, spent: Floats,
) -> Floats:  # fmt: skip
    """Fill power and electricity of all cards in place, and what they and the care of cards cost.

    Returns the IT power of the cards (S,), MW.

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
    it_power = np.empty(region.size)
    for s in range(region.size):
        power, cards = 0.0, 0.0
        for v in range(kw.size):
            power += owned[s, v] * kw[v]
            cards += owned[s, v]
        it_power[s] = power / 1000.0
        mw[s] = it_power[s] * pue[region[s]]
        gwh[s] = mw[s] * calendar_hours / 1000.0
        spent[provider[s]] += gwh[s] * tariff[region[s]] + cards * care / MILLION
    return it_power


@compiled
def operating_costs(
    owned: Floats, kw: Floats, region: Ints, provider: Ints, pue: Floats, tariff: Floats, calendar_hours: float,
    care: float, energised: Floats, price: Floats, rate: float, tokens: Floats, other: Floats, mw: Floats, gwh: Floats,
    spent: Floats, posted: Floats,
) -> None:  # fmt: skip
    """Fill and post what it costs to run cards, see ``running_costs``, halls without any, and tokens beside that.

    Args:
        owned: (S, V) cards, and the further arguments of ``running_costs``.
        kw: (V,)
        region: (S,)
        provider: (S,)
        pue: (R,)
        tariff: (R,)
        calendar_hours: hours of a quarter.
        care: USD per card and quarter.
        energised: (S,) MW of halls with power, see ``holding_costs``.
        price: (R,) USD m per MW of a new hall.
        rate: of that price, per quarter.
        tokens: (I,) bn.
        other: (I,) further cost, USD per M tokens.
        mw: (S,) filled.
        gwh: (S,) filled.
        spent: (I,) filled, USD m.
        posted: (I,) added to.
    """
    spent[:] = other * tokens * (1000.0 / MILLION)
    power = running_costs(owned, kw, region, provider, pue, tariff, calendar_hours, care, mw, gwh, spent)
    holding_costs(energised, power, price, region, provider, rate, spent)
    posted += spent


@compiled
def cards_shipped(here: Floats, elsewhere: Floats, out: Floats) -> None:
    """Fill (V,) with the cards that came to anybody: ``here`` (S, V) and ``elsewhere`` (W, V)."""
    out[:] = by_chip(here) + by_chip(elsewhere)


@compiled
def cards_sold(here: Floats, elsewhere: Floats, confiscated: Floats, out: Floats) -> None:
    """Fill (V,) with cards whose revenue makers keep: ``here`` (S, V), ``elsewhere`` (W, V), ``confiscated`` (V,)."""
    out[:] = by_chip(here) + (by_chip(elsewhere) + confiscated)


@compiled
def charges_on_cards(
    delivered: Floats, kept: Floats, duty: Floats, ahead: Floats, kept_ahead: Floats, duty_ahead: Floats, price: Floats,
    supplier: Ints, fees: Floats,
) -> Floats:  # fmt: skip
    """Return duties on new cards (S,), USD m, and post what licences take of the revenue of makers.

    Args:
        delivered: (S, V) new cards.
        kept: (S, V) part of their revenue that makers keep.
        duty: (S, V) fraction of the price of cards.
        ahead: (S, V) new cards that were bought ahead of a rule.
        kept_ahead: (S, V) part of the revenue of those that makers keep.
        duty_ahead: (S, V) fraction that those pay, ordered before its day.
        price: (V,) USD per card.
        supplier: (V,) maker of each chip.
        fees: (K,) payments of makers; added to.
    """
    paid = by_chip(delivered * (1.0 - kept) - ahead * (kept_ahead - kept)) * price / MILLION
    fees += totals(supplier, paid, fees.size)
    return worth(delivered * duty - ahead * (duty - duty_ahead), price) / MILLION


@compiled
def capital_expenditure(
    delivered: Floats, price: Floats, duty: Floats, due: Floats, provider: Ints, supplier: Ints, multiple: float,
    cards: Floats, capex: Floats, capex_by: Floats, cards_by: Floats, building_by: Floats, duties_by: Floats,
) -> None:  # fmt: skip
    """Fill what cards, servers, duties and halls cost, and post it.

    Args:
        delivered: (S, V) new cards.
        price: (V,) USD per card.
        duty: (S,) duties on new cards.
        due: (S,) payments to builders of halls.
        provider: (S,) provider of each site.
        supplier: (V,) maker of each chip.
        multiple: cost of cards with their servers over that of the cards.
        cards: (S,) filled with what cards cost with servers and duties.
        capex: (S,) filled.
        capex_by: (I,) filled.
        cards_by: (I, K) payments to makers; added to.
        building_by: (I,) payments for servers and halls; added to.
        duties_by: (I,) added to.
    """
    capex_by[:] = 0.0
    for s in range(provider.size):
        i, paid, value = provider[s], 0.0, 0.0
        for v in range(price.size):
            if delivered[s, v] == 0.0:
                continue
            each = delivered[s, v] * price[v]
            value += each
            paid += each / MILLION
            cards_by[i, supplier[v]] += each / MILLION
        building = paid * (multiple - 1.0) + due[s]
        cards[s] = value * (multiple / MILLION) + duty[s]
        capex[s] = paid + building + duty[s]
        capex_by[i] += paid + building
        building_by[i] += building
    duties = totals(provider, duty, capex_by.size)
    capex_by += duties
    duties_by += duties


@inlined
def _of_these(cards: Floats, part: Floats, each: Floats) -> float:
    """Return the sum over chips of a part of cards (V,) times a quantity per card (V,)."""
    total = 0.0
    for v in range(each.size):
        total += cards[v] * part[v] * each[v]
    return total


@compiled
def state_support(
    capex: Floats, grant: Floats, delivered: Floats, of_cards: Floats, price: Floats, multiple: float, owned: Floats,
    of_power: Floats, kw: Floats, calendar_hours: float, pue: Floats, tariff: Floats, region: Ints, provider: Ints,
    pays_cards: bool, pays_power: bool, providers: int,
) -> Floats:  # fmt: skip
    """Return what states pay providers (I,): of cards with servers, of all other capital, and of electricity.

    Args:
        capex: (S,) capital expenditure.
        grant: (S,) part of it that is paid, but for what is paid of cards.
        delivered: (S, V) new cards.
        of_cards: (R, V) part of their cost that is paid.
        price: (V,) USD per card.
        multiple: cost of cards with their servers over that of the cards.
        owned: (S, V) cards.
        of_power: (R, V) part of their electricity that is paid.
        kw: (V,) IT power of a card.
        calendar_hours: hours of a quarter.
        pue: (R,) power of the site over IT power.
        tariff: (R,) USD per kWh.
        region: (S,) region and ``provider`` of each site.
        provider: (S,)
        pays_cards: whether anything is paid of cards.
        pays_power: whether anything is paid of electricity.
        providers: I.
    """
    out = np.zeros(providers)
    for s in range(region.size):
        r, cards, power = region[s], 0.0, 0.0
        if pays_cards:
            cards = _of_these(delivered[s], of_cards[r], price) * (multiple / MILLION)
        if pays_power:
            power = _of_these(owned[s], of_power[r], kw) * calendar_hours / MILLION * (pue[r] * tariff[r])
        out[provider[s]] += cards + (capex[s] - cards) * grant[s] + power
    return out


@compiled
def commitments(
    accepted: Floats, duty: Floats, price: Floats, multiple: float, later: Floats, provider: Ints, providers: int
) -> Floats:  # fmt: skip
    """Return what every provider must still pay (I,): cards on their way, and builders of what is begun.

    Args:
        accepted: (S, V) cards that makers will deliver, with the further arguments of ``cost_of_cards``.
        duty: (S, V)
        price: (V,)
        multiple: cost of cards with their servers over that of the cards.
        later: (n, S) payments to builders in later quarters.
        provider: (S,) provider of each site.
        providers: I.
    """
    owed = cost_of_cards(accepted, duty, price, multiple)
    for due in later:
        owed += due
    return totals(provider, owed, providers)


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
def inference_in_training(most: Floats, pool: int) -> float:
    """Return the inference hours that a training hour of a pool could be; 1 where it has no card.

    Args:
        most: (2, L) training hours of every pool if nothing infers, and inference hours if nothing trains.
        pool: the pool.
    """
    return float(most[1, pool] / most[0, pool]) if most[0, pool] > 0.0 else 1.0


@compiled
def hosted_prices(
    taken: Floats, posted: Floats, on_tokens: Bools, training: Bools, most: Floats, pool: Ints, region: Ints,
    price: Floats,
) -> None:  # fmt: skip
    """Keep the mean posted price of a rented inference hour at the sites of each region.

    A training hour counts as the inference hours that it could be.

    Args:
        taken: (R, J) hours served.
        posted: (J,) USD per unit.
        on_tokens: (J,) whether it is sold by the token.
        training: (J,) whether it is for training.
        most: (2, L) training hours of every pool if nothing infers, and inference hours if nothing trains.
        pool: (J,) pool of each product.
        region: (J,) region of its site.
        price: (R,) kept where nothing is sold.
    """
    value, sold = np.zeros(price.size), np.zeros(price.size)
    for r in range(taken.shape[0]):
        for j in range(posted.size):
            if not on_tokens[j] and taken[r, j] > 0.0:
                rate = inference_in_training(most, pool[j]) if training[j] else 1.0
                value[region[j]] += taken[r, j] * posted[j]
                sold[region[j]] += taken[r, j] * rate
    for r in range(price.size):
        if sold[r] > 0.0:
            price[r] = value[r] / sold[r]


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
