"""The change of market shares between two runs of the same shocks, reason by reason: exact, without a remainder.

What a provider serves is its first choices at posted prices, what left it (negative), what came to it, and what changed
size as it moved between its own products (training and inference take unlike hours of a card)::

    served = first choice + sum of out + sum of in + own products

Its share of compute is that over all that is served. The change of first choices is that of all demand, at the
baseline's choices, and then that of choices: step by step where steps are known (``analysis.first_choices``), else as
one. Contracts that run on count as chosen. Revenue is quantities at the baseline's prices, then what is sold of each
product, then prices. All this is measured in the baseline's market: what the same sales are worth as a share of a
larger or smaller one is a term of its own, the size of the market.

This is accounting on stored tables. What causes a change is asked by paired runs or Shapley parts of a study.
"""

from collections.abc import Iterator
from typing import Literal

import pandas as pd

from experiments.analysis.books import RUN, Books, books_of, partners
from experiments.analysis.cases import Case
from experiments.analysis.first_choices import told_apart
from experiments.analysis.scarcity import causes
from sim.tables import WORLD

Basis = Literal["compute", "revenue"]
Period = Literal["quarter", "year"]
DEMAND, FIRST, OUT, IN, OWN = "demand", "first_choice", "out", "in", "own_products"
MIX, PRICE, SIZE = "mix", "price", "size"
TERMS = (DEMAND, FIRST, OUT, IN, OWN, MIX, PRICE, SIZE)
"""Terms in the order in which they are said."""
EXACT = 1e-9
"""Most by which terms may miss the change that they add up to."""
_VALUE: dict[Basis, str] = {"compute": "served_h100e", "revenue": "revenue_usd_m"}
_CELL = [*RUN, "quarter", "region", "provider"]
_PRODUCT, _TERM = ["product", "workload"], ["term", "cause"]
_GROUP = [*RUN, "period", "region"]


def reasons(baseline: Case, other: Case, basis: Basis = "compute", by: Period = "year") -> pd.DataFrame:
    """Return the change of every provider's share from a baseline to another case, term by term.

    Args:
        baseline: Runs that are compared with.
        other: Runs of the same samples and seeds; those without a partner are left out, as are quarters.
        basis: Of the share.
        by: Length of the periods; the share of a year is that of all its sales.

    Returns:
        A row per ``sample``, ``seed``, ``period``, ``region`` (and world), ``provider``, ``term`` and ``cause`` (of
        ``out`` and ``in``: see ``analysis.scarcity``; else empty) with ``change``, a fraction of 1. Rows of a provider
        add up to the change of its share within 1e-9; those of no change are left out. So are periods and regions
        where one case sells nothing.

    Raises:
        ValueError: When no run of one case has a partner in the other, or stored tables contradict each other.
    """
    both = partners(baseline, other)
    return changes(books_of(baseline, both), books_of(other, both), basis, by)


