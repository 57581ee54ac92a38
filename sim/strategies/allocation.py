r"""Allocation of a supplier's output among orders: ``proportional`` or ``uniform``.

Proportional: every order is cut by the same fraction. Uniform (water-filling): ``a_i = min(O_i, lambda)`` with lambda
such that the output is used up (Sprumont 1991, the uniform rule, under which nobody gains by asking for more than
it needs; Cachon and Lariviere 1999 for orders that are inflated under the proportional rule).
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints

PROPORTIONAL, UNIFORM = 0, 1
RULES = {"proportional": PROPORTIONAL, "uniform": UNIFORM}


@compiled
def allocated(orders: Floats, output: float, rule: int) -> Floats:
    """Return what each buyer gets (n,): never more than its order, in all the smaller of output and orders."""
    total = 0.0
    for x in range(orders.size):
        total += orders[x]
    given = orders.copy()
    if total <= output:
        return given
    if rule == PROPORTIONAL:
        for x in range(orders.size):
            given[x] = orders[x] * output / total
        return given
    left = output
    order = np.argsort(orders, kind="mergesort")
    for position in range(order.size):
        x = order[position]
        given[x] = min(orders[x], left / (order.size - position))
        left -= given[x]
    return given


@compiled
def share_out(ordered: Floats, h100e: Floats, supplier: Ints, output: Floats, rule: int) -> Floats:
    """Return the cards of every order that is accepted (n, V): each supplier delivers at most its output in H100e.

    Args:
        ordered: (n, V) cards ordered.
        h100e: (V,) H100e per card.
        supplier: (V,) supplier of each chip.
        output: (K,) H100e each supplier can deliver.
        rule: PROPORTIONAL or UNIFORM, over what each buyer orders of the supplier.
    """
    accepted = ordered.copy()
    asked = np.empty(ordered.shape[0])
    for k in range(output.size):
        for x in range(asked.size):
            asked[x] = 0.0
            for v in range(h100e.size):
                if supplier[v] == k:
                    asked[x] += ordered[x, v] * h100e[v]
        given = allocated(asked, output[k], rule)
        for x in range(asked.size):
            if asked[x] > given[x]:
                for v in range(h100e.size):
                    if supplier[v] == k:
                        accepted[x, v] = ordered[x, v] * (given[x] / asked[x])
    return accepted
