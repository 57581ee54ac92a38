"""The manifest: written last, and only then is a folder a result."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments import stored
from experiments.differences import Change
from experiments.engine.environment import environment
from experiments.identity import code_digest
from sim.tables import SCHEMA_VERSION


@dataclass(frozen=True)
class Contents:
    """What a finished folder holds."""

    kind: str
    """``run`` or ``study``."""
    name: str
    command: tuple[str, ...]
    config: dict[str, Any]
    choices: Mapping[str, str]
    """File chosen for each group."""
    seeds: Sequence[int]
    tables: tuple[str, ...]
    runs: int
    failed: int
    changes: Sequence[Change]
    """Where the configuration departs from the shipped baseline."""
    grounds: Sequence[dict[str, str]] = ()
    """Further versions and machines on which some of the runs were computed."""
    design: Mapping[str, Any] | None = None
    """Settings of a study, defaults included."""
    samples: int = 1
    """Samples of the uncertainties."""
    failures: Sequence[Mapping[str, Any]] = ()
    """Failed runs: identity, stage, message, and the command that makes the run alone."""


def write(folder: Path, contents: Contents) -> None:
    """Write the manifest of a finished folder, with the size of every table file."""
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in stored.files(folder)}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "complete": True,
        "kind": contents.kind,
        "name": contents.name,
        "command": list(contents.command),
        "config": contents.config,
        "choices": {group: name for group, name in contents.choices.items() if not group.startswith("hydra/")},
        "seeds": list(contents.seeds),
        "tables": list(contents.tables),
        "runs": contents.runs,
        "failed": contents.failed,
        "design": contents.design,
        "samples": contents.samples,
        "failures": list(contents.failures),
        "changes": [asdict(change) for change in contents.changes],
        "grounds": list(contents.grounds),
        "code_digest": code_digest(),
        "environment": environment(),
        "files": sizes,
    }
    write_json(folder / stored.MANIFEST, manifest)


def write_json(path: Path, values: object) -> None:
    """Write a JSON file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(values, indent=1, default=str) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
