"""L: the dynamic model, by its public configuration, comes to rest where theory says once its frictions are off."""

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.economy import Changes, Values, market_of, simulated
from experiments.verification.textbook import Textbook
from sim import ComputeMarket
from sim.economics.cells import Floats
from sim.names import HOURS_PER_QUARTER
from sim.structure import INFERENCE, TRAINING

H100 = (15832.0, 3350.0, 900.0)
AMPLE = 1e8
"""Cards of which no firm ever runs out."""
NOBODY_OUTSIDE: Changes = {"customers.demand.us.outside_utility": -50.0, "customers.nest_dissimilarity": 0.0}
SHARES = {"cuda_native": 0.45, "price_seeker": 0.25, "quality_seeker": 0.3}


def performance(values: Values, chip: str) -> Floats:
    """Return effective H100e of a card in training and inference (2,), from its data sheet."""
    card, out = values["chips"][chip], []
    for workload in ("training", "inference"):
        weights = values["market"]["performance"][workload]
        relative = np.array([card["tpp"], card["memory_bandwidth_gb_s"], card["interconnect_gb_s"]]) / H100
        powers = [weights[name] for name in ("compute", "memory_bandwidth", "interconnect")]
        out.append(np.prod(relative**powers) * values["market"]["stacks"]["cuda"][workload])
    return np.array(out)


def hour_costs(values: Values, chip: str) -> Floats:
    """Return the marginal cost of an effective hour in training and inference (2,), USD: electricity and care."""
    costs, region = values["market"]["costs"], values["market"]["regions"]["us"]
    kw = values["chips"][chip]["power_w"] / 1000.0 * costs["server_power_multiple"] * region["pue"]
    card = kw * region["electricity_usd_per_kwh"] + costs["operations_usd_per_card_hour"]
    return np.asarray(card / performance(values, chip), dtype=np.float64)


def own_hours(model: ComputeMarket, workload: int) -> Floats:
    """Return the cost of an hour of own cards by quarter (T,), USD."""
    region = model.world.structure.regions.index("us")
    return np.asarray(model.record["on_premises"][:, region, workload], dtype=np.float64)


def last_prices(model: ComputeMarket) -> Floats:
    """Return posted prices of the last quarter (J,): by firm training, inference, tokens."""
    return np.asarray(model.record["posted"][-1], dtype=np.float64)


def _equal_firms() -> Pair:
    """``p = c E / (E - 1)`` with ``E = a (1 - 1/N) + eps_int``: N equal firms, nobody on premises."""
    expected, found = [], []
    for n in (2, 3, 5):
        values = market_of({f"firm-{i}": {"opening_cards": {"a100": AMPLE}} for i in range(n)}, NOBODY_OUTSIDE)
        taste, intensive = values["customers"]["tastes"]["cuda_native"], values["customers"]["intensive_elasticity"]
        elasticity = taste["price_sensitivity"] * (1.0 - 1.0 / n) + intensive
        expected += [hour_costs(values, "a100") * elasticity / (elasticity - 1.0)] * n
        found.append(last_prices(simulated(values)))
    return np.concatenate(expected), np.concatenate(found)


def _services(utility: float, efficiency: float) -> Values:
    """Return a model service from the start."""
    return {
        "launch": "2022Q1", "stack": "cuda", "log_quality": {"2022Q1": 0.0}, "utility": utility,
        "efficiency": efficiency, "efficiency_growth": 0.0, "other_cost_usd_per_m_tokens": 0.05,
        "licensed_regions": ["us"],
    }  # fmt: skip


def unequal_market(changes: Changes) -> Values:
    """Return three firms that differ in appeal, cards and tokens per card, and customers of three tastes."""
    firms = {
        "firm-a": {"utility": 0.4, "opening_cards": {"h100": AMPLE}, "models": _services(0.3, 1.3)},
        "firm-b": {"utility": 0.0, "opening_cards": {"a100": AMPLE}, "models": _services(-0.2, 0.8)},
        "firm-c": {"utility": -0.5, "opening_cards": {"a100": AMPLE}, "models": _services(0.1, 1.0)},
    }
    return market_of(firms, {"customers.demand.us.tastes": SHARES, **changes})


def _textbook(values: Values, model: ComputeMarket, *, training: bool) -> Textbook:
    """Return the static market of one workload; the cost of own cards is taken from the run."""
    customers, own_hour = values["customers"], own_hours(model, TRAINING if training else INFERENCE)
    firms = list(values["providers"].values())
    tokens = values["market"]["technology"]["tokens_m_per_h100e_hour"]
    tastes = [customers["tastes"][name] for name in SHARES]
    own = np.array([1.0 if training else 1.0 / taste["own_efficiency"] for taste in tastes])
    utility, cost, units = [], [], []
    for firm in firms:
        hour = hour_costs(values, next(iter(firm["sites"]["us"]["opening_cards"])))[TRAINING if training else INFERENCE]
        utility.append(firm["utility"])
        cost.append(hour)
        units.append(own)
        if not training:
            models = firm["models"]
            utility.append(firm["utility"] + models["utility"])
            cost.append(hour / (tokens * models["efficiency"]) + models["other_cost_usd_per_m_tokens"])
            units.append(np.full(own.size, tokens))
    kinds = 1 if training else 2
    a = np.array([taste["price_sensitivity"] for taste in tastes])
    return Textbook(
        np.tile(utility, (own.size, 1)), np.array(units).T, a,
        customers["demand"]["us"]["outside_utility"] - a * np.log(own * own_hour[-1]), np.array(list(SHARES.values())),
        own * own_hour[0], np.tile(np.arange(kinds), len(firms)), np.repeat(np.arange(len(firms)), kinds),
        np.array(cost), customers["nest_dissimilarity"], customers["intensive_elasticity"],
    )  # fmt: skip


def against_the_textbook(changes: Changes) -> Pair:
    """Return textbook and posted prices of three unequal firms: training, then hours and tokens by firm."""
    values = unequal_market(changes)
    model = simulated(values)
    expected = [_textbook(values, model, training=training).equilibrium() for training in (True, False)]
    posted = last_prices(model).reshape(3, 3)
    return np.concatenate(expected), np.concatenate([posted[:, 0], posted[:, 1:].ravel()])


def _unequal_firms() -> Pair:
    return against_the_textbook({})


def _best_responses() -> Pair:
    form = "behaviour.pricing.best_response"
    often = {f"{form}.rounds": 200, f"{form}.tolerance": 0.0, f"{form}.adjustment": 1.0, f"{form}.ceiling": 100.0}
    return against_the_textbook({"behaviour.pricing.name": "best_response", **often})


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


CASES = (
    Case("L1", "whole runs of 2, 3, 5 equal firms: p = c E/(E-1), c from data sheets", "first-order condition", 1e-10,
         _equal_firms),
    Case("L2", "whole run of three firms, three tastes, tokens in their own nest: prices solved in NumPy",
         "Bertrand-Nash, written twice", 1e-8, _unequal_firms),
    Case("L3", "the same by best responses, 200 rounds a quarter", "Bertrand-Nash, written twice", 1e-5,
         _best_responses),
    Case("L4", "whole run of three sold-out firms: closed form of prices", "nested logit inverted", 1e-8, _sold_out),
    Case("L5", "the same while demand grows and prices are sticky: posted prices of every quarter",
         "partial adjustment in logs", 1e-8, _sticky_prices),
)  # fmt: skip
