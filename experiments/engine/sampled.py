"""Sampled values in the parameters of a lever point: put there by the parent to name a run, by a worker to make it."""

import json
from collections.abc import Mapping
from copy import copy
from typing import Any

from sim import Parameters


def with_values(text: str, values: Mapping[str, Any]) -> Parameters:
    """Return parameters with other values at some keys.

    Args:
        text: Canonical JSON of the parameters.
        values: Dotted key of a leaf to its new value.

    Raises:
        KeyError: When there is no such leaf.
        pydantic.ValidationError: When a value is not allowed.
    """
    if not values:
        return Parameters.model_validate_json(text)
    return Parameters.from_mapping(replaced(json.loads(text), values))


def replaced(tree: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values with some leaves replaced; the given ones stay as they are.

    Raises:
        KeyError: When there is no such leaf.
    """
    found = dict(tree)
    for key, value in values.items():
        node, parts = found, key.split(".")
        for part in parts[:-1]:
            node[part] = copy(node[part])
            node = node[part]
        if not isinstance(node, dict) or parts[-1] not in node:
            raise KeyError(key)
        node[parts[-1]] = value
    return found


def leaf(tree: Mapping[str, Any], key: str) -> Any:
    """Return the value at a dotted key.

    Raises:
        KeyError: When there is none.
    """
    node: Any = tree
    for part in key.split("."):
        if not isinstance(node, Mapping) or part not in node:
            raise KeyError(key)
        node = node[part]
    return node
