"""Whether kernels are still to be compiled: the first run after an installation or an update takes minutes for it."""

from pathlib import Path

import numba

import sim.model  # noqa: F401  its kernels say where they are kept

NOTE = "first run after an installation or update: compiling kernels, which may take minutes"


def pending() -> bool:
    """Return whether no kernel of this version is kept, so that the next run compiles what it needs."""
    folder = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    return not folder or not any(Path(folder).rglob("*.nbi"))
