"""Tables on disk: Parquet with one schema, units in its metadata, never half a file.

The part of ``runs`` is written last, so a run named there has all its tables.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
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


def schema_of(table: str) -> pa.Schema:
    """Return the Parquet schema of a table, units and definitions in the metadata of its fields."""
    declared = TABLES[table]
    metadata = {"table": table, "grain": declared.grain, "schema_version": str(SCHEMA_VERSION)}
    return pa.schema([_field(column) for column in declared.columns], metadata=metadata)


def to_arrow(table: str, columns: Columns, run_id: str) -> pa.Table:
    """Return a model table as Arrow with the key of its run; NaN becomes null.

    Raises:
        KeyError: When the model left out a declared column.
    """
    schema = schema_of(table)
    rows = len(next(iter(columns.values())))
    arrays = [pa.array(np.full(rows, run_id, dtype=object), pa.string())]
    arrays += [pa.array(columns[name], schema.field(name).type, from_pandas=True) for name in schema.names[1:]]
    return pa.Table.from_arrays(arrays, schema=schema)


def from_rows(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows of a small table as Arrow."""
    return pa.Table.from_pylist(list(rows), schema=schema_of(table))


def write(table: pa.Table, path: Path) -> None:
    """Write one Parquet file whole or not at all: under a temporary name, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        pq.write_table(table, temporary, compression="zstd")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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


def forget_unfinished(folder: Path, tables: Sequence[str], sizes: Mapping[str, int]) -> list[str]:
    """Delete what cannot be built on: temporary files, parts with a missing or unreadable table, rows of failed runs.

    The runs of a deleted part are computed again, perhaps in batches cut otherwise; none is then stored twice.

    Args:
        folder: The study folder.
        tables: Tables that every finished run must have.
        sizes: Bytes of the files by path within the folder, where a manifest recorded them.

    Returns:
        One line for each finished part that was damaged or lacked a table.
    """
    for temporary in folder.glob("*/*.tmp"):
        temporary.unlink(missing_ok=True)
    lines: list[str] = []
    parts = [path for path in stored.files(folder) if path.parent != folder]
    for key in sorted({path.stem for path in parts}):
        fault = _fault_of_part(folder, key, ("runs", *tables), sizes)
        if fault is None:
            _forget_failed(stored.part(folder, "runs", key))
            continue
        lines += [f"{fault}; its runs are computed again"] if stored.part(folder, "runs", key).is_file() else []
        for path in parts:
            if path.stem == key:
                path.unlink(missing_ok=True)
    return lines


def _fault_of_part(folder: Path, key: str, tables: Sequence[str], sizes: Mapping[str, int]) -> str | None:
    paths = [stored.part(folder, table, key) for table in tables]
    faults = (stored.fault_of(path, sizes.get(path.relative_to(folder).as_posix())) for path in paths)
    return next((fault for fault in faults if fault is not None), None)


def _forget_failed(path: Path) -> None:
    rows = pq.read_table(path).to_pylist()
    kept = [row for row in rows if row["status"] == "ok"]
    if len(kept) < len(rows):
        write(from_rows("runs", kept), path)
