"""The one home of what changes: declared columns with units. Agents hold a row; phases read and write columns.

Sizes: I providers, S sites, V chips, L pools, J products, K (cell, product) pairs, B base cells, R regions,
W owners outside the named providers, A vintages (0 the opening fleet, t + 1 delivered in quarter t).
"""

from dataclasses import dataclass, field, fields

import numpy as np

from sim.economics.cells import Floats
from sim.economics.workloads import Customers, Workloads
from sim.structure import Structure


def column(unit: str, shape: str, meaning: str) -> Floats:
    """Declare a column of the state: its unit, its shape in the sizes above, its meaning."""
    declared: Floats = field(metadata={"unit": unit, "shape": shape, "meaning": meaning})
    return declared


@dataclass
class State:
    """All columns that change during a run."""

    potential: Floats = column("tasks per quarter", "R", "potential tasks of enterprises")
    training_tasks: Floats = column("tasks per quarter", "R", "expected training tasks among those of enterprises")
    lab_potential: Floats = column("tasks per quarter", "labs", "potential tasks of AI labs")
    lab_hours: Floats = column("effective H100e-hours per task", "labs", "when its use was last observed")
    tokens_per_hour: Floats = column("M tokens per effective H100e-hour", "I", "phi")
    reference_tokens: Floats = column("M tokens per effective H100e-hour", "1", "phi of the common path")
    tokens_per_task: Floats = column("M tokens per task", "1", "of the common path")
    cumulative_tokens: Floats = column("bn tokens", "I", "tokens served so far")
    chip_price: Floats = column("USD per card", "V", "price of a new card")
    hour_cost: Floats = column("USD per used card-hour", "R, V", "long-run cost of a card-hour")
    on_premises: Floats = column("USD per effective H100e-hour", "R, 2", "cost of own cards by workload")
    long_run: Floats = column("USD per effective H100e-hour", "L, 2", "long-run cost by workload")
    cards: Floats = column("cards", "S, V, A", "owned, by vintage")
    owned: Floats = column("cards", "S, V", "owned: the running account of deliveries and losses")
    ordered: Floats = column("cards", "S, V", "ordered for delivery next quarter")
    accepted: Floats = column("cards", "S, V", "of these, what suppliers will deliver")
    delivered: Floats = column("cards", "S, V", "delivered this quarter")
    lost_cards: Floats = column("cards", "S, V", "failed or retired this quarter")
    elsewhere_cards: Floats = column("cards", "W, V, A", "of owners outside the named providers, by vintage")
    elsewhere: Floats = column("cards", "W, V", "of owners outside the named providers")
    elsewhere_delivered: Floats = column("cards", "W, V", "delivered to them this quarter")
    elsewhere_ordered: Floats = column("cards", "W, V", "ordered by them for delivery next quarter")
    elsewhere_accepted: Floats = column("cards", "W, V", "of these, what suppliers will deliver")
    operated: Floats = column("cards", "L, V", "owned plus leased in less leased out")
    kinds: Floats = column("effective H100e-hours", "L, N, 2", "hours each kind of card of the stack could give")
    load: Floats = column("effective H100e-hours", "2 L", "hours in use by lane, training and inference")
    own_use: Floats = column("effective H100e-hours", "L", "captive inference-equivalent hours")
    served_fraction: Floats = column("fraction", "L", "share of contracted service the pool can give")
    wait: Floats = column("fraction", "L", "unmet share of demand at the pool last quarter")
    posted: Floats = column("USD per unit", "J", "posted prices")
    wanted: Floats = column("USD per unit", "J", "wanted prices")
    on_sale: Floats = column("1 or 0", "J", "whether it was on sale last quarter")
    reference_price: Floats = column("USD per task", "B", "cost of a task on own cards in the first quarter")
    opening_price: Floats = column("USD per effective H100e-hour", "R", "mean posted IaaS price when first sold")
    regional_price: Floats = column("ratio", "R", "mean posted IaaS price over the opening one")
    own_use_price: Floats = column("ratio", "I", "regional price when captive demand was last observed")
    multiplier: Floats = column("USD per effective inference hour", "L", "shadow price of capacity, mu")
    marginal_cost: Floats = column("USD per unit", "J", "cost of service")
    residual: Floats = column("fraction", "1", "largest relative first-order residual")
    expected_demand: Floats = column("effective H100e-hours", "S", "smoothed demand at the site")
    expected_growth: Floats = column("log change per quarter", "S", "smoothed growth of demand")
    expected_price: Floats = column("ratio", "S", "smoothed price over long-run cost")
    cash: Floats = column("USD m", "I", "cash of the AI segment")
    debt: Floats = column("USD m", "I", "debt of the AI segment")
    net_worth: Floats = column("USD m", "I", "running account of income and of what owners gave: cash + assets - debt")
    assets: Floats = column("USD m", "I", "book value of cards with servers, and of shells")
    bought: Floats = column("USD m", "S, 2, A", "cost of cards with servers, and of shells, by quarter of purchase")
    budget: Floats = column("USD m", "I", "what may be committed to new cards and shells next quarter")
    selling: Floats = column("1 or 0", "I", "whether it is in business: neither dormant nor wound up")
    entered: Floats = column("quarter", "I", "position of the quarter in which it came in; 0 where it never did")
    exited: Floats = column("quarter", "I", "position of the quarter in which it was wound up; 0 where it never was")
    first_build: Floats = column("USD m", "I", "what an entrant without cards wants to spend on its first")
    elsewhere_mw: Floats = column("MW IT", "W", "shells that owners elsewhere took over")
    appetite: Floats = column("fraction", "I", "share of wanted starts and orders that owners let go ahead")
    cut_left: Floats = column("quarters", "I", "how long a cut of capital spending still lasts")
    past_ebitda: Floats = column("USD m", "I, A", "EBITDA by quarter")
    past_revenue: Floats = column("USD m", "I, A", "AI revenue by quarter")
    past_free_cash: Floats = column("USD m", "I, A", "free cash flow of the group by quarter")
    shell_mw: Floats = column("MW IT", "S", "largest IT power so far: shells in place")


UNITS: dict[str, tuple[str, str]] = {f.name: (f.metadata["unit"], f.metadata["meaning"]) for f in fields(State)}
"""Unit and meaning of every state column."""


def sizes(structure: Structure) -> dict[str, int]:
    """Return the sizes that shapes of columns name."""
    return {
        "I": len(structure.providers), "S": len(structure.sites), "V": len(structure.chips), "L": len(structure.pools),
        "J": len(structure.products), "B": len(structure.cells), "R": len(structure.regions),
        "W": len(structure.parameters.rest_of_world), "A": structure.quarters + 1, "N": structure.most_kinds,
        "labs": len(structure.labs), "2 L": 2 * len(structure.pools), "1": 1, "2": 2,
    }  # fmt: skip


def empty_state(structure: Structure) -> State:
    """Return a state with every column zero."""
    size = sizes(structure)
    shapes = {f.name: tuple(size[part] for part in f.metadata["shape"].split(", ")) for f in fields(State)}
    return State(**{name: np.zeros(shape) for name, shape in shapes.items()})


__all__ = ["UNITS", "Customers", "State", "Workloads", "column", "empty_state"]
