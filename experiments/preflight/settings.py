"""The part of a configuration that is not the model: seed, output, executor, study."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from experiments.figures import NAMES
from experiments.preflight.problems import listed, suggestion
from sim.parameters.base import quantity
from sim.tables import MODEL_TABLES, OUTCOMES

Seed = Annotated[int, quantity("seed", ge=0, lt=2**63)]
TableName = Literal[MODEL_TABLES]  # type: ignore[valid-type]
FigureName = Literal[NAMES]  # type: ignore[valid-type]
LeverValue = str | bool | int | float | None | list[Any] | dict[str, Any]
MODEL_FREE_KEYS = ("seed", "output", "executor", "study")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Output(_Settings):
    """What is written, and where."""

    root: Annotated[str, Field(min_length=1)]
    """Folder that holds run and study folders."""
    tables: Annotated[list[TableName], Field(min_length=1)]
    """Tables to store beside ``runs`` and ``timings``."""
    figures: Annotated[list[FigureName], Field(min_length=1)] | None
    """Figures of the report; null for all."""


class Executor(_Settings):
    """How a study is computed."""

    workers: Annotated[int, quantity("processes", ge=1, le=512)] | None
    """Worker processes; null for one per available core."""
    batch: Annotated[int, quantity("runs", ge=1, le=10_000)] | None
    """Runs per task and part file; null to choose from the number of runs and workers."""


class Study(_Settings):
    """Levers x samples x seeds."""

    levers: dict[str, Annotated[list[LeverValue], Field(min_length=1)]] | list[dict[str, LeverValue]]
    """Full factorial: key to list of values. Listed: a list of key-to-value mappings."""
    uncertainties: Annotated[dict[str, Any], Field(max_length=0)]
    """Ranges to sample. No sampler exists yet, so the mapping must be empty."""
    seeds: Annotated[int, quantity("seeds", ge=1, le=1_000_000)] | Annotated[list[Seed], Field(min_length=1)]
    """1 to this number, or a list of seeds."""
    outcomes: list[str]
    """Outcomes to analyse; empty for all."""

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: int | list[int]) -> int | list[int]:
        if isinstance(seeds, list) and len(set(seeds)) < len(seeds):
            msg = "the same seed is listed twice"
            raise ValueError(msg)
        return seeds

    @field_validator("outcomes")
    @classmethod
    def _outcomes_exist(cls, outcomes: list[str]) -> list[str]:
        names = [outcome.name for outcome in OUTCOMES]
        for asked in outcomes:
            name = asked.partition(".")[0]
            if name not in names:
                msg = f"{asked!r} is no outcome; they begin with one of {listed(names)}{suggestion(name, names)}"
                raise ValueError(msg)
        return outcomes

    def seed_list(self) -> list[int]:
        """Return every seed of the study."""
        return list(range(1, self.seeds + 1)) if isinstance(self.seeds, int) else self.seeds


class Settings(_Settings):
    """Everything in a configuration that is not a parameter of the model."""

    seed: Seed
    output: Output
    executor: Executor
    study: Study | None = None
