"""Table ``outcomes``: headline outcomes at the end of every year and of the run, declared in ``sim.tables``."""

from functools import lru_cache

import numpy as np

from sim.economics.cells import Floats
from sim.economics.folding import folded
from sim.names import QUARTERS_PER_YEAR
from sim.outcomes import shares
from sim.structure import Structure
from sim.tables import OUTCOMES, outcome_names
from sim.tabulate.facts import Facts
from sim.tabulate.frame import with_world
from sim.tabulate.rows import Columns, flat, panel


def outcomes(facts: Facts) -> Columns:
    """Return the table."""
    values, at = headlines(facts), horizons(facts)
    keys = panel([facts.quarters[t] for t in at], ("outcome",), ((name,) for name in names_of(facts.structure)))
    paths = np.concatenate([values[outcome.name] for outcome in OUTCOMES], axis=1)
    return {"outcome": keys["outcome"], "horizon": keys["quarter"], "value": flat(paths[at])}


@lru_cache(maxsize=8)
def names_of(structure: Structure) -> tuple[str, ...]:
    """Return the names of all outcomes, as ``name.entity``."""
    return outcome_names(structure.providers, structure.regions)


def horizons(facts: Facts) -> list[int]:
    """Return the positions of every fourth quarter of a year, and of the last quarter."""
    last = facts.record.quarters - 1
    ends = [t for t in range(last) if (facts.structure.start + t) % QUARTERS_PER_YEAR == QUARTERS_PER_YEAR - 1]
    return [*ends, last]


def headlines(facts: Facts) -> dict[str, Floats]:
    """Return paths (T, n) of every outcome for its n entities."""
    sales, demand, fleets, record = facts.sales, facts.demand, facts.fleets, facts.record
    bases = {"share_revenue": "revenue", "share_compute": "served", "share_tokens": "tokens"}
    in_world = {
        "hhi_compute": sales.hhi_compute, "gap_at_cost": demand.gap_at_cost, "outside_share": sales.outside_share,
        "price_maas": sales.price_maas, "owned_h100e": fleets.located_h100e,
    }  # fmt: skip
    return {
        **{name: shares(sales.by_provider[basis][:, -1], axis=1) for name, basis in bases.items()},
        "share_owned_compute": shares(fleets.owned_by_provider, axis=1),
        "hhi_revenue": sales.hhi_revenue,
        "unmet_share": sales.unmet_share,
        "price_iaas": sales.price_iaas,
        "domestic_chip_share": fleets.domestic_share_h100e,
        "self_sufficiency": fleets.self_sufficiency,
        "owned_by_headquarters_h100e": fleets.owned_by_headquarters,
        "denied_h100e": with_world((fleets.denied * facts.structure.chip_h100e).sum(axis=2)),
        "leaked_cards": with_world(fleets.arriving("leaked").sum(axis=2)),
        **{name: values[:, -1:] for name, values in in_world.items()},
        "additions_h100e": fleets.additions_h100e[:, None],
        "mw_energised": _by_site_region(facts, record["energised_mw"]),
        "mw_queued": _by_site_region(facts, record["queued_mw"]),
        "capex_usd_m": record["provider_capex"].sum(axis=1, keepdims=True),
        "debt_usd_m": record["debt"].sum(axis=1, keepdims=True),
    }


def _by_site_region(facts: Facts, sites: Floats) -> Floats:
    """Return sums over the sites (T, S) of every region and of the world (T, R + 1)."""
    return with_world(folded(sites, facts.links.site_region, len(facts.structure.regions)))
