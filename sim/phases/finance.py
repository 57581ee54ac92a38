"""Phase 11: cards and halls are paid for; then interest, tax, group, lenders and owners; then patience (B6).

What comes out at the end of a quarter is for the next one: ``state.budget``, what may be committed to new cards and
shells, and ``state.appetite``, the share of wanted starts and orders that owners let go ahead.
"""

import numpy as np

from sim.economics.accounts import MILLION, capital_expenditure
from sim.economics.building import add_what_is_due, building_payments
from sim.economics.cells import Floats, Ints
from sim.economics.credit import contracted_revenue
from sim.economics.depreciation import keep_books
from sim.economics.elementary import sum_by
from sim.economics.fleets import cost_of_cards, worth
from sim.economics.patience import lose_patience
from sim.economics.treasury import close_quarter
from sim.economics.upstream import by_chip
from sim.ledger import Flow, Transfer
from sim.names import HOURS_PER_QUARTER
from sim.randomness import Decision, season
from sim.strategies.make_or_buy import design_payments
from sim.structure import OPENING_AGE_QUARTERS, PAST
from sim.world import World


def run(world: World) -> None:
    """Pay for what was delivered, keep the books, settle with those who finance, and look ahead."""
    _capital(world)
    _design(world)
    _books(world)
    _settle(world)
    _patience(world)


def _capital(world: World) -> None:
    """Set and post capital expenditure: cards to their makers; servers, and halls by progress."""
    structure, links, state, ledger = world.structure, world.links, world.state, world.ledger
    now = world.now.arrays
    now["build_cost"], due = state.build_price[:, PAST + world.t].copy(), building_payments(*_halls(world))
    now["site_capex"], now["provider_capex"] = np.empty(len(structure.sites)), np.empty(len(structure.providers))
    capital_expenditure(
        state.delivered, state.chip_price, due, links.site_provider, structure.chip_supplier,
        world.parameters.market.costs.server_cost_multiple - 1.0, now["site_capex"], now["provider_capex"],
        ledger.cards, ledger.building,
    )  # fmt: skip
    _duties(world)
    ledger.paid[Flow.SUPPORT, ledger.treasury, ledger.builders] += world.conditions.measures.stages.cost.sum()


def _duties(world: World) -> None:
    """Post duties on new cards, which are part of what they cost, and what licences take of makers' revenue.

    What was bought ahead of a duty was ordered before its day.
    """
    structure, links, state, ledger = world.structure, world.links, world.state, world.ledger
    now, before = world.now.arrays, world.rules_before
    here, there, free = before["sites"], before["elsewhere"], world.observed
    state.confiscated[:] = now["confiscated"]
    state.sold[:] = by_chip(state.delivered if free or not here.charges else state.delivered * here.kept)
    elsewhere = state.elsewhere_delivered
    if not free and there.charges:
        elsewhere = (elsewhere - now["smuggled"]) * there.kept + now["smuggled"]
    state.sold += by_chip(elsewhere) + state.confiscated
    now["duty_usd_m"] = np.zeros(len(structure.sites))
    if free or not here.charges:
        return
    charged = state.delivered * here.duty - now["bought_ahead"] * (here.duty - here.duty_ahead)
    now["duty_usd_m"] = worth(charged, state.chip_price) / MILLION
    now["site_capex"] += now["duty_usd_m"]
    by_provider = sum_by(links.site_provider, now["duty_usd_m"], state.cash.size)
    now["provider_capex"] += by_provider
    ledger.duties += by_provider
    paid = by_chip(state.delivered * (1.0 - here.kept)) * state.chip_price / MILLION
    ledger.fees += sum_by(structure.chip_supplier, paid, len(structure.suppliers))


def _design(world: World) -> None:
    """Set and post what owners of makers pay for the design of their next cards: an expense, not an asset."""
    state, links, makers = world.state, world.links, world.links.makers
    world.now.arrays["design_usd_m"] = np.zeros(state.cash.size)
    if world.parameters.behaviour.make_or_buy.name == "npv":
        paid = design_payments(
            makers.owner, links.order_mix, state.making, links.site_provider, state.selling, makers.generation,
            makers.making.design_usd,
        )  # fmt: skip
        world.ledger.design += paid
        world.now.arrays["design_usd_m"] = paid.sum(axis=1)


def _books(world: World) -> None:
    """Enter purchases, and set book value, depreciation and the state's part."""
    state, links, now = world.state, world.links, world.now.arrays
    costs, firms = world.parameters.market.costs, state.cash.size
    cards = worth(state.delivered, state.chip_price) * (costs.server_cost_multiple / MILLION) + now["duty_usd_m"]
    now["depreciation"] = np.empty(firms)
    keep_books(
        state.bought, cards, now["site_capex"] - cards, links.site_provider, links.book_lives, world.t,
        OPENING_AGE_QUARTERS, state.assets, now["depreciation"],
    )  # fmt: skip
    now["subsidy_usd_m"] = sum_by(links.site_provider, _subsidies(world), firms)


