"""Redesign: merchants answer a rule that catches their best card with the card that is worth most under it (B4).

The first answer is made of dies that the maker has: re-binned, it keeps their area and memory, and takes what they take
of wafers, packaging and memory. The second takes longer and has a die of its own, as small as it may be, with memory
and links of the cards that there are by then. Both cost what their base costs per hour of inference when they come out,
less what the smaller die saves. Cards are designed for the larger part of what a place orders: rules on named firms
bring out none, nor do rules for less than half of orders.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from sim.economics.technology import interpolate
from sim.names import QUARTERS_PER_YEAR, quarter_code, quarter_number
from sim.parameters import Parameters
from sim.parameters.behaviour import Respin
from sim.parameters.policy import ChipRule, Licence
from sim.parameters.suppliers import Chip
from sim.policy.calendar import Calendar
from sim.policy.chip_rules import Case, Subjects, in_full, made_there, reached, rulings
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
from sim.policy.dates import days_of, first_day, quarter_of
from sim.policy.deciding import NO_RULE
from sim.policy.leaders import expected
from sim.policy.specification import specifications
from sim.policy.status import Place

HALF = 0.5
"""Part of a place's orders that a rule must be for, at least, to be looked at."""
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


class Occasion(NamedTuple):
    """A day on which makers look at what rules leave them."""

    quarter: int
    day: int
    rule: str | None
    """The rule that takes effect; None where a maker's card comes out that outdoes all its cards before."""
    maker: str


def variants(parameters: Parameters, cards: Mapping[str, Chip]) -> dict[str, Variant]:
    """Return the cards ``<maker>-cut-<n>`` that rules bring about, by id, in the order of time.

    Args:
        parameters: with the rules and the behaviour.
        cards: the catalogue and what roadmaps bring.
    """
    if parameters.behaviour.redesign.name == "none":
        return {}
    merchants = {x: y for x, y in parameters.suppliers.items() if y.sells_to is None}
    sells = {x: sorted(set(_sells(x, parameters))) for x in merchants}
    decides = (
        parameters.policy.model_dump_json(), parameters.behaviour.redesign.model_dump_json(), parameters.market.end,
        parameters.market.history_end, parameters.market.performance.model_dump_json(), list(sells.items()),
        [(x.training_share, name) for name, x in parameters.customers.demand.items()],
        [(x.state_funded_share, name) for name, x in parameters.market.regions.items()],
        [(x.headquarters, x.price_decline, name) for name, x in merchants.items()], sorted(cards.items()),
    )  # fmt: skip
    return dict(_variants(_Asked(repr(decides), parameters, cards, sells)))


@dataclass(frozen=True)
class _Asked:
    """What variants depend on, in words: parameters that differ elsewhere have the same ones."""

    words: str
    parameters: Parameters = field(compare=False)
    cards: Mapping[str, Chip] = field(compare=False)
    sells: Mapping[str, Sequence[Place]] = field(compare=False)


@lru_cache(maxsize=64)
def _variants(asked: _Asked) -> dict[str, Variant]:
    """Return the variants; the last are kept, as samples of a study meet the same rules again and again."""
    parameters, cards, sells, found = asked.parameters, asked.cards, asked.sells, dict[str, Variant]()
    calendar, terms = Calendar(parameters.policy), parameters.behaviour.redesign.compliant
    lags = [(terms.lag_quarters, False), *([] if terms.respin is None else [(terms.respin.lag_quarters, True)])]
    for occasion in _occasions(parameters, calendar, cards, sells):
        known = [_known(calendar, asked, occasion, lag) for lag, _ in lags]
        for place, (cases, (lag, own_die)) in product(sells[occasion.maker], zip(known, lags, strict=True)):
            task = _task(parameters, occasion, place, cases)
            if task.cases and not _shut(task):
                count = 1 + sum(variant.chip.supplier == occasion.maker for variant in found.values())
                named = task.named(f"{occasion.maker}-cut-{count}", found)
                every = {**cards, **{x: variant.chip for x, variant in found.items()}}
                mine = {x: chip for x, chip in every.items() if chip.supplier == occasion.maker}
                variant = _answer(parameters, mine, named, occasion, lag, own_die=own_die)
                found |= {} if variant is None else {named.name: variant}
    return found


def _known(calendar: Calendar, asked: _Asked, occasion: Occasion, lag: int) -> list[Case]:
    """Return the rules that a maker knows of, with their lines of the day on which its card would come."""
    launch = occasion.quarter + lag
    leaders = expected(calendar, asked.cards, asked.parameters.suppliers, launch)
    return calendar.known(occasion.day, first_day(launch), leaders)


def _shut(task: Task) -> bool:
    """Return whether a rule without tests keeps every card from a place: then no search is needed to find none."""
    rules = [case.rule for case in task.cases]
    over = {name for rule in rules for name in rule.overrides}
    return any(
        rule.treatment == "deny" and not rule.prongs and rule.only_chips is None and case.id not in over
        for rule, case in zip(rules, task.cases, strict=True)
    )


