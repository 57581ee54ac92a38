"""What moved first choices between cases, step by step: runs are made again, and their customers choose again.

Tables say what was chosen, not why. So runs of a comparison are repeated from their stored parameters (by the same
code, or not at all), and ``sim.first_choices`` lets the customers of the baseline choose from menus between those of
both. The result is a table beside the report, which analysis reads like any other.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from experiments import stored
from experiments.analysis.books import RUN, books_of
from experiments.analysis.cases import Case, cases, drawable
from experiments.analysis.comparison import SHOWN, Comparison, comparisons
from experiments.analysis.first_choices import COLUMNS, FILE
from experiments.analysis.loading import Results
from experiments.analysis.scarcity import lacks
from experiments.engine import points, store
from experiments.engine.progress import Progress
from experiments.figures import REASONS, lacking
from experiments.identity import code_digest, run_id
from sim import Parameters
from sim.names import HOURS_PER_QUARTER, quarter_number

MOST_RUNS = 200
"""Runs that are repeated for a report at most; beyond that first choices stay one reason."""
_SITE = [*RUN, "quarter", "from", "from_site_region"]


class Pair(NamedTuple):
    """Two runs of the same shocks: the identity of each, and how it is made."""

    before: str
    after: str
    sample: int
    seed: int
    parameters: tuple[Parameters, Parameters]


class Repeated:
    """A comparison whose runs can be made again."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison, self.cases = comparison, (comparison.baseline, comparison.other)

    @cached_property
    def pairs(self) -> list[Pair]:
        """Pairs of runs; none unless all can be made again, with the same entities and customers one by one."""
        ids = [case.runs.loc[case.runs["status"] == "ok", [*RUN, "run_id"]] for case in self.cases]
        rows = ids[0].merge(ids[1], on=RUN, suffixes=("_before", "_after")).to_dict("records")
        found = [self._pair(row) for row in rows]
        return [] if None in found else [pair for pair in found if pair is not None]

    def _pair(self, row: dict[Any, Any]) -> Pair | None:
        made = [_read(*_place(case, row["sample"])) for case in self.cases]
        names = row["run_id_before"], row["run_id_after"]
        if any(x is None or run_id(x, row["seed"]) != name for x, name in zip(made, names, strict=True)):
            return None
        before, after = (x for x in made if x is not None)
        alike = before.customers.granularity == after.customers.granularity == "agents"
        if not alike or len({_entities(*_place(case, row["sample"])) for case in self.cases}) > 1:
            return None
        return Pair(*names, row["sample"], row["seed"], (before, after))

    def rows(self, pair: Pair) -> pd.DataFrame:
        """Return what moved the first choices of a pair in the last common year."""
        found = pd.DataFrame(
            self._moves(pair), columns=["quarter", "region", "from", "product", "workload", *COLUMNS[-2:]]
        )
        return found.assign(before=pair.before, after=pair.after, sample=pair.sample, seed=pair.seed)[list(COLUMNS)]

    def _moves(self, pair: Pair) -> Iterator[tuple[Any, ...]]:
        from sim.first_choices import moves, seen
        from sim.tabulate.diverted import KIND_NAMES

        start = quarter_number(pair.parameters[0].market.start)
        quarters = {name: quarter_number(name) - start for name in sorted(set(self.comparison.common["quarter"]))}
        before = seen(pair.parameters[0], pair.seed, set(quarters.values()), customers=True)
        after = seen(pair.parameters[1], pair.seed, set(quarters.values()), customers=False)
        for name, t in quarters.items():
            structure = before.stages[t].world.structure
            sites = [(structure.providers[x.provider], structure.regions[x.region]) for x in structure.sites]
            lacked = [[rows.get((pair.sample, pair.seed, name, *x), {}) for x in sites] for rows in self._lacked]
            for cause, hours in moves(before, after, t, (lacked[0], lacked[1])):
                for r, i, kind in zip(*hours.nonzero(), strict=True):
                    of = structure.regions[r], structure.providers[i], *KIND_NAMES[kind]
                    yield name, *of, cause, hours[r, i, kind] / HOURS_PER_QUARTER

    @cached_property
    def _lacked(self) -> list[dict[tuple[Any, ...], dict[str, float]]]:
        """What each site lacked, by case and by sample, seed, quarter, provider and region."""
        return [_lacks(case, self.comparison.common) for case in self.cases]


def tell_apart(results: Sequence[Results], target: Path) -> None:
    """Write the table of what moved first choices, where the comparisons of a report can be repeated.

    Args:
        results: Finished folders, as for the report.
        target: Folder of the report.
    """
    for known in (_read, _entities):
        known.cache_clear()  # folders may have been written anew
    found = drawable(cases(results))
    if len(found) < 2 or lacking(REASONS, [x.names for x in results]):
        return
    shown = [Repeated(x) for x in list(comparisons(found))[:SHOWN]]
    pairs = {(pair.before, pair.after) for one in shown for pair in one.pairs}
    if not pairs or len(pairs) > MOST_RUNS or pairs <= _stored(target / FILE):
        return
    with Progress(len(pairs), "pairs of runs", "first choices") as progress:
        rows = [_counted(one.rows(pair), progress) for one in shown for pair in one.pairs]
    table = pa.Table.from_pandas(pd.concat(rows), preserve_index=False)
    store.write(table.replace_schema_metadata({"code_digest": code_digest()}), target / FILE)


def _counted(rows: pd.DataFrame, progress: Progress) -> pd.DataFrame:
    progress.advance()
    return rows


def _stored(path: Path) -> set[tuple[str, str]]:
    """Return the pairs of runs in a table written by this code."""
    if not path.is_file():
        return set()
    found = stored.read_table(path, columns=["before", "after"])
    if (found.schema.metadata or {}).get(b"code_digest", b"").decode() != code_digest():
        return set()
    return set(zip(found["before"].to_pylist(), found["after"].to_pylist(), strict=True))


def _place(case: Case, sample: int) -> tuple[Path, str, int]:
    """Return where the parameters of a case stand, which its folders have alike: folder, levers as JSON, sample."""
    return case.results.folders[0], json.dumps(case.levers), sample


@lru_cache(maxsize=64)
def _read(folder: Path, levers: str, sample: int) -> Parameters | None:
    return points.parameters(folder, json.loads(levers), sample)


@lru_cache(maxsize=64)
def _entities(folder: Path, levers: str, sample: int) -> tuple[object, ...]:
    """Return what must be equal for customers of one run to choose from menus of another, whatever their seeds."""
    from sim.structure import Structure

    parameters = _read(folder, levers, sample)
    assert parameters is not None, "runs whose parameters are not known are left out before"
    found = Structure(parameters)
    sites, products = (tuple(x._replace(launch=0) for x in listed) for listed in (found.sites, found.products))
    owners = parameters.market.start, tuple(found.regions), tuple(found.providers)
    return *owners, sites, products, tuple(found.cells), tuple(found.pairs)


def _lacks(case: Case, wanted: pd.DataFrame) -> dict[tuple[Any, ...], dict[str, float]]:
    books, out = books_of(case, wanted), dict[tuple[Any, ...], dict[str, float]]()
    for *site, cause, part in lacks(books.sites, books.rules)[[*_SITE, "cause", "part"]].itertuples(index=False):
        out.setdefault(tuple(site), {})[str(cause)] = float(part)
    return out
