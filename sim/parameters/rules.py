"""What every instrument of policy has: who set it, when, and where that is written."""

from typing import Annotated, Literal

from sim.parameters.base import Date, Label, Schema, quantity


class Rule(Schema):
    """What every instrument has: who set it, when, and where that is written."""

    label: Label
    """Name shown in tables and reports."""
    source: str
    """Where it is written: keys of sources, with semicolons between."""
    grade: Literal["A", "B", "C", "assumption"]
    """How good that source is; assumption for a variant that nobody has enacted."""
    assumed: list[str] = []
    """Fields, with dots where they lie deeper, whose values the source does not give: assumptions."""
    announced: Date
    """Day from which firms know of it."""
    effective: Date
    """First day on which it binds."""
    expires: Date | None
    """First day on which it binds no more; null where no end is known."""
    phase_in_quarters: Annotated[float, quantity("quarters", ge=0.0, le=40.0)]
    """Quarters in which it grows evenly to its full strength."""
