"""What instruments beside rules on cards make of the numbers that firms and customers reckon with."""

from typing import NamedTuple

import numpy as np

from sim.economics.cells import Floats
from sim.economics.expansion import Tools
from sim.economics.making import Technique
from sim.economics.self_sufficiency import own_tools
from sim.economics.treasury import Backing
from sim.links import Links, Ties
from sim.makers import Makers
from sim.policy.measures import Measures
from sim.strategies.capacity_target import Stance
from sim.structure import Structure


class Financing(NamedTuple):
    """What states pay of what providers buy, and on what terms lenders finance it."""

    grant: Floats
    """(S,) part of capital expenditure that the state pays."""
    pays_cards: bool
    """Whether a state pays a part of cards beyond that of all capital, and of electricity."""
    pays_power: bool
    backing: Backing


class Making(NamedTuple):
    """What makers of cards work with. Z sides; 3 stages."""

    technique: Technique
    growth: Floats
    """(Z, 3) of capacity by itself, log per quarter."""
    tools: Tools
    own_tools: Floats
    """(Z, 3) part of tools that the own region makes."""
    imports: Floats
    """(Z, 3) of each stage at the end of history, as far as rules let them."""
    closed: bool
    """Whether foundries do not serve wafers of some card."""
    support: float
    """USD m a quarter that treasuries pay who builds capacity."""


class Conditions(NamedTuple):
    """What instruments make of numbers that firms and customers reckon with, as long as nothing changes."""

    measures: Measures
    power_saved: Floats
    """(R, V) USD per used card-hour of electricity that governments pay."""
    card_running: Floats
    """(R, V) USD per used card-hour of electricity and care that firms pay."""
    pool_care: Floats
    """(L, V) the same in each pool."""
    cards_paid: Floats
    """(S, V) part of the price of cards that sites pay: the state grants the rest."""
    stance: Stance
    """How providers invest: a subsidy lowers the cost that a price has to cover."""
    ties: Ties
    financing: Financing
    making: Making


def conditions(measures: Measures, structure: Structure, links: Links, ties: Ties) -> Conditions:
    """Return what measures make of the numbers of links, and the ``ties`` that remedies leave."""
    paid, help_ = (links.tariff * links.pue)[:, None] * structure.chip_kw, measures.support
    saved = paid / structure.parameters.market.utilisation.maximum * help_.power
    hurdle = links.investment.hurdle * (1.0 - help_.capital[structure.site_region])
    running = links.card_running - saved
    return Conditions(
        measures, saved, running, running[links.pool_region], 1.0 - help_.cards[structure.site_region],
        links.investment._replace(hurdle=hurdle), ties,
        _financing(measures, structure, links), _making(measures, links.makers),
    )  # fmt: skip


def _financing(measures: Measures, structure: Structure, links: Links) -> Financing:
    """Return what states pay and on what terms lenders finance; no rate of interest falls below 0 by a shock to it."""
    given, shock, free = measures.support, measures.credit, structure.parameters.finance.credit.risk_free_rate
    grant = links.capital_subsidy + (1.0 - links.capital_subsidy) * given.capital[structure.site_region]
    backing = Backing(
        links.profit_tax, links.credit_multiple * shock.covenant, shock.covenant,
        links.spread + (shock.spread + np.maximum(shock.rate, -free)), links.group_share, links.returns_surplus,
    )  # fmt: skip
    return Financing(grant, bool(given.cards.any()), bool(given.power.any()), backing)


def _making(measures: Measures, makers: Makers) -> Making:
    """Return what makers work with: prices of stages, and tools that may be had and kept running."""
    rules = measures.stages
    missing, idle = makers.tool_imports * (1.0 - rules.tools), makers.tool_wear * rules.unserviced
    return Making(
        makers.technique._replace(price=makers.technique.price * rules.price), makers.growth + rules.growth,
        Tools(makers.tool_wear, missing, idle), own_tools(makers.tool_imports, missing),
        makers.imports * rules.imports, bool(measures.closed.any()), float(rules.cost.sum()),
    )  # fmt: skip
