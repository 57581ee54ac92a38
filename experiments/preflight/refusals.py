"""What a stranger's configuration may not do. Configurations are data: nothing in them may act.

Shown to work with plain Hydra and refused here: a pickle or any callable through ``_target_``, any file
truncated through job logging, folders made anywhere through ``hydra.run.dir``, environment variables
set through ``hydra.job.env_set`` (and so foreign code in workers), secrets read through ``${oc.env:...}``.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.preflight.folders import shipped, yaml_files
from experiments.preflight.layers import Layer, flattened
from experiments.preflight.overrides import Argument
from experiments.preflight.problems import ABSENT, suggestion
from experiments.preflight.session import Composer
from sim.names import ID_PATTERN
from sim.parameters import Problem

_PLAIN_REFERENCE = re.compile(r"\$\{(?!hydra\b)[A-Za-z_][\w.\-]*\}")
_NAME = re.compile(ID_PATTERN)
_ONLY_YOU = ("hydra", "output.root")
"""Keys that only the shipped root or the command line may set."""


def file_problems(layers: Sequence[Layer]) -> list[Problem]:
    """Return what the user's files may not say."""
    return [problem for layer in layers if not layer.is_shipped for problem in _layer_problems(layer)]


def _layer_problems(layer: Layer) -> Iterator[Problem]:
    if ".." in Path(layer.path).parts or Path(layer.path).is_absolute():
        yield Problem(str(layer.file), ABSENT, "a configuration may not reach outside its folder")
    for key, value in layer.leaves():
        yield from _key_problems(layer.file, key)
        yield from _value_problems(layer.file, key, value)
    for entry in layer.content.get("defaults", []):
        yield from _default_problems(layer.file, entry)


def _is_below(key: str, root: str) -> bool:
    return key == root or key.startswith(f"{root}.")


def _key_problems(file: Path, key: str) -> Iterator[Problem]:
    if any(_is_below(key, root) for root in _ONLY_YOU):
        yield Problem(f"{file}: {key}", ABSENT, "refused: only the command line may set this")
    if "_target_" in key:
        yield Problem(f"{file}: {key}", ABSENT, "refused: nothing is instantiated from YAML")
    if "${" in key:
        yield Problem(f"{file}: {key}", ABSENT, "refused: keys may not hold references")


def _value_problems(file: Path, key: str, value: object) -> Iterator[Problem]:
    for text in _texts(value):
        if text == "_target_":
            yield Problem(f"{file}: {key}", ABSENT, "refused: nothing is instantiated from YAML (_target_)")
        if "${" in _PLAIN_REFERENCE.sub("", text):
            yield Problem(f"{file}: {key}", text, "refused: only plain references such as ${market.start} are allowed")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (str(key), *_texts(item))


def _default_problems(file: Path, entry: object) -> Iterator[Problem]:
    for text in _texts(entry):
        if "hydra" in re.split(r"[\s/@.]+", text):
            yield Problem(f"{file}: defaults: {text}", ABSENT, "refused: only the command line may set this")
        if "${" in text or ".." in text:
            yield Problem(f"{file}: defaults: {text}", ABSENT, "refused: the defaults list takes plain names only")


def folder_problems(user_folders: Sequence[Path]) -> list[Problem]:
    """Return the user's files that would be ignored (hidden by another) or that stand in for Hydra's own."""
    problems, seen = [], dict.fromkeys(yaml_files(shipped()), shipped())
    for folder in user_folders:
        for name in yaml_files(folder):
            problems += _file_in_folder(folder, name, seen)
            seen.setdefault(name, folder)
    return problems


def _file_in_folder(folder: Path, name: str, seen: dict[str, Path]) -> Iterator[Problem]:
    if name in seen:
        yield Problem(str(folder / name), ABSENT, f"would be ignored: {seen[name] / name} has the same name; rename yours")
    if name.startswith("hydra/"):
        yield Problem(str(folder / name), ABSENT, "refused: only the command line may set what belongs to Hydra")


def missing_folders(user_folders: Sequence[Path]) -> list[Problem]:
    """Return the folders that are not there."""
    return [
        Problem("--config-dir", str(folder), "no such folder" + suggestion(folder.name, _siblings(folder)))
        for folder in user_folders
        if not folder.is_dir()
    ]


def _siblings(folder: Path) -> list[str]:
    parent = folder.parent
    return [path.name for path in parent.iterdir() if path.is_dir()] if parent.is_dir() else []


def name_problems(arguments: Sequence[Argument], composer: Composer) -> list[Problem]:
    """Return group choices that are no names: they become folder names and must not leave the folder."""
    problems = []
    for argument in arguments:
        if argument.is_hydra or not composer.options(argument.key):
            continue
        for _, value in flattened(argument.parsed.value()):
            for text in _texts(value):
                if not _NAME.match(text):
                    problems.append(Problem(argument.key, text, f"is not a name (names match {ID_PATTERN})"))
    return problems


def target_problems(config: object) -> list[Problem]:
    """Return the ``_target_`` keys of a composed configuration."""
    return [
        Problem(key, ABSENT, "refused: nothing is instantiated from a configuration")
        for key, _ in flattened(config)
        if "_target_" in key.split(".")
    ]
