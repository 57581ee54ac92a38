"""Rules that stand in the wrong place of a policy file: without an id, too deep, or under no government."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from experiments.preflight.problems import ABSENT
from sim.parameters import Problem
from sim.parameters.policy import GOVERNMENTS, Instrument

_INSTRUMENTS = get_args(get_args(Instrument)[0])
_FIELDS = frozenset(name for kind in _INSTRUMENTS for name in kind.model_fields)


def sorted_out(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the model's part of a configuration without misplaced rules, and where those stand."""
    policy = values.get("policy")
    if not isinstance(policy, Mapping):
        return dict(values), []
    found = {problem.key: problem for problem in _misplaced(policy)}
    if not found:
        return dict(values), []
    astray = any(problem.key.split(".")[1] not in GOVERNMENTS for problem in found.values())
    kept = {group: _kept(group, rules) for group, rules in policy.items() if not _is_astray(group, rules)}
    missing: dict[str, Any] = {group: {} for group in GOVERNMENTS if astray and group not in kept}
    return {**values, "policy": {**kept, **missing}}, list(found.values())


def _misplaced(policy: Mapping[str, Any]) -> Iterator[Problem]:
    for group, rules in policy.items():
        if _is_astray(group, rules):
            folders = ", ".join(f"policy/{name}/" for name in GOVERNMENTS)
            allowed = f"a rule belongs to a government: move its file to one of {folders}, and choose policy/us=FILE"
            yield Problem(f"policy.{group}", ABSENT, allowed)
        elif isinstance(rules, Mapping):
            yield from _in_group(f"policy.{group}", rules)


def _in_group(key: str, rules: Mapping[str, Any]) -> Iterator[Problem]:
    bare = [name for name in rules if _is_bare(name, rules[name])]
    if bare:
        name = "kind" if "kind" in bare else bare[0]
        allowed = "a rule needs an id: write its name and a colon at the left margin, and its keys indented below"
        yield Problem(f"{key}.{name}", rules[name], allowed)
    for name, rule in rules.items():
        path = _path_to_rule(rule)
        if len(path) > 0 and name not in bare:
            above = " and ".join(f"'{x}:'" for x in [name, *path[:-1]])
            allowed = (
                f"is no rule but holds one: the file fills {key} already, so write {path[-1]} without {above} above"
            )
            yield Problem(f"{key}.{name}", ABSENT, allowed)


def _kept(group: str, rules: Any) -> Any:
    if group not in GOVERNMENTS or not isinstance(rules, Mapping):
        return rules
    return {name: x for name, x in rules.items() if not (_is_bare(name, x) or _path_to_rule(x))}


def _is_astray(group: str, rules: Any) -> bool:
    """Return whether an entry of policy is no government, but a rule or a key of one."""
    return group not in GOVERNMENTS and (_is_bare(group, rules) or _is_rule(rules) or bool(_path_to_rule(rules)))


def _is_bare(name: str, value: Any) -> bool:
    """Return whether an entry that should be a rule is a key of one."""
    return name in _FIELDS and not _is_rule(value)


def _is_rule(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("kind"), str)


def _path_to_rule(value: Any) -> list[str]:
    """Return the keys that lead to a rule inside of what is none; nothing where there is none."""
    if not isinstance(value, Mapping) or _is_rule(value):
        return []
    for name, child in value.items():
        path = [] if _is_rule(child) else _path_to_rule(child)
        if path or _is_rule(child):
            return [str(name), *path]
    return []
