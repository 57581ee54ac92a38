"""Keys of rows: columns of names that depend on the entities of a run only, and are made once for many runs."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import Floats

Strings = NDArray[np.object_]
Columns = dict[str, NDArray[Any]]
"""Arrays by column name: numbers with NaN for null, strings with None for null."""


def strings(values: Iterable[str | None]) -> Strings:
    """Return an object array of strings."""
    return np.array(list(values), dtype=object)


@lru_cache(maxsize=64)
def _panel(quarters: tuple[str, ...], names: tuple[str, ...], entities: tuple[tuple[str, ...], ...]) -> Columns:
    columns = {"quarter": np.repeat(strings(quarters), len(entities))}
    for position, name in enumerate(names):
        columns[name] = np.tile(strings(entity[position] for entity in entities), len(quarters))
    for column in columns.values():
        column.setflags(write=False)
    return columns


def panel(quarters: Sequence[str], names: tuple[str, ...], entities: Iterable[tuple[str, ...]]) -> Columns:
    """Return the key columns of a table with a row for every quarter and entity, quarters first.

    Args:
        quarters: codes (T,).
        names: key columns beside the quarter.
        entities: their values for every entity (n,).
    """
    return dict(_panel(tuple(quarters), names, tuple(entities)))


def flat(values: Floats) -> Floats:
    """Return measures (T, ...) as one column, quarters first."""
    return values.reshape(-1)
