"""Tables on disk: Parquet with one schema, units in its metadata, never half a file.

A single run has a file ``<table>.parquet`` for each table, a study a folder ``<table>/`` of part files.
The part of ``runs`` is written last, so a run named there has all its tables.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def part(folder: Path, table: str, key: str | None) -> Path:
    """Return the file of a table: its own in a run, a part in a study."""
    return folder / f"{table}.parquet" if key is None else folder / table / f"{key}.parquet"


def write_tables(folder: Path, key: str | None, tables: Mapping[str, Iterable[pa.Table]]) -> None:
    """Write the tables of a batch, ``runs`` last."""
    for name in sorted(tables, key=lambda name: name == "runs"):
        pieces = list(tables[name])
        merged = pa.concat_tables(pieces) if pieces else schema_of(name).empty_table()
        write(merged, part(folder, name, key))


def files(folder: Path) -> list[Path]:
    """Return every Parquet file of a run or study folder, sorted."""
    return sorted(path for name in TABLES for path in _files_of(folder, name))


def _files_of(folder: Path, table: str) -> list[Path]:
    single = part(folder, table, None)
    return [*([single] if single.is_file() else []), *(folder / table).glob("*.parquet")]


def rows_of_runs(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of ``runs`` from every readable part."""
    rows: list[dict[str, Any]] = []
    for path in _files_of(folder, "runs"):
        rows += pq.read_table(path).to_pylist()
    return rows


def forget_unfinished(folder: Path) -> None:
    """Delete what an interrupted study left: temporary files, parts without runs, failed runs' rows.

    A batch may be cut otherwise on resuming; a part without its ``runs`` part would then hold runs twice.
    """
    for temporary in folder.glob("*/*.tmp"):
        temporary.unlink(missing_ok=True)
    finished = {path.stem for path in (folder / "runs").glob("*.parquet")}
    for path in files(folder):
        if path.parent != folder and path.stem not in finished:
            path.unlink()
    for path in (folder / "runs").glob("*.parquet"):
        _forget_failed(path)


def _forget_failed(path: Path) -> None:
    rows = pq.read_table(path).to_pylist()
    kept = [row for row in rows if row["status"] == "ok"]
    if len(kept) < len(rows):
        write(from_rows("runs", kept), path)
