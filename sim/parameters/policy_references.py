"""What is wrong with instruments of policy that no single field can refuse: names, dates, rules that cannot bind."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from sim.parameters.instruments import CountryCap, CreditShock, FoundryRule, Remedy, StageRule, Subsidy
from sim.parameters.policy import GOVERNMENTS, ChipRule, Instrument, Licence, Policy
from sim.parameters.problems import Problem, known, suggestion
from sim.parameters.rules import Rule

if TYPE_CHECKING:
    from sim.parameters import Parameters

DATES = ("announced", "effective", "expires")
CAUGHT = (
    "uses", "prongs", "origins", "destinations", "headquarters", "buyers", "covered_share", "state_funded",
    "only_chips", "exempt_chips", "growth", "generations_behind",
)  # fmt: skip
"""Fields of a rule on cards that say what it catches."""


def check(p: "Parameters") -> Iterator[Problem]:
    """Yield what is wrong with the instruments of every government."""
    seen = dict[str, str]()
    for group in GOVERNMENTS:
        for name, rule in getattr(p.policy, group).items():
            key = f"policy.{group}.{name}"
            if name in seen:
                yield Problem(key, name, f"must have a name of its own: {seen[name]} has the same")
            seen[name] = key
            yield from _silenced(key, name, rule, p.policy)
            yield from _contradicted(key, name, rule, getattr(p.policy, group))
            yield from _names(key, rule, _allowed(p))
            yield from _said(key, rule)
            yield from _calendar(key, rule)
            yield from _meaning(key, rule)
            yield from _reaching(key, rule, p)
            if isinstance(rule, Remedy) and rule.committed_share < 1.0 and p.customers.granularity == "cells":
                allowed = "must be 1 with customers.granularity=cells, which splits demand over terms in one way"
                yield Problem(f"{key}.committed_share", rule.committed_share, allowed)


def _allowed(p: "Parameters") -> Mapping[str, Collection[str]]:
    """Return the names that each field of an instrument may hold."""
    regions = dict.fromkeys(
        ("origins", "destinations", "headquarters", "domestic", "regions", "makers", "first", "h100e", "chartered"),
        p.market.regions,
    )
    return {
        **regions, "side": p.upstream, "sides": p.upstream, "approved": p.suppliers,
        "buyers": {**p.providers, **p.rest_of_world}, "allowances": p.providers, "only_chips": p.chips,
        "exempt_chips": p.chips,
    }  # fmt: skip


def _names(key: str, rule: Instrument, allowed: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    for field, names in allowed.items():
        value = getattr(rule, field, None)
        yield from known(f"{key}.{field}", [value] if isinstance(value, str) else value or [], names)
    for field, value in rule:
        for name in sorted({x for x in value if value.count(x) > 1}) if isinstance(value, list) else ():
            yield Problem(f"{key}.{field}", name, "is named twice: name it once")


def _said(key: str, rule: Rule) -> Iterator[Problem]:
    """Refuse rules without a name or a source, and assumptions about what they do not have."""
    for field in ("label", "source"):
        if not getattr(rule, field).strip():
            yield Problem(f"{key}.{field}", getattr(rule, field), "must not be empty")
    for name in rule.assumed:
        first, _, deeper = name.partition(".")
        known_fields, where = list(type(rule).model_fields), "no field of the rule"
        if first == "licence" and deeper:
            first, known_fields, where = deeper, list(Licence.model_fields), "no term of a licence"
        if first not in known_fields:
            yield Problem(f"{key}.assumed", name, f"is {where}{suggestion(first, known_fields)}")


def _calendar(key: str, rule: Rule) -> Iterator[Problem]:
    """Days must exist and follow one another; a rule that ends on its first day never took effect."""
    days = {field: _day(getattr(rule, field)) for field in DATES}
    bad = [field for field in DATES if days[field] is None and getattr(rule, field) is not None]
    for field in bad:
        yield Problem(f"{key}.{field}", getattr(rule, field), "there is no such day")
    if bad:
        return
    announced, effective, expires = (days[field] for field in DATES)
    if announced is not None and effective is not None and effective < announced:
        yield Problem(f"{key}.effective", rule.effective, f"must not lie before announced ({rule.announced})")
    if expires is not None and effective is not None and expires < effective:
        allowed = f"must not lie before effective ({rule.effective}); the same day for a rule that never took effect"
        yield Problem(f"{key}.expires", rule.expires, allowed)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None


def _reaching(key: str, rule: Instrument, p: "Parameters") -> Iterator[Problem]:
    """Refuse lists that leave nobody, and buyers whom a rule on cards cannot reach."""
    for field in ("origins", "headquarters", "regions", "makers", "buyers", "only_chips"):
        empty_is_allowed = isinstance(rule, ChipRule) and field == "headquarters"
        if getattr(rule, field, None) == [] and not empty_is_allowed:
            yield Problem(f"{key}.{field}", [], "names nobody: name one, or give null for all")
    if isinstance(rule, ChipRule):
        yield from _buyers(key, rule, p)


def _buyers(key: str, rule: ChipRule, p: "Parameters") -> Iterator[Problem]:
    for buyer in rule.buyers or []:
        provider, owner = p.providers.get(buyer), p.rest_of_world.get(buyer)
        homes = {x.headquarters for x in (provider, owner) if x is not None}
        places = {*(provider.sites if provider else ()), *([owner.region] if owner else ())}
        if homes and not homes & set(rule.headquarters) and not places & set(rule.destinations):
            yield Problem(f"{key}.buyers", buyer, "is reached by neither headquarters nor destinations of the rule")


def _meaning(key: str, rule: Instrument) -> Iterator[Problem]:
    """Refuse what contradicts itself or does nothing."""
    if isinstance(rule, ChipRule):
        yield from _tests(key, rule)
        yield from _inert(key, rule)
    elif isinstance(rule, CreditShock) and (rule.risk_free_rate, rule.spread, rule.covenant) == (0.0, 0.0, 1.0):
        yield Problem(f"{key}.spread", rule.spread, "the shock changes nothing: change rate, spread or covenant")
    elif isinstance(rule, StageRule) and _neutral(rule):
        yield Problem(f"{key}.output", rule.output, "the rule does nothing: change output, price, growth or a ban")
    elif isinstance(rule, Subsidy) and rule.power == rule.cards == rule.capital == 0.0:
        yield Problem(f"{key}.capital", rule.capital, "the subsidy pays nothing: raise power, cards or capital")
    elif isinstance(rule, CountryCap) and rule.chartered and _unbound(rule):
        allowed = "nothing binds these firms: give largest_share_abroad or least_share_at_home"
        yield Problem(f"{key}.chartered", rule.chartered, allowed)
    elif isinstance(rule, CountryCap) and not rule.chartered and not _unbound(rule):
        allowed = (
            "names nobody whom largest_share_abroad or least_share_at_home binds: name regions, or give null for both"
        )
        yield Problem(f"{key}.chartered", [], allowed)
    elif isinstance(rule, CountryCap) and (home := set(rule.origins or ()) & set(rule.h100e)):
        allowed = "is home to the makers, and caps are on what goes abroad: name other regions, or give origins: null"
        yield Problem(f"{key}.h100e", ", ".join(sorted(home)), allowed)
    elif isinstance(rule, FoundryRule) and rule.access >= 1.0:
        yield Problem(f"{key}.access", rule.access, "takes nothing from anybody: give less than 1")


def _inert(key: str, rule: ChipRule) -> Iterator[Problem]:
    """Refuse what a rule on cards would not act on: nobody would see that it does nothing."""
    if rule.evaded > 0.0 and "rental" not in rule.uses:
        yield Problem(f"{key}.evaded", rule.evaded, "is for rentals; for orders see behaviour.grey_market")
    for field, none in (("growth", 0.0), ("generations_behind", None)):
        if getattr(rule, field) != none and not rule.prongs:
            yield Problem(f"{key}.{field}", getattr(rule, field), "moves thresholds, and the rule has none: add prongs")
    if rule.growth != 0.0 and rule.generations_behind is not None:
        yield Problem(f"{key}.growth", rule.growth, "must be 0 where generations_behind moves the thresholds")
    if rule.licence is not None and rule.licence.share_of_home is not None and rule.origins is None:
        allowed = "compares with what makers sell at home: name their regions in origins"
        yield Problem(f"{key}.licence.share_of_home", rule.licence.share_of_home, allowed)
    if rule.licence is not None and "rental" in rule.uses:
        yield from _terms_of_rentals(f"{key}.licence", rule.licence)


def _terms_of_rentals(key: str, terms: Licence) -> Iterator[Problem]:
    for field, none in (("duty", 0.0), ("revenue_share", 0.0), ("share_of_home", None), ("cards_per_quarter", None)):
        value = getattr(terms, field)
        if value != none:
            must = "null" if none is None else "0"
            yield Problem(f"{key}.{field}", value, f"must be {must} for rentals, which know approval and delay alone")


def _unbound(rule: CountryCap) -> bool:
    return rule.largest_share_abroad is None and rule.least_share_at_home is None


def _neutral(rule: StageRule) -> bool:
    bans = rule.imports_banned, rule.tools_banned, rule.servicing_banned
    return rule.output == rule.price == 1.0 and rule.growth == 0.0 and not any(bans)


def _silenced(key: str, name: str, rule: Instrument, policy: Policy) -> Iterator[Problem]:
    """Refuse rules that override each other or themselves, and what no government can end: rules of another one."""
    for other in rule.overrides if isinstance(rule, ChipRule) else ():
        found = policy.instruments.get(other)
        if isinstance(found, ChipRule) and name in found.overrides:
            whom = "the rule itself" if other == name else "a rule that overrides this one"
            yield Problem(f"{key}.overrides", other, f"must not name {whom}")
        elif isinstance(found, ChipRule) and isinstance(rule, ChipRule) and not set(found.uses) & set(rule.uses):
            allowed = f"is a rule on {' and '.join(f'{x}s' for x in found.uses)}, of which this one says nothing"
            yield Problem(f"{key}.overrides", other, allowed)
        elif found is not None and policy.authority(other) != policy.authority(name):
            allowed = f"is a rule of another government (policy.{policy.authority(other)}), which it cannot silence"
            yield Problem(f"{key}.overrides", other, allowed)


def _contradicted(key: str, name: str, rule: Instrument, rules: Mapping[str, Instrument]) -> Iterator[Problem]:
    """Of two treatments of the same cards and buyers by one government at one time, the milder would say nothing.

    Terms of licences add up, and of quotas the smaller counts: two licences do not contradict each other.
    """
    for before, other in rules.items():
        if before == name:
            return
        if not (isinstance(rule, ChipRule) and isinstance(other, ChipRule) and _same_time(rule, other)):
            continue
        alike = all(getattr(rule, field) == getattr(other, field) for field in CAUGHT)
        silenced = name in other.overrides or before in rule.overrides
        if alike and not silenced and rule.treatment != other.treatment:
            said = f"{before} says {other.treatment} of the same cards at the same time"
            allowed = f"must be the same, as {said}: end one, or let it override the other"
            yield Problem(f"{key}.treatment", rule.treatment, allowed)


def _same_time(rule: Rule, other: Rule) -> bool:
    """Return whether two rules are ever in force on one day; days are text of one form, so they compare as such."""
    ends = [x.expires or "9999-12-31" for x in (rule, other)]
    return rule.effective < ends[1] and other.effective < ends[0]


def _tests(key: str, rule: ChipRule) -> Iterator[Problem]:
    for card in rule.exempt_chips:
        if rule.only_chips is not None and card in rule.only_chips:
            yield Problem(f"{key}.exempt_chips", card, "must not name a card that only_chips names")
    if rule.treatment == "licence" and rule.licence is None:
        yield Problem(f"{key}.licence", None, "must give the terms of the licence that treatment speaks of")
    if rule.treatment != "licence" and rule.licence is not None:
        yield Problem(
            f"{key}.treatment", rule.treatment, "must be licence where licence gives terms; or say licence: null"
        )
    if not (rule.destinations or rule.headquarters):
        yield Problem(f"{key}.destinations", [], "the rule reaches nobody: name a region here or in headquarters")
    for name, prong in rule.prongs.items():
        if all(value is None for side in (prong.at_least, prong.below) for _, value in side):
            allowed = "tests nothing, so it catches every card: give a threshold, or prongs: {} to catch all"
            yield Problem(f"{key}.prongs.{name}.at_least", {}, allowed)
        for metric, least in prong.at_least:
            most = getattr(prong.below, metric)
            if least is not None and most is not None and most <= least:
                allowed = f"must be above at_least.{metric} ({least:g}): no card can meet both"
                yield Problem(f"{key}.prongs.{name}.below.{metric}", most, allowed)
