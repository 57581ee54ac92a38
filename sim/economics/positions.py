"""Positions in arrays that are known to count from the front."""

import numpy as np

from sim.compiled import inlined


@inlined
def at(n: int) -> int:
    """Return a position that is not negative, as a number that cannot be: no kernel has to look where it counts from.

    It is for looking things up; reckon with ``n``, as sums of signed and unsigned numbers become floats.
    """
    return np.uintp(n)  # type: ignore[return-value]