def changes(before: Books, after: Books, basis: Basis, by: Period, steps: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what :func:`reasons` does, of tables, with the causes of first choices where ``steps`` are known."""
    first = _first_choices(before.diverted, after.diverted, steps)
    amounts = pd.concat([_quantities(_terms(before), _terms(after)), *first])
    if basis == "revenue":
        amounts = _money(amounts, before.providers, after.providers)
    sold = (_sold(side.providers, basis, by) for side in (before, after))
    return _shares(_in_periods(amounts, _TERM, by), *sold)


def shares(books: Books, basis: Basis, by: Period) -> pd.DataFrame:
    """Return every provider's ``share`` (a fraction of 1) by run, period and region; nothing where nothing is sold."""
    sold = _sold(books.providers, basis, by)
    total = sold.groupby(_GROUP)["amount"].transform("sum")
    return sold.assign(share=sold["amount"] / total)[total > 0.0].drop(columns="amount")


def composition(books: Books, by: Period) -> pd.DataFrame:
    """Return what makes up every provider's share of compute: the terms over all that is served.

    Returns:
        Rows as :func:`reasons` has them, with ``share``, a fraction of 1; ``out`` is negative.
    """
    terms, sold = _in_periods(_terms(books), _TERM, by), _sold(books.providers, "compute", by)
    sold["total"] = sold.groupby(_GROUP)["amount"].transform("sum")
    cell = [*_GROUP, "provider"]
    found = terms.merge(sold.loc[sold["total"] > 0.0, [*cell, "total"]], on=cell)
    return found.assign(share=found["amount"] / found["total"]).drop(columns=["amount", "total"])


def _terms(books: Books) -> pd.DataFrame:
    """Return the terms of compute served: ``amount`` in H100e by run, quarter, region, provider, term and cause."""
    rows = books.diverted
    left = causes(rows[rows["from"] != rows["to"]], books.sites, books.rules)
    stayed = rows[rows["from"] == rows["to"]]
    came = left[left["arrived_h100e"] > 0.0]
    found = pd.concat([
        _rows(rows.assign(amount=rows["quantity_h100e"], term=FIRST), "from"),
        _rows(stayed.assign(amount=stayed["arrived_h100e"] - stayed["quantity_h100e"], term=OWN), "from"),
        _rows(left.assign(amount=-left["quantity_h100e"], term=OUT), "from"),
        _rows(came.assign(amount=came["arrived_h100e"], term=IN), "to"),
    ])  # fmt: skip
    return found.groupby([*_CELL, *_TERM], as_index=False).sum()


def _rows(rows: pd.DataFrame, provider: str) -> pd.DataFrame:
    """Return the ``amount`` of rows as a term of a provider; without a cause where they say none."""
    return rows.assign(cause=rows.get("cause", ""), provider=rows[provider])[[*_CELL, *_TERM, "amount"]]


def _quantities(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the change of every term but first choices, H100e."""
    keys = [*_CELL, *_TERM]
    both = before.merge(after, on=keys, how="outer", suffixes=("_before", "_after")).fillna(0.0)
    both = both[both["term"] != FIRST]
    return both.assign(amount=both["amount_after"] - both["amount_before"])[[*keys, "amount"]]


def _first_choices(
    before: pd.DataFrame, after: pd.DataFrame, steps: pd.DataFrame | None
) -> Iterator[pd.DataFrame]:  # fmt: skip
    """Yield what demand and what choices change in first choices, H100e, product by product."""
    group = [*RUN, "quarter", "region", *_PRODUCT]
    columns = [*group, "from", "quantity_h100e"]
    first, then = (rows[columns].groupby([*group, "from"], as_index=False).sum() for rows in (before, after))
    both = first.merge(then, on=[*group, "from"], how="outer", suffixes=("_a", "_b")).fillna(0.0)
    chosen = {side: both[f"quantity_h100e_{side}"] for side in "ab"}
    total = {side: both.groupby(group)[f"quantity_h100e_{side}"].transform("sum") for side in "ab"}
    # What nobody wants in the baseline is chosen there as in the other case.
    wanted = (chosen["a"] / total["a"].where(total["a"] > 0.0)).fillna(chosen["b"] / total["b"])
    demand = wanted * (total["b"] - total["a"])
    yield _rows(both.assign(amount=demand, term=DEMAND), "from")
    moved = both.assign(amount=chosen["b"] - chosen["a"] - demand)
    yield _rows((moved if steps is None else told_apart(moved, steps)).assign(term=FIRST), "from")


def _money(quantities: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return changes of terms in USD m: quantities at the baseline's mean price, mix of products, prices.

    A product or provider that the baseline does not sell has the price of the other case there.
    """
    names = [*_CELL, *_PRODUCT, *_VALUE.values()]
    sold = before[names].merge(after[names], on=[*_CELL, *_PRODUCT], how="outer", suffixes=("_a", "_b")).fillna(0.0)
    means = sold.drop(columns=_PRODUCT).groupby(_CELL, as_index=False).sum()
    means = means[_CELL].assign(mean=_price(means, "a", "b"))
    sold, old, new = sold.merge(means, on=_CELL), _price(sold, "a", "b"), _price(sold, "b", "a")
    more = sold["served_h100e_b"] - sold["served_h100e_a"]
    values = quantities.merge(means, on=_CELL)
    return pd.concat([
        values.assign(amount=values["amount"] * values["mean"]).drop(columns="mean"),
        _rows(sold.assign(amount=(old - sold["mean"]) * more, term=MIX), "provider"),
        _rows(sold.assign(amount=(new - old) * sold["served_h100e_b"], term=PRICE), "provider"),
    ])  # fmt: skip


def _price(sold: pd.DataFrame, side: str, otherwise: str) -> "pd.Series[float]":
    """Return USD m per H100e in one case, in the other where it sells nothing; 0 where neither does."""
    served = {x: sold[f"served_h100e_{x}"] for x in (side, otherwise)}
    mine, others = (sold[f"revenue_usd_m_{x}"] / hours.where(hours > 0.0) for x, hours in served.items())
    return mine.fillna(others).fillna(0.0)


def _sold(providers: pd.DataFrame, basis: Basis, by: Period) -> pd.DataFrame:
    """Return what each provider sells in a period, on a basis."""
    return _in_periods(providers.rename(columns={_VALUE[basis]: "amount"}), [], by)


def _in_periods(rows: pd.DataFrame, names: list[str], by: Period) -> pd.DataFrame:
    """Return sums of ``amount`` over periods, with rows of the world beside the regions."""
    period = rows["quarter"].str[:4] if by == "year" else rows["quarter"]
    rows = rows.assign(period=period)
    both = pd.concat([rows, rows.assign(region=WORLD)])
    keys = [*_GROUP, "provider", *names]
    return both[[*keys, "amount"]].groupby(keys, as_index=False).sum()


def _shares(amounts: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return changes of shares from changes of amounts and what is sold in both cases; check that they add up."""
    cell = [*_GROUP, "provider"]
    sold = before.merge(after, on=cell, how="outer", suffixes=("_before", "_after")).fillna(0.0)
    totals = sold.groupby(_GROUP)[["amount_before", "amount_after"]].transform("sum")
    whole = (totals > 0.0).all(axis=1)
    sold, totals = sold[whole], totals[whole]
    size = sold["amount_after"] * (1.0 / totals["amount_after"] - 1.0 / totals["amount_before"])
    shares = sold[["amount_before", "amount_after"]] / totals
    found = amounts.merge(sold[cell].assign(total=totals["amount_before"]), on=cell)
    found = pd.concat([
        found.assign(change=found["amount"] / found["total"]),
        sold[cell].assign(term=SIZE, cause="", change=size),
    ])[[*cell, *_TERM, "change"]]  # fmt: skip
    wanted = sold[cell].assign(change=shares["amount_after"] - shares["amount_before"]).set_index(cell)["change"]
    missed = found.groupby(cell)["change"].sum().sub(wanted, fill_value=0.0).abs().max()
    if missed > EXACT:
        raise ValueError(f"tables diverted and providers contradict each other: terms miss the change by {missed:.1g}")
    return found[found["change"] != 0.0].reset_index(drop=True)
