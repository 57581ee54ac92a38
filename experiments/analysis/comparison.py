"""Two cases side by side in their last year: which shares moved, and for which reasons, as means over pairs of runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from experiments.analysis.bands import bands, only
from experiments.analysis.books import RUN, Books, books_of, partners
from experiments.analysis.cases import Case
from experiments.analysis.first_choices import SCARCITY
from experiments.analysis.means import Mean
from experiments.analysis.paired import effect
from experiments.analysis.reasons import FIRST, IN, OUT, Basis, changes, shares
from experiments.analysis.scarcity import OF_CARDS, ONE_POOL, RULE
from sim.reasons import Constraint
from sim.tables import WORLD

RULES, CARDS, HALLS, MONEY = "rules", "cards", "mw", "money"
SHOWN = 3
"""Comparisons that a report draws and tells apart."""
GROUPS = {
    "demand": "demand of all",
    "size": "size of the market",
    "first_choice": "first choices",
    "offers": "what is on offer",
    "cost": "cost of service",
    "markup": "markups",
    "stickiness": "prices not yet moved",
    "waiting": "waiting and ties",
    "customers": "who is free to choose",
    "own_products": "moved within the firm",
    "mix": "mix of products",
    "price": "prices of what is sold",
    RULES: "scarce: cards closed by rules",
    CARDS: "scarce: short of cards",
    HALLS: "scarce: no powered hall",
    MONEY: "scarce: cash or patience",
    ONE_POOL: "scarce: one kind of card",
}
"""What reasons are gathered into, in the order in which they are shown, with labels."""
_STEPS = {
    "offers": "offers", "efficiency": "offers", "own_cards": "offers", "cost": "cost", "markup": "markup",
    "stickiness": "stickiness", "waiting": "waiting", "switching": "waiting", "customers": "customers",
}  # fmt: skip
"""Groups of the steps of first choices (``sim.first_choices``) but scarcity."""
_CAUSES = dict.fromkeys(OF_CARDS, CARDS) | {
    Constraint.MW.code: HALLS, Constraint.CASH.code: MONEY, Constraint.PATIENCE.code: MONEY, ONE_POOL: ONE_POOL,
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """A case against the baseline of a comparison."""

    baseline: Case
    other: Case
    steps: pd.DataFrame | None = None
    """What moved first choices; None where that is not known."""

    @cached_property
    def common(self) -> pd.DataFrame:
        """Samples, seeds and quarters of the last year that both have."""
        both = partners(self.baseline, self.other)
        return both.loc[both["quarter"].str[:4] == str(both["quarter"].max())[:4]]

    @property
    def labels(self) -> tuple[str, str]:
        """What is compared with what: the labels of both cases without what they begin with alike."""
        words = [case.label.split(", ") for case in (self.other, self.baseline)]
        alike = 0
        while alike < min(map(len, words)) - 1 and words[0][alike] == words[1][alike]:
            alike += 1
        return ", ".join(words[0][alike:]), ", ".join(words[1][alike:])

    @property
    def year(self) -> str:
        """The last year that both simulate, in whole or in part."""
        return str(self.common["quarter"].iloc[0][:4])

    @property
    def pairs(self) -> int:
        """Runs of the same sample and seed in both."""
        return len(self.common[RUN].drop_duplicates())

    @cached_property
    def _books(self) -> tuple[Books, Books]:
        return books_of(self.baseline, self.common), books_of(self.other, self.common)

    @cached_property
    def _changes(self) -> dict[Basis, pd.DataFrame]:
        bases: tuple[Basis, ...] = ("compute", "revenue")
        return {basis: changes(*self._books, basis, "year", self.steps) for basis in bases}

    def rows(self, basis: Basis, region: str) -> pd.DataFrame:
        """Return the reasons of a region's changes, with ``group`` (see ``GROUPS``), in points of share."""
        found = only(self._changes[basis], region=region)
        groups = [group_of(term, cause) for term, cause in zip(found["term"], found["cause"], strict=True)]
        return found.assign(group=groups, change=100.0 * found["change"])

    def parts(self, basis: Basis, region: str) -> pd.DataFrame:
        """Return mean changes in points: a row per provider, a column per group; rows add up to the whole change."""
        sums = _table(self.rows(basis, region), ["provider"], "group")
        return sums.reindex(columns=list(GROUPS), fill_value=0.0) / self.pairs

    def _by_pair(self, basis: Basis, region: str) -> pd.DataFrame:
        """Return changes of shares in points: a row per pair of runs, a column per provider."""
        sums = _table(self.rows(basis, region), RUN, "provider")
        return sums.reindex(pd.MultiIndex.from_frame(self.common[RUN].drop_duplicates()), fill_value=0.0)

    def whole(self, basis: Basis, region: str) -> pd.DataFrame:
        """Return bands over pairs of the change of every provider's share, in points: a row per provider."""
        return bands(self._by_pair(basis, region).melt(value_name="change"), "change", ["provider"])

    def mean(self, basis: Basis, region: str, provider: str) -> Mean:
        """Return the mean change of a provider's share in points with its 95% band; without one from a single pair."""
        changed = self._by_pair(basis, region)[provider].unstack().to_numpy()
        return effect(np.zeros_like(changed), changed).mean

    def levels(self, basis: Basis, region: str) -> pd.DataFrame:
        """Return mean shares in percent: a row per provider, columns ``before`` and ``after``."""
        found = [only(shares(books, basis, "year"), region=region) for books in self._books]
        means = [100.0 * rows.groupby("provider")["share"].sum() / self.pairs for rows in found]
        return pd.concat(means, axis=1, keys=["before", "after"]).fillna(0.0)

    @property
    def regions(self) -> tuple[str, ...]:
        """The world, and the region in which most compute changes hands."""
        found = self._changes["compute"].groupby(["region", "provider"])["change"].sum().abs()
        sold = pd.concat([books.providers for books in self._books]).groupby("region")["served_h100e"].sum()
        moved = (found.groupby("region").sum() * sold).dropna()
        return (WORLD, str(moved.idxmax())) if len(moved) else (WORLD,)

    @property
    def moving(self) -> list[str]:
        """Regions by how much of their compute changes hands, as a share of it: the most first."""
        found = self._changes["compute"].groupby(["region", "provider"])["change"].sum().abs()
        moved = found.groupby("region").sum().drop(WORLD, errors="ignore").sort_values(ascending=False, kind="stable")
        return [str(region) for region in moved.index]

    def rule_label(self, rule: str) -> str:
        """Return the label of a rule that either case has."""
        return (self.other if rule in self.other.rules else self.baseline).rule_label(rule)

    def by_rule(self, region: str) -> pd.DataFrame:
        """Return mean points of compute share that move for cards that rules closed: a column per rule."""
        rows = self.rows("compute", region)
        rows = rows[rows["group"] == RULES]
        rule = rows["cause"].str.removeprefix(SCARCITY).str.removeprefix(RULE)
        return _table(rows.assign(rule=rule), ["provider"], "rule") / self.pairs


