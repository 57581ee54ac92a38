"""``compute-market report DIR...``: figures and report from stored tables alone; several folders are compared."""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

from experiments import faults, stored
from experiments.closing import closing_report
from experiments.engine.folder import check_writable, result_folder
from experiments.faults import BadInput
from experiments.figures import NAMES


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="compute-market report",
        description="Rebuild figures and report from stored tables alone. Several folders are compared in one report.",
        allow_abbrev=False,
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a run or study folder")
    parser.add_argument(
        "--out", type=Path, help="folder of the report; by default the folder itself, or one beside the first"
    )
    parser.add_argument(
        "--figures", help=f"comma-separated names: {', '.join(NAMES)}; by default what the run asked for"
    )
    return parser


def main(words: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    asked = _parser().parse_args(list(words))
    folders = list(dict.fromkeys(folder.resolve() for folder in asked.folders))
    _check_whole(folders)
    target = asked.out or _target(folders)
    check_writable(str(target))
    print(closing_report(folders, target, _figures(asked.figures, folders[0])))
    return faults.OK


def _check_whole(folders: Sequence[Path]) -> None:
    lines = []
    for folder in folders:
        try:
            manifest = stored.whole(folder)
        except BadInput as error:
            lines += error.lines
            continue
        if manifest["failed"] == manifest["runs"]:
            lines.append(f"{folder}: every run failed, so there is nothing to report")
    if lines:
        raise BadInput(list(dict.fromkeys(lines)))


def _target(folders: Sequence[Path]) -> Path:
    """Return the folder itself, or for several a folder beside the first, named by what is compared."""
    if len(folders) == 1:
        return folders[0]
    digest = hashlib.blake2b("\0".join(map(str, folders)).encode(), digest_size=8).hexdigest()
    return result_folder(str(folders[0].parent), f"comparison-{digest}")


def _figures(names: str | None, first: Path) -> list[str] | None:
    if names is None:
        chosen: list[str] | None = stored.whole(first)["config"]["output"]["figures"]
        return chosen
    asked = [name.strip() for name in names.split(",")]
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        raise BadInput([f"--figures {name}: no such figure; choose from {', '.join(NAMES)}" for name in unknown])
    return asked
