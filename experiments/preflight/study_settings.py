"""What a study file may say: levers x samples x seeds, and what is asked of the results."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from experiments.preflight.fields_of_settings import FigureNames, Seed, SettingsModel, each_once
from experiments.preflight.problems import listed
from experiments.preflight.sampling_sizes import SAMPLINGS, problem_of_size
from sim.names import QUARTER_PATTERN
from sim.parameters.base import quantity
from sim.parameters.problems import suggestion
from sim.tables import OUTCOMES

LeverValue = str | bool | int | float | None | list[Any] | dict[str, Any]


class Uncertainty(SettingsModel):
    """An uncertain value: a range with a distribution, or levels that are equally likely."""

    distribution: Literal["uniform", "loguniform", "triangular"] = "uniform"
    range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    """Lowest and highest value, in the unit of the key."""
    mode: float | None = None
    """Most likely value of a triangular distribution."""
    levels: Annotated[list[LeverValue], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problem = self._problem()
        if problem is not None:
            raise ValueError(problem)
        return self

    def _problem(self) -> str | None:
        if (self.range is None) == (self.levels is None):
            return "give either range: [lowest, highest] or levels: [...]"
        if self.levels is not None:
            differing = len({repr(level) for level in self.levels}) == len(self.levels)
            return None if differing else "the same level is listed twice"
        return self._problem_of_range(*(self.range or ()))

    def _problem_of_range(self, low: float, high: float) -> str | None:
        if not low < high:
            return f"the range [{low:g}, {high:g}] is empty: the first number must be below the second"
        if self.distribution == "loguniform" and low <= 0:
            return f"a loguniform range must lie above 0, and [{low:g}, {high:g}] does not"
        if (self.mode is not None) != (self.distribution == "triangular"):
            return "mode belongs to a triangular distribution, and a triangular distribution needs it"
        if self.mode is not None and not low <= self.mode <= high:
            return f"mode = {self.mode:g} lies outside the range [{low:g}, {high:g}]"
        return None


class OutcomeAsked(SettingsModel):
    """What is asked of a headline outcome; its name alone stands for a mapping with nothing else."""

    name: str
    """Name in the table ``outcomes``, such as hhi_revenue.world."""
    better: Literal["lower", "higher"] | None = None
    """Direction; without it there is no superiority and no regret."""
    horizon: Annotated[str, Field(pattern=QUARTER_PATTERN)] | None = None
    """Quarter at which it is read (the fourth of a year, or the last simulated one); null for the last."""
    effect: Annotated[float, Field(gt=0)] | None = None
    """Size of a policy effect that should be resolved, in the unit of the outcome."""
    threshold: float | None = None
    """Scenario discovery describes the samples worse than this; null for the worst quarter of them."""


def _named(asked: object) -> object:
    return {"name": asked} if isinstance(asked, str) else asked


class Study(SettingsModel):
    """Levers x samples x seeds."""

    levers: dict[str, Annotated[list[LeverValue], Field(min_length=1)]] | list[dict[str, LeverValue]] = {}
    """Full factorial: key to list of values. Listed: key-to-value mappings. The first point is the reference."""
    uncertainties: dict[str, Uncertainty] = {}
    """Key of a value to its range and distribution, or its levels."""
    sampling: Literal[SAMPLINGS] = "latin_hypercube"  # type: ignore[valid-type]
    samples: Annotated[int, quantity("samples", ge=2, le=1_000_000)] | None = None
    """Latin hypercube: points. Sobol: base size, a power of two. Morris: trajectories. Grid: points on each range."""
    seeds: Annotated[int, quantity("seeds", ge=1, le=1_000_000)] | Annotated[list[Seed], Field(min_length=1)]
    """1 to this number, or a list of seeds."""
    fixed: dict[str, LeverValue] = {}
    """What holds at every point: what you would type after `run`. The command line goes before it."""
    outcomes: list[Annotated[OutcomeAsked, BeforeValidator(_named)]] = []
    """Outcomes to analyse: names, or mappings with name, direction, horizon, effect, threshold; empty for all."""
    figures: FigureNames | None = None
    """Figures of the report where output.figures is null; null for all."""

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: int | list[int]) -> int | list[int]:
        if isinstance(seeds, list) and len(set(seeds)) < len(seeds):
            msg = "the same seed is listed twice"
            raise ValueError(msg)
        return seeds

    @field_validator("outcomes")
    @classmethod
    def _outcomes_exist(cls, outcomes: list[OutcomeAsked]) -> list[OutcomeAsked]:
        names = [outcome.name for outcome in OUTCOMES]
        for one in outcomes:
            name = one.name.partition(".")[0]
            if name not in names:
                msg = f"{one.name!r} is no outcome; they begin with one of {listed(names)}{suggestion(name, names)}"
                raise ValueError(msg)
        each_once([f"{one.name} in {one.horizon}" if one.horizon else one.name for one in outcomes])
        return outcomes

    @model_validator(mode="after")
    def _samples_fit(self) -> Self:
        ranges = sum(uncertainty.range is not None for uncertainty in self.uncertainties.values())
        problem = problem_of_size(self.sampling, len(self.uncertainties), ranges, self.samples)
        if problem is not None:
            raise ValueError(problem)
        return self

    def seed_list(self) -> list[int]:
        """Return every seed of the study."""
        return list(range(1, self.seeds + 1)) if isinstance(self.seeds, int) else self.seeds
