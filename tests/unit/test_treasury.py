"""A quarter's treasury: who gives what, limits, identities."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.treasury import (
    EBITDA,
    FREE_CASH,
    LIMIT,
    RATE,
    Backing,
    Balance,
    Income,
    close_quarter,
    draw_and_repay,
    last_year,
    profit_tax,
)
from sim.ledger import Transfer

amount = st.floats(0.0, 1e5)
TERMS = np.array([0.04, 0.01, 2.0, 0.08, 0.12, 0.2, 1.0, 1.0])


@given(st.floats(-1e5, 1e5), amount, amount, amount, amount, st.booleans(), st.booleans())
def test_what_is_given_keeps_within_what_may_be_given(
    cash: float, debt: float, buffer: float, group: float, limit: float, returns: bool, rescued: bool
) -> None:
    drawn, borrowed, equity = draw_and_repay(cash, debt, buffer, group, limit, returns, rescued)
    after, owed = cash + drawn + borrowed + equity, debt + borrowed
    tolerance = 1e-9 * (abs(cash) + debt + buffer + group + limit + 1.0)
    assert drawn <= group + tolerance
    assert -tolerance <= owed
    assert borrowed <= tolerance or owed <= limit + buffer + tolerance
    assert equity >= -tolerance
    assert rescued or equity == 0.0
    if rescued:
        assert after >= buffer - tolerance
    if after < buffer - tolerance:
        assert drawn >= group - tolerance, "the group gave all it gives"
        assert owed >= limit + buffer - tolerance, "and lenders too"


def test_the_order_is_group_then_lenders_then_owners() -> None:
    assert draw_and_repay(-100.0, 0.0, 10.0, 200.0, 500.0, True, False) == (110.0, 0.0, 0.0)
    assert draw_and_repay(-100.0, 0.0, 10.0, 30.0, 500.0, True, False) == (30.0, 80.0, 0.0)
    assert draw_and_repay(-100.0, 0.0, 10.0, 30.0, 50.0, True, False) == (30.0, 60.0, 0.0)
    assert draw_and_repay(-100.0, 0.0, 10.0, 30.0, 50.0, True, True) == (30.0, 60.0, 20.0)


def test_surplus_repays_debt_and_then_goes_back_where_treasury_is_one() -> None:
    assert draw_and_repay(100.0, 40.0, 10.0, 0.0, 0.0, True, False) == (-50.0, -40.0, 0.0)
    assert draw_and_repay(100.0, 40.0, 10.0, 0.0, 0.0, False, False) == (0.0, -40.0, 0.0)
    assert draw_and_repay(100.0, 200.0, 10.0, 60.0, 0.0, True, False) == (60.0, -150.0, 0.0)
    assert draw_and_repay(100.0, 200.0, 10.0, 60.0, 0.0, False, False) == (0.0, -90.0, 0.0)
    assert draw_and_repay(0.0, 200.0, 10.0, 60.0, 0.0, True, False) == (60.0, -50.0, 0.0)


def test_a_loss_is_not_taxed() -> None:
    assert profit_tax(100.0, 20.0, 30.0, 0.0, 0.2) == pytest.approx(10.0)
    assert profit_tax(100.0, 20.0, 90.0, 0.0, 0.2) == 0.0
    assert profit_tax(100.0, 20.0, 90.0, 20.0, 0.2) == pytest.approx(2.0)


def test_a_year_is_four_quarters_or_as_much_as_a_year_would_have_been() -> None:
    history = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 0.0]])
    assert last_year(history, 0, 0) == 4.0
    assert last_year(history, 0, 1) == 6.0
    assert last_year(history, 0, 4) == 14.0


class Firm:
    """One firm's books over a few quarters; keywords change what it starts from."""

    def __init__(self, **given: Any) -> None:
        def taken(name: str, usual: float = 0.0) -> np.ndarray:
            return np.array([float(given.pop(name, usual))])

        self.terms = np.array(given.pop("terms", TERMS))
        self.rescued, self.t = bool(given.pop("rescued", False)), 0
        self.income = Income(
            taken("revenue", 50.0), taken("rents"), taken("operating"), taken("design"), taken("depreciation"),
            taken("capex"), taken("subsidy"), taken("entry_cost"), taken("written_off"),
        )  # fmt: skip
        self.backing = Backing(
            taken("tax"), taken("multiple", 3.0), np.ones(1), taken("spread", 0.01), taken("share", 1.0),
            taken("returns"),
        )  # fmt: skip
        now, ahead = float(given.pop("group", 0.0)), float(given.pop("ahead", 0.0))
        self.group = np.array([[now], [0.25 * ahead], [0.75 * ahead]])
        self.backlog, self.committed = taken("backlog"), taken("committed")
        ebitda, revenue, free_cash = np.zeros((3, 1, 9))
        cash, debt, assets = taken("cash"), taken("debt"), taken("assets")
        self.at = Balance(
            cash, debt, assets, cash + assets - debt, ebitda, revenue, free_cash, np.zeros(1), np.zeros(1),
            taken("selling", 1.0),
        )  # fmt: skip
        self.flows, self.measured = np.zeros((len(Transfer), 1)), np.empty((4, 1))
        assert not given

    def quarter(self) -> "Firm":
        close_quarter(
            self.income, self.backing, self.group, self.backlog, self.committed, self.terms, self.t, self.rescued,
            self.at, self.flows, self.measured,
        )  # fmt: skip
        self.t += 1
        return self


def test_without_interest_tax_and_capital_cash_grows_by_ebitda() -> None:
    firm = Firm(cash=7.0)
    for t in range(8):
        firm.quarter()
        assert firm.at.cash[0] == pytest.approx(7.0 + 50.0 * (t + 1))
    assert not firm.flows.any()


