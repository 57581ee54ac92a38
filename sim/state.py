"""The one home of what changes: declared columns with units. Agents hold a row; phases read and write columns.

Sizes: I providers, S sites, V chips, L pools, J products, K (cell, product) pairs, B base cells, R regions,
W owners outside the named providers, A vintages (0 the opening fleet, t + 1 delivered in quarter t).
"""

from dataclasses import dataclass, field, fields

import numpy as np

from sim.economics.cells import Floats
from sim.economics.workloads import Customers, Workloads
from sim.structure import Structure


def column(unit: str, meaning: str) -> Floats:
    """Declare a column of the state with its unit and meaning."""
    declared: Floats = field(metadata={"unit": unit, "meaning": meaning})
    return declared


@dataclass
class State:
    """All columns that change during a run."""

    potential: Floats = column("tasks per quarter", "(R,) potential tasks of enterprises")
    lab_potential: Floats = column("tasks per quarter", "(labs,) potential tasks of AI labs")
    lab_hours: Floats = column("effective H100e-hours per task", "(labs,) when its use was last observed")
    tokens_per_hour: Floats = column("M tokens per effective H100e-hour", "(I,) phi")
    reference_tokens: Floats = column("M tokens per effective H100e-hour", "(1,) phi of the common path")
    tokens_per_task: Floats = column("M tokens per task", "(1,)")
    cumulative_tokens: Floats = column("bn tokens", "(I,) tokens served so far")
    chip_price: Floats = column("USD per card", "(V,)")
    hour_cost: Floats = column("USD per used card-hour", "(R, V) long-run cost of a card-hour")
    on_premises: Floats = column("USD per effective H100e-hour", "(R, 2) cost of own cards by workload")
    long_run: Floats = column("USD per effective H100e-hour", "(L, 2) long-run cost by workload")
    cards: Floats = column("cards", "(S, V, A) owned, by vintage")
    owned: Floats = column("cards", "(S, V) owned: the running account of deliveries and losses")
    ordered: Floats = column("cards", "(S, V) ordered for delivery next quarter")
    accepted: Floats = column("cards", "(S, V) of these, what suppliers will deliver")
    delivered: Floats = column("cards", "(S, V) delivered this quarter")
    lost_cards: Floats = column("cards", "(S, V) failed or retired this quarter")
    elsewhere_cards: Floats = column("cards", "(W, V, A) of owners outside the named providers, by vintage")
    elsewhere: Floats = column("cards", "(W, V) of owners outside the named providers")
    elsewhere_delivered: Floats = column("cards", "(W, V) delivered to them this quarter")
    elsewhere_ordered: Floats = column("cards", "(W, V) ordered by them for delivery next quarter")
    elsewhere_accepted: Floats = column("cards", "(W, V) of these, what suppliers will deliver")
    operated: Floats = column("cards", "(L, V) owned plus leased in less leased out")
    kinds: Floats = column("effective H100e-hours", "(L, N, 2) hours each kind of card of the stack could give")
    load: Floats = column("effective H100e-hours", "(2 L,) hours in use by lane, training and inference")
    own_use: Floats = column("effective H100e-hours", "(L,) captive inference-equivalent hours")
    served_fraction: Floats = column("fraction", "(L,) share of contracted service the pool can give")
    wait: Floats = column("fraction", "(L,) unmet share of demand at the pool last quarter")
    posted: Floats = column("USD per unit", "(J,) posted prices")
    wanted: Floats = column("USD per unit", "(J,) wanted prices")
    on_sale: Floats = column("1 or 0", "(J,) whether it was on sale last quarter")
    reference_price: Floats = column("USD per task", "(B,) cost of a task on own cards in the first quarter")
    opening_price: Floats = column("USD per effective H100e-hour", "(R,) mean posted IaaS price of the first quarter sold")
    regional_price: Floats = column("ratio", "(R,) mean posted IaaS price over the opening one")
    own_use_price: Floats = column("ratio", "(I,) regional price when captive demand was last observed")
    multiplier: Floats = column("USD per effective inference hour", "(L,) shadow price of capacity, mu")
    marginal_cost: Floats = column("USD per unit", "(J,) cost of service")
    residual: Floats = column("fraction", "(1,) largest relative first-order residual")
    expected_demand: Floats = column("effective H100e-hours", "(S,) smoothed demand at the site")
    expected_growth: Floats = column("log change per quarter", "(S,) smoothed growth of demand")
    expected_price: Floats = column("ratio", "(S,) smoothed price over long-run cost")
    cash: Floats = column("USD m", "(I,) cash of the AI segment")
    shell_mw: Floats = column("MW IT", "(S,) largest IT power so far: shells in place")


UNITS: dict[str, tuple[str, str]] = {f.name: (f.metadata["unit"], f.metadata["meaning"]) for f in fields(State)}
"""Unit and meaning of every state column."""


def empty_state(structure: Structure) -> State:
    """Return a state with every column zero."""
    regions, providers, sites = len(structure.regions), len(structure.providers), len(structure.sites)
    owners = len(structure.parameters.rest_of_world)
    chips, pools, products = len(structure.chips), len(structure.pools), len(structure.products)
    shapes: dict[str, tuple[int, ...]] = {
        "potential": (regions,), "lab_potential": (len(structure.labs),), "lab_hours": (len(structure.labs),), "tokens_per_hour": (providers,),
        "reference_tokens": (1,), "tokens_per_task": (1,), "cumulative_tokens": (providers,),
        "chip_price": (chips,), "hour_cost": (regions, chips), "on_premises": (regions, 2), "long_run": (pools, 2),
        "cards": (sites, chips, structure.quarters + 1), "owned": (sites, chips), "ordered": (sites, chips),
        "accepted": (sites, chips), "delivered": (sites, chips),
        "elsewhere_cards": (owners, chips, structure.quarters + 1), "elsewhere": (owners, chips),
        "elsewhere_delivered": (owners, chips), "elsewhere_ordered": (owners, chips),
        "elsewhere_accepted": (owners, chips), "reference_price": (len(structure.cells),),
        "opening_price": (regions,), "regional_price": (regions,), "own_use_price": (providers,),
        "lost_cards": (sites, chips), "operated": (pools, chips), "kinds": (pools, structure.most_kinds, 2), "load": (2 * pools,),
        "own_use": (pools,), "served_fraction": (pools,), "wait": (pools,), "posted": (products,),
        "wanted": (products,), "on_sale": (products,), "multiplier": (pools,), "marginal_cost": (products,),
        "residual": (1,),
        "expected_demand": (sites,), "expected_growth": (sites,), "expected_price": (sites,), "cash": (providers,),
        "shell_mw": (sites,),
    }  # fmt: skip
    return State(**{name: np.zeros(shape) for name, shape in shapes.items()})


__all__ = ["UNITS", "Customers", "State", "Workloads", "column", "empty_state"]
