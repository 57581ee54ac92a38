"""An adapter to Mesa's DataCollector, made from the declarations of the output tables. Studies do not use it.

Make one with ``collector = data_collector(model)`` and call ``collector.collect(model)`` after every step.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mesa import DataCollector

from sim.agents import CloudProvider
from sim.tables import TABLES, WORLD
from sim.tabulate import make_tables
from sim.tabulate.rows import Columns

if TYPE_CHECKING:
    from sim.model import ComputeMarket

_COLLECTED = ("market", "firms")


def data_collector(model: "ComputeMarket") -> DataCollector:
    """Return a collector of the world's row of ``market``, and of ``firms`` by CloudProvider with its name.

    Columns that nothing fills yet are left out. Collecting before the first step is an error.
    """
    latest = _Latest(model)
    return DataCollector(
        model_reporters={name: _of_world(latest, name) for name in _filled("market")},
        agenttype_reporters={
            CloudProvider: {"name": "name"} | {name: _of_provider(latest, name) for name in _filled("firms")}
        },
    )


class _Latest:
    """The last quarter of a model's tables, made once for all reporters."""

    def __init__(self, model: "ComputeMarket") -> None:
        self._model = model
        self._quarters = 0
        self._tables: dict[str, Columns] = {}

    def value(self, model: "ComputeMarket", table: str, column: str, entity: str) -> object:
        """Return a column of the row whose last key is ``entity``, in the last quarter.

        Raises:
            ValueError: If the collector was made for another model.
            RuntimeError: If no quarter has been simulated.
        """
        if model is not self._model:
            raise ValueError("this collector was made for another model")
        record = model.record
        if record.quarters != self._quarters or not self._tables:
            self._tables = make_tables(model.world, record, _COLLECTED)
            self._quarters = record.quarters
        columns = self._tables[table]
        entities = columns[TABLES[table].keys[-1].name]
        last = entities.size - entities.size // record.quarters
        found: object = columns[column][last + list(entities[last:]).index(entity)]
        return found


def _filled(table: str) -> list[str]:
    return [column.name for column in TABLES[table].measures if column.filled]


def _of_world(latest: _Latest, column: str) -> Callable[["ComputeMarket"], object]:
    return lambda model: latest.value(model, "market", column, WORLD)


def _of_provider(latest: _Latest, column: str) -> Callable[[CloudProvider], object]:
    return lambda agent: latest.value(agent.model, "firms", column, agent.name)
