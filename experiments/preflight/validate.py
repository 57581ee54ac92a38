"""From a composed mapping to validated parameters and settings, or to every error in plain words."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from experiments.preflight.fields import A_NAME, Field, find, root_of
from experiments.preflight.layers import flattened
from experiments.preflight.misplaced import sorted_out
from experiments.preflight.problems import ABSENT, listed
from experiments.preflight.sense import defined, gathered, nonsense, shipped_rules
from experiments.preflight.settings import MODEL_FREE_KEYS, Settings
from sim.names import ID_PATTERN, QUARTER_PATTERN
from sim.parameters import Parameters, Problem, ReferenceErrors
from sim.parameters.problems import suggestion

Config = dict[str, Any]
M = TypeVar("M", bound=BaseModel)

_MADE_UP = ("[key]",)
_BRANCH = re.compile(r"(dict|list|nullable|union|tuple|literal|constrained-\w+|function-\w+)\[.*\]$", re.DOTALL)
"""How pydantic names a branch of a union in a location."""


def split(config: Mapping[str, Any]) -> tuple[Config, Config]:
    """Return the model's part of a configuration and the rest."""
    model = {key: value for key, value in config.items() if key not in MODEL_FREE_KEYS}
    return model, {key: value for key, value in config.items() if key in MODEL_FREE_KEYS}


def parameters(values: Config) -> tuple[Parameters | None, list[Problem]]:
    """Validate the model's part: parameters, or every problem."""
    rest, misplaced = sorted_out(values)
    found, problems = _checked(Parameters, Parameters.from_mapping, rest)
    told = [_with_nearest(problem, values) for problem in gathered(problems, values)]
    return (None if misplaced else found), [*misplaced, *_innermost([*nonsense(rest), *told])]


def _with_nearest(problem: Problem, values: Config) -> Problem:
    """Return a problem with the nearest name, where a value is not even spelt as a name (H20 for h20)."""
    if not isinstance(problem.value, str) or not problem.allowed.endswith(A_NAME):
        return problem
    return replace(problem, allowed=problem.allowed + suggestion(problem.value.lower(), defined(values)))


def settings(values: Config) -> tuple[Settings | None, list[Problem]]:
    """Validate seed, output, executor and study: settings, or every problem."""
    return _checked(Settings, Settings.model_validate, values)


def _checked(model: type[M], check: Callable[[Any], M], values: Config) -> tuple[M | None, list[Problem]]:
    problems = list(_bad_keys(values))
    try:
        return (None if problems else check(values)), problems
    except ValidationError as error:
        root = root_of(model)
        found = [problem for detail in _telling(error) for problem in _problems(root, detail)]
        return None, _innermost(found)


def _telling(error: ValidationError) -> list[ErrorDetails]:
    """Return what was found without what only says that a list is no number, where the list itself is at fault."""
    details = error.errors(include_url=False)
    short = {detail["loc"][:-1] for detail in details if detail["type"] == "too_short"}
    return [x for x in details if not (x["type"] == "int_type" and x["loc"][:-1] in short)]


def _innermost(problems: list[Problem]) -> list[Problem]:
    """Leave out what is said of a group where something is said of a key in it."""
    return [problem for problem in problems if not any(q.key.startswith(f"{problem.key}.") for q in problems)]


def _bad_keys(values: object, prefix: str = "") -> Iterator[Problem]:
    """Yield the keys that YAML did not read as text, such as NO or 2024."""
    if not isinstance(values, dict):
        return
    for key, value in values.items():
        path = f"{prefix}.{key}".lstrip(".")
        if not isinstance(key, str):
            yield Problem(path, key, f"the key must be text{_yaml_hint(key)}")
        yield from _bad_keys(value, path)


def _yaml_hint(value: object) -> str:
    if isinstance(value, bool):
        return "; YAML reads NO, OFF, YES and ON as true or false: write it in quotes"
    if isinstance(value, int | float):
        return "; write a number that is meant as text in quotes"
    return ""


def _problems(root: Field, detail: ErrorDetails) -> Iterator[Problem]:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, ReferenceErrors):
        yield from cause.problems
    elif detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        yield _no_such_kind(root, detail)
    else:
        yield _problem(root, detail, cause)


