"""Slots for new cards at every site: what leaves them, and how many are free (B3, B4).

S sites, V chips, R regions, L pools. The steps stand in ``slots`` and ``scrapping``.
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
from sim.economics.slots import free_power, within_budget
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
    """What new capacity of sites is made of, and costs."""

    parts: Floats
    """(S, V) of cards in its hours."""
    cost: Floats
    """(S, V) of an inference hour of a card without its shell, USD."""
    mw_hours: Floats
    """(S,) inference hours a quarter that an MW gives with new cards."""


class Prospects(NamedTuple):
    """What sites expect of the next quarter."""

    earned: Floats
    """(S,) what an inference hour in use is expected to earn, USD."""
    load: Floats
    """(S,) part of its hours that is in use."""
    appetite: Floats
    """(I,) share of wanted orders that owners let go ahead."""


class Rule(NamedTuple):
    """How cards are given up and slots filled."""

    patience: float
    """Quarters of loss in a row after which a card goes."""
    hours: float
    """Used hours of a card in a quarter."""
    refill: float
    """Share of cards that earn less than new ones, and of idle ones that lose money, that may go in a quarter."""
    survive: float
    """Share of cards that do not fail in a quarter."""
    conversion: int
    """Quarters of a conversion of halls."""


@compiled
def power_for_orders(
    fleet: Fleet, offers: Offers, prospects: Prospects, works: Works, builders: Builders, rule: Rule, later: int
) -> Floats:
    """Give up what loses money, and return the MW of slots that sites may fill with new cards (S,).

    Args:
        fleet: its cards that go are filled.
        offers: new cards.
        prospects: what sites expect.
        works: halls under way.
        builders: what never changes about building.
        rule: of giving up and filling.
        later: position of the next quarter along Q: its halls count.
    """
    region, sites = builders.region, prospects.earned.size
    takings = prospects.earned * prospects.load  # of every hour that cards can give, asked for or not
    fleet.scrapped[:] = scrapped(
        fleet.owned, prospects.earned, prospects.load, region, fleet.effective, fleet.running, rule.patience,
        rule.refill, fleet.losses,
    )  # fmt: skip
    left, gain = fleet.owned - fleet.scrapped, np.full(sites, -math.inf)
    for s in range(sites):
        if offers.mw_hours[s] > 0.0:
            gain[s] = offers.mw_hours[s] * (takings[s] - (offers.parts[s] * offers.cost[s]).sum())
    fleet.may_go[:] = displaceable(
        left, takings, region, fleet.effective, fleet.running, fleet.kw, rule.hours, gain, rule.refill
    )
    halls = fleet.energised + finished(works.begun, works.converting, region, builders.build, rule.conversion, later)
    free = free_power(left, fleet.may_go, fleet.kw, rule.survive, halls)
    for s in range(sites):
        free[s] *= prospects.appetite[builders.provider[s]]
    return free


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