def _table(rows: pd.DataFrame, index: list[str], columns: str) -> pd.DataFrame:
    """Return sums of changes, zero where there are none."""
    return rows.pivot_table("change", index, columns, aggfunc="sum", fill_value=0.0)


def group_of(term: str, cause: str) -> str:
    """Return the group of a reason: scarcity turns customers away or prices them out."""
    if term == FIRST and cause and not cause.startswith(SCARCITY):
        return _STEPS[cause]
    lacking = cause.removeprefix(SCARCITY)
    if term not in (IN, OUT) and lacking == cause:
        return term
    return RULES if lacking.startswith(RULE) else _CAUSES[lacking]


def comparisons(found: Sequence[Case], steps: pd.DataFrame | None = None) -> Iterator[Comparison]:
    """Yield every case against the first, where some of their runs meet the same shocks.

    Args:
        found: Cases, the first of which is the baseline.
        steps: What moved first choices, see ``analysis.first_choices``.
    """
    for case in found[1:]:
        try:
            both = partners(found[0], case)
        except ValueError:
            continue
        known = None if steps is None else steps[steps["before"].isin(found[0].ids) & steps["after"].isin(case.ids)]
        whole = known is not None and len(known[RUN].drop_duplicates()) == len(both[RUN].drop_duplicates())
        yield Comparison(found[0], case, known if whole else None)
