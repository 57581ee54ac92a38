"""Where configuration files are: the checkout's ``conf``, else the packaged copy; and the user's own."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_OWN_NAME = 'name = "compute-market"'


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


def yaml_files(folder: Path) -> Iterator[str]:
    """Yield the YAML files below ``folder`` as posix paths relative to it, sorted."""
    for path in sorted(folder.rglob("*.yaml")):
        yield path.relative_to(folder).as_posix()
