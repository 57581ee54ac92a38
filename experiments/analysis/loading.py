"""Stored tables, read when asked for and only the columns asked for.

The verbs are the same for a run, a study and several folders.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds

from experiments import stored
from experiments.faults import BadInput
from sim.tables import TABLES, Column

if TYPE_CHECKING:
    import pandas as pd

Where = Mapping[str, Any]
"""Column name to the value it must have, or to a list of allowed values."""

_APART = {"seed", "output", "executor"}
"""Parts of a configuration, and groups, in which runs of one case may differ."""
RESULT = "result"
"""Column that names the folder when several are loaded together."""


@dataclass(frozen=True)
class Table:
    """One table of one or several folders. Nothing is read before it is asked for."""

    name: str
    folders: tuple[Path, ...]

    @property
    def units(self) -> dict[str, str]:
        """Unit of each column; empty for names and codes."""
        return {column.name: column.unit for column in TABLES[self.name].columns}

    @property
    def definitions(self) -> dict[str, str]:
        """What each column means."""
        return {column.name: column.definition for column in TABLES[self.name].columns}

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that together name a row."""
        return (*([RESULT] if len(self.folders) > 1 else []), *(column.name for column in TABLES[self.name].keys))

    def arrow(self, columns: Sequence[str] | None = None, where: Where | None = None) -> pa.Table:
        """Return the table as Arrow.

        Args:
            columns: Columns to read; None for all.
            where: Conditions that every returned row meets.

        Raises:
            KeyError: When there is no such column.
            BadInput: When a file is not what was written.
        """
        known = TABLES[self.name].names
        asked = list(columns) if columns is not None else list(known)
        unknown = [name for name in (*asked, *(where or {})) if name not in (*known, RESULT)]
        if unknown:
            raise KeyError(f"table {self.name} has no column {', '.join(unknown)}; it has {', '.join(known)}")
        return pa.concat_tables(self._pieces([name for name in asked if name != RESULT], where or {}))

    def _pieces(self, columns: list[str], where: Where) -> Iterator[pa.Table]:
        for folder in self.folders:
            if RESULT in where and folder.name not in _several(where[RESULT]):
                columns_only = ds.dataset(stored.files_of(folder, self.name)).schema.empty_table().select(columns)
                yield self._named(columns_only, folder)
                continue
            found = stored.read_tables(stored.files_of(folder, self.name), columns, _filter(where))
            yield self._named(found, folder)

    def _named(self, table: pa.Table, folder: Path) -> pa.Table:
        if len(self.folders) == 1:
            return table
        return table.add_column(0, RESULT, pa.array([folder.name] * len(table), pa.string()))

    def pandas(self, columns: Sequence[str] | None = None, where: Where | None = None) -> "pd.DataFrame":
        """Return the table as a data frame; its ``attrs["units"]`` holds the unit of each column."""
        frame: pd.DataFrame = self.arrow(columns, where).to_pandas()
        frame.attrs["units"] = {name: unit for name, unit in self.units.items() if name in frame.columns and unit}
        return frame

    def to_xarray(self, columns: Sequence[str] | None = None, where: Where | None = None) -> Any:
        """Return the measures on a grid of the keys, with units as attributes.

        Raises:
            ModuleNotFoundError: When xarray is not installed.
        """
        try:
            import_module("xarray")  # pandas finds it by itself, with a message less plain
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("to_xarray() needs the package xarray: pip install xarray") from error
        measures = [column for column in TABLES[self.name].measures if columns is None or column.name in columns]
        keys = [key for key in self.keys if key != RESULT]
        frame = self.pandas([*keys, *(column.name for column in measures)], where)
        grid = frame.set_index(list(self.keys)).to_xarray()
        for column in measures:
            grid[column.name].attrs.update(_attributes(column))
        return grid


def _attributes(column: Column) -> dict[str, str]:
    return {"units": column.unit, "long_name": column.definition}


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]


def _filter(where: Where) -> Any:
    conditions = [ds.field(name).isin(_several(value)) for name, value in where.items() if name != RESULT]
    if not conditions:
        return None
    found = conditions[0]
    for condition in conditions[1:]:
        found = found & condition
    return found


@dataclass(frozen=True)
class Results:
    """What one or several finished folders hold: ``load(folder)["market"].pandas()``."""

    folders: tuple[Path, ...]

    @cached_property
    def manifests(self) -> tuple[dict[str, Any], ...]:
        """The manifest of each folder."""
        return tuple(stored.whole(folder) for folder in self.folders)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the only folder; of runs that differ in the seed only, one for all.

        Raises:
            ValueError: When the folders differ in more.
        """
        first, *others = self.manifests
        if any(_configuration(one) != _configuration(first) for one in others):
            raise ValueError("folders that differ in more than the seed have no manifest in common")
        sums = {name: sum(one[name] for one in self.manifests) for name in ("runs", "failed")}
        return first | sums | {"seeds": sorted(seed for one in self.manifests for seed in one["seeds"])}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Tables that every folder has."""
        return tuple(name for name in TABLES if all(stored.files_of(folder, name) for folder in self.folders))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Table:
        if name not in self.names:
            raise KeyError(f"no table {name!r} is stored here; there are {', '.join(self.names)}")
        return Table(name, self.folders)


def _configuration(manifest: Mapping[str, Any]) -> str:
    """Return what runs that differ in the seed only have in common: code, tables, files chosen and values."""
    chosen, values = (
        {name: value for name, value in manifest[of].items() if name not in _APART} for of in ("choices", "config")
    )
    return json.dumps([manifest["code_digest"], manifest["tables"], chosen, values], sort_keys=True)


def gathered(results: Sequence[Results]) -> list[Results]:
    """Return finished folders with runs that differ in the seed only put together, in the order of the first of each.

    A seed that a group has already begins another one, so that a run can be compared with its copy.
    """
    groups: dict[tuple[str, int], tuple[Path, ...]] = {}
    met = Counter[tuple[str, int]]()
    for found in results:
        run = found.manifest["kind"] == "run"
        what = _configuration(found.manifest) if run else str(len(groups))
        seeds = [(what, seed) for seed in found.manifest["seeds"]]
        place = what, max(met[seed] for seed in seeds)
        met.update(seeds)
        groups[place] = (*groups.get(place, ()), *found.folders)
    known = {found.folders: found for found in results}
    return [known.get(folders) or Results(folders) for folders in groups.values()]


def load(*folders: str | Path) -> Results:
    """Open finished run or study folders.

    Args:
        folders: One or several; the tables of several have a first column ``result`` with the folder's name.

    Raises:
        BadInput: When a folder is missing, unfinished or damaged, naming what is wrong.
    """
    if not folders:
        raise BadInput(["load: give at least one run or study folder"])
    found = Results(tuple(Path(folder).resolve() for folder in folders))
    _ = found.manifests
    return found
