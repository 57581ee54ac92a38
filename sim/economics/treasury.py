"""A quarter of every treasury: income, interest and tax; then group, lenders and owners; then the next budget.

I providers. Money in USD m a quarter; rates a year.
"""

from typing import NamedTuple

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats
from sim.economics.credit import credit_limit, earning_power, interest_rate

YEAR = 4
"""Quarters of a year."""


@inlined
def last_year(history: Floats, i: int, t: int) -> float:
    """Return the sum of the last four quarters of (I, A); of a shorter past, as much as a year would have been."""
    first = max(t - YEAR + 1, 0)
    total = 0.0
    for q in range(first, t + 1):
        total += history[i, q]
    return total * YEAR / (t + 1 - first)


@compiled
def profit_tax(ebitda: float, interest: float, depreciation: float, subsidy: float, rate: float) -> float:
    """Return the tax on a quarter's profit; a loss is neither refunded nor carried forward."""
    return rate * max(ebitda + subsidy - interest - depreciation, 0.0)


@compiled
def draw_and_repay(
    cash: float, debt: float, buffer: float, group: float, limit: float, returns: bool, rescued: bool
) -> tuple[float, float, float]:  # fmt: skip
    """Return what group, lenders and owners give (negative: get back) once the quarter's bills are paid.

    Short of the buffer a firm draws on its group, then borrows as far as debt less the buffer stays within the limit.
    What lies above the buffer repays debt. Where treasury is one, the group repays debt with what the segment leaves
    of its Z, and surplus goes back to it.

    Args:
        cash: after income, tax, interest and capital expenditure; may be negative.
        debt: at the beginning.
        buffer: cash that the firm wants to keep.
        group: the most that the group gives, Z.
        limit: largest net debt.
        returns: whether surplus goes back to the group.
        rescued: whether owners pay what is still short: while deliveries are observed, somebody did.
    """
    short, most = buffer - cash, max(group, 0.0)
    if short <= 0.0:
        repaid = min(debt, (most if returns else 0.0) - short)
        return (short + repaid if returns else 0.0), -repaid, 0.0
    drawn = min(most, short)
    if drawn == short and returns:
        repaid = min(debt, most - drawn)
        return drawn + repaid, -repaid, 0.0
    borrowed = min(short - drawn, max(limit + buffer - debt, 0.0))
    return drawn, borrowed, short - drawn - borrowed if rescued else 0.0


class Income(NamedTuple):
    """What a quarter brought firms and cost them (I,), USD m."""

    revenue: Floats
    rents: Floats
    """Received less paid."""
    operating: Floats
    """Running cost."""
    design: Floats
    """Of the next cards of makers of their own."""
    depreciation: Floats
    capex: Floats
    subsidy: Floats
    """From the state."""
    entry_cost: Floats
    """Of a firm that came in."""
    written_off: Floats
    """Debt of a firm that was wound up."""


class Backing(NamedTuple):
    """On what terms the state, the group and lenders stand behind a firm (I,)."""

    profit_tax: Floats
    multiple: Floats
    """lambda: credit limit over what it earns in a year."""
    covenant: Floats
    """Part of its backlog that still counts for lenders."""
    spread: Floats
    """s_0."""
    group_share: Floats
    """Part of the group's cash that is for it: Z."""
    returns: Floats
    """1 where surplus goes back to the group, which then pays bills beyond Z that nobody else pays."""


class Balance(NamedTuple):
    """Books of firms (I,), USD m; all but assets and selling are changed."""

    cash: Floats
    debt: Floats
    assets: Floats
    """Book value at the end of the quarter."""
    net_worth: Floats
    past_ebitda: Floats
    """(I, A) by quarter, like those that follow."""
    past_revenue: Floats
    past_free_cash: Floats
    """Free cash flow of the group."""
    liquid: Floats
    """What may be paid at once: cash beyond the buffer, and room for credit."""
    budget: Floats
    """What may be committed next quarter."""
    selling: Floats
    """1 where the firm is in business."""


