"""Powered slots: which cards leave them, and which are ordered to fill them (B3, B4).

S sites, V chips, K suppliers, R regions. A slot is IT power.
"""

import math

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.economics.elementary import totals
from sim.economics.fleets import worth


@compiled
def power_of(cards: Floats, kw: Floats) -> Floats:
    """Return the IT power of cards (S, V) at every site (S,), MW."""
    return worth(cards, kw) / 1000.0


@inlined
def fill_shares(
    chip: Ints, cost: Floats, mix: Floats, sensitivity: float, reference: Floats, out: Floats
) -> None:  # fmt: skip
    """Fill the shares of suppliers in the new capacity of one site (K,): a logit on log cost, weighted by habit.

    ``mix (c / c_0)^-lambda`` over its sum. The mix stands for what a firm knows and has contracts for, at the cost c_0
    of the time when it was formed: where none is noted yet, that is now.

    Args:
        chip: (K,) chip of every supplier, -1 for none.
        cost: (V,) cost per effective hour.
        mix: (K,) habit.
        sensitivity: lambda.
        reference: (K,) c_0, 0 where not noted yet; changed.
        out: (K,) filled.
    """
    total = 0.0
    for k in range(mix.size):
        out[k] = 0.0
        if chip[k] >= 0 and mix[k] > 0.0:
            now = cost[chip[k]]
            if reference[k] == 0.0:
                reference[k] = now
            out[k] = mix[k] * math.exp(-sensitivity * math.log(now / reference[k]))
            total += out[k]
    for k in range(mix.size):
        out[k] = out[k] / total if total > 0.0 else 0.0


@inlined
def hours_of_mw(chip: Ints, shares: Floats, hours: Floats, kw: Floats) -> float:
    """Return the inference hours a quarter that an MW gives with the chips of suppliers (K,) in these shares.

    0 where no card may be had.
    """
    mw = 0.0
    for k in range(chip.size):
        if shares[k] > 0.0:
            mw += shares[k] * kw[chip[k]] / (1000.0 * hours[chip[k]])
    return 1.0 / mw if mw > 0.0 else 0.0


@compiled
def spent_per_mw(parts: Floats, mw_hours: Floats, hours: Floats, price: Floats) -> Floats:
    """Return what new cards with their servers cost per MW of slots at every site (S,), USD m.

    Args:
        parts: (S, V) of cards in the hours of new capacity.
        mw_hours: (S,) inference hours a quarter that an MW gives with them.
        hours: (V,) inference hours a quarter of a card.
        price: (V,) USD per card with its server.
    """
    return parts @ (price / hours) * mw_hours / 1e6


@inlined
def worthwhile(earned: float, cost: float, hurdle: float, steepness: float) -> float:
    """Return the share of what may be taken on that is worth it: a smooth step in what an hour earns over its cost.

    ``1 / (1 + (hurdle cost / earned)^steepness)``: one half where it just earns its cost. An all-or-nothing rule
    stops deliveries for whole quarters.

    Args:
        earned: USD an hour; 0 takes on nothing.
        cost: USD an hour.
        hurdle: ratio of price to cost at which a firm is content.
        steepness: of the step.
    """
    return 1.0 / (1.0 + (hurdle * cost / earned) ** steepness) if earned > 0.0 else 0.0


@compiled
def within_budget(cost: Floats, provider: Ints, budget: Floats) -> Floats:
    """Return the share of what every site asks for that its provider can pay (S,).

    Args:
        cost: (S,) USD m asked for.
        provider: (S,) provider of each site.
        budget: (I,) USD m, possibly infinite.
    """
    asked = totals(provider, cost, budget.size)
    out = np.empty(provider.size)
    for s in range(provider.size):
        there = max(budget[provider[s]], 0.0)
        out[s] = there / asked[provider[s]] if asked[provider[s]] > there else 1.0
    return out


@compiled
def costs_without_shell(
    hour_cost: Floats, shell: Floats, kw: Floats, effective: Floats, recovery: float, utilisation: float, region: Ints
) -> Floats:
    """Return the cost of an inference hour of new cards without their shell (S, V), USD.

    A shell that stands is paid for: only card, electricity and care are weighed against what an hour earns.

    Args:
        hour_cost: (S, V) long-run cost of a used card-hour with its shell.
        shell: (R,) USD m per MW IT.
        kw: (V,) IT power of a card.
        effective: (V,) effective inference H100e of a card.
        recovery: annual payment per unit of shell.
        utilisation: share of hours that are used.
        region: (S,) region of each site.
    """
    out = np.empty(hour_cost.shape)
    for s in range(hour_cost.shape[0]):
        for v in range(kw.size):
            housed = shell[region[s]] * 1000.0 * kw[v] * recovery / (8760.0 * utilisation)
            out[s, v] = (hour_cost[s, v] - housed) / effective[v]
    return out


@compiled
def earnings(price: Floats, own_markup: Floats, cost: Floats) -> Floats:
    """Return what an inference hour is expected to earn at every site (S,), USD.

    Args:
        price: (S,) expected log of the region's mean price over the site's long-run cost.
        own_markup: (S,) average log of the own price over own cost, over that.
        cost: (S,) long-run cost of an inference hour, USD.
    """
    out = np.empty(price.size)
    for s in range(price.size):
        out[s] = cost[s] * math.exp(price[s] + own_markup[s])
    return out


@compiled
def free_power(cards: Floats, may_go: Floats, kw: Floats, survive: float, energised: Floats) -> Floats:
    """Return MW that new cards can take next quarter (S,): slots that are empty by then, and those that may be emptied.

    Args:
        cards: (S, V) cards that stay for now.
        may_go: (S, V) of these, those that may give way.
        kw: (V,) IT power of a card.
        survive: share of cards that do not fail in a quarter.
        energised: (S,) MW by then.
    """
    out = np.empty(energised.size)
    for s in range(energised.size):
        power = 0.0
        for v in range(kw.size):
            power += (cards[s, v] - may_go[s, v]) * survive * kw[v] / 1000.0
        out[s] = max(energised[s] - power, 0.0)
    return out
