"""Hydra's Compose API behind three verbs. Composing starts nothing and writes nothing."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from experiments.preflight import folders

ROOT = "config"
"""Name of the one file with a ``hydra:`` section."""


_MOST_KEPT = 32
_SHIPPED: dict[tuple[str, ...], DictConfig] = {}
"""What shipped files make of choices, by their folder and these: they do not change while a program runs."""


@dataclass(frozen=True)
class Loaded:
    """A configuration file on the defaults list: its path without suffix and the package it fills."""

    path: str
    package: str


@dataclass(frozen=True)
class Composer:
    """Composes configurations from the shipped folder and the user's folders."""

    user_folders: tuple[Path, ...]
    _seen: dict[tuple[str, ...], DictConfig] = field(default_factory=dict, compare=False, repr=False)

    def _searched(self, overrides: Sequence[str]) -> list[str]:
        if not self.user_folders:
            return list(overrides)
        quoted = ",".join(quoted_text(f"file://{folder}") for folder in self.user_folders)
        return [*overrides, f"hydra.searchpath=[{quoted}]"]

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """Return the composed configuration with its ``hydra`` node.

        Finding and merging files takes most of a second. Where words only choose files and set or add values, files are
        merged once per choice, and what Hydra does next, setting the values, is all that is done again.
        """
        words = OverridesParser.create().parse_overrides(list(overrides))
        if all(map(self._sets_or_chooses, words)):
            chosen = tuple(x.input_line or "" for x in words if not self._sets_value(x))
            try:
                return _with_values(self._merged(chosen), [x for x in words if self._sets_value(x)])
            except OmegaConfBaseException:
                pass  # Hydra says below what is wrong
        return compose(ROOT, self._searched(overrides), return_hydra_config=True)

    def _sets_or_chooses(self, word: Override) -> bool:
        return not (word.is_delete() or word.is_sweep_override() or word.is_hydra_override())

    def _sets_value(self, word: Override) -> bool:
        key = word.key_or_group
        return word.package is None and "/" not in key and not any((x / key).is_dir() for x in self._folders())

    def _merged(self, chosen: tuple[str, ...]) -> DictConfig:
        """Return what files make of choices; what files of strangers say may change and is read again in a session."""
        known = _SHIPPED if not self.user_folders else self._seen
        key = str(folders.shipped()), *chosen
        if key not in known:
            if len(known) >= _MOST_KEPT:
                known.clear()
            known[key] = compose(ROOT, self._searched(chosen), return_hydra_config=True)
        return known[key]

    def alone(self, group: str, name: str) -> dict[str, Any]:
        """Return what a file says with the files it is made of, and nothing else, under its package."""
        values = OmegaConf.to_container(compose(None, self._searched([f"+{group}={name}"])), resolve=False)
        assert isinstance(values, dict)
        return {str(key): value for key, value in values.items()}

    def loaded(self, overrides: Sequence[str]) -> list[Loaded]:
        """Return the files that ``overrides`` select, in the order in which they are merged."""
        loader = GlobalHydra.instance().config_loader()
        chosen = loader.compute_defaults_list(ROOT, self._searched(overrides), RunMode.RUN)
        return [Loaded(item.config_path, item.package or "") for item in chosen.defaults if item.config_path]

    def options(self, group: str) -> list[str]:
        """Return the names of the files of a group; empty when there is no such group."""
        return sorted({name for folder in self._folders() for name in _names(folder / group)}) if group else []

    def groups(self) -> list[str]:
        """Return the groups: folders that hold a file to choose."""
        return sorted({below.name for folder in self._folders() for below in folder.iterdir() if _names(below)})

    def nested_groups(self) -> list[str]:
        """Return the groups inside of others, such as ``policy/us``."""
        below = {(file.parent, folder) for folder in self._folders() for file in folder.glob("*/**/*.yaml")}
        names = {place.relative_to(folder).as_posix() for place, folder in below}
        return sorted(name for name in names if "/" in name and not any(map(folders.is_hidden, name.split("/"))))

    def file(self, path: str) -> Path | None:
        """Return the file that Hydra reads for a path, with or without suffix; None for Hydra's own."""
        found = (folder / f"{path.removesuffix('.yaml')}.yaml" for folder in self._folders())
        return next((file for file in found if file.is_file()), None)

    def misnamed(self, group: str, name: str) -> Path | None:
        """Return a file of a group that Hydra does not read, as it has the shorter suffix; None without one."""
        return next((file for x in self.user_folders if (file := x / group / f"{name}.yml").is_file()), None)

    def _folders(self) -> tuple[Path, ...]:
        return (folders.shipped(), *self.user_folders)


def _with_values(merged: DictConfig, words: Sequence[Override]) -> DictConfig:
    """Return a copy of a configuration with values set or added, as Hydra does it.

    Raises:
        OmegaConfBaseException: Where that cannot be done.
    """
    config = copy.deepcopy(merged)
    for word in words:
        key, value, adds = word.key_or_group, word.value(), word.is_add() or word.is_force_add()
        if word.is_add() and not isinstance(value, dict | list) and OmegaConf.select(config, key) is not None:
            raise ConfigKeyError(key)  # there is something already
        OmegaConf.update(config, key, value, merge=True, force_add=adds)
    return config


def _names(group: Path) -> list[str]:
    found = group.glob("*.yaml") if group.is_dir() else []
    return [file.stem for file in found if not folders.is_hidden(file.name)]


def quoted_text(text: str) -> str:
    """Return ``text`` as a quoted string of Hydra's override grammar."""
    return QuotedString(text, Quote.single).with_quotes()


def forget_environment() -> None:
    """Remove the resolver that reads environment variables: configurations come from strangers."""
    OmegaConf.clear_resolver("oc.env")


@contextmanager
def opened(user_folders: Sequence[Path] = ()) -> Iterator[Composer]:
    """Open a composing session; not from inside a running Hydra application."""
    forget_environment()
    with initialize_config_dir(str(folders.shipped()), version_base="1.3", job_name="compute-market"):
        yield Composer(tuple(user_folders))
