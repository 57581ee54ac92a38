"""The one home of what changes: declared columns with units. Agents hold a row; phases read and write columns.

Sizes: I providers, S sites, V chips, L pools, J products, B base cells, R regions, K suppliers, Z sides upstream, W
owners outside the named providers, A vintages (0 the opening fleet, t + 1 delivered in quarter t), Q quarters of
decision (PAST before the first, those of the run, AHEAD after it), H heuristics of forecasting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from math import prod

import numpy as np

from sim.economics.cells import Floats
from sim.economics.expansion import LAST_LAG
from sim.economics.forecasts import HEURISTICS
from sim.economics.upstream import STAGES
from sim.structure import AHEAD, PAST, Structure

Shape = tuple[int, ...]


def column(unit: str, shape: str, meaning: str, *, recorded: bool = False) -> Floats:
    """Declare a column of the state: its unit, its shape in the sizes above, its meaning."""
    declared: Floats = field(
        metadata={"unit": unit, "shape": shape.split(", "), "meaning": meaning, "recorded": recorded}
    )  # fmt: skip
    return declared


def recorded(unit: str, shape: str, meaning: str) -> Floats:
    """Declare a column that is copied at the end of every quarter, see ``record``."""
    return column(unit, shape, meaning, recorded=True)


@dataclass
class State:
    """All columns that change during a run: views of one block, so that all that are recorded are copied at once."""

    block: Floats = field(repr=False)
    """Where the columns lie one after another, those that are recorded first."""
    potential: Floats = column("tasks per quarter", "R", "potential tasks of enterprises")
    training_tasks: Floats = column("tasks per quarter", "R", "expected training tasks among those of enterprises")
    lab_potential: Floats = column("tasks per quarter", "labs", "potential tasks of AI labs")
    lab_hours: Floats = column("effective H100e-hours per task", "labs", "when its use was last observed")
    tokens_per_hour: Floats = recorded("M tokens per effective H100e-hour", "I", "phi")
    reference_tokens: Floats = recorded("M tokens per effective H100e-hour", "1", "phi of the common path")
    tokens_per_task: Floats = recorded("M tokens per task", "1", "of the common path")
    cumulative_tokens: Floats = column("bn tokens", "I", "tokens served so far")
    chip_price: Floats = recorded("USD per card", "V", "price of a new card")
    chip_launch: Floats = column("quarter of the run", "V", "first quarter of sale; beyond every quarter until known")
    chip_cost: Floats = recorded("USD per card", "V", "unit cost")
    chip_needs: Floats = recorded("units per card", "V, 3", "wafers, packaging wafers and stacks of memory it takes")
    chip_yield: Floats = recorded("fraction", "V", "good dies over dies")
    scarcity: Floats = column("ratio", "K", "price of a maker's cards over that of the catalogue")
    tightness: Floats = recorded("ratio", "K", "orders of last quarter over what could have been made")
    fill: Floats = column("fraction", "K", "part of last quarter's orders that was accepted, in H100e")
    experience: Floats = column("mm2", "K", "silicon made so far")
    ecosystem: Floats = recorded("H100e", "stacks", "cards and research whose software work is still of use")
    software: Floats = recorded("fraction", "stacks, 2", "achieved over hardware performance by workload, sigma")
    effective: Floats = column("effective H100e", "V, 2", "what a card achieves by workload, software included")
    card_hours: Floats = column("effective inference H100e-hours", "V", "that a card can give in a quarter")
    research: Floats = recorded("USD m", "K", "research of last quarter")
    pace: Floats = column("quarters", "K", "quarters of the roadmap that a quarter brings")
    roadmap: Floats = column("quarters", "K", "how far the roadmap has come")
    standing: Floats = column("units", "K, 3", "what a maker took of each stage of late: its weight there")
    limit: Floats = recorded("stage", "K", "what limits a maker's output, see ``economics.upstream``")
    capacity: Floats = column("units per quarter", "Z, 3", "output of each stage upstream")
    bank: Floats = recorded("units", "Z, 3", "stock of each stage upstream")
    shortage: Floats = column("log ratio", "Z, 3, lags", "orders over capacity of past quarters, newest first")
    hour_cost: Floats = column("USD per used card-hour", "R, V", "long-run cost of a card-hour")
    left: Floats = column("fraction", "S + W, V", "what quotas, caps and mandates left of orders in the last quarter")
    on_premises: Floats = recorded("USD per effective H100e-hour", "R, 2", "cost of own cards by workload")
    long_run: Floats = column("USD per effective H100e-hour", "L, 2", "long-run cost by workload")
    cards: Floats = column("cards", "S, V, A", "owned, by vintage")
    owned: Floats = recorded("cards", "S, V", "owned: the running account of deliveries and losses")
    ordered: Floats = recorded("cards", "S, V", "ordered for delivery next quarter")
    accepted: Floats = recorded("cards", "S, V", "of these, what suppliers will deliver")
    delivered: Floats = recorded("cards", "S, V", "delivered this quarter")
    shipped: Floats = column("cards", "V", "that came to anybody in the last deliveries")
    seized: Floats = column("cards", "V", "of what was accepted last quarter, seized on the way")
    leaking: Floats = column("cards", "W, V", "of what was accepted last quarter, bought in the grey market")
    confiscated: Floats = column("cards", "V", "seized on the way of last quarter's deliveries")
    sold: Floats = column("cards", "V", "of last quarter's deliveries, those whose revenue makers kept")
    stored: Floats = recorded("cards", "S, V", "bought ahead of a rule, without a powered slot yet")
    tightening: Floats = recorded("probability", "S, R", "believed chance that rules on its makers tighten")
    for_store: Floats = column("cards", "S, V", "of what is accepted, to be stored")
    from_store: Floats = column("cards", "S, V", "to be taken out of the store next quarter")
    lost_cards: Floats = column("cards", "S, V", "failed or retired this quarter")
    elsewhere_cards: Floats = column("cards", "W, V, A", "of owners outside the named providers, by vintage")
    elsewhere: Floats = recorded("cards", "W, V", "of owners outside the named providers")
    elsewhere_delivered: Floats = recorded("cards", "W, V", "delivered to them this quarter")
    elsewhere_ordered: Floats = recorded("cards", "W, V", "ordered by them for delivery next quarter")
    elsewhere_accepted: Floats = recorded("cards", "W, V", "of these, what suppliers will deliver")
    capped: Floats = column("H100e", "caps, S + W", "accepted under each cap on destinations since it binds")
    operated: Floats = recorded("cards", "L, V", "owned plus leased in less leased out")
    kinds: Floats = column("effective H100e-hours", "L, N, 2", "hours each kind of card of the stack could give")
    load: Floats = recorded("effective H100e-hours", "2 L", "hours in use by lane, training and inference")
    own_use: Floats = recorded("effective H100e-hours", "L", "captive inference-equivalent hours")
    let_hours: Floats = column("effective inference H100e-hours", "leases", "agreed under leases that firms decide on")
    let_share: Floats = recorded("fraction", "leases", "of its lessor's cards that a lease moves")
    rent: Floats = column("USD per effective inference H100e-hour", "R", "of cards under leases that firms decide on")
    served_fraction: Floats = recorded("fraction", "L", "share of contracted service the pool can give")
    wait: Floats = column("fraction", "L", "unmet share of demand at the pool last quarter")
    posted: Floats = recorded("USD per unit", "J", "posted prices")
    wanted: Floats = column("USD per unit", "J", "wanted prices")
    on_sale: Floats = recorded("1 or 0", "J", "whether it was on sale last quarter")
    reference_price: Floats = column("USD per task", "B", "cost of a task on own cards in the first quarter")
    opening_price: Floats = column("USD per effective H100e-hour", "R", "mean posted IaaS price when first sold")
    regional_price: Floats = column("ratio", "R", "mean posted IaaS price over the opening one")
    hosted_price: Floats = column(
        "USD per effective inference H100e-hour", "R", "mean posted, of hours rented at its sites"
    )
    own_use_price: Floats = column("ratio", "I", "regional price when captive demand was last observed")
    multiplier: Floats = column("USD per effective inference hour", "L", "shadow price of capacity, mu")
    marginal_cost: Floats = column("USD per unit", "J", "cost of service")
    residual: Floats = recorded("fraction", "1", "largest relative first-order residual")
    opening_mw: Floats = column("MW IT", "S", "halls with power at the start, where they stand in the books now")
    energised_mw: Floats = recorded("MW IT", "S", "halls with power")
    convertible_mw: Floats = column("MW IT", "S", "powered halls of the general cloud that may be converted")
    requested_mw: Floats = column("MW IT", "S, Q", "power asked for and not yet promised, by quarter of the request")
    begun_mw: Floats = column("MW IT", "S, Q", "new shells by quarter in which building began")
    converting_mw: Floats = column("MW IT", "S, Q", "halls to be converted, by quarter of decision")
    queued_mw: Floats = recorded("MW IT", "S", "the same: the running account of requests, promises and withdrawals")
    build_price: Floats = column("USD m per MW IT", "R, Q", "price of what is begun in a quarter")
    congestion: Floats = column("ratio", "R", "price of builders over the usual one, last quarter")
    demand_seen: Floats = column("effective H100e-hours", "R", "demand of customers in the last quarter")
    seen: Floats = column("log", "R + S", "growth of demand, and price over a site's long-run cost, as last observed")
    habit: Floats = column("log", "R + S", "the same, adaptive forecast")
    ahead: Floats = column("log", "R + S, H", "the same, forecasts of the next value by heuristic")
    forecast_error: Floats = column("log squared", "R + S, H", "discounted squared errors of these")
    first_share: Floats = column("fraction", "S", "expected share of the region's customers by first choice")
    own_price: Floats = column("log", "S", "average of what sales fetch over what they would at the region's prices")
    own_markup: Floats = column("log", "S", "average of price over own cost, over the same for an hour of the region")
    order_cost: Floats = column("USD per effective H100e-hour", "S, K", "cost when the habit of ordering was formed")
    making: Floats = column("ratio", "S, K", "weight of the provider's own makers in its orders over habit")
    losses: Floats = column("quarters", "S, V", "quarters in a row in which the card lost money")
    may_go: Floats = column("cards", "S, V", "cards that may give way to new ones next quarter")
    scrapped: Floats = column("cards", "S, V", "cards to be taken out next quarter")
    budget: Floats = recorded("USD m", "I", "what may be committed in the next quarter")
    liquid: Floats = column("USD m", "I", "what may be paid at once: cash beyond the buffer, and room for credit")
    cash: Floats = recorded("USD m", "I", "cash of the AI segment")
    debt: Floats = recorded("USD m", "I", "debt of the AI segment")
    net_worth: Floats = column("USD m", "I", "running account of income and of what owners gave: cash + assets - debt")
    assets: Floats = recorded("USD m", "I", "book value of cards with servers, and of shells")
    bought: Floats = column("USD m", "S, 2, A", "cost of cards with servers, and of shells, by quarter of purchase")
    selling: Floats = recorded("1 or 0", "I", "whether it is in business: neither dormant nor wound up")
    entered: Floats = column("quarter", "I", "position of the quarter in which it came in; 0 where it never did")
    exited: Floats = column("quarter", "I", "position of the quarter in which it was wound up; 0 where it never was")
    first_build: Floats = column("USD m", "S", "what an entrant has still to spend on its first hall and cards there")
    elsewhere_mw: Floats = column("MW IT", "W", "halls, finished or not, that owners elsewhere took over")
    appetite: Floats = recorded("fraction", "I", "share of wanted starts and orders that owners let go ahead")
    cut_left: Floats = column("quarters", "I", "how long a cut of capital spending still lasts")
    past_ebitda: Floats = column("USD m", "I, A", "EBITDA by quarter")
    past_revenue: Floats = column("USD m", "I, A", "AI revenue by quarter")
    past_free_cash: Floats = column("USD m", "I, A", "free cash flow of the group by quarter")


COLUMNS = sorted((f for f in fields(State) if f.metadata), key=lambda f: not f.metadata["recorded"])
"""Declarations of all columns, as they lie in the block."""
RECORDED = tuple(f.name for f in COLUMNS if f.metadata["recorded"])
"""Names of those that are recorded: the first."""


def _caps(structure: Structure) -> int:
    """Return the number of caps on destinations."""
    return sum(x.kind == "country_cap" for x in structure.parameters.policy.instruments.values())


def sizes(structure: Structure) -> dict[str, int]:
    """Return the sizes that shapes of columns name."""
    return {
        "I": len(structure.providers), "S": len(structure.sites), "V": len(structure.chips), "L": len(structure.pools),
        "J": len(structure.products), "B": len(structure.cells), "R": len(structure.regions),
        "W": len(structure.parameters.rest_of_world), "A": structure.quarters + 1, "N": structure.most_kinds,
        "R + S": len(structure.regions) + len(structure.sites),
        "S + W": len(structure.sites) + structure.elsewhere_region.size,
        "labs": len(structure.labs), "leases": len(structure.parameters.leases) + len(structure.possible_leases),
        "2 L": 2 * len(structure.pools), "1": 1, "2": 2,
        "K": len(structure.suppliers), "Q": PAST + structure.quarters + AHEAD, "H": len(HEURISTICS),
        "Z": len(structure.sides), "caps": _caps(structure), "3": STAGES, "lags": LAST_LAG,
        "stacks": len(structure.stacks),
    }  # fmt: skip


def views(block: Floats, shapes: Mapping[str, Shape]) -> dict[str, Floats]:
    """Return columns by name that lie one after another along the last axis of a block (n, ...)."""
    out, first = dict[str, Floats](), 0
    for name, shape in shapes.items():
        after = first + prod(shape)
        out[name] = block[..., first:after].reshape(*block.shape[:-1], *shape)
        first = after
    return out


def state_in(block: Floats, shapes: Mapping[str, Shape]) -> State:
    """Return a state whose columns, of shapes as they lie, are views of a block."""
    return State(**views(block, shapes), block=block)


@lru_cache(maxsize=4)
def shapes_of(structure: Structure) -> Mapping[str, Shape]:
    """Return the shape of every column, as they lie in the block."""
    size = sizes(structure)
    return {f.name: tuple(size[part] for part in f.metadata["shape"]) for f in COLUMNS}


def empty_state(structure: Structure) -> State:
    """Return a state with every column zero."""
    shapes = shapes_of(structure)
    return state_in(np.zeros(sum(map(prod, shapes.values()))), shapes)
