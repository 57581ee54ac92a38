"""Compose overrides into one plain mapping, or say everything that stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.preflight import refusals
from experiments.preflight.layers import layers
from experiments.preflight.overrides import Argument, choice_problems, parse, value_problems
from experiments.preflight.problems import ABSENT, refuse_if_any
from experiments.preflight.session import Composer
from sim.parameters import Problem

_CANNOT_COMPOSE = (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ValueError, RecursionError)


@dataclass(frozen=True)
class Composed:
    """A composed configuration as plain nested values, and the file chosen for each group."""

    config: dict[str, Any]
    choices: dict[str, str]


def composed(composer: Composer, overrides: Sequence[str]) -> tuple[Composed | None, list[Problem]]:
    """Compose, refusing what a stranger's files may not do.

    Returns:
        The configuration (None where nothing can be composed), and the problems found; with problems the
        configuration is composed without the overrides at fault, so that it can be checked as well.

    Raises:
        BadInput: When something is refused, or an override cannot be read.
    """
    arguments = parse(overrides)
    refuse_if_any(refusals.name_problems(arguments, composer))
    try:
        _refuse_files(composer, overrides)
        return _plain(composer.compose(overrides)), []
    except _CANNOT_COMPOSE as error:
        return _diagnosed(composer, arguments, error)


def _refuse_files(composer: Composer, overrides: Sequence[str]) -> None:
    if composer.user_folders:
        refuse_if_any(refusals.file_problems(layers(composer, overrides)))


def _plain(config: DictConfig) -> Composed:
    choices = {str(group): str(name) for group, name in config.hydra.runtime.choices.items() if name is not None}
    model = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
    values = OmegaConf.to_container(model, resolve=True, throw_on_missing=True)
    assert isinstance(values, dict)
    refuse_if_any(refusals.target_problems(values))
    return Composed({str(key): value for key, value in values.items()}, choices)


def _diagnosed(
    composer: Composer, arguments: Sequence[Argument], error: Exception
) -> tuple[Composed | None, list[Problem]]:
    """Find the overrides at fault, and compose without them so that the rest is checked too."""
    faults = choice_problems(arguments, composer)
    groups = [a for a in arguments if a.text not in faults and (a.is_hydra or composer.options(a.key))]
    try:
        base = composer.compose([a.text for a in groups])
        faults |= value_problems(arguments, composer, base)
        rest = [a.text for a in arguments if a.text not in faults]
        _refuse_files(composer, rest)
        return _plain(composer.compose(rest)), [*faults.values()] or [_unexplained(error)]
    except _CANNOT_COMPOSE as other:
        return None, [*faults.values(), _unexplained(other)]


def _unexplained(error: Exception) -> Problem:
    """Turn an error that is no single override's fault into one plain line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return Problem(f"{mark.name}, line {mark.line + 1}", ABSENT, f"is not YAML: {error.problem}")
    cause = error.__cause__ if isinstance(error, HydraException) and error.__cause__ else error
    text = " ".join(str(cause).split()) or type(cause).__name__
    return Problem("configuration", ABSENT, text)
