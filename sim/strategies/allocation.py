r"""Allocation of a supplier's output among orders: ``proportional``, ``uniform``, ``priority`` or ``price``.

Proportional: every order is cut by the same fraction. Uniform (water-filling): ``a_i = min(O_i, lambda)`` with lambda
such that the output is used up (Sprumont 1991, the uniform rule, under which nobody gains by asking for more than
it needs; Cachon and Lariviere 1999 for orders that are inflated under the proportional rule). Priority: ``a_i =
min(O_i, lambda w_i)``, w being what a buyer has of the supplier already. Price: who bids most comes first.
"""

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.filling import filled

PROPORTIONAL, UNIFORM, PRIORITY, PRICE = 0, 1, 2, 3
RULES = {"proportional": PROPORTIONAL, "uniform": UNIFORM, "priority": PRIORITY, "price": PRICE}


@inlined
def _total(amounts: Floats) -> float:
    total = 0.0
    for x in range(amounts.size):
        total += amounts[x]
    return total


@inlined
def _in_turn(orders: Floats, turn: Ints, output: float) -> Floats:
    """Return what buyers get who are served one after the other."""
    given, left = np.zeros(orders.size), output
    for x in turn:
        given[x] = min(orders[x], left)
        left -= given[x]
    return given


@inlined
def _level(orders: Floats, output: float) -> Floats:
    """Return the same for all who do not get what they ordered."""
    given, left = np.empty(orders.size), output
    order = np.argsort(orders, kind="mergesort")
    for position in range(order.size):
        x = order[position]
        given[x] = min(orders[x], left / (order.size - position))
        left -= given[x]
    return given


@compiled
def allocated(orders: Floats, output: float, rule: int, weight: Floats, bid: Floats) -> Floats:
    """Return what each buyer gets (n,): never more than its order, in all the smaller of output and orders.

    Args:
        orders: (n,) of buyers.
        output: of the supplier.
        rule: a value of ``RULES``.
        weight: (n,) of buyers under ``PRIORITY``; who has none gets what the others leave.
        bid: (n,) of buyers under ``PRICE``.
    """
    total = _total(orders)
    if total <= output:
        return orders.copy()
    if rule == PROPORTIONAL:
        return orders * (output / total)
    if rule == PRIORITY:
        return filled(orders, weight, output)
    if rule == PRICE:
        return _in_turn(orders, np.argsort(-bid, kind="mergesort"), output)
    return _level(orders, output)


@compiled
def divided(
    orders: Floats, made: float, rule: int, weight: Floats, bid: Floats, insider: Bools, external: float
) -> Floats:
    """Return what each buyer gets (n,) of a maker with owners: others get at most a share of what it makes.

    Args:
        orders: (n,) of buyers, and ``rule``, ``weight`` and ``bid`` as for ``allocated``.
        made: part of all orders that the maker can make.
        rule: a value of ``RULES``.
        weight: (n,)
        bid: (n,)
        insider: (n,) whether the buyer is an owner; every buyer of a merchant is.
        external: share of output for those who are not.
    """
    inside, outside = np.where(insider, orders, 0.0), np.where(insider, 0.0, orders)
    own, out = _total(inside), _total(outside)
    output = made * (own + out)
    if made < 1.0 or external < 1.0:
        out = min(out, external * output)
    if made < 1.0:
        own = min(own, output - out)
    if external < 1.0:
        out = min(out, own * external / (1.0 - external))
    return allocated(inside, own, rule, weight, bid) + allocated(outside, out, rule, weight, bid)


@compiled
def share_out(
    ordered: Floats, firm: Ints, h100e: Floats, supplier: Ints, made: Floats, rule: int, held: Floats, bid: Floats,
    insider: Bools, external: Floats,
) -> Floats:  # fmt: skip
    """Return the cards of every order that is accepted (n, V), each supplier making a part of its orders, in H100e.

    It is firms that are served: what one gets is spread over its orders alike, however many sites it orders for.

    Args:
        ordered: (n, V) cards ordered.
        firm: (n,) who orders.
        h100e: (V,) H100e per card.
        supplier: (V,) supplier of each chip.
        made: (K,) part of all orders, in H100e, that each supplier can make.
        rule: a value of ``RULES``, applied to what each buyer orders of the supplier.
        held: (n, V) cards that buyers have.
        bid: (n,) of buyers; a firm bids its highest.
        insider: (n, K) whether a buyer is an owner of the supplier.
        external: (K,) share of output for those who are not.
    """
    firms = firm.max() + 1
    asked, weight, offer = np.zeros((made.size, firms)), np.zeros((made.size, firms)), np.zeros(firms)
    owner = np.zeros((made.size, firms), dtype=np.bool_)
    for x in range(ordered.shape[0]):
        f = firm[x]
        offer[f] = max(offer[f], bid[x])
        for k in range(made.size):
            owner[k, f] = owner[k, f] or insider[x, k]
        for v in range(h100e.size):
            if ordered[x, v] > 0.0:
                asked[supplier[v], f] += ordered[x, v] * h100e[v]
            if rule == PRIORITY:
                weight[supplier[v], f] += held[x, v] * h100e[v]
    part = np.ones(asked.shape)
    for k in range(made.size):
        if made[k] < 1.0 or external[k] < 1.0:
            given = divided(asked[k], made[k], rule, weight[k], offer, owner[k], external[k])
            for f in range(firms):
                if asked[k, f] > given[f]:
                    part[k, f] = given[f] / asked[k, f]
    accepted = np.empty(ordered.shape)
    for x in range(ordered.shape[0]):
        for v in range(h100e.size):
            accepted[x, v] = ordered[x, v] * part[supplier[v], firm[x]]
    return accepted


@compiled
def inflated_orders(need: Floats, fill: Floats, inflation: float) -> Floats:
    """Return orders (n, K) where buyers expect to be cut: ``need (1 + f (1 - fill))`` (Lee and others 1997).

    Nothing is added once the supplier fills its orders again: what was ordered on top is cancelled.

    Args:
        need: (n, K) what buyers need of each supplier.
        fill: (K,) part of orders that each supplier met last quarter.
        inflation: f; 0 under rules that do not reward it.
    """
    out = np.empty(need.shape)
    for x in range(need.shape[0]):
        for k in range(fill.size):
            out[x, k] = need[x, k] * (1.0 + inflation * (1.0 - fill[k]))
    return out
