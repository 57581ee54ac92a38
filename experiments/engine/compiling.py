"""Whether kernels are still to be compiled: the first run after an installation or an update takes minutes for it."""

from pathlib import Path

from sim.economics.service import settle

NOTE = "first run after an installation or update: compiling kernels, which may take minutes"


def pending() -> bool:
    """Return whether no kernel of this installation is kept, so that the next run compiles what it needs.

    Kernels are kept by version and by where the sources lie: one kernel tells of all.
    """
    stats = getattr(settle, "stats", None)
    if stats is None:  # kernels are switched off
        return False
    return not stats.cache_path or not any(Path(stats.cache_path).glob("*.nbi"))
