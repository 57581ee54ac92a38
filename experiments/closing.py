"""How a command ends: a summary in the terminal, figures and report on disk, the report's path last."""

from collections.abc import Sequence
from pathlib import Path

from experiments.engine.folder import plain_write_errors
from experiments.engine.progress import begins

REPORT = "report.html"


def closing_report(folders: Sequence[Path], target: Path, figures: Sequence[str] | None = None) -> Path:
    """Print a summary of each folder and effects of studies, build the report, return its path from the current folder.

    Args:
        folders: Finished runs or studies; several are compared.
        target: Folder of the report.
        figures: Names of the figures to draw; None for all.

    Raises:
        BadInput: When the report cannot be written.
    """
    from experiments.analysis import load
    from experiments.analysis.terminal import summary
    from experiments.report.study import effects_in_words

    begins("reading the tables, drawing figures and the report")
    found = [load(folder) for folder in folders]
    print("\n\n".join([summary(found), *filter(None, map(effects_in_words, found))]))
    print()
    return report(folders, target, figures)


def report(folders: Sequence[Path], target: Path, figures: Sequence[str] | None = None) -> Path:
    """Build the report of finished folders, as :func:`closing_report` does, and print nothing.

    Raises:
        BadInput: When the report cannot be written.
    """
    from experiments.analysis import load
    from experiments.choices import tell_apart
    from experiments.figures import REASONS
    from experiments.report import build

    with plain_write_errors(target):
        target.mkdir(parents=True, exist_ok=True)
        found = [load(folder) for folder in folders]
        if figures is None or REASONS in figures:
            tell_apart(found, target)
        return _from_here(build(found, target / REPORT, figures))


def _from_here(path: Path) -> Path:
    """Return a path below the current folder relative to it, and any other as it is."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
