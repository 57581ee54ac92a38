"""L1: whole runs without frictions come to rest at the textbook's prices; costs come from data sheets, by hand."""

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.economy import Changes, Values, market_of, simulated
from sim import ComputeMarket
from sim.economics.cells import Floats
from sim.structure import INFERENCE, TRAINING

H100 = (15832.0, 3350.0, 900.0)
AMPLE = 1e8
"""Cards of which no firm ever runs out."""
NOBODY_OUTSIDE: Changes = {"customers.demand.us.outside_utility": -50.0, "customers.nest_dissimilarity": 0.0}


def performance(values: Values, chip: str) -> Floats:
    """Return effective H100e of a card in training and inference (2,), from its data sheet."""
    card, out = values["chips"][chip], []
    for workload in ("training", "inference"):
        weights = values["market"]["performance"][workload]
        relative = np.array([card["tpp"], card["memory_bandwidth_gb_s"], card["interconnect_gb_s"]]) / H100
        powers = [weights[name] for name in ("compute", "memory_bandwidth", "interconnect")]
        stack = values["suppliers"][card["supplier"]]["stack"]
        out.append(np.prod(relative**powers) * values["market"]["stacks"][stack][workload])
    return np.array(out)


def hour_costs(values: Values, chip: str) -> Floats:
    """Return the cost of an effective hour in training and inference (2,), USD: electricity at full use, and care."""
    used = values["market"]["utilisation"]["maximum"]
    costs, region = values["market"]["costs"], values["market"]["regions"]["us"]
    kw = values["chips"][chip]["power_w"] / 1000.0 * costs["server_power_multiple"] * region["pue"]
    card = kw * region["electricity_usd_per_kwh"] / used + costs["operations_usd_per_card_hour"]
    return np.asarray(card / performance(values, chip), dtype=np.float64)


def own_hours(model: ComputeMarket, workload: int) -> Floats:
    """Return the cost of an hour of own cards by quarter (T,), USD."""
    region = model.world.structure.regions.index("us")
    return np.asarray(model.record["on_premises"][:, region, workload], dtype=np.float64)


def _recovery(rate: float, years: float) -> float:
    """Return the yearly payment that pays back 1 at a rate of interest."""
    return float(rate / (1.0 - (1.0 + rate) ** -years))


def cost_of_own_cards(values: Values, chip: str) -> Floats:
    """Return the cost of an effective hour of one's own cards of a kind in training and inference (2,), USD.

    ``[card CRF(r + d + f, T) + shell kW CRF(r, T_s) + electricity] / (8760 U) + operation``, a multiple of it for the
    small scale, and U the low utilisation of one's own cards.
    """
    market, card = values["market"], values["chips"][chip]
    costs, region, own = market["costs"], market["regions"]["us"], market["on_premises"]
    kw = card["power_w"] / 1000.0 * costs["server_power_multiple"]
    wear = costs["discount_rate"] + costs["obsolescence"] + market["cohorts"]["failure_per_year"]
    capital = card["price_usd"] * costs["server_cost_multiple"] * _recovery(wear, costs["card_life_years"])
    shell = 1000.0 * region["shell_cost_usd_m_per_mw"] * (1.0 + market["building"]["premium"]) * kw
    yearly = capital + shell * _recovery(costs["discount_rate"], costs["shell_life_years"])
    yearly += region["electricity_usd_per_kwh"] * kw * region["pue"] * 8760.0
    idle = market["utilisation"]["maximum"] / own["utilisation"]
    hour = yearly / (8760.0 * own["utilisation"]) + costs["operations_usd_per_card_hour"] * idle
    return np.asarray(hour * own["cost_multiple"] / performance(values, chip), dtype=np.float64)


def _own_cards() -> Pair:
    """The cheapest card on sale in the first quarter of a run, by workload."""
    values = market_of({"firm": {"opening_cards": {"a100": AMPLE}}}, {})
    sold = [name for name, chip in values["chips"].items() if chip["launch"] <= values["market"]["start"]]
    cheapest = np.min([cost_of_own_cards(values, chip) for chip in sold], axis=0)
    model = simulated(values)
    return cheapest, [own_hours(model, workload)[0] for workload in (TRAINING, INFERENCE)]


def last_prices(model: ComputeMarket) -> Floats:
    """Return posted prices of the last quarter (J,): by firm training, inference, tokens."""
    return np.asarray(model.record["posted"][-1], dtype=np.float64)


def _equal_firms(firms: int, weight: float = 0.0) -> Pair:
    """``p = c E / (E - 1)`` with ``E = a (1 - 1/N) + eps_int``: N equal firms, nobody on premises.

    A weight on revenue beside profit is as if cost were ``c / (1 + weight)``.
    """
    one = {"opening_cards": {"a100": AMPLE}, "pricing": {"share_weight": weight, "customer_value_weight": 0.0}}
    values = market_of({f"firm-{i}": one for i in range(firms)}, NOBODY_OUTSIDE)
    taste, intensive = values["customers"]["tastes"]["cuda_native"], values["customers"]["intensive_elasticity"]
    elasticity = taste["price_sensitivity"] * (1.0 - 1.0 / firms) + intensive
    price = hour_costs(values, "a100") / (1.0 + weight) * elasticity / (elasticity - 1.0)
    return np.tile(price, firms), last_prices(simulated(values))


CASES = (
    Case("L1a", "whole run of 2 equal firms: p = c E/(E-1), c from data sheets", "first-order condition", 1e-10,
         lambda: _equal_firms(2)),
    Case("L1b", "the same with 5", "first-order condition", 1e-10, lambda: _equal_firms(5)),
    Case("L1c", "whole run of 3 that count revenue half as much as profit: as if cost were c/1.5", "Baumol 1959", 1e-10,
         lambda: _equal_firms(3, 0.5)),
    Case("L1d", "cost of own cards in the first quarter: the cheapest card, by data sheet", "Jorgenson 1963", 1e-10,
         _own_cards),
)  # fmt: skip
