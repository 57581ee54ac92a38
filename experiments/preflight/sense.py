"""What the schema lets pass or says less plainly: horizons, clouds without cards, names that many keys refer to."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from experiments.preflight.fields import FIRST_DAY, LAST_DAY
from experiments.preflight.folders import shipped, yaml_files
from experiments.preflight.problems import ABSENT
from sim.names import DATE_PATTERN, quarter_code, quarter_number
from sim.parameters import Problem
from sim.parameters.policy import GOVERNMENTS
from sim.parameters.policy_references import DATES
from sim.parameters.problems import nearest

LAST_QUARTER = "2099Q4"
_KINDS = {
    "market.regions": "region",
    "customers.demand": "region with customers",
    "market.stacks": "stack",
    "providers": "provider",
    "suppliers": "supplier",
    "chips": "chip",
    "customers.tastes": "taste",
    "behaviour.investment": "investment rule",
}
"""Where names are defined, and what they name."""
_NAMES = "must be one of "
_SHOWN = 3


def nonsense(values: Mapping[str, Any]) -> list[Problem]:
    """Return what cannot be meant in the model's part of a configuration; what has the wrong type is passed over."""
    return [
        *_horizon(values), *_clouds(values), *_launches(values), *_leases(values), *_overrides(values), *_days(values),
        *_labels(values),
    ]  # fmt: skip


def defined(values: Mapping[str, Any]) -> list[str]:
    """Return every name that other keys may refer to."""
    return [str(name) for path in _KINDS for name, _ in _items(values, path)]


def _below(node: Any, key: str) -> Any:
    for part in key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def _items(node: Any, key: str = "") -> list[tuple[Any, Any]]:
    found = _below(node, key) if key else node
    return list(found.items()) if isinstance(found, Mapping) else []


def _number(quarter: Any) -> int | None:
    try:
        return quarter_number(quarter)
    except (TypeError, ValueError):
        return None


def _quarters(values: Mapping[str, Any], *names: str) -> list[int | None]:
    return [_number(_below(values, f"market.{name}")) for name in names]


