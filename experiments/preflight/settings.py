"""The part of a configuration that is not the model: seed, output, executor, study."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from experiments.preflight.fields_of_settings import FigureNames, Seed, SettingsModel, each_once
from experiments.preflight.study_settings import Study
from sim.parameters.base import quantity
from sim.tables import MODEL_TABLES

TableName = Literal[MODEL_TABLES]  # type: ignore[valid-type]
MODEL_FREE_KEYS = ("seed", "output", "executor", "study")


class Output(SettingsModel):
    """What is written, and where."""

    root: Annotated[str, Field(min_length=1)]
    """Folder that holds run and study folders."""
    tables: Annotated[list[TableName], Field(min_length=1), AfterValidator(each_once)]
    """Tables to store beside ``runs`` and ``timings``."""
    figures: FigureNames | None
    """Figures of the report; null for all."""


class Executor(SettingsModel):
    """How a study is computed."""

    kind: Literal["local", "dask"]
    """Processes of this machine, or the workers of a running dask scheduler."""
    workers: Annotated[int, quantity("processes", ge=1, le=512)] | None = None
    """Worker processes of this machine; null for one per available core."""
    address: Annotated[str, Field(min_length=1)] | None = None
    """Where the dask scheduler listens, such as tcp://127.0.0.1:8786."""
    batch: Annotated[int, quantity("runs", ge=1, le=10_000)] | None
    """Runs per task and part file; null to choose from the number of runs and workers."""

    @model_validator(mode="after")
    def _address_where_needed(self) -> Self:
        if (self.kind == "dask") != (self.address is not None):
            msg = "kind=dask needs executor.address=tcp://HOST:PORT of a running scheduler, and nothing else does"
            raise ValueError(msg)
        return self


class Settings(SettingsModel):
    """Everything in a configuration that is not a parameter of the model."""

    seed: Seed
    output: Output
    executor: Executor
    study: Study | None = None
