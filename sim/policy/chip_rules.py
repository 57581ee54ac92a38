"""Rules on cards, put together: who is caught by what on a day, which rule decides, and what that leaves open.

P places, V cards, N rules. A rule that ``overrides`` others silences them for the cards that it catches itself. Of
those left the strictest decides; approvals multiply, duties add up.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.parameters.policy import ChipRule, Licence
from sim.policy.dates import DAYS_PER_QUARTER, Days
from sim.policy.deciding import Looks, Rulings, Terms, decided
from sim.policy.specification import METRICS
from sim.policy.status import Place, Status

TREATMENTS = {"notify": int(Status.NOTIFY), "licence": int(Status.LICENCE), "deny": int(Status.DENY)}


def reached(rule: ChipRule, places: Sequence[Place]) -> Bools:
    """Return whether a rule looks at each place (P,)."""
    return np.array(
        [
            (rule.buyers is None or x.firm in rule.buyers)
            and (x.state_funded or not rule.state_funded)
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
    lines: Floats
    """(K, 2, M) thresholds of its tests, see ``specification.lines_of``."""
    scale: float
    """Factor on its thresholds."""
    share: float
    """Of orders that it covers, in the part of its full strength that it has."""
    approval: float
    """Share of applications that is approved."""
    passed_on: float = 0.0
    """Part of a share of revenue that makers put on the price of who buys under the licence."""


def case_on(
    name: str, rule: ChipRule, lines: Floats, days: Days, day: int, read: int, scale: float, passed_on: float
) -> Case:  # fmt: skip
    """Return a rule in the state of a day; how strong it is stands on the day ``read``, of its own calendar."""
    share = rule.covered_share * days.strength(read)
    return Case(name, rule, lines, scale, share, _approval(rule, days, day), passed_on)


def in_full(case: Case, notified: float) -> Case:
    """Return a rule as it meets the orders that it is for, once licences are given, in the eyes of makers.

    Of a card that has only to be ``notified`` this part is left: whatever else licenses it, the notice stays.
    """
    terms = case.rule.licence
    approval = notified if case.rule.treatment == "notify" else case.approval if terms is None else terms.approval
    return case._replace(share=1.0, approval=approval)


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
    state_funded: tuple[float, ...] = ()
    """(P,) part of what is wanted at each place that the state pays for; none where that is not asked."""


def known(subjects: Subjects) -> tuple[object, ...]:
    """Return what is equal for subjects of which rules say the same, and can be a key."""
    x = subjects
    return tuple(x.names), tuple(x.origins), x.specification.tobytes(), tuple(x.places), x.apart, x.state_funded


def rulings(cases: Sequence[Case], subjects: Subjects, looks: Looks | None = None) -> Rulings:
    """Return what rules say.

    Args:
        cases: rules in force, in the order of their effective dates.
        subjects: cards and places.
        looks: what they look at of these, where that is known.
    """
    found = looks_of([(case.rule, None) for case in cases], subjects) if looks is None else looks
    return decided(_terms(cases), found, subjects.specification)


def looks_of(rules: Sequence[tuple[ChipRule, str | None]], subjects: Subjects) -> Looks:
    """Return what rules look at, each with the group of its government; None where that does not matter."""
    places = [reached(rule, subjects.places) for rule, _ in rules]
    cards = [meant(x, subjects.names, subjects.apart) & made_there(x.origins, subjects.origins) for x, _ in rules]
    foreign = [[place.destination != government for place in subjects.places] for _, government in rules]
    return Looks(
        np.array(places, dtype=np.bool_).reshape(len(rules), len(subjects.places)),
        np.array(foreign, dtype=np.bool_).reshape(len(rules), len(subjects.places)),
        np.array(cards, dtype=np.bool_).reshape(len(rules), len(subjects.names)),
    )


def _terms(cases: Sequence[Case]) -> Terms:
    """Return rules in the state of a day as arrays."""
    tests = np.array([len(case.lines) for case in cases], dtype=np.int64)
    lines = np.full((len(cases), max(tests, default=0), 2, len(METRICS)), np.nan)
    for row, case in zip(lines, cases, strict=True):
        row[: len(case.lines)] = case.lines
    licences, ids = [case.rule.licence for case in cases], [case.id for case in cases]
    charged = [charges(x, case.passed_on) for x, case in zip(licences, cases, strict=True)]
    left = [1.0 - x.share * (1.0 - x.approval) * (1.0 - x.rule.evaded) for x in cases]
    under = [
        x.share * x.approval / part if terms is not None and part > 0.0 else 0.0
        for x, terms, part in zip(cases, licences, left, strict=True)
    ]
    over = np.zeros((len(cases), len(cases)), dtype=np.bool_)
    for n, case in enumerate(cases):
        over[n] = [other in case.rule.overrides for other in ids] if case.rule.overrides else False
    numbers = [[x.scale for x in cases], left, under, *([x[n] for x in charged] for n in range(2))]
    scale, open_, licensed, duty, shared = np.array(numbers, dtype=np.float64).reshape(5, len(cases))
    strict = np.array([TREATMENTS[case.rule.treatment] for case in cases], dtype=np.int64)
    return Terms(lines, tests, scale, strict, open_, licensed, duty, shared, over)


def charges(terms: Licence | None, passed_on: float) -> tuple[float, float]:
    """Return the parts of a price that buyers pay on top, and that makers do not keep; none without a licence.

    Of a share t of revenue makers put ``passed_on`` x t/(1 - t) on the price: of all of it they keep what they would
    without, as of a duty of t/(1 - t), of nothing 1 - t.
    """
    if terms is None:
        return 0.0, 0.0
    share = terms.revenue_share
    return terms.duty + passed_on * share / (1.0 - share), share * (1.0 - passed_on)
