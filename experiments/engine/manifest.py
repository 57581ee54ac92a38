"""The manifest: written last, and only then is a folder a result."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.engine import store
from experiments.engine.environment import environment
from experiments.faults import BadInput
from experiments.identity import code_digest
from sim.tables import SCHEMA_VERSION

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Contents:
    """What a finished folder holds."""

    kind: str
    """``run`` or ``study``."""
    name: str
    command: tuple[str, ...]
    config: dict[str, Any]
    seeds: Sequence[int]
    tables: tuple[str, ...]
    runs: int
    failed: int


def write(folder: Path, contents: Contents) -> None:
    """Write the manifest of a finished folder, with the size of every table file."""
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in store.files(folder)}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "complete": True,
        "kind": contents.kind,
        "name": contents.name,
        "command": list(contents.command),
        "config": contents.config,
        "seeds": list(contents.seeds),
        "tables": list(contents.tables),
        "runs": contents.runs,
        "failed": contents.failed,
        "code_digest": code_digest(),
        "environment": environment(),
        "files": sizes,
    }
    write_json(folder / MANIFEST, manifest)


def write_json(path: Path, values: object) -> None:
    """Write a JSON file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(values, indent=1, default=str) + "\n", encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder, or None where there is no complete one."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("complete") is True else None


def damage(folder: Path) -> list[str]:
    """Return what is wrong with a stored result, one line for each thing; an empty list when it is whole."""
    manifest = read(folder)
    if not folder.is_dir():
        return [f"{folder}: no such folder"]
    if manifest is None:
        return [f"{folder}: no complete {MANIFEST}, so this is not a finished run or study"]
    if manifest.get("schema_version") != SCHEMA_VERSION:
        return [f"{folder}: tables of schema {manifest.get('schema_version')}, this program reads {SCHEMA_VERSION}"]
    sizes: dict[str, int] = manifest.get("files", {})
    return [line for name, size in sizes.items() for line in _file_damage(folder / name, size)]


def _file_damage(path: Path, size: int) -> list[str]:
    if not path.is_file():
        return [f"{path}: missing"]
    if path.stat().st_size != size:
        return [f"{path}: {path.stat().st_size} bytes, {size} were written: truncated or changed"]
    return _unreadable(path)


def _unreadable(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        return [f"{path}: unreadable ({' '.join(str(error).split())})"]
    return []


def whole(folder: Path) -> dict[str, Any]:
    """Return the manifest of a stored result that can be read.

    Raises:
        BadInput: Naming every file that is missing, truncated or unreadable.
    """
    found = damage(folder)
    if found:
        raise BadInput(found)
    manifest = read(folder)
    assert manifest is not None
    return manifest
