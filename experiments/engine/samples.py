"""The sampled values of a study on disk, written before its first run."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from experiments import stored
from experiments.engine import store

SCHEMA = pa.schema(
    [
        pa.field("sample", pa.int64()),
        pa.field("key", pa.string()),
        pa.field("value", pa.string(), metadata={"definition": "the value as JSON"}),
        pa.field("unit", pa.float64(), metadata={"definition": "probability below the value"}),
    ]
)


def write(folder: Path, samples: Sequence[tuple[int, Mapping[str, Any], Mapping[str, float]]]) -> None:
    """Write a row for each sample and key; nothing where nothing is sampled.

    Args:
        folder: The study folder.
        samples: Number, values by key and probabilities by key of each sample.
    """
    rows = [
        {"sample": number, "key": key, "value": json.dumps(value), "unit": units[key]}
        for number, values, units in samples
        for key, value in values.items()
    ]
    if rows:
        store.write(pa.Table.from_pylist(rows, schema=SCHEMA), folder / stored.SAMPLES)
