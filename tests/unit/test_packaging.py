"""Set-up: constraints, lock file and metadata agree, and make finds an interpreter that really runs."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))


def stated() -> list[Requirement]:
    project = toml("pyproject.toml")["project"]
    extras = project["optional-dependencies"].values()
    texts = [*project["dependencies"], *(text for extra in extras for text in extra)]
    return [asked for asked in map(Requirement, texts) if asked.name != project["name"]]  # dev asks for other extras


def locked() -> dict[str, set[str]]:
    """Return the versions in uv.lock by package; several where markers choose."""
    found: dict[str, set[str]] = {}
    for package in toml("uv.lock")["package"]:
        if "registry" in package["source"]:
            found.setdefault(package["name"], set()).add(package["version"])
    return found


def constrained() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_constraints_are_those_of_the_lock_file() -> None:
    versions: dict[str, set[str]] = {}
    for pin in constrained():
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        versions.setdefault(canonicalize_name(pin.name), set()).add(specifier.version)
    assert versions == locked()


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_exactly_one_version_holds_on_each_python(python: str, system: str) -> None:
    """Both Mesa versions stand in the constraints; the markers leave one of them."""
    place = {"python_full_version": python, "python_version": python[:4], "sys_platform": system}
    names = [canonicalize_name(pin.name) for pin in constrained() if pin.marker is None or pin.marker.evaluate(place)]
    assert sorted(set(names)) == sorted(names)
    assert {canonicalize_name(requirement.name) for requirement in stated()} <= set(names)


def test_the_lock_file_is_that_of_the_metadata() -> None:
    (own,) = [package for package in toml("uv.lock")["package"] if package["name"] == "compute-market"]
    entries = [entry for entry in own["metadata"]["requires-dist"] if entry["name"] != own["name"]]
    recorded = {(entry["name"], frozenset(filter(None, entry.get("specifier", "").split(",")))) for entry in entries}
    assert recorded == {(canonicalize_name(r.name), frozenset(map(str, r.specifier))) for r in stated()}
    python = set(toml("pyproject.toml")["project"]["requires-python"].split(","))
    assert set(toml("uv.lock")["requires-python"].replace(" ", "").split(",")) == python


def test_every_locked_version_is_allowed_by_the_metadata() -> None:
    for requirement in stated():
        for version in locked()[canonicalize_name(requirement.name)]:
            assert requirement.specifier.contains(version), (requirement, version)


def test_packages_come_from_the_public_index_only() -> None:
    hosts = set(re.findall(r"https?://[^/\"']+", (ROOT / "uv.lock").read_text(encoding="utf-8")))
    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def make(folder: Path, *candidates: Path) -> subprocess.CompletedProcess[str]:
    """Ask make for a virtual environment in ``folder`` with these interpreters only."""
    venv = folder / "venv"
    words = [f"VENV={venv}", f"CANDIDATES={' '.join(map(str, candidates))}", str(venv / ".core")]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


def test_make_says_plainly_that_no_python_is_there(tmp_path: Path) -> None:
    done = make(tmp_path, script(tmp_path / "python3.13", "exit 127"), tmp_path / "absent")
    assert done.returncode == 2
    assert "No Python 3.11, 3.12 or 3.13 that runs" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_make_passes_over_an_interpreter_that_does_not_run(tmp_path: Path) -> None:
    """A version manager's shim may stand on the path and fail when it is run."""
    shim = script(tmp_path / "python3.13", "echo 'command not found' >&2; exit 127")
    good = script(tmp_path / "python3.12", f'echo "$@" >> {tmp_path}/log\ncase "$1" in -m) exit 9;; esac')
    assert make(tmp_path, shim, good).returncode != 0
    assert (tmp_path / "log").read_text(encoding="utf-8").splitlines()[-1] == f"-m venv --clear {tmp_path / 'venv'}"
