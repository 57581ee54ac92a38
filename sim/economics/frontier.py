r"""What a pool of mixed cards can do: a card serves one workload at a time, so the split is by comparative advantage.

Kinds of cards are ordered by effective training over effective inference. Training takes the kinds best at it
first (Ricardo); what is left serves inference. The frontier inference = I(training) is concave and piecewise
linear. Hours are effective H100e-hours of each workload in a quarter.
"""

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints

_TRAINING, _INFERENCE = 0, 1
"""Workloads, as they are numbered everywhere."""
OPENING_SPLIT = 0.4
"""Share of a pool's training capacity assumed in use where nothing has been loaded yet."""


@inlined
def kind_hours(cards: Floats, effective: Floats, order: Ints, hours: float, out: Floats) -> None:
    """Fill (kinds, 2) with the hours of training and inference each kind could give alone, best at training first.

    Args:
        cards: (V,) cards in the pool.
        effective: (V, 2) effective H100e of a card in training and inference.
        order: (N,) kinds sorted by training over inference, descending; padded with -1.
        hours: usable hours per card and quarter (2190 times utilisation).
        out: (N, 2) filled.
    """
    for k in range(order.size):
        v = order[k]
        for w in range(2):
            out[k, w] = cards[v] * hours * effective[v, w] if v >= 0 else 0.0


@compiled
def pool_hours(kinds: Floats) -> Floats:
    """Return (2, L) training hours of every pool if nothing infers, and inference hours if nothing trains."""
    out = np.zeros((2, kinds.shape[0]))
    for pool in range(kinds.shape[0]):
        training, inference = 0.0, 0.0
        for k in range(kinds.shape[1]):
            training += kinds[pool, k, 0]
            inference += kinds[pool, k, 1]
        out[0, pool], out[1, pool] = training, inference
    return out


@inlined
def _left_beside(kinds: Floats, pool: int, used: float, workload: int) -> float:
    """Return the hours of a workload that a pool has left when it serves ``used`` hours of the other one.

    Negative when it cannot. No views and one way out: kernels that ask in a loop would count references otherwise.
    """
    left, rest, other, last = 0.0, used, 1 - workload, kinds.shape[1] - 1
    for n in range(kinds.shape[1]):
        k = n if workload == _INFERENCE else last - n
        if kinds[pool, k, other] > 0.0:
            part = min(rest / kinds[pool, k, other], 1.0)
            rest -= part * kinds[pool, k, other]
            left += (1.0 - part) * kinds[pool, k, workload]
    return left if rest <= 1e-9 * used else -rest


@inlined
def inference_left(kinds: Floats, training: float) -> float:
    """Return the inference hours left when cards (N, 2) serve ``training`` hours; negative when they cannot."""
    left: float = _left_beside(np.expand_dims(kinds, 0), 0, training, _INFERENCE)
    return left


@inlined
def training_left(kinds: Floats, inference: float) -> float:
    """Return the training hours possible beside ``inference`` hours of cards (N, 2); negative when they cannot."""
    left: float = _left_beside(np.expand_dims(kinds, 0), 0, inference, _TRAINING)
    return left


@inlined
def lane_left(kinds: Floats, load: Floats, lane: int) -> float:
    """Return the hours left in a lane beside the load of both lanes of its pool; at least 0.

    Args:
        kinds: (L, N, 2) hours of every pool.
        load: (2 L,) hours in use by lane.
        lane: 2 * pool + workload.
    """
    left: float = max(_left_beside(kinds, lane // 2, load[lane ^ 1], lane % 2) - load[lane], 0.0)
    return left


@inlined
def exchange_rate(kinds: Floats, training: float) -> float:
    """Return -I'(training): inference hours given up for one more training hour."""
    rest = training
    rate: float = 1.0
    for k in range(kinds.shape[0]):
        if kinds[k, 0] <= 0.0:
            continue
        rate = kinds[k, 1] / kinds[k, 0]
        if rest < kinds[k, 0]:
            return rate
        rest -= kinds[k, 0]
    return rate


@compiled
def fitting_fraction(
    kinds: Floats, training: float, inference: float, more_training: float, more_inference: float
) -> float:
    """Return the largest f <= 1 such that a pool fits f times two more loads beside those it has."""
    if inference_left(kinds, training + more_training) >= inference + more_inference:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if inference_left(kinds, training + middle * more_training) >= inference + middle * more_inference:
            low = middle
        else:
            high = middle
    return low


@compiled
def servable_fraction(kinds: Floats, training: float, inference: float) -> float:
    """Return the largest f <= 1 such that f times both loads fits the pool."""
    return float(fitting_fraction(kinds, 0.0, 0.0, training, inference))


@compiled
def uncontracted(kinds: Floats, load: Floats) -> Floats:
    """Return inference hours left in every pool (L,) beside a load (2 L,) of training and inference; at least 0."""
    left = np.empty(kinds.shape[0])
    for pool in range(left.size):
        left[pool] = lane_left(kinds, load, 2 * pool + 1)
    return left


@compiled
def use_and_room(kinds: Floats, load: Floats) -> Floats:
    """Return (4, L): inference hours in use, and possible beside training; training hours in use, and possible alone.

    Args:
        kinds: (L, N, 2) hours.
        load: (2 L,) hours in use by lane.
    """
    out = np.zeros((4, kinds.shape[0]))
    for pool in range(kinds.shape[0]):
        out[0, pool] = load[2 * pool + 1]
        out[1, pool] = max(inference_left(kinds[pool], load[2 * pool]), 0.0)
        out[2, pool] = load[2 * pool]
        for k in range(kinds.shape[1]):
            out[3, pool] += kinds[pool, k, 0]
    return out


@compiled
def tangents(kinds: Floats, load: Floats) -> tuple[Floats, Floats]:
    """Return, by pool, inference hours given up per training hour at a load's split, and the capacity seen from there.

    Near the split the frontier is ``inference + rate * training <= capacity``. Where nothing is loaded yet the split is
    put at ``OPENING_SPLIT`` of the training the pool could do.
    """
    rate, capacity = np.empty(kinds.shape[0]), np.empty(kinds.shape[0])
    for pool in range(rate.size):
        most = 0.0
        for k in range(kinds.shape[1]):
            most += kinds[pool, k, 0]
        idle = load[2 * pool] + load[2 * pool + 1] == 0.0
        training = OPENING_SPLIT * most if idle else min(load[2 * pool], most)
        rate[pool] = exchange_rate(kinds[pool], training)
        capacity[pool] = inference_left(kinds[pool], training) + rate[pool] * training
    return rate, capacity


@compiled
def serve_contracts(kinds: Floats, load: Floats, own_use: Floats, fraction: Floats) -> None:
    """Cut contracts to what every pool can give, then own use to what is left, and add it to the inference lane.

    Args:
        kinds: (L, V, 2) hours.
        load: (2 L,) contracted hours by lane; changed to what is served, own use included.
        own_use: (L,) wanted captive hours; changed to what is served.
        fraction: (L,) filled with the share of contracts that is served.
    """
    for pool in range(fraction.size):
        fraction[pool] = servable_fraction(kinds[pool], load[2 * pool], load[2 * pool + 1])
        load[2 * pool] *= fraction[pool]
        load[2 * pool + 1] *= fraction[pool]
        own_use[pool] = min(own_use[pool], lane_left(kinds, load, 2 * pool + 1))
        load[2 * pool + 1] += own_use[pool]
