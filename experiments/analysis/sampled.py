"""The sampled values of a study: which sample had which values, and where in their distributions they lie."""

import json

import pandas as pd

from experiments import stored
from experiments.analysis.loading import Results


def values_of(results: Results) -> pd.DataFrame:
    """Return the sampled values, a row per sample and a column per key; no columns where nothing was sampled."""
    rows = _rows(results)
    return _wide(rows.assign(value=[json.loads(text) for text in rows["value"]]), "value")


def units_of(results: Results) -> pd.DataFrame:
    """Return the probability below each sampled value, a row per sample and a column per key, in [0, 1]."""
    return _wide(_rows(results), "unit")


def _rows(results: Results) -> pd.DataFrame:
    (folder,) = results.folders
    path = folder / stored.SAMPLES
    if not path.is_file():
        return pd.DataFrame({"sample": [], "key": [], "value": [], "unit": []})
    frame: pd.DataFrame = stored.read_table(path).to_pandas()
    return frame


def _wide(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a frame with keys in the order in which the study names them."""
    wide = rows.pivot(index="sample", columns="key", values=column)
    return wide[list(dict.fromkeys(rows["key"]))]
