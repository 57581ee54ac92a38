"""``compute-market verify``: the model against theory, a table of limit cases."""

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments import faults
from experiments.engine.folder import plain_write_errors
from experiments.faults import BadInput
from sim.parameters.problems import suggestion

if TYPE_CHECKING:
    from experiments.verification import Case, Finding

HEAD = ("case", "verdict", "residual", "allowed", "expected", "obtained", "statement", "source")
_WIDTHS = (5, 7, 8, 8, 24, 30)
_FEW = 3
_NOTE = (
    "A residual is the largest |obtained - expected| / max(1, |expected|); of many numbers the one with the largest is "
    "shown. V1 to V4 compare with stored solutions of PyBLP, which the tests solve live."
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="compute-market verify",
        description="Check the model against theory: expected, obtained, residual, verdict of every limit case. "
        "Exit code 3 where one does not hold.",
        allow_abbrev=False,
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="numbers such as V8a, or V8 for all that begin so")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table too: FILE.md or FILE.csv")
    return parser


def main(words: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    asked = _parser().parse_args(list(words))
    _check_file(asked.out)
    from experiments.verification import examined

    chosen, findings = _chosen(asked.cases), []
    print(_line(HEAD))
    for case in chosen:
        findings.append(examined(case))
        print(_line(row(findings[-1])), flush=True)
    print(f"\n{_NOTE}\n{conclusion(findings)}")
    if asked.out is not None:
        print(f"{asked.out}{' takes the place of an earlier table' if asked.out.exists() else ''}")
        write(asked.out, findings)
    return faults.OK if all(finding.holds for finding in findings) else faults.FAILED_RUNS


def _check_file(path: Path | None) -> None:
    """Raise where the table cannot be written, before anything is computed."""
    if path is None:
        return
    if path.suffix not in (".md", ".csv"):
        raise BadInput([f"--out {path}: a table is written as .md or .csv"])
    if not path.parent.is_dir():
        raise BadInput([f"--out {path}: there is no folder {path.parent}"])


def _chosen(numbers: Sequence[str]) -> "list[Case]":
    """Return the cases with these numbers, all where none is given.

    Raises:
        BadInput: For numbers that no case has.
    """
    from experiments.verification import CASES

    known = list(dict.fromkeys(name for case in CASES for name in (case.number, case.group)))
    unknown = [number for number in numbers if number not in known]
    if unknown:
        raise BadInput([f"{number}: no such case{suggestion(number, known)}" for number in unknown])
    wanted = set(numbers or known)
    return [case for case in CASES if wanted & {case.number, case.group}]


def row(finding: "Finding") -> tuple[str, ...]:
    """Return what is told of a case, in the order of ``HEAD``."""
    case = finding.case
    expected, obtained = _shown(finding)
    return (
        case.number, "holds" if finding.holds else "FAILS", f"{finding.residual:.1e}", f"{case.tolerance:.1e}",
        expected, obtained, case.title, case.citation,
    )  # fmt: skip


def _shown(finding: "Finding") -> tuple[str, str]:
    """Return what was expected and obtained: all of a few numbers, the worst of many, or what stopped the case."""
    if finding.error:
        return "", finding.error.splitlines()[0]
    sides = finding.expected.ravel() + 0.0, finding.obtained.ravel() + 0.0
    if sides[0].size <= _FEW:
        return tuple(" ".join(f"{x:.5g}" for x in side) for side in sides)  # type: ignore[return-value]
    worst = finding.worst
    return f"{sides[0][worst]:.8g}", f"{sides[1][worst]:.8g} (worst of {sides[0].size})"


def _line(cells: Sequence[str]) -> str:
    narrow = "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False))
    return f"{narrow}  {cells[-2]} [{cells[-1]}]"


def conclusion(findings: "Sequence[Finding]") -> str:
    """Return how many cases hold, and which do not."""
    broken = [finding.case.number for finding in findings if not finding.holds]
    if broken:
        return f"{len(findings) - len(broken)} of {len(findings)} cases hold; not {', '.join(broken)}"
    return f"all {len(findings)} cases hold"


def write(path: Path, findings: "Sequence[Finding]") -> None:
    """Write the table as Markdown or CSV, by the ending of ``path``.

    Raises:
        BadInput: When the file cannot be written.
    """
    rows = [row(finding) for finding in findings]
    with plain_write_errors(path):
        path.write_text(_csv(rows) if path.suffix == ".csv" else _markdown(rows, findings), encoding="utf-8")


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEAD, *rows])
    return text.getvalue()


def _markdown(rows: Sequence[Sequence[str]], findings: "Sequence[Finding]") -> str:
    lines = [f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |" for cells in (HEAD, *rows)]
    lines.insert(1, "|---" * len(HEAD) + "|")
    return "\n".join([*lines, "", _NOTE, "", f"{conclusion(findings).capitalize()}.", ""])
