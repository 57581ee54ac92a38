"""L2 to L5: three firms that differ in all, three tastes, three products: prices written twice."""

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.economy import Changes, Values, market_of, simulated
from experiments.verification.static import AMPLE, hour_costs, last_prices, own_hours, performance
from experiments.verification.textbook import Textbook
from sim import ComputeMarket
from sim.economics.cells import Floats
from sim.names import HOURS_PER_QUARTER
from sim.structure import INFERENCE, TRAINING

SHARES = {"cann_native": 0.25, "price_seeker": 0.4, "quality_seeker": 0.35}


def services(utility: float, efficiency: float, log_quality: float = 0.0) -> Values:
    """Return a model service from the start."""
    return {
        "launch": "2022Q1", "stack": "cuda", "log_quality": {"2022Q1": log_quality}, "utility": utility,
        "efficiency": efficiency, "efficiency_growth": 0.0, "other_cost_usd_per_m_tokens": 0.05,
        "licensed_regions": ["us"],
    }  # fmt: skip


def unequal_market(changes: Changes) -> Values:
    """Return three firms that differ in appeal, home, cards, models and tokens per card; customers of three tastes."""
    firms = {
        "firm-a": {"utility": 0.4, "opening_cards": {"h100": AMPLE}, "models": services(0.3, 1.3, 0.2)},
        "firm-b": {"utility": 0.0, "opening_cards": {"a100": AMPLE}, "models": services(-0.2, 0.8)},
        "firm-c": {
            "utility": -0.5,
            "opening_cards": {"a100": AMPLE},
            "models": services(0.1, 1.0),
            "headquarters": "ally",
        },
    }
    demand = {
        "customers.demand.us.tastes": SHARES, "customers.demand.us.training_share": {"2022Q1": 0.5},
        "customers.home_bias": 0.35,
    }  # fmt: skip
    return market_of(firms, {**demand, **changes})


def utilities(values: Values, taste: Values, firm: Values, *, training: bool) -> list[float]:
    """Return what a taste sees in a firm's hours and, for inference, in its tokens, price aside.

    Hours come on the firm's software, which costs who is used to another; tokens hide it, and models differ in quality.
    """
    home = values["customers"]["home_bias"] if firm["headquarters"] == "us" else 0.0
    foreign = 0.0 if taste["stack"] == "cuda" else taste[f"stack_cost_{'training' if training else 'inference'}"]
    models = firm["models"]
    appeal = firm["utility"] + home
    quality = taste["quality_weight"] * models["log_quality"]["2022Q1"]
    return [appeal - foreign] if training else [appeal - foreign, appeal + models["utility"] + quality]


def textbook(values: Values, model: ComputeMarket, *, training: bool) -> Textbook:
    """Return the static market of one workload; costs of own cards and shadow prices are taken from the run."""
    customers, workload = values["customers"], TRAINING if training else INFERENCE
    own_hour, firms = own_hours(model, workload), list(values["providers"].values())
    tastes = [customers["tastes"][name] for name in SHARES]
    own = np.array([1.0 if training else 1.0 / taste["own_efficiency"] for taste in tastes])
    tokens = np.full(own.size, values["market"]["technology"]["tokens_m_per_h100e_hour"])
    units, kinds = (own,) if training else (own, tokens), 1 if training else 2
    a = np.array([taste["price_sensitivity"] for taste in tastes])
    utility = [[x for f in firms for x in utilities(values, taste, f, training=training)] for taste in tastes]
    cost: list[float] = []
    for firm, shadow in zip(firms, model.world.state.multiplier, strict=True):
        hour = (hour_costs(values, chip_of(firm)) + shadow * use_of(values, firm))[workload]
        cost += [hour, hour / tokens_an_hour(values, firm) + firm["models"]["other_cost_usd_per_m_tokens"]][:kinds]
    return Textbook(
        np.array(utility), np.tile(np.transpose(units), len(firms)), a,
        customers["demand"]["us"]["outside_utility"] - a * np.log(own * own_hour[-1]),
        _tasks(values, training=training) * np.array(list(SHARES.values())), own * own_hour[0],
        np.tile(np.arange(kinds), len(firms)), np.repeat(np.arange(len(firms)), kinds), np.array(cost),
        customers["nest_dissimilarity"], customers["intensive_elasticity"],
    )  # fmt: skip


def tokens_an_hour(values: Values, firm: Values) -> float:
    """Return M tokens that a firm makes in an effective hour."""
    return float(values["market"]["technology"]["tokens_m_per_h100e_hour"] * firm["models"]["efficiency"])


def chip_of(firm: Values) -> str:
    """Return the only chip of a firm."""
    (chip,) = firm["sites"]["us"]["opening_cards"]
    return str(chip)


def use_of(values: Values, firm: Values) -> Floats:
    """Return hours of a firm's pool, which counts in hours of inference, that an hour of each workload takes (2,)."""
    effective = performance(values, chip_of(firm))
    return np.array([effective[INFERENCE] / effective[TRAINING], 1.0])


