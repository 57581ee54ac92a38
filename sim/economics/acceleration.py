"""Anderson acceleration of a fixed-point map: the best combination of the last few steps (Walker and Ni 2011)."""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats

WINDOW = 6
_RIDGE = 1e-10


@compiled
def _solve_small(matrix: Floats, right: Floats, size: int) -> Floats:
    """Solve a small symmetric positive system by Gaussian elimination with pivoting; no BLAS, so equal bits."""
    a, x = matrix.copy(), right.copy()
    for i in range(size):
        pivot = i
        for r in range(i + 1, size):
            if abs(a[r, i]) > abs(a[pivot, i]):
                pivot = r
        for c in range(size):
            a[i, c], a[pivot, c] = a[pivot, c], a[i, c]
        x[i], x[pivot] = x[pivot], x[i]
        for r in range(i + 1, size):
            factor = a[r, i] / a[i, i]
            for c in range(i, size):
                a[r, c] -= factor * a[i, c]
            x[r] -= factor * x[i]
    for i in range(size - 1, -1, -1):
        for c in range(i + 1, size):
            x[i] -= a[i, c] * x[c]
        x[i] /= a[i, i]
    return x


@compiled
def accelerated(point: Floats, image: Floats, points: Floats, steps: Floats, done: int) -> Floats:
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
    residual = image - point
    if done > 0:
        row = (done - 1) % WINDOW
        points[row] = image - points[row]
        steps[row] = residual - steps[row]
    filled = min(done, WINDOW - 1)
    answer = image.copy()
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
        weights = _solve_small(normal, right, filled)
        for a in range(filled):
            for n in range(size):
                answer[n] -= weights[a] * points[rows[a], n]
    row = done % WINDOW
    points[row] = image
    steps[row] = residual
    return answer
