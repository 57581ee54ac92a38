"""Where configuration files are: the checkout's ``conf``, else the packaged copy; and the user's own."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from experiments.faults import BadInput

_PACKAGE = Path(__file__).resolve().parents[1]
_OWN_NAME = 'name = "compute-market"'
_MOST_FOLDERS = 5_000


@cache
def shipped() -> Path:
    """Return the folder of shipped configuration files.

    An editable install leaves a stale copy in site-packages, so the checkout's own folder comes
    first, but only when our own pyproject stands beside it.
    """
    pyproject = _PACKAGE.parent / "pyproject.toml"
    checkout = _PACKAGE.parent / "conf"
    if checkout.is_dir() and pyproject.is_file() and _OWN_NAME in pyproject.read_text(encoding="utf-8"):
        return checkout
    return _PACKAGE / "_conf"


def yaml_files(folder: Path) -> list[str]:
    """Return the YAML files below ``folder`` as posix paths relative to it, sorted; links to folders are followed.

    Hidden ones are left out: nobody wrote them (a Mac's copies to other disks leave ``._mine.yaml`` beside
    ``mine.yaml``), and nothing can choose them.

    Raises:
        BadInput: When there are so many folders that this cannot be a folder of configurations.
    """
    return sorted(
        (Path(place) / name).relative_to(folder).as_posix()
        for place, names in _walk(folder)
        for name in names
        if name.endswith(".yaml") and not is_hidden(name)
    )


def _walk(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for count, (place, below, names) in enumerate(os.walk(folder, followlinks=True), start=1):
        if count > _MOST_FOLDERS:
            raise BadInput([f"{folder}: holds more than {_MOST_FOLDERS} folders; name one with configurations only"])
        here = Path(place).resolve()  # a link to a folder above would lead round in a circle
        visible = [name for name in below if not is_hidden(name)]
        below[:] = [name for name in visible if not here.is_relative_to(Path(place, name).resolve())]
        yield place, names


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden by its name."""
    return name.startswith(".")
