"""Rules on cards, put together: who is caught by what on a day, which rule decides, and what that leaves open.

P places, V cards, N rules. A rule that ``overrides`` others silences them for the cards that it catches itself. Of
those left the strictest decides; approvals multiply, duties add up.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import Bools, Floats, Ints
from sim.parameters.policy import ChipRule
from sim.policy.dates import DAYS_PER_QUARTER, Days
from sim.policy.specification import NO_PRONG, UNKNOWN_PRONG, prong_met
from sim.policy.status import Place, Status

NO_RULE = -1
TREATMENTS = {"notify": Status.NOTIFY, "licence": Status.LICENCE, "deny": Status.DENY}


class Rulings(NamedTuple):
    """What rules say of every card at every place."""

    status: NDArray[np.int64]
    """(P, V) a ``Status``."""
    rule: Ints
    """(P, V) position of the rule that decides; NO_RULE where none does."""
    prong: Ints
    """(P, V) position of the test it meets; UNKNOWN_PRONG where that cannot be decided."""
    approval: Floats
    """(P, V) share of orders that may go."""
    duty: Floats
    """(P, V) fraction of price that buyers pay on top."""
    kept: Floats
    """(P, V) fraction of price that makers keep."""
    refused: Bools
    """(N, P, V) whether a rule refuses some part by itself."""
    licensed: Floats
    """(N, P, V) part of what may go that goes on the terms of a rule."""


def free(places: int, cards: int, rules: int = 0) -> Rulings:
    """Return what there is before any of some rules has spoken."""
    shape = (places, cards)
    nothing, none = np.zeros(shape), np.full(shape, NO_RULE)
    refused, licensed = np.zeros((rules, *shape), np.bool_), np.zeros((rules, *shape))
    status, all_ = np.zeros(shape, np.int64), np.ones(shape)
    return Rulings(status, none, none.copy(), all_, nothing, all_.copy(), refused, licensed)


def reached(rule: ChipRule, places: Sequence[Place]) -> Bools:
    """Return whether a rule looks at each place (P,)."""
    return np.array(
        [
            (rule.buyers is None or x.firm in rule.buyers)
            and (x.destination in rule.destinations or x.headquarters in rule.headquarters)
            for x in places
        ],
        dtype=np.bool_,
    )


def made_there(regions: Collection[str] | None, origins: Sequence[str]) -> Bools:
    """Return whether the maker of each card has its headquarters in one of some regions (V,); None for all."""
    return np.array([regions is None or origin in regions for origin in origins], dtype=np.bool_)


def meant(rule: ChipRule, names: Sequence[str], apart: Collection[str] = ()) -> Bools:
    """Return whether a rule is for each card by its name (V,); ``apart`` are cards made for one destination."""
    only, exempt = rule.only_chips, rule.exempt_chips
    out = [(only is None or x in only) and x not in exempt for x in names]
    if rule.licence is not None and rule.licence.sold_at_home:
        out = [found and x not in apart for found, x in zip(out, names, strict=True)]
    return np.array(out, dtype=np.bool_)


class Case(NamedTuple):
    """A rule in the state of a day."""

    id: str
    rule: ChipRule
    scale: float
    """Factor on its thresholds."""
    strength: float
    """Part of its full strength."""
    approval: float
    """Share of applications that is approved."""


def whole(name: str, rule: ChipRule) -> Case:
    """Return a rule in full strength at its first thresholds."""
    return Case(name, rule, 1.0, 1.0, 0.0)


def case_on(name: str, rule: ChipRule, days: Days, day: int, scale: float) -> Case:
    """Return a rule in the state of a day."""
    return Case(name, rule, scale, days.strength(day), _approval(rule, days, day))


def _approval(rule: ChipRule, days: Days, day: int) -> float:
    """Return the share of applications that is approved on a day: none while the first ones are looked at."""
    if rule.treatment == "deny":
        return 0.0
    if rule.licence is None:
        return 1.0
    return 0.0 if day < licensed_from(rule, days) else rule.licence.approval


def licensed_from(rule: ChipRule, days: Days) -> int:
    """Return the day of the first approvals."""
    delay = 0 if rule.licence is None else rule.licence.delay_quarters
    return days.effective + round(delay * DAYS_PER_QUARTER)


class Subjects(NamedTuple):
    """What rules are asked about."""

    names: Sequence[str]
    """(V,) ids of the cards."""
    origins: Sequence[str]
    """(V,) regions of their makers' headquarters."""
    specification: Floats
    """(metrics, V)."""
    places: Sequence[Place]
    """(P,)."""
    apart: frozenset[str] = frozenset()
    """Ids of cards that were made for one destination, and are on sale nowhere else."""


