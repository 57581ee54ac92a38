"""Everything that is checked before anything starts: compose, refuse, validate, suggest.

The only room that knows both Hydra and ``sim.parameters``. Nothing is written here, and every problem is
reported at once as a plain line.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.differences import Change
from experiments.preflight import folders, refusals
from experiments.preflight.changes import changes
from experiments.preflight.composing import Composed, composed
from experiments.preflight.origins import at, origins, place
from experiments.preflight.problems import ABSENT, refuse_if_any
from experiments.preflight.sense import late_deliveries
from experiments.preflight.session import Composer, opened
from experiments.preflight.settings import MODEL_FREE_KEYS, Settings
from experiments.preflight.validate import parameters, settings, split
from sim.parameters import Parameters, Problem

__all__ = ["Plan", "checked", "composing", "plan"]


@dataclass(frozen=True)
class Plan:
    """A configuration that has passed every check."""

    parameters: Parameters
    settings: Settings
    config: dict[str, Any]
    choices: dict[str, str]
    overrides: tuple[str, ...]
    changes: tuple[Change, ...]
    """Where the model's part departs from the shipped baseline."""

    @property
    def scenario(self) -> str:
        """Name of the scenario, ``baseline`` where none is chosen."""
        return self.choices.get("scenario", "baseline").strip("[]").replace(",", "+")


@contextmanager
def composing(user_folders: Sequence[Path] = ()) -> Iterator[Composer]:
    """Open a composing session over the shipped and the user's folders.

    Raises:
        BadInput: When a folder is missing, hidden by another, or holds what is refused.
    """
    refuse_if_any(refusals.missing_folders(user_folders))
    absolute = [folder.resolve() for folder in user_folders]
    refuse_if_any(refusals.folder_problems(absolute))
    with opened(absolute) as composer:
        yield composer


def checked(composer: Composer, overrides: Sequence[str]) -> Composed:
    """Compose without validating (for ``--cfg`` and ``explain``).

    Raises:
        BadInput: With every problem found.
    """
    found, problems = composed(composer, overrides)
    refuse_if_any(problems)
    assert found is not None
    return found


def plan(composer: Composer, overrides: Sequence[str]) -> Plan:
    """Compose and validate one configuration.

    Raises:
        BadInput: With every problem found, in composing and in validating.
    """
    found, problems = composed(composer, overrides)
    if found is None:
        refuse_if_any(problems)
    assert found is not None
    inert = list(_inert(found, composer))
    model, rest = split({key: value for key, value in found.config.items() if key not in {p.key for p in inert}})
    checked_parameters, in_model = parameters(model)
    checked_settings, in_settings = settings(rest)
    late = [] if problems else _late(model, composer, overrides)
    told = {problem.key.replace("/", ".") for problem in problems}
    wrong = [problem for problem in (*in_model, *in_settings, *late) if problem.key not in told]
    refuse_if_any([*problems, *inert, *(wrong if problems else _placed(wrong, composer, overrides))])
    assert checked_parameters is not None
    assert checked_settings is not None
    refuse_if_any(_undecided(checked_parameters))
    return Plan(
        checked_parameters,
        checked_settings,
        found.config,
        found.choices,
        tuple(overrides),
        changes(composer, found.config, overrides),
    )


def _placed(problems: Sequence[Problem], composer: Composer, overrides: Sequence[str]) -> list[Problem]:
    """Return problems that name the file which set the value."""
    found = origins(composer, overrides) if problems else None
    return [found.named(problem) for problem in problems] if found is not None else []


def _late(model: Mapping[str, Any], composer: Composer, overrides: Sequence[str]) -> list[Problem]:
    """Return deliveries after the history; who makes it end earlier than a file does means to leave some out."""
    end = at(model, "market.history_end")
    if not list(late_deliveries(model, [end])):
        return []  # finding the files of a configuration takes most of a second
    said = origins(composer, overrides).of("market.history_end")
    return list(late_deliveries(model, [end, *(setting.value for setting in said)]))


def _undecided(parameters: Parameters) -> list[Problem]:
    """Return where a rule asks for what is not known of a card; loads the kernels, so only when all else is well."""
    from sim.policy.undecided import undecided

    return undecided(parameters)


def _inert(found: Composed, composer: Composer) -> Iterator[Problem]:
    """Yield the groups whose file fills its own name, which nothing reads: its package line is missing."""
    known = {*Parameters.model_fields, *MODEL_FREE_KEYS}
    for key in found.config:
        packages = _packages(key) if key not in known else set()
        if packages:
            header = f"# @package {packages.pop()}"
            files = (composer.file(f"{key}/{name}") for name in found.choices.get(key, "").strip("[]").split(","))
            bare = [place(file) for file in files if file and header not in file.read_text(encoding="utf-8")]
            said = f"the chosen {key} file would have no effect; its first line must be '{header}'"
            yield Problem(key, ABSENT, f"{said} (in {', '.join(bare)})" if bare else said)


def _packages(group: str) -> set[str]:
    """Return the packages that the shipped files of a group name in their first line."""
    files = (folders.shipped() / group).glob("*.yaml")
    first = (file.read_text(encoding="utf-8").splitlines()[:1] for file in files)
    return {line[0].split()[-1] for line in first if line and "@package" in line[0]}
