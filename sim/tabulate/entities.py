"""Tables ``entities`` and ``events``: who is in the run, and what happened to them."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from sim.economics.folding import folded
from sim.names import quarter_code, quarter_number
from sim.parameters.firms import CloudProvider
from sim.structure import Structure
from sim.tables import TABLES
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Columns, strings
from sim.tabulate.rules import dated

Row = tuple[str | None, ...]
Event = tuple[str, str, str, str]
"""Quarter, event, entity, detail."""


def _columns(table: str, rows: Sequence[Row]) -> Columns:
    """Return rows of strings as the columns of a table, the run left out."""
    names = TABLES[table].names[1:]
    return {name: strings(row[position] for row in rows) for position, name in enumerate(names)}


def entities(facts: Facts) -> Columns:
    """Return the table ``entities``."""
    columns = dict(_entity_columns(facts.structure))
    for name, when in (("entry_quarter", facts.world.state.entered), ("exit_quarter", facts.world.state.exited)):
        columns[name] = columns[name].copy()
        for i in np.flatnonzero(when):
            columns[name][i] = facts.quarters[int(when[i])]
    return columns


@lru_cache(maxsize=8)
def _entity_columns(structure: Structure) -> Columns:
    """Return the table of a structure, which is the same in every run of it."""
    return _columns("entities", [(*row, None) for row in _entities(structure)])


def _entities(structure: Structure) -> Iterator[Row]:
    """Yield kind, name, label, headquarters, stack, archetype and entry quarter."""
    parameters, start = structure.parameters, quarter_code(structure.start)
    for name, x in parameters.providers.items():
        stack, entry = _only_stack(structure, name), _entry(structure, x)
        yield "provider", name, x.label, x.headquarters, stack, x.investment, entry
    for name, maker in parameters.suppliers.items():
        launches = [chip.launch for chip in parameters.chips.values() if chip.supplier == name]
        yield "supplier", name, maker.label, maker.headquarters, maker.stack, None, _earliest(structure, launches)
    for name, lab in parameters.customers.labs.items():
        used = [quarter for quarter, amount in lab.h100e.items() if amount > 0.0]
        yield "lab", name, lab.label, lab.region, None, None, _earliest(structure, used)
    for name, owner in parameters.rest_of_world.items():
        yield "rest_of_world", name, owner.label, owner.headquarters, None, None, start


def _earliest(structure: Structure, quarters: list[str]) -> str | None:
    """Return the first of some quarters, or of the run where that lies before; None where there are none."""
    numbers = [quarter_number(quarter) for quarter in quarters]
    return quarter_code(max(min(numbers), structure.start)) if numbers else None


def _only_stack(structure: Structure, provider: str) -> str | None:
    """Return the software stack of a provider's pools; None where it has several or none."""
    row = structure.providers.index(provider)
    stacks = {structure.stacks[pool.stack] for pool in structure.pools if structure.sites[pool.site].provider == row}
    return stacks.pop() if len(stacks) == 1 else None


def _entry(structure: Structure, provider: CloudProvider) -> str | None:
    """Return the quarter in which a provider's first site opens; None while it is dormant."""
    launches = [site.launch for site in provider.sites.values()]
    return None if provider.kind == "dormant" else _earliest(structure, launches)


def events(facts: Facts) -> Columns:
    """Return the table ``events``, in order of time."""
    last = facts.quarters[-1]
    launches = [row for row in (*_launches(facts.structure), *_variants(facts.structure)) if row[0] <= last]
    return _columns(
        "events", sorted([*launches, *_first_deliveries(facts), *_turnover(facts), *_leases(facts), *dated(facts)])
    )


@lru_cache(maxsize=8)
def _launches(structure: Structure) -> list[Event]:
    """Return sites and model services that open after the first quarter."""
    found = []
    for name, provider in structure.parameters.providers.items():
        found += [(site.launch, "launch_site", name, region) for region, site in provider.sites.items()]
        if provider.models is not None:
            found.append((provider.models.launch, "launch_models", name, ", ".join(provider.models.licensed_regions)))
    return [(row[0].upper(), *row[1:]) for row in found if structure.index_of(row[0]) > 0]


def _variants(structure: Structure) -> Iterator[Event]:
    """Yield the cards that makers bring out because of a rule, in the quarters of the run."""
    for name, variant in structure.variants.items():
        if structure.index_of(variant.chip.launch) >= 0:
            yield variant.chip.launch, "compliant_chip", variant.chip.supplier, name


def _first_deliveries(facts: Facts) -> Iterator[Event]:
    """Yield the first delivery of every chip that nobody held before."""
    structure, record = facts.structure, facts.record
    held = record["owned"][0].sum(axis=0) + record["elsewhere"][0].sum(axis=0) > facts.fleets.shipped[0]
    arrives = facts.fleets.shipped > 0.0
    first = np.argmax(arrives, axis=0)
    for chip in np.flatnonzero(arrives.any(axis=0) & ~held):
        maker = structure.suppliers[structure.chip_supplier[chip]]
        yield facts.quarters[first[chip]], "first_delivery", maker, structure.chips[chip]


def _leases(facts: Facts) -> Iterator[Event]:
    """Yield when one firm begins or ceases to rent from another by agreement, by lessee, with the lessor."""
    structure, leases, decided = facts.structure, facts.world.leases, facts.links.dated_leases
    owner, user = (structure.pool_provider[pools[decided:]] for pools in (leases.lessor, leases.lessee))
    pairs, pair = np.unique(np.array([owner, user]), axis=1, return_inverse=True)
    let = (facts.record["let_share"][:, decided:] > 0.0).astype(np.float64)
    rents = folded(let, pair, pairs.shape[1]) > 0.0
    for t, n in zip(*np.nonzero(np.diff(rents, axis=0)), strict=True):
        lessor, lessee = pairs[:, n]
        event = "lease" if rents[t + 1, n] else "lease_end"
        yield facts.quarters[t + 1], event, structure.providers[lessee], structure.providers[lessor]


def _turnover(facts: Facts) -> Iterator[Event]:
    """Yield who came in, who was wound up, and whose owners cut capital spending, with the region of headquarters."""
    record, firms = facts.record, facts.structure.parameters.providers
    moves = np.diff(record["selling"], axis=0)
    cut = np.diff((record["appetite"] < 1.0).astype(float), axis=0)
    for event, happened in (("entry", moves > 0.0), ("exit", moves < 0.0), ("capex_cut", cut > 0.0)):
        for t, i in zip(*np.nonzero(happened), strict=True):
            name = facts.structure.providers[i]
            yield facts.quarters[t + 1], event, name, firms[name].headquarters