def _occasions(
    parameters: Parameters, calendar: Calendar, cards: Mapping[str, Chip], makers: Iterable[str]
) -> list[Occasion]:
    """Return when merchants look: when a rule on orders with tests takes effect, and when a generation comes out.

    Up to the end of history they brought out what the catalogue has.
    """
    out, past = list[Occasion](), quarter_number(parameters.market.history_end)
    for maker in makers:
        origin = parameters.suppliers[maker].headquarters
        for name, rule, days in calendar.chip_rules:
            asks = rule.prongs and "order" in rule.uses and rule.treatment != "notify"
            if asks and made_there(rule.origins, [origin])[0] and days.expires > days.effective:
                out.append(Occasion(quarter_of(rule.effective), days.effective, name, maker))
        best = 0.0
        mine = [x for x in cards.values() if x.supplier == maker]
        for chip in sorted(mine, key=lambda x: (quarter_number(x.launch), -x.tpp)):
            launch = quarter_number(chip.launch)
            if chip.tpp > best and calendar.chip_rules:
                out.append(Occasion(launch, first_day(launch), None, maker))
            best = max(best, chip.tpp)
    return sorted((x for x in out if x.quarter > past), key=lambda x: (x.quarter, x.rule is None, x.day))


def _answer(
    parameters: Parameters, mine: Mapping[str, Chip], task: Task, occasion: Occasion, lag: int, *, own_die: bool
) -> Variant | None:
    """Return the variant with which a maker answers for a place; None where it needs none or none is possible.

    Args:
        parameters: with the terms of redesign.
        mine: cards of the maker by id, cut ones among them.
        task: for whom the card would be cut, and how.
        occasion: when the maker looks, and why.
        lag: quarters from then to the first sale.
        own_die: whether there is time for a die of its own, made with what the maker sells by the end of the lag.
    """
    terms, launch = parameters.behaviour.redesign.compliant, occasion.quarter + lag
    now = {name: chip for name, chip in mine.items() if quarter_number(chip.launch) <= occasion.quarter}
    rule = _reason(occasion, now, task, launch)
    if rule is None or launch > quarter_number(parameters.market.end):
        return None
    ready = launch if own_die else occasion.quarter
    bases = {x: y for x, y in mine.items() if quarter_number(y.launch) <= ready and x not in task.apart}
    cut = best_cut(_made(bases, ready - terms.dies_made_quarters), task)
    if cut is None:
        return None
    soon = {name: chip for name, chip in mine.items() if quarter_number(chip.launch) <= ready + SOON}
    chip, saving = _variant(parameters, bases[cut.base], cut.specification, launch, task), 1.0
    if own_die and terms.respin is not None:
        chip, saving = _respun(chip, bases[cut.base], cut, terms.respin, task), terms.respin.least_saving
    return Variant(chip, cut.base, rule, task.place) if _pays(chip, soon, terms.least_gain, saving, task) else None


def _reason(occasion: Occasion, cards: Mapping[str, Chip], task: Task, launch: int) -> str | None:
    """Return the rule that a maker answers with a card launched in a quarter; None where there is none to answer.

    It is the one that takes effect, if it takes from what the maker sells at a place or licenses other cards than those
    that may go; of a new generation, the one that decides on its best card. It must hold when the card comes.
    """
    cases = {case.id: case for case in task.cases}
    rule = occasion.rule
    if rule is None:
        rule = _deciding(cards, task)
    elif rule in cases:
        terms, without = cases[rule].rule.licence, task._replace(cases=[x for x in task.cases if x.id != rule])
        worth, before = _worth(cards, task), _worth(cards, without)
        opens = terms is not None and _opens(cases[rule].rule, terms, cases) and min(worth, default=1.0) == 0.0
        if not opens and all(one >= two for one, two in zip(worth, before, strict=True)):
            return None
    if rule is None or rule not in cases or cases[rule].rule.treatment == "notify":
        return None
    return rule if days_of(cases[rule].rule).expires > first_day(launch) else None


def _opens(rule: ChipRule, terms: Licence, cases: Mapping[str, Case]) -> bool:
    """Return whether a licence may let through what was refused: by itself it adds a rule, so it must silence one."""
    silenced = (cases[name].rule.treatment for name in rule.overrides if name in cases)
    return terms.approval > 0.0 and not terms.sold_at_home and any(treatment != "notify" for treatment in silenced)


def _deciding(cards: Mapping[str, Chip], task: Task) -> str | None:
    """Return the rule that decides on a maker's best card at a place; None where it may go as it is."""
    best = max(cards, key=lambda name: performance(whole(cards[name]), task), default=None)
    if best is None:
        return None
    subjects = Subjects([best], [task.origin], specifications([cards[best]]), [task.place], task.apart)
    limited, rule = allowed(subjects, task)[0] < 1.0, int(rulings(task.cases, subjects).rule[0, 0])
    return task.cases[rule].id if limited and rule != NO_RULE else None


