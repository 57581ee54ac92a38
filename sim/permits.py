"""What rules on cards leave open to those who order: kept as long as the rules say the same."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.economics.elementary import part_of
from sim.economics.licensing import SEVERAL, Quotas, Under
from sim.links import ORDERING, Links
from sim.policy import Calendar
from sim.policy.calendar import Quarterly
from sim.policy.chip_rules import charges
from sim.policy.dates import part_within
from sim.policy.measures import Limits
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


class Ahead(NamedTuple):
    """A quota that firms buy ahead of."""

    rule: str
    """Its id."""
    limit: Limit
    days: float
    """Share of the quarter in which they do."""
    under: Floats
    """(S + W, V) part of orders that will stand under it."""


class Permits(NamedTuple):
    """Who may order which card. S sites, W owners elsewhere, R regions, L pools, V cards."""

    open: Floats
    """(S + W, V) share of what is wanted that may go."""
    closes: bool
    """Whether anything may not."""
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
    licences: Under
    """What part of orders (S + W, V) goes on the terms of some licence, and of each on the terms of which some does."""
    quotas: Quotas
    """Those that some order stands under, for the days of the quarter in which the licence is given."""
    coming: tuple[Ahead, ...]
    """Quotas that firms buy ahead of."""


def permits_of(
    rules: Mapping[str, Quarterly], limits: Sequence[Limit], calendar: Calendar, structure: Structure, links: Links,
    quarter: int,
) -> Permits:  # fmt: skip
    """Return what rules leave open in a quarter, by who orders."""
    ordering, at_sites = [rules[name] for name in ORDERING], rules["sites"].open
    licences = _licences(ordering, calendar, quarter)
    open_ = np.concatenate([found.open for found in ordering])
    return Permits(
        open_, bool((open_ < 1.0).any()), links.pool_cards * at_sites[structure.pool_site],
        rules["regions"].open * links.chip_merchant,
        _closed(calendar, [rules["regions"].alone * links.chip_merchant]),
        tuple(_duties(calendar, rules["regions"].licensed)),
        _closed(calendar, [found.closed for found in ordering]), _closed(calendar, [found.alone for found in ordering]),
        np.concatenate([found.abroad for found in ordering]), _foreign(calendar, links),
        licences, _quotas(licences.limits, limits, calendar, quarter),
        tuple(_coming(ordering, limits, calendar, quarter)),
    )  # fmt: skip


def _licences(ordering: Sequence[Quarterly], calendar: Calendar, quarter: int) -> Under:
    """Return what stands under licences, all together first."""
    found = {SEVERAL: np.concatenate([said.on_terms for said in ordering])}
    for n, (name, rule, _) in enumerate(calendar.chip_rules):
        part = np.concatenate([said.licensed[n] for said in ordering])
        if rule.licence is not None and part.any():
            found[name] = part
    limits = tuple(found)
    return Under(limits, np.array([*found.values()]), calendar.shared_days(limits, quarter))


def _quotas(licences: Sequence[str], limits: Sequence[Limit], calendar: Calendar, quarter: int) -> Quotas:
    """Return the quotas of those licences under which some order stands."""
    ids = [calendar.chip_rules[x.rule][0] for x in limits]
    found = [(name, x) for name, x in zip(ids, limits, strict=True) if name in licences]
    days = [calendar.licensed_days(x.rule, quarter) for _, x in found]
    return Quotas(
        tuple(name for name, _ in found), np.array([licences.index(name) for name, _ in found], dtype=np.int64),
        np.array([x.home for _, x in found], dtype=np.bool_),
        np.array([x.share * part for (_, x), part in zip(found, days, strict=True)]),
        np.array([x.most * part for (_, x), part in zip(found, days, strict=True)]),
    )  # fmt: skip


def _coming(
    ordering: Sequence[Quarterly], limits: Sequence[Limit], calendar: Calendar, quarter: int
) -> Iterator[Ahead]:  # fmt: skip
    """Yield the quotas that firms buy ahead of."""
    for limit in limits:
        days = calendar.days_ahead(limit.rule, quarter)
        if days > 0.0:
            under = np.concatenate([said.coming[limit.rule] for said in ordering]) / days
            yield Ahead(calendar.chip_rules[limit.rule][0], limit, days, under)


def under_limits(
    rules: Mapping[str, Quarterly], permits: Permits, limits: Limits, calendar: Calendar, quarter: int
) -> Under:  # fmt: skip
    """Return the part of orders that stands under each licence, and that is of the days of each cap and mandate."""
    found = {x.id: x.strength for x in limits.caps} | {x.id: x.days for x in limits.mandates}
    licences, ordering = permits.licences, [rules[who] for who in ORDERING]
    if not found:
        return licences
    names = (*licences.limits, *found)
    days = [_in_days_of(ordering, permits.open, calendar, quarter, x, share) for x, share in found.items()]
    return Under(names, np.array([*licences.parts, *days]), calendar.shared_days(names, quarter))


def _in_days_of(
    ordering: Sequence[Quarterly], open_: Floats, calendar: Calendar, quarter: int, name: str, share: float
) -> Floats:  # fmt: skip
    """Return the part of orders that are of the days of a limit: of all it is a share less what rules close."""
    if share >= 1.0:
        return np.ones(open_.shape)
    days, shut = calendar.limiting_days(name), np.zeros(open_.shape)
    for n, (_, _, rule) in enumerate(calendar.chip_rules):
        within = part_within((rule.effective, rule.expires), days, quarter)
        if within > 0.0:
            shut += within * np.concatenate([said.closed[n] for said in ordering])
    return np.clip(part_of(share - shut, open_), 0.0, 1.0)


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
