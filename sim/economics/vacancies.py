"""Slots for new cards at every site: what leaves them, and how many of the free ones are worth filling (B3, B4).

S sites, V chips, K suppliers, R regions, L pools. The steps stand in ``slots`` and ``scrapping``.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.building import finished
from sim.economics.cells import Floats, Ints
from sim.economics.elementary import totals
from sim.economics.fleets import cost_of_cards
from sim.economics.scrapping import displaceable, scrapped
from sim.economics.slots import card_costs, earnings, fill_rate, free_power, within_budget
from sim.economics.works import Builders, Works


class Fleet(NamedTuple):
    """Cards in place, and those that leave; the last three are filled or changed."""

    owned: Floats
    """(S, V)"""
    energised: Floats
    """(S,) MW of halls with power."""
    kw: Floats
    """(V,) IT power of a card."""
    effective: Floats
    """(V,) effective inference H100e of a card."""
    running: Floats
    """(R, V) USD per used card-hour of electricity and care."""
    losses: Floats
    """(S, V) quarters of loss in a row so far."""
    scrapped: Floats
    """(S, V) cards that are given up."""
    may_go: Floats
    """(S, V) cards that may give way to new ones."""


class Offers(NamedTuple):
    """The best cards that sites may have."""

    chip: Ints
    """(S, K) chip of every supplier, -1 for none."""
    shares: Floats
    """(S, K) of suppliers in new capacity."""
    cost: Floats
    """(S, V) long-run cost of a used card-hour with its shell."""
    shell: Floats
    """(R,) USD m per MW IT at usual prices of builders."""
    mw_hours: Floats
    """(S,) inference hours a quarter that an MW gives with new cards."""


class Prospects(NamedTuple):
    """What sites expect of the next quarter."""

    price: Floats
    """(S,) expected log of the region's mean price over the site's long-run cost."""
    own_price: Floats
    """(S,) average log of the own price over that mean."""
    cost: Floats
    """(S,) long-run cost of an hour, USD."""
    load: Floats
    """(S,) part of its hours that is in use."""
    hurdle: Floats
    """(S,) ratio of price to cost at which a firm is content."""
    appetite: Floats
    """(I,) share of wanted orders that owners let go ahead."""


class Rule(NamedTuple):
    """How cards are given up and slots filled."""

    recovery: float
    """Annual payment per unit of shell."""
    utilisation: float
    """Share of hours that are used."""
    patience: float
    """Quarters of loss in a row after which a card goes."""
    hours: float
    """Used hours of a card in a quarter."""
    refill: float
    """Share of cards that earn less than new ones that may go in a quarter."""
    survive: float
    """Share of cards that do not fail in a quarter."""
    steepness: float
    """See ``fill_rate``."""
    conversion: int
    """Quarters of a conversion of halls."""


@compiled
def power_for_orders(
    fleet: Fleet, offers: Offers, prospects: Prospects, works: Works, builders: Builders, rule: Rule, later: int,
    earned: Floats,
) -> Floats:  # fmt: skip
    """Give up what loses money, and return the MW of slots that sites fill with new cards (S,).

    Args:
        fleet: its cards that go are filled.
        offers: the best new cards.
        prospects: what sites expect.
        works: halls under way.
        builders: what never changes about building.
        rule: of giving up and filling.
        later: position of the next quarter along Q: its halls count.
        earned: (S,) filled with what an inference hour is expected to earn, USD.
    """
    region, sites = builders.region, earned.size
    earned[:] = earnings(prospects.price, prospects.own_price, prospects.cost)
    new = card_costs(
        offers.chip, offers.shares, offers.cost, offers.shell * works.congestion, fleet.kw, fleet.effective,
        rule.recovery, rule.utilisation, region,
    )  # fmt: skip
    takings = earned * prospects.load  # of every hour that cards can give, asked for or not
    fleet.scrapped[:] = scrapped(
        fleet.owned, takings, region, fleet.effective, fleet.running, rule.patience, fleet.losses
    )
    left, gain = fleet.owned - fleet.scrapped, np.full(sites, -math.inf)
    for s in range(sites):
        if offers.mw_hours[s] > 0.0:
            gain[s] = offers.mw_hours[s] * (takings[s] - new[s])
    fleet.may_go[:] = displaceable(
        left, takings, region, fleet.effective, fleet.running, fleet.kw, rule.hours, gain, rule.refill
    )
    halls = fleet.energised + finished(works.begun, works.converting, region, builders.build, rule.conversion, later)
    free = free_power(left, fleet.may_go, fleet.kw, rule.survive, halls)
    attractive, out = np.empty(sites), np.empty(sites)
    for s in range(sites):
        attractive[s] = math.log(takings[s] / new[s])
    filled = fill_rate(attractive, prospects.hurdle, rule.steepness)
    for s in range(sites):
        out[s] = free[s] * filled[s] * prospects.appetite[builders.provider[s]]
    return out


@compiled
def afford(
    ordered: Floats, duty: Floats, price: Floats, servers: float, provider: Ints, budget: Floats
) -> Floats:  # fmt: skip
    """Cut orders of cards (S, V) to what providers can pay, and take that out of their budgets; return the share (S,).

    Args:
        ordered: (S, V) changed.
        duty: (S, V) fraction of the price of cards.
        price: (V,) USD per card.
        servers: price of a card with its server over that of the card.
        provider: (S,) provider of each site.
        budget: (I,) USD m, changed.
    """
    cost = cost_of_cards(ordered, duty, price, servers)
    share = within_budget(cost, provider, budget)
    for s in range(share.size):
        for v in range(price.size):
            ordered[s, v] *= share[s]
    budget -= totals(provider, cost * share, budget.size)
    return share
