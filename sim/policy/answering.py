"""The card with which a maker answers the rules of a place: if it needs one, which, and if that pays (B4).

The first answer is made of dies that the maker has: re-binned, it keeps their area and memory, and takes what they take
of wafers, packaging and memory. The second takes longer and has a die of its own, as small as it may be, with memory
and links of the cards that there are by then. Both cost what their base costs per hour of inference when they come out,
less what the smaller die saves.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from sim.names import QUARTERS_PER_YEAR, quarter_code, quarter_number
from sim.parameters import Parameters
from sim.parameters.behaviour import Respin
from sim.parameters.policy import ChipRule, Licence
from sim.parameters.suppliers import Chip
from sim.policy.chip_rules import Case, Subjects, rulings
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
from sim.policy.dates import days_of, first_day
from sim.policy.deciding import NO_RULE
from sim.policy.specification import specifications
from sim.policy.status import Place, Status

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


def answer(
    parameters: Parameters, mine: Mapping[str, Chip], task: Task, *, occasion: Occasion, lag: int, own_die: bool
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


def stops(case: Case, cards: Mapping[str, Chip], task: Task) -> bool:
    """Return whether a rule alone stands in the way of one of a maker's cards at a place; a notice does not."""
    caught = rulings([case], _subjects(cards, task)).status != int(Status.FREE)
    return case.rule.treatment != "notify" and bool(caught.any())


def _deciding(cards: Mapping[str, Chip], task: Task) -> str | None:
    """Return the rule that decides on a maker's best card at a place; None where it may go as it is."""
    best = max(cards, key=lambda name: performance(whole(cards[name]), task), default=None)
    if best is None:
        return None
    subjects = _subjects({best: cards[best]}, task)
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
    shares = allowed(_subjects(cards, task), task)
    return [performance(whole(chip), task) * float(share) for chip, share in zip(cards.values(), shares, strict=True)]


def _subjects(cards: Mapping[str, Chip], task: Task) -> Subjects:
    """Return cards of a maker at a place as rules are asked about them."""
    origins = [task.origin] * len(cards)
    return Subjects(list(cards), origins, specifications(list(cards.values())), [task.place], task.apart)


def _variant(parameters: Parameters, base: Chip, cut: Specification, launch: int, task: Task) -> Chip:
    """Return a card cut down, at the price that its base has by then, in the unit by which buyers choose: inference."""
    years = max(launch - quarter_number(base.launch), 0) / QUARTERS_PER_YEAR
    inference = task._replace(exponents=weights(parameters, 0.0))
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


def weights(parameters: Parameters, training: float) -> tuple[float, float, float]:
    """Return the exponents of performance for a share of training."""
    weights, fields = parameters.market.performance, ("compute", "memory_bandwidth", "interconnect")
    a, b, c = (
        training * getattr(weights.training, x) + (1.0 - training) * getattr(weights.inference, x) for x in fields
    )
    return a, b, c
