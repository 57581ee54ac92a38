"""Redesign: merchants answer rules that catch their best card, for every place where they sell (B4).

They look when a rule takes effect and when a generation comes out, at the rules that they know by then. Cards are
designed for the larger part of what a place orders: rules on named firms bring out none, nor do rules for less than
half of orders. What a card is made of stands in ``answering``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import product
from typing import NamedTuple

from sim.economics.technology import interpolate
from sim.names import quarter_number
from sim.parameters import Parameters
from sim.parameters.policy import ChipRule
from sim.parameters.suppliers import Chip
from sim.policy.answering import SOON, Occasion, Variant, answer, stops, weights
from sim.policy.calendar import Calendar
from sim.policy.chip_rules import Case, in_full, made_there, reached
from sim.policy.cut_down import Specification, Task
from sim.policy.dates import first_day, quarter_of
from sim.policy.leaders import expected
from sim.policy.status import Place

HALF = 0.5
"""Part of a place's orders that a rule must be for, at least, to be looked at."""


class Shaped(NamedTuple):
    """That a maker answered the rules of a place otherwise because of one that stops none of its cards."""

    rule: str
    place: Place
    quarter: int
    """In which the card is launched, or would have been."""
    card: str | None
    """The card that is another one because of the rule; None where none comes."""


class Answers(NamedTuple):
    """What makers make of rules."""

    variants: Mapping[str, Variant]
    """Cards ``<maker>-cut-<n>`` that rules bring about, by id, in the order of time."""
    shaped: Sequence[Shaped]
    """What rules that stop nothing changed of them."""


def answers(parameters: Parameters, cards: Mapping[str, Chip]) -> Answers:
    """Return the cards that rules bring about.

    Args:
        parameters: with the rules and the behaviour.
        cards: the catalogue and what roadmaps bring.
    """
    if parameters.behaviour.redesign.name == "none":
        return Answers({}, ())
    merchants = {x: y for x, y in parameters.suppliers.items() if y.sells_to is None}
    sells = {x: sorted(set(_sells(x, parameters))) for x in merchants}
    decides = (
        parameters.policy.model_dump_json(), parameters.behaviour.redesign.model_dump_json(), parameters.market.end,
        parameters.market.history_end, parameters.market.performance.model_dump_json(), list(sells.items()),
        [(x.training_share, name) for name, x in parameters.customers.demand.items()],
        [(x.state_funded_share, name) for name, x in parameters.market.regions.items()],
        [(x.headquarters, x.price_decline, name) for name, x in merchants.items()], sorted(cards.items()),
    )  # fmt: skip
    return _answers(_Asked(repr(decides), parameters, cards, sells))


@dataclass(frozen=True)
class _Asked:
    """What answers depend on, in words: parameters that differ elsewhere have the same ones."""

    words: str
    parameters: Parameters = field(compare=False)
    cards: Mapping[str, Chip] = field(compare=False)
    sells: Mapping[str, Sequence[Place]] = field(compare=False)


@lru_cache(maxsize=64)
def _answers(asked: _Asked) -> Answers:
    """Return the answers; the last are kept, as samples of a study meet the same rules again and again."""
    parameters, cards, sells = asked.parameters, asked.cards, asked.sells
    found, shaped = dict[str, Variant](), list[Shaped]()
    calendar, terms = Calendar(parameters.policy), parameters.behaviour.redesign.compliant
    lags = [(terms.lag_quarters, False), *([] if terms.respin is None else [(terms.respin.lag_quarters, True)])]
    for occasion in _occasions(parameters, calendar, cards, sells):
        known = [_known(calendar, asked, occasion, lag) for lag, _ in lags]
        for place, (cases, (lag, own_die)) in product(sells[occasion.maker], zip(known, lags, strict=True)):
            task = _task(parameters, occasion, place, cases)
            if task.cases and not _shut(task):
                count = 1 + sum(variant.chip.supplier == occasion.maker for variant in found.values())
                task = task.named(f"{occasion.maker}-cut-{count}", found)
                every = {**cards, **{x: variant.chip for x, variant in found.items()}}
                mine = {x: chip for x, chip in every.items() if chip.supplier == occasion.maker}
                cut = partial(answer, parameters, mine, occasion=occasion, lag=lag, own_die=own_die)
                variant = cut(task)
                shaped += _shaped(cut, mine, task, variant, occasion.quarter + lag)
                found |= {} if variant is None else {task.name: variant}
    return Answers(found, shaped)


def _shaped(
    cut: Callable[[Task], Variant | None], cards: Mapping[str, Chip], task: Task, variant: Variant | None, launch: int
) -> Iterator[Shaped]:
    """Yield the rules that stop no card of a maker but without which it would have answered otherwise.

    What they do shows in no order: they ask to be told, or catch what nobody makes because of them.
    """
    for case in task.cases:
        if not stops(case, cards, task):
            without = cut(task._replace(cases=[other for other in task.cases if other is not case]))
            if _card(without) != _card(variant):
                yield Shaped(case.id, task.place, launch, None if variant is None else task.name)


def _card(variant: Variant | None) -> Chip | None:
    return None if variant is None else variant.chip


def _known(calendar: Calendar, asked: _Asked, occasion: Occasion, lag: int) -> list[Case]:
    """Return the rules that a maker knows of and that hold while its card is new, with their lines of its first day."""
    launch = occasion.quarter + lag
    leaders = expected(calendar, asked.cards, asked.parameters.suppliers, launch)
    return calendar.known(occasion.day, first_day(launch), first_day(launch + SOON), leaders)


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
    return weights(parameters, sum(shares) / len(shares))


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
