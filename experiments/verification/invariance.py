"""V28, V29, V30: order, names and units carry no meaning; a run follows from its parameters and its seed alone."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from experiments.engine.pool import Killed, run_all
from experiments.verification.case import Case, Pair
from experiments.verification.economy import Changes, Times, Values, changed, shipped, simulated
from sim import ComputeMarket, Parameters
from sim.collecting import data_collector
from sim.ground import forget
from sim.tables import TABLES

SHORT: Changes = {"market.end": "2023Q4", "market.history_end": "2022Q4", "customers.enterprises": 50}
"""Eight quarters, half of them with decided deliveries."""
ENTITIES = ("providers", "chips", "suppliers", "rest_of_world", "leases")
SEEDS = (1, 2, 3, 4)

Rows = dict[tuple[str, ...], dict[str, float]]
SPARSE = ("diverted", "chips")
"""Tables with rows only where something happened."""


def short(changes: Changes | None = None) -> Values:
    """Return the shipped configuration with few enterprises and quarters, changed."""
    return changed(shipped(), {**SHORT, **(changes or {})})


def rows_of(model: ComputeMarket) -> Rows:
    """Return every number of every table by its key."""
    out: Rows = {}
    for table, columns in model.tables().items():
        keys = [columns[key.name] for key in TABLES[table].keys if key.name in columns]
        numbers = {name: values for name, values in columns.items() if values.dtype.kind == "f"}
        for i, key in enumerate(zip(*keys, strict=True)):
            out[(table, *map(str, key))] = {name: float(values[i]) for name, values in numbers.items()}
    return out


@cache
def plain_rows() -> Rows:
    """Return the rows of the short run."""
    return rows_of(simulated(short()))


def compared(mine: Rows, other: Rows, factor: Callable[[tuple[str, ...], str], float] | None = None) -> Pair:
    """Return numbers of two sets of rows in one order, the first times a factor by row and column; null as 0.

    Tables that hold only what is not zero may lack a row on one side: its numbers are 0.

    Raises:
        ValueError: If other rows are missing, or a number is null on one side only.
    """
    odd = [key for key in mine.keys() ^ other.keys() if key[0] not in SPARSE]
    if odd:
        msg = f"rows differ: {sorted(odd)[:3]}"
        raise ValueError(msg)
    places = [(key, name) for key, row in {**other, **mine}.items() for name in row]
    expected, found = (np.array([rows.get(key, {}).get(name, 0.0) for key, name in places]) for rows in (mine, other))
    expected *= [factor(*place) for place in places] if factor is not None else 1.0
    if (np.isnan(expected) != np.isnan(found)).any():
        msg = "a number is null on one side only"
        raise ValueError(msg)
    return np.nan_to_num(expected), np.nan_to_num(found)


def _reversed(value: Any) -> Any:
    return {key: _reversed(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


def _order_in_files() -> Pair:
    return compared(plain_rows(), rows_of(simulated(_reversed(short()))))


def _positions() -> Pair:
    """Rows of providers, chips, suppliers, owners and leases stand in the opposite order."""
    pairs = []
    for what in ENTITIES:
        values = short()
        values[what] = _turned(values[what])
        forget()  # equal parameters share their ground, whatever the order of their keys
        turned = ComputeMarket(Parameters.model_validate_json(json.dumps(values)), 1).run()
        forget()
        pairs.append(compared(plain_rows(), rows_of(turned)))
    return tuple(np.concatenate(side) for side in zip(*pairs, strict=True))  # type: ignore[return-value]


def _turned(entities: Values) -> Values:
    return {key: entities[key] for key in reversed(entities)}


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(x, names) for key, x in value.items()}
    if isinstance(value, list):
        return [_renamed(x, names) for x in value]
    return names.get(value, value) if isinstance(value, str) else value


def _names() -> Pair:
    """Chips and suppliers, which enter no draw of customers, may be called anything; labels too."""
    values = short()
    ids = [x for x in (*values["chips"], *values["suppliers"]) if x not in values["market"]["stacks"]]
    names = {name: f"z{99 - i}-{name}" for i, name in enumerate(ids)}
    other = _renamed(values, names)
    for provider in other["providers"].values():
        provider["label"] = "somebody"
    mine = {tuple(names.get(x, x) for x in key): numbers for key, numbers in plain_rows().items()}
    return compared(mine, rows_of(simulated(other)))


NO_DRAWS: Changes = {
    "customers.granularity": "cells",
    "customers.demand.*.shock_sd": 0.0,
    "finance.patience.name": "none",
    "finance.entry.name": "none",
}
NAMED = ("providers", "leases", "rest_of_world", "chips", "suppliers")


def _names_without_draws() -> Pair:
    """Where nothing is drawn, firms, labs and tastes may be called anything too."""
    values = short(NO_DRAWS)
    customers = values["customers"]
    ids = [*(x for what in NAMED for x in values[what]), *customers["labs"], *customers["tastes"]]
    ids = [x for x in dict.fromkeys(ids) if x not in values["market"]["stacks"]]
    names = {name: f"z{999 - i}-{name}" for i, name in enumerate(ids)}
    mine = {tuple(_one_renamed(x, names) for x in key): row for key, row in rows_of(simulated(values)).items()}
    return compared(mine, rows_of(simulated(_renamed(values, names))))


def _one_renamed(word: str, names: dict[str, str]) -> str:
    """Return a key of a row with other names; an outcome is ``measure.entity``."""
    measure, dot, entity = word.partition(".")
    return f"{measure}.{names.get(entity, entity)}" if dot else names.get(word, word)


MONEY: Changes = {
    "behaviour.make_or_buy.npv.design_cost_usd_m": 0.01,
    "chips.*.price_usd": 0.01,
    "market.regions.*.electricity_usd_per_kwh": 0.01,
    "market.regions.*.shell_cost_usd_m_per_mw": 0.01,
    "market.costs.operations_usd_per_card_hour": 0.01,
    "market.ecosystem.engineering": 100.0,
    "providers.*.models.other_cost_usd_per_m_tokens": 0.01,
    "providers.*.general_cloud.revenue_usd_m": 0.01,
    "providers.*.group.cash_flow_usd_m": 0.01,
    "providers.*.account.opening_cash_usd_m": 0.01,
    "providers.*.account.opening_debt_usd_m": 0.01,
    "suppliers.*.research.reference_usd_m": 0.01,
    "upstream.*.wafers.price_usd": 0.01,
    "upstream.*.packaging.price_usd": 0.01,
    "upstream.*.memory.price_usd": 0.01,
    "upstream.*.test_usd_per_card": 0.01,
    "finance.entry.npv.sunk_cost_usd_m": 0.01,
    "finance.entry.npv.capital_usd_m": 0.01,
}
"""Every amount of money."""


def _money() -> Pair:
    def factor(key: tuple[str, ...], name: str) -> float:
        money = "usd" in name or "rmb" in name or (name == "value" and ("price" in key[1] or "usd" in key[1]))
        return 0.01 if money else 1.0

    cheap = short({key: Times(x) for key, x in MONEY.items()})
    return compared(plain_rows(), rows_of(simulated(cheap)), factor)


CARDS: Changes = {
    "behaviour.make_or_buy.npv.design_cost_usd_m": 1000.0,
    "providers.*.sites.*.opening_cards": 1000.0,
    "providers.*.sites.*.deliveries": 1000.0,
    "rest_of_world.*.opening_cards": 1000.0,
    "rest_of_world.*.deliveries": 1000.0,
    "providers.*.own_use.h100e": 1000.0,
    "providers.*.general_cloud.revenue_usd_m": 1000.0,
    "providers.*.group.cash_flow_usd_m": 1000.0,
    "providers.*.account.opening_cash_usd_m": 1000.0,
    "providers.*.account.opening_debt_usd_m": 1000.0,
    "upstream.*.wafers.capacity": 1000.0,
    "upstream.*.packaging.capacity": 1000.0,
    "upstream.*.memory.capacity": 1000.0,
    "upstream.*.memory.bank": 1000.0,
    "upstream.*.memory.imports": 1000.0,
    "behaviour.grey_market.reference_cards": 1000.0,
    "behaviour.grey_market.elasticity.reference_cards": 1000.0,
    "behaviour.grey_market.wedge.slope": 0.001,
    "suppliers.*.research.reference_usd_m": 1000.0,
    "finance.entry.npv.sunk_cost_usd_m": 1000.0,
    "finance.entry.npv.capital_usd_m": 1000.0,
    "customers.labs.*.h100e": 1000.0,
    "customers.demand.*.initial_tasks_h100e": 1000.0,
    "market.technology.learning_scale_tokens_bn": 1000.0,
    "market.ecosystem.scale_h100e": 1000.0,
    "market.regions.*.grid_mw": 1000.0,
    "market.regions.*.trade_mw": 1000.0,
}
"""Every amount of compute, power and demand, and the money that goes with their scale."""
INTENSIVE = (
    "card_h100e", "share", "price", "hhi", "gap_at_cost", "utilisation", "lrmc", "per_", "residual", "index",
    "interest_rate", "appetite", "yield", "unit_cost", "self_sufficiency", "belief", "software",
)  # fmt: skip
"""In names of columns that do not grow with the economy."""


def _cards() -> Pair:
    def factor(key: tuple[str, ...], name: str) -> float:
        words = key[1].split(".")[0] if name == "value" else name
        return 1.0 if any(x in words for x in INTENSIVE) else 1000.0

    large = short({key: Times(x) for key, x in CARDS.items()})
    return compared(plain_rows(), rows_of(simulated(large)), factor)


def text_of(seed: int) -> str:
    """Return all numbers of the short run with a seed as one text."""
    return json.dumps(list(rows_of(simulated(short(), seed)).items()))


def _one_path_a_seed() -> Pair:
    first, again, other = text_of(1), text_of(1), text_of(2)
    return [1.0, 0.0], [float(first == again), float(first == other)]


def _serial_and_parallel() -> Pair:
    """Whether four runs in two processes give the numbers of four runs in this one, bit for bit."""
    done = [result for result in run_all(SEEDS, text_of, 2) if not isinstance(result, Killed)]
    found = dict(done)
    return np.ones(len(SEEDS)), [float(found.get(seed) == text_of(seed)) for seed in SEEDS]


def _collection() -> Pair:
    """Whether a run that Mesa's DataCollector watches gives the same numbers, bit for bit."""
    watched = ComputeMarket(Parameters.from_mapping(short()), 1)
    collector = data_collector(watched)
    while not watched.finished:
        watched.step()
        collector.collect(watched)
    return 1.0, float(json.dumps(list(rows_of(watched).items())) == text_of(1))


CASES = (
    Case("V28a", "whole run, all keys in the opposite order: every number of every table", "exchangeability", 0.0,
         _order_in_files),
    Case("V28b", f"whole runs, rows of {', '.join(ENTITIES)} in the opposite order", "exchangeability", 1e-8,
         _positions),  # refused cards are the small difference of two large numbers
    Case("V28c", "whole run, chips and suppliers under other names, labels too", "exchangeability", 1e-9, _names),
    Case("V28d", "whole run without draws, firms, labs and tastes under other names", "exchangeability", 1e-9,
         _names_without_draws),
    Case("V29a", "whole run, money counted in hundreds", "homogeneity of degree 0 in money", 1e-9, _money),
    Case("V29b", "whole run, compute and demand a thousand times as large", "constant returns", 1e-9, _cards),
    Case("V30a", "one seed gives one path, bit for bit, another seed another", "reproducibility", 0.0,
         _one_path_a_seed),
    Case("V30b", "runs in two processes give the numbers of runs in one, bit for bit", "reproducibility", 0.0,
         _serial_and_parallel),
    Case("V30c", "collecting data changes nothing, bit for bit", "reproducibility", 0.0, _collection),
)  # fmt: skip
