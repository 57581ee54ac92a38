"""The region that rules aim at, and what becomes of it: a few measures by run and quarter."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from experiments.analysis.bands import bands, only
from experiments.analysis.books import RUN
from experiments.analysis.cases import Case
from experiments.analysis.headline import Figure, Format, Line, figure, rows_of
from experiments.analysis.paired import Effect, effect
from experiments.analysis.rounding import ABSENT, percent, rounded

USUAL = "cn"
"""Region that the shipped rules aim at: taken where no rule names one."""
_YEAR = 4


@dataclass(frozen=True)
class Measure:
    """What is said of the region."""

    column: str
    name: str
    unit: str
    shown: Format = rounded

    @property
    def is_share(self) -> bool:
        """Whether it is a fraction of 1, so that differences are in points."""
        return self.shown is percent


MEASURES = (
    Measure("owned", "compute that its firms own", "thousand H100e"),
    Measure("used", "compute in use anywhere", "thousand effective H100e"),
    Measure("rent", "rented compute there (IaaS)", "USD per effective H100e-hour"),
    Measure("domestic", "cards in place from its own makers", "of H100e", percent),
    Measure("stored", "most kept in store so far, ahead of rules", "thousand H100e"),
    Measure("leaked", "cards from the grey market", "of H100e delivered in four quarters", percent),
    Measure("smuggled", "cards smuggled in so far", "thousand"),
    Measure("seized", "cards seized on their way so far", "thousand"),
    Measure("paid", "fees and duties on cards so far", "USD m"),
)


def region_of(cases: Sequence[Case]) -> str | None:
    """Return the region that rules of some cases name most, as a place of cards or a home of firms; None without."""
    known = cases[0].regions
    named = Counter(name for case in cases for rule in case.rules.values() for name in places(rule) if name in known)
    usual = USUAL if USUAL in known else None
    return named.most_common(1)[0][0] if named else usual


def places(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the regions that a rule names as places of cards or homes of firms, each once."""
    return tuple(dict.fromkeys([*(rule.get("destinations") or ()), *(rule.get("headquarters") or ())]))


@dataclass(frozen=True)
class Aimed:
    """A region in the runs of a case."""

    case: Case
    region: str

    @cached_property
    def values(self) -> pd.DataFrame:
        """Measures by ``run_id`` and ``quarter``, a column each, for the tables that are stored."""
        index = pd.MultiIndex.from_product([self.case.ids, self.case.quarters], names=["run_id", "quarter"])
        found = {name: rows.reindex(index) for name, rows in self._columns(index)}
        return pd.DataFrame(found, index=index).reset_index()

    def _columns(self, index: pd.MultiIndex) -> "Iterator[tuple[str, pd.Series[float]]]":
        key = list(index.names)
        if "market" in self.case.results:
            market = only(self.case.market, region=self.region).set_index(key)
            yield "owned", market["owned_by_headquarters_h100e"] / 1000.0
            yield "used", market["accessed_h100e"] / 1000.0
            yield "rent", market["price_iaas_usd_per_h100e_hour"]
            yield "domestic", market["domestic_chip_share_h100e"]
        if "sites" in self.case.results:
            stores = self.case.frame("sites", ["quarter", "stored_h100e"], site_region=self.region)
            stored = stores.groupby(key)["stored_h100e"].sum().reindex(index, fill_value=0.0)
            yield "stored", stored.groupby("run_id").cummax() / 1000.0
        if "chips" in self.case.results:
            cards = self._delivered().reindex(index, fill_value=0.0)
            year = cards.groupby("run_id").transform(lambda rows: rows.rolling(_YEAR, min_periods=1).sum())
            yield "leaked", year["leaked"] / year["shipped"].where(year["shipped"] > 0.0)
            so_far = cards.groupby("run_id").cumsum() / 1000.0
            yield "smuggled", so_far["leaked_cards"]
            yield "seized", so_far["seized_cards"]
        if "rules" in self.case.results:
            yield "paid", self._paid().reindex(index, fill_value=0.0).groupby("run_id").cumsum()

    def _delivered(self) -> pd.DataFrame:
        """Return what is ``shipped`` to the region, ``leaked`` of it, H100e, and such cards, by run and quarter."""
        numbers = ["leaked_cards", "seized_cards"]
        columns = ["quarter", "shipped_cards", *numbers, "card_h100e"]
        rows = self.case.frame("chips", columns, destination=self.region)
        sizes = {name: rows[f"{name}_cards"] * rows["card_h100e"] for name in ("shipped", "leaked")}
        return rows[["run_id", "quarter", *numbers]].assign(**sizes).groupby(["run_id", "quarter"]).sum()

    def _paid(self) -> "pd.Series[float]":
        """Return fees and duties under rules that name the region, by run and quarter, USD m."""
        mine = [name for name, rule in self.case.rules.items() if self.region in places(rule)]
        rows = self.case.frame("rules", ["quarter", "rule", "fee_usd_m", "duty_usd_m"])
        rows = rows[rows["rule"].isin(mine)]
        sums: pd.Series[float] = rows.groupby(["run_id", "quarter"])[["fee_usd_m", "duty_usd_m"]].sum().sum(axis=1)
        return sums

    @property
    def measures(self) -> list[Measure]:
        """Measures that the stored tables give."""
        return [measure for measure in MEASURES if measure.column in self.values]

    def lines(self, quarters: Sequence[str]) -> list[Line]:
        """Return each measure at some quarters, with bands over runs."""
        return [
            Line(measure.name, measure.unit, tuple(self._at(measure, quarter) for quarter in quarters))
            for measure in self.measures
        ]

    def _at(self, measure: Measure, quarter: str) -> Figure:
        found = rows_of(bands(only(self.values, quarter=quarter), measure.column, ["quarter"]))
        return figure(found[0], measure.shown, self.case.count) if found else Figure(ABSENT, "")

    def more_than(self, reference: "Aimed", measure: Measure, quarter: str) -> Effect | None:
        """Return what the case has more than another, over pairs of runs with the same shocks; None without any."""
        first, then = (one._cube(measure, quarter) for one in (reference, self))
        first, then = first.align(then, join="inner")
        return effect(first.to_numpy(), then.to_numpy()) if first.size else None

    def _cube(self, measure: Measure, quarter: str) -> pd.DataFrame:
        """Return a measure in a quarter, a row per sample and a column per seed."""
        rows = only(self.values, quarter=quarter).merge(self.case.runs[["run_id", *RUN]], on="run_id")
        return rows.set_index(RUN)[measure.column].unstack()
