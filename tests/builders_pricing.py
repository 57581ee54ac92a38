"""Markets for tests of demand: choice probabilities, and cells with all that can occur."""

import numpy as np

from sim.economics.cells import LOG, Cells, Floats, nested_shares


def shares(cells: Cells, price: Floats, b: int, c: int) -> Floats:
    """Return choice probabilities of class c in base cell b: (J+1,), the last is the outside option."""
    pairs = slice(cells.start[b], cells.start[b + 1])
    product, tied, slack = cells.product[pairs], cells.incumbent[c], 1.0 - cells.dissimilarity
    burden = cells.sensitivity[b] * (np.log(price) if cells.form == LOG else price / slack)
    gift = cells.boost[b, c] * (cells.provider[product] == tied)
    weights, chosen = np.exp(cells.attraction[pairs] - burden[product] + gift), np.empty(product.size)
    outside = float(np.exp(cells.outside[b] + (slack * cells.boost[b, c] if tied == cells.firms else 0.0)))
    out = np.zeros(price.size + 1)
    out[-1] = nested_shares(weights, cells.nest[product], outside, cells.dissimilarity, chosen)
    out[product] = chosen
    return out


def random_cells(seed: int, *, form: int, rho: float, intensive: float, firms: int = 3) -> Cells:
    """Return cells with all that can occur: products on sale to some, one nest only, incumbents, renewals."""
    rng = np.random.default_rng(seed)
    products, base = 2 * firms + 1, 3
    provider = np.concatenate([np.arange(firms), np.arange(firms), [0]])
    nest = (np.arange(products) >= firms).astype(np.int64)
    sold = [np.flatnonzero(rng.random(products) < share) for share in (1.1, 0.6, 0.4)]
    product = np.concatenate(sold)
    start = np.cumsum([0, *(x.size for x in sold)])
    incumbent = np.array([-1, 0, 1, 0, firms, 2])
    boost = np.tile([0.0, 0.7, 2.5, 2.5, 1.1, 0.4], (base, 1))
    return Cells(
        start.astype(np.int64), product.astype(np.int64), rng.normal(0.5, 1.0, product.size),
        rng.uniform(0.5, 2.0, product.size), rng.uniform(1.5, 4.0, base), rng.normal(0.0, 0.5, base),
        rng.uniform(0.0, 2.0, (base, incumbent.size)) * (rng.random((base, incumbent.size)) < 0.8), incumbent, boost,
        np.array([0, 0, 1, 1, 0, 0]), nest, provider.astype(np.int64), firms, rho, intensive, form,
    )  # fmt: skip
