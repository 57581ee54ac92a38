"""What lenders ask and where credit ends: forms, limits, signs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.credit import contracted_revenue, credit_limit, earning_power, interest_rate

TERMS = np.array([0.01, 2.0, 0.08])
money = st.floats(0.0, 1e6)


@given(money, money, st.floats(0.0, 0.1))
def test_a_rate_lies_between_the_own_spread_and_the_cap(net_debt: float, earning: float, spread: float) -> None:
    rate = interest_rate(net_debt, earning, spread, 0.04, TERMS)
    assert 0.04 + spread - 1e-12 <= rate <= 0.04 + spread + TERMS[2] + 1e-12


@given(money, st.floats(1.0, 1e5), st.floats(1.0, 10.0))
def test_a_rate_rises_with_debt_and_falls_with_earnings(net_debt: float, earning: float, times: float) -> None:
    rate = interest_rate(net_debt, earning, 0.01, 0.04, TERMS)
    assert interest_rate(net_debt * times, earning, 0.01, 0.04, TERMS) >= rate
    assert interest_rate(net_debt, earning * times, 0.01, 0.04, TERMS) <= rate


def test_a_rate_by_hand() -> None:
    assert interest_rate(500.0, 100.0, 0.02, 0.04, TERMS) == pytest.approx(0.04 + 0.02 + 0.01 * 3.0)
    assert interest_rate(200.0, 100.0, 0.02, 0.04, TERMS) == pytest.approx(0.06)
    assert interest_rate(-50.0, 0.0, 0.02, 0.04, TERMS) == pytest.approx(0.06)
    assert interest_rate(50.0, 0.0, 0.02, 0.04, TERMS) == pytest.approx(0.14)
    assert interest_rate(50.0, 0.0, 0.02, 0.04, np.zeros(3)) == pytest.approx(0.06)


def test_who_earns_nothing_yet_borrows_on_its_assets() -> None:
    assert earning_power(-5.0, 1000.0, 0.12) == pytest.approx(120.0)
    assert earning_power(300.0, 1000.0, 0.12) == 300.0
    assert credit_limit(120.0, 50.0, 3.0, 0.2, 1.0) == pytest.approx(370.0)


@given(money, money, st.floats(0.0, 10.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_tighter_covenant_cuts_every_limit_alike(
    earning: float, backlog: float, multiple: float, share: float, covenant: float
) -> None:
    whole = credit_limit(earning, backlog, multiple, share, 1.0)
    assert credit_limit(earning, backlog, multiple, share, covenant) == pytest.approx(covenant * whole)


def test_backlog_is_contracted_revenue_still_to_come_and_rent_to_come() -> None:
    contracted, load = np.array([5.0, 0.0, 1.0, 2.0]), np.array([10.0, 10.0, 4.0, 2.0])
    rents = np.array([24.0, 0.0])
    revenue, provider = np.array([100.0, 60.0]), np.array([0, 1])
    own_use, none = np.array([0.0, 2.0]), np.zeros(2)
    used = load + np.array([0.0, 0.0, 0.0, 2.0])
    out = contracted_revenue(revenue, contracted, used, own_use, provider, 5.0, rents)
    assert out.tolist() == pytest.approx([100.0 * 0.25 * 5.0 + 24.0, 60.0 * 0.5 * 5.0])
    assert contracted_revenue(revenue, contracted, np.zeros(4), none, provider, 5.0, rents)[1] == 0.0
