"""What rules on cards leave open to those who order: kept as long as the rules say the same."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.links import ORDERING, Links
from sim.policy import Calendar
from sim.policy.calendar import Quarterly
from sim.policy.chip_rules import charges
from sim.policy.quotas import Limit
from sim.structure import Structure


class Closed(NamedTuple):
    """What single rules on cards close; M rules that close something."""

    rules: tuple[str, ...]
    """(M,) ids."""
    shares: Floats
    """(M, S + W, V) of every order, or of what customers want (M, R, V)."""
    there: Bools
    """(M, S + W) or (M, R): where each closes anything at all."""

    @classmethod
    def of(cls, rules: tuple[str, ...], shares: Floats) -> "Closed":
        """Return what rules close, and where."""
        return cls(rules, shares, np.asarray(shares.any(axis=2)))


class Permits(NamedTuple):
    """Who may order which card. S sites, W owners elsewhere, R regions, L pools, V cards."""

    open: Floats
    """(S + W, V) share of what is wanted that may go."""
    order_site: Bools
    """(S, V)"""
    order_pool: Floats
    """(L, V) share of what is wanted that may go, of cards of its stack."""
    own: Floats
    """(R, V) share of what customers want for themselves that they may buy, of merchants."""
    own_alone: Closed
    """What no other rule closes of that, (M, R, V)."""
    own_duties: tuple[tuple[str, Floats], ...]
    """What rules by their ids add to the duty on these cards (R, V), fraction of price."""
    deciding: Closed
    """By the rule that decides."""
    alone: Closed
    """What no other rule closes: it would be open if the rule were lifted."""
    abroad: Floats
    """(S + W, V) share of orders that rules of other governments close by themselves: what may be smuggled.

    Who obeys its own government's guidance does not smuggle; what only that refuses may be exported by all.
    """
    foreign: Mapping[str, Bools]
    """(S + W,) by instrument, whether it is of another government than that of the destination."""
    licensed: tuple[tuple[Limit, Floats], ...]
    """Limits on quantities that some order stands under, with the part (S + W, V) of orders that does."""


def permits_of(
    rules: Mapping[str, Quarterly], limits: Iterable[Limit], calendar: Calendar, structure: Structure, links: Links
) -> Permits:  # fmt: skip
    """Return what rules leave open, by who orders."""
    ordering, at_sites = [rules[name] for name in ORDERING], rules["sites"].open
    under = [(limit, np.concatenate([found.licensed[limit.rule] for found in ordering])) for limit in limits]
    return Permits(
        np.concatenate([found.open for found in ordering]), at_sites > 0.0,
        links.pool_cards * at_sites[structure.pool_site], rules["regions"].open * links.chip_merchant,
        _closed(calendar, [rules["regions"].alone * links.chip_merchant]),
        tuple(_duties(calendar, rules["regions"].licensed)),
        _closed(calendar, [found.closed for found in ordering]), _closed(calendar, [found.alone for found in ordering]),
        np.concatenate([found.abroad for found in ordering]), _foreign(calendar, links),
        tuple((limit, part) for limit, part in under if part.any()),
    )  # fmt: skip


def _closed(calendar: Calendar, by_place: list[Floats]) -> Closed:
    shares = np.concatenate(by_place, axis=1)
    some = np.flatnonzero(shares.any(axis=(1, 2)))
    return Closed.of(tuple(calendar.chip_rules[n][0] for n in some), shares[some])


def _duties(calendar: Calendar, licensed: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield what each rule adds to the duty on cards that go on its terms, by place (P, V)."""
    for n, (name, rule, _) in enumerate(calendar.chip_rules):
        duty = charges(rule.licence, calendar.passed_on)[0]
        if duty > 0.0 and licensed[n].any():
            yield name, duty * licensed[n]


def _foreign(calendar: Calendar, links: Links) -> dict[str, Bools]:
    destinations = np.array([place.destination for place in links.subjects["orders"].places])
    return {name: destinations != calendar.policy.authority(name) for name in calendar.policy.instruments}
