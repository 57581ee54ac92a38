"""A market of made-up numbers with the tables of the real one, for tests of what happens around the model."""

import itertools
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.economics.upstream import LIMITS
from sim.names import quarter_code, quarter_number
from sim.parameters import Parameters
from sim.reasons import Constraint
from sim.tables import MODEL_TABLES, TABLES, Table

ATTACK = "<script>alert(1)</script>"
"""A label that a stranger could write."""
CODES = {
    "binding_constraint": [*(limit.code for limit in Constraint), None],
    "binding_stage": [*LIMITS, "orders", None],
}
"""What columns with codes may hold."""
WORKLOADS = {"product": ["all", "iaas"], "workload": ["all", "training"]}


class Market:
    """Stands where the model stands; numbers follow from seed, utilisation on premises, names of table and column."""

    @staticmethod
    def fails(seed: int) -> None:
        """Raise what a run may raise; tests put another function here."""

    def __init__(self, parameters: Parameters, seed: int) -> None:
        self.parameters, self.seed, self.stage = parameters, seed, "pricing"

    def run(self, progress: Callable[..., None] | None = None) -> "Market":
        type(self).fails(self.seed)
        if progress is not None:
            for _ in self.quarters:
                progress()
        return self

    @property
    def quarters(self) -> list[str]:
        market = self.parameters.market
        return [quarter_code(n) for n in range(quarter_number(market.start), quarter_number(market.end) + 1)]

    def tables(self, names: Iterable[str] = MODEL_TABLES) -> dict[str, dict[str, Any]]:
        made = {name: self._table(TABLES[name]) for name in names}
        if "diverted" in made:
            made["diverted"] = _diverted(self._table(TABLES["providers"]))
        return made

    def _keys(self) -> dict[str, list[str]]:
        regions = list(self.parameters.market.regions)
        firms = list(self.parameters.providers)
        return {
            "quarter": self.quarters,
            "region": [*regions, "world"],
            "site_region": regions,
            "provider": firms,
            "supplier": list(self.parameters.suppliers),
            "destination": regions,
            "rule": list(self.parameters.policy.instruments)[:4],
            "who": firms,
            "event": ["rule_never_bites"],
            "outcome": ["hhi_revenue.world"],
            "horizon": self.quarters[-1:],
        } | WORKLOADS

    def _table(self, table: Table) -> dict[str, Any]:
        keys = [column.name for column in table.keys if column.name != "run_id"]
        rows = list(itertools.product(*(self._keys().get(name, [f"some_{name}"]) for name in keys)))
        columns: dict[str, Any] = {
            name: np.array([row[i] for row in rows], dtype=object) for i, name in enumerate(keys)
        }
        for column in table.measures:
            columns[column.name] = self._values(table.name, column.name, column.type, len(rows))
        if table.name == "providers":
            _make_shares(columns, len(self.parameters.providers))
        return columns

    def _values(self, table: str, column: str, type_: str, rows: int) -> Any:
        lever = round(1000.0 * self.parameters.market.on_premises.utilisation)
        generator = np.random.default_rng([self.seed, lever, zlib.crc32(f"{table}.{column}".encode())])
        values = generator.uniform(0.1, 1.0, rows)
        names = np.array(CODES.get(column, ["some"]), dtype=object)
        chosen = names[(values * names.size).astype(np.int64) % names.size]
        return {"float64": values, "bool": values > 0.5, "string": chosen}[type_]


def _make_shares(columns: dict[str, Any], firms: int) -> None:
    """Let the shares of a market sum to 1: rows run over products and workloads fastest, then over firms."""
    inner = len(WORKLOADS["product"]) * len(WORKLOADS["workload"])
    for name in ("share_revenue", "share_compute", "share_tokens"):
        cube = columns[name].reshape(-1, firms, inner) ** 2
        columns[name] = (cube / cube.sum(axis=1, keepdims=True)).reshape(-1)


def _diverted(providers: dict[str, Any]) -> dict[str, Any]:
    """Return where what providers serve was first wanted: nine tenths at home, the rest at the provider before."""
    parts = (providers["region"] != "world") & (providers["product"] != "all") & (providers["workload"] != "all")
    sold = {name: values[parts] for name, values in providers.items()}
    firms = list(dict.fromkeys(sold["provider"]))
    before = dict(zip(firms, [firms[-1], *firms[:-1]], strict=True))
    full, size = np.array([before[name] for name in sold["provider"]], dtype=object), sold["provider"].size
    served = np.concatenate([0.9 * sold["served_h100e"], 0.1 * sold["served_h100e"]])
    return {name: np.tile(sold[name], 2) for name in ("quarter", "region", "product", "workload")} | {
        "from": np.concatenate([sold["provider"], full]),
        "from_site_region": np.tile(sold["region"], 2),
        "to": np.tile(sold["provider"], 2),
        "reason": np.repeat(np.array(["first_choice", "no_cards"], dtype=object), size),
        "quantity_h100e": served,
        "arrived_h100e": served,
    }


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> type[Market]:
    """Put the made-up market in the place of the model, for runs in this process."""
    fresh = type("FreshMarket", (Market,), {})
    monkeypatch.setattr("experiments.engine.batch.ComputeMarket", fresh)
    return fresh


def _folder(root: Path, *overrides: str) -> Path:
    from experiments.study import execute, planned

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiments.engine.batch.ComputeMarket", Market)
        small = ("customers.enterprises=20", "market.end=2026Q4", "executor.workers=1", f"output.root={root}")
        return execute(planned([*small, *overrides]), ["study=baseline", *overrides])


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one configuration with six seeds."""
    return _folder(tmp_path_factory.mktemp("ensemble"), "study.seeds=6")


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two lever points with three seeds each."""
    levers = "+study.levers={market.on_premises.utilisation: [0.3, 0.5]}"
    return _folder(tmp_path_factory.mktemp("compared"), "study.seeds=3", levers)


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run, of a market where a provider's label is an attack on the page."""
    import experiments

    root = tmp_path_factory.mktemp("single")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiments.engine.batch.ComputeMarket", Market)
        small = (
            "customers.enterprises=20",
            "market.end=2026Q4",
            f"output.root={root}",
            f"providers.aws.label={ATTACK!r}",
        )
        return experiments.run(*small).folders[0]
