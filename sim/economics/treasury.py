"""A quarter of every treasury: income, interest and tax; then group, lenders and owners; then the next budget.

I providers. Money in USD m a quarter; rates a year.
"""

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


@compiled
def close_quarter(
    ebitda: Floats, capex: Floats, subsidy: Floats, depreciation: Floats, running: Floats, assets: Floats,
    backlog: Floats, group: Floats, group_next: Floats, committed: Floats, tax_rate: Floats, multiple: Floats,
    spread: Floats, returns: Floats, behind: Floats, terms: Floats, t: int, rescued: bool, cash: Floats, debt: Floats,
    past_ebitda: Floats, liquid: Floats, budget: Floats, flows: Floats, rates: Floats, limits: Floats,
) -> None:  # fmt: skip
    """Pay interest and tax, settle with group, lenders and owners, and set what may be committed next quarter.

    The budget is what a provider can pay for orders that it places next quarter and pays for in the one after:
    cash beyond the buffer, room for credit, and what comes in by then, less what is ordered already.

    Args:
        ebitda: (I,) revenue and rents less running cost.
        capex: (I,) paid this quarter.
        subsidy: (I,) of it, from the state.
        depreciation: (I,)
        running: (I,) running cost, for the buffer.
        assets: (I,) book value at the end.
        backlog: (I,) contracted revenue to come.
        group: (I,) Z of this quarter.
        group_next: (I,) Z of the two quarters after it.
        committed: (I,) ordered and not yet paid for.
        tax_rate: (I,)
        multiple: (I,) lambda.
        spread: (I,) s_0.
        returns: (I,) 1 where surplus goes back to the group.
        behind: (I,) what the group has beyond Z: it pays bills of a segment of its own that nobody else pays.
        terms: (8,) r_f, s_1, L_1, s_cap, e, lambda_b, covenant, buffer in quarters.
        t: quarter of the run.
        rescued: whether owners cover what is short.
        cash: (I,) changed.
        debt: (I,) changed.
        past_ebitda: (I, A) by quarter; this one entered.
        liquid: (I,) filled with what may be paid at once: cash beyond the buffer, and room for credit.
        budget: (I,) filled.
        flows: (7, I) added to: received less paid, in the order of ``ledger.Transfer``.
        rates: (I,) filled with the yearly interest rate.
        limits: (I,) filled with the credit limit.
    """
    for i in range(cash.size):
        past_ebitda[i, t] = ebitda[i]
        earning = earning_power(last_year(past_ebitda, i, t), assets[i], terms[4])
        rates[i] = interest_rate(debt[i] - cash[i], earning, spread[i], terms[0], terms[1:4])
        interest = debt[i] * rates[i] / YEAR
        tax = profit_tax(ebitda[i], interest, depreciation[i], subsidy[i], tax_rate[i])
        income = ebitda[i] - interest - tax
        limits[i] = credit_limit(earning, backlog[i], multiple[i], terms[5], terms[6])
        buffer = terms[7] * (running[i] + interest)
        before = cash[i] + income + subsidy[i] - capex[i]
        drawn, borrowed, equity = draw_and_repay(
            before, debt[i], buffer, group[i], limits[i], returns[i] > 0.0, rescued
        )
        drawn += min(max(-(before + drawn + borrowed + equity), 0.0), behind[i])
        cash[i] = before + drawn + borrowed + equity
        debt[i] += borrowed
        flows[0, i] -= interest
        flows[1, i] -= tax
        flows[2, i] += subsidy[i]
        flows[3, i] += borrowed
        flows[4, i] += drawn
        flows[5, i] += equity
        ahead = group_next[i] + 2.0 * income - committed[i]
        liquid[i] = cash[i] - buffer + max(limits[i] + buffer - debt[i], 0.0)
        budget[i] = max(liquid[i] + ahead, 0.0)
