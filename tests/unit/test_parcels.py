"""Expected flows of the large-population limit, against formulas and against many drawn workloads."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.economics.cells import NESTS
from sim.economics.choice import Menu
from sim.economics.parcel_choice import ANY, Choices, Draws, choose_parcels, nest_flows, nest_ratios
from sim.economics.parcel_signing import Flows, sign_parcels
from sim.economics.parcels import TERMS, Layout, Stock, contracted_parcels, grow_parcels, held_by_tie
from sim.economics.rationing import LOTTERY, RESERVATIONS
from sim.economics.service import Terms
from sim.economics.tally import ENDS, TO_EXPIRED, TO_LOST, TO_WAITING
from sim.economics.workloads import LOST, ON_DEMAND, ONE_YEAR, OUTSIDE, SERVED, THREE_YEAR, WAITING
from sim.parameters.customers import Switching
from sim.population.parcels import RATIOS, draws_of
from tests.builders_choice import CELLS, NOWHERE, Scene, menu, nested_logit, workloads
from tests.builders_choice import TERMS as EVEN

Floats = NDArray[np.float64]

INFERENCE = 1
"""The segment that has all demand; the other, training, has none."""
DRAWN = 30_000
"""Workloads drawn for comparison: a share of one half has a standard deviation of 0.3 points."""
NEAR = 0.012
"""Four standard deviations."""
PLENTY = (1e3, 1e3)


def switching(**changes: float) -> Switching:
    """Return contracts as ``builders_choice`` has them."""
    values = {
        "cost_iaas": 0.0, "cost_maas": 0.0, "new_workload_fraction": 0.0, "one_year_share": float(EVEN.one_year[0]),
        "three_year_share": float(EVEN.three_year[0]), "maas_reserved_share": float(EVEN.maas_reserved[0]),
        "escalation": EVEN.escalation,
    }  # fmt: skip
    return Switching(**{**values, **changes})


class Market:
    """One type of customers in one cell, and what it goes through."""

    def __init__(
        self, offered: Menu, capacity: list[tuple[float, float]], *, terms: Terms = EVEN, rule: int = LOTTERY,
        contracts: Switching | None = None, prescribed: tuple[int, ...] = (), until: int = 9,
    ) -> None:  # fmt: skip
        count, firms = offered.provider.size, int(offered.provider.max()) + 1
        self.menu, self.terms = offered, terms
        self.nest = np.repeat(np.arange(NESTS), np.diff(offered.start))
        pair = np.tile(np.append(np.arange(count), OUTSIDE), 2)
        inside = pair != OUTSIDE
        service = np.where(inside, self.nest[pair], 0)
        incumbent = np.where(inside, offered.provider[pair], firms)
        first = count + 1
        dated = np.array([[-1] * len(prescribed), [first + j for j in prescribed]], dtype=np.int64).reshape(2, -1)
        self.layout = Layout(
            np.zeros(2, np.int64), np.zeros(2, np.int64), np.array([0, first, 2 * first]), pair, service,
            (incumbent + 1) * 2 + service, dated, np.full(dated.shape, until), 2 * (firms + 2),
        )  # fmt: skip
        served = (pair.size, TERMS + len(prescribed))
        self.stock = Stock(
            np.zeros(served), np.zeros(served), np.zeros(served), np.zeros((pair.size, terms.waiting_quarters)),
            np.zeros(2), np.zeros((2, self.layout.ties, 1 + len(prescribed))),
        )  # fmt: skip
        self.draws: Draws = draws_of(contracts or switching(), 1.0 - offered.slack, rule == RESERVATIONS)
        self.kinds = np.array(capacity, dtype=float)[:, None, :]
        ends = (count, firms + ENDS)
        self.flows = Flows(*(np.zeros(shape) for shape in (*[(count,)] * 6, ends, ends, (2, 5))))
        self.load = np.zeros(2 * len(capacity))
        self.t = 0

    def arrive(self, volume: float = 1.0, tie: int = 0, contract: int = 0) -> "Market":
        """Add new volume, by tie and dated contract (0 none)."""
        self.stock.new[INFERENCE, tie, contract] += volume
        return self

    def place(self, j: int) -> int:
        """Return the place of a product; -1 stands for on premises."""
        return int(self.layout.start[INFERENCE + 1] - 1 if j < 0 else self.layout.start[INFERENCE] + j)

    def quarter(self, posted: float = 2.0) -> Choices:
        """Serve contracts, let the rest choose, sign."""
        contracted_parcels(self.stock, self.layout, self.menu.lane, self.menu.need, self.t, self.load)
        made = choose_parcels(self.stock, self.layout, self.menu, self.draws, self.terms, self.kinds, self.load, self.t)
        for flow in self.flows:
            flow[:] = 0.0
        count = self.menu.provider.size
        sign_parcels(
            self.stock, self.layout, self.menu, self.draws, self.terms, made, np.full(count, posted), np.ones(count),
            self.t, self.flows,
        )  # fmt: skip
        self.t += 1
        return made

    @property
    def served(self) -> Floats:
        """Volume by product and, last, on premises (K + 1,)."""
        by_place: Floats = self.stock.volume.sum(axis=1)[self.layout.start[INFERENCE] :]
        return by_place

    @property
    def waiting(self) -> Floats:
        """Volume waiting by product (K,)."""
        by_place: Floats = self.stock.waiting.sum(axis=1)[self.layout.start[INFERENCE] : -1]
        return by_place

    @property
    def total(self) -> float:
        """All volume."""
        return float(self.stock.volume.sum() + self.stock.waiting.sum() + self.stock.lost.sum())


def drawn(offered: Menu, capacity: list[tuple[float, float]], rule: int, terms: Terms = EVEN) -> Scene:
    """Return the same quarter with many equal workloads, signed."""
    nest = np.repeat(np.arange(NESTS), np.diff(offered.start))
    rows = workloads(np.full(DRAWN, 1.0 / DRAWN))
    scene = Scene(offered, rows, capacity, rule=rule, service=list(nest), terms=terms).ration()
    scene.sign()
    return scene


@pytest.mark.parametrize("rho", [0.0, 0.7])
@pytest.mark.parametrize("incumbent", [-1, 0, 2])
def test_first_choices_are_the_nested_logit(rho: float, incumbent: int) -> None:
    offered = menu([[1.0, 2.0], [0.5, 3.0]], rho=rho, outside=0.4, providers=[0, 1, 1, 2])
    terms = EVEN._replace(gift=np.tile(np.exp(-np.array([[2.0, 0.5], [1.5, 0.3]])), (CELLS, 1, 1)))
    market = Market(offered, [PLENTY] * 3, terms=terms).arrive(1.0, tie=(incumbent + 1) * 2)
    market.quarter()
    expected = nested_logit(offered, incumbent, 0.5)
    np.testing.assert_allclose(market.served, expected, rtol=1e-12)
    np.testing.assert_allclose(market.flows.first, expected[:-1], rtol=1e-12)


def test_a_customer_on_premises_is_tied_there() -> None:
    offered = menu([[1.0, 2.0], []], rho=0.5, outside=0.0)
    terms = EVEN._replace(outside_boost=np.tile([1.2, 0.4], (CELLS, 1)))
    market = Market(offered, [PLENTY] * 2, terms=terms).arrive(1.0, tie=6)
    market.quarter()
    np.testing.assert_allclose(market.served, nested_logit(offered, outside_boost=0.4), rtol=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_customers_of_a_symmetric_market_stay_with_the_logit_probability(rho: float) -> None:
    """Without outside option and with every contract ending, stay = e^k / (e^k + N - 1), quarter after quarter."""
    kappa, firms = 2.5, 6
    offered = menu([[1.0] * firms, []], rho=rho, outside=NOWHERE)
    on_demand = switching(one_year_share=0.0, three_year_share=0.0)
    terms = EVEN._replace(gift=np.full((CELLS, 2, 2), np.exp(-kappa)))
    market = Market(offered, [PLENTY] * firms, terms=terms, contracts=on_demand)
    market.stock.volume[market.place(0), ON_DEMAND] = market.stock.tasks[market.place(0), ON_DEMAND] = 1.0
    stay, held = np.exp(kappa) / (np.exp(kappa) + firms - 1), 1.0
    for _ in range(5):
        market.quarter()
        held = held * stay + (1.0 - held) * (1.0 - stay) / (firms - 1)
        assert market.served[0] == pytest.approx(held, rel=1e-12)
        np.testing.assert_allclose(market.served[1:-1], (1.0 - held) / (firms - 1), rtol=1e-12)


def test_contracts_end_by_their_terms_and_renewals_pay_at_most_the_escalated_price() -> None:
    """Posted 2, then 5: who stays by contract pays 2, who renews 2 (1 + esc), who is new 5."""
    offered = menu([[1.0], []], outside=NOWHERE)
    market = Market(offered, [PLENTY]).arrive()
    market.quarter(posted=2.0)
    market.arrive(0.5).quarter(posted=5.0)
    one_year, three_year = EVEN.one_year[0], EVEN.three_year[0]
    shares = np.array([1.0 - one_year - three_year, one_year, three_year])
    ended = (shares * [1.0, 0.25, 1.0 / 12.0]).sum()
    kept = shares * [0.0, 0.75, 11.0 / 12.0]
    p = market.place(0)
    np.testing.assert_allclose(market.stock.volume[p], kept + shares * (ended + 0.5), rtol=1e-12)
    bill = kept * 2.0 + shares * (ended * 2.0 * (1.0 + EVEN.escalation) + 0.5 * 5.0)
    np.testing.assert_allclose(market.stock.bill[p], bill, rtol=1e-12)
    assert market.flows.kept[0] == pytest.approx(kept.sum())


def test_a_dated_contract_holds_until_its_date() -> None:
    offered = menu([[1.0, 1e9], []], outside=NOWHERE)
    market = Market(offered, [PLENTY] * 2, prescribed=(0,), until=1).arrive(contract=1)
    for quarter in range(3):
        market.quarter()
        assert market.served[0] == pytest.approx(1.0 if quarter < 2 else 0.0, abs=1e-8)
        assert market.total == pytest.approx(1.0)


FULL = {
    "one pool is full": [(1e3, 0.15), PLENTY, PLENTY, PLENTY],
    "two pools are full": [(1e3, 0.1), PLENTY, (1e3, 0.05), PLENTY],
    "what is open fills too": [(1e3, 0.1), (1e3, 0.25), (1e3, 0.1), PLENTY],
    "all is full": [(1e3, 0.1), (1e3, 0.2), (1e3, 0.1), (1e3, 0.2)],
}


@pytest.mark.parametrize("rule", [LOTTERY, RESERVATIONS])
@pytest.mark.parametrize(("rho", "outside"), [(0.0, 0.5), (0.7, NOWHERE)])
@pytest.mark.parametrize("capacity", FULL.values(), ids=FULL)
def test_rationing_is_the_lottery_among_many(
    capacity: list[tuple[float, float]], rho: float, outside: float, rule: int
) -> None:
    """Where the limit is exact - rho = 0, or no outside option - it differs from many workloads by sampling only."""
    offered = menu([[1.0, 0.8], [0.6, 0.9]], rho=rho, outside=outside)
    market = Market(offered, capacity, rule=rule).arrive()
    market.quarter()
    rows = drawn(offered, capacity, rule).rows
    for term in (ON_DEMAND, ONE_YEAR, THREE_YEAR):
        mine = market.stock.volume[market.place(0) :, term]
        for j in range(-1, 4):
            there = (rows.status == SERVED) & (rows.pair == j) & (rows.term == term)
            assert mine[j] == pytest.approx(rows.volume[there].sum(), abs=NEAR)
    for j in range(4):
        there = (rows.status == WAITING) & (rows.pair == j)
        assert market.waiting[j] == pytest.approx(rows.volume[there].sum(), abs=NEAR)
    assert market.stock.lost.sum() == pytest.approx(rows.volume[rows.status == LOST].sum(), abs=NEAR)
    assert market.total == pytest.approx(1.0, rel=1e-12)


def test_with_nests_and_an_outside_option_rationing_is_close() -> None:
    """The one approximation: 27% choose the outside option, and a fifth of demand is refused."""
    offered = menu([[1.0, 0.8], [0.6, 0.9]], rho=0.7, outside=-0.1)
    capacity = FULL["one pool is full"]
    market = Market(offered, capacity).arrive()
    market.quarter()
    rows = drawn(offered, capacity, LOTTERY).rows
    there = [rows.volume[(rows.status == SERVED) & (rows.pair == j)].sum() for j in range(4)]
    np.testing.assert_allclose(market.served[:-1], there, atol=NEAR + 0.01)
    plain = Market(menu([[1.0, 0.8], [0.6, 0.9]], rho=0.7, outside=NOWHERE), capacity)
    alone = nest_flows(plain.draws.ratio, np.array([1.8, 1.5]), np.array([0.8, 1.5]), 0.3)
    assert alone[0, 0] > alone[ANY, 0] + 0.1, "who chose the first nest likes it better than others do"


def test_what_pools_do_not_serve_waits_then_expires() -> None:
    offered = menu([[1.0], []], outside=NOWHERE)
    market = Market(offered, [(1e-9, 1e-9)]).arrive()
    ends = market.flows.diverted
    market.quarter()
    assert market.waiting[0] == pytest.approx(EVEN.waiting_share)
    np.testing.assert_allclose(ends[0, 1 + np.array([TO_WAITING, TO_LOST])], 0.5, atol=1e-8)
    assert market.flows.unmet[0] == pytest.approx(1.0)
    for quarter in range(1, 4):
        market.quarter()
        expired = 0.5 ** (quarter - 1) if quarter >= EVEN.waiting_quarters else 0.0
        assert ends[0, 1 + TO_EXPIRED] == pytest.approx(expired, abs=1e-8)
        assert market.total == pytest.approx(1.0)


@pytest.mark.parametrize("slack", [1.0, 0.7, 0.3, 0.05])
def test_nest_flows_agree_with_the_choice_among_what_is_left(slack: float) -> None:
    """Over both first choices the law of total probability gives the nested logit of all that has room."""
    whole, left = np.array([2.0, 3.0]), np.array([0.7, 2.9])
    ratio = nest_ratios(slack, RATIOS)
    flow = nest_flows(ratio, whole, left, slack)
    first = whole**slack / (whole**slack).sum()
    np.testing.assert_allclose(flow.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(first @ flow[:2], flow[ANY], atol=0.002)
    if slack == 1.0:
        np.testing.assert_allclose(flow, np.tile(left / left.sum(), (3, 1)), rtol=1e-12)


def test_nothing_flows_where_nothing_has_room() -> None:
    assert not nest_flows(nest_ratios(0.3, 8), np.ones(2), np.zeros(2), 0.3).any()


@pytest.mark.parametrize("longer_first", [False, True])
def test_atoms_of_terms_add_up_to_the_shares_of_contracts(longer_first: bool) -> None:
    contracts = switching(one_year_share=0.5, three_year_share=0.3, maas_reserved_share=0.2)
    draws = draws_of(contracts, 0.0, longer_first)
    shares = np.einsum("q,qwt->wt", draws.weight, draws.term)
    np.testing.assert_allclose(shares, [[0.2, 0.5, 0.3], [0.8, 0.2, 0.0]], atol=1e-12)
    assert draws.level.max() == draws.levels - 1
    assert (draws.level[0] < draws.level[1]).all()
    for q, w in np.ndindex(*draws.term.shape[:2]) if longer_first else []:
        assert draws.level[0, w, q] == THREE_YEAR - np.argmax(draws.term[q, w])


def test_growth_is_tied_to_suppliers_in_proportion_to_what_they_serve() -> None:
    offered = menu([[1.0, 3.0], []], outside=NOWHERE)
    market = Market(offered, [PLENTY] * 2)
    training, tied, ties = np.zeros(1), np.zeros((2, 0)), np.empty(market.layout.ties)
    grow_parcels(market.stock, market.layout, np.full(1, 1.0), training, tied)
    assert market.stock.new[INFERENCE, 0, 0] == 1.0, "the first has no supplier"
    market.quarter()
    grow_parcels(market.stock, market.layout, np.full(1, 1.6), training, tied)
    np.testing.assert_allclose(market.stock.new[INFERENCE, [2, 4], 0], [0.6 * 0.25, 0.6 * 0.75])
    market.quarter()
    assert held_by_tie(market.stock, market.layout, 0, ties) == pytest.approx(1.6)
    np.testing.assert_allclose(ties[[2, 4]], [0.4, 1.2])
    grow_parcels(market.stock, market.layout, np.full(1, 0.2), training, tied)
    np.testing.assert_allclose(market.served[:2], [0.05, 0.15])
    assert not market.stock.new.any(), "where demand shrinks nothing new starts"


def test_what_nobody_serves_has_no_supplier_to_be_tied_to() -> None:
    offered = menu([[1.0], []], outside=NOWHERE)
    market = Market(offered, [(1e-9, 1e-9)]).arrive(tie=2)
    market.quarter()
    grow_parcels(market.stock, market.layout, np.full(1, 3.0), np.zeros(1), np.zeros((2, 0)))
    assert market.stock.new[INFERENCE, 0, 0] == pytest.approx(2.0)
