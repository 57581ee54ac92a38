"""Settings of a result that the shipped baseline has not: leaf by leaf, whole rules in a row each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_RULE = 3
"""Words of a key that name a rule: ``policy``, the government, its id."""


def settings_of(changes: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield ``key``, ``baseline`` and ``value`` of each change; of a rule that one side does not have, once."""
    sides = {"baseline": _without_any(changes, "baseline"), "value": _without_any(changes, "value")}
    for change in changes:
        absent = next((side for side, rules in sides.items() if _rule(change) in rules), None)
        if absent is None and (change["baseline"], change["value"]) != (None, None):
            yield {key: _shown(value) for key, value in change.items()}
        elif absent is not None and change["key"].endswith(".label"):
            yield {**{side: _shown(change[side]) for side in sides}, "key": _rule(change), absent: "no such rule"}


def _rule(change: Mapping[str, Any]) -> str:
    """Return the rule that a key belongs to; nothing for other keys."""
    words = str(change["key"]).split(".")
    return ".".join(words[:_RULE]) if words[0] == "policy" and len(words) > _RULE else ""


def _without_any(changes: Sequence[Mapping[str, Any]], side: str) -> set[str]:
    """Return the rules of which one side has no value, not even a label."""
    labels = {_rule(change) for change in changes if change["key"].endswith(".label") and change[side] is None}
    return labels - {_rule(change) for change in changes if change[side] is not None} - {""}


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
