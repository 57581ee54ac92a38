"""How a command ends: a summary in the terminal, figures and report on disk, the report's path last."""

from collections.abc import Sequence
from pathlib import Path

from experiments.engine.folder import plain_write_errors

REPORT = "report.html"


def closing_report(folders: Sequence[Path], target: Path, *, again: bool = False) -> Path:
    """Print a summary of each folder and return the path of the report.

    Args:
        folders: Finished runs or studies; several are compared.
        target: Folder of the report.
        again: Whether to build the report although there is one.

    Raises:
        BadInput: When the report cannot be written.
    """
    from experiments.analysis import summary

    for folder in folders:
        print(summary(folder))
        print()
    existing = target / REPORT
    if existing.is_file() and not again:
        return existing
    from experiments.report import build

    with plain_write_errors(target):
        target.mkdir(parents=True, exist_ok=True)
        return build(list(folders), target)
