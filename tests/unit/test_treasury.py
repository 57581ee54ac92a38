"""A quarter's treasury: who gives what, limits, identities."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.treasury import close_quarter, draw_and_repay, last_year, profit_tax
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
        one = {"ebitda": 50.0, "capex": 0.0, "subsidy": 0.0, "depreciation": 0.0, "running": 0.0, "assets": 0.0}
        one |= {"backlog": 0.0, "group": 0.0, "ahead": 0.0, "committed": 0.0, "tax": 0.0, "multiple": 3.0}
        one |= {"spread": 0.01, "returns": 0.0, "behind": 0.0}
        self.terms = np.array(given.pop("terms", TERMS))
        self.rescued = bool(given.pop("rescued", False))
        self.cash, self.debt = (np.array([float(given.pop(x, 0.0))]) for x in ("cash", "debt"))
        self.inputs: list[Any] = [np.array([x]) for x in (one | given).values()]
        self.past, self.budget, self.rate, self.limit = np.zeros((1, 9)), np.zeros(1), np.zeros(1), np.zeros(1)
        self.liquid = np.zeros(1)
        self.flows, self.t = np.zeros((len(Transfer), 1)), 0

    def quarter(self) -> "Firm":
        close: Callable[..., None] = close_quarter
        close(
            *self.inputs, self.terms, self.t, self.rescued, self.cash, self.debt, self.past, self.liquid, self.budget,
            self.flows, self.rate, self.limit,
        )  # fmt: skip
        self.t += 1
        return self


def test_without_interest_tax_and_capital_cash_grows_by_ebitda() -> None:
    firm = Firm(cash=7.0)
    for t in range(8):
        firm.quarter()
        assert firm.cash[0] == pytest.approx(7.0 + 50.0 * (t + 1))
    assert not firm.flows.any()


@given(st.floats(-1e3, 1e3), amount, amount, amount, amount, st.floats(0.0, 0.5), st.booleans())
def test_cash_and_debt_move_by_what_is_posted(
    ebitda: float, capex: float, cash: float, debt: float, group: float, tax: float, rescued: bool
) -> None:
    firm = Firm(ebitda=ebitda, capex=capex, cash=cash, debt=debt, group=group, tax=tax, rescued=rescued).quarter()
    scale = abs(ebitda) + capex + cash + debt + group + 1.0
    assert firm.cash[0] - cash == pytest.approx(ebitda - capex + firm.flows.sum(), abs=1e-9 * scale)
    assert firm.debt[0] - debt == pytest.approx(firm.flows[Transfer.CREDIT, 0], abs=1e-9 * scale)


@given(amount, amount, amount, st.floats(0.0, 1.0))
def test_a_tighter_covenant_leaves_no_more_debt_and_no_more_budget(
    capex: float, assets: float, backlog: float, covenant: float
) -> None:
    tight = TERMS.copy()
    tight[6] = covenant
    with_credit, squeezed = (
        Firm(capex=capex, assets=assets, backlog=backlog, terms=terms).quarter() for terms in (TERMS, tight)
    )
    assert squeezed.debt[0] <= with_credit.debt[0] + 1e-9
    assert squeezed.budget[0] <= with_credit.budget[0] + 1e-9
    assert squeezed.limit[0] == pytest.approx(covenant * with_credit.limit[0])


def test_without_a_limit_any_bill_is_paid_and_the_budget_is_unbounded() -> None:
    free = np.array([0.04, 0.0, 2.0, 0.08, 0.12, 0.2, 1e9, 1.0])
    firm = Firm(capex=1e6, assets=1e6, terms=free).quarter()
    assert firm.cash[0] >= 0.0
    assert firm.budget[0] > 1e12
    assert firm.rate[0] == pytest.approx(0.05)


def test_a_group_that_pays_what_it_may_each_quarter_can_commit_it_each_quarter() -> None:
    """Orders are paid two quarters after the budget for them is set: what is ordered already comes off."""
    firm = Firm(ebitda=0.0, capex=10.0, group=10.0, ahead=20.0, committed=10.0, multiple=0.0)
    for _ in range(5):
        assert firm.quarter().budget[0] == pytest.approx(10.0)
        assert firm.debt[0] == 0.0


def test_a_group_pays_bills_of_its_own_segment_that_nobody_else_pays() -> None:
    bill = {"ebitda": 0.0, "capex": 100.0, "group": 30.0, "multiple": 0.0, "returns": 1.0}
    alone, backed, short = (Firm(**bill, behind=x).quarter() for x in (0.0, 500.0, 20.0))
    assert (alone.cash[0], backed.cash[0], short.cash[0]) == pytest.approx((-70.0, 0.0, -50.0))
    assert backed.flows[Transfer.GROUP, 0] == pytest.approx(100.0)


def test_a_quarter_pays_a_fourth_of_the_yearly_rate_and_tax_on_what_is_left() -> None:
    """Net debt of twice yearly earnings of 200: at the threshold, 4% and the spread of 1%."""
    firm = Firm(ebitda=50.0, debt=400.0, tax=0.2).quarter()
    assert firm.rate[0] == pytest.approx(0.05)
    assert firm.flows[Transfer.INTEREST, 0] == pytest.approx(-400.0 * 0.05 / 4.0)
    assert firm.flows[Transfer.TAX, 0] == pytest.approx(-0.2 * (50.0 - 5.0))
