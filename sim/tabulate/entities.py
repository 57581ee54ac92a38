"""Tables ``entities``, ``events`` and ``rules``: who is in the run, what happened to them, what bound them."""

from collections.abc import Iterator

import numpy as np

from sim.names import quarter_code, quarter_number
from sim.parameters.customers import Lab
from sim.parameters.firms import CloudProvider
from sim.structure import Structure
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Columns, nulls, strings
from sim.tables import TABLES

Row = tuple[str | None, ...]


def _columns(table: str, rows: list[Row]) -> Columns:
    """Return rows of strings as the columns of a table, the run left out."""
    names = TABLES[table].names[1:]
    return {name: strings(row[position] for row in rows) for position, name in enumerate(names)}


def entities(facts: Facts) -> Columns:
    """Return the table ``entities``."""
    return _columns("entities", [(*row, None) for row in _entities(facts.structure)])


def _entities(structure: Structure) -> Iterator[Row]:
    """Yield kind, name, label, headquarters, stack, archetype and entry quarter."""
    parameters, start = structure.parameters, quarter_code(structure.start)
    for name, x in parameters.providers.items():
        yield "provider", name, x.label, x.headquarters, _only_stack(structure, name), x.archetype, _entry(structure, x)
    for name, maker in parameters.suppliers.items():
        launches = [chip.launch for chip in parameters.chips.values() if chip.supplier == name]
        first = _from_start(structure, min(launches, key=quarter_number)) if launches else None
        yield "supplier", name, maker.label, maker.headquarters, maker.stack, None, first
    for name, lab in parameters.customers.labs.items():
        yield "lab", name, lab.label, lab.region, None, None, _first_use(structure, lab)
    for name, owner in parameters.rest_of_world.items():
        yield "rest_of_world", name, owner.label, owner.headquarters, None, None, start


def _from_start(structure: Structure, quarter: str) -> str:
    """Return a quarter, or the first one of the run where it lies before."""
    return quarter_code(max(quarter_number(quarter), structure.start))


def _only_stack(structure: Structure, provider: str) -> str | None:
    """Return the software stack of a provider's pools; None where it has several or none."""
    row = structure.providers.index(provider)
    stacks = {structure.stacks[pool.stack] for pool in structure.pools if structure.sites[pool.site].provider == row}
    return stacks.pop() if len(stacks) == 1 else None


def _entry(structure: Structure, provider: CloudProvider) -> str | None:
    """Return the quarter in which a provider's first site opens; None while it is dormant."""
    launches = [site.launch for site in provider.sites.values()]
    if provider.kind == "dormant" or not launches:
        return None
    return _from_start(structure, min(launches, key=quarter_number))


def _first_use(structure: Structure, lab: Lab) -> str:
    """Return the first quarter with an observation of compute in use."""
    used = [quarter for quarter, amount in lab.h100e.items() if amount > 0.0]
    return _from_start(structure, min(used or lab.h100e, key=quarter_number))


def events(facts: Facts) -> Columns:
    """Return the table ``events``: launches within the run, by quarter, event, entity and detail."""
    return _columns("events", sorted([*_launches(facts), *_first_deliveries(facts)]))


def _launches(facts: Facts) -> Iterator[tuple[str, ...]]:
    """Yield sites and model services that open after the start."""
    for name, provider in facts.structure.parameters.providers.items():
        for region, site in provider.sites.items():
            if _within(facts, site.launch):
                yield quarter_code(quarter_number(site.launch)), "launch_site", name, region
        if provider.models is not None and _within(facts, provider.models.launch):
            yield quarter_code(quarter_number(provider.models.launch)), "launch_models", name, ", ".join(
                provider.models.licensed_regions
            )


def _within(facts: Facts, quarter: str) -> bool:
    return 0 < facts.structure.index_of(quarter) < facts.record.quarters


def _first_deliveries(facts: Facts) -> Iterator[tuple[str, ...]]:
    """Yield the first delivery of every chip that nobody held before."""
    structure = facts.structure
    held = facts.everywhere("owned", "elsewhere")[0].sum(axis=0) > facts.shipped[0]
    for chip in np.flatnonzero((facts.shipped > 0.0).any(axis=0) & ~held):
        t = int(np.argmax(facts.shipped[:, chip] > 0.0))
        yield facts.quarters[t], "first_delivery", structure.suppliers[structure.chip_supplier[chip]], structure.chips[chip]


def rules(facts: Facts) -> Columns:
    """Return the table ``rules``: a row for every rule, entity and quarter; no instrument exists yet."""
    assert not facts.world.parameters.policy.instruments
    keys = {name: strings(()) for name in ("quarter", "rule", "who")}
    later = {column.name: nulls(0) for column in TABLES["rules"].measures if column.type == "float64"}
    return keys | {"bound": np.zeros(0, dtype=np.bool_)} | later
