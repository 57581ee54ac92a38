"""Changes of shares by reason: exact on random books, and right on books small enough to reckon by hand."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.analysis.books import RUN, Books
from experiments.analysis.reasons import (
    FIRST,
    IN,
    MIX,
    OUT,
    OWN,
    PRICE,
    SIZE,
    TERMS,
    Basis,
    Period,
    changes,
    composition,
)
from experiments.analysis.scarcity import FULL, ONE_POOL, RULE, causes
from sim.reasons import Constraint

REGIONS, FIRMS, QUARTERS = ("us", "cn"), ("a", "b", "c"), ("2025Q3", "2025Q4", "2026Q1")
KINDS = (("iaas", "training"), ("iaas", "inference"), ("maas", "inference"))
CONSTRAINTS = (*(limit.code for limit in Constraint), None)
MEASURE = {"compute": "served_h100e", "revenue": "revenue_usd_m"}


def frame(rows: Sequence[tuple[object, ...]], *names: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*RUN, "quarter", *names])


def random_books(draws: np.random.Generator, filled: float) -> Books:
    """Return books that agree with each other, of which a part ``filled`` of all that may be is there."""

    def amount() -> float:
        return float(draws.uniform(0.1, 9.0) * (draws.random() < filled))

    sales, moved, sites, rules = [], [], [], []
    for seed in (1, 2):
        for quarter in QUARTERS:
            run = (0, seed, quarter)
            for firm in FIRMS:
                rules += [(*run, rule, firm, float(draws.uniform(0.1, 5.0))) for rule in ("ban", "cap")]
                for region in REGIONS:
                    sites.append((*run, region, firm, CONSTRAINTS[draws.integers(9)], amount(), amount()))
            for region in REGIONS:
                served = dict.fromkeys(FIRMS, 0.0)
                for product, workload in KINDS:
                    for a in FIRMS:
                        for b in (*FIRMS, "lost", "waiting", "outside"):
                            asked, arrived = amount(), amount() if b in FIRMS else 0.0
                            reason = "first_choice" if a == b else str(draws.choice([*FULL, "price"]))
                            site = str(draws.choice(REGIONS))
                            if asked > 0.0:
                                moved.append((*run, region, product, workload, a, site, b, reason, asked, arrived))
                                served |= {b: served[b] + arrived} if b in FIRMS else {}
                for firm in FIRMS:
                    parts = served[firm] * draws.dirichlet(np.ones(len(KINDS)))
                    for kind, part in zip(KINDS, parts, strict=True):
                        sales.append((*run, region, firm, *kind, part, part * draws.uniform(0.5, 3.0)))
    return Books(
        frame(sales, "region", "provider", "product", "workload", "served_h100e", "revenue_usd_m"),
        frame(
            moved, "region", "product", "workload", "from", "from_site_region", "to", "reason", "quantity_h100e",
            "arrived_h100e",
        ),
        frame(sites, "site_region", "provider", "binding_constraint", "refused_h100e", "denied_h100e"),
        frame(rules, "rule", "who", "quantity_bound"),
    )  # fmt: skip


def shares_of(books: Books, basis: str, by: str) -> pd.Series:
    """Return shares as their definition says, straight from what is sold."""
    sold = books.providers.assign(period=books.providers["quarter"].str[: 4 if by == "year" else 6])
    sold = pd.concat([sold, sold.assign(region="world")])
    group = [*RUN, "period", "region"]
    mine = sold.groupby([*group, "provider"])[MEASURE[basis]].sum()
    total = mine.groupby(group).transform("sum")
    return (mine / total)[total > 0.0]


def summed(rows: pd.DataFrame, column: str = "change") -> pd.Series:
    return rows.groupby([*RUN, "period", "region", "provider"])[column].sum()


@given(
    st.integers(0, 2**32 - 1), st.floats(0.05, 1.0), st.sampled_from(get_args(Basis)), st.sampled_from(get_args(Period))
)
def test_terms_add_up_to_the_change_of_the_share(number: int, filled: float, basis: Basis, by: Period) -> None:
    draws = np.random.default_rng(number)
    before, after = random_books(draws, filled), random_books(draws, filled)
    found = changes(before, after, basis, by)
    wanted = (shares_of(after, basis, by) - shares_of(before, basis, by)).dropna()
    missed = summed(found).reindex(wanted.index, fill_value=0.0) - wanted
    assert missed.abs().max() <= 1e-9 if len(wanted) else found.empty
    assert set(found["term"]) <= set(TERMS)
    assert ((found["cause"] != "") == found["term"].isin([OUT, IN])).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.0))
def test_a_share_is_first_choices_less_what_left_plus_what_came(number: int, filled: float) -> None:
    books = random_books(np.random.default_rng(number), filled)
    found, wanted = composition(books, "quarter"), shares_of(books, "compute", "quarter")
    missed = summed(found, "share").reindex(wanted.index, fill_value=0.0) - wanted
    assert missed.abs().max() <= 1e-9 if len(wanted) else found.empty
    assert (found.loc[found["term"] == OUT, "share"] < 0.0).all()
    assert (found.loc[found["term"].isin([FIRST, IN]), "share"] > 0.0).all()


@given(st.integers(0, 2**32 - 1))
def test_causes_divide_what_left_and_lose_nothing(number: int) -> None:
    books = random_books(np.random.default_rng(number), 0.7)
    left = books.diverted[books.diverted["from"] != books.diverted["to"]]
    found = causes(left, books.sites, books.rules)
    keys = [*RUN, "quarter", "region", "from", "from_site_region", "to"]
    for column in ("quantity_h100e", "arrived_h100e"):
        pd.testing.assert_series_equal(found.groupby(keys)[column].sum(), left.groupby(keys)[column].sum())
    assert not set(FULL) & set(found["cause"]), "a full first choice is always carried back"


@pytest.mark.parametrize("basis", get_args(Basis))
def test_identical_runs_have_no_reasons(basis: Basis) -> None:
    books = random_books(np.random.default_rng(4), 0.6)
    assert changes(books, books, basis, "year").empty


def test_tables_that_contradict_each_other_are_refused() -> None:
    books = random_books(np.random.default_rng(5), 0.8)
    wrong = books._replace(diverted=books.diverted[books.diverted["from"] != "a"])
    with pytest.raises(ValueError, match="contradict each other"):
        changes(books, wrong, "compute", "year")


def full_site(constraint: str | None, refused: float, denied: float) -> dict[str, float]:
    """Return causes of 12 H100e turned away by a firm for whom two rules closed 2 and 1."""
    run = (0, 1, "2026Q1")
    left = frame(
        [(*run, "cn", "iaas", "training", "a", "cn", "lost", "no_cards", 12.0, 0.0)],
        "region", "product", "workload", "from", "from_site_region", "to", "reason", "quantity_h100e", "arrived_h100e",
    )  # fmt: skip
    sites = frame(
        [(*run, "cn", "a", constraint, refused, denied)], "site_region", "provider", "binding_constraint",
        "refused_h100e", "denied_h100e",
    )  # fmt: skip
    rules = frame([(*run, "ban", "a", 2.0), (*run, "cap", "a", 1.0)], "rule", "who", "quantity_bound")
    found = causes(left, sites, rules)
    return dict(zip(found["cause"], found["quantity_h100e"], strict=True))


@pytest.mark.parametrize("constraint", ["cards", "memory", "packaging", "wafers", "licence"])
def test_a_shortage_of_cards_is_divided_between_rules_and_makers_as_orders_were(constraint: str) -> None:
    expected = {constraint: 3.0, f"{RULE}ban": 6.0, f"{RULE}cap": 3.0}
    assert full_site(constraint, 10.0, 30.0) == pytest.approx(expected)
    assert full_site(constraint, 10.0, 0.0) == {constraint: 12.0}


@pytest.mark.parametrize("constraint", ["mw", "cash", "patience"])
def test_what_no_card_would_mend_is_not_put_down_to_rules(constraint: str) -> None:
    assert full_site(constraint, 0.0, 30.0) == {constraint: 12.0}


@pytest.mark.parametrize("constraint", ["demand", None])
def test_a_full_pool_at_a_site_with_room_has_a_name_of_its_own(constraint: str | None) -> None:
    assert full_site(constraint, 0.0, 0.0) == {ONE_POOL: 12.0}
    assert full_site(constraint, 0.0, 30.0) == pytest.approx({f"{RULE}ban": 8.0, f"{RULE}cap": 4.0})


def books_by_hand(sales: list[tuple[str, str, str, float, float]], first: dict[tuple[str, str, str], float]) -> Books:
    """Return the books of a quarter in which all is served at first choice, product by product."""
    run = (0, 1, "2026Q1")
    empty = random_books(np.random.default_rng(0), 0.5)
    moved = [(*run, "us", *kind, firm, "us", firm, "first_choice", x, x) for (firm, *kind), x in first.items()]
    return empty._replace(
        providers=frame([(*run, "us", *sale) for sale in sales], *empty.providers.columns[3:]),
        diverted=frame(moved, *empty.diverted.columns[3:]),
    )


def test_demand_choice_price_mix_and_size_by_hand() -> None:
    """Firm a sells 60 at price 1 and 20 at price 3, then 30 and 50, the first now at price 2; b sells 20 at 1."""
    train, chat = ("iaas", "training"), ("maas", "inference")
    before = books_by_hand(
        [("a", *train, 60.0, 60.0), ("a", *chat, 20.0, 60.0), ("b", *train, 20.0, 20.0)],
        {("a", *train): 60.0, ("a", *chat): 20.0, ("b", *train): 20.0},
    )
    after = books_by_hand(
        [("a", *train, 30.0, 60.0), ("a", *chat, 50.0, 150.0), ("b", *train, 30.0, 30.0)],
        {("a", *train): 30.0, ("a", *chat): 50.0, ("b", *train): 30.0},
    )
    found = changes(before, after, "revenue", "quarter").query("region == 'us' and provider == 'a'")
    terms = found.set_index("term")["change"] * 140.0  # USD m of the baseline's market
    # Demand for training falls from 80 to 60, of which a had three quarters; it is chosen for 15 less than these are.
    assert terms["demand"] == pytest.approx(1.5 * (-15.0 + 30.0))
    assert terms[FIRST] == pytest.approx(1.5 * -15.0)
    assert terms[MIX] == pytest.approx((1.0 - 1.5) * -30.0 + (3.0 - 1.5) * 30.0)
    assert terms[PRICE] == pytest.approx(1.0 * 30.0)
    assert terms[SIZE] == pytest.approx(210.0 * (140.0 / 240.0 - 1.0))
    assert OWN not in terms
