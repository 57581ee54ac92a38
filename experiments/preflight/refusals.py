"""What a stranger's configuration may not do. Configurations are data: nothing in them may act.

Shown to work with plain Hydra and refused here: a pickle or any callable through ``_target_``, any file
truncated through job logging, folders made anywhere through ``hydra.run.dir``, environment variables
set through ``hydra.job.env_set`` (and so foreign code in workers), secrets read through ``${oc.env:...}``.
A file may not grow without bound either: by aliases (see ``events``) or by references to whole groups.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, ListConfig, OmegaConf

from experiments.preflight.circles import circles
from experiments.preflight.contradictions import against_each_other
from experiments.preflight.events import excess, foreign_tags
from experiments.preflight.folders import is_hidden, shipped, yaml_files
from experiments.preflight.layers import Layer, flattened
from experiments.preflight.overrides import Argument
from experiments.preflight.problems import ABSENT
from experiments.preflight.session import Composer
from sim.names import ID_PATTERN
from sim.parameters import Problem
from sim.parameters.problems import suggestion

_PLAIN_REFERENCE = re.compile(r"\$\{(?!hydra\b)[A-Za-z_][\w.\-]*\}")
_ONE_REFERENCE = "refused: a value may be one plain reference such as ${market.start}"
_NAME = re.compile(ID_PATTERN)
_OF_THE_CALL = ("runtime", "overrides", "searchpath", "job.override_dirname")
"""Parts of Hydra's own settings that say how it was called."""
_ONLY_YOU = ("hydra", "output.root")
"""Keys that only the shipped root or the command line may set."""


def file_problems(layers: Sequence[Layer]) -> list[Problem]:
    """Return what the user's files may not say."""
    return [problem for layer in layers if not layer.is_shipped for problem in _layer_problems(layer)]


def _layer_problems(layer: Layer) -> Iterator[Problem]:
    if ".." in Path(layer.path).parts or Path(layer.path).is_absolute():
        yield Problem(str(layer.file), ABSENT, "a configuration may not reach outside its folder")
    root = yaml.compose(layer.file.read_text(encoding="utf-8"))
    if root is None:
        yield Problem(str(layer.file), ABSENT, "holds nothing, so that choosing it would silently do nothing")
    elif not isinstance(root, yaml.MappingNode):
        held = "a list" if isinstance(root, yaml.SequenceNode) else "plain text"
        yield Problem(str(layer.file), ABSENT, f"holds {held}; a configuration holds keys with values (key: value)")
    for tag in foreign_tags(layer.file):
        yield Problem(str(layer.file), ABSENT, f"refused: the tag {tag} asks for an object; only plain values are read")
    for key, value in layer.leaves():
        yield from _key_problems(layer.file, key)
        yield from _value_problems(layer.file, key, value)


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
        if text == "???":
            yield Problem(f"{file}: {key}", text, "means that a value is missing; give one or leave the key out")
        if "${" in text and not _PLAIN_REFERENCE.fullmatch(text):
            yield Problem(f"{file}: {key}", text, _ONE_REFERENCE)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (str(key), *_texts(item))


def _default_problems(file: Path) -> Iterator[Problem]:
    for text in _texts(_defaults(file)):
        if "hydra" in re.split(r"[\s/@.]+", text):
            yield Problem(f"{file}: defaults: {text}", ABSENT, "refused: only the command line may set this")
        hidden = any(map(is_hidden, re.split("[/@]", text)))  # such files are not looked through before they are read
        if "${" in text or ".." in text or "//" in text or hidden:
            yield Problem(f"{file}: defaults: {text}", ABSENT, "refused: the defaults list takes plain names only")


def _list_problems(file: Path) -> Iterator[Problem]:
    """Yield what cannot be meant by lists of files in a defaults list."""
    found = _defaults(file)
    for entry in found if isinstance(found, list) else []:
        for group, names in entry.items() if isinstance(entry, dict) else []:
            yield from against_each_other(f"{file}: defaults: {group}", names if isinstance(names, list) else [])


def _defaults(file: Path) -> object:
    """Return the defaults list of a file; a file that cannot be read has none, and Hydra says why if it is chosen."""
    return _content(file).get("defaults")


