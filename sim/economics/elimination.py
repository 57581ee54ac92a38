"""Small linear systems by Gaussian elimination: no BLAS, so equal bits whatever library and threads."""

from sim.compiled import compiled
from sim.economics.cells import Floats


@compiled
def solve_linear(matrix: Floats, right: Floats, size: int) -> Floats:
    """Return x of ``matrix x = right`` for the leading ``size`` rows and columns, by partial pivoting.

    Args:
        matrix: (n, n) with n >= size; left as it is.
        right: (n,); left as it is.
        size: order of the system.
    """
    a, x = matrix.copy(), right.copy()
    for i in range(size):
        pivot = i
        for r in range(i + 1, size):
            if abs(a[r, i]) > abs(a[pivot, i]):
                pivot = r
        if pivot != i:
            for c in range(i, size):
                a[i, c], a[pivot, c] = a[pivot, c], a[i, c]
            x[i], x[pivot] = x[pivot], x[i]
        for r in range(i + 1, size):
            factor = a[r, i] / a[i, i]
            if factor != 0.0:
                for c in range(i, size):
                    a[r, c] -= factor * a[i, c]
                x[r] -= factor * x[i]
    for i in range(size - 1, -1, -1):
        for c in range(i + 1, size):
            x[i] -= a[i, c] * x[c]
        x[i] /= a[i, i]
    return x
