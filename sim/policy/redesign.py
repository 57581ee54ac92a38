"""Redesign: merchants answer a rule that catches their best card with the card that is worth most under it (B4).

The first answer is made of dies that the maker has: re-binned, it keeps their area and memory, and takes what they take
of wafers, packaging and memory. The second takes longer and has a die of its own, as small as it may be, with memory
and links of the cards that there are by then. Both cost what their base costs per performance when they come out, less
what the smaller die saves. Rules on named firms bring out no card, and a line that moves is answered once.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sim.economics.technology import interpolate
from sim.names import QUARTERS_PER_YEAR, quarter_code, quarter_number
from sim.parameters import Parameters
from sim.parameters.behaviour import Respin
from sim.parameters.policy import ChipRule
from sim.parameters.suppliers import Chip
from sim.policy.calendar import Calendar
from sim.policy.chip_rules import Case, Subjects, caught, made_there, reached
from sim.policy.cut_down import (
    Cut,
    Specification,
    Task,
    allowed,
    applicable_area,
    best_cut,
    performance,
    smallest_die,
    whole,
)
from sim.policy.dates import Days, first_day, quarter_of
from sim.policy.specification import specifications
from sim.policy.status import Place

SOON = QUARTERS_PER_YEAR
"""Quarters within which a card of the roadmap makes a variant needless."""


class Variant(NamedTuple):
    """A card that a rule brought about."""

    chip: Chip
    base: str
    """Card whose dies it is made of, or whose design its own die goes back to."""
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
    calendar, terms = Calendar(parameters.policy), parameters.behaviour.redesign.compliant
    lags = [(terms.lag_quarters, False), *([] if terms.respin is None else [(terms.respin.lag_quarters, True)])]
    for name, rule, days in calendar.chip_rules:
        for maker, place in _customers(parameters, rule):
            for lag, own_die in lags:
                if _in_time(parameters, rule, days, lag):
                    every = {**cards, **{x: variant.chip for x, variant in found.items()}}
                    mine = {x: chip for x, chip in every.items() if chip.supplier == maker}
                    designs = {x: chip for x, chip in mine.items() if x in cards}
                    label = f"{maker}-cut-{1 + sum(variant.chip.supplier == maker for variant in found.values())}"
                    effective = quarter_of(rule.effective)
                    task = _task(parameters, label, maker, place, effective, calendar.known(days.effective))
                    variant = _answer(parameters, name, mine, designs, task, effective, lag, own_die=own_die)
                    found |= {} if variant is None else {label: variant}
    return found


def _answer(
    parameters: Parameters, rule: str, mine: Mapping[str, Chip], designs: Mapping[str, Chip], task: Task,
    effective: int, lag: int, *, own_die: bool,
) -> Variant | None:  # fmt: skip
    """Return the variant by which a maker answers a rule for a place; None where it needs none or none is possible.

    Args:
        parameters: with the terms of redesign.
        rule: id of the rule.
        mine: cards of the maker by id, cut ones among them.
        designs: those whose dies may be cut down.
        task: for whom the card would be cut, and how.
        effective: quarter number in which the rule takes effect.
        lag: quarters from then to the first sale.
        own_die: whether there is time for a die of its own, made with what the maker sells by the end of the lag.
    """
    terms, launch = parameters.behaviour.redesign.compliant, effective + lag
    sold = {name: chip for name, chip in mine.items() if quarter_number(chip.launch) <= effective}
    best = max(sold, key=lambda name: performance(whole(sold[name]), task), default=None)
    if best is None or not _limits(rule, best, sold[best], task):
        return None
    ready = launch if own_die else effective
    bases = {name: chip for name, chip in designs.items() if quarter_number(chip.launch) <= ready}
    cut = best_cut(_made(bases, ready - terms.dies_made_quarters), task)
    if cut is None:
        return None
    soon = {name: chip for name, chip in mine.items() if quarter_number(chip.launch) <= ready + SOON}
    chip = _variant(parameters, bases[cut.base], cut.specification, launch, task)
    saving = 1.0
    if own_die and terms.respin is not None:
        chip, saving = _respun(chip, bases[cut.base], cut, terms.respin, task), terms.respin.least_saving
    return Variant(chip, cut.base, rule, task.place) if _pays(chip, soon, terms.least_gain, saving, task) else None


def _pays(chip: Chip, others: Mapping[str, Chip], gain: float, saving: float, task: Task) -> bool:
    """Return whether a card is worth more than what the maker sells or brings soon, or as much on less silicon.

    Args:
        chip: the card.
        others: what the maker sells or brings soon.
        gain: what it must be worth more.
        saving: part of the logic area that it must save otherwise; 1 where that is no reason.
        task: for whom it is.
    """
    mine, theirs = _worth({"": chip}, task)[0], _worth(others, task)
    best = max(theirs, default=0.0)
    if mine >= (1.0 + gain) * best:
        return True
    alike = [x.logic_area_mm2 for x, worth in zip(others.values(), theirs, strict=True) if worth * (1.0 + gain) >= mine]
    return mine * (1.0 + gain) >= best and chip.logic_area_mm2 <= (1.0 - saving) * min(alike)


def _made(sold: Mapping[str, Chip], since: int) -> dict[str, Chip]:
    """Return cards whose dies are still made, those launched since a quarter, with the least power first."""
    rows = sorted(sold.items(), key=lambda row: (row[1].power_w, row[0]))
    return {name: chip for name, chip in rows if quarter_number(chip.launch) >= since}


def _limits(rule: str, name: str, chip: Chip, task: Task) -> bool:
    """Return whether a rule keeps a card from a place in part, or licenses others where it is kept from it."""
    case = next((case for case in task.cases if case.id == rule), None)
    subjects = Subjects([name], [task.origin], specifications([chip]), [task.place])
    if case is None or allowed(subjects, task)[0] >= 1.0:
        return False
    return bool(caught(case, subjects)[1][0, 0]) or (case.rule.treatment == "licence" and case.approval > 0.0)


def _worth(cards: Mapping[str, Chip], task: Task) -> list[float]:
    """Return what cards are worth at a place: performance, as far as rules leave it."""
    chips = list(cards.values())
    subjects = Subjects(list(cards), [task.origin] * len(chips), specifications(chips), [task.place])
    return [
        performance(whole(chip), task) * float(share)
        for chip, share in zip(chips, allowed(subjects, task), strict=True)
    ]


def _variant(parameters: Parameters, base: Chip, cut: Specification, launch: int, task: Task) -> Chip:
    """Return a card cut down, at the price per performance that its base has by then."""
    years = max(launch - quarter_number(base.launch), 0) / QUARTERS_PER_YEAR
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


def _respun(chip: Chip, base: Chip, cut: Cut, terms: Respin, task: Task) -> Chip:
    """Return a card on a die of its own."""
    part = smallest_die(base, cut.specification, terms.fixed_area, task)
    return chip.model_copy(
        update={
            "label": f"{chip.label}, own die",
            "die_area_mm2": applicable_area(base) * part,
            "logic_area_mm2": base.logic_area_mm2 * part,
            "transistors_bn": None if base.transistors_bn is None else base.transistors_bn * part,
        }
    )


def _task(
    parameters: Parameters, name: str, maker: str, place: Place, quarter: int, cases: Sequence[Case]
) -> Task:  # fmt: skip
    """Return what a maker would cut a card for in a quarter, under those of some rules that look at it there."""
    margins = parameters.behaviour.redesign.compliant.margins
    cut = Specification(margins.compute, margins.memory_bandwidth, margins.interconnect)
    origin = parameters.suppliers[maker].headquarters
    looking = [
        _in_full(case)
        for case in cases
        if made_there(case.rule.origins, [origin])[0] and reached(case.rule, [place])[0]
    ]
    return Task(name, origin, place, looking, _exponents(parameters, place, quarter), cut)


def _in_full(case: Case) -> Case:
    """Return a rule as it meets the orders that it is for, once licences are given."""
    rule = case.rule.model_copy(update={"covered_share": 1.0})
    return case._replace(rule=rule, approval=case.approval if rule.licence is None else rule.licence.approval)


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


def _customers(parameters: Parameters, rule: ChipRule) -> Iterator[tuple[str, Place]]:
    """Yield merchants that a rule asks for an answer, with the places it looks at where they sell."""
    if not rule.prongs or "order" not in rule.uses or rule.treatment == "notify":
        return
    for maker, supplier in parameters.suppliers.items():
        if supplier.sells_to is None and made_there(rule.origins, [supplier.headquarters])[0]:
            places = sorted(set(_sells(maker, parameters)))
            yield from ((maker, place) for place in places if reached(rule, [place])[0])


def _in_time(parameters: Parameters, rule: ChipRule, days: Days, lag: int) -> bool:
    """Return whether a card would come before the run ends and while the rule holds."""
    launch = quarter_of(rule.effective) + lag
    in_run = launch <= quarter_number(parameters.market.end)
    return in_run and days.expires > max(first_day(launch), days.effective)


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