def _subsidies(world: World) -> Floats:
    """Return what states pay at every site (S,), USD m: of capital, of cards with servers, of electricity."""
    structure, state, links, given = world.structure, world.state, world.links, world.conditions.measures.support
    region, terms, capex = links.site_region, world.conditions.financing, world.now.arrays["site_capex"]
    cards = np.zeros(region.size)
    if terms.pays_cards:
        servers = world.parameters.market.costs.server_cost_multiple / MILLION
        cards = worth(state.delivered * given.cards[region], state.chip_price) * servers
    paid = cards + (capex - cards) * terms.grant
    if terms.pays_power:
        power = worth(state.owned * given.power[region], structure.chip_kw) * HOURS_PER_QUARTER / MILLION
        paid += power * (links.pue * links.tariff)[region]
    return paid


def _halls(world: World) -> tuple[Floats, Floats, Floats, Ints, Ints, int, float, float, float]:
    """Return what decides payments to builders in this quarter, see ``building_payments``."""
    state, structure, rule = world.state, world.structure, world.parameters.market.building
    return (
        state.begun_mw, state.converting_mw, state.build_price, world.links.site_region, structure.build_quarters,
        PAST + world.t, rule.first_payment, rule.last_payment, rule.conversion_cost,
    )  # fmt: skip


def committed(world: World) -> Floats:
    """Return what every provider must still pay (I,), USD m: cards on their way, and builders of what is begun."""
    state, links = world.state, world.links
    servers = world.parameters.market.costs.server_cost_multiple
    owed = cost_of_cards(state.accepted, world.rules["sites"].duty, state.chip_price, servers)
    add_what_is_due(*_halls(world), owed)
    return sum_by(links.site_provider, owed, state.cash.size)


def backlog(world: World) -> Floats:
    """Return the contracted revenue of every provider that is still to come (I,), USD m."""
    links, now = world.links, world.now.arrays
    return contracted_revenue(
        now["provider_revenue"], now["contracted"], world.state.load, links.pool_provider,
        world.conditions.ties.contract_left, now["rents_ahead"],
    )  # fmt: skip


def _settle(world: World) -> None:
    """Set income, pay interest and tax, draw on group, lenders and owners, and set the next budget."""
    state, links, now, firms = world.state, world.links, world.now.arrays, world.state.cash.size
    running = now["operating_usd_m"] + now["design_usd_m"]
    ebitda = now["provider_revenue"] - running + now["wholesale_usd_m"]
    group = world.paths.group_cash[world.t : world.t + 3] * links.group_share
    behind = np.maximum(world.paths.group_cash[world.t] - group[0], 0.0) * links.returns_surplus
    now["ebitda"], now["backlog"] = ebitda, backlog(world)
    now["interest_rate"], now["credit_limit"] = np.empty(firms), np.empty(firms)
    terms = world.conditions.financing
    close_quarter(
        ebitda, now["provider_capex"], now["subsidy_usd_m"], now["depreciation"], running, state.assets,
        now["backlog"] * world.conditions.measures.credit.covenant, group[0], group[1] + group[2], committed(world),
        links.profit_tax, terms.multiple, terms.spread, links.returns_surplus, behind, links.credit_terms, world.t,
        world.observed, state.cash, state.debt, state.past_ebitda, state.liquid, state.budget,
        world.ledger.financial, now["interest_rate"], now["credit_limit"],
    )  # fmt: skip
    now["financial"] = world.ledger.financial
    paid = world.ledger.financial[: Transfer.SUBSIDY + 1].sum(axis=0)
    given = world.ledger.financial[Transfer.GROUP : Transfer.EQUITY + 1].sum(axis=0)
    now["free_cash_flow"] = ebitda + paid - now["provider_capex"] - now["entry_cost"]
    state.net_worth += ebitda + paid + given - now["depreciation"] - now["entry_cost"] + now["written_off"]
    state.budget *= state.selling
    now["general_revenue"], now["group_cash"] = world.paths.general_revenue[world.t], world.paths.group_cash[world.t]


def _patience(world: World) -> None:
    """Remember cash flow and revenue, and let owners cut capital spending once firms decide on it."""
    state, links, now, rule = world.state, world.links, world.now.arrays, world.parameters.finance.patience
    state.past_revenue[:, world.t] = now["provider_revenue"]
    state.past_free_cash[:, world.t] = now["free_cash_flow"] + now["group_cash"]
    if rule.name == "none" or world.t + 1 < world.structure.history:
        return
    lose_patience(
        links.provider_key, season(world.seed, Decision.PATIENCE, world.t), state.past_free_cash, state.past_revenue,
        state.assets, links.patience, world.t, rule.hazard.window_quarters, rule.hazard.cut_quarters,
        rule.hazard.cut_depth, state.cut_left, state.appetite,
    )  # fmt: skip
