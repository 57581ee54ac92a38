"""Phase 11: cards and halls are paid for; then interest, tax, group, lenders and owners; then patience (B6).

What comes out at the end of a quarter is for the next one: ``state.budget``, what may be committed to new cards and
shells, and ``state.appetite``, the share of wanted starts and orders that owners let go ahead.
"""

import numpy as np

from sim.economics.accounts import (
    capital_expenditure,
    cards_sold,
    charges_on_cards,
    commitments,
    state_support,
)
from sim.economics.building import payment_schedule
from sim.economics.cells import Floats
from sim.economics.credit import contracted_revenue
from sim.economics.depreciation import keep_books
from sim.economics.patience import lose_patience
from sim.economics.treasury import EBITDA, FREE_CASH, LIMIT, RATE, Balance, Income, close_quarter
from sim.ledger import Flow
from sim.names import HOURS_PER_QUARTER
from sim.phases.covered import charged_beyond, spared_ahead
from sim.randomness import Decision, season
from sim.strategies.make_or_buy import post_design
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
    """Set and post capital expenditure: cards to their makers; servers, and halls by progress; duties."""
    structure, links, state, ledger = world.structure, world.links, world.state, world.ledger
    now, sites = world.now.arrays, len(structure.sites)
    now["build_cost"] = state.build_price[:, PAST + world.t].copy()
    now["builders_due"], now["duty_usd_m"] = _builders_due(world), _duties(world)
    now["cards_capex"], now["site_capex"] = np.empty(sites), np.empty(sites)
    now["provider_capex"] = np.empty(state.cash.size)
    capital_expenditure(
        state.delivered, state.chip_price, now["duty_usd_m"], now["builders_due"][0], links.site_provider,
        structure.chip_supplier, world.parameters.market.costs.server_cost_multiple, now["cards_capex"],
        now["site_capex"], now["provider_capex"], ledger.cards, ledger.building, ledger.duties,
    )  # fmt: skip
    if world.conditions.making.support > 0.0:
        ledger.paid[Flow.SUPPORT, ledger.treasury, ledger.builders] += world.conditions.making.support


def _builders_due(world: World) -> Floats:
    """Return what is due to builders of halls in this quarter and in each later one (n, S), USD m."""
    state, structure, rule = world.state, world.structure, world.parameters.market.building
    return payment_schedule(
        state.begun_mw, state.converting_mw, state.build_price, structure.site_region, structure.build_quarters,
        PAST + world.t, rule.first_payment, rule.last_payment, rule.conversion_cost,
    )  # fmt: skip


def _duties(world: World) -> Floats:
    """Note what was sold, and post what licences take of makers' revenue; return duties on new cards (S,), USD m."""
    structure, state, now, before = world.structure, world.state, world.now.arrays, world.rules_before
    here, there, sites = before["sites"], before["elsewhere"], len(structure.sites)
    state.confiscated[:] = now["confiscated"]
    if world.observed or not (here.charges or there.charges):
        cards_sold(state.delivered, state.elsewhere_delivered, state.confiscated, state.sold)
        return np.zeros(sites)
    duty, given_up = charged_beyond(world, before, world.under_before)
    kept = here.kept - given_up[:sites]
    kept_ahead = kept + spared_ahead(world)
    sold = state.delivered * kept + now["bought_ahead"] * (kept_ahead - kept)
    elsewhere = state.elsewhere_delivered
    if there.charges:
        elsewhere = (elsewhere - now["smuggled"]) * (there.kept - given_up[sites:]) + now["smuggled"]
    cards_sold(sold, elsewhere, state.confiscated, state.sold)
    return charges_on_cards(
        state.delivered, kept, here.duty + duty[:sites], now["bought_ahead"], kept_ahead, here.duty_ahead,
        state.chip_price, structure.chip_supplier, world.ledger.fees,
    )  # fmt: skip


def _design(world: World) -> None:
    """Set and post what owners of makers pay for the design of their next cards: an expense, not an asset."""
    state, links, makers = world.state, world.links, world.links.makers
    world.now.arrays["design_usd_m"] = spent = np.zeros(state.cash.size)
    if world.parameters.behaviour.make_or_buy.name == "npv":
        post_design(
            makers.owner, links.order_mix, state.making, links.site_provider, state.selling, makers.generation,
            makers.making.design_usd, world.ledger.design, spent,
        )  # fmt: skip


