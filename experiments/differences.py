"""Where two flat configurations differ, leaf by leaf."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One leaf with another value than the baseline's; None where one of the two has no such leaf."""

    key: str
    baseline: Any
    value: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the leaves in which two flat configurations differ, in order of keys."""
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key) or (key in before) != (key in after):
            yield Change(key, before.get(key), after.get(key))
