"""V13, V14, V27: fleets and halls: steady states, exact lags, and when building ahead of need pays."""

import math

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.economy import Changes, changed, market_of, shipped, simulated
from sim.economics.building import completed, holding_costs, payment_schedule
from sim.economics.cells import Floats
from sim.names import quarter_code, quarter_number
from sim.structure import PAST

HERE, ZERO = np.zeros(1, np.int64), np.zeros((1, 40))
YEAR = 4
CARDS = 1000.0
"""Cards that arrive in every quarter."""
LONG: Changes = {"market.end": "2035Q4", "market.history_end": "2035Q4"}


def _fleet(changes: Changes) -> Floats:
    """Return the cards of a firm by quarter (T,): a constant flow from the second quarter on, none before."""
    quarters = range(quarter_number("2023Q1"), quarter_number("2035Q4") + 1)
    flow = {"a100": {quarter_code(q): CARDS for q in quarters}}
    values = market_of({"firm": {"opening_cards": {}, "deliveries": flow}}, {**LONG, **changes})
    return np.asarray(simulated(values).record["owned"].sum(axis=(1, 2)), dtype=np.float64)


def _geometric_decay() -> Pair:
    """``K_t = I (1 - q^t) / (1 - q)``, which goes to ``I / d``; half of the cards fail in a year."""
    kept = 0.5 ** (1.0 / YEAR)
    found = _fleet({"market.cohorts.failure_per_year": 0.5})
    return CARDS * (1.0 - kept ** np.arange(found.size)) / (1.0 - kept), found


def _steady_state() -> Pair:
    return CARDS / (1.0 - 0.5 ** (1.0 / YEAR)), _fleet({"market.cohorts.failure_per_year": 0.5})[-1]


def _one_hoss_shay() -> Pair:
    """Cards that all live T quarters: ``K* = I T``."""
    ages = (4, 8, 20)
    return [CARDS * age for age in ages], [_fleet({"market.cohorts.maximum_age_quarters": age})[-1] for age in ages]


def _no_arrivals() -> Pair:
    """Without deliveries a fleet falls by the failure rate alone."""
    values = market_of({"firm": {"opening_cards": {"a100": CARDS}}}, {**LONG, "market.cohorts.failure_per_year": 0.2})
    found = simulated(values).record["owned"].sum(axis=(1, 2))
    return CARDS * 0.8 ** (np.arange(1, found.size + 1) / YEAR), found


def _lag_of_a_shell() -> Pair:
    """7 MW begun in quarter 5 stand in quarter 5 + L, all of them, for L of 1 to 9."""
    begun = np.zeros((1, 20))
    begun[0, 5] = 7.0
    lags = np.arange(1, 10)
    expected = 7.0 * (np.arange(20) == 5 + lags[:, None])
    return expected, [[completed(begun, HERE, np.array([lag]), now)[0] for now in range(20)] for lag in lags]


def _halls_of_a_run() -> Pair:
    """Powered halls of every site and quarter are those of the opening and what was begun a time to build before."""
    values = changed(shipped("customers.enterprises=50", "market.end=2028Q4"), {"finance.entry.name": "none"})
    model = simulated(values)
    state, structure = model.world.state, model.world.structure
    halls = np.asarray(model.record["energised_mw"])
    expected = np.empty_like(halls)
    for t in range(len(halls)):
        for s, region in enumerate(structure.site_region):
            new = state.begun_mw[s, : PAST + t - structure.build_quarters[region] + 1].sum()
            converted = state.converting_mw[s, : PAST + t - values["market"]["building"]["conversion_quarters"] + 1]
            expected[t, s] = state.opening_mw[s] + new + converted.sum()
    return expected, halls


def _present_value(begun_in: int, needed: int, growth: float, rate: float, holding: float) -> float:
    """Return what a hall of 1 MW costs that is begun in one quarter and used from another on, valued in quarter 0.

    It is paid at once and built in a quarter, so that a year is a year. Costs of an idle hall are those of the quarters
    between, at the price of a new one, and fall due at the end of each.
    """
    price: Floats = 10.0 * np.power(1.0 + growth, np.arange(40) / YEAR)[None, :]
    begun, energised, value, build = np.zeros((1, 40)), np.zeros(1), 0.0, np.ones(1, np.int64)
    begun[0, begun_in] = 1.0
    for quarter in range(needed):
        due = payment_schedule(begun, ZERO, price, HERE, build, quarter, 1.0, 0.0, 0.0)[0]
        energised += completed(begun, HERE, build, quarter)
        idle = np.zeros(1)
        holding_costs(energised, np.zeros(1), price[:, quarter], HERE, HERE, holding / YEAR, idle)
        value += float(due[0]) / math.pow(1.0 + rate, quarter / YEAR)
        value += float(idle[0]) / math.pow(1.0 + rate, (quarter + 1) / YEAR)
    return value


def _advantage(growth: float, rate: float, holding: float) -> float:
    """Return what building a year ahead saves."""
    late = _present_value(YEAR, YEAR + 1, growth, rate, holding)
    return late - _present_value(0, YEAR + 1, growth, rate, holding)


def _threshold(rate: float, holding: float) -> float:
    """Return the growth of building costs at which building ahead neither pays nor costs, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _advantage(middle, rate, holding) < 0.0 else (low, middle)
    return low


def _thresholds(holdings: tuple[float, ...]) -> Pair:
    pairs = [(rate, holding) for rate in (0.04, 0.1, 0.16) for holding in holdings]
    return [(1.0 + r) * (1.0 + h) - 1.0 for r, h in pairs], [_threshold(r, h) for r, h in pairs]


def _measured_and_claimed() -> Pair:
    return [-1.0, 1.0], [np.sign(_advantage(growth, 0.1, 0.04)) for growth in (0.068, 0.41)]


CASES = (
    Case("V13a", "whole run: constant deliveries, geometric failure: the fleet of every quarter", "Jorgenson 1963",
         1e-11, _geometric_decay),
    Case("V13b", "the same after 13 years: I/d", "Jorgenson 1963", 2e-4, _steady_state),
    Case("V13c", "whole runs: cards that all live T quarters: I T", "one-hoss-shay", 1e-11, _one_hoss_shay),
    Case("V13d", "whole run: without deliveries a fleet falls by the failure rate", "Jorgenson 1963", 1e-11,
         _no_arrivals),
    Case("V14a", "a shell stands exactly L quarters after its beginning, L = 1 to 9", "Kydland and Prescott 1982", 0.0,
         _lag_of_a_shell),
    Case("V14b", "the shipped run to 2028: powered halls of every site are what was begun L quarters before",
         "Kydland and Prescott 1982", 1e-9, _halls_of_a_run),
    Case("V27a", "building a year ahead pays from g = r on, without cost of holding", "user cost", 1e-9,
         lambda: _thresholds((0.0,))),
    Case("V27b", "and from (1+r)(1+h)-1 on, holding paid by the quarter", "user cost", 4e-3,
         lambda: _thresholds((0.04, 0.08))),
    Case("V27c", "at the measured 6.8% a year it loses, at a doubling in two years it wins (signs)", "user cost", 0.0,
         _measured_and_claimed),
)  # fmt: skip