EBITDA, FREE_CASH, RATE, LIMIT = range(4)
"""What is measured of a treasury: income, free cash flow, the yearly interest rate, the credit limit."""


@compiled
def close_quarter(
    income: Income, backing: Backing, group_cash: Floats, backlog: Floats, committed: Floats, terms: Floats, t: int,
    rescued: bool, at: Balance, flows: Floats, measured: Floats,
) -> None:  # fmt: skip
    """Pay interest and tax, settle with group, lenders and owners, keep the books, and set the budget of next quarter.

    The budget is what a provider can pay for orders that it places next quarter and pays for in the one after:
    cash beyond the buffer, room for credit, and what comes in by then, less what is ordered already.

    Args:
        income: of the quarter.
        backing: of the firms.
        group_cash: (3, I) cash of groups in this quarter and the two after it.
        backlog: (I,) contracted revenue to come.
        committed: (I,) ordered and not yet paid for.
        terms: (8,) r_f, s_1, L_1, s_cap, e, lambda_b, covenant, buffer in quarters.
        t: quarter of the run.
        rescued: whether owners cover what is short.
        at: the books; changed.
        flows: (7, I) added to: received less paid, in the order of ``ledger.Transfer``.
        measured: (4, I) filled.
    """
    for i in range(backlog.size):
        running = income.operating[i] + income.design[i]
        ebitda = income.revenue[i] - running + income.rents[i]
        at.past_ebitda[i, t] = ebitda
        earning = earning_power(last_year(at.past_ebitda, i, t), at.assets[i], terms[4])
        rate = interest_rate(at.debt[i] - at.cash[i], earning, backing.spread[i], terms[0], terms[1:4])
        interest = at.debt[i] * rate / YEAR
        tax = profit_tax(ebitda, interest, income.depreciation[i], income.subsidy[i], backing.profit_tax[i])
        earned = ebitda - interest - tax
        limit = credit_limit(earning, backlog[i] * backing.covenant[i], backing.multiple[i], terms[5], terms[6])
        buffer = terms[7] * (running + interest)
        before = at.cash[i] + earned + income.subsidy[i] - income.capex[i]
        share = backing.group_share[i]
        group, later = group_cash[0, i] * share, group_cash[1, i] * share + group_cash[2, i] * share
        drawn, borrowed, equity = draw_and_repay(
            before, at.debt[i], buffer, group, limit, backing.returns[i] > 0.0, rescued
        )
        behind = max(group_cash[0, i] - group, 0.0) * backing.returns[i]
        drawn += min(max(-(before + drawn + borrowed + equity), 0.0), behind)
        at.cash[i] = before + drawn + borrowed + equity
        at.debt[i] += borrowed
        flows[0, i] -= interest
        flows[1, i] -= tax
        flows[2, i] += income.subsidy[i]
        flows[3, i] += borrowed
        flows[4, i] += drawn
        flows[5, i] += equity
        ahead = later + 2.0 * earned - committed[i]
        at.liquid[i] = at.cash[i] - buffer + max(limit + buffer - at.debt[i], 0.0)
        at.budget[i] = max(at.liquid[i] + ahead, 0.0) * at.selling[i]
        after_tax = ebitda + (flows[0, i] + flows[1, i] + flows[2, i])
        free_cash = after_tax - income.capex[i] - income.entry_cost[i]
        at.past_revenue[i, t] = income.revenue[i]
        at.past_free_cash[i, t] = free_cash + group_cash[0, i]
        measured[EBITDA, i], measured[FREE_CASH, i] = ebitda, free_cash
        measured[RATE, i], measured[LIMIT, i] = rate, limit
        at.net_worth[i] += (
            after_tax + (flows[4, i] + flows[5, i]) - income.depreciation[i] - income.entry_cost[i]
            + income.written_off[i]
        )  # fmt: skip
