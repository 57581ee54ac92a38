"""Compose overrides into one plain mapping, or say everything that stands in the way."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from textwrap import shorten
from typing import Any

import yaml
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import GrammarParseError, OmegaConfBaseException

from experiments.preflight import refusals
from experiments.preflight.contradictions import contradictions
from experiments.preflight.emptied import emptied
from experiments.preflight.folders import yaml_files
from experiments.preflight.layers import layers
from experiments.preflight.overrides import (
    Argument,
    choice_problems,
    group_problems,
    no_file,
    no_group,
    parse,
    sweep_problems,
    value_problems,
)
from experiments.preflight.problems import ABSENT, refuse_if_any
from experiments.preflight.session import Composer
from sim.parameters import Problem

_CANNOT_COMPOSE = (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ValueError, RecursionError)

_LONGEST_TEXT = 300


@dataclass(frozen=True)
class Composed:
    """A composed configuration as plain nested values, and what is chosen for each group: a file, or [one,more]."""

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
    refuse_if_any(sweep_problems(arguments))
    refuse_if_any(refusals.name_problems(arguments, composer))
    lost = group_problems(arguments, composer)
    known = [argument for argument in arguments if argument.text not in lost]
    try:
        whole = _composed(composer, known)
        vain = emptied(whole.config, known, composer)
        return whole, [*lost.values(), *contradictions(known, composer), *vain]
    except _CANNOT_COMPOSE as error:
        found, problems = _diagnosed(composer, known, error)
        return found, [*lost.values(), *problems]


def _composed(composer: Composer, arguments: Sequence[Argument]) -> Composed:
    overrides, lists = [argument.text for argument in arguments], _lists(arguments, composer)
    if not composer.user_folders:
        return _plain(composer.compose(overrides), lists)
    refuse_if_any(refusals.file_problems(layers(composer, overrides)))
    config = composer.compose(overrides)
    untouched = _untouched(tuple(argument.text for argument in arguments if argument.is_hydra))
    refuse_if_any(refusals.hydra_problems(config.hydra, untouched))
    return _plain(config, lists)


def _lists(arguments: Sequence[Argument], composer: Composer) -> dict[str, str]:
    """Return the groups of which several files are chosen, as one types them; Hydra names single files only."""
    found = {x.key: x.parsed.value() for x in arguments if composer.options(x.key) and not x.parsed.is_delete()}
    return {key: f"[{','.join(map(str, names))}]" for key, names in found.items() if isinstance(names, list)}


@cache
def _untouched(overrides: tuple[str, ...]) -> DictConfig:
    """Return Hydra's own settings when only the shipped files and the command line speak."""
    node = Composer(()).compose(overrides).hydra
    assert isinstance(node, DictConfig)
    return node


def _plain(config: DictConfig, lists: dict[str, str]) -> Composed:
    named = {str(group): str(name) for group, name in config.hydra.runtime.choices.items() if name is not None}
    choices = named | lists
    with open_dict(config):
        del config["hydra"]
    refuse_if_any(refusals.reference_problems(config))
    values = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
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
        rest = [a for a in arguments if a.text not in faults]
        return _composed(composer, rest), [*faults.values()] or [_unexplained(error, composer)]
    except _CANNOT_COMPOSE as other:
        return None, [*faults.values(), _unexplained(other, composer)]


def _unexplained(error: Exception, composer: Composer) -> Problem:
    """Turn an error that is no single override's fault into one plain line."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file is not None:
        return _missing(error.missing_cfg_file, str(error), composer)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return Problem(f"{mark.name}, line {mark.line + 1}", ABSENT, f"is not YAML: {error.problem}")
    if (unreadable := _unreadable(error, composer)) is not None:
        return unreadable
    cause = error.__cause__ if isinstance(error, HydraException) and error.__cause__ else error
    text = " ".join(str(cause).split()) or type(cause).__name__
    twice = re.match(r"Multiple values for ([^.\s]+)\.", text)
    if twice:
        allowed = (
            "is chosen twice; one file of a group, and several only as a list of a group of rules: policy/us=[a,b]"
        )
        return Problem(twice[1], ABSENT, allowed)
    return Problem("configuration", ABSENT, shorten(text, _LONGEST_TEXT, placeholder=" ..."))


def _unreadable(error: Exception, composer: Composer) -> Problem | None:
    """Return what is said of a file, or a value in it, that cannot be read; nothing for errors of another sort."""
    if isinstance(error.__cause__ or error, GrammarParseError):
        return next(iter(refusals.acting_texts(composer.user_folders)), None)
    if isinstance(error, OSError) and error.filename is not None:
        return Problem(str(error.filename), ABSENT, f"cannot be read ({error.strerror})")
    if isinstance(error, UnicodeDecodeError):  # Python names the bytes, not the file they are in
        files = (folder / name for folder in composer.user_folders for name in yaml_files(folder))
        file = next((file for file in files if error.object in file.read_bytes()), None)
        return None if file is None else Problem(str(file), ABSENT, "is not UTF-8 text")
    return None


def _missing(path: str, message: str, composer: Composer) -> Problem:
    """Return what is said of a name in a defaults list that no file has; Hydra's message begins with who names it."""
    named_by = re.match("In '([^']+)'", message)
    file = composer.file(named_by[1]) if named_by else None
    group, _, name = path.rpartition("/")
    key, options = f"{file}: defaults" if file else group, composer.options(group)
    return no_file(key, name, options) if options else no_group(f"{key}: {group}/{name}", group, composer)
