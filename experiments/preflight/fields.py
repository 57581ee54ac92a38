"""What the schema says about a dotted key: its unit, its range, its neighbours.

Reads the JSON schema that pydantic makes, so the messages, ``explain`` and ``docs/parameters.md`` all say
the same, and nothing is written down twice.
"""

import ast
import inspect
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import Any, get_args

from pydantic import BaseModel

from sim.names import DATE_PATTERN, ID_PATTERN, QUARTER_PATTERN

Node = dict[str, Any]

A_NAME = "of a-z, 0-9, _ and - (a name)"
FIRST_DAY, LAST_DAY = "2000-01-01", "2099-12-31"
"""Days on which rules may be set or end: the first controls on cards date from 2022, so 1925 is a slip."""
_LIMITS = (
    ("exclusiveMinimum", "greater than"),
    ("minimum", "at least"),
    ("exclusiveMaximum", "less than"),
    ("maximum", "at most"),
)
_TYPES = {
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}


@dataclass(frozen=True)
class Field:
    """The schema of one key, with the definitions it refers to."""

    node: Node
    definitions: Node

    @property
    def unit(self) -> str:
        """Unit of the value (of a series, of its values), or nothing."""
        if self.is_series:
            return self.value.unit
        return str(self._any("unit") or "")

    @property
    def description(self) -> str:
        """What the value means, on one line."""
        return " ".join(str(self._any("description") or "").split())

    @property
    def branches(self) -> list["Field"]:
        """Alternatives of the field (of a value that may be null, the value and null)."""
        alternatives = self.node.get("anyOf") or self.node.get("oneOf") or [self.node]
        return [self._resolved(node) for node in alternatives]

    @property
    def kinds(self) -> list[str]:
        """Values of the key that says which alternative is meant, where there is one."""
        return list(self.node.get("discriminator", {}).get("mapping", {}))

    @property
    def names(self) -> list[str]:
        """Names of the keys below, where they are fixed."""
        return list(dict.fromkeys(name for branch in self.branches for name in branch.node.get("properties", {})))

    def names_of(self, location: Collection[int | str]) -> list[str]:
        """Return the names of the keys below in the alternatives whose kind a location of pydantic's names."""
        meant = [x for x in self.branches if x.node.get("properties", {}).get("kind", {}).get("const") in location]
        return [name for branch in meant or self.branches for name in branch.node.get("properties", {})]

    @property
    def is_series(self) -> bool:
        """Whether the keys below are quarters: one value over time, not many values."""
        return QUARTER_PATTERN in self.node.get("patternProperties", {})

    @property
    def value(self) -> "Field":
        """The value of a series in each quarter."""
        return self._resolved(self._values()[0])

    @property
    def may_be_null(self) -> bool:
        """Whether null is allowed."""
        return any(branch.node.get("type") == "null" for branch in self.branches)

    @property
    def is_number(self) -> bool:
        """Whether the value, or each value of the series, is a number."""
        branches = self.value.branches if self.is_series else self.branches
        return any(branch.node.get("type") in ("number", "integer") for branch in branches)

    def allowed(self) -> str:
        """Return what the value may be, with its unit."""
        if self.is_series:
            return f"for each quarter {self.value.allowed()}"
        return " or ".join(dict.fromkeys(_described(branch.node) for branch in self.branches))

    def child(self, name: str) -> "Field | None":
        """Return the field of the key ``name`` below this one, or of a list's items."""
        found = (branch._child(name) for branch in self.branches)
        return next((field for field in found if field is not None), None)

    def leaves(self, prefix: str = "") -> Iterator[tuple[str, "Field"]]:
        """Yield every leaf below with its dotted path; names the user chooses appear as ``*``, a series is one leaf."""
        below = self._once_below()
        for name, field in below.items():
            yield from field.leaves(f"{prefix}.{name}".lstrip("."))
        if not below:
            yield prefix, self

    def groups(self, prefix: str = "") -> Iterator[tuple[str, "Field"]]:
        """Yield this field and every field below that has fields below, with dotted paths as in :meth:`leaves`."""
        below = self._once_below()
        if below:
            yield prefix, self
        for name, field in below.items():
            yield from field.groups(f"{prefix}.{name}".lstrip("."))

    def _once_below(self) -> "dict[str, Field]":
        """Return the fields below by name; one that several alternatives share stands for all of them."""
        out: dict[str, Field] = {}
        for branch in self.branches if not self.is_series else []:
            for name, field in branch._below():
                out.setdefault(name, field)
        return out

    def _below(self) -> Iterator[tuple[str, "Field"]]:
        for name, node in self.node.get("properties", {}).items():
            yield name, self._resolved(node)
        items = self.node.get("items")
        if isinstance(items, dict) and "$ref" in items:
            yield "[]", self._resolved(items)
        for node in self._values():
            yield "*", self._resolved(node)

    def _values(self) -> list[Node]:
        """Return the schema of values under names the user chooses; the mapping describes those without own words."""
        values = [*self.node.get("patternProperties", {}).values(), self.node.get("additionalProperties")]
        described = {"description": self.node["description"]} if "description" in self.node else {}
        return [{**described, **node} for node in values if isinstance(node, dict)]

    def _child(self, name: str) -> "Field | None":
        node = self.node.get("properties", {}).get(name)
        values = self._values()
        if node is None and values:
            node = values[0]
        if node is None and name.isdigit():
            node = self.node.get("items")
        return self._resolved(node) if isinstance(node, dict) else None

    def _resolved(self, node: Node) -> "Field":
        if "$ref" not in node:
            return Field(node, self.definitions)
        target = self.definitions[node["$ref"].rsplit("/", 1)[-1]]
        return Field({**target, **{k: v for k, v in node.items() if k != "$ref"}}, self.definitions)

    def _any(self, name: str) -> Any:
        nodes = [self.node, *(branch.node for branch in self.branches)]
        return next((node[name] for node in nodes if name in node), None)