def _days(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield days of rules that lie outside of all that is simulated; days are text of one form, so they compare."""
    for group in GOVERNMENTS:
        for name, rule in _items(values, f"policy.{group}"):
            for field in DATES:
                day = _below(rule, field)
                if isinstance(day, str) and re.fullmatch(DATE_PATTERN, day) and not FIRST_DAY <= day <= LAST_DAY:
                    yield Problem(
                        f"policy.{group}.{name}.{field}", day, f"must be a day from {FIRST_DAY} to {LAST_DAY}"
                    )


def _overrides(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield names in ``overrides`` of rules that are neither in the configuration nor among the shipped ones."""
    governments = [(group, _items(values, f"policy.{group}")) for group in GOVERNMENTS]
    here = {str(name) for _, rules in governments for name, _ in rules}
    for group, rules in governments:
        for name, rule in rules:
            named = _below(rule, "overrides")
            for other in named if isinstance(named, list) else []:
                if other not in here and other not in shipped_rules():
                    allowed = nearest(str(other), here | shipped_rules())
                    yield Problem(f"policy.{group}.{name}.overrides", other, allowed)


@cache
def shipped_rules() -> frozenset[str]:
    """Return the ids of the instruments in the shipped files."""
    folder, found = shipped() / "policy", set[str]()
    for file in yaml_files(folder):
        if "/" in file:
            found |= set(yaml.safe_load((folder / file).read_text(encoding="utf-8")) or {})
    return frozenset(found - {"defaults"})


def _labels(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield labels that two firms share: nobody could tell them apart in a figure."""
    for group in ("providers", "suppliers"):
        seen: dict[Any, str] = {}
        for name, firm in _items(values, group):
            label, key = _below(firm, "label"), f"{group}.{name}.label"
            if isinstance(label, str) and seen.setdefault(label, key) != key:
                yield Problem(key, label, f"must differ from {seen[label]}: figures name firms by it")


def _horizon(values: Mapping[str, Any]) -> Iterator[Problem]:
    start, end, history = _quarters(values, "start", "end", "history_end")
    said = {name: _below(values, f"market.{name}") for name in ("start", "end", "history_end")}
    if start is not None and end is not None and end < start:
        allowed = (
            f"lies before market.start = {said['start']}; must be a quarter from {said['start']} to {LAST_QUARTER}"
        )
        yield Problem("market.end", said["end"], allowed)
    observed = max((quarter for quarter, _ in _observed(values)), key=lambda text: _number(text) or 0, default=None)
    last = _number(observed)
    if last is not None and history is not None and end is not None and min(history, end) > last:
        allowed = (
            f"lies after the last observed delivery ({observed}), and no card would arrive between them; "
            f"must be a quarter up to {observed}"
        )
        yield Problem("market.history_end", said["history_end"], allowed)


def _observed(values: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    for _, owner in _owners(values):
        yield from _delivered(owner)


def _owners(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield who may own cards, with the key: sites of providers, and owners elsewhere."""
    for name, firm in _items(values, "providers"):
        yield from ((f"providers.{name}.sites.{region}", site) for region, site in _items(firm, "sites"))
    yield from ((f"rest_of_world.{name}", owner) for name, owner in _items(values, "rest_of_world"))


def _delivered(owner: Any) -> Iterator[tuple[Any, Any]]:
    for _, series in _items(owner, "deliveries"):
        yield from ((quarter, cards) for quarter, cards in _items(series) if _is_positive(cards))


def late_deliveries(values: Mapping[str, Any], ends: Iterable[Any]) -> Iterator[Problem]:
    """Yield deliveries after the latest of some ends of the history, which would silently be left out."""
    numbers = [number for end in ends if (number := _number(end)) is not None]
    last = max(numbers, default=_number(LAST_QUARTER) or 0)
    for key, owner in _owners(values):
        for chip, series in _items(owner, "deliveries"):
            given = [str(quarter) for quarter, cards in _items(series) if _is_positive(cards)]
            late = sorted(quarter for quarter in given if (_number(quarter) or 0) > last)
            if late:
                until = quarter_code(last)
                allowed = (
                    f"comes after the history (market.history_end, {until}), when the model orders cards itself, and "
                    f"would be left out; must be quarters up to {until}"
                )
                yield Problem(f"{key}.deliveries.{chip}", ", ".join(late), allowed)


def _is_positive(cards: Any) -> bool:
    return isinstance(cards, int | float) and cards > 0


def _clouds(values: Mapping[str, Any]) -> Iterator[Problem]:
    start, history = _quarters(values, "start", "history_end")
    if start is None or history is None:
        return
    lessees = [_below(lease, "lessee") for _, lease in _items(values, "leases") if _is_positive(_below(lease, "share"))]
    for name, firm in _items(values, "providers"):
        sites = [site for _, site in _items(firm, "sites")]
        is_cloud = _below(firm, "kind") == "cloud" and isinstance(_below(firm, "sites"), Mapping)
        if is_cloud and name not in lessees and not any(_gets(site, start, history) for site in sites):
            first, last = (_below(values, f"market.{key}") for key in ("start", "history_end"))
            allowed = (
                "this cloud never gets a card, so it could never sell: give a site opening_cards, or deliveries from "
                f"market.start ({first}) to market.history_end ({last}), or make it the lessee of a lease; or say "
                "kind: dormant"
            )
            yield Problem(f"providers.{name}.sites", ABSENT, allowed)


def _launches(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the launches of cards, and of sites that do nothing but sell, that lie after somebody has such cards."""
    held, sellers = list(_held(values)), set(_sellers(values))
    chips = _first((f"chips.{chip}", quarter, key) for _, chip, quarter, key in held)
    sites = _first((owner, quarter, key) for owner, _, quarter, key in held if owner in sellers)
    for whose, first in (("of it", chips), ("there", sites)):
        for path, (quarter, key) in first.items():
            said = _below(values, f"{path}.launch")
            if (_number(said) or 0) > (_number(quarter) or 0):
                allowed = (
                    f"{key} has cards {whose} in {quarter} already; must be a quarter up to {quarter}, or change these"
                )
                yield Problem(f"{path}.launch", said, allowed)


def _held(values: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any, str]]:
    """Yield who has or gets cards as observed, their chip, the quarter, and the key that says so."""
    start, history = _quarters(values, "start", "history_end")
    if start is None or history is None:
        return
    for owner, holds in _owners(values):
        for chip, cards in _items(holds, "opening_cards"):
            if _is_positive(cards):
                yield owner, chip, _below(values, "market.start"), f"{owner}.opening_cards.{chip}"
        for chip, series in _items(holds, "deliveries"):
            for quarter, cards in _items(series):
                if _is_positive(cards) and start <= (_number(quarter) or 0) <= history:
                    yield owner, chip, quarter, f"{owner}.deliveries.{chip}"


def _first(found: Iterable[tuple[str, Any, str]]) -> dict[str, tuple[Any, str]]:
    """Return by name the first of some quarters, with the key that says so."""
    first: dict[str, tuple[Any, str]] = {}
    for name, quarter, key in sorted(found, key=lambda x: _number(x[1]) or 0):
        first.setdefault(name, (quarter, key))
    return first


def _sellers(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sites whose cards are idle before they sell, as their firm has no use of its own for them."""
    for name, firm in _items(values, "providers"):
        if _below(firm, "kind") == "cloud" and _below(firm, "own_use") is None:
            yield from (f"providers.{name}.sites.{region}" for region, _ in _items(firm, "sites"))


def _leases(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the leases between firms of which one has no site, or the lessor no cards, at the place."""
    for name, lease in _items(values, "leases"):
        region, stack = _below(lease, "region"), _below(lease, "stack")
        for role in ("lessor", "lessee"):
            firm = _below(lease, role)
            sites = dict(_items(_below(values, "providers"), f"{firm}.sites"))
            if sites and region not in sites:
                yield Problem(f"leases.{name}.region", region, f"{role} {firm} has no site there; {nearest('', sites)}")
            elif sites and role == "lessor" and (stacks := _stacks(values, firm, region)) and stack not in stacks:
                yield Problem(
                    f"leases.{name}.stack", stack, f"{firm} has no such cards in {region}; {nearest('', stacks)}"
                )


def _stacks(values: Mapping[str, Any], firm: str, region: str) -> set[Any]:
    """Return the stacks of the cards that a firm has or may get at a site; none where a name leads nowhere."""
    here = _below(values, f"providers.{firm}")
    chips = [chip for key in ("opening_cards", "deliveries") for chip, _ in _items(here, f"sites.{region}.{key}")]
    makers = [
        *(maker for maker, _ in _items(here, "order_mix")),
        *(_below(values, f"chips.{c}.supplier") for c in chips),
    ]
    leased = [x for _, x in _items(values, "leases") if (_below(x, "lessee"), _below(x, "region")) == (firm, region)]
    found = [*(_below(values, f"suppliers.{maker}.stack") for maker in makers), *(_below(x, "stack") for x in leased)]
    return set(found) if all(isinstance(stack, str) for stack in found) else set()


def _gets(site: Any, start: int, history: int) -> bool:
    opening = any(_is_positive(cards) for _, cards in _items(site, "opening_cards"))
    return opening or any(start <= (_number(quarter) or 0) <= history for quarter, _ in _delivered(site))


def gathered(problems: Sequence[Problem], values: Mapping[str, Any]) -> list[Problem]:
    """Return one problem for each unknown name: where many keys refer to it, with the first of them.

    Args:
        problems: Impossible combinations, of which those of names end in the names that are known.
        values: The configuration they were found in.
    """
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for number, problem in enumerate(problems):
        names = problem.allowed.partition(_NAMES)[2]
        groups.setdefault((str(problem.value), names) if names else (str(number),), []).append(problem)
    return [group[0] if len({p.key for p in group}) == 1 else _one(group, values) for group in groups.values()]


def _one(group: Sequence[Problem], values: Mapping[str, Any]) -> Problem:
    names = group[0].allowed[group[0].allowed.index(_NAMES) :]
    name, keys = str(group[0].value), list(dict.fromkeys(problem.key for problem in group))
    where = next((path for path in _KINDS if nearest(name, dict(_items(values, path))) == names), None)
    shown = keys if len(keys) <= _SHOWN else [*keys[:_SHOWN], f"{len(keys) - _SHOWN} more"]
    key, kind = (f"{where}.{name}", _KINDS[where]) if where is not None else (name, "name")
    return Problem(
        key, ABSENT, f"no such {kind}, but {', '.join(shown[:-1])} and {shown[-1]} refer to it; each {names}"
    )
