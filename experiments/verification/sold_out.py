"""L6, L7: three firms that are sold out: prices by inverting the nested logit, at once and sticky."""

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.economy import Changes, Values, market_of, simulated
from experiments.verification.static import last_prices, own_hours, performance
from sim.economics.cells import Floats
from sim.names import HOURS_PER_QUARTER
from sim.structure import TRAINING

SCARCE: Changes = {
    "customers.demand.us.training_share": {"2022Q1": 1.0},
    "customers.demand.us.initial_tasks_h100e": 3e5,
    "customers.intensive_elasticity": 0.0,
}
CARDS = (60000.0, 40000.0, 20000.0)


def _scarce_market(changes: Changes) -> Values:
    """Return three firms that sell training only and are sold out."""
    firms = {f"firm-{i}": {"utility": -0.3 * i, "opening_cards": {"a100": n}} for i, n in enumerate(CARDS)}
    return market_of(firms, {**SCARCE, **changes})


def scarcity_prices(values: Values, own_hour: float, tasks: float) -> Floats:
    """Return prices at which three sold-out firms sell what they have (3,): the nested logit inverted.

    ``a ln p_j = xi_j - ln(s_j / S) - ln D`` with ``(1 - rho) ln D = ln O + ln(S / (1 - S))``, S the sum of shares.

    Args:
        values: Of the market.
        own_hour: Cost of an hour of own cards, USD.
        tasks: Hours wanted at no price.
    """
    customers = values["customers"]
    a, slack = customers["tastes"]["cuda_native"]["price_sensitivity"], 1.0 - customers["nest_dissimilarity"]
    hours = HOURS_PER_QUARTER * values["market"]["utilisation"]["maximum"] * performance(values, "a100")[TRAINING]
    share = np.array(CARDS) * hours / tasks
    outside = slack * (customers["demand"]["us"]["outside_utility"] - a * np.log(own_hour))
    reach = (outside + np.log(share.sum() / (1.0 - share.sum()))) / slack
    utility = np.array([firm["utility"] for firm in values["providers"].values()])
    return np.asarray(np.exp((utility - np.log(share / share.sum()) - reach) / a), dtype=np.float64)


def _sold_out() -> Pair:
    values = _scarce_market({})
    model = simulated(values)
    tasks = values["customers"]["demand"]["us"]["initial_tasks_h100e"] * HOURS_PER_QUARTER
    expected = scarcity_prices(values, float(own_hours(model, TRAINING)[-1]), tasks)
    return expected, last_prices(model)[::2]


def _sticky_prices() -> Pair:
    """``ln p_t = ln p_(t-1) + theta (ln p*_t - ln p_(t-1))`` in every quarter while demand grows by 10%."""
    theta, growth = 0.3, 0.1
    moving = {f"customers.demand.us.growth_{when}": growth for when in ("initial", "final")}
    values = _scarce_market({"behaviour.pricing.equilibrium.adjustment": theta, **moving})
    model = simulated(values)
    tasks = values["customers"]["demand"]["us"]["initial_tasks_h100e"] * HOURS_PER_QUARTER
    wanted = [
        scarcity_prices(values, float(hour), tasks * np.exp(growth * t))
        for t, hour in enumerate(own_hours(model, TRAINING))
    ]
    expected = wanted[:1]
    for price in wanted[1:]:
        expected.append(expected[-1] ** (1.0 - theta) * price**theta)
    return expected, model.record["posted"][:, ::2]


def _ceiling() -> Pair:
    """Prices at a ceiling of twice the cost of own cards, and hours served over hours there are, of every firm."""
    values = _scarce_market({"behaviour.pricing.equilibrium.ceiling": 2.0})
    model = simulated(values)
    served = model.record["taken"][-1].sum(axis=0)[::2]
    hours = HOURS_PER_QUARTER * values["market"]["utilisation"]["maximum"] * performance(values, "a100")[TRAINING]
    expected = [2.0 * own_hours(model, TRAINING)[-1]] * len(CARDS)
    return [*expected, *np.ones(len(CARDS))], [*last_prices(model)[::2], *served / (np.array(CARDS) * hours)]


CASES = (
    Case("L6", "whole run of three sold-out firms: closed form of prices", "nested logit inverted", 1e-8, _sold_out),
    Case("L7", "the same while demand grows and prices are sticky: posted prices of every quarter",
         "partial adjustment in logs", 1e-8, _sticky_prices),
    Case("L8", "the same under a ceiling of twice own cost: prices stand there, pools are full",
         "rationing at a ceiling", 1e-8, _ceiling),
)  # fmt: skip
