"""Reading what prepare starts from: observation files and the assumptions beside them."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sim.names import quarter_code, quarter_number

DATA = Path(__file__).resolve().parent.parent / "data"
CONF = Path(__file__).resolve().parents[2] / "conf"

Row = dict[str, str]
ByQuarter = dict[str, float]


@cache
def observations(name: str) -> list[Row]:
    """Return the rows of ``experiments/data/observations/<name>.csv``."""
    with (DATA / "observations" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
