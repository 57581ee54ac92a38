"""Rows of the table ``rules``: what rules did to entities, quarter by quarter."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.tabulate.rows import Strings, strings


class Bound(NamedTuple):
    """What rules did; n rows."""

    t: Ints
    """(n,) position of the quarter."""
    rule: Strings
    """(n,)"""
    who: Strings
    """(n,)"""
    acted: Bools
    """(n,) whether it changed something."""
    measures: Mapping[str, Floats]
    """(n,) by column of the table; those that its kind does not have are left out, and become no numbers."""


def for_each(rule: str, t: Ints, who: Sequence[str], acted: Bools, measures: Mapping[str, Floats]) -> Bound:
    """Return what one rule did to all of some entities.

    Args:
        rule: id.
        t: (n,) quarters.
        who: (m,) entities.
        acted: (n, m) whether it changed something.
        measures: (n, m) by column.
    """
    return Bound(
        np.repeat(t, len(who)), named(rule, t.size * len(who)), np.tile(strings(who), t.size), acted.reshape(-1),
        {name: values.reshape(-1) for name, values in measures.items()},
    )  # fmt: skip


def named(name: str, rows: int) -> Strings:
    """Return a column that says the same in every row."""
    return np.full(rows, name, dtype=object)