def _pays(chip: Chip, others: Mapping[str, Chip], gain: float, saving: float, task: Task) -> bool:
    """Return whether a card is worth more than what the maker sells or brings soon, or as much on less silicon.

    Args:
        chip: the card.
        others: what the maker sells or brings soon.
        gain: what it must be worth more.
        saving: part of the logic area that it must save otherwise; 1 where that is no reason.
        task: for whom it is.
    """
    mine, theirs = _worth({task.name: chip}, task)[0], _worth(others, task)
    best = max(theirs, default=0.0)
    if mine >= (1.0 + gain) * best:
        return True
    alike = [x.logic_area_mm2 for x, worth in zip(others.values(), theirs, strict=True) if worth * (1.0 + gain) >= mine]
    return mine * (1.0 + gain) >= best and chip.logic_area_mm2 <= (1.0 - saving) * min(alike)


def _made(sold: Mapping[str, Chip], since: int) -> dict[str, Chip]:
    """Return cards whose dies are still made, those launched since a quarter, with the least power first."""
    rows = sorted(sold.items(), key=lambda row: (row[1].power_w, row[0]))
    return {name: chip for name, chip in rows if quarter_number(chip.launch) >= since}


def _worth(cards: Mapping[str, Chip], task: Task) -> list[float]:
    """Return what cards are worth at a place: performance, as far as rules leave it."""
    chips = list(cards.values())
    subjects = Subjects(list(cards), [task.origin] * len(chips), specifications(chips), [task.place], task.apart)
    return [
        performance(whole(chip), task) * float(share)
        for chip, share in zip(chips, allowed(subjects, task), strict=True)
    ]


def _variant(parameters: Parameters, base: Chip, cut: Specification, launch: int, task: Task) -> Chip:
    """Return a card cut down, at the price that its base has by then, in the unit by which buyers choose: inference."""
    years = max(launch - quarter_number(base.launch), 0) / QUARTERS_PER_YEAR
    inference = task._replace(exponents=_weights(parameters, 0.0))
    ratio = performance(cut, inference) / performance(whole(base), inference)
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


def _task(parameters: Parameters, occasion: Occasion, place: Place, cases: Sequence[Case]) -> Task:
    """Return what a maker would cut a card for, under those of some rules that look at it there."""
    margins = parameters.behaviour.redesign.compliant.margins
    cut = Specification(margins.compute, margins.memory_bandwidth, margins.interconnect)
    origin = parameters.suppliers[occasion.maker].headquarters
    notified = parameters.behaviour.redesign.compliant.notified_worth
    looking = [
        in_full(case, notified)
        for case in cases
        if made_there(case.rule.origins, [origin])[0] and _part_meant(case.rule, place, parameters) >= HALF
    ]
    exponents = _exponents(parameters, place, occasion.quarter)
    return Task("", origin, place, looking, exponents, cut)


def _part_meant(rule: ChipRule, place: Place, parameters: Parameters) -> float:
    """Return the part of a place's orders that a rule is for."""
    funded = parameters.market.regions[place.destination].state_funded_share if rule.state_funded else 1.0
    return funded * rule.covered_share if reached(rule, [place])[0] else 0.0


def _exponents(parameters: Parameters, place: Place, quarter: int) -> tuple[float, float, float]:
    """Return the exponents of performance, training and inference weighted by demand where cards stand.

    A region without customers serves others: it counts as their mean.
    """
    demand = parameters.customers.demand
    regions = [place.destination] if place.destination in demand else list(demand)
    shares = [interpolate(demand[region].training_share, quarter) for region in regions]
    return _weights(parameters, sum(shares) / len(shares))


def _weights(parameters: Parameters, training: float) -> tuple[float, float, float]:
    """Return the exponents of performance for a share of training."""
    weights, fields = parameters.market.performance, ("compute", "memory_bandwidth", "interconnect")
    a, b, c = (
        training * getattr(weights.training, x) + (1.0 - training) * getattr(weights.inference, x) for x in fields
    )
    return a, b, c


def _sells(maker: str, parameters: Parameters) -> Iterator[Place]:
    """Yield where a maker sells: whoever has its cards, gets them or orders from it."""
    for provider in parameters.providers.values():
        for region, site in provider.sites.items():
            cards = {*site.opening_cards, *site.deliveries}
            if maker in provider.order_mix or any(parameters.chips[x].supplier == maker for x in cards):
                yield Place(region, provider.headquarters, state_funded=True)
    for owner in parameters.rest_of_world.values():
        if any(parameters.chips[x].supplier == maker for x in (*owner.opening_cards, *owner.deliveries)):
            yield Place(owner.region, owner.headquarters, state_funded=True)
