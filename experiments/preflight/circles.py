"""Circles of files whose defaults lists name each other: Hydra would go round in them without end."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath
from typing import Any

from experiments.preflight.problems import ABSENT
from sim.parameters import Problem


def circles(lists: Mapping[Path, tuple[str, object]]) -> Iterator[Problem]:
    """Yield a problem for each circle, which names its files in their order.

    Args:
        lists: The path of each file within its folder, and its defaults list.
    """
    files = {name.removesuffix(".yaml"): file for file, (name, _) in lists.items()}
    left = {
        file: [files[path] for path in _paths(PurePosixPath(name).parent, found) if path in files]
        for file, (name, found) in lists.items()
    }
    while circle := _circle(left):
        first, *others = circle
        if not others:
            yield Problem(f"{first}: defaults: {first.stem}", ABSENT, "is this file itself; write _self_ for its place")
        else:
            way = ", ".join(map(str, others))
            yield Problem(f"{first}: defaults", ABSENT, f"lead back to this file by way of {way}; take one of them out")
        left = {file: [to for to in named if to not in circle] for file, named in left.items() if file not in circle}


def _circle(named: Mapping[Path, Sequence[Path]]) -> list[Path]:
    """Return the files of a circle, each of which names the next, the first by its name first; nothing without one."""
    try:
        TopologicalSorter(named).prepare()
    except CycleError as error:
        circle: list[Path] = error.args[1][:0:-1]  # each there is named by the next, and the first comes twice
        start = circle.index(min(circle))
        return circle[start:] + circle[:start]
    return []


def _paths(group: PurePosixPath, defaults: object) -> Iterator[str]:
    """Yield the files that a defaults list in a group loads, without suffix; an override loads none by itself."""
    for entry in defaults if isinstance(defaults, list) else []:
        for below, names in entry.items() if isinstance(entry, dict) else [("", entry)]:
            if not str(below).startswith("override "):
                yield from (_path(group, str(below), name) for name in (names if isinstance(names, list) else [names]))


def _path(group: PurePosixPath, below: str, name: Any) -> str:
    """Return the path of an entry, relative to its group unless it begins with a slash: ``optional below@package``."""
    parts = [part.removeprefix("optional ").partition("@")[0].strip() for part in (below, str(name))]
    path = PurePosixPath("/", group, *filter(None, parts))
    return path.as_posix().lstrip("/").removesuffix(".yaml")
