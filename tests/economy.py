"""A small economy of the real model, ways to change it by dotted keys, and runs that tests share."""

import json
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from experiments import compose
from experiments.verification.economy import GONE, Changes, Gone, Times, Values, changed
from sim import ComputeMarket, Parameters
from sim.economics.choice import Menu
from sim.economics.service import Terms
from sim.economics.serving import Asked
from sim.economics.workloads import Workloads
from sim.model import QUARTER
from sim.world import Quarter, World

Numbers = NDArray[np.float64]

__all__ = ["GONE", "Changes", "Gone", "Times", "Values", "changed"]

ENTERPRISES = 300
END = "2024Q4"
LONG = {"market.end": "2026Q4"}
"""Two years beyond the observed deliveries."""


@cache
def _baseline() -> str:
    words = f"customers.enterprises={ENTERPRISES}", f"market.end={END}", "policy=none"
    return compose(*words).parameters.canonical_json()


def baseline() -> Values:
    """Return the shipped baseline without rules as plain values, with few enterprises and a short horizon."""
    values: Values = json.loads(_baseline())
    return values


def parameters(changes: Changes) -> Parameters:
    """Return the validated small economy with changes."""
    return Parameters.from_mapping(changed(baseline(), changes))


_RUNS: dict[tuple[str, int], ComputeMarket] = {}


def ran(changes: Changes, seed: int = 1) -> ComputeMarket:
    """Return a finished run, made once for the tests of a session."""
    key = (parameters(changes).digest, seed)
    if key not in _RUNS:
        _RUNS[key] = ComputeMarket(parameters(changes), seed).run()
    return _RUNS[key]


def quarters(changes: Changes, seed: int = 1) -> Iterator[World]:
    """Yield the market after every quarter of a run, to look at what is not recorded."""
    model = ComputeMarket(parameters(changes), seed)
    while not model.finished:
        model.step()
        yield model.world


def before(model: ComputeMarket, phase: str) -> Iterator[World]:
    """Yield the market in every quarter as it stands before a phase; it goes on from there."""
    while not model.finished:
        model.world.now = Quarter()
        model.world.ledger.clear()
        for name, run in QUARTER:
            if name == phase:
                yield model.world
            run(model.world)
        model.record.take(model.world)
        model.world.t += 1


def column(model: ComputeMarket, table: str, name: str, **where: str) -> Numbers:
    """Return a column of an output table, for rows with these keys."""
    columns = model.tables([table])[table]
    chosen = np.ones(len(columns[name]), dtype=bool)
    for key, value in where.items():
        chosen &= columns[key] == value
    values: Numbers = np.asarray(columns[name][chosen], dtype=np.float64)
    assert values.size > 0, f"{table} has no rows with {where}"
    return values


def before_and_after_service(
    changes: Changes, seed: int = 1, values: Values | None = None
) -> Iterator[tuple[World, Workloads]]:
    """Yield the market after every quarter of a run, and its workloads as they stood before they chose.

    Changes are to ``values``, the small economy unless given.
    """
    model = ComputeMarket(Parameters.from_mapping(changed(values or baseline(), changes)), seed)
    people, stood = model.world.population, list[Workloads]()
    serve = people.serve

    def watched(world: World, menu: Menu, terms: Terms) -> Asked:
        stood[:] = [Workloads._make(column.copy() for column in world.workloads)]
        return serve(world, menu, terms)

    people.serve = watched  # type: ignore[method-assign]
    while not model.finished:
        model.step()
        yield model.world, stood[0]
