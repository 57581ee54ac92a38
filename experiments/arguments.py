"""The words after ``run`` and ``study``: our own flags, and what is Hydra's."""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from experiments.faults import BadInput
from sim.parameters.problems import suggestion

_PLACES_OF_HYDRA = ("hydra.run.dir", "hydra.sweep.dir")
"""Folders that Hydra makes for itself: no result goes there."""
_PLACES = ("output.root", *_PLACES_OF_HYDRA)
"""Overrides that say, or seem to say, where results go, as --out does."""
_TO_HYDRA = ("hydra.searchpath", "hydra.verbose")
"""What may be said to Hydra itself. The rest would have it call (callbacks, launcher, sweeper, logging), write or set
something: a command line that somebody pastes must not act either."""
_REFUSED = {
    "config_path": "--config-path is not supported: add your own files with --config-dir",
    "config_name": "--config-name is not supported: write a scenario file and choose it with scenario=NAME",
    "experimental_rerun": "--experimental-rerun is refused: it executes a pickle",
}


@dataclass(frozen=True)
class Arguments:
    """Parsed words: overrides, the user's folders, and what is asked for."""

    overrides: tuple[str, ...]
    user_folders: tuple[Path, ...]
    multirun: bool
    shows: bool
    """Whether Hydra only shows something (``--cfg``, ``--info``)."""
    helps: bool
    replace: bool
    anyway: bool
    retry_failed: bool
    options: tuple[str, ...]
    """Hydra's options, as typed."""


def _own() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--out")
    parser.add_argument("--replace", action="store_true")
    parser.add_argument("--anyway", action="store_true")
    parser.add_argument("--retry-failed", action="store_true")
    return parser


def parse(words: Sequence[str], defaults: Sequence[str] = ()) -> Arguments:
    """Parse the words after the command.

    Args:
        words: The command line after ``run`` or ``study``.
        defaults: Group choices that hold unless the words choose otherwise, such as ``study=baseline``.

    Raises:
        BadInput: For an option that is refused or unknown.
    """
    own, rest = _parsed_own(words)
    hydra = _hydra_options(rest)
    refused = [line for name, line in _REFUSED.items() if getattr(hydra, name) is not None]
    _refuse_if_any(refused)
    shows = hydra.cfg is not None or hydra.info is not None
    if shows and hydra.multirun:
        raise BadInput(["--cfg and --info show one configuration: leave --multirun off"])
    if hydra.package is not None and hydra.cfg is None:
        raise BadInput([f"--package {hydra.package}: shows a part of what --cfg shows; give --cfg job as well"])
    overrides, searched = _without_search_path(hydra.overrides)
    _refuse_if_any([*_folders_said(overrides, own.out), *_acts(overrides)])
    chosen = [f"output.root={_quoted(own.out)}"] if own.out is not None else []
    return Arguments(
        overrides=(*_missing(defaults, overrides), *overrides, *chosen),
        user_folders=tuple(Path(folder) for folder in [hydra.config_dir, *searched] if folder is not None),
        multirun=hydra.multirun,
        shows=shows,
        helps=hydra.help or hydra.hydra_help,
        replace=own.replace,
        anyway=own.anyway,
        retry_failed=own.retry_failed,
        options=tuple(word for word in rest if word not in hydra.overrides),
    )


def _parsed_own(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    try:
        return _own().parse_known_args(list(words))
    except argparse.ArgumentError as error:
        raise BadInput([str(error)]) from error


def _hydra_options(words: Sequence[str]) -> argparse.Namespace:
    from hydra._internal.utils import get_args_parser

    parser = get_args_parser()
    names = [name for name in (*parser._option_string_actions, *_own()._option_string_actions) if name.startswith("--")]

    def refuse(message: str) -> NoReturn:
        raise BadInput([message + suggestion(message.rpartition(" ")[2].partition("=")[0], names)])

    parser.error = refuse  # type: ignore[method-assign]
    return parser.parse_intermixed_args(list(words))


def _refuse_if_any(lines: Sequence[str]) -> None:
    if lines:
        raise BadInput(list(lines))


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")


def _folders_said(overrides: Sequence[str], out: str | None) -> Iterator[str]:
    """Yield a line for each word that says where results go a second time, or not in a way that is followed."""
    if out == "":
        yield "--out: give a folder for results; what was given is empty"
    for text in overrides:
        if out is not None and _key(text) in _PLACES:
            yield f"{text}: --out says already where results go; leave this off"
        elif _key(text) in _PLACES_OF_HYDRA:
            yield f"{text}: no result would go there; say --out DIR"


def _acts(overrides: Sequence[str]) -> Iterator[str]:
    """Yield a line for each word that would have Hydra call something, or that sets what belongs to it."""
    for text in overrides:
        if "_target_" in text:
            yield f"{text}: refused: nothing is instantiated from a configuration (_target_)"
        elif "hydra" in re.split(r"[./@:]", _key(text)) and _key(text) not in (*_TO_HYDRA, *_PLACES_OF_HYDRA):
            yield f"{text}: refused: of what belongs to Hydra, only {' and '.join(_TO_HYDRA)} may be set"


def _missing(defaults: Sequence[str], overrides: Sequence[str]) -> list[str]:
    chosen = {_key(override) for override in overrides}
    return [default for default in defaults if default.partition("=")[0] not in chosen]


def _without_search_path(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """Take the folders of ``hydra.searchpath=[...]`` out of the overrides; they are user folders too."""
    kept, folders = [], []
    for override in overrides:
        key, _, value = override.partition("=")
        if key.lstrip("+") == "hydra.searchpath":
            folders += [entry.strip(" '\"") for entry in value.strip("[] ").split(",") if entry.strip()]
        else:
            kept.append(override)
    foreign = [folder for folder in folders if "://" in folder and not folder.startswith("file://")]
    if foreign:
        raise BadInput([f"hydra.searchpath = {foreign}: only folders (file://...) are searched"])
    return kept, [folder.removeprefix("file://") for folder in folders]


def _quoted(text: str) -> str:
    from experiments.preflight.session import quoted_text

    return quoted_text(text)
