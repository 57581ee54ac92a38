r"""The grey market: cards that rules deny find their way for a premium, in one of two forms (B5).

``wedge``: evasion has a cost of its own, and that of the marginal card rises: supply is

    S(w) = scale max(0, w - k_0) / (4 k_1 enf) .

``elasticity``: evasion rises by a constant rate with the wedge (Fisman and Wei 2004):

    S(w) = scale S_0 e^(sigma w) / enf .

The premium w = P_grey / P_free - 1 clears what is denied, ``D(w) = D (1 + w)^-e = S(w)``. Shipments of the world set
the scale. A part ``1 - e^(-enf S / inflow)`` of what is on its way is seized.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.economics.elementary import totals
from sim.economics.fleets import worth

NONE, WEDGE, ELASTICITY = 0, 1, 2
FORMS = {"none": NONE, "wedge": WEDGE, "elasticity": ELASTICITY}
WIDEST = 1e4
"""Premium beyond which nobody buys."""
HALVINGS = 80


class Supply(NamedTuple):
    """Supply of evaded cards."""

    form: int
    """A value of ``FORMS``."""
    scale: float
    """Shipments of the world over those of the reference quarter."""
    threshold: float
    """k_0: premium at which evasion begins to pay (wedge)."""
    slope: float
    """k_1: rise of the premium per card and year (wedge)."""
    reference: float
    """S_0: cards a quarter without a premium (elasticity)."""
    rate: float
    """sigma: log change of evasion per unit of premium (elasticity)."""
    effort: float
    """enf: enforcement, times verification."""


@inlined
def supplied(supply: Supply, wedge: float) -> float:
    """Return cards a quarter that are offered at a premium."""
    if supply.form == WEDGE:
        return supply.scale * max(0.0, wedge - supply.threshold) / (4.0 * supply.slope * supply.effort)
    if supply.form == ELASTICITY:
        return supply.scale * supply.reference * math.exp(min(supply.rate * wedge, 700.0)) / supply.effort
    return 0.0


@inlined
def demanded(denied: float, elasticity: float, wedge: float) -> float:
    """Return cards a quarter that are wanted at a premium, of those denied."""
    wanted: float = denied * math.exp(-elasticity * math.log1p(wedge))
    return wanted


@compiled
def cleared(supply: Supply, denied: float, elasticity: float) -> tuple[float, float]:
    """Return the premium that clears the market, and cards traded at it: none without demand or supply.

    Args:
        supply: of evaded cards.
        denied: cards wanted without a premium.
        elasticity: of what is wanted to the price.
    """
    if denied <= 0.0 or supply.form == NONE:
        return 0.0, 0.0
    if supplied(supply, 0.0) >= denied:
        return 0.0, denied
    low, high = 0.0, 1.0
    while supplied(supply, high) < demanded(denied, elasticity, high) and high < WIDEST:
        high *= 2.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if supplied(supply, middle) < demanded(denied, elasticity, middle):
            low = middle
        else:
            high = middle
    return high, min(supplied(supply, high), demanded(denied, elasticity, high))


@compiled
def denied(
    closed: Floats, site: Ints, region: Ints, regions: int, share: float
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Return cards that are wanted all the same: by owners elsewhere (W, V), for providers there and in all (R, V).

    Args:
        closed: (S + W, V) cards that are denied to sites of providers, then to owners elsewhere.
        site: (S,) region of each site.
        region: (W,) of owners elsewhere.
        regions: R.
        share: part of what is denied to providers that owners in the region buy for them.
    """
    own = closed[site.size :].copy()
    wanted, for_providers = np.zeros((regions, closed.shape[1])), np.zeros((regions, closed.shape[1]))
    for s in range(site.size):
        for_providers[site[s]] += closed[s]
    for w in range(region.size):
        wanted[region[w]] += own[w]
    for_providers *= share
    return own, for_providers, wanted + for_providers


@compiled
def evade(
    supply: Supply, effort: Floats, region: Ints, own: Floats, asked: Floats, for_others: Floats, wanted: Floats,
    elasticity: float, premium: Floats, evading: Floats,
) -> None:  # fmt: skip
    """Clear the market of every region, and share what is traded there among the owners elsewhere who buy it.

    Args:
        supply: of evaded cards, at an effort of 1.
        effort: (R,) enforcement, times verification.
        region: (W,) of owners elsewhere.
        own: (W, V) cards denied to them that they want for themselves; changed to what they get of them.
        asked: (W,) the sums of these.
        for_others: (R, V) cards denied to others there, which they buy for them in proportion to ``asked``.
        wanted: (R,) cards wanted in all.
        elasticity: of what is wanted to the price.
        premium: (R,) filled where somebody buys.
        evading: (W, V) what each buys is added to it.
    """
    buying = totals(region, asked, premium.size)
    for r in range(premium.size):
        if buying[r] > 0.0:
            here = Supply(
                supply.form, supply.scale, supply.threshold, supply.slope, supply.reference, supply.rate, effort[r]
            )
            premium[r], cards = cleared(here, wanted[r], elasticity)
            part = cards / wanted[r]
            for w in range(region.size):
                if region[w] == r:
                    share = asked[w] / buying[r]
                    for v in range(own.shape[1]):
                        evading[w, v] += part * (own[w, v] + share * for_others[r, v])
                        own[w, v] *= part


@compiled
def give_way(ordered: Floats, evaded: Floats, h100e: Floats, usual: Floats) -> None:
    """Take out of legal orders what evaded cards do instead.

    What is denied has been replaced by other cards already; who gets it all the same needs fewer of those.

    Args:
        ordered: (W, V) cards ordered under the rules; changed.
        evaded: (W, V) denied cards that are got all the same.
        h100e: (V,) per card.
        usual: (W,) H100e ordered in all without rules.
    """
    legal, more = worth(ordered, h100e), worth(evaded, h100e)
    for w in range(usual.size):
        beyond = min(max(legal[w] + more[w] - usual[w], 0.0), legal[w], more[w])
        kept = 1.0 - (beyond / legal[w] if legal[w] > 0.0 else 0.0)
        for v in range(h100e.size):
            ordered[w, v] *= kept


@compiled
def seized_share(effort: float, evaded: float, inflow: float) -> float:
    """Return the share of evaded cards that is seized: ``1 - e^(-enf S / inflow)``; 0 where nothing comes in.

    Args:
        effort: enf.
        evaded: cards on their way.
        inflow: cards coming into the destination, these included.
    """
    return 1.0 - math.exp(-effort * evaded / inflow) if inflow > 0.0 else 0.0
