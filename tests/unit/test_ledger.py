"""Postings have two ends, and a broken identity says which, where and when."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import ComputeMarket, Parameters
from sim.economics.identities import Broken, first_above, first_unequal
from sim.ledger import Flow, IdentityError, Ledger, Transfer, require
from sim.names import quarter_number
from sim.phases import audit
from sim.world import World

WHEN = quarter_number("2024Q3")
PLACES = ["aws us", "baidu china"]
Search = Callable[[np.ndarray, int], Broken]


def check(search: Search, left: list[float], right: list[float]) -> None:
    found = search(np.array([[left, right]]), 0)
    require(("cards: stock = account",), lambda _: PLACES, WHEN, found)


@given(st.lists(st.tuples(st.sampled_from(list(Flow)), st.integers(0, 8), st.integers(0, 8), st.floats(0, 1e6))))
def test_flows_sum_to_zero_whoever_pays_whom(payments: list[tuple[Flow, int, int, float]]) -> None:
    ledger = Ledger(3, 2, 2)
    ledger.financial[:] = np.arange(ledger.financial.size).reshape(ledger.financial.shape) - 5.0
    for flow, payer, payee, amount in payments:
        ledger.paid[flow, payer, payee] += amount
    assert abs(ledger.balances().sum()) <= 1e-9 * (1.0 + ledger.paid.sum())


def test_receipts_less_payments() -> None:
    ledger = Ledger(2, 1, 1)
    ledger.paid[Flow.SERVICE, ledger.customers, 0] = 10.0
    ledger.paid[Flow.CARDS, 0, ledger.suppliers] = 7.0
    ledger.paid[Flow.BUILDING, 0, ledger.builders] = 2.0
    ledger.paid[Flow.OPERATION, 1, ledger.utilities] = 0.5
    ledger.financial[Transfer.INTEREST, 0] = -0.25
    ledger.financial[Transfer.CREDIT, 1] = 4.0
    ledger.financial[Transfer.GROUP, 1] = 1.5
    ledger.financial[Transfer.SUBSIDY, 0] = 1.0
    assert ledger.balances().tolist() == [1.75, 5.0, 7.0, -10.0, 0.5, 2.0, 0.0, -3.75, -1.0, -1.5, 0.0]
    ledger.clear()
    assert not ledger.balances().any()


def test_every_account_has_its_own_place() -> None:
    ledger = Ledger(3, 2, 4)
    held = [*range(3 + 2 + 4)]
    assert held[ledger.providers] + held[ledger.suppliers] + held[ledger.customers] == held
    assert (ledger.utilities, ledger.builders, ledger.treasury, ledger.paid.shape) == (9, 10, 11, (len(Flow), 12, 12))


def test_a_broken_identity_says_which_where_and_when() -> None:
    with pytest.raises(IdentityError) as caught:
        check(first_unequal, [3.0, 5.0], [3.0, 5.5])
    assert str(caught.value) == (
        "identity broken: cards: stock = account at baidu china in 2024Q3: 5 is not 5.5 (difference -0.5)"
    )
    error = caught.value
    assert (error.identity, error.place, error.quarter) == ("cards: stock = account", "baidu china", WHEN)


@pytest.mark.parametrize("search", [first_unequal, first_above])
def test_the_first_place_is_named_and_places_are_not_looked_up_in_vain(search: Search) -> None:
    with pytest.raises(IdentityError, match="at aws us in 2024Q3: 4 is not 1"):
        check(search, [4.0, 5.0], [1.0, 1.0])
    nothing = search(np.ones((2, 2, 2)), 0)
    require(("nothing wrong",), lambda _: pytest.fail("looked up"), WHEN, nothing)


def test_the_first_identity_is_named() -> None:
    sides = np.ones((2, 2, 2))
    sides[1, 0] = 3.0
    assert first_unequal(sides, 4) == first_above(sides, 4) == (5, 0, 3.0, 1.0)
    with pytest.raises(IdentityError, match="power at baidu china"):
        require(("cards", "power"), lambda x: PLACES[x:], WHEN, first_unequal(sides, 0))


@pytest.mark.parametrize(
    ("left", "right"),
    [(1e9, 1e9 + 0.5), (1e9 + 0.5, 1e9), (0.0, 9e-16), (-2.0, -2.0), (0.0, 0.0), (1e-300, 0.0)],
)
def test_what_differs_by_rounding_is_equal(left: float, right: float) -> None:
    check(first_unequal, [left, 0.0], [right, 0.0])


@pytest.mark.parametrize(
    ("left", "right"),
    [(1e9, 1e9 + 2.0), (1e9 + 2.0, 1e9), (0.0, 2e-15), (1.0, -1.0), (np.nan, 1.0), (1.0, np.nan), (np.nan, np.nan),
     (np.inf, 1.0), (np.inf, np.inf)],
)  # fmt: skip
def test_what_differs_by_more_or_is_no_number_is_not(left: float, right: float) -> None:
    with pytest.raises(IdentityError, match="at baidu china"):
        check(first_unequal, [0.0, left], [0.0, right])


@pytest.mark.parametrize(("left", "right"), [(1e9 + 0.5, 1e9), (-5.0, 1.0), (5e-7, 0.0), (0.0, 1e9)])
def test_what_fits_fits(left: float, right: float) -> None:
    check(first_above, [left, 0.0], [right, 0.0])


@pytest.mark.parametrize(
    ("left", "right"), [(1e9 + 2.0, 1e9), (2e-6, 0.0), (1.0, -5.0), (np.nan, 1.0), (1.0, np.nan), (np.inf, np.inf)]
)
def test_what_exceeds_its_bound_does_not(left: float, right: float) -> None:
    with pytest.raises(IdentityError, match="at baidu china"):
        check(first_above, [0.0, left], [0.0, right])


@pytest.fixture
def audited(small: Parameters) -> World:
    """Return a market as it stands at the audit of its second quarter."""
    market = ComputeMarket(small)
    market.step()
    market.step()
    market.world.t -= 1
    audit.run(market.world)
    return market.world


def _load_beyond_cards(world: World) -> None:
    world.state.kinds *= 0.01


def _training_beyond_cards(world: World) -> None:
    world.state.load[1::2] = 0.0
    world.state.load[0::2] = world.state.kinds[:, :, 0].sum(axis=1) * (1.0 + 1e-6) + 1.0


def _exchanged_cards(world: World) -> None:
    light, heavy = np.argsort(world.structure.chip_kw)[[0, -1]]
    world.state.owned[0, light] += 1.0
    world.state.owned[0, heavy] -= 1.0


def _add(name: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        getattr(world.state, name).ravel()[0] += 1.0

    return change


def _volume(world: World) -> None:
    world.workloads.volume[0] *= 1.0 + 1e-6


def _paid_twice(world: World) -> None:
    ledger = world.ledger
    ledger.paid[Flow.SERVICE, ledger.customers, ledger.utilities] += 1.0


def _no_number(world: World) -> None:
    ledger = world.ledger
    ledger.paid[Flow.BUILDING, ledger.builders, ledger.builders] = np.nan


@pytest.mark.parametrize(
    ("change", "identity", "place"),
    [
        (_volume, "workloads: volumes = potential demand", "ally"),
        (_load_beyond_cards, "capacity: use fits the cards", "alibaba cn cambricon"),
        (_training_beyond_cards, "capacity: training fits the cards", "alibaba cn cambricon"),
        (_add("load"), "capacity: use = served + own use", "alibaba cn cambricon training"),
        (_add("owned"), "cards: stock = account", "alibaba cn"),
        (_exchanged_cards, "power: MW = account", "alibaba cn"),
        (_add("elsewhere"), "cards: elsewhere = account", "ally_onprem"),
        (_add("operated"), "leases: operated = owned", "world"),
        (_add("cash"), "money: cash moved = postings", "alibaba"),
        (_add("debt"), "money: debt moved = borrowing less repayment and write-offs", "alibaba"),
        (_add("net_worth"), "balance sheet: cash + assets - debt = net worth", "alibaba"),
        (_add("assets"), "balance sheet: cash + assets - debt = net worth", "alibaba"),
        (_paid_twice, "money: paid by customers = received", "ally"),
        (_no_number, "money: flows sum to zero", "world"),
    ],
)
def test_the_audit_notices(audited: World, change: Callable[[World], None], identity: str, place: str) -> None:
    change(audited)
    with pytest.raises(IdentityError) as caught:
        audit.run(audited)
    error = caught.value
    assert (error.identity, error.place, error.quarter) == (identity, place, audited.quarter)
