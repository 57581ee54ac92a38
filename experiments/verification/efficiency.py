"""V26: tokens per card are a relative advantage, not a free margin.

Three firms sell card-hours and tokens from one pool each, to three tastes. The numbers of the published example are not
on record, so it is signs that are reproduced, each with a margin.
"""

from collections.abc import Sequence

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.markets import equilibrium, market, profits
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


CASES = (
    Case("V26a", "10% more tokens per card, full pools: for all -1 -1 -1, for one +1 -1 -1 (signs of profit gains)",
         "rent of scarcity", 0.0, _scarce),
    Case("V26b", "the same with room: small gains of all, larger ones of one alone", "differentiated Bertrand", 0.0,
         _ample),
)  # fmt: skip