def _problem(root: Field, detail: ErrorDetails, cause: object) -> Problem:
    parts = _parts(root, [str(part) for part in detail["loc"] if part not in _MADE_UP])
    key, value = ".".join(parts) or "configuration", detail.get("input")
    match detail["type"]:
        case "extra_forbidden":
            return Problem(key, value, _unknown(root, parts, detail["loc"]))
        case "missing":
            return Problem(key, ABSENT, f"is missing; give {_allowed(root, parts)}")
        case "value_error" if cause is not None:
            return Problem(key, ABSENT, str(cause))
        case "too_short" | "too_long":
            return Problem(key, value, f"must have {_length(detail)}; {_description(root, parts)}".rstrip("; "))
    if "[key]" in detail["loc"]:
        is_quarter = detail.get("ctx", {}).get("pattern") == QUARTER_PATTERN
        wanted = "a quarter such as 2024Q3" if is_quarter else f"a name (names match {ID_PATTERN})"
        return Problem(key, ABSENT, f"{parts[-1]!r} is not {wanted}")
    hint = _yaml_hint(value) if detail["type"] == "string_type" else _nearest_choice(detail)
    return Problem(key, value, f"must be {_allowed(root, parts)}{hint}")


def _nearest_choice(detail: ErrorDetails) -> str:
    """Return the nearest of the words that a key takes, where it takes one of some words."""
    if detail["type"] != "literal_error" or not isinstance(detail["input"], str):
        return ""
    return suggestion(detail["input"], re.findall("'([^']+)'", detail.get("ctx", {}).get("expected", "")))


def _no_such_kind(root: Field, detail: ErrorDetails) -> Problem:
    parts, value = [str(part) for part in detail["loc"]], detail.get("input")
    kinds, said = _kinds(root, parts), value.get("kind", ABSENT) if isinstance(value, Mapping) else ABSENT
    if said is ABSENT:
        return Problem(
            ".".join([*parts, "kind"]), ABSENT, f"is missing; give one of {listed(kinds)}{_rule_meant(parts)}"
        )
    return Problem(".".join([*parts, "kind"]), said, f"must be one of {listed(kinds)}{suggestion(str(said), kinds)}")


def _rule_meant(parts: Sequence[str]) -> str:
    """Return the shipped rule whose id is nearly that of one without a kind, which may be meant to change it."""
    found = "" if parts[0] != "policy" or parts[-1] in shipped_rules() else suggestion(parts[-1], shipped_rules())
    return f"; or change a rule by its id{found}" if found else ""


def _length(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if "min_length" in context:
        least = context["min_length"]
        return f"at least {least} {'entry' if least == 1 else 'entries'}"
    return f"at most {context.get('max_length')} entries"


def _parts(root: Field, parts: list[str]) -> list[str]:
    """Drop what pydantic adds to a location: the names of union branches."""
    kept: list[str] = []
    for part in parts:
        if _BRANCH.match(part) or part in _kinds(root, kept):
            continue
        if find(root, [*kept, part]) is not None or _is_object(root, kept):
            kept.append(part)
    return kept


def _kinds(root: Field, parts: Sequence[str]) -> list[str]:
    field = find(root, parts)
    return field.kinds if field is not None else []


def _is_object(root: Field, parts: Sequence[str]) -> bool:
    field = find(root, parts)
    return field is not None and bool(field.names)


def _allowed(root: Field, parts: Sequence[str]) -> str:
    field = find(root, parts)
    return field.allowed() if field is not None else "something else"


def _description(root: Field, parts: Sequence[str]) -> str:
    field = find(root, parts)
    return field.description if field is not None else ""


def _unknown(root: Field, parts: Sequence[str], location: Sequence[int | str]) -> str:
    parent = find(root, parts[:-1])
    names = parent.names_of(location) if parent is not None else []
    nearest = suggestion(parts[-1], names) or _described_by(parts[-1], parent, names)
    return f"no such key; allowed are {listed(names)}{nearest}"


def _described_by(word: str, parent: Field | None, names: Sequence[str]) -> str:
    """Return the one key beside an unknown one whose description has its word (investment for archetype)."""
    fields = {name: parent.child(name) for name in names} if parent is not None else {}
    told = [x for x, field in fields.items() if field and word.lower() in re.findall(r"\w+", field.description.lower())]
    return f"; did you mean {told[0]!r}?" if len(told) == 1 else ""


def leaves(config: Config) -> dict[str, object]:
    """Return the leaves of a configuration by dotted key."""
    return dict(flattened(config))
