"""Licences with a limit on quantities, and which places are home to their makers (B5)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools
from sim.policy.calendar import Calendar
from sim.policy.status import Place


class Limit(NamedTuple):
    """A limit of a rule on cards."""

    rule: int
    """Position in ``Calendar.chip_rules``."""
    home: Bools
    """(P,) places in its makers' own regions."""
    share: float
    """Most H100e over those that the maker sells there; infinity for no limit."""
    most: float
    """Most cards in all; infinity for no limit."""


def limits_of(calendar: Calendar, places: Sequence[Place]) -> tuple[Limit, ...]:
    """Return the limits of all rules, for places that order."""
    out = []
    for n, (_, rule, _) in enumerate(calendar.chip_rules):
        terms = rule.licence
        if terms is None or (terms.share_of_home is None and terms.cards_per_quarter is None):
            continue
        home = [rule.origins is None or place.destination in rule.origins for place in places]
        share, most = (math.inf if x is None else x for x in (terms.share_of_home, terms.cards_per_quarter))
        out.append(Limit(n, np.array(home, dtype=np.bool_), share, most))
    return tuple(out)
