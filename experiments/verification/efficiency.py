"""V26: tokens per card are a relative advantage, not a free margin.

Three firms sell card-hours and tokens from one pool each, to three tastes. The numbers of the published example are not
on record, so it is signs that are reproduced, each with a margin.
"""

from collections.abc import Sequence

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.economy import market_of, simulated
from experiments.verification.markets import equilibrium, market, profits
from experiments.verification.unequal import services
from sim.economics.cells import Floats

SCARCE, AMPLE = (25.0, 22.0, 20.0), (1e3, 1e3, 1e3)
ALL, ONE = (1.1, 1.1, 1.1), (1.1, 1.0, 1.0)


def _earned(tokens_per_hour: Sequence[float], capacity: Sequence[float]) -> Floats:
    """Return every firm's profit (3,); a token costs its share of a card-hour, and other cost of service."""
    tokens = np.array(tokens_per_hour)
    made = market(
        (3.0, 2.8, 2.6, 3.2, 2.9, 2.7), [0.6, 0.6, 0.6, *(0.6 / tokens + 0.3)], alpha=(0.6, 1.0, 1.8),
        mass=(30.0, 50.0, 20.0), owners=(0, 1, 2, 0, 1, 2), nests=(0, 0, 0, 1, 1, 1), capacity=capacity,
        use=[1.0, 1.0, 1.0, *(1.0 / tokens)],
    )  # fmt: skip
    return profits(made, equilibrium(made, tolerance=1e-10).price)


def _gain(tokens_per_hour: Sequence[float], capacity: Sequence[float]) -> Floats:
    return _earned(tokens_per_hour, capacity) - _earned((1.0, 1.0, 1.0), capacity)


def _sign(gain: Floats, least: float) -> Floats:
    """Return the signs of gains; 0 for what is smaller than ``least``."""
    return np.sign(gain) * (np.abs(gain) > least)


def _scarce() -> Pair:
    return [[-1.0, -1.0, -1.0], [1.0, -1.0, -1.0]], [_sign(_gain(x, SCARCE), 1.0) for x in (ALL, ONE)]


def _ample() -> Pair:
    """A common gain raises profits, but by less than 0.25; a gain of one is worth three times as much to it."""
    common, alone = _gain(ALL, AMPLE), _gain(ONE, AMPLE)
    return [1.0, 1.0, 1.0, 0.0, 1.0], [*_sign(common, 0.0), (common > 0.25).sum(), alone[0] > 3.0 * common[0]]


def _margins(tokens_per_card: Sequence[float], elasticity: float) -> Floats:
    """Return last-quarter gross margins of three equal firms short of cards (3,), USD m, in a whole run."""
    firms = {
        f"firm-{i}": {"opening_cards": {"a100": 4e4}, "models": services(0.0, ratio)}
        for i, ratio in enumerate(tokens_per_card)
    }
    demand = {"customers.demand.us.outside_utility": -1.0, "customers.intensive_elasticity": elasticity}
    sold = simulated(market_of(firms, demand)).tables(["providers"])["providers"]
    last = (sold["quarter"] == sold["quarter"].max()) & (sold["region"] == "us")
    return np.asarray(sold["gross_margin_usd_m"][last & (sold["product"] == "all") & (sold["workload"] == "all")])


def _whole_runs() -> Pair:
    """Signs of gains above 0.5%: for all where usage does not answer prices, where it does, and for one."""
    changes = [(ALL, 0.0), (ALL, 0.8), (ONE, 0.0)]
    gains = [_margins(tokens, eps) / _margins((1.0, 1.0, 1.0), eps) - 1.0 for tokens, eps in changes]
    return [[-1.0] * 3, [1.0] * 3, [1.0, -1.0, -1.0]], [_sign(gain, 0.005) for gain in gains]


CASES = (
    Case("V26a", "10% more tokens per card, full pools: for all -1 -1 -1, for one +1 -1 -1 (signs of profit gains)",
         "rent of scarcity", 0.0, _scarce),
    Case("V26b", "the same with room: small gains of all, larger ones of one alone", "differentiated Bertrand", 0.0,
         _ample),
    Case("V26c", "whole runs, full pools: for all -1 -1 -1 if usage is rigid, +1 +1 +1 if elastic; for one +1 -1 -1",
         "rent of scarcity", 0.0, _whole_runs),
)  # fmt: skip
