"""How a command ends: a summary in the terminal, figures and report on disk, the report's path last."""

from collections.abc import Sequence
from pathlib import Path

from experiments.engine.folder import plain_write_errors

REPORT = "report.html"


def closing_report(folders: Sequence[Path], target: Path, figures: Sequence[str] | None = None) -> Path:
    """Print a summary of each folder, build the report and return its path.

    Args:
        folders: Finished runs or studies; several are compared.
        target: Folder of the report.
        figures: Names of the figures to draw; None for all.

    Raises:
        BadInput: When the report cannot be written.
    """
    from experiments.analysis import load
    from experiments.analysis.terminal import summary
    from experiments.report import build

    results = [load(folder) for folder in folders]
    for found in results:
        print(summary(found))
        print()
    with plain_write_errors(target):
        target.mkdir(parents=True, exist_ok=True)
        return build(results, target / REPORT, figures)
