"""Reading what prepare starts from: observation files and the assumptions beside them."""

import csv
import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from experiments.faults import BadInput
from sim.names import quarter_code, quarter_number

DATA = Path(__file__).resolve().parent.parent / "data"
CONF = Path(__file__).resolve().parents[2] / "conf"

Row = dict[str, str]
ByQuarter = dict[str, float]

_NUMBERS = ("value", "share_pct", "h100e", "units", "unit_price", "tpp")
"""How the names of columns with numbers begin."""


@cache
def observations(name: str) -> list[Row]:
    """Return the rows of ``experiments/data/observations/<name>.csv``.

    Raises:
        BadInput: Naming every line that has another number of columns or no number where one belongs.
    """
    path = DATA / "observations" / f"{name}.csv"
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInput([f"{path}: cannot be read ({error})"]) from error
    reader = csv.DictReader(content.splitlines(keepends=True))
    rows = [(reader.line_num, row) for row in reader]
    faults = [f"{path}, line {line}: {fault}" for line, row in rows for fault in _faults(row)]
    if not content.endswith("\n"):
        faults.append(f"{path}: does not end with a line break, so it may be cut off")
    if faults:
        raise BadInput(faults)
    return [row for _, row in rows]


def _faults(row: Mapping[str | None, object]) -> Iterator[str]:
    if None in row or None in row.values():
        yield "has another number of columns than the first line"
        return
    for column, cell in row.items():
        if str(column).startswith(_NUMBERS) and cell and not _is_number(str(cell)):
            yield f"{column} = {cell!r} is not a number"


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


@cache
def assumptions() -> dict[str, Any]:
    """Return the hand-written assumptions."""
    loaded: dict[str, Any] = yaml.safe_load((DATA / "assumptions.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def market() -> dict[str, Any]:
    """Return the hand-written stage, for utilisation, stacks and performance weights."""
    loaded: dict[str, Any] = yaml.safe_load((CONF / "market" / "baseline.yaml").read_text(encoding="utf-8"))
    return loaded


def quarters(first: str, last: str) -> list[str]:
    """Return every quarter code from first to last."""
    return [quarter_code(n) for n in range(quarter_number(first), quarter_number(last) + 1)]


def interpolated(points: Mapping[str, float], quarter: str) -> float:
    """Return the value at a quarter: linear between points, flat outside them (as ``Series`` is read)."""
    at = quarter_number(quarter)
    known = sorted((quarter_number(code), value) for code, value in points.items())
    before = [point for point in known if point[0] <= at]
    after = [point for point in known if point[0] >= at]
    if not before or not after:
        return (after or before[-1:])[0][1]
    (left, low), (right, high) = before[-1], after[0]
    return low if left == right else low + (high - low) * (at - left) / (right - left)


def scaled(values: Mapping[str, float], factor: float) -> dict[str, float]:
    """Return the values times a factor."""
    return {key: value * factor for key, value in values.items()}


def shares(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values over their sum; an empty mapping where the sum is zero."""
    total = sum(values.values())
    return {key: value / total for key, value in values.items()} if total > 0.0 else {}
