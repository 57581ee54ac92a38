"""The parameter schema: one frozen model, unknown keys refused, every number with its unit and range."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, model_validator

from sim.parameters.base import Id, Schema
from sim.parameters.behaviour import Behaviour
from sim.parameters.customers import Customers
from sim.parameters.finance import Finance
from sim.parameters.firms import CloudProvider, RestOfWorld
from sim.parameters.market import Lease, Market
from sim.parameters.policy import Policy
from sim.parameters.problems import Problem, ReferenceErrors
from sim.parameters.references import problems
from sim.parameters.suppliers import Chip, Sides, Supplier

__all__ = ["Parameters", "Problem", "ReferenceErrors"]


class Parameters(Schema):
    """Everything that decides a run, apart from its seed."""

    market: Market
    """The stage: time, places, costs, technology."""
    customers: Customers
    """Who buys compute."""
    providers: Annotated[dict[Id, CloudProvider], Field(min_length=1)]
    """Who sells compute, builds for itself, or may enter."""
    rest_of_world: dict[Id, RestOfWorld]
    """Owners outside the named providers, so that the world's shipments close."""
    leases: dict[Id, Lease]
    """Wholesale contracts between providers: who runs whose cards."""
    suppliers: Annotated[dict[Id, Supplier], Field(min_length=1)]
    """Makers of accelerators."""
    chips: Annotated[dict[Id, Chip], Field(min_length=1)]
    """The catalogue of accelerators, announced ones included."""
    finance: Finance
    """What credit costs and where it ends, patience of owners, entry and exit."""
    upstream: Sides
    """Wafers, packaging and memory that makers share, by side of the world."""
    behaviour: Behaviour
    """How firms decide where scholars differ; each family is chosen by name."""
    policy: Policy
    """Rules in force, and the calendar of each."""

    @model_validator(mode="after")
    def _can_work(self) -> "Parameters":
        found = problems(self)
        if found:
            raise ReferenceErrors(found)
        return self

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Parameters":
        """Validate plain nested values as they come from YAML, in whatever order a file names them.

        Keys are sorted, as in ``canonical_json``: a run is identified by its values, so order moves no number.

        Raises:
            pydantic.ValidationError: With every error at once.
        """
        return cls.model_validate_json(json.dumps(values, sort_keys=True))

    def canonical_json(self) -> str:
        """Return the one text form of these parameters: sorted keys, no spaces, shortest floats."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """16 hex digits that identify the values."""
        return hashlib.blake2b(self.canonical_json().encode(), digest_size=8).hexdigest()
