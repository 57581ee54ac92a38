"""What the numbers rest on: the grades of the baseline's values."""

import csv
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).resolve().parents[1] / "data" / "provenance.csv"
_MEANING = {
    "A": "primary, official or peer-reviewed source",
    "B": "reputable analyst, law firm, established press or direct report",
    "C": "aggregator, blog or translation",
    "assumption": "no source: our assumption",
}


@dataclass(frozen=True)
class Grade:
    """How many values have a grade."""

    grade: str
    meaning: str
    values: int
    examples: str
    """Paths of a few of them."""


def grade_of(key: str, file: Path = _FILE) -> str:
    """Return the grade of the baseline's value at a key; nothing where it has none, as a range of several values."""
    return _grades(file).get(key, "")


@cache
def _grades(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as handle:
        return {row["path"]: row["grade"] for row in csv.DictReader(handle)}


def grades(changed: Collection[str], file: Path = _FILE) -> list[Grade]:
    """Return the number of baseline values by grade, those that a configuration changed left out.

    Args:
        changed: Dotted keys that the configuration sets otherwise.
        file: The provenance table; nothing is returned where there is none.
    """
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["path"] not in changed]
    counts = Counter(row["grade"] for row in rows)
    order = [*(grade for grade in _MEANING if grade in counts), *sorted(counts.keys() - _MEANING.keys())]
    return [Grade(grade, _MEANING.get(grade, ""), counts[grade], _examples(rows, grade)) for grade in order]


def _examples(rows: list[dict[str, str]], grade: str, most: int = 3) -> str:
    """Return the first path of each of a few groups."""
    first: dict[str, str] = {}
    for row in rows:
        if row["grade"] == grade:
            first.setdefault(row["path"].split(".")[0], row["path"])
    return ", ".join(list(first.values())[:most])
