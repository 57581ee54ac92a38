"""Sizes of enterprises: stratified quantiles of a Pareto tail, capped, so that small samples are not all noise."""

import numpy as np

from sim.economics.cells import Floats


def enterprise_sizes(count: int, tail: float, cap: float) -> Floats:
    """Return shares of a region's demand of ``count`` enterprises (count,), descending, summing to 1.

    Size is the Pareto quantile at ``(i + 1/2)/count``; no share exceeds ``cap`` unless ``count * cap < 1``, when
    all are equal. What the cap cuts off goes to the others in proportion.
    """
    if count == 0:
        return np.zeros(0)
    if count * cap <= 1.0:
        return np.full(count, 1.0 / count)
    sizes = ((np.arange(count) + 0.5) / count) ** (-1.0 / tail)
    shares: Floats = sizes / sizes.sum()
    for _ in range(count):
        over = shares > cap * (1.0 + 1e-12)
        if not over.any():
            break
        shares[over] = cap
        free = shares < cap
        shares[free] *= (1.0 - cap * (~free).sum()) / shares[free].sum()
    return shares


def effective_number(shares: Floats) -> float:
    """Return the inverse of the sum of squared shares: how many equal firms would be as concentrated."""
    return float(1.0 / np.square(shares).sum()) if shares.size else 0.0
