"""What a study will cost: seconds and bytes of a run, from runs that are stored or from a timed one."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from experiments import stored
from experiments.engine.batch import Record, run_batch
from experiments.engine.keys import Batch


@dataclass(frozen=True)
class Cost:
    """Cost of one run."""

    seconds: float
    sizes: Mapping[str, float]
    """Bytes on disk by table."""

    @property
    def size(self) -> float:
        """Bytes on disk."""
        return sum(self.sizes.values())

    @property
    def largest(self) -> str:
        """The table that takes most of them."""
        return max(self.sizes, key=lambda name: self.sizes[name], default="runs")


@dataclass
class _Clock:
    """Times between quarters."""

    last: float = field(default_factory=time.perf_counter)
    laps: list[float] = field(default_factory=list)

    def lap(self) -> None:
        now = time.perf_counter()
        self.laps.append(now - self.last)
        self.last = now


def probe(batch: Batch, folder: Path) -> tuple[Cost, list[Record]]:
    """Run a batch of one job in this process, store it, and return what such a run costs.

    The first quarters load compiled kernels, which later runs of a process find loaded; the middle quarter stands
    for all.
    """
    clock = _Clock()
    tick: Callable[..., None] = lambda *_: clock.lap()  # noqa: E731
    records = run_batch(batch, folder, batch.key, tick)
    seconds = median(clock.laps) * len(clock.laps) if clock.laps else records[0].seconds
    return Cost(seconds, _sizes(folder)), records


def stored_cost(folder: Path) -> Cost | None:
    """Return the middle cost of the stored runs, None where there is none."""
    paths = stored.files_of(folder, "timings")
    measured = [value for path in paths for value in pq.read_table(path)["wall_seconds"].to_pylist() if value > 0]
    return Cost(median(measured), _sizes(folder)) if measured else None


def _sizes(folder: Path) -> dict[str, float]:
    """Return bytes of a run by table: the data alone, since files of many runs share their footers."""
    found: Counter[str] = Counter()
    runs = 0
    for path in stored.files(folder):
        metadata = pq.read_metadata(path)
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        found[path.parent.name] += sum(g.column(i).total_compressed_size for g in groups for i in range(g.num_columns))
        runs += metadata.num_rows if path.parent.name == "runs" else 0
    return {name: size / max(runs, 1) for name, size in found.items()}
