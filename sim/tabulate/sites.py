"""Tables ``sites`` and ``fleets``: cards, power and use of every provider's place in a region; whose cards they are."""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.folding import folded
from sim.names import HOURS_PER_QUARTER
from sim.outcomes import ratio
from sim.tabulate.constraints import binding
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Columns, flat, panel


def sites(facts: Facts) -> Columns:
    """Return the table."""
    record, structure = facts.record, facts.structure
    capacity, used = _by_site(facts, facts.demand.pools.capacity), _by_site(facts, facts.demand.pools.used)
    leased_in, leased_out = _leased(facts)
    names = [(structure.regions[s.region], structure.providers[s.provider]) for s in structure.sites]
    keys = panel(facts.quarters, ("site_region", "provider"), names)
    measures = {
        "owned_h100e": facts.fleets.owned_h100e,
        "stored_h100e": facts.fleets.stored_h100e,
        "leased_in_h100e": leased_in,
        "leased_out_h100e": leased_out,
        "capacity_h100e": capacity / HOURS_PER_QUARTER,
        "own_use_h100e": _by_site(facts, record["own_use"]) / HOURS_PER_QUARTER,
        "utilisation": ratio(used, capacity),
        "mw_energised": record["energised_mw"],
        "mw_cards": facts.fleets.power_mw,
        "mw_queued": record["queued_mw"],
        "mw_building": record["building_mw"],
        "electricity_gwh": record["electricity_gwh"],
        "capex_usd_m": record["site_capex"],
        "refused_h100e": facts.fleets.refused_h100e.sum(axis=2),
        "tightening_belief": record["tightening"].max(axis=2),
        "denied_h100e": (record["denied"][:, : len(structure.sites)] * structure.chip_h100e).sum(axis=2),
    }
    constraint = {
        "binding_constraint": binding(facts, capacity, _by_site(facts, facts.demand.full * facts.demand.pools.capacity))
    }
    return keys | {name: flat(values) for name, values in measures.items()} | constraint


def fleets(facts: Facts) -> Columns:
    """Return the table."""
    structure = facts.structure
    names = [
        (structure.regions[s.region], structure.providers[s.provider], k)
        for s in structure.sites
        for k in structure.suppliers
    ]
    keys = panel(facts.quarters, ("site_region", "provider", "supplier"), names)
    return keys | {f"{name}_h100e": flat(_by_maker(facts, name)) for name in ("ordered", "delivered", "owned")}


def _by_maker(facts: Facts, name: str) -> Floats:
    """Return cards of a recorded column (T, S, V) by who made them (T, S, K), H100e."""
    structure = facts.structure
    h100e = facts.record[name] * structure.chip_h100e
    return folded(h100e, structure.chip_supplier, len(structure.suppliers), axis=2)


def _by_site(facts: Facts, pools: Floats) -> Floats:
    return folded(pools, facts.structure.pool_site, len(facts.structure.sites))


def _leased(facts: Facts) -> tuple[Floats, Floats]:
    """Return (T, S) H100e that other providers' cards add to a site, and that others operate of its own."""
    structure, links, leases = facts.structure, facts.links, facts.world.leases
    share = facts.record["let_share"]
    n = np.flatnonzero(share.any(axis=0))
    lessors, row = np.unique(leases.lessor[n], return_inverse=True)
    cards = facts.record["owned"][:, structure.pool_site[lessors]] * links.pool_cards[lessors] * structure.chip_h100e
    moved = cards.sum(axis=2)[:, row] * share[:, n]
    lessor, lessee = (structure.pool_site[pools[n]] for pools in (leases.lessor, leases.lessee))
    return folded(moved, lessee, len(structure.sites)), folded(moved, lessor, len(structure.sites))
