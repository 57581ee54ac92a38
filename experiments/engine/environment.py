"""On what a result was computed: versions, machine, commit. Results are equal only on equal ground."""

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("compute-market", "mesa", "numpy", "numba", "llvmlite", "pyarrow", "pydantic", "hydra-core", "omegaconf")
_DECISIVE = ("mesa", "numpy", "numba", "llvmlite")
"""Packages whose version can change a number."""


@cache
def environment() -> dict[str, Any]:
    """Return versions of packages and Python, the machine, and the commit."""
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform}-{platform.machine()}",
        "libc": "-".join(platform.libc_ver()),
        "cpu": _cpu(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "commit": _commit(),
    }


def decisive(found: dict[str, Any]) -> dict[str, str]:
    """Return the part of an environment on which values can depend."""
    packages = found.get("packages", {})
    place = {name: str(found.get(name)) for name in ("platform", "libc")}
    return place | {name: str(packages.get(name)) for name in _DECISIVE}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpu() -> dict[str, Any]:
    """Return the processor's name and the features that vector code could use."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {"name": platform.processor(), "features": []}
    pairs = dict(reversed([line.split(":", 1) for line in lines if ":" in line]))
    known = {name.strip(): value.strip() for name, value in pairs.items()}
    features = known.get("flags", known.get("Features", "")).split()
    telling = sorted(name for name in features if name.startswith(("avx", "fma", "sse4", "sve", "asimd")))
    return {"name": known.get("model name", platform.processor()), "features": telling}


def _commit() -> str | None:
    """Return the commit of the checkout, with ``+`` when files differ from it; None outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + ("+" if _git(root, "status", "--porcelain", "--", "sim", "experiments", "conf") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *words: str) -> str:
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", *words]
    return subprocess.check_output(
        command, cwd=root, env=environ, stderr=subprocess.DEVNULL, text=True, timeout=10
    ).strip()


def cores() -> int:
    """Return the number of cores this process may use."""
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available is not None else os.cpu_count() or 1
