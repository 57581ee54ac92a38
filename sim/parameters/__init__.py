"""The parameter schema: one frozen model, unknown keys refused, every number with its unit and range."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from sim.parameters.base import Id, Schema
from sim.parameters.behaviour import Behaviour
from sim.parameters.customers import Customers
from sim.parameters.firms import Chip, CloudProvider, RestOfWorld, Supplier
from sim.parameters.market import Lease, Market
from sim.parameters.policy import Policy
from sim.parameters.references import Problem, ReferenceErrors, problems

__all__ = ["Parameters", "Problem", "ReferenceErrors"]


class Parameters(Schema):
    """Everything that decides a run, apart from its seed."""

    market: Market
    customers: Customers
    providers: Annotated[dict[Id, CloudProvider], Field(min_length=1)]
    rest_of_world: dict[Id, RestOfWorld]
    leases: dict[Id, Lease]
    suppliers: Annotated[dict[Id, Supplier], Field(min_length=1)]
    chips: Annotated[dict[Id, Chip], Field(min_length=1)]
    behaviour: Behaviour
    policy: Policy

    @model_validator(mode="after")
    def _can_work(self) -> "Parameters":
        found = problems(self)
        if found:
            raise ReferenceErrors(found)
        return self

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Parameters":
        """Validate plain nested values as they come from YAML.

        Raises:
            pydantic.ValidationError: With every error at once.
        """
        return cls.model_validate_json(json.dumps(values))

    def canonical_json(self) -> str:
        """Return the one text form of these parameters: sorted keys, no spaces, shortest floats."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """Return 16 hex digits that identify the values."""
        return hashlib.blake2b(self.canonical_json().encode(), digest_size=8).hexdigest()
