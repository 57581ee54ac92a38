"""Tables on disk: what is the same in run after run is converted once, and all comes back as it was."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from experiments.engine import store
from sim.tables import TABLES
from sim.tabulate.rows import Columns, panel


def _outcomes(value: float) -> Columns:
    keys = panel(("2024Q1", "2024Q2"), ("outcome",), (("share.a",), ("share.b",)))
    return {"outcome": keys["outcome"], "horizon": keys["quarter"], "value": np.array([value, np.nan, 0.0, 1.0])}


def test_names_of_runs_are_converted_once_and_numbers_are_their_own() -> None:
    conversion = store.Conversion()
    one, two = (conversion.to_arrow("outcomes", _outcomes(value), name) for value, name in ((1.0, "a"), (2.0, "b")))
    assert [table["value"].to_pylist() for table in (one, two)] == [[1.0, None, 0.0, 1.0], [2.0, None, 0.0, 1.0]]
    assert one["outcome"].chunk(0).buffers()[2].address == two["outcome"].chunk(0).buffers()[2].address
    assert two["run_id"].to_pylist() == ["b"] * 4


def test_names_that_may_change_or_are_others_are_converted_anew() -> None:
    conversion, columns = store.Conversion(), _outcomes(1.0)
    conversion.to_arrow("outcomes", columns, "a")
    columns["outcome"] = columns["outcome"].copy()
    for name in ("share.c", "share.d"):
        columns["outcome"][0] = name
        found = conversion.to_arrow("outcomes", columns, "a")
        assert found["outcome"].to_pylist() == [name, "share.b", "share.a", "share.b"]


def test_a_table_without_a_declared_column_is_refused() -> None:
    columns = _outcomes(1.0)
    del columns["value"]
    with pytest.raises(KeyError, match="value"):
        store.Conversion().to_arrow("outcomes", columns, "a")


def test_what_is_written_is_read_with_its_units(tmp_path: Path) -> None:
    table = store.Conversion().to_arrow("outcomes", _outcomes(1.0), "a")
    store.write(table, tmp_path / "outcomes.parquet")
    found = pq.read_table(tmp_path / "outcomes.parquet")
    assert found.equals(table, check_metadata=True)
    assert found.schema.names == list(TABLES["outcomes"].names)
