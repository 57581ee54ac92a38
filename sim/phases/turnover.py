"""Before the quarter: who could not pay leaves, its cards and shells go to bidders; who sees a profit enters (B6)."""

import numpy as np

from sim.economics.cells import Floats, Ints
from sim.economics.depreciation import CARDS, SHELLS
from sim.economics.elementary import exp
from sim.economics.entry import credit_granted, drawn_to_enter, entry_pays
from sim.economics.insolvency import (
    SMALLEST_DEBT,
    hand_over,
    insolvent,
    settle_estate,
    shares_by_chip,
    shares_of_bidders,
    take_rest,
)
from sim.ledger import Transfer
from sim.randomness import Decision, season
from sim.structure import OPENING_AGE_QUARTERS
from sim.world import World


def run(world: World) -> None:
    """Open the books of the quarter, wind up firms that could not pay, and let at most one firm a region enter."""
    state, now = world.state, world.now.arrays
    now["cash_before"], now["debt_before"] = state.cash.copy(), state.debt.copy()
    now["written_off"], now["entry_cost"] = np.zeros(state.cash.size), np.zeros(state.cash.size)
    if world.t <= world.structure.history:
        return
    failed = insolvent(state.cash, state.selling)
    if failed.size > 0:
        _wind_up(world, failed)
    if world.parameters.finance.entry.name != "none":
        _enter(world)


def _wind_up(world: World, failed: Ints) -> None:
    """Take the failed off the market, all at once, then sell what they own, one by one.

    In a market without owners elsewhere nobody could take what no bidder wants, and nobody is wound up.
    """
    state, links = world.state, world.links
    if world.structure.elsewhere_region.size == 0:
        return
    state.selling[failed] = 0.0
    state.exited[failed] = world.t
    for i in failed:
        proceeds = sum(_sell(world, int(s)) for s in np.flatnonzero(links.site_provider == i))
        _settle(world, int(i), proceeds)
    gone = np.zeros(state.cash.size, dtype=np.bool_)
    gone[failed] = True
    here = gone[links.site_provider]
    for column in (state.accepted, state.ordered, state.for_store, state.from_store, state.scrapped, state.may_go):
        column[here] = 0.0
    state.load[np.repeat(gone[links.pool_provider], 2)] = 0.0
    world.end_contracts(gone)
    world.population.release(world, gone)


def _sell(world: World, s: int) -> float:
    """Sell what stands at a site: to bidders in its region, the rest to owners elsewhere; return the proceeds."""
    state, links = world.state, world.links
    fire = world.parameters.finance.fire_sale
    books = fire * np.array([_book(world, s, kind) for kind in (CARDS, SHELLS)])
    bidders = _bidders(world, s)
    shares = shares_of_bidders(float(books.sum()), _means(world)[links.site_provider[bidders]])
    chips = shares_by_chip(shares, links.site_chips[bidders])
    value = state.owned[s] * state.chip_price
    taken = (chips * value).sum(axis=1) / max(float(value.sum()), SMALLEST_DEBT)
    for site, part, share in zip(bidders, taken, shares, strict=True):
        _pay(world, int(site), books * np.array([part, share]))
    _move(world, s, bidders, shares, chips)
    world.ledger.financial[Transfer.ASSETS, links.site_provider[s]] += float(books.sum())
    state.bought[s] = 0.0
    return float(books.sum())


def _book(world: World, s: int, kind: int) -> float:
    """Return the book value of cards or shells at a site at the end of last quarter."""
    age = world.t - np.arange(world.t + 1)
    age[0] += OPENING_AGE_QUARTERS
    kept = np.maximum(1.0 - age / world.links.book_lives[kind], 0.0)
    return float((world.state.bought[s, kind, : world.t + 1] * kept).sum())


def _bidders(world: World, s: int) -> Ints:
    """Return sites of firms in business that can pay, in the region of a site; a firm has one site a region."""
    state, links = world.state, world.links
    able = (state.selling * _means(world))[links.site_provider] > 0.0
    return np.flatnonzero(able & (links.site_region == links.site_region[s]))


def _means(world: World) -> Floats:
    """Return what every firm can pay at once (I,), USD m: within its budget, as what is owed comes first."""
    return np.maximum(np.minimum(world.state.liquid, world.state.budget), 0.0)


