"""Lever points: the combinations of lever settings that a study compares."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Settings = Mapping[str, Any]
Levers = Mapping[str, Sequence[Any]] | Sequence[Settings]


@dataclass(frozen=True)
class Point:
    """One combination of lever settings."""

    settings: Settings

    @property
    def label(self) -> str:
        """JSON of the settings, keys sorted: the column ``levers`` of the table ``runs``."""
        return json.dumps(self.settings, sort_keys=True)

    @property
    def overrides(self) -> list[str]:
        """What one would type after ``compute-market run``."""
        return [f"{key}={override_value(value)}" for key, value in self.settings.items()]


def points(levers: Levers) -> list[Point]:
    """Return every point: all combinations of listed values, or the points listed one by one.

    Without levers there is one point, the configuration itself.
    """
    if not isinstance(levers, Mapping):
        return [Point(settings) for settings in levers]
    combinations = itertools.product(*levers.values())
    return [Point(dict(zip(levers, values, strict=True))) for values in combinations]


def override_value(value: object) -> str:
    """Return a value in Hydra's override grammar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{override_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(override_value(item) for item in value) + "]"
    text = str(value)
    return text if text.replace("_", "").replace("-", "").isalnum() and not _reads_otherwise(text) else _quoted(text)


def _reads_otherwise(text: str) -> bool:
    return text.lower() in {"null", "true", "false", "nan", "inf"} or text.replace("_", "").lstrip("-").isdigit()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
