r"""What lenders ask and how much they lend (B6).

Interest is ``r_f + s_0 + min(s_cap, s_1 max(0, net debt / E - L_1))``, credit ends at ``lambda E + lambda_b backlog``,
with ``E = max(EBITDA of four quarters, e assets)``: young builders earn nothing yet (Dosi, Fagiolo and Roventini 2010
for a prudential limit on sales; Caiani et al. 2016 for stock-flow consistency).
"""

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints


@inlined
def earning_power(ebitda: float, assets: float, asset_yield: float) -> float:
    """Return E: earnings of a year, at least what lenders expect the assets to earn."""
    return float(max(ebitda, asset_yield * assets))


@compiled
def interest_rate(net_debt: float, earning: float, spread: float, free: float, terms: Floats) -> float:
    """Return the yearly rate of a firm.

    Args:
        net_debt: debt less cash, USD m.
        earning: E, USD m a year.
        spread: s_0.
        free: r_f.
        terms: (3,) s_1, L_1, s_cap.
    """
    if net_debt <= 0.0:
        return free + spread
    slope, threshold, most = terms
    if earning <= 0.0:
        added: float = most if slope > 0.0 else 0.0
    else:
        added = min(most, slope * max(net_debt / earning - threshold, 0.0))
    return free + spread + added


@inlined
def credit_limit(earning: float, backlog: float, multiple: float, backlog_multiple: float, covenant: float) -> float:
    """Return the largest net debt that lenders allow, USD m."""
    return covenant * (multiple * max(earning, 0.0) + backlog_multiple * backlog)


@compiled
def contracted_revenue(
    revenue: Floats, contracted: Floats, load: Floats, own_use: Floats, provider: Ints, quarters_left: float,
    rents: Floats,
) -> Floats:  # fmt: skip
    """Return revenue under contract that is still to come (I,), USD m: the backlog that lenders look at.

    The share of customers' hours under contract tells how much of a provider's revenue goes on; rents go on as leases
    do.

    Args:
        revenue: (I,) of customers this quarter.
        contracted: (2 L,) hours of contracts that run on, by lane.
        load: (2 L,) hours in use, by lane, own use included.
        own_use: (L,) of these, captive hours, which earn nothing.
        provider: (L,) provider of each pool.
        quarters_left: expected further quarters of a contract that runs on.
        rents: (I,) rent still to come under leases.
    """
    bound, used = np.zeros(revenue.size), np.zeros(revenue.size)
    for lane in range(contracted.size):
        i = provider[lane // 2]
        bound[i] += contracted[lane]
        used[i] += load[lane]
    for pool in range(own_use.size):
        used[provider[pool]] -= own_use[pool]
    out = rents.copy()
    for i in range(revenue.size):
        if used[i] > 0.0:
            out[i] += revenue[i] * min(bound[i] / used[i], 1.0) * quarters_left
    return out