@given(st.floats(-1e3, 1e3), amount, amount, amount, amount, st.floats(0.0, 0.5), st.booleans())
def test_cash_and_debt_move_by_what_is_posted(
    revenue: float, capex: float, cash: float, debt: float, group: float, tax: float, rescued: bool
) -> None:
    firm = Firm(revenue=revenue, capex=capex, cash=cash, debt=debt, group=group, tax=tax, rescued=rescued).quarter()
    scale = abs(revenue) + capex + cash + debt + group + 1.0
    assert firm.at.cash[0] - cash == pytest.approx(revenue - capex + firm.flows.sum(), abs=1e-9 * scale)
    assert firm.at.debt[0] - debt == pytest.approx(firm.flows[Transfer.CREDIT, 0], abs=1e-9 * scale)


@given(st.floats(-1e3, 1e3), amount, amount, amount, amount, amount)
def test_net_worth_moves_by_cash_less_debt_and_by_what_assets_gain(
    revenue: float, capex: float, depreciation: float, subsidy: float, debt: float, group: float
) -> None:
    given = {"revenue": revenue, "capex": capex, "depreciation": depreciation, "subsidy": subsidy, "group": group}
    firm = Firm(**given, debt=debt, tax=0.2)
    before = firm.at.net_worth[0]
    firm.quarter()
    gained = firm.at.cash[0] - (firm.at.debt[0] - debt) + capex - depreciation
    scale = abs(revenue) + capex + depreciation + subsidy + debt + group + 1.0
    assert firm.at.net_worth[0] - before == pytest.approx(gained, abs=1e-9 * scale)


def test_what_is_measured_of_a_quarter() -> None:
    costs = {"operating": 12.0, "design": 3.0, "capex": 40.0, "entry_cost": 2.0}
    firm = Firm(revenue=80.0, rents=5.0, **costs, subsidy=4.0, tax=0.25, cash=100.0, group=9.0).quarter()
    assert firm.measured[EBITDA, 0] == pytest.approx(80.0 - 12.0 - 3.0 + 5.0)
    assert firm.measured[FREE_CASH, 0] == pytest.approx(70.0 + 4.0 - 0.25 * 74.0 - 40.0 - 2.0)
    past = firm.at.past_ebitda[0, 0], firm.at.past_revenue[0, 0], firm.at.past_free_cash[0, 0]
    assert past == pytest.approx((70.0, 80.0, firm.measured[FREE_CASH, 0] + 9.0))


def test_who_is_not_in_business_may_commit_nothing() -> None:
    assert Firm(cash=100.0, selling=0.0).quarter().at.budget[0] == 0.0


@given(amount, amount, amount, st.floats(0.0, 1.0))
def test_a_tighter_covenant_leaves_no_more_debt_and_no_more_budget(
    capex: float, assets: float, backlog: float, covenant: float
) -> None:
    tight = TERMS.copy()
    tight[6] = covenant
    with_credit, squeezed = (
        Firm(capex=capex, assets=assets, backlog=backlog, terms=terms).quarter() for terms in (TERMS, tight)
    )
    assert squeezed.at.debt[0] <= with_credit.at.debt[0] + 1e-9
    assert squeezed.at.budget[0] <= with_credit.at.budget[0] + 1e-9
    assert squeezed.measured[LIMIT] == pytest.approx(covenant * with_credit.measured[LIMIT])


def test_without_a_limit_any_bill_is_paid_and_the_budget_is_unbounded() -> None:
    free = np.array([0.04, 0.0, 2.0, 0.08, 0.12, 0.2, 1e9, 1.0])
    firm = Firm(capex=1e6, assets=1e6, terms=free).quarter()
    assert firm.at.cash[0] >= 0.0
    assert firm.at.budget[0] > 1e12
    assert firm.measured[RATE, 0] == pytest.approx(0.05)


def test_a_group_that_pays_what_it_may_each_quarter_can_commit_it_each_quarter() -> None:
    """Orders are paid two quarters after the budget for them is set: what is ordered already comes off."""
    firm = Firm(revenue=0.0, capex=10.0, group=10.0, ahead=20.0, committed=10.0, multiple=0.0)
    for _ in range(5):
        assert firm.quarter().at.budget[0] == pytest.approx(10.0)
        assert firm.at.debt[0] == 0.0


def test_a_group_pays_bills_of_its_own_segment_that_nobody_else_pays() -> None:
    bill = {"revenue": 0.0, "capex": 100.0, "multiple": 0.0, "returns": 1.0}
    alone, backed, short = (Firm(**bill, group=x, share=30.0 / x).quarter() for x in (30.0, 530.0, 50.0))
    assert (alone.at.cash[0], backed.at.cash[0], short.at.cash[0]) == pytest.approx((-70.0, 0.0, -50.0))
    assert backed.flows[Transfer.GROUP, 0] == pytest.approx(100.0)


def test_a_quarter_pays_a_fourth_of_the_yearly_rate_and_tax_on_what_is_left() -> None:
    """Net debt of twice yearly earnings of 200: at the threshold, 4% and the spread of 1%."""
    firm = Firm(revenue=50.0, debt=400.0, tax=0.2).quarter()
    assert firm.measured[RATE, 0] == pytest.approx(0.05)
    assert firm.flows[Transfer.INTEREST, 0] == pytest.approx(-400.0 * 0.05 / 4.0)
    assert firm.flows[Transfer.TAX, 0] == pytest.approx(-0.2 * (50.0 - 5.0))
