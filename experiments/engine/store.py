"""Tables on disk: Parquet with one schema, units in its metadata, never half a file.

The part of ``runs`` is written last, so a run named there has all its tables.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from experiments import stored
from sim.tables import SCHEMA_VERSION, TABLES, Column

Columns = Mapping[str, Any]
"""Arrays by column name."""

_ARROW = {"string": pa.string(), "float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}


def _field(column: Column) -> pa.Field:
    metadata = {"unit": column.unit, "definition": column.definition}
    return pa.field(column.name, _ARROW[column.type], metadata=metadata)


@cache
def schema_of(table: str) -> pa.Schema:
    """Return the Parquet schema of a table, units and definitions in the metadata of its fields."""
    declared = TABLES[table]
    metadata = {"table": table, "grain": declared.grain, "schema_version": str(SCHEMA_VERSION)}
    return pa.schema([_field(column) for column in declared.columns], metadata=metadata)


class Conversion:
    """Tables of runs made into Arrow one after the other: columns that are the same in many runs only once."""

    def __init__(self) -> None:
        self._constant: dict[tuple[str, str], tuple[Any, pa.Array]] = {}
        """The last column that nobody may write to, and what it is in Arrow, by table and name."""

    def to_arrow(self, table: str, columns: Columns, run_id: str) -> pa.Table:
        """Return a model table as Arrow with the key of its run; NaN becomes null.

        Raises:
            KeyError: When the model left out a declared column.
        """
        schema = schema_of(table)
        rows = len(next(iter(columns.values())))
        arrays = [pa.repeat(pa.scalar(run_id, pa.string()), rows)]
        arrays += [self._column(table, field, columns[field.name]) for field in list(schema)[1:]]
        return pa.Table.from_arrays(arrays, schema=schema)

    def _column(self, table: str, field: pa.Field, values: Any) -> pa.Array:
        constant, converted = self._constant.get((table, field.name), (None, None))
        if values is constant:
            return converted
        converted = pa.array(values, field.type, from_pandas=True)
        if not values.flags.writeable:
            self._constant[table, field.name] = values, converted
        return converted


def from_rows(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows of a small table as Arrow."""
    return pa.Table.from_pylist(list(rows), schema=schema_of(table))


def write(table: pa.Table, path: Path) -> None:
    """Write one Parquet file whole or not at all: under a temporary name that readers of a folder pass over.

    Names are few, so they get a dictionary; hardly a number comes twice. Pages carry checksums: a damaged one would be
    read as other numbers.
    """
    names = [field.name for field in table.schema if pa.types.is_string(field.type)]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=names, write_page_checksum=True)
        _to_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait until a file is on the disk, so that after a power cut its name never stands for an empty one."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_tables(folder: Path, key: str | None, tables: Mapping[str, Iterable[pa.Table]]) -> None:
    """Write the tables of a batch, ``runs`` last: all of them, or none where one cannot be written."""
    paths = {name: stored.part(folder, name, key) for name in sorted(tables, key=lambda name: name == "runs")}
    fresh = [path for path in paths.values() if not path.exists()]
    try:
        for name, path in paths.items():
            pieces = list(tables[name])
            write(pa.concat_tables(pieces) if pieces else schema_of(name).empty_table(), path)
    except BaseException:
        _forget(fresh)
        raise


def _forget(paths: Sequence[Path]) -> None:
    """Delete files, and their folders where nothing else is in them."""
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in paths}:
        with suppress(OSError):
            folder.rmdir()
