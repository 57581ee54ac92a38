"""Policy as data: instruments by id, each with its calendar."""

from typing import Annotated

from pydantic import Field

from sim.parameters.base import Id, Schema


class Policy(Schema):
    """Rules in force. The null policy has none: every order and every rental is free."""

    instruments: Annotated[dict[Id, str], Field(max_length=0)]
    """Instruments by id. No kind of instrument exists yet, so the mapping must be empty."""
