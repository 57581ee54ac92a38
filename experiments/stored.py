"""Stored results: the files of a run or study folder, its manifest, and whether both are whole.

A single run has a file ``<table>.parquet`` for each table, a study a folder ``<table>/`` of part files. The engine
writes them, analysis reads them; neither needs the other.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.faults import BadInput
from sim.tables import SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "manifest.json"
SAMPLES = "samples.parquet"
"""File of a study with the sampled values: a row for each sample and key."""
POINTS = "points.parquet"
"""File of a study with the parameters of every lever point."""


def part(folder: Path, table: str, key: str | None) -> Path:
    """Return the file of a table: its own in a run, a part in a study."""
    return folder / f"{table}.parquet" if key is None else folder / table / f"{key}.parquet"


def files_of(folder: Path, table: str) -> list[Path]:
    """Return every Parquet file of a table, sorted."""
    single = part(folder, table, None)
    return [*([single] if single.is_file() else []), *sorted((folder / table).glob("*.parquet"))]


def files(folder: Path) -> list[Path]:
    """Return every Parquet file of a run or study folder, sorted."""
    return sorted(path for name in TABLES for path in files_of(folder, name))


def read_tables(paths: Sequence[Path], columns: Sequence[str] | None = None, where: Any = None) -> "pa.Table":
    """Return the rows of Parquet files, their pages checked against the sums that were written with them.

    A damaged page would be read as other numbers.

    Args:
        paths: The files, of one schema.
        columns: Columns to read; None for all.
        where: Expression that every returned row meets.

    Raises:
        BadInput: When a file is not what was written, naming it.
    """
    import pyarrow as pa
    import pyarrow.dataset as ds

    verified = ds.ParquetFileFormat(
        default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    )
    try:
        return ds.dataset(list(paths), format=verified).to_table(columns, filter=where)
    except (pa.ArrowException, OSError) as error:
        if len(paths) > 1:
            for path in paths:  # the error does not say which
                read_tables([path])
        advice = again(_folder_of(paths[0]))
        raise BadInput([f"{paths[0]}: damaged ({_in_a_line(error)}); delete it; {advice}"]) from error


def read_table(path: Path, columns: Sequence[str] | None = None) -> "pa.Table":
    """Return one Parquet file, or some of its columns, see ``read_tables``."""
    return read_tables([path], columns)


def seeds_of_runs(path: Path) -> dict[str, int] | None:
    """Return the seed of each run of a part of ``runs``; None where any of it is damaged."""
    try:
        found = read_table(path)
    except BadInput:
        return None
    return dict(zip(found["run_id"].to_pylist(), found["seed"].to_pylist(), strict=True))


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())


def points(folder: Path) -> dict[str, str]:
    """Return the parameters of each lever point of a study, canonical JSON by settings; empty for a run."""
    path = folder / POINTS
    rows = read_table(path, ["levers", "parameters"]).to_pylist() if path.is_file() else []
    return {row["levers"]: row["parameters"] for row in rows}


def rows_of_runs(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of ``runs`` from every part."""
    return [row for path in files_of(folder, "runs") for row in read_table(path).to_pylist()]


def read(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder, or None where there is no complete one."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("complete") is True else None


def again(folder: Path) -> str:
    """Return what makes a damaged folder whole: the command that its manifest names."""
    manifest = read(folder) or {}
    command = shlex.join(manifest["command"]) if manifest.get("command") else "the command that made the folder"
    return f"give this command again, which computes what is missing: {command}"


def _folder_of(path: Path) -> Path:
    """Return the run or study folder of a file, which lies in it or in the folder of a table."""
    return path.parent.parent if path.parent.name in TABLES else path.parent


def damage(folder: Path) -> list[str]:
    """Return what is wrong with a stored result, one line for each thing; an empty list when it is whole."""
    if not folder.is_dir():
        return [f"{folder}: no such folder"]
    manifest = read(folder)
    if manifest is None:
        return [f"{folder}: no complete {MANIFEST}, so this is not a finished run or study"]
    if manifest.get("schema_version") != SCHEMA_VERSION:
        return [f"{folder}: tables of schema {manifest.get('schema_version')}, this program reads {SCHEMA_VERSION}"]
    sizes: Mapping[str, int] = manifest.get("files", {})
    faults = (fault_of(folder / name, size) for name, size in sizes.items())
    return [fault for fault in faults if fault is not None]


def fault_of(path: Path, size: int | None = None) -> str | None:
    """Return what is wrong with one table file, None when it is whole.

    Args:
        path: The file.
        size: Bytes that were written, None where nothing recorded it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return f"{path}: missing"
    if size is not None and path.stat().st_size != size:
        return f"{path}: {path.stat().st_size} bytes, {size} were written: truncated or changed"
    try:
        pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        return f"{path}: unreadable ({_in_a_line(error)})"
    return None


def whole(folder: Path) -> dict[str, Any]:
    """Return the manifest of a stored result that can be read.

    Raises:
        BadInput: Naming every file that is missing, truncated or unreadable.
    """
    found, manifest = damage(folder), read(folder)
    if found:
        advice = [again(folder)] if manifest else []
        raise BadInput([*found, *advice])
    assert manifest is not None
    return manifest
