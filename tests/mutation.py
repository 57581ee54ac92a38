"""Deliberately broken versions of the model, and how to see whether a test notices.

A mutant is one place in ``sim`` with another text: a wrong sign, unit, index or order. The list lies in
``tests/slow/mutants``, a file for each group of rooms, with the test that fails on each.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]
LISTS = Path(__file__).parent / "slow" / "mutants"
NEEDED = ("sim", "experiments", "conf", "tests", "pyproject.toml")
"""What a test needs of the repository."""
_NOTICED = re.compile(r"^(?:E| *\|)[ |]+(AssertionError|assert |Failed: |sim\.ledger\.IdentityError)", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """One broken place, and what notices it."""

    name: str
    file: str
    """Below ``sim``."""
    old: str
    new: str
    why: str
    """What would be wrong in the results."""
    caught_by: str
    """Node id of the test that fails, below ``tests``."""
    compiled: bool = False
    """Whether its test runs the whole model, which takes too long without compiled kernels."""

    @property
    def room(self) -> str:
        """The part of the model that is broken."""
        return self.file.split("/")[0].removesuffix(".py")

    @property
    def source(self) -> str:
        """Text of the file as it is."""
        return (REPOSITORY / "sim" / self.file).read_text(encoding="utf-8")


def mutants() -> list[Mutant]:
    """Return all mutants, in the order of their lists."""
    lists = sorted(LISTS.glob("*.yaml"))
    return [Mutant(**entry) for path in lists for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


def copy_of_repository(folder: Path) -> Path:
    """Copy what tests need to a folder, with the times of its files, and return it."""
    for name in NEEDED:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(REPOSITORY / name, folder / name)
    return folder


@contextmanager
def broken(folder: Path, mutant: Mutant) -> Iterator[None]:
    """Put a mutant in the place of its file in a copy; afterwards the file is as it was, its time too."""
    path = folder / "sim" / mutant.file
    text, stat = path.read_bytes(), path.stat()
    path.write_text(mutant.source.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_bytes(text)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def tested(folder: Path, nodes: Sequence[str], *, compiled: bool) -> subprocess.CompletedProcess[str]:
    """Run tests in a copy of the repository, in a process and with a cache of kernels of its own."""
    environment = {
        **os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": str(folder / "cache"), "NUMBA_DISABLE_JIT": "0" if compiled else "1",
        "HYPOTHESIS_PROFILE": "repeatable", "CI": "",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "pytest", "-x", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist", "-W",
        "ignore::RuntimeWarning", *nodes,
    ]  # fmt: skip
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def noticed(run: subprocess.CompletedProcess[str]) -> bool:
    """Return whether a test failed by what it asserts, or by a broken identity, rather than by an error."""
    return run.returncode == 1 and bool(_NOTICED.search(run.stdout))