def _books(world: World) -> None:
    """Enter purchases, and set book value, depreciation and the state's part."""
    state, links, now = world.state, world.links, world.now.arrays
    cards, now["depreciation"] = now["cards_capex"], np.empty(state.cash.size)
    keep_books(
        state.bought, cards, now["site_capex"] - cards, links.site_provider, links.book_lives, world.t,
        OPENING_AGE_QUARTERS, state.assets, now["depreciation"],
    )  # fmt: skip
    now["subsidy_usd_m"] = _support(world)


def _support(world: World) -> Floats:
    """Return what states pay providers (I,), USD m: of capital, of cards with servers, of electricity."""
    structure, state, links, given = world.structure, world.state, world.links, world.conditions.measures.support
    terms, multiple = world.conditions.financing, world.parameters.market.costs.server_cost_multiple
    return state_support(
        world.now.arrays["site_capex"], terms.grant, state.delivered, given.cards, state.chip_price, multiple,
        state.owned, given.power, structure.chip_kw, HOURS_PER_QUARTER, links.pue, links.tariff, links.site_region,
        links.site_provider, terms.pays_cards, terms.pays_power, state.cash.size,
    )  # fmt: skip


def _committed(world: World) -> Floats:
    """Return what every provider must still pay (I,), USD m: cards on their way, and builders of what is begun."""
    state, later, duty = world.state, world.now.arrays["builders_due"][1:], world.rules["sites"].duty
    if world.under:
        duty = duty + charged_beyond(world, world.rules, world.under)[0, : len(state.accepted)]
    return commitments(
        state.accepted, duty, state.chip_price,
        world.parameters.market.costs.server_cost_multiple, later, world.links.site_provider, state.cash.size,
    )  # fmt: skip


def _backlog(world: World) -> Floats:
    """Return the contracted revenue of every provider that is still to come (I,), USD m."""
    links, now = world.links, world.now.arrays
    return contracted_revenue(
        now["provider_revenue"], now["contracted"], world.state.load, world.state.own_use, links.pool_provider,
        world.conditions.ties.contract_left, now["rents_ahead"],
    )  # fmt: skip


def _income(world: World) -> Income:
    """Return what the quarter brought providers and cost them."""
    now = world.now.arrays
    return Income(
        now["provider_revenue"], now["wholesale_usd_m"], now["operating_usd_m"], now["design_usd_m"],
        now["depreciation"], now["provider_capex"], now["subsidy_usd_m"], now["entry_cost"], now["written_off"],
    )  # fmt: skip


def _balance(world: World) -> Balance:
    """Return the books of providers."""
    state = world.state
    return Balance(
        state.cash, state.debt, state.assets, state.net_worth, state.past_ebitda, state.past_revenue,
        state.past_free_cash, state.liquid, state.budget, state.selling,
    )  # fmt: skip


def _settle(world: World) -> None:
    """Pay interest and tax, draw on group, lenders and owners, and set the next budget."""
    now, paths, financial, t = world.now.arrays, world.paths, world.ledger.financial, world.t
    measured = np.empty((4, world.state.cash.size))
    close_quarter(
        _income(world), world.conditions.financing.backing, paths.group_cash[t : t + 3], _backlog(world),
        _committed(world), world.links.credit_terms, t, world.observed, _balance(world), financial, measured,
    )  # fmt: skip
    now["ebitda"], now["free_cash_flow"] = measured[EBITDA], measured[FREE_CASH]
    now["interest_rate"], now["credit_limit"] = measured[RATE], measured[LIMIT]
    now["financial"] = financial
    now["general_revenue"], now["group_cash"] = paths.general_revenue[t], paths.group_cash[t]


def _patience(world: World) -> None:
    """Let owners cut capital spending once firms decide on it."""
    state, links, rule = world.state, world.links, world.parameters.finance.patience
    if rule.name == "none" or world.t + 1 < world.structure.history:
        return
    lose_patience(
        links.provider_key, season(world.seed, Decision.PATIENCE, world.t), state.past_free_cash, state.past_revenue,
        state.assets, links.patience, world.t, rule.hazard.window_quarters, rule.hazard.cut_quarters,
        rule.hazard.cut_depth, state.cut_left, state.appetite,
    )  # fmt: skip
