"""Redesign: merchants answer a rule that catches their best card with one that no known rule catches (B4).

A variant is made of dies that the maker has: re-binned, it keeps their area and memory, and takes what they take of
wafers, packaging and memory. It costs what they cost per performance when it comes out. Rules on named firms bring out
no card, and a line that moves is answered once, when it takes effect.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sim.economics.technology import interpolate
from sim.names import QUARTERS_PER_YEAR, quarter_code, quarter_number
from sim.parameters import Parameters
from sim.parameters.policy import ChipRule
from sim.parameters.suppliers import Chip
from sim.policy.calendar import Calendar
from sim.policy.chip_rules import NO_RULE, Case, Subjects, caught, made_there, reached, rulings
from sim.policy.cut_down import Specification, Task, applicable_area, best_cut, performance, whole
from sim.policy.dates import Days, first_day, quarter_of
from sim.policy.specification import specifications
from sim.policy.status import Place

SOON = QUARTERS_PER_YEAR
"""Quarters within which a card of the roadmap makes a variant needless."""


class Variant(NamedTuple):
    """A card that a rule brought about."""

    chip: Chip
    base: str
    """Card whose dies it is made of."""
    rule: str
    """Rule that it answers."""
    place: Place
    """For whom it was made."""


def variants(parameters: Parameters, cards: Mapping[str, Chip]) -> dict[str, Variant]:
    """Return the cards ``<maker>-cut-<n>`` that rules bring about, by id, in the order of the rules.

    Args:
        parameters: with the rules and the behaviour.
        cards: the catalogue and what roadmaps bring.
    """
    found = dict[str, Variant]()
    if parameters.behaviour.redesign.name == "none":
        return found
    calendar = Calendar(parameters.policy)
    for name, rule, days in calendar.chip_rules:
        for maker, place in _customers(parameters, rule, days):
            every = {**cards, **{x: variant.chip for x, variant in found.items()}}
            mine = {x: chip for x, chip in every.items() if chip.supplier == maker}
            label = f"{maker}-cut-{1 + sum(variant.chip.supplier == maker for variant in found.values())}"
            effective = quarter_of(rule.effective)
            task = _task(parameters, label, maker, place, effective, calendar.known(days.effective))
            variant = _answer(parameters, name, mine, task, effective)
            found |= {} if variant is None else {label: variant}
    return found


def _answer(
    parameters: Parameters, rule: str, mine: Mapping[str, Chip], task: Task, effective: int
) -> Variant | None:  # fmt: skip
    """Return the variant by which a maker answers a rule for a place; None where it needs none or none is possible.

    Args:
        parameters: with the terms of redesign.
        rule: id of the rule.
        mine: cards of the maker by id.
        task: for whom the card would be cut, and how.
        effective: quarter number in which the rule takes effect.
    """
    sold = {name: chip for name, chip in mine.items() if quarter_number(chip.launch) <= effective}
    best = max(sold, key=lambda name: performance(whole(sold[name]), task), default=None)
    if best is None or not _catches(rule, best, sold[best], task):
        return None
    terms = parameters.behaviour.redesign.compliant
    cut = best_cut(_made(sold, effective - terms.dies_made_quarters), task)
    soon = {name: chip for name, chip in mine.items() if quarter_number(chip.launch) <= effective + SOON}
    least = (1.0 + terms.least_gain) * max(_still_sold(soon, task), default=0.0)
    if cut is None or performance(cut.specification, task) < least:
        return None
    chip = _rebinned(parameters, sold[cut.base], cut.specification, effective + terms.lag_quarters, task)
    return Variant(chip, cut.base, rule, task.place)


def _made(sold: Mapping[str, Chip], since: int) -> dict[str, Chip]:
    """Return cards whose dies are still made, those launched since a quarter, with the least power first."""
    rows = sorted(sold.items(), key=lambda row: (row[1].power_w, row[0]))
    return {name: chip for name, chip in rows if quarter_number(chip.launch) >= since}


def _catches(rule: str, name: str, chip: Chip, task: Task) -> bool:
    """Return whether a rule catches a card for a place."""
    case = next(case for case in task.cases if case.id == rule)
    return bool(caught(case, Subjects([name], [task.origin], specifications([chip]), [task.place]))[1][0, 0])


def _still_sold(cards: Mapping[str, Chip], task: Task) -> Iterator[float]:
    """Yield the performance of the cards that no rule catches for a place."""
    chips = list(cards.values())
    subjects = Subjects(list(cards), [task.origin] * len(chips), specifications(chips), [task.place])
    for chip, rule in zip(chips, rulings(task.cases, subjects).rule[0], strict=True):
        if rule == NO_RULE:
            yield performance(whole(chip), task)


def _rebinned(parameters: Parameters, base: Chip, cut: Specification, launch: int, task: Task) -> Chip:
    """Return a card cut down, at the price per performance that its base has by then."""
    years = (launch - quarter_number(base.launch)) / QUARTERS_PER_YEAR
    ratio = performance(cut, task) / performance(whole(base), task)
    terms = parameters.behaviour.redesign.compliant
    fallen = math.exp(-parameters.suppliers[base.supplier].price_decline * years)
    return base.model_copy(
        update={
            "label": f"{base.label}, cut for {task.place.destination}",
            "launch": quarter_code(launch),
            "tpp": cut.tpp,
            "memory_bandwidth_gb_s": cut.memory,
            "interconnect_gb_s": cut.links,
            "die_area_mm2": applicable_area(base),
            "power_w": base.power_w * (cut.tpp / base.tpp) ** terms.power_elasticity,
            "price_usd": base.price_usd * ratio * fallen,
        }
    )


def _task(
    parameters: Parameters, name: str, maker: str, place: Place, quarter: int, cases: Sequence[Case]
) -> Task:  # fmt: skip
    """Return what a maker would cut a card for in a quarter, under those of some rules that look at it there."""
    margins = parameters.behaviour.redesign.compliant.margins
    cut = Specification(margins.compute, margins.memory_bandwidth, margins.interconnect)
    origin = parameters.suppliers[maker].headquarters
    looking = [case for case in cases if made_there(case.rule.origins, [origin])[0] and reached(case.rule, [place])[0]]
    return Task(name, origin, place, looking, _exponents(parameters, place, quarter), cut)


def _exponents(parameters: Parameters, place: Place, quarter: int) -> tuple[float, float, float]:
    """Return the exponents of performance, training and inference weighted by demand where cards stand.

    A region without customers serves others: it counts as their mean.
    """
    demand, weights = parameters.customers.demand, parameters.market.performance
    regions = [place.destination] if place.destination in demand else list(demand)
    shares = [interpolate(demand[region].training_share, quarter) for region in regions]
    training = sum(shares) / len(shares)
    fields = ("compute", "memory_bandwidth", "interconnect")
    a, b, c = (
        training * getattr(weights.training, x) + (1.0 - training) * getattr(weights.inference, x) for x in fields
    )
    return a, b, c


def _customers(parameters: Parameters, rule: ChipRule, days: Days) -> Iterator[tuple[str, Place]]:
    """Yield merchants that a rule asks for an answer, with the places it looks at where they sell.

    The card must come before the run ends and while the rule holds.
    """
    launch = quarter_of(rule.effective) + parameters.behaviour.redesign.compliant.lag_quarters
    too_late = launch > quarter_number(parameters.market.end) or days.expires <= max(first_day(launch), days.effective)
    if too_late or not rule.prongs or "order" not in rule.uses or rule.treatment == "notify":
        return
    for maker, supplier in parameters.suppliers.items():
        if supplier.sells_to is None and made_there(rule.origins, [supplier.headquarters])[0]:
            places = sorted(set(_sells(maker, parameters)))
            yield from ((maker, place) for place in places if reached(rule, [place])[0])


def _sells(maker: str, parameters: Parameters) -> Iterator[Place]:
    """Yield where a maker sells: whoever has its cards, gets them or orders from it."""
    for provider in parameters.providers.values():
        for region, site in provider.sites.items():
            cards = {*site.opening_cards, *site.deliveries}
            if maker in provider.order_mix or any(parameters.chips[x].supplier == maker for x in cards):
                yield Place(region, provider.headquarters)
    for owner in parameters.rest_of_world.values():
        if any(parameters.chips[x].supplier == maker for x in (*owner.opening_cards, *owner.deliveries)):
            yield Place(owner.region, owner.headquarters)
