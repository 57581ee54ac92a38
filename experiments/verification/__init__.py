"""The limit cases of the model's specification: what theory says, and what the model gives.

``compute-market verify`` prints them and the tests run them. A case is added in the file of its idea, to its ``CASES``.
"""

import re

from experiments.verification import (
    chips,
    demand,
    efficiency,
    expectations,
    finance,
    halls,
    invariance,
    markups,
    pricing,
    scarcity,
    sold_out,
    static,
    unequal,
)
from experiments.verification.case import Case, Finding, examined

__all__ = ["CASES", "Case", "Finding", "examined"]

_IDEAS = (
    pricing, scarcity, demand, chips, halls, expectations, finance, efficiency, invariance, markups, static, unequal,
    sold_out,
)  # fmt: skip


def _place(case: Case) -> tuple[bool, int, str]:
    """Return where a case stands: those of the list by number, then limits of whole runs."""
    found = re.fullmatch(r"([VL])(\d+)([a-z]?)", case.number)
    assert found is not None, f"{case.number} is no number of a case"
    return found[1] == "L", int(found[2]), found[3]


CASES: tuple[Case, ...] = tuple(sorted((case for idea in _IDEAS for case in idea.CASES), key=_place))
"""All cases, by number."""
