"""Small linear systems by Gaussian elimination: no BLAS, so equal bits whatever library and threads."""

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats
from sim.economics.positions import at


@inlined
def padded(size: int) -> int:
    """Return a size rounded up to a multiple of eight: processors take eight numbers at once, and no rest is left."""
    return (size + 7) // 8 * 8


@compiled
def solve_linear(matrix: Floats, right: Floats, size: int) -> Floats:
    """Return x (size,) of ``matrix x = right`` for the leading ``size`` rows and columns, by partial pivoting.

    Rows are subtracted by eights, also where they are zero already, and so is what stands beside them up to the next
    multiple of eight: loops over it run several numbers at a time and leave no rest.

    Args:
        matrix: (n, n) with n >= size; used up.
        right: (n,); used up.
        size: order of the system.
    """
    width = min(padded(size), matrix.shape[1])
    for i in range(size):
        pivot = i
        for r in range(i + 1, size):
            if abs(matrix[r, i]) > abs(matrix[pivot, i]):
                pivot = r
        if pivot != i:
            for c in range(width):
                matrix[i, c], matrix[pivot, c] = matrix[pivot, c], matrix[i, c]
            right[i], right[pivot] = right[pivot], right[i]
        inverse, first = 1.0 / matrix[i, i], i // 8 * 8
        for r in range(i + 1, size):
            factor = matrix[at(r), i] * inverse
            if factor != 0.0:
                for c in range(first, width):
                    matrix[at(r), at(c)] -= factor * matrix[i, at(c)]
                right[at(r)] -= factor * right[i]
    for i in range(size - 1, -1, -1):
        for c in range(i + 1, size):
            right[i] -= matrix[i, c] * right[c]
        right[i] /= matrix[i, i]
    return right[:size]
