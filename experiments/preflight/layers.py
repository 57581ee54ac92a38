"""The files that make up a configuration, in the order in which they are merged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments.preflight import folders
from experiments.preflight.problems import ABSENT, refuse_if_any
from experiments.preflight.session import Composer, Loaded
from sim.parameters import Problem

Leaf = tuple[str, object]
"""A dotted key and its value."""


@dataclass(frozen=True)
class Layer:
    """One file: where it is, the package it fills, and whether we shipped it."""

    file: Path
    path: str
    package: str

    @property
    def is_shipped(self) -> bool:
        """Whether the file belongs to the shipped configuration."""
        return self.file.resolve().is_relative_to(folders.shipped().resolve())

    @cached_property
    def content(self) -> dict[Any, Any]:
        """What the file says, interpolations unresolved, its defaults list included."""
        content = OmegaConf.to_container(OmegaConf.load(self.file), resolve=False)
        return content if isinstance(content, dict) else {}

    def leaves(self) -> Iterator[Leaf]:
        """Yield every dotted key that the file sets, under its package, with the value."""
        settings = {key: value for key, value in self.content.items() if key != "defaults"}
        return flattened(settings, self.package)


def flattened(value: object, prefix: str = "") -> Iterator[Leaf]:
    """Yield the leaves of nested mappings as dotted keys; lists and empty mappings are leaves."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from flattened(child, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, value


def layers(composer: Composer, overrides: Sequence[str]) -> list[Layer]:
    """Return the files that ``overrides`` select, Hydra's own left out.

    Raises:
        BadInput: When Hydra reads a file that cannot be found here, so that nobody could check it.
    """
    found = [(composer.file(item.path), item) for item in composer.loaded(overrides)]
    lost = [item.path for file, item in found if file is None and not item.path.startswith("hydra/")]
    refuse_if_any([Problem(path, ABSENT, "refused: not a plain name of a configuration file") for path in lost])
    return [_layer(file, item) for file, item in found if file is not None]


def _layer(file: Path, item: Loaded) -> Layer:
    return Layer(file, item.path, item.package.removeprefix("_global_").lstrip("."))
