"""The first state: fleets and cash from data, customers with their traits, workloads that have not yet chosen.

What parameters alone decide is laid out once and copied for every run.
"""

from functools import lru_cache

import numpy as np

from sim.economics.cells import Floats
from sim.economics.depreciation import CARDS, SHELLS, keep_books
from sim.economics.ecosystem import advance_software
from sim.economics.sizes import enterprise_sizes
from sim.economics.upstream import NOTHING
from sim.economics.workloads import NEW, ON_DEMAND, UNSET, Customers, Workloads, keys_of_rows
from sim.links import book_lives, software_of
from sim.makers import NEVER, Makers
from sim.names import key_of
from sim.parameters.customers import Lab
from sim.paths import shell_costs
from sim.randomness import Decision, Words, draw_uniforms, keys_of_members
from sim.state import State, empty_state, shapes_of, state_in
from sim.structure import AHEAD, OPENING_AGE_QUARTERS, PAST, Structure


def enterprise_counts(structure: Structure) -> list[int]:
    """Return enterprises by region: shares of the total, rounded by largest remainder."""
    customers = structure.parameters.customers
    shares = [customers.demand[r].enterprise_share if r in customers.demand else 0.0 for r in structure.regions]
    exact = np.array(shares) * customers.enterprises
    counts = np.floor(exact).astype(int)
    for position in np.argsort(counts - exact, kind="stable")[: customers.enterprises - int(counts.sum())]:
        counts[position] += 1
    return [int(c) for c in counts]


@lru_cache(maxsize=32)
def _members(structure: Structure, region: int, count: int) -> tuple[Words, Floats]:
    """Return keys and sizes of the enterprises of one region."""
    sizes = structure.parameters.customers.sizes
    keys = keys_of_members(np.uint64(key_of("enterprise", structure.regions[region])), count)
    return keys, enterprise_sizes(count, sizes.tail_exponent, sizes.cap_share)


def _enterprises(structure: Structure, region: int, count: int, seed: int) -> Customers:
    """Return the enterprises of one region with drawn tastes and residency."""
    demand = structure.parameters.customers.demand[structure.regions[region]]
    keys, sizes = _members(structure, region, count)
    residency = draw_uniforms(keys, np.uint64(seed), np.uint64(Decision.RESIDENCY))
    edges = np.cumsum([demand.tastes.get(t, 0.0) for t in structure.tastes])
    edges[-1] = 1.0
    taste = np.searchsorted(edges, draw_uniforms(keys, np.uint64(seed), np.uint64(Decision.TASTE)))
    return Customers(
        keys,
        np.full(count, region, dtype=np.int16),
        taste.astype(np.int16),
        (residency < demand.bound_share_training).astype(np.int8),
        (residency < demand.bound_share_inference).astype(np.int8),
        sizes,
    )


def _labs(structure: Structure) -> Customers:
    """Return the teams of the AI labs as customers: free to train and serve anywhere."""
    labs = structure.parameters.customers.labs
    teams = structure.parameters.customers.lab_teams
    count = len(labs) * teams
    keys = [keys_of_members(np.uint64(key_of("lab", name)), teams) for name in labs]
    return Customers(
        np.concatenate([np.zeros(0, np.uint64), *keys]),
        np.repeat(np.array([structure.regions.index(lab.region) for lab in labs.values()], dtype=np.int16), teams),
        np.repeat(np.array([structure.tastes.index(lab.taste) for lab in labs.values()], dtype=np.int16), teams),
        np.zeros(count, dtype=np.int8),
        np.zeros(count, dtype=np.int8),
        np.full(count, 1.0 / teams),
    )


def open_customers(structure: Structure, seed: int) -> Customers:
    """Return all customers: enterprises region by region, then labs; nobody in the large-population limit."""
    present = [r for r, name in enumerate(structure.regions) if name in structure.parameters.customers.demand]
    counts = enterprise_counts(structure)
    groups = [_enterprises(structure, r, counts[r], seed) for r in present] + [_labs(structure)]
    last = 0 if structure.parameters.customers.granularity == "cells" else None
    return Customers(*(np.concatenate(columns)[:last] for columns in zip(*groups, strict=True)))


def open_workloads(customers: Customers, slots: int) -> Workloads:
    """Return empty workload rows: every customer chooses for the first time in the first quarter."""
    size = customers.key.size * slots
    return Workloads(
        keys_of_rows(customers.key, slots), np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size, np.int32),
        np.full(size, UNSET, np.int32), np.full(size, NEW, np.int8), np.full(size, ON_DEMAND, np.int8),
        np.full(size, -1, np.int16), np.zeros(size, np.int8),
    )  # fmt: skip


def _opening_hours(structure: Structure, lab: Lab) -> float:
    """Return hours per task of a lab at the price of own cards: what it starts from, until prices are known."""
    own = structure.parameters.customers.tastes[lab.taste].own_efficiency
    return lab.training_share + (1.0 - lab.training_share) / own