def _tasks(values: Values, *, training: bool) -> float:
    """Return tasks of one workload in a quarter."""
    demand = values["customers"]["demand"]["us"]
    part = demand["training_share"]["2022Q1"]
    return float(demand["initial_tasks_h100e"] * HOURS_PER_QUARTER * (part if training else 1.0 - part))


def against_the_textbook(changes: Changes) -> Pair:
    """Return textbook and posted prices of three unequal firms: training, then hours and tokens by firm."""
    values = unequal_market(changes)
    model = simulated(values)
    expected = [textbook(values, model, training=training).equilibrium() for training in (True, False)]
    posted = last_prices(model).reshape(3, 3)
    return np.concatenate(expected), np.concatenate([posted[:, 0], posted[:, 1:].ravel()])


def _unequal_firms() -> Pair:
    return against_the_textbook({})


def _best_responses() -> Pair:
    form = "behaviour.pricing.best_response"
    often = {f"{form}.rounds": 200, f"{form}.tolerance": 0.0, f"{form}.adjustment": 1.0, f"{form}.ceiling": 100.0}
    return against_the_textbook({"behaviour.pricing.name": "best_response", **often})


FULL: Changes = {
    "providers.firm-a.sites.us.opening_cards": {"h100": 9000.0},
    "providers.firm-b.sites.us.opening_cards": {"a100": 20000.0},
}
"""Two of the three unequal firms are short of cards."""


def _full_pools() -> Pair:
    return against_the_textbook(FULL)


def _served() -> Pair:
    """Hours served, over what the textbook's customers want at posted prices: training, hours and tokens by firm."""
    values = unequal_market(FULL)
    model = simulated(values)
    posted, firms = last_prices(model).reshape(3, 3), values["providers"].values()
    tokens = np.array([tokens_an_hour(values, firm) for firm in firms])
    training = textbook(values, model, training=True).demand(posted[:, 0])
    hours, sold = textbook(values, model, training=False).demand(posted[:, 1:].ravel()).reshape(3, 2).T
    wanted = np.stack([training, hours, sold / tokens], axis=1)
    return np.ones((3, 3)), model.record["taken"][-1].sum(axis=0).reshape(3, 3) / wanted


def _earned() -> Pair:
    """Revenue and gross margin of every firm in the last quarter, USD m: ``sum p q`` and ``sum (p - c) q``."""
    values = unequal_market({})
    model = simulated(values)
    posted = last_prices(model).reshape(3, 3)
    training, inference = (textbook(values, model, training=training) for training in (True, False))
    quantity = np.hstack([training.demand(posted[:, :1].ravel())[:, None],
                          inference.demand(posted[:, 1:].ravel()).reshape(3, 2)])  # fmt: skip
    cost = np.hstack([training.cost[:, None], inference.cost.reshape(3, 2)])
    sold = model.tables(["providers"])["providers"]
    last = (sold["quarter"] == sold["quarter"].max()) & (sold["region"] == "us")
    last &= (sold["product"] == "all") & (sold["workload"] == "all")
    expected = [(posted * quantity).sum(axis=1) / 1e6, ((posted - cost) * quantity).sum(axis=1) / 1e6]
    return expected, [sold["revenue_usd_m"][last], sold["gross_margin_usd_m"][last]]


def _sold_to_the_last_hour() -> Pair:
    """Hours served by the two full pools over the hours that their cards have; the third pool has room."""
    values = unequal_market(FULL)
    served, used = simulated(values).record["taken"][-1].sum(axis=0).reshape(3, 3), []
    most = HOURS_PER_QUARTER * values["market"]["utilisation"]["maximum"]
    for (training, hours, tokens), firm in zip(served, values["providers"].values(), strict=True):
        (cards,) = firm["sites"]["us"]["opening_cards"].values()
        taken = np.array([training, hours + tokens]) @ use_of(values, firm)
        used.append(taken / (cards * most * performance(values, chip_of(firm))[INFERENCE]))
    return [1.0, 1.0, 1.0], [*used[:2], float(used[2] < 1.0)]


CASES = (
    Case("L2", "whole run of three firms, three tastes, tokens in their own nest: prices solved in NumPy",
         "Bertrand-Nash, written twice", 1e-8, _unequal_firms),
    Case("L3a", "the same by best responses, 200 rounds a quarter", "Bertrand-Nash, written twice", 1e-5,
         _best_responses),
    Case("L3b", "revenue and gross margin of L2: sum p q, sum (p - c) q", "accounting, written twice", 1e-8, _earned),
    Case("L4", "the same with two firms short of cards: prices at the run's shadow prices",
         "Karush-Kuhn-Tucker, written twice", 1e-8, _full_pools),
    Case("L5a", "there everyone is served what the textbook's customers want, in three products", "nested logit", 1e-8,
         _served),
    Case("L5b", "and these two sell their cards to the last hour", "complementarity", 1e-8,
         _sold_to_the_last_hour),
)  # fmt: skip
