"""Random valid configurations: every lever of the schema over its range, mechanisms and entities taken away.

Levers are read from the schema, so that a new parameter is drawn from the day it exists.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from hypothesis import strategies as st

from experiments import compose
from experiments.preflight.fields import Field, root_of
from experiments.preflight.folders import shipped
from experiments.verification.invariance import SHORT
from sim import Parameters
from sim.names import QUARTER_PATTERN, quarter_code, quarter_number
from tests.economy import Changes, Times, Values, baseline, changed

LARGEST: dict[str, float] = {
    "customers.enterprises": 60,
    "customers.lab_teams": 4,
    "behaviour.pricing.best_response.rounds": 20,
    "behaviour.pricing.equilibrium.maximum_iterations": 40,
}
"""Upper ends that keep a run short."""

CARDS = ("tpp", "memory_gb", "memory_bandwidth_gb_s", "interconnect_gb_s", "die_area_mm2", "process_nm")
STAGES = ("wafers", "packaging", "memory")
AGAINST_SLIPS = {
    *(f"chips.*.{name}" for name in (*CARDS, "transistors_bn", "price_usd")),
    *(f"upstream.*.{stage}.price_usd" for stage in STAGES),
    "upstream.*.test_usd_per_card",
}
"""Fields whose upper end lies far above all that is meant: values near the baseline's are drawn."""

LINKS = ("design", "wafers", "packaging", "memory", "tools")
FIXED = {
    "market.end": "runs have eight quarters",
    "customers.price_utility": "has one value",
    **{f"market.self_sufficiency.{link}": "all links make one" for link in LINKS},
    "upstream.*.regions": "a region is on one side only, and all sides would draw the same",
    "leases.*.lessor": "names a site, which few firms have",
    "leases.*.lessee": "likewise",
    "leases.*.region": "likewise",
    "leases.*.stack": "names cards that the lessor has",
}
"""Levers that are not drawn, and why; labels say nothing to the model, contracts of labs are a list."""

OWNERS_ONLY = {"providers.*.in_house_share": ("providers.google.in_house_share", "providers.aws.in_house_share")}
"""Levers that are null in the baseline and refused for most firms, and for whom they are drawn."""

NAMES = {
    "headquarters": "market.regions",
    "region": "market.regions",
    "regions": "market.regions",
    "barred_headquarters": "market.regions",
    "licensed_regions": "market.regions",
    "stack": "market.stacks",
    "taste": "customers.tastes",
    "investment": "behaviour.investment",
    "upstream": "upstream",
    "supplier": "suppliers",
    "sells_to": "providers",
}
"""Where the names stand that a field may hold."""

WITHOUT: dict[str, Any] = {
    "customers.labs": {},
    "leases": {},
    "rest_of_world": {},
    "providers.*.models": None,
    "providers.google.models": None,
    "providers.*.own_use": None,
    "providers.microsoft.general_cloud": None,
    "providers.*.group": None,
    "providers.oracle.group": None,
    "providers.*.sites.*.opening_cards": {},
    "providers.*.sites.*.deliveries": {},
    "upstream.*.packaging.capacity": 1e12,
    "upstream.*.memory.capacity": 0.0,
}
"""Mechanisms and entities taken away whole."""

SOME_PROVIDERS = ("aws", "google", "oracle", "meta", "neocloud", "alibaba", "entrant-us")
REGIONS_LEFT_OUT = ((), (), ("mid",), ("ally", "cn"), ("ally", "mid", "cn"))
QUARTERS = tuple(quarter_code(n) for n in range(quarter_number("2021Q3"), quarter_number("2024Q4") + 1))


def _at(values: Values, key: str) -> Any:
    for name in key.split("."):
        values = values[name]
    return values


def _keys(values: Any, parts: list[str]) -> Iterator[str]:
    """Yield the keys of the baseline that a key with ``*`` stands for."""
    if not parts:
        if values is not None:
            yield ""
    elif isinstance(values, dict):
        for name in values if parts[0] == "*" else [parts[0]] if parts[0] in values else []:
            for rest in _keys(values[name], parts[1:]):
                yield f"{name}.{rest}".removesuffix(".")


def _number(key: str, node: dict[str, Any]) -> st.SearchStrategy[Any] | None:
    """Return values over the range of a field, or None where it has no upper end; open ends are nearly reached."""
    low, high = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum", node.get("exclusiveMaximum"))
    high = min(high, LARGEST.get(key, high)) if high is not None else LARGEST.get(key)
    if low is None or high is None:
        return None
    if node["type"] == "integer":
        return st.integers(int(low), int(high))
    margin = 1e-3 * (min(high, 1e3) - low)
    return st.floats(
        low + margin if "exclusiveMinimum" in node else low, high - margin if "exclusiveMaximum" in node else high,
        allow_subnormal=False,
    )  # fmt: skip


