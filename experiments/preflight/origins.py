"""Where the value of a key comes from: the files and words that set it, in the order in which they are merged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from experiments.preflight.folders import shipped
from experiments.preflight.layers import Layer, layers
from experiments.preflight.overrides import Argument
from experiments.preflight.overrides import parse as parsed
from experiments.preflight.problems import ABSENT
from experiments.preflight.session import Composer
from sim.parameters import Problem
from sim.parameters.policy import GOVERNMENTS


@dataclass(frozen=True)
class Setting:
    """One place that sets a key: a file or words on the command line, and the value it gives."""

    place: str
    value: object
    is_file: bool


@dataclass(frozen=True)
class Origins:
    """The files and words of a configuration."""

    files: tuple[Layer, ...]
    words: tuple[Argument, ...]

    def of(self, key: str) -> Iterator[Setting]:
        """Yield the places that set a key, or something above or below it, in the order in which they are merged."""
        for layer in self.files:
            value = at(_nested(layer.package, {k: v for k, v in layer.content.items() if k != "defaults"}), key)
            if value is not ABSENT:
                yield Setting(place(layer.file), value, is_file=True)
        for argument in self.words:
            value = at(_nested(argument.key, argument.parsed.value()), key)
            if value is not ABSENT:
                yield Setting(f"command line ({argument.text})", value, is_file=False)

    def named(self, problem: Problem) -> Problem:
        """Return a problem that names the file which set its key; what stands on the command line speaks for itself."""
        parts = problem.key.split(".")
        for end in range(len(parts), 1, -1):
            found = list(self.of(".".join(parts[:end])))
            if found:
                said = f"{problem.allowed} (in {found[-1].place})" if found[-1].is_file else problem.allowed
                return replace(problem, allowed=said)
        return problem


def origins(composer: Composer, overrides: Sequence[str]) -> Origins:
    """Return the files and words that make up a configuration."""
    words = [x for x in parsed(overrides) if not (x.parsed.is_delete() or composer.options(x.key))]
    return Origins(tuple(layers(composer, overrides)), tuple(words))


def rules_of_files(composer: Composer) -> dict[str, tuple[str, str, str]]:
    """Return, by the key of every rule that a file holds in full, its group, the file's name there, and its place."""
    found = dict[str, tuple[str, str, str]]()
    for group in (f"policy/{government}" for government in GOVERNMENTS):
        for name in composer.options(group):
            file = composer.file(f"{group}/{name}")
            for rule, value in _mapping(file).items():
                if file is not None and isinstance(value, Mapping) and "kind" in value:
                    found.setdefault(f"{group.replace('/', '.')}.{rule}", (group, name, place(file)))
    return found


def _mapping(file: Path | None) -> Mapping[object, object]:
    """Return what a file holds; nothing where it cannot be read as a mapping, which is said when it is chosen."""
    try:
        found = None if file is None else yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        found = None
    return found if isinstance(found, Mapping) else {}


def place(file: Path) -> str:
    """Return where a file is, in words: a shipped one from the folder of the program on."""
    is_shipped = file.resolve().is_relative_to(shipped().resolve())
    return str(file.relative_to(shipped().parent)) if is_shipped else str(file)


def _nested(package: str, value: object) -> object:
    for name in reversed(package.split(".") if package else []):
        value = {name: value}
    return value


def at(value: object, key: str) -> object:
    """Return the value at a dotted key; what stands above it where that is no mapping (null); else ``ABSENT``."""
    for part in key.split("."):
        if not isinstance(value, Mapping):
            return value
        if part not in value:
            return ABSENT
        value = value[part]
    return value