def _content(file: Path) -> dict[Any, Any]:
    """Return what a file says, nothing where it cannot be read or says no keys."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def acting_texts(user_folders: Sequence[Path]) -> list[Problem]:
    """Return the values of user files that are more than a plain reference: some cannot even be read as one."""
    files = [folder / name for folder in user_folders for name in yaml_files(folder)]
    found = [(file, *leaf) for file in files if excess(file) is None for leaf in flattened(_content(file))]
    return [x for file, key, value in found for x in _value_problems(file, key, value) if x.allowed == _ONE_REFERENCE]


def folder_problems(user_folders: Sequence[Path]) -> list[Problem]:
    """Return what is wrong with the user's files before any is composed.

    A file may be ignored (hidden by another), stand in for Hydra's own, hold too much to be loaded, or name
    defaults outside its folder; where none does, some may name each other in a circle.
    """
    problems: list[Problem] = []
    seen = dict.fromkeys(yaml_files(shipped()), shipped())
    for folder in user_folders:
        for name in yaml_files(folder):
            problems += _file_in_folder(folder, name, seen)
            seen.setdefault(name, folder)
    if problems:
        return problems
    return list(
        circles(
            {folder / name: (name, _defaults(folder / name)) for folder in user_folders for name in yaml_files(folder)}
        )
    )


def _file_in_folder(folder: Path, name: str, seen: dict[str, Path]) -> Iterator[Problem]:
    file = folder / name
    if name in seen:
        yield Problem(str(file), ABSENT, f"would be ignored: {seen[name] / name} has the same name; rename yours")
    if name.startswith("hydra/"):
        yield Problem(str(file), ABSENT, "refused: only the command line may set what belongs to Hydra")
    reason = excess(file)
    if reason is not None:
        yield Problem(str(file), ABSENT, reason)
    else:
        yield from _default_problems(file)
        yield from _list_problems(file)


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
                if not _NAME.fullmatch(text):
                    problems.append(Problem(argument.key, text, f"is not a name (names match {ID_PATTERN})"))
    return problems


def reference_problems(model: DictConfig) -> list[Problem]:
    """Return what is wrong with references.

    That is: those that are more than plain, else those that go round in a circle, else those to nothing and to whole
    groups, as a chain of these doubles at every link.

    Args:
        model: The composed configuration, references unresolved.
    """
    raw = list(flattened(OmegaConf.to_container(model, resolve=False)))
    references = [(key, text) for key, value in raw for text in _texts(value) if "${" in text]
    acting = [Problem(key, text, _ONE_REFERENCE) for key, text in references if not _PLAIN_REFERENCE.fullmatch(text)]
    targets = {key: text[2:-1] for key, text in references}
    return acting or list(_circles(targets)) or [
        Problem(key, text, allowed)
        for key, text in references
        if (allowed := _reference_problem(model, text[2:-1], targets, [name for name, _ in raw])) is not None
    ]  # fmt: skip


def _reference_problem(model: DictConfig, target: str, targets: Mapping[str, str], leaves: Sequence[str]) -> str | None:
    found = OmegaConf.select(model, target, throw_on_resolution_failure=False)
    if found is None and target not in leaves and _reference_at(target, targets) is None:
        return f"refers to a key that does not exist{suggestion(target, leaves)}"
    if isinstance(found, DictConfig | ListConfig):
        return "refers to a whole group; a reference takes one value"
    return None


def _circles(targets: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each circle of references, given what each key refers to."""
    ended: set[str] = set()
    for first in targets:
        path = [first]
        while path[-1] not in ended and (following := _reference_at(targets[path[-1]], targets)) is not None:
            if following in path:
                round_ = [*path[path.index(following) :], following]
                yield Problem(
                    following, ABSENT, f"refers to itself ({' -> '.join(round_)}); give a value to one of them"
                )
                break
            path.append(following)
        ended.update(path)


def _reference_at(key: str, targets: Mapping[str, str]) -> str | None:
    """Return the reference that stands at a key or above it."""
    while key and key not in targets:
        key = key.rpartition(".")[0]
    return key or None


def hydra_problems(composed: Any, untouched: Any) -> list[Problem]:
    """Return what the user's files changed in Hydra's own settings.

    Args:
        composed: The node ``hydra`` of the configuration.
        untouched: The same node when only the shipped files and the command line speak.
    """
    found, expected = dict(_of_hydra(composed)), dict(_of_hydra(untouched))
    changed = [key for key in {**expected, **found} if found.get(key) != expected.get(key)]
    return [Problem(f"hydra.{key}", ABSENT, "refused: only the command line may set this") for key in changed]


def _of_hydra(node: Any) -> Iterator[tuple[str, object]]:
    settings = OmegaConf.to_container(node, resolve=False)
    assert isinstance(settings, dict)
    leaves = flattened(settings)
    return ((key, value) for key, value in leaves if not any(_is_below(key, root) for root in _OF_THE_CALL))


def target_problems(config: object) -> list[Problem]:
    """Return the ``_target_`` keys of a composed configuration."""
    return [
        Problem(key, ABSENT, "refused: nothing is instantiated from a configuration")
        for key, _ in flattened(config)
        if "_target_" in key.split(".")
    ]
