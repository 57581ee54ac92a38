"""What can be wrong with parameters, in words."""

import difflib
from collections.abc import Collection, Iterator
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


def nearest(value: str, allowed: Collection[str]) -> str:
    """Return the allowed names as text, with the nearest one suggested."""
    close = difflib.get_close_matches(value, list(allowed), n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"must be one of {', '.join(sorted(allowed)) or 'nothing defined'}{hint}"


def known(key: str, names: Collection[str], allowed: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for every name that is not allowed at a key."""
    for name in names:
        if name not in allowed:
            yield Problem(key, name, nearest(name, allowed))
