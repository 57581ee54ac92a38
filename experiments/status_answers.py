"""What every shipped rule set says of every card of the catalogue, wherever it may go."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from experiments.preflight import composing, plan
from experiments.preflight.folders import shipped
from experiments.preflight.session import Composer
from sim.parameters import Parameters
from sim.parameters.policy import GOVERNMENTS, ChipRule, Policy
from sim.policy import Calendar, Place, Ruling, Status, Use
from sim.policy.chip_rules import Subjects
from sim.policy.dates import ordinal
from sim.policy.specification import specifications

HISTORY = "history"
YEARS = range(2022, 2027)
LATE = "2027-06-30"
"""A day on which what is proposed would be in force."""
Answers = Mapping[tuple[str, Place], str]
"""What is said of a card, by row and place."""


class RuleSet(NamedTuple):
    """A file of ``conf/policy``: a preset, or what one government does."""

    name: str
    policy: Policy
    day: str
    """Day on which it is looked at."""
    text: str
    """What its comment says first."""

    def rules(self, use: Use) -> list[tuple[str, ChipRule]]:
        """Return its rules on a use of cards."""
        return [(name, rule) for name, rule, _ in Calendar(self.policy).chip_rules if use.value in rule.uses]


class Asked(NamedTuple):
    """A row of the page before it is answered: a rule set, on a day, about orders or rentals."""

    of: RuleSet
    day: str
    use: Use

    @property
    def label(self) -> str:
        """What stands in the first column."""
        day = "" if self.day == LATE else f" {self.day}"
        return f"`{self.of.name}`{day}{' (rentals)' if self.use == Use.RENTAL else ''}"


def past() -> Parameters:
    """Return the baseline with every rule by its date."""
    with composing() as composer:
        return plan(composer, [f"policy={HISTORY}"]).parameters


def rule_sets() -> list[RuleSet]:
    """Return every file of ``conf/policy``: presets by name, then the files of each government by day."""
    with composing() as composer:
        presets = sorted(_files(composer, ""))
        files = [sorted(_files(composer, group), key=lambda x: (x.day, x.name)) for group in GOVERNMENTS]
    return [*presets, *(x for found in files for x in found)]


def _files(composer: Composer, group: str) -> Iterator[RuleSet]:
    for file in (shipped() / "policy" / group).glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        name = f"{group}/{file.stem}".lstrip("/")
        policy = _policy(composer.alone(f"policy/{group}".rstrip("/"), file.stem)["policy"])
        day = LATE if "defaults" in yaml.safe_load(text) else _first_day(policy)
        yield RuleSet(name, policy, day, _first_sentence(text))


def _policy(rules: Mapping[str, object]) -> Policy:
    """Return rules of some governments, with tests in the order in which a run reads them."""
    return Policy.model_validate_json(json.dumps({**{name: {} for name in GOVERNMENTS}, **rules}, sort_keys=True))


def _first_day(policy: Policy) -> str:
    """Return the first day on which all rules on cards hold; the late one where there is none."""
    rules = Calendar(policy).chip_rules
    day = max((rule.effective for _, rule, _ in rules), default=LATE)
    return day if all(days.in_force(ordinal(day)) for _, _, days in rules) else LATE


def _first_sentence(text: str) -> str:
    comment = " ".join(line.lstrip("# ") for line in takewhile(lambda line: line.startswith("#"), text.splitlines()))
    return re.split(r"\. (?=[A-Z(])|\.$", comment)[0]


def asked(sets: Sequence[RuleSet]) -> list[Asked]:
    """Return the rows of the page: every rule set on its day, and the history at the end of every year too."""
    days = {x.name: [*(f"{year}-12-31" for year in YEARS), LATE] if x.name == HISTORY else [x.day] for x in sets}
    return [Asked(x, day, use) for x in sets for use in Use if x.rules(use) for day in days[x.name]]


def places(model: Parameters) -> list[Place]:
    """Return every destination with every headquarters of a buyer."""
    return [Place(destination, home) for destination in model.market.regions for home in model.market.regions]


def answered(model: Parameters, sets: Sequence[RuleSet]) -> dict[str, Answers]:
    """Return what every rule set says of every card at every place, by card."""
    found: dict[str, dict[tuple[str, Place], str]] = {card: {} for card in model.chips}
    for row in asked(sets):
        words = _words_of(model, row)
        for card, answers in found.items():
            for place in places(model):
                named = [(place._replace(firm=x), x) for x in _firms(model, row.of, place.headquarters)]
                said = words[card, place]
                others = [f"{firm}: {words[card, one]}" for one, firm in named if words[card, one] != said]
                answers[row.label, place] = "; ".join([said, *others])
    return dict(found)


def _words_of(model: Parameters, row: Asked) -> dict[tuple[str, Place], str]:
    """Return what a rule set says of every card at every place, those of the firms included that it names."""
    calendar, cards = Calendar(row.of.policy), list(model.chips)
    named = [place._replace(firm=x) for place in places(model) for x in _firms(model, row.of, place.headquarters)]
    origins = [model.suppliers[chip.supplier].headquarters for chip in model.chips.values()]
    where, day = [*places(model), *named], ordinal(row.day)
    subjects = Subjects(cards, origins, specifications(list(model.chips.values())), where)
    rulings = calendar.on(row.use, subjects, day)
    said, out = dict[tuple[int, ...], str](), dict[tuple[str, Place], str]()
    for p, v in np.ndindex(rulings.status.shape):
        key = (v, *(int(x[p, v]) for x in (rulings.status, rulings.rule, rulings.prong)))
        if key not in said:
            ruling = calendar.status(cards[v], model.chips[cards[v]], origins[v], where[p], row.use, day)
            said[key] = _words(ruling, row.of)
        out[cards[v], where[p]] = said[key]
    return out


def _firms(model: Parameters, of: RuleSet, home: str) -> list[str]:
    """Return the firms with headquarters in a region that rules on cards name."""
    named = {firm for _, rule, _ in Calendar(of.policy).chip_rules for firm in rule.buyers or []}
    homes = {name: x.headquarters for owners in (model.providers, model.rest_of_world) for name, x in owners.items()}
    return sorted(firm for firm in named if homes[firm] == home)


def _words(ruling: Ruling, of: RuleSet) -> str:
    """Return a status with what decided; a rule that is called as its file needs no name."""
    if ruling.status == Status.FREE:
        return ruling.status.word
    rule = of.policy.instruments[str(ruling.rule)]
    never = isinstance(rule, ChipRule) and rule.licence is not None and rule.licence.approval == 0.0
    status = f"{ruling.status.word} (never given)" if never else ruling.status.word
    told = [None if ruling.rule == Path(of.name).name else ruling.rule, ruling.prong]
    return " ".join([status, *(f"`{word}`" for word in told if word)])
