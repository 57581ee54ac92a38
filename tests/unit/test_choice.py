"""Choice by keyed shocks: its frequencies, what taking a product away moves, what a choice is worth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.compiled import compiled
from sim.economics.cells import LOG, Cells
from sim.economics.choice import (
    BLOCK,
    MOST_PAIRS,
    NONE,
    Choosers,
    Menu,
    choose,
    choose_again,
    choose_with_room,
    willingness,
)
from sim.economics.stable import log_stable, nest_shock_table
from sim.randomness import bits, fold, unit
from tests.builders_choice import NOWHERE, Floats, Ints, menu, nested_logit, without
from tests.builders_pricing import shares

MANY = 200_000
KEY = np.uint64(20240701)
NESTS_OF_FOUR = ([1.0, 0.5, 2.0, 0.8], [1.5, 0.3, 0.6])
RHOS = [0.0, 0.3, 0.6, 0.85]


@compiled
def own_keys(key: np.uint64, count: int) -> NDArray[np.uint64]:
    out = np.empty(count, np.uint64)
    for i in range(count):
        out[i] = fold(key, np.uint64(i))
    return out


def chosen(offered: Menu, incumbent: int, gift: float, outside_boost: float, key: np.uint64, count: int) -> Ints:
    """Return the choices of the only cell, by workloads with the same tie."""
    same = np.full(count, incumbent), np.full(count, gift), np.full(count, outside_boost)
    return choose(offered, Choosers(np.array([0, count]), own_keys(key, count), *same))


@compiled
def chosen_again(
    offered: Menu, incumbent: int, gift: float, room: Floats, tasks: float, key: np.uint64, count: int
) -> Ints:
    out = np.empty(count, np.int64)
    for i in range(count):
        out[i] = choose_again(offered, 0, incumbent, gift, fold(key, np.uint64(i)), room, tasks, np.empty(MOST_PAIRS))
    return out


@compiled
def worth(offered: Menu, incumbent: int, gift: float, pair: int, key: np.uint64, count: int) -> Floats:
    out = np.empty(count)
    for i in range(count):
        out[i] = willingness(offered, 0, incumbent, gift, 0.0, fold(key, np.uint64(i)), pair)
    return out


@compiled
def nest_shocks(table: Floats, alpha: float, key: np.uint64, count: int) -> tuple[Floats, Floats]:
    """Return log stable draws and independent uniforms."""
    shock, other = np.empty(count), np.empty(count)
    for i in range(count):
        mine = fold(key, np.uint64(i))
        shock[i] = log_stable(table, alpha, bits(mine, np.uint64(0)), bits(mine, np.uint64(1)))
        other[i] = unit(bits(mine, np.uint64(2)))
    return shock, other


def counted(found: Ints, products: int) -> NDArray[np.int64]:
    """Return how often each product was chosen, the outside option last."""
    return np.bincount(np.where(found == NONE, products, found), minlength=products + 1)


def surprise(counts: NDArray[np.int64], probability: Floats) -> float:
    """Return how many standard deviations the chi-square statistic lies above its mean."""
    expected = counts.sum() * probability
    assert (counts[expected == 0.0] == 0).all()
    likely = expected > 0.0
    statistic = (np.square(counts - expected)[likely] / expected[likely]).sum()
    free = likely.sum() - 1
    return float((statistic - free) / math.sqrt(2.0 * free))


@pytest.mark.parametrize("rho", RHOS)
@pytest.mark.parametrize(("incumbent", "kappa", "boost"), [(-1, 0.0, 0.0), (4, 1.5, 0.0), (-1, 0.0, 0.9)])
def test_frequencies_are_nested_logit_shares(rho: float, incumbent: int, kappa: float, boost: float) -> None:
    offered = menu(NESTS_OF_FOUR, rho=rho, outside=0.3, providers=(0, 1, 2, 3, 0, 4, 4))
    found = chosen(offered, incumbent, math.exp(-kappa), boost, KEY, MANY)
    assert abs(surprise(counted(found, 7), nested_logit(offered, incumbent, kappa, boost))) < 4.0


def test_a_wrong_dissimilarity_would_be_noticed() -> None:
    offered = menu(NESTS_OF_FOUR, rho=0.6, outside=0.3)
    found = counted(chosen(offered, -1, 1.0, 0.0, KEY, MANY), 7)
    assert surprise(found, nested_logit(offered._replace(slack=0.45))) > 20.0


@pytest.mark.parametrize("kappa", [0.0, 1.2])
@pytest.mark.parametrize("incumbent", [-1, 1, 3])
def test_firms_expect_the_shares_that_customers_draw(kappa: float, incumbent: int) -> None:
    """The kernels of pricing and of choice are one demand system; provider 3 stands for the outside option."""
    rho, a = 0.6, 3.0
    providers, price = np.array([0, 1, 2, 0, 1]), np.array([1.0, 1.3, 0.8, 0.9, 1.1])
    attraction = np.array([0.3, 0.9, -0.2, 0.1, 0.5])
    cells = Cells(
        np.array([0, 5]), np.arange(5), attraction, np.ones(5), np.array([a]), np.array([0.2]), np.ones((1, 1)),
        np.array([incumbent]), np.array([[kappa]]), np.zeros(1, np.int64), np.array([0, 0, 0, 1, 1]), providers, 3,
        rho, 0.0, LOG,
    )  # fmt: skip
    weight = np.exp(attraction - a * np.log(price))
    offered = menu((weight[:3].tolist(), weight[3:].tolist()), rho=rho, outside=0.2, providers=providers.tolist())
    boost = kappa * (1.0 - rho) if incumbent == 3 else 0.0
    expected = shares(cells, price, 0, 0)
    np.testing.assert_allclose(nested_logit(offered, incumbent, kappa, boost), expected, rtol=1e-12)
    found = chosen(offered, incumbent if incumbent < 3 else -1, math.exp(-kappa), boost, KEY, MANY)
    assert abs(surprise(counted(found, 5), expected)) < 4.0


@pytest.mark.parametrize("rho", RHOS)
@pytest.mark.parametrize("gone", [0, 2, 6])
def test_taking_a_product_away_moves_only_those_who_had_chosen_it(rho: float, gone: int) -> None:
    offered = menu(NESTS_OF_FOUR, rho=rho, outside=0.3)
    before, after = (chosen(x, -1, 1.0, 0.0, KEY, 20_000) for x in (offered, without(offered, gone)))
    others = before != gone
    assert 0 < others.sum() < others.size
    assert (after[others] + (after[others] >= gone) == before[others]).all()
    assert surprise(counted(after, 6), nested_logit(without(offered, gone))) < 4.0


def test_a_product_is_known_by_its_name_wherever_it_stands() -> None:
    offered = menu(([1.0, 0.5, 2.0], [1.5, 0.3]), rho=0.6)
    moved = menu(([2.0, 1.0, 0.5], [0.3, 1.5]), rho=0.6, names=(2, 0, 1, 4, 3))
    where = np.array([2, 0, 1, 4, 3, NONE])
    before, after = (chosen(x, -1, 1.0, 0.0, KEY, 20_000) for x in (offered, moved))
    assert (where[after] == before).all()


def test_plain_logit_knows_no_irrelevant_alternatives() -> None:
    offered = menu(NESTS_OF_FOUR, outside=0.3)
    counts = counted(chosen(without(offered, 2), -1, 1.0, 0.0, KEY, MANY), 6)
    weight = np.append(1.0 / without(offered, 2).inverse_weight, math.exp(0.3))
    assert surprise(counts, weight / weight.sum()) < 4.0


@pytest.mark.parametrize("kappa", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("firms", [2, 5])
def test_who_stays_with_one_of_equal_suppliers(kappa: float, firms: int) -> None:
    """``e^k / (e^k + N - 1)`` without an outside option (MODEL B1)."""
    offered = menu(([1.0] * firms, []), outside=NOWHERE)
    found = chosen(offered, 1, math.exp(-kappa), 0.0, KEY, MANY)
    stays = math.exp(kappa) / (math.exp(kappa) + firms - 1)
    assert (found == 1).mean() == pytest.approx(stays, abs=4.0 * math.sqrt(stays * (1.0 - stays) / MANY))


def test_what_is_not_on_sale_is_never_chosen() -> None:
    found = chosen(menu(([0.0, 1.0], [0.0, 0.0]), rho=0.6, outside=-1.0), -1, 1.0, 0.0, KEY, 20_000)
    assert set(found.tolist()) == {NONE, 1}
    assert set(chosen(menu(([0.0], []), outside=-3.0), 0, 0.01, 0.0, KEY, 1000).tolist()) == {NONE}


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.85])
def test_the_law_of_the_nest_shock(rho: float) -> None:
    """Cardell 1997: ``alpha (ln S + G)`` is standard Gumbel again, so ``alpha ln S`` has the moments of the rest."""
    alpha = 1.0 - rho
    log_s, u = nest_shocks(nest_shock_table(rho), alpha, KEY, MANY)
    shock = alpha * log_s
    euler = 0.5772156649015329
    variance = math.pi**2 / 6.0 * (1.0 - alpha**2)
    assert shock.mean() == pytest.approx(euler * (1.0 - alpha), abs=4.0 * math.sqrt(variance / MANY))
    assert shock.var() == pytest.approx(variance, rel=0.03)
    together = shock - alpha * np.log(-np.log(u))
    cells = np.bincount((np.exp(-np.exp(-together)) * 100).astype(int), minlength=100)
    assert abs(surprise(cells, np.full(100, 0.01))) < 4.0


@pytest.mark.parametrize("s", [0.2, 1.0, 5.0])
def test_the_transform_of_a_stable_variable(s: float) -> None:
    log_s, _ = nest_shocks(nest_shock_table(0.4), 0.6, KEY, MANY)
    sample = np.exp(-s * np.exp(log_s))
    assert sample.mean() == pytest.approx(math.exp(-(s**0.6)), abs=4.0 * sample.std() / math.sqrt(MANY))


def test_the_table_of_the_nest_shock_is_as_good_as_it_says() -> None:
    alpha = 0.4
    table, rng = nest_shock_table(1.0 - alpha), np.random.default_rng(2)
    for u, w in zip(rng.random(2000), rng.exponential(size=2000), strict=True):
        first = np.uint64(int(u * 2.0**64))
        second = np.uint64(int(math.exp(-w) * 2.0**64))
        x, wait = unit(first), -math.log(unit(second))
        ratio = (1.0 - alpha) / alpha
        exact = (
            math.log(math.sin(alpha * math.pi * x)) + ratio * math.log(math.sin((1.0 - alpha) * math.pi * x))
            - math.log(math.sin(math.pi * x)) / alpha - ratio * math.log(wait)
        )  # fmt: skip
        assert log_stable(table, alpha, first, second) == pytest.approx(exact, abs=1e-6)


def test_without_dissimilarity_nests_share_nothing() -> None:
    log_s, _ = nest_shocks(nest_shock_table(0.0), 1.0, KEY, 100)
    assert not log_s.any()


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_a_choice_is_worth_something_and_nothing_else_is(rho: float) -> None:
    offered = menu(NESTS_OF_FOUR, rho=rho, outside=0.3, providers=(0, 1, 2, 3, 0, 4, 4))
    found = chosen(offered, 4, math.exp(-1.0), 0.0, KEY, 20_000)
    pool_of = np.append(offered.lane // 2, NONE)
    for pair in (0, 2, 5):
        gain = worth(offered, 4, math.exp(-1.0), pair, KEY, 20_000)
        assert ((gain > 0.0) == (pool_of[found] == offered.lane[pair] // 2)).all()


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_a_bid_is_the_price_at_which_the_customer_leaves(rho: float) -> None:
    """Weights fall with the power a of price: at a price ``exp(gain / (a (1 - rho)))`` times the posted one."""
    a, slack = 3.0, 1.0 - rho
    offered = menu(NESTS_OF_FOUR, rho=rho, outside=0.3, providers=(0, 1, 2, 3, 0, 4, 4))
    mine = offered.provider == 0
    gain = worth(offered, -1, 1.0, 0, KEY, 400)
    found = chosen(offered, -1, 1.0, 0.0, KEY, 400)
    buyers = np.flatnonzero(gain > 0.0)
    assert buyers.size > 50
    for i in buyers[:50]:
        bid = math.exp(gain[i] / (a * slack))
        for factor, stays in ((1.0 - 1e-7, True), (1.0 + 1e-7, False)):
            dearer = offered._replace(inverse_weight=offered.inverse_weight * np.where(mine, (bid * factor) ** a, 1.0))
            again = chosen(dearer, -1, 1.0, 0.0, KEY, int(i) + 1)[i]
            assert (again != NONE and bool(mine[again])) == stays
    assert mine[found[buyers]].all()


@given(st.integers(0, 2**32 - 1), st.sampled_from(RHOS))
def test_who_is_refused_takes_the_best_of_what_has_room(seed: int, rho: float) -> None:
    rng = np.random.default_rng(seed)
    providers = (0, 1, 2, 3, 0, 4, 4)
    need = rng.uniform(0.5, 2.0, 7)
    offered = menu(NESTS_OF_FOUR, rho=rho, outside=NOWHERE, providers=providers, need=need.tolist())
    room = rng.uniform(0.0, 3.0, 10) * (rng.random(10) < 0.7)
    fits = room[offered.lane] >= 1.4 * need
    found = chosen_again(offered, 4, 0.5, room, 1.4, np.uint64(seed), 200)
    if not fits.any():
        assert (found == NONE).all()
        return
    assert fits[found].all()
    open_only = offered._replace(inverse_weight=np.where(fits, offered.inverse_weight, np.inf))
    assert (chosen(open_only, 4, 0.5, 0.0, np.uint64(seed), 200) == found).all()
    together = Choosers(
        np.array([0, 200]), own_keys(np.uint64(seed), 200), np.full(200, 4), np.full(200, 0.5), np.zeros(200)
    )  # fmt: skip
    assert (choose_with_room(offered, together, np.full(200, 1.4), room) == found).all()


@given(st.integers(0, 2**32 - 1), st.sampled_from(RHOS))
def test_the_race_finds_what_comparing_every_product_finds(seed: int, rho: float) -> None:
    """Bounds instead of logs, blocks, cells in one call: the same as ranking all products one workload at a time."""
    rng = np.random.default_rng(seed)
    count = BLOCK + 40
    spread = np.exp(rng.normal(0.0, 3.0, 7)).tolist()
    offered = menu((spread[:4], spread[4:]), rho=rho, outside=NOWHERE, providers=(0, 1, 2, 3, 0, 4, 4))
    gift, key = math.exp(-3.0), np.uint64(seed)
    everywhere = np.full(10, np.inf)
    found = chosen(offered, 4, gift, 0.0, key, count)
    assert (found == chosen_again(offered, 4, gift, everywhere, 1.0, key, count)).all()


def test_cells_choose_from_their_own_products() -> None:
    one = menu(([1.0, 2.0], []), outside=NOWHERE)
    two = one._replace(
        start=np.array([0, 1, 1, 2, 2]), outside=np.full(2, NOWHERE)
    )  # each of two cells sees one of the products
    who = Choosers(np.array([0, 3, 5]), own_keys(KEY, 5), np.full(5, NONE), np.ones(5), np.zeros(5))
    assert choose(two, who).tolist() == [0, 0, 0, 1, 1]


def test_what_is_not_on_sale_is_not_chosen() -> None:
    offered = menu(([1.0, 2.0], [1.0]), outside=NOWHERE)
    gone = offered._replace(inverse_weight=np.array([np.inf, offered.inverse_weight[1], np.inf]))
    assert set(chosen(gone, -1, 1.0, 0.0, KEY, 500).tolist()) == {1}
    assert set(chosen(gone._replace(inverse_weight=np.full(3, np.inf)), -1, 1.0, 0.0, KEY, 50).tolist()) == {NONE}
