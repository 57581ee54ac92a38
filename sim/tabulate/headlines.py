"""Table ``outcomes``: headline outcomes at the end of every year and of the run, declared in ``sim.tables``."""

from collections.abc import Iterable

import numpy as np

from sim.economics.cells import Floats
from sim.names import QUARTERS_PER_YEAR
from sim.outcomes import shares
from sim.tables import OUTCOMES
from sim.tabulate.facts import Facts
from sim.tabulate.frame import WORLD
from sim.tabulate.rows import Columns, strings


def outcomes(facts: Facts) -> Columns:
    """Return the table."""
    values = headlines(facts)
    at = horizons(facts)
    names = strings(f"{outcome.name}.{entity}" for outcome in OUTCOMES for entity in values[outcome.name])
    columns = [column[at] for outcome in OUTCOMES for column in values[outcome.name].values()]
    return {
        "outcome": np.repeat(names, len(at)),
        "horizon": np.tile(strings(facts.quarters)[at], len(names)),
        "value": np.concatenate(columns),
    }


def horizons(facts: Facts) -> list[int]:
    """Return the positions of every fourth quarter of a year, and of the last quarter."""
    last = facts.record.quarters - 1
    ends = [t for t in range(last) if (facts.structure.start + t) % QUARTERS_PER_YEAR == QUARTERS_PER_YEAR - 1]
    return [*ends, last]


def headlines(facts: Facts) -> dict[str, dict[str, Floats]]:
    """Return every outcome by entity, each a path (T,)."""
    sales, demand, fleets, providers = facts.sales, facts.demand, facts.fleets, facts.structure.providers
    bases = {"share_revenue": "revenue", "share_compute": "served", "share_tokens": "tokens"}
    in_world = {
        "hhi_compute": sales.hhi_compute, "gap_at_cost": demand.gap_at_cost, "outside_share": sales.outside_share,
        "price_iaas": sales.price_iaas, "price_maas": sales.price_maas, "owned_h100e": fleets.located_h100e,
    }  # fmt: skip
    return {
        **{name: _by(providers, shares(sales.by_provider[basis][:, -1], axis=1)) for name, basis in bases.items()},
        "share_owned_compute": _by(providers, shares(fleets.owned_by_provider, axis=1)),
        "hhi_revenue": _by(facts.regions, sales.hhi_revenue),
        "unmet_share": _by(facts.regions, sales.unmet_share),
        **{name: {WORLD: values[:, -1]} for name, values in in_world.items()},
        "additions_h100e": {WORLD: fleets.additions_h100e},
    }


def _by(names: Iterable[str], values: Floats) -> dict[str, Floats]:
    return {name: values[:, position] for position, name in enumerate(names)}
