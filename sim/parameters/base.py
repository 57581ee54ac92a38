"""What every parameter has: a unit, a range, a description; and the rule that unknown keys are errors."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sim.names import DATE_PATTERN, ID_PATTERN, QUARTER_PATTERN


class Schema(BaseModel):
    """A frozen group of parameters. Values live in ``conf/``; here stand field, unit and range only.

    A field ``dict[Quarter, X]`` is a series: linear between the given quarters, held flat before the first and
    after the last, unless its description says otherwise. Descriptions stand below the fields and are read from the
    source when somebody asks (``experiments.preflight.fields``): parsing it at every start would take its time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def quantity(unit: str, **limits: Any) -> Any:
    """Return the metadata of a numeric field: its unit and its allowed range (``ge``, ``gt``, ``le``, ``lt``)."""
    return Field(json_schema_extra={"unit": unit}, **limits)


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Label = Annotated[str, StringConstraints(min_length=1)]
Quarter = Annotated[str, StringConstraints(pattern=QUARTER_PATTERN)]
Date = Annotated[str, StringConstraints(pattern=DATE_PATTERN)]
Fraction = Annotated[float, quantity("fraction", ge=0.0, le=1.0)]
Positive = Annotated[float, quantity("ratio", gt=0.0)]
Utils = Annotated[float, quantity("utils", ge=-50.0, le=50.0)]
Rate = Annotated[float, quantity("per year", ge=-0.5, le=1.0)]
QuarterlyGrowth = Annotated[float, quantity("log change per quarter", ge=-0.5, le=1.5)]

H100e = Annotated[float, quantity("H100e", ge=0.0)]

Series = dict[Quarter, float]
"""Values by quarter, for readers; a field is declared with the unit and range of its values."""
