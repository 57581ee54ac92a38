"""What a study will cost: seconds and bytes of a run, from runs that are stored or from a timed one."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from experiments import stored
from experiments.engine import compiling
from experiments.engine.batch import Record, run_batch
from experiments.engine.keys import Batch


@dataclass(frozen=True)
class Cost:
    """Cost of one run."""

    seconds: float
    """From making the model to its written tables; of stored runs without the writing."""
    sizes: Mapping[str, float]
    """Bytes on disk by table."""
    loading: float = 0.0
    """Seconds in which a process loads kernels that are compiled already; 0 where that was not seen."""

    @property
    def size(self) -> float:
        """Bytes on disk."""
        return sum(self.sizes.values())

    @property
    def largest(self) -> str:
        """The table that takes most of them."""
        return max(self.sizes, key=lambda name: self.sizes[name], default="runs")


def probe(alone: Sequence[Batch], folder: Path) -> tuple[Cost, list[Record]]:
    """Run batches of one job one after the other in this process, store them, and return what the last one cost.

    The first loads kernels or compiles them, which later runs of a process find loaded: what it takes longer is what a
    worker takes to load them, unless they were compiled just now.
    """
    compiles, laps, records = compiling.pending(), list[float](), list[Record]()
    for batch in alone:
        began = time.perf_counter()
        records += run_batch(batch, folder, batch.key)
        laps.append(time.perf_counter() - began)
    loading = 0.0 if compiles else max(laps[0] - laps[-1], 0.0)
    return Cost(laps[-1], _sizes(folder), loading), records


def stored_cost(folder: Path) -> Cost | None:
    """Return the middle cost of the stored runs, None where there is none."""
    paths = stored.files_of(folder, "timings")
    measured = [value for path in paths for value in stored.read_table(path)["wall_seconds"].to_pylist() if value > 0]
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
