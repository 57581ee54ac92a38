"""Types that several settings share."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from experiments.figures import NAMES
from sim.parameters.base import quantity

Seed = Annotated[int, quantity("seed", ge=0, lt=2**63)]


def each_once(names: list[str]) -> list[str]:
    """Return names of which none is listed twice.

    Raises:
        ValueError: Naming the first that is.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"{twice!r} is listed twice; once is enough"
        raise ValueError(msg)
    return names


FigureName = Literal[NAMES]  # type: ignore[valid-type]
FigureNames = Annotated[list[FigureName], Field(min_length=1), AfterValidator(each_once)]


class SettingsModel(BaseModel):
    """A group of settings: frozen, strict, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