def _open_books(structure: Structure, state: State) -> None:
    """Set cash, debt, assets at cost of the start, and the first budget: cash and what assets alone would carry."""
    parameters = structure.parameters
    accounts = [x.account for x in parameters.providers.values()]
    state.cash[:] = [x.opening_cash_usd_m for x in accounts]
    state.debt[:] = [x.opening_debt_usd_m for x in accounts]
    state.bought[:, CARDS, 0] = (
        state.owned @ first_prices(structure) * parameters.market.costs.server_cost_multiple / 1e6
    )
    shell = np.array([r.shell_cost_usd_m_per_mw for r in parameters.market.regions.values()])
    state.bought[:, SHELLS, 0] = state.energised_mw * shell[structure.site_region]
    nothing = np.zeros(len(structure.sites))
    books = state.bought.copy()
    keep_books(
        books, nothing, nothing, structure.site_provider, book_lives(parameters), 0, OPENING_AGE_QUARTERS - 1,
        state.assets, np.empty(state.assets.size),
    )  # fmt: skip
    state.net_worth[:] = state.cash + state.assets - state.debt
    multiple = np.array([x.credit_multiple for x in accounts]) * parameters.finance.credit.covenant
    room = multiple * parameters.finance.credit.asset_yield * state.assets
    state.budget[:] = np.maximum(state.cash - state.debt + room, 0.0)
    state.appetite[:] = 1.0
    state.selling[:] = [x.kind != "dormant" for x in parameters.providers.values()]


def first_prices(structure: Structure) -> Floats:
    """Return the price of every chip at its launch, which no card in the opening fleet has fallen from (V,), USD."""
    return np.array([chip.price_usd for chip in structure.catalogue.values()])


@lru_cache(maxsize=4)
def _first_state(structure: Structure) -> State:
    state = empty_state(structure)
    state.cards[:, :, 0] = state.owned[:] = structure.opening_cards
    state.elsewhere_cards[:, :, 0] = state.elsewhere[:] = structure.elsewhere_opening
    state.regional_price[:] = 1.0
    state.own_use_price[:] = 1.0
    state.lab_hours[:] = [_opening_hours(structure, lab) for lab in structure.parameters.customers.labs.values()]
    _fear(structure, state)
    _makers(structure, state)
    _software(structure, state)
    _open_halls(structure, state)
    _open_books(structure, state)
    return state


def _fear(structure: Structure, state: State) -> None:
    """Set what firms believe at first of rules on cards of foreign makers; nobody expects them on makers at home."""
    family = structure.parameters.behaviour.tightening
    if family.name == "adaptive":
        abroad = structure.site_region[:, None] != np.arange(len(structure.regions))
        state.tightening[:] = family.adaptive.initial * abroad


def _open_halls(structure: Structure, state: State) -> None:
    """Set halls with power, and what was under way: begun as long before its observed completion as building takes."""
    state.opening_mw[:] = state.energised_mw[:] = structure.observed_mw[0]
    state.convertible_mw[:] = structure.convertible_mw
    conversion = structure.parameters.market.building.conversion_quarters
    for t, s in zip(*np.nonzero(structure.completed_mw), strict=True):
        state.begun_mw[s, PAST + t - structure.build_quarters[structure.site_region[s]]] = structure.completed_mw[t, s]
    state.converting_mw[:, PAST - conversion : PAST - conversion + structure.quarters] = structure.converted_mw.T
    state.build_price[:] = shell_costs(structure, np.arange(-PAST, structure.quarters + AHEAD, dtype=np.float64)).T
    state.congestion[:] = 1.0
    state.left[:] = 1.0


def _makers(structure: Structure, state: State) -> None:
    """Open what makers know and have: experience, standing, capacity upstream, cards whose dates stand."""
    makers = Makers(structure)
    dated = structure.chip_dated | (structure.chip_launch < structure.history)
    state.chip_launch[:] = np.where(dated, structure.chip_launch, NEVER)
    state.experience[:] = makers.opening_experience
    state.scarcity[:] = state.fill[:] = state.pace[:] = state.tightness[:] = 1.0
    state.roadmap[:] = -1.0
    state.capacity[:], state.bank[:], state.standing[:] = makers.capacity, makers.bank, makers.standing
    state.shortage[:] = makers.past_shortage[:, None, None]
    state.limit[:] = NOTHING
    state.making[:] = 1.0


def _software(structure: Structure, state: State) -> None:
    """Open ecosystems with the cards in use at the start, and set what cards achieve under them."""
    software = software_of(structure)
    cards = structure.opening_cards.sum(axis=0) + structure.elsewhere_opening.sum(axis=0)
    advance_software(software, cards, state.research, state.ecosystem, state.software, state.effective)


def open_state(structure: Structure) -> State:
    """Return the state at the beginning of the first quarter, for one run to change."""
    return state_in(_first_state(structure).block.copy(), shapes_of(structure))
