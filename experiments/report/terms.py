"""The rules of a report in words: label, id, dates and main terms, own rules like shipped ones."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from experiments.analysis.cases import Case
from experiments.analysis.rounding import percent
from experiments.report.study import Part

_SAID_ELSEWHERE = {"label", "source", "grade", "assumed", "announced", "effective", "expires", "kind"}
_SAID_IN_WORDS = {"uses", "treatment", "licence", "prongs", "origins", "destinations", "headquarters"}
"""Terms of rules on cards that have sentences of their own."""
_NEUTRAL = {
    "phase_in_quarters": 0.0, "covered_share": 1.0, "state_funded": False, "growth": 0.0, "evaded": 0.0,
    "output": 1.0, "price": 1.0,
    "imports_banned": 0.0, "tools_banned": 0.0, "servicing_banned": 0.0, "cost_usd_m": 0.0, "removed_below": 0.0,
    "power": 0.0, "cards": 0.0, "capital": 0.0, "small_orders_h100e": 0.0, "switching": 1.0, "committed_share": 1.0,
    "risk_free_rate": 0.0, "spread": 0.0, "covenant": 1.0, "verification": 1.0,
}  # fmt: skip
"""Values at which a term does nothing, which is not said."""
_PHRASES = {
    "tpp": "TPP", "performance_density": "TPP per mm2", "memory_bandwidth_gb_s": "memory bandwidth, GB/s,",
    "interconnect_gb_s": "links, GB/s,", "bandwidth_sum_gb_s": "memory and links, GB/s,",
    "covered_share": "share of orders covered", "state_funded": "for state-funded projects alone",
    "evaded": "share evaded", "growth": "lines grow a year by",
    "phase_in_quarters": "quarters of phase-in", "generations_behind": "lines follow the best card, generations behind",
    "denser_than_gb_s_mm2": "memory denser than, GB/s per mm2,", "imports_banned": "share of imports banned",
    "tools_banned": "share of tools banned", "servicing_banned": "share of servicing banned",
    "h100e": "at most, H100e,",
    "small_orders_h100e": "beside, H100e a year of each firm,", "least_share": "least domestic share",
    "least_share_at_home": "least share of compute at home", "largest_share_abroad": "largest share in one destination",
    "removed_below": "foreign cards removed below completion", "foreign_per_domestic": "foreign cards per domestic one",
    "budget": "budget of enforcement, times", "verification": "cost of evasion by verification, times",
    "cost_usd_m": "cost, USD m a quarter,", "power": "share of electricity paid", "cards": "share of cards paid",
    "capital": "share of capital paid", "output": "output, times", "price": "price, times",
    "process_nm": "dies at or below, nm,", "transistors_bn": "from transistors, bn,", "access": "access left",
    "switching": "switching costs, times", "committed_share": "largest share of committed spend",
    "risk_free_rate": "risk-free rate, plus", "spread": "spread, plus", "covenant": "credit limit, times",
    "allowances": "allowances, H100e,", "chartered": "chartered firms of", "first": "served first: firms of",
}  # fmt: skip
"""Words for terms whose names alone do not say what is counted."""
_HEAD = ("Rule", "By", "From", "Until", "Main terms")
_TREATMENTS = {"deny": "refused", "notify": "free once the government is told", "licence": "licence"}


def terms_of(found: Sequence[Case]) -> Part | None:
    """Return the rules of one case; of several those that not all have alike, with the cases that have them."""
    several = len(found) > 1
    having: dict[str, list[Case]] = {}
    for case in found:
        for government, rules in case.policy.items():
            for name, rule in rules.items():
                having.setdefault(json.dumps([government, name, _given(rule)], sort_keys=True), []).append(case)
    kept = {text: having_it for text, having_it in having.items() if not several or len(having_it) < len(found)}
    if not kept:
        return None
    rows = []
    for text, mine in kept.items():
        government, name, rule = json.loads(text)
        row = _row(_telling(found, rule), government, name, rule)
        rows.append((*row, "; ".join(case.label for case in mine)) if several else row)
    title = "Rules that cases do not share" if several else "The rules, and their main terms"
    caption = (
        "As in the configuration; dates are first days, a second one that of the announcement. None stands where no "
        "end is known."
    )
    return Part(title, caption, (*_HEAD, *(["In"] if several else [])), tuple(rows))


def _telling(found: Sequence[Case], rule: Mapping[str, Any]) -> Case:
    """Return the case that knows the labels of most rules which this one overrides: those of others may lack them."""
    return max(found, key=lambda case: sum(name in case.rules for name in rule.get("overrides", [])))


def _given(rule: Any) -> Any:
    """Return a rule without what is null or empty, which stored parameters have and composed files need not."""
    if not isinstance(rule, Mapping):
        return rule
    found = ((name, _given(value)) for name, value in rule.items())
    return {name: value for name, value in found if value not in (None, [], {})}


def _row(case: Case, government: str, name: str, rule: Mapping[str, Any]) -> tuple[str, ...]:
    said = "; ".join(_chip_rule(case, rule) if rule["kind"] == "chip_rule" else _plain(case, rule))
    told = rule.get("announced", rule["effective"])
    since = rule["effective"] if told == rule["effective"] else f"{rule['effective']}\nannounced {told}"
    return f"{rule['label']}\n{name}", case.label_of(government), since, rule.get("expires", ""), said


def _chip_rule(case: Case, rule: Mapping[str, Any]) -> Iterator[str]:
    """Yield what becomes of a card, which cards, by and for whom, and the rest by its name."""
    licence = f": {', '.join(_licence(rule['licence']))}" if "licence" in rule else ""
    uses = " and ".join(f"{use}s" for use in rule["uses"])
    yield f"{uses}: {_TREATMENTS[rule['treatment']]}{licence}"
    tests = [_prong(prong) for prong in rule.get("prongs", {}).values()]
    if tests or "only_chips" not in rule:
        yield " or ".join(f"({test})" if len(tests) > 1 and " and " in test else test for test in tests) or "every card"
    if "origins" in rule:
        yield f"cards of makers of {_named(case, rule['origins'])}"
    yield " or ".join(
        f"{what} {_named(case, rule[key])}"
        for key, what in (("destinations", "for"), ("headquarters", "for firms of"))
        if key in rule
    )
    yield from _plain(case, {key: value for key, value in rule.items() if key not in _SAID_IN_WORDS})


def _licence(terms: Mapping[str, Any]) -> Iterator[str]:
    after = f", the first {terms['delay_quarters']} quarters on" if terms["delay_quarters"] else ""
    yield f"{percent(terms['approval'])} approved{after}"
    if terms["duty"]:
        yield f"{percent(terms['duty'])} duty"
    if terms["revenue_share"]:
        yield f"{percent(terms['revenue_share'])} of revenue"
    if "share_of_home" in terms:
        yield f"at most {terms['share_of_home']:g} of sales at home"
    if "cards_per_quarter" in terms:
        yield f"at most {terms['cards_per_quarter']:,.0f} cards a quarter"
    if terms["sold_at_home"]:
        yield "only cards on sale at home"


def _prong(prong: Mapping[str, Mapping[str, float]]) -> str:
    found = [
        f"{_words(name)} {word} {value:,.10g}"
        for side, word in (("at_least", "from"), ("below", "below"))
        for name, value in prong.get(side, {}).items()
    ]
    return " and ".join(found) or "every card"


def _plain(case: Case, rule: Mapping[str, Any]) -> Iterator[str]:
    """Yield every term that says something by its name, regions and firms by their labels."""
    for name, value in rule.items():
        if name not in _SAID_ELSEWHERE and value != _NEUTRAL.get(name):
            yield _words(name) if value is True else f"{_words(name)} {_value(case, value)}"


def _value(case: Case, value: Any) -> str:
    if isinstance(value, list):
        return _named(case, value) if case.rules.keys().isdisjoint(value) else _rules_named(case, value)
    if isinstance(value, dict):
        return ", ".join(f"{case.label_of(name)} {_value(case, one)}" for name, one in value.items())
    return f"{value:,.10g}" if isinstance(value, int | float) else case.label_of(str(value))


def _named(case: Case, names: Sequence[str]) -> str:
    return ", ".join(map(case.label_of, names))


def _rules_named(case: Case, rules: Sequence[str]) -> str:
    """Return rules by their labels, which may hold commas."""
    return ", ".join(f'"{case.rule_label(rule)}"' for rule in rules)


def _words(name: str) -> str:
    return _PHRASES.get(name, name.replace("_", " "))