def _described(node: Node) -> str:
    if "enum" in node:
        return f"one of {', '.join(map(str, node['enum']))}"
    if "const" in node:
        return str(node["const"])
    if _is_quarter(node):
        return "a quarter from 1900Q1 to 2099Q4, such as 2024Q3"
    if node.get("pattern") == DATE_PATTERN:
        return f"a day from {FIRST_DAY} to {LAST_DAY} as year-month-day in quotes, such as '2023-11-17'"
    limits = " and ".join(f"{words} {_number(node[name])}" for name, words in _LIMITS if name in node)
    return " ".join(filter(None, (_TYPES.get(node.get("type", ""), "a value"), limits, _unit(node), _pattern(node))))


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.15g}"


def _unit(node: Node) -> str:
    return f"({node['unit']})" if "unit" in node else ""


def _pattern(node: Node) -> str:
    if node.get("pattern") == ID_PATTERN:
        return A_NAME
    return "that is not empty" if node.get("minLength") else ""


def _is_quarter(node: Node) -> bool:
    return node.get("pattern") == QUARTER_PATTERN


@cache
def root_of(model: type[BaseModel]) -> Field:
    """Return the schema of a model as a field."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    nodes = {model.__name__: schema, **definitions}
    for kind in _kinds(model):
        for name, text in _descriptions(kind).items():
            nodes[kind.__name__]["properties"][name].setdefault("description", text)
    return Field(schema, definitions)


def _kinds(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Return a model and all the models that its fields hold."""
    found, open_ = {model}, [model]
    while open_:
        held = {kind for field in open_.pop().model_fields.values() for kind in _models(field.annotation)} - found
        found |= held
        open_.extend(held)
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _descriptions(kind: type[BaseModel]) -> dict[str, str]:
    """Return the texts below the fields of a class and of those it is made from, by field."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__[: kind.__mro__.index(BaseModel)]):
        [definition] = ast.parse(dedent(inspect.getsource(base))).body
        assert isinstance(definition, ast.ClassDef)
        for field, text in pairwise(definition.body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
                found[field.target.id] = inspect.cleandoc(ast.literal_eval(text.value))
    return found


def find(root: Field, parts: Sequence[str]) -> Field | None:
    """Return the field at a dotted key, or None where the schema has none."""
    field: Field | None = root
    for part in parts:
        field = field.child(part) if field is not None else None
    return field
