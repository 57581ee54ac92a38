"""The Hydra application around a command. Everything has been checked before it starts."""

import io
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf

from experiments.arguments import Arguments
from experiments.faults import BadInput
from experiments.preflight import Plan, checked, composing, plan
from experiments.preflight.folders import shipped
from experiments.preflight.overrides import parse, variants
from experiments.preflight.session import ROOT, Composer, forget_environment

Task = Callable[[DictConfig], None]


def application(task: Task) -> Callable[[], None]:
    """Return the Hydra application that calls ``task`` with each composed configuration."""
    forget_environment()
    decorated: Callable[[], None] = hydra.main(version_base="1.3", config_path=str(shipped()), config_name=ROOT)(task)
    return decorated


def plans(arguments: Arguments, composer: Composer) -> list[Plan]:
    """Compose and validate every variant the words ask for.

    Raises:
        BadInput: With every problem of every variant, each said once.
    """
    if not arguments.multirun:
        return [plan(composer, arguments.overrides)]
    found, lines = [], []
    for overrides in variants(parse(arguments.overrides)):
        try:
            found.append(plan(composer, overrides))
        except BadInput as error:
            lines += error.lines
    if lines:
        raise BadInput(list(dict.fromkeys(lines)))
    return found


def prepared(arguments: Arguments) -> list[Plan]:
    """Check everything before anything starts; for ``--cfg`` and the like only that it composes."""
    if arguments.helps:
        return []
    with composing(arguments.user_folders) as composer:
        if arguments.shows:
            checked(composer, arguments.overrides)
            return []
        return plans(arguments, composer)


def enter(arguments: Arguments, prepared_plans: Sequence[Plan], execute: Callable[[Plan], None]) -> None:
    """Enter Hydra, which calls ``execute`` once for each plan (once for a plain run).

    The words go to Hydra as they were typed, so launchers, ``hydra.verbose`` and ``--cfg`` work as its
    users expect.
    """
    known = {_fingerprint(item.config): item for item in prepared_plans}
    faults: list[Exception] = []

    def task(config: DictConfig) -> None:
        values = OmegaConf.to_container(config, resolve=True)
        item = known.get(_fingerprint(values))
        try:
            if item is None:
                raise BadInput(["the sweeper proposed a configuration that was not checked; use Hydra's basic sweeper"])
            execute(item)
        except Exception as error:  # Hydra would print it as its own failure; it is raised after Hydra has ended
            faults.append(error)

    sys.argv = [sys.argv[0], *_hydra_words(arguments)]
    if arguments.shows or arguments.helps:
        _show(application(task))
    else:
        application(task)()
    if faults:
        raise faults[0]


def _show(hydra_application: Callable[[], None]) -> None:
    """Print what Hydra shows, but outside Hydra, which takes a reader who leaves early for a failure of its own."""
    shown = io.StringIO()
    try:
        with redirect_stdout(shown):
            hydra_application()
    finally:
        print(shown.getvalue(), end="", flush=True)


def _hydra_words(arguments: Arguments) -> list[str]:
    from experiments.preflight.session import quoted_text

    folders = ",".join(quoted_text(f"file://{folder.resolve()}") for folder in arguments.user_folders)
    searched = [f"hydra.searchpath=[{folders}]"] if folders else []
    chosen = [] if arguments.helps else [*arguments.overrides, *searched]  # help is the same for every choice
    return [*_without_folder(arguments.options), *chosen]


def _without_folder(options: Sequence[str]) -> list[str]:
    """Drop ``--config-dir DIR``: the folder goes to Hydra with the other folders to search."""
    kept, skip = [], False
    for option in options:
        name, _, value = option.partition("=")
        is_folder = name == "-cd" or (name.startswith("--config-d") and "--config-dir".startswith(name))
        if not is_folder and not skip:
            kept.append(option)
        skip = is_folder and not value
    return kept


def _fingerprint(values: Any) -> str:
    return json.dumps(values, sort_keys=True, default=str)
