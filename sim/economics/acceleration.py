"""Anderson acceleration of a fixed-point map: the best combination of the last few steps (Walker and Ni 2011)."""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats
from sim.economics.elimination import solve_linear

WINDOW = 6
_RIDGE = 1e-10


@compiled
def accelerated(  # noqa: PLR0912 - one algorithm, loops instead of array expressions
    point: Floats, image: Floats, points: Floats, steps: Floats, done: int
) -> Floats:
    """Return the next point of a fixed-point iteration.

    Args:
        point: where the map was evaluated (n,).
        image: its value there (n,).
        points: (WINDOW, n) ring of earlier differences of images; written.
        steps: (WINDOW, n) ring of earlier differences of residuals; written. Row ``done % WINDOW`` must hold, in
            ``points`` and ``steps``, the previous image and residual when ``done`` > 0.
        done: rounds before this one.
    """
    size = point.size
    residual, answer = np.empty(size), np.empty(size)
    before = (done - 1) % WINDOW
    for n in range(size):
        residual[n], answer[n] = image[n] - point[n], image[n]
        if done > 0:
            points[before, n] = image[n] - points[before, n]
            steps[before, n] = residual[n] - steps[before, n]
    filled = min(done, WINDOW - 1)
    if filled > 0:
        rows = np.empty(filled, np.int64)
        for k in range(filled):
            rows[k] = (done - 1 - k) % WINDOW
        normal, right = np.zeros((filled, filled)), np.zeros(filled)
        for a in range(filled):
            for b in range(a + 1):
                total = 0.0
                for n in range(size):
                    total += steps[rows[a], n] * steps[rows[b], n]
                normal[a, b] = total
                normal[b, a] = total
            for n in range(size):
                right[a] += steps[rows[a], n] * residual[n]
        trace = 0.0
        for a in range(filled):
            trace += normal[a, a]
        for a in range(filled):
            normal[a, a] += _RIDGE * trace + 1e-300
        weights = solve_linear(normal, right, filled)
        for a in range(filled):
            for n in range(size):
                answer[n] -= weights[a] * points[rows[a], n]
    row = done % WINDOW
    for n in range(size):
        points[row, n], steps[row, n] = image[n], residual[n]
    return answer
