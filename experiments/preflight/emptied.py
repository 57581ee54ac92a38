"""Empty mappings where something stands already: mappings merge, so they take nothing away and change nothing."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from experiments.preflight.folders import yaml_files
from experiments.preflight.layers import flattened, layers
from experiments.preflight.origins import Origins, Setting, at
from experiments.preflight.overrides import Argument
from experiments.preflight.session import Composer
from sim.parameters import Problem

_EMPTY = re.compile(rb"\{\s*\}")


def emptied(values: Mapping[str, Any], arguments: Sequence[Argument], composer: Composer) -> Iterator[Problem]:
    """Yield the empty mappings of the user's files and of the command line that change nothing.

    Args:
        values: The configuration that was composed.
        arguments: The words it was composed from.
        composer: Knows the files, which are looked at only where one of them may be meant.
    """
    words = [x for x in arguments if _sets(x, composer)]
    typed = {key for x in words for key in _empty(flattened(x.parsed.value(), x.key))}
    if not (any(_entries(values, key) for key in typed) or _some_written(composer)):
        return  # finding the files of a configuration takes most of a second
    files = layers(composer, [x.text for x in arguments])
    written = {key for layer in files if not layer.is_shipped for key in _empty(layer.leaves())}
    for key in sorted(typed | written):
        entries = _entries(values, key)
        if entries and not any(x.parsed.is_delete() and f"{key}.".startswith(f"{x.key}.") for x in arguments):
            for setting in _in_vain(list(Origins(tuple(files), tuple(words)).of(key))):
                yield Problem(key, {}, _advice(f"{key}.{entries[0]}", setting))


def _sets(argument: Argument, composer: Composer) -> bool:
    """Return whether a word sets values of the configuration, rather than choose a file or take something away."""
    if argument.is_hydra or argument.parsed.is_delete():
        return False
    return isinstance(argument.parsed.value(), dict) or not composer.options(argument.key)


def _some_written(composer: Composer) -> bool:
    """Return whether any file of the user's, chosen or not, holds an empty mapping."""
    files = (folder / name for folder in composer.user_folders for name in yaml_files(folder))
    return any(_EMPTY.search(file.read_bytes()) for file in files if os.access(file, os.R_OK))


def _empty(leaves: Iterator[tuple[str, object]]) -> Iterator[str]:
    return (key for key, value in leaves if value == {})


def _entries(values: Mapping[str, Any], key: str) -> list[str]:
    found = at(values, key)
    return [str(name) for name in found] if isinstance(found, Mapping) else []


def _in_vain(settings: Sequence[Setting]) -> list[Setting]:
    """Return the last empty mapping that is said after one that is not."""
    filled = next((n for n, x in enumerate(settings) if isinstance(x.value, Mapping) and x.value), len(settings))
    return [x for x in settings[filled:] if x.value == {}][-1:]


def _advice(entry: str, setting: Setting) -> str:
    said = f"changes nothing, as mappings merge; to take an entry away, type it with ~ (~{entry})"
    if not setting.is_file:
        return said
    return f"{said}, or copy all but that entry into a file that does not build on this one (in {setting.place})"