def known(subjects: Subjects) -> tuple[object, ...]:
    """Return what is equal for subjects of which rules say the same, and can be a key."""
    x = subjects
    return tuple(x.names), tuple(x.origins), x.specification.tobytes(), tuple(x.places), x.apart


def rulings(cases: Sequence[Case], subjects: Subjects) -> Rulings:
    """Return what rules say.

    Args:
        cases: rules in force, in the order of their effective dates.
        subjects: cards and places.
    """
    out = free(len(subjects.places), len(subjects.names), len(cases))
    hits = [caught(case, subjects) for case in cases]
    silenced = _silenced(cases, hits)
    rank = out.status.copy()
    for n, (case, (prong, hit)) in enumerate(zip(cases, hits, strict=True)):
        _enter(out, rank, n, case, prong, hit & ~silenced[case.id] if case.id in silenced else hit)
    return out


def caught(case: Case, subjects: Subjects) -> tuple[Ints, Bools]:
    """Return the test that every card meets (V,), and whether the rule catches it at each place (P, V)."""
    prong = prong_met(case.rule.prongs, subjects.specification, case.scale)
    named = meant(case.rule, subjects.names, subjects.apart)
    hit = (prong != NO_PRONG) & named & made_there(case.rule.origins, subjects.origins)
    return prong, reached(case.rule, subjects.places)[:, None] & hit[None, :]


def _silenced(cases: Sequence[Case], hits: Sequence[tuple[Ints, Bools]]) -> Mapping[str, Bools]:
    """Return where rules that override it catch a card, by rule."""
    out: dict[str, Bools] = {}
    for case, (prong, hit) in zip(cases, hits, strict=True):
        known = hit & (prong != UNKNOWN_PRONG)
        for other in case.rule.overrides:
            out[other] = out[other] | known if other in out else known
    return out


def _enter(out: Rulings, rank: Ints, n: int, case: Case, prong: Ints, hit: Bools) -> None:
    """Add what one rule says where it catches a card, ``hit`` (P, V).

    What is not known matters only where the rule would be stricter than what others say; ``rank`` (P, V) is how strict
    those are at most.
    """
    rule, unknown = case.rule, (prong == UNKNOWN_PRONG)[None, :]
    strict = TREATMENTS[rule.treatment]
    status = np.where(unknown, Status.UNKNOWN, strict)
    settles = (rank == strict) & (out.status == Status.UNKNOWN) & ~unknown
    stricter = hit & ((strict > rank) | settles)
    rank[:] = np.where(stricter, strict, rank)
    share = rule.covered_share * case.strength
    open_ = 1.0 - share * (1.0 - case.approval) * (1.0 - rule.evaded)
    out.status[:] = np.where(stricter, status, out.status)
    out.rule[:] = np.where(stricter, n, out.rule)
    out.prong[:] = np.where(stricter, prong[None, :], out.prong)
    out.refused[n] = hit & ~unknown & (open_ < 1.0)
    out.approval[:] = np.where(hit & ~unknown, out.approval * open_, out.approval)
    if rule.licence is not None and open_ > 0.0:
        out.licensed[n] = (hit & ~unknown) * (share * case.approval / open_)
        out.duty[:] += out.licensed[n] * rule.licence.duty
        out.kept[:] -= out.licensed[n] * rule.licence.revenue_share
