"""What an interrupted or damaged study folder can be built on, and what has to go."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from experiments import stored
from experiments.engine import store
from experiments.engine.keys import Job


def forget_unfinished(
    folder: Path, tables: Sequence[str], sizes: Mapping[str, int], *, failed_too: bool = False
) -> list[str]:
    """Delete what cannot be built on: temporary files, parts with a missing or unreadable table, runs stored twice.

    The runs of a deleted part are computed again, perhaps in batches cut otherwise; none is then stored twice.

    Args:
        folder: The study folder.
        tables: Tables that every finished run must have.
        sizes: Bytes of the files by path within the folder, where a manifest recorded them.
        failed_too: Whether the rows of failed runs go too, so that these runs are tried again.

    Returns:
        One line for each finished part that was damaged or lacked a table.
    """
    forget_temporary(folder)
    seen: set[str] = set()
    lines = [line for key in _keys(folder) for line in _checked(folder, key, ("runs", *tables), sizes, seen)]
    if failed_too:
        for path in stored.files_of(folder, "runs"):
            _forget_failed(path)
    return lines


def forget_temporary(folder: Path) -> None:
    """Delete what a killed worker had begun to write."""
    for temporary in folder.glob("*/*.tmp"):
        temporary.unlink(missing_ok=True)


def _keys(folder: Path) -> list[str]:
    return sorted({path.stem for path in stored.files(folder) if path.parent != folder})


def _checked(folder: Path, key: str, tables: Sequence[str], sizes: Mapping[str, int], seen: set[str]) -> Iterator[str]:
    """Delete a part that is at fault or repeats a run, saying so where it was finished."""
    runs = stored.part(folder, "runs", key)
    fault = _fault_of_part(folder, key, tables, sizes)
    mine = stored.seeds_of_runs(runs) if fault is None else None
    if mine is not None and seen.isdisjoint(mine):
        seen.update(mine)
        return
    if mine is None and runs.is_file():
        yield f"{fault or f'{runs}: damaged'}; its runs are computed again"
    for path in stored.files(folder):
        if path.stem == key and path.parent != folder:
            path.unlink(missing_ok=True)


def _fault_of_part(folder: Path, key: str, tables: Sequence[str], sizes: Mapping[str, int]) -> str | None:
    paths = [stored.part(folder, table, key) for table in tables]
    faults = (stored.fault_of(path, sizes.get(path.relative_to(folder).as_posix())) for path in paths)
    return next((fault for fault in faults if fault is not None), None)


def _forget_failed(path: Path) -> None:
    rows = stored.read_table(path).to_pylist()
    kept = [row for row in rows if row["status"] == "ok"]
    if len(kept) < len(rows):
        store.write(store.from_rows("runs", kept), path)


def rename(folder: Path, jobs: Sequence[Job]) -> None:
    """Give stored runs the sample numbers and lever names that they have in the design as it is now.

    A design that has grown may number its samples and name its lever points otherwise; the runs are the same.
    """
    planned = {job.run_id: job for job in jobs}
    for path in stored.files_of(folder, "runs"):
        rows = stored.read_table(path).to_pylist()
        named = [_renamed(row, planned) for row in rows]
        if named != rows:
            store.write(store.from_rows("runs", named), path)


def _renamed(row: dict[str, object], planned: Mapping[str, Job]) -> dict[str, object]:
    job = planned.get(str(row["run_id"]))
    return row if job is None else {**row, "sample": job.sample, "levers": job.levers}
