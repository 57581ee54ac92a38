"""Static markets built from what theory names, and their demand written a second time, from the textbook."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import LINEAR, LOG, NESTS, Cells, Floats
from sim.economics.pricing import Offers, Solution, solve

Complex = NDArray[np.complex128]
CEILING = 50.0
"""Highest price: far above any that is wanted."""


class Market(NamedTuple):
    """What firms sell to whom."""

    cells: Cells
    offers: Offers


def market(
    delta: Sequence[float], cost: Sequence[float], *, alpha: Sequence[float] = (1.0,), mass: Sequence[float] = (1.0,),
    owners: Sequence[int] | None = None, nests: Sequence[int] | None = None, rho: float = 0.0, form: int = LINEAR,
    intensive: float = 0.0, outside: float = 0.0, capacity: Sequence[float] | None = None,
    use: Sequence[float] | None = None, fee: Sequence[float] | None = None, ceiling: float = CEILING,
) -> Market:  # fmt: skip
    """Return a market in which every taste may buy every product and nobody is tied.

    Args:
        delta: utility of each product before price.
        cost: marginal cost of each product.
        alpha: price coefficient of each taste.
        mass: customers of each taste.
        owners: firm of each product, by default one firm each; every firm has one pool.
        nests: nest of each product.
        rho: dissimilarity.
        form: LINEAR or LOG.
        intensive: elasticity of usage.
        outside: utility of the outside option.
        capacity: of each firm's pool.
        use: capacity per unit of product.
        fee: ad valorem wedge of each product.
        ceiling: highest price.
    """
    products, tastes = len(delta), len(alpha)
    firm = np.array(range(products) if owners is None else owners)
    firms = int(firm.max()) + 1
    cells = Cells(
        np.arange(tastes + 1) * products, np.tile(np.arange(products), tastes),
        np.tile(np.array(delta, dtype=float) / (1.0 - rho), tastes), np.ones(products * tastes), np.array(alpha),
        np.full(tastes, outside), np.array(mass, dtype=float)[:, None], np.array([-1]), np.zeros((tastes, 1)),
        np.zeros(1, np.int64), np.array(nests or [0] * products), firm, firms, rho, intensive, form,
    )  # fmt: skip
    offers = Offers(
        np.array(cost, dtype=float), np.array(use or [1.0] * products), firm, np.array(fee or [0.0] * products),
        np.array(capacity or [np.inf] * firms), np.full(products, ceiling),
    )  # fmt: skip
    return Market(cells, offers)


def equilibrium(made: Market, start: Floats | None = None, tolerance: float = 1e-12) -> Solution:
    """Return prices that satisfy every firm's conditions.

    Raises:
        ArithmeticError: If they are not found within the tolerance.
    """
    first = made.offers.cost + 1.0 if start is None else start
    found = solve(made.cells, made.offers, first, np.zeros(made.offers.capacity.size), 5000, tolerance)
    if found.residual > tolerance:
        msg = f"not solved: {found.residual:.3g} after {found.rounds} rounds"
        raise ArithmeticError(msg)
    return found


def profits(made: Market, price: Floats) -> Floats:
    """Return the profit of every firm at any prices, capacity aside."""
    quantity = demand(made.cells, price, price).real
    margin = (1.0 - made.offers.fee) * price - made.offers.cost
    return np.asarray(np.bincount(made.cells.provider, margin * quantity, made.cells.firms), dtype=np.float64)


def demand(cells: Cells, price: Any, renewal: Floats) -> Complex:
    """Return (J,) demand, written from the textbook formula and for complex prices, class by class.

    Customers who renew buy from their supplier at ``renewal`` prices, and do not count as demand for its products.
    """
    prices: Complex = np.asarray(price, dtype=np.complex128)
    out = np.zeros(prices.size, np.complex128)
    for b in range(cells.start.size - 1):
        pairs = range(cells.start[b], cells.start[b + 1])
        for c in range(cells.incumbent.size):
            out += cells.mass[b, c] * _chosen(cells, b, c, list(pairs), prices, renewal)
    return out


def _chosen(cells: Cells, b: int, c: int, pairs: list[int], price: Complex, renewal: Floats) -> Complex:
    """Return units of every product that one customer of a class takes."""
    slack, tied = 1.0 - cells.dissimilarity, cells.incumbent[c]
    weight: dict[int, complex] = {}
    for k in pairs:
        j = cells.product[k]
        own = cells.provider[j] == tied
        paid = renewal[j] if own and cells.protected[c] else price[j]
        burden = cells.sensitivity[b] * (np.log(paid) if cells.form == LOG else paid / slack)
        weight[k] = np.exp(cells.attraction[k] - burden + (cells.boost[b, c] if own else 0.0))
    reach = [sum((weight[k] for k in pairs if cells.nest[cells.product[k]] == g), 0j) for g in range(NESTS)]
    stays = np.exp(cells.outside[b] + (slack * cells.boost[b, c] if tied == cells.firms else 0.0))
    denominator = stays + sum(d**slack for d in reach if d != 0.0)
    out = np.zeros(price.size, np.complex128)
    for k in pairs:
        j = cells.product[k]
        if cells.protected[c] and cells.provider[j] == tied:
            continue
        share = weight[k] * reach[cells.nest[j]] ** -cells.dissimilarity / denominator
        out[j] += share * cells.multiplier[k] * price[j] ** -cells.intensive
    return out


def jacobian(cells: Cells, price: Floats, *, logs: bool) -> Floats:
    """Return (J, J) ``d Q_k / d p_j`` (or ``ln p_j``) as ``[k, j]``, exact by complex steps."""
    columns = []
    for j in range(price.size):
        step = price.astype(np.complex128)
        step[j] = price[j] * np.exp(1e-30j) if logs else price[j] + 1e-30j
        columns.append(demand(cells, step, price).imag / 1e-30)
    return np.stack(columns, axis=1)


def conditions(made: Market, found: Solution) -> Floats:
    """Return what is left of every product's first-order condition, over its revenue (J,)."""
    cells, offers, price = made.cells, made.offers, found.price
    keep = 1.0 - offers.fee
    margin = keep * price - offers.cost - offers.use * found.multiplier[offers.pool]
    quantity = demand(cells, price, price).real
    same = cells.provider[:, None] == cells.provider
    gain = keep * price * quantity + price * ((jacobian(cells, price, logs=False) * same).T @ margin)
    if cells.form == LOG:
        gain = keep * price * quantity + (jacobian(cells, price, logs=True) * same).T @ margin
    return np.asarray(gain / (price * quantity))
