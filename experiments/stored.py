"""Stored results: the files of a run or study folder, its manifest, and whether both are whole.

A single run has a file ``<table>.parquet`` for each table, a study a folder ``<table>/`` of part files. The engine
writes them, analysis reads them; neither needs the other.
"""

import json
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
RESTORE = "delete it and give the command that made the folder again: it computes what is missing"


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


def read_table(path: Path, columns: Sequence[str] | None = None) -> "pa.Table":
    """Return one Parquet file, or some of its columns, its pages checked against the sums that were written with them.

    Raises:
        BadInput: When the file is not what was written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, columns=columns, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise BadInput([f"{path}: damaged ({reason}); {RESTORE}"]) from error


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
        return f"{path}: unreadable ({' '.join(str(error).split())})"
    return None


def whole(folder: Path) -> dict[str, Any]:
    """Return the manifest of a stored result that can be read.

    Raises:
        BadInput: Naming every file that is missing, truncated or unreadable.
    """
    found, manifest = damage(folder), read(folder)
    if found:
        advice = ["give the command that made the folder again: it computes what is missing"] if manifest else []
        raise BadInput([*found, *advice])
    assert manifest is not None
    return manifest
