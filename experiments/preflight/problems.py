"""One problem, one plain line: the full key, the value found, what is allowed."""

from collections.abc import Collection, Sequence

from experiments.faults import BadInput
from sim.parameters import Problem

_LONGEST_VALUE = 60
ABSENT = object()
"""Stands for a value that is not there, so that the line shows the key alone."""


def shown(value: object) -> str:
    """Return a value as YAML would have it, cut where it is long."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def line(problem: Problem) -> str:
    """Return the problem as one line of text."""
    value = "" if problem.value is ABSENT else f" = {shown(problem.value)}"
    return " ".join(f"{problem.key}{value}: {problem.allowed}".split())


def listed(names: Collection[str]) -> str:
    """Return names as text, sorted."""
    return ", ".join(sorted(names)) or "nothing"


def refuse_if_any(problems: Sequence[Problem]) -> None:
    """Raise :class:`BadInput` with every distinct problem, in order, when there is one."""
    if problems:
        raise BadInput(list(dict.fromkeys(line(problem) for problem in problems)))
