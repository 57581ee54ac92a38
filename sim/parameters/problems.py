"""What can be wrong with parameters, in words."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong: the full dotted key, the value found, and what is allowed."""

    key: str
    value: object
    allowed: str


class ReferenceErrors(ValueError):
    """All impossible combinations found in a set of parameters, at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.key} = {p.value!r}: {p.allowed}" for p in problems))


def suggestion(name: str, allowed: Collection[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest allowed name, or nothing.

    Case does not count; of names that lead to something with a label, that is looked at as well (china for cn).
    """
    words = {key.lower(): key for key in allowed}
    if isinstance(allowed, Mapping):
        words |= {label.lower(): key for key, value in allowed.items() if (label := _label(value)) is not None}
    close = difflib.get_close_matches(name.lower(), list(words), n=1)
    return f"; did you mean {words[close[0]]!r}?" if close else ""


def _label(value: object) -> str | None:
    label = value.get("label") if isinstance(value, Mapping) else getattr(value, "label", None)
    return label if isinstance(label, str) else None


def nearest(value: str, allowed: Collection[str]) -> str:
    """Return the allowed names as text, with the nearest one suggested."""
    return f"must be one of {', '.join(sorted(allowed)) or 'nothing defined'}{suggestion(value, allowed)}"


def known(key: str, names: Collection[str], allowed: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for every name that is not allowed at a key."""
    for name in names:
        if name not in allowed:
            yield Problem(key, name, nearest(name, allowed))
