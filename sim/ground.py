"""What parameters alone decide: shared by all runs that differ in the seed only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from sim.conditions import Conditions, conditions
from sim.economics.licensing import Under
from sim.links import ORDERING, Links, Ties, ties_of
from sim.parameters import Parameters, ReferenceErrors
from sim.parameters.policy import Policy
from sim.paths import Paths
from sim.permits import Permits, permits_of, under_limits
from sim.policy import Calendar, Use
from sim.policy.calendar import Quarterly
from sim.policy.chip_rules import known
from sim.policy.dates import rush_days
from sim.policy.measures import Instruments
from sim.policy.quotas import Limit, limits_of
from sim.policy.undecided import undecided
from sim.rulebook import Rulebook
from sim.structure import Structure

ORDERS = {name: (Use.ORDER, name) for name in (*ORDERING, "regions")}
"""Who orders, and by which subjects of rules: sites of providers, owners elsewhere, customers of a region."""
RENTS = {"rentals": (Use.RENTAL, "regions"), "leases": (Use.RENTAL, "sites")}
"""Who rents, likewise: customers of a region, and firms that rent from others."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Entities, what follows from them, and the rules. What rules make of a quarter is kept while they say the same."""

    structure: Structure
    links: Links
    paths: Paths
    calendar: Calendar
    instruments: Instruments
    _conditions: dict[int, Conditions] = field(default_factory=dict)
    _ties: dict[bytes, Ties] = field(default_factory=dict)
    _permits: dict[tuple[int, ...], Permits] = field(default_factory=dict)
    _rules: dict[tuple[object, ...], tuple[Mapping[str, Quarterly], Permits, Under]] = field(default_factory=dict)

    def conditions(self, quarter: int) -> Conditions:
        """Return what instruments beside rules on cards make of a quarter, by its number."""
        measures = self.instruments.over(quarter)
        if id(measures) not in self._conditions:
            left = measures.lock_in
            key = left.switching.tobytes() + left.committed.tobytes()
            if key not in self._ties:
                self._ties[key] = ties_of(self.structure, left)
            self._conditions[id(measures)] = conditions(measures, self.structure, self.links, self._ties[key])
        return self._conditions[id(measures)]

    @cached_property
    def quota_limits(self) -> tuple[Limit, ...]:
        """Limits on quantities of all licences, for places that order."""
        return limits_of(self.calendar, self.links.subjects["orders"].places)

    @cached_property
    def rulebook(self) -> Rulebook:
        """What tables ask of the rules."""
        return Rulebook(self.structure, self.links, self.calendar)

    def rules(self, quarter: int, leaders: Mapping[str, float]) -> tuple[Mapping[str, Quarterly], Permits, Under]:
        """Return what rules on cards leave open in a quarter, by who asks, and what that means for orders.

        And what part of orders stands under each licence, cap and mandate.

        Args:
            quarter: quarter number.
            leaders: factor on the thresholds of every rule that follows generations, by id.
        """
        key = quarter, *leaders.items()
        if key not in self._rules:
            subjects = self.links.subjects
            found = {
                name: self.calendar.quarterly(use, name, subjects[who], quarter, leaders)
                for name, (use, who) in (ORDERS | RENTS).items()
            }
            permits = self._permitted({name: found[name] for name in ORDERS}, quarter)
            limits = self.instruments.over(quarter).limits
            self._rules[key] = found, permits, under_limits(found, permits, limits, self.calendar, quarter)
        return self._rules[key]

    def _permitted(self, rules: Mapping[str, Quarterly], quarter: int) -> Permits:
        """Return what rules leave open, by who orders; the same in quarters of which they say the same."""
        key = tuple(id(found) for found in rules.values())
        if key not in self._permits:
            self._permits[key] = permits_of(
                rules, self.quota_limits, self.calendar, self.structure, self.links, quarter
            )  # fmt: skip
        return self._permits[key]


@lru_cache(maxsize=4)
def ground_of(parameters: Parameters) -> Ground:
    """Return the ground of a run; the last few are kept, as an ensemble meets the same parameters again and again.

    Raises:
        ReferenceErrors: Where a rule asks for the density of a card whose die area is not known.
    """
    problems = undecided(parameters)
    if problems:
        raise ReferenceErrors(problems)
    structure = Structure(parameters)
    links = Links(structure)
    asked, rush = tuple((name, known(x)) for name, x in links.subjects.items()), _rush(parameters)
    calendar = _calendar(parameters.policy, rush, parameters.behaviour.chip_pricing.fee_pass_through, asked)
    return Ground(
        structure, links, Paths.of(structure), calendar, Instruments(structure, links.subjects["orders"], rush)
    )


def _rush(parameters: Parameters) -> int:
    """Return how many days before a rule firms begin to buy ahead."""
    family = parameters.behaviour.stockpiling
    return rush_days(family.rush.quarters, family.rush.pace) if family.name == "rush" else 0


@lru_cache(maxsize=4)
def _calendar(policy: Policy, rush: int, passed_on: float, asked: object) -> Calendar:  # noqa: ARG001 (part of the key)
    """Return the rules: what they say is kept as long as the same are ``asked`` about, whatever else differs."""
    return Calendar(policy, rush, passed_on)


def forget() -> None:
    """Forget what is kept between runs."""
    ground_of.cache_clear()
    _calendar.cache_clear()
