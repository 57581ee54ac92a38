"""The parameters of a study's lever points on disk, written before its first run: any run can be made again."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from experiments import stored
from experiments.engine import store
from experiments.engine.sampled import with_values
from sim import Parameters

SCHEMA = pa.schema([
    pa.field("levers", pa.string(), metadata={"definition": "lever settings as JSON, as in the table runs"}),
    pa.field("parameters", pa.string(), metadata={"definition": "parameters before samples, canonical JSON"}),
])  # fmt: skip


def write(folder: Path, points: Sequence[tuple[Mapping[str, Any], str]]) -> None:
    """Write a row for each lever point: its settings, and the canonical JSON of its parameters."""
    rows = [{"levers": _name(levers), "parameters": text} for levers, text in points]
    store.write(pa.Table.from_pylist(rows, schema=SCHEMA), folder / stored.POINTS)


def texts(folder: Path) -> dict[str, str]:
    """Return parameters as canonical JSON by lever settings; a run has those of its configuration, under no levers."""
    if found := stored.points(folder):
        return found
    manifest = stored.whole(folder)
    if manifest["kind"] != "run":
        return {}
    config = {name: value for name, value in manifest["config"].items() if name in Parameters.model_fields}
    try:
        return {_name({}): Parameters.from_mapping(config).canonical_json()}
    except ValueError:  # of another version of the model
        return {}


def parameters(folder: Path, levers: Mapping[str, Any], sample: int) -> Parameters | None:
    """Return the parameters of a stored run; None where the folder does not keep them."""
    text = texts(folder).get(_name(levers))
    return None if text is None else with_values(text, _sampled(folder, sample))


def _name(levers: Mapping[str, Any]) -> str:
    return json.dumps(levers, sort_keys=True)


def _sampled(folder: Path, sample: int) -> dict[str, Any]:
    path = folder / stored.SAMPLES
    rows = stored.read_table(path).to_pylist() if path.is_file() else []
    return {row["key"]: json.loads(row["value"]) for row in rows if row["sample"] == sample}
