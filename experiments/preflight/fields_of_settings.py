"""Types that several settings share."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from experiments.figures import NAMES
from sim.parameters.base import quantity

Seed = Annotated[int, quantity("seed", ge=0, lt=2**63)]
FigureName = Literal[NAMES]  # type: ignore[valid-type]


class SettingsModel(BaseModel):
    """A group of settings: frozen, strict, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
