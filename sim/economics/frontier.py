r"""What a pool of mixed cards can do: a card serves one workload at a time, so the split is by comparative advantage.

Kinds of cards are ordered by effective training over effective inference. Training takes the kinds best at it
first (Ricardo); what is left serves inference. The frontier inference = I(training) is concave and piecewise
linear. Hours are effective H100e-hours of each workload in a quarter.
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints


@compiled
def kind_hours(cards: Floats, effective: Floats, order: Ints, hours: float) -> Floats:
    """Return (kinds, 2) hours of training and inference each kind could give alone, best at training first.

    Args:
        cards: (V,) cards in the pool.
        effective: (V, 2) effective H100e of a card in training and inference.
        order: (V,) kinds sorted by training over inference, descending.
        hours: usable hours per card and quarter (2190 times utilisation).
    """
    out = np.empty((order.size, 2))
    for k in range(order.size):
        out[k] = cards[order[k]] * hours * effective[order[k]]
    return out


@compiled
def inference_left(kinds: Floats, training: float) -> float:
    """Return the inference hours left when the pool serves ``training`` hours; negative when it cannot."""
    left, rest = 0.0, training
    for k in range(kinds.shape[0]):
        if kinds[k, 0] <= 0.0:
            continue
        used = min(rest / kinds[k, 0], 1.0)
        rest -= used * kinds[k, 0]
        left += (1.0 - used) * kinds[k, 1]
    return left if rest <= 1e-9 * training else -rest


@compiled
def training_left(kinds: Floats, inference: float) -> float:
    """Return the training hours possible beside ``inference`` hours; negative when it cannot serve them."""
    left, rest = 0.0, inference
    for k in range(kinds.shape[0] - 1, -1, -1):
        if kinds[k, 1] <= 0.0:
            continue
        used = min(rest / kinds[k, 1], 1.0)
        rest -= used * kinds[k, 1]
        left += (1.0 - used) * kinds[k, 0]
    return left if rest <= 1e-9 * inference else -rest


@compiled
def exchange_rate(kinds: Floats, training: float) -> float:
    """Return -I'(training): inference hours given up for one more training hour."""
    rest, rate = training, 1.0
    for k in range(kinds.shape[0]):
        if kinds[k, 0] <= 0.0:
            continue
        rate = kinds[k, 1] / kinds[k, 0]
        if rest < kinds[k, 0]:
            return rate
        rest -= kinds[k, 0]
    return rate


@compiled
def servable_fraction(kinds: Floats, training: float, inference: float) -> float:
    """Return the largest f <= 1 such that f times both loads fits the pool."""
    if inference_left(kinds, training) >= inference:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if inference_left(kinds, middle * training) >= middle * inference:
            low = middle
        else:
            high = middle
    return low
