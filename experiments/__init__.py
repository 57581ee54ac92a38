"""What runs the model: ``from experiments import compose, run, study, load``. Importing this loads nothing else.

The verbs are those of the command line and take the same overrides: ``run("scenario=scarce", "seed=3")``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.analysis import Results
    from experiments.preflight import Plan

__all__ = ["compose", "load", "run", "study"]


def compose(*overrides: str, user_folders: Sequence[Path] = ()) -> "Plan":
    """Compose and validate one configuration: its ``parameters`` go to ``sim.ComputeMarket``.

    Args:
        overrides: What one would type after ``compute-market run``.
        user_folders: Folders with configuration files of one's own.

    Raises:
        experiments.faults.BadInput: With every problem found.
    """
    from experiments.preflight import composing, plan

    with composing(user_folders) as composer:
        return plan(composer, overrides)


def run(*overrides: str, user_folders: Sequence[Path] = ()) -> "Results":
    """Make one run and return its tables; an identical stored run is used again.

    Raises:
        experiments.faults.BadInput: When the configuration is wrong or the folder cannot be written.
    """
    from experiments.run import execute

    return load(execute(compose(*overrides, user_folders=user_folders), overrides))


def study(
    *overrides: str,
    user_folders: Sequence[Path] = (),
    replace: bool = False,
    anyway: bool = False,
    retry_failed: bool = False,
) -> "Results":
    """Run what is missing of a study and return its tables; ``study=NAME`` chooses it, the baseline by default.

    Call it below ``if __name__ == "__main__":`` in a script: its workers import the script.

    Args:
        overrides: What one would type after ``compute-market study``.
        user_folders: Folders with configuration files of one's own.
        replace: Whether to start over a folder that holds another study.
        anyway: Whether to go on although versions or machine differ.
        retry_failed: Whether to compute failed runs again.

    Raises:
        experiments.faults.BadInput: When the design is wrong or the folder cannot be used.
        experiments.faults.Interrupted: When the user stops it.
    """
    from experiments.study import Manner, execute, planned

    return load(execute(planned(overrides, user_folders), overrides, Manner(replace, anyway, retry_failed)))


def load(*folders: str | Path) -> "Results":
    """Open finished run or study folders: ``load("outputs/baseline")["market"].pandas()``.

    Raises:
        experiments.faults.BadInput: When a folder is missing, unfinished or damaged.
    """
    from experiments.analysis import load as opened

    return opened(*folders)


class _Package(ModuleType):
    """The package: its verbs stay functions although submodules have the same names."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
