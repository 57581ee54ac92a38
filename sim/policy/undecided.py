"""Cards whose die area is not known although the answer of a rule hangs on it: an error before a run, never a guess."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from sim.economics.cells import Bools
from sim.names import quarter_number
from sim.parameters import Parameters, Problem
from sim.parameters.suppliers import Chip
from sim.policy.calendar import Calendar
from sim.policy.chip_rules import Subjects
from sim.policy.dates import first_day
from sim.policy.specification import specifications
from sim.policy.status import Place, Status, Use
from sim.roadmap import catalogue, last_card


def undecided(parameters: Parameters) -> list[Problem]:
    """Return a problem for every card of which a rule asks for the density in vain, where somebody may buy it.

    In vain is where nothing else decides: no other test of the rule, and no other rule that is as strict.
    """
    cards = {name: chip for name, chip in catalogue(parameters).items() if chip.die_area_mm2 is None}
    problems = dict[str, Problem]()
    for use in Use if cards else ():
        for card, rule, test in _asked(parameters, cards, use):
            base = card if card in parameters.chips else last_card(cards[card].supplier, parameters)
            key = f"chips.{base}.die_area_mm2"
            allowed = f"is needed: test {test} of policy rule {rule} asks for the performance density of {card}"
            problems.setdefault(key, Problem(key, None, allowed))
    return list(problems.values())


def _asked(parameters: Parameters, cards: Mapping[str, Chip], use: Use) -> Iterator[tuple[str, str, str]]:
    """Yield card, rule and test wherever a rule cannot decide within the run, for cards that are on sale by then."""
    calendar, places = Calendar(parameters.policy), _places(parameters, use)
    start, end = (first_day(quarter_number(x)) for x in (parameters.market.start, parameters.market.end))
    origins = [parameters.suppliers[chip.supplier].headquarters for chip in cards.values()]
    subjects = Subjects(list(cards), origins, specifications(list(cards.values())), places)
    launched = np.array([first_day(quarter_number(chip.launch)) for chip in cards.values()])
    may_buy = _may_buy(parameters, cards, places)
    for day, after in pairwise([*calendar.moments(use, start, end), end]):
        found = calendar.on(use, subjects, day)
        in_vain = (found.status == Status.UNKNOWN) & may_buy & (launched < after)
        for card in map(int, np.flatnonzero(in_vain.any(axis=0))):
            name = subjects.names[card]
            place = places[int(np.argmax(in_vain[:, card]))]
            ruling = calendar.status(name, cards[name], origins[card], place, use, day)
            yield name, str(ruling.rule), str(ruling.prong)


def _places(parameters: Parameters, use: Use) -> list[Place]:
    """Return who may order or rent: firms at their sites, and customers; orders are made by owners elsewhere too."""
    funded = {name: region.state_funded_share > 0.0 for name, region in parameters.market.regions.items()}
    customers = [Place(region, region, None, paid) for region, paid in funded.items()]
    sites = [
        Place(region, provider.headquarters, name, funded[region])
        for name, provider in parameters.providers.items()
        for region in provider.sites
    ]
    if use == Use.RENTAL:
        return [*sites, *customers]
    elsewhere = parameters.rest_of_world
    owners = [Place(owner.region, owner.headquarters, name, funded[owner.region]) for name, owner in elsewhere.items()]
    return [*sites, *owners, *customers]


def _may_buy(parameters: Parameters, cards: Mapping[str, Chip], places: list[Place]) -> Bools:
    """Return whether the maker of each card sells to each place (P, V): merchants to all, others to their owners."""
    makers = [parameters.suppliers[chip.supplier] for chip in cards.values()]
    return np.array(
        [[x.sells_to is None or x.external_share > 0.0 or place.firm in x.sells_to for x in makers] for place in places]
    )