def _room(key: str, node: dict[str, Any]) -> float:
    """Return by how many orders of magnitude every value of the baseline may grow, three at most."""
    if "maximum" not in node:
        return 3.0
    values = [_at(baseline(), x.rstrip(".")) for x in _keys(baseline(), key.split("."))]
    return min(3.0, math.log10(node["maximum"] / max(values)))


def _factors(key: str, node: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return factors on the value of the baseline, over three orders of magnitude either way; nothing, if allowed."""
    factors = st.floats(-3.0, _room(key, node)).map(lambda x: Times(10.0**x))
    return factors if "exclusiveMinimum" in node else factors | st.just(Times(0.0))


def _values(key: str, field: Field) -> st.SearchStrategy[Any]:
    """Return what a lever may be set to."""
    node = next(x.node for x in field.branches if x.node.get("type") != "null")
    if field.is_series:
        node = field.value.node
        bounded = _number(key, node) if "maximum" in node else None
        return _factors(key, node) if bounded is None else bounded.map(lambda x: {"2022Q1": x})
    if node.get("type") in ("number", "integer"):
        number = _number(key, node)
        return _factors(key, node) if number is None or key in AGAINST_SLIPS else number
    return _words(key.rsplit(".", 1)[-1], node)


def _words(name: str, node: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what a field that is no number may say."""
    if node.get("type") == "boolean":
        return st.booleans()
    if node.get("pattern") == QUARTER_PATTERN:
        return st.sampled_from(QUARTERS)
    words = st.sampled_from(node["enum"] if "enum" in node else sorted(_at(baseline(), NAMES[name])))
    return st.lists(words, min_size=1, max_size=3, unique=True) if node.get("type") == "array" else words


class Lever(NamedTuple):
    """A field of the schema that can be set, for all entities or for one."""

    keys: tuple[str, ...]
    values: st.SearchStrategy[Any]


def _is_lever(key: str) -> bool:
    """Return whether a key is drawn by itself; rules are drawn whole."""
    drawn = key not in FIXED and not key.startswith("policy.")
    return drawn and not key.endswith(".label") and "[]" not in key


def levers() -> dict[str, Lever]:
    """Return all levers by key; ``*`` stands for every entity that has the field."""
    found = {}
    for key, field in root_of(Parameters).leaves():
        keys = [x.rstrip(".") for x in _keys(baseline(), key.split("."))]
        if _is_lever(key) and keys:
            found[key] = Lever((key, *keys), _values(key, field))
        elif key in OWNERS_ONLY:
            found[key] = Lever(OWNERS_ONLY[key], _values(key, field))
    return found


LEVERS = levers()


def _without(values: Values, providers: frozenset[str], regions: frozenset[str]) -> None:
    """Take away some providers, and customers in some regions."""
    for name in providers:
        del values["providers"][name]
    leases = values["leases"].items()
    values["leases"] = {k: x for k, x in leases if not {x["lessor"], x["lessee"]} & providers}
    for supplier in values["suppliers"].values():
        if supplier["sells_to"] is not None:
            supplier["sells_to"] = [x for x in supplier["sells_to"] if x not in providers]
    labs: Values = values["customers"]["labs"]
    for name in list(labs):
        labs[name]["contracts"] = [x for x in labs[name]["contracts"] if x["provider"] not in providers]
        if not labs[name]["contracts"] or labs[name]["region"] in regions:
            del labs[name]
    for place in regions:
        del values["customers"]["demand"][place]
    values["policy"] = {group: _naming_none(rules, providers) for group, rules in values["policy"].items()}


def _naming_none(rules: Values, providers: frozenset[str]) -> Values:
    """Return rules without those for providers that are gone, and without their allowances."""
    kept = {name: dict(rule) for name, rule in rules.items() if not providers & set(rule.get("buyers") or [])}
    for rule in kept.values():
        if "allowances" in rule:
            rule["allowances"] = {name: most for name, most in rule["allowances"].items() if name not in providers}
    return kept


def _scaled(mapping: Values, names: list[str], total: float, *, down_only: bool = False) -> None:
    """Scale some numbers to a total; all alike where all are zero."""
    now = math.fsum(mapping[x] for x in names)
    if down_only and now <= total:
        return
    for x in names:
        mapping[x] = total * mapping[x] / now if now > 0.0 else total / len(names)


def _made_consistent(values: Values) -> None:
    """Let shares that must sum to one do so, and contracts end after they begin."""
    demand = values["customers"]["demand"]
    shares = {name: region["enterprise_share"] for name, region in demand.items()}
    _scaled(shares, list(shares), 1.0)
    for name, region in demand.items():
        region["enterprise_share"] = shares[name]
        _scaled(region["tastes"], list(region["tastes"]), 1.0)
    for provider in values["providers"].values():
        _scaled(provider["order_mix"], list(provider["order_mix"]), 1.0)
    _scaled(values["customers"]["switching"], ["one_year_share", "three_year_share"], 1.0, down_only=True)
    _scaled(values["market"]["building"], ["first_payment", "last_payment"], 1.0, down_only=True)
    for lease in values["leases"].values():
        lease["since"], lease["until"] = sorted((lease["since"], lease["until"]))
    for side in values["upstream"].values():
        side["defects"]["minimum"] = min(side["defects"]["minimum"], side["defects"]["density"])
    if values["customers"]["granularity"] == "cells":
        if values["behaviour"]["rationing"]["name"] == "bids":
            values["behaviour"]["rationing"]["name"] = "lottery"
        values["policy"] = {group: _free_commitments(rules) for group, rules in values["policy"].items()}


def _free_commitments(rules: Values) -> Values:
    """Return rules without limits on commitments, which customers in shares do not know."""
    return {x: {**rule, "committed_share": 1.0} if rule["kind"] == "remedy" else rule for x, rule in rules.items()}


NO_RULES: Values = {"us": {}, "cn": {}, "allies": {}}


@cache
def _every_rule() -> Mapping[str, Values]:
    """Return all instruments that are shipped, by government."""
    words = []
    for government in ("us", "cn", "allies"):
        files = sorted(path.stem for path in (shipped() / "policy" / government).glob("*_*.yaml"))
        words.append(f"policy/{government}=[{','.join(files)}]" if files else f"policy/{government}=none")
    found: Values = json.loads(compose(*words).parameters.canonical_json())["policy"]
    return found


def policies() -> st.SearchStrategy[Values]:
    """Return some of the shipped rules, in force in the second half of a draft; some end within it."""
    every = _every_rule()
    names = sorted((government, name) for government, rules in every.items() for name in rules)
    return st.lists(st.tuples(st.sampled_from(names), st.booleans()), max_size=6, unique_by=lambda x: x[0]).map(_moved)


def _moved(chosen: list[tuple[tuple[str, str], bool]]) -> Values:
    out: Values = {government: {} for government in NO_RULES}
    for (government, name), ends in chosen:
        rule = _every_rule()[government][name]
        days = {"announced": "2022-11-15", "effective": "2023-02-15", "expires": "2023-08-15" if ends else None}
        out[government][name] = {**rule, **days}
    return out


class Draft(NamedTuple):
    """A configuration as what departs from the baseline."""

    changes: Changes
    without_providers: frozenset[str]
    without_customers_in: frozenset[str]
    policy: Values = NO_RULES

    @property
    def values(self) -> Values:
        """Plain values; changes to one entity come after changes to all."""
        ordered = dict(sorted({**SHORT, **self.changes}.items(), key=lambda item: "*" not in item[0]))
        values = changed(baseline(), ordered)
        values["policy"] = self.policy
        _without(values, self.without_providers, self.without_customers_in)
        _made_consistent(values)
        return values


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Draw a configuration that is nearly always valid; what is not (nobody left to serve a region) is for assume."""
    changes: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(sorted(LEVERS)), max_size=10, unique=True)):
        changes[draw(st.sampled_from(LEVERS[name].keys))] = draw(LEVERS[name].values)
    for key in draw(st.lists(st.sampled_from(sorted(WITHOUT)), max_size=2, unique=True)):
        below = key.rpartition(".*")[0] or key
        hidden = re.compile(re.escape(key).replace(r"\*", r"[^.]+") + r"(\.|$)")
        kept = {x: value for x, value in changes.items() if not (x.startswith(below) or hidden.match(x))}
        changes = {**kept, key: WITHOUT[key]}
    providers = draw(st.frozensets(st.sampled_from(SOME_PROVIDERS)))
    gone = [f"providers.{x}." for x in providers]
    kept = {key: x for key, x in changes.items() if not key.startswith(tuple(gone))}
    return Draft(kept, providers, frozenset(draw(st.sampled_from(REGIONS_LEFT_OUT))), draw(policies()))