def _pay(world: World, site: int, price: Floats) -> None:
    """Let a bidder pay for cards and shells, and enter them in its books."""
    state, i, paid = world.state, world.links.site_provider[site], float(price.sum())
    state.bought[site, :, world.t + 1] += price
    state.cash[i] -= paid
    state.liquid[i] -= paid
    state.budget[i] -= paid
    world.ledger.financial[Transfer.ASSETS, i] -= paid


def _move(world: World, s: int, bidders: Ints, shares: Floats, chips: Floats) -> None:
    """Move cards by vintage with their account, and halls with what is being built; requests for power lapse."""
    state, structure = world.state, world.structure
    halls = [state.opening_mw, state.energised_mw, state.begun_mw, state.converting_mw]
    hand_over([state.cards, state.owned, state.stored], s, bidders, chips)
    hand_over(halls, s, bidders, shares)
    region = structure.elsewhere_region == world.links.site_region[s]
    owner = int(np.argmax(region))
    state.elsewhere_mw[owner] += state.opening_mw[s] + state.begun_mw[s].sum() + state.converting_mw[s].sum()
    take_rest([state.cards, state.owned], s, [state.elsewhere_cards, state.elsewhere], owner)
    state.elsewhere_cards[owner, :, world.t] += state.stored[s]
    state.elsewhere[owner] += state.stored[s]
    state.stored[s] = 0.0
    for column in (*halls, state.requested_mw, state.queued_mw, state.convertible_mw):
        column[s] = 0.0


def _settle(world: World, i: int, proceeds: float) -> None:
    """Let proceeds pay bills, then lenders, then owners, and close the books of a firm."""
    state, flows = world.state, world.ledger.financial
    estate = settle_estate(float(state.cash[i]), float(state.debt[i]), proceeds)
    flows[Transfer.CREDIT, i] += estate.credit
    flows[Transfer.EQUITY, i] -= estate.owners
    world.now.arrays["written_off"][i] = estate.written_off
    state.net_worth[i] += proceeds - state.assets[i]
    state.cash[i] = state.debt[i] = state.assets[i] = state.budget[i] = 0.0
    state.past_ebitda[i] = 0.0


def _enter(world: World) -> None:
    """Let the first dormant firm of each region that sees a profit, finds credit and is drawn come in."""
    state, links, rule = world.state, world.links, world.parameters.finance.entry.npv
    drawn = drawn_to_enter(
        links.dormant, state.entered, links.provider_key, season(world.seed, Decision.ENTRY, world.t), rule.chance
    )  # fmt: skip
    if drawn.size == 0:
        return
    came = set[int]()
    credit, covenants = world.parameters.finance.credit, world.conditions.measures.credit.covenant
    for i in drawn:
        region = int(links.provider_region[i])
        pays = entry_pays(_markup(world, int(i)), rule.capital_usd_m, rule.sunk_cost_usd_m, rule.hurdle)
        covenant = credit.covenant * covenants[i]
        trusted = credit_granted(links.credit_multiple[i], credit.asset_yield, covenant, rule.equity_share)
        if pays and trusted and region not in came:
            came.add(region)
            _found(world, int(i))


def _markup(world: World, i: int) -> float:
    """Return the price that a firm may expect at home over its own long-run cost there, less 1."""
    at = len(world.structure.regions) + world.links.home_site[i]
    return float(exp(world.state.habit[at : at + 1])[0]) - 1.0


def _found(world: World, i: int) -> None:
    """Let owners pay what entry costs and the equity of the first build, at home: there a dormant firm has a site."""
    state, rule = world.state, world.parameters.finance.entry.npv
    equity = rule.equity_share * rule.capital_usd_m
    world.ledger.financial[Transfer.EQUITY, i] += rule.sunk_cost_usd_m + equity
    world.ledger.building[i] += rule.sunk_cost_usd_m
    world.now.arrays["entry_cost"][i] = rule.sunk_cost_usd_m
    state.cash[i] += equity
    state.budget[i] = equity
    state.first_build[world.links.home_site[i]] = rule.capital_usd_m
    state.selling[i], state.entered[i] = 1.0, world.t
