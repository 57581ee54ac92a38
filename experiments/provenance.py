"""Where the values of the baseline come from: one row for every leaf, and the sources that the rows name.

Read by ``explain``, the parameter reference and the report; written by ``python -m experiments.prepare``.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sim.names import QUARTER_PATTERN

DATA = Path(__file__).resolve().parent / "data"
TABLE = DATA / "provenance.csv"
ASSUMPTION = "assumption"
GRADES = {
    "A": "primary, official or peer reviewed",
    "B": "a reputable analyst, law firm or established press, or a company figure as they quote it",
    "C": "an aggregator, blog or translation, or arithmetic of ours on graded figures",
    ASSUMPTION: "nobody measured it; we chose it, and the note says why",
}
"""Grades from best to worst."""

_QUARTER = re.compile(QUARTER_PATTERN)
_BETWEEN = "; "


@dataclass(frozen=True)
class Row:
    """Provenance of one leaf of the baseline."""

    path: str
    value: str
    unit: str
    source: str
    grade: str
    note: str
    observed_to: str
    """Last quarter of the outcome observations behind the value; empty where there are none."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the sources."""
        return tuple(self.source.split(_BETWEEN))


COLUMNS = tuple(Row.__dataclass_fields__)


def evidence_of_rule(rule: Mapping[str, Any], field: str) -> tuple[str, str]:
    """Return source and grade of a field of an instrument of policy, which names them itself."""
    if field in rule.get("assumed", []):
        return ASSUMPTION, ASSUMPTION
    return rule["source"], rule["grade"]


@dataclass(frozen=True)
class Source:
    """A source: what it is, and where it was seen."""

    key: str
    title: str
    place: str


def leaves(value: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the leaves of nested mappings as dotted keys: a list, a series and an empty mapping are one leaf each."""
    if not isinstance(value, dict) or not value or is_series(value):
        yield prefix, value
        return
    for key, child in value.items():
        yield from leaves(child, f"{prefix}.{key}" if prefix else str(key))


def is_series(value: object) -> bool:
    """Return whether the value is a mapping from quarters."""
    return isinstance(value, dict) and bool(value) and all(_QUARTER.fullmatch(str(key)) for key in value)


def as_text(value: object) -> str:
    """Return a value as it stands in the table: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def joined(keys: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    """Return source keys as one text, each once."""
    return _BETWEEN.join(dict.fromkeys(keys))


@cache
def rows() -> dict[str, Row]:
    """Return the rows of ``provenance.csv`` by path."""
    return {row["path"]: Row(**row) for row in _read(TABLE)}


@cache
def sources() -> dict[str, Source]:
    """Return every source that a row may name: of observations, and of the literature."""
    observed = _read(DATA / "observations" / "sources.csv")
    literature = _read(DATA / "literature.csv")
    found = [Source(row["key"], row["publisher / title (as seen)"], row["url"]) for row in observed]
    found += [Source(row["key"], row["reference"], row["place"]) for row in literature]
    return {source.key: source for source in found}


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
