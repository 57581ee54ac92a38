"""Tables of a run, made at its end from the record: a file per table or family, only what is asked for."""

from collections.abc import Callable, Iterable

from sim.record import Record
from sim.tabulate import chips, diverted, entities, firms, headlines, market, providers, rules, sites
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Columns
from sim.world import World

MAKERS: dict[str, Callable[[Facts], Columns]] = {
    "outcomes": headlines.outcomes,
    "entities": entities.entities,
    "providers": providers.providers,
    "sites": sites.sites,
    "fleets": sites.fleets,
    "firms": firms.firms,
    "suppliers": chips.suppliers,
    "market": market.market,
    "chips": chips.chips,
    "rules": rules.rules,
    "diverted": diverted.diverted,
    "events": entities.events,
}
"""How each table of the model is made."""


def make_tables(world: World, record: Record, names: Iterable[str]) -> dict[str, Columns]:
    """Return tables by name as columns, the run's key left out.

    Args:
        world: the world after its last quarter.
        record: what was recorded.
        names: tables wanted, among ``sim.tables.MODEL_TABLES``.

    Raises:
        RuntimeError: If no quarter has been simulated.
        KeyError: If the model makes no such table.
    """
    if record.quarters == 0:
        raise RuntimeError("tables: no quarter has been simulated yet")
    facts = Facts(world, record)
    return {name: MAKERS[name](facts) for name in names}


__all__ = ["MAKERS", "Columns", "make_tables"]
