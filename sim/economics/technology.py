r"""Growth that decays, tokens per card-hour, and long-run cost (B1, B3, B8)."""

import math
from bisect import bisect_right
from collections.abc import Mapping

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats
from sim.names import quarter_number


def decaying_growth(initial: float, final: float, decay: float, t: float) -> float:
    """Return growth per quarter at t: ``final + (initial - final) exp(-t/decay)``."""
    return final + (initial - final) * math.exp(-t / decay)


def accumulated_growth(initial: float, final: float, decay: float, quarters: int) -> Floats:
    """Return, at every quarter, the growth since the first: the sum of ``decaying_growth`` before it (quarters,)."""
    growth = [decaying_growth(initial, final, decay, t) for t in range(quarters)]
    return np.concatenate([[0.0], np.cumsum(growth)[:-1]])


def interpolate(series: Mapping[str, float], quarter: int) -> float:
    """Return a series at a quarter number: linear between given quarters, flat beyond them."""
    points = sorted((quarter_number(code), value) for code, value in series.items())
    position = bisect_right([number for number, _ in points], quarter)
    if position == 0:
        return points[0][1]
    if position == len(points):
        return points[-1][1]
    (before, low), (after, high) = points[position - 1], points[position]
    return low + (high - low) * (quarter - before) / (after - before)


def last_quarter(series: Mapping[str, float]) -> int:
    """Return the quarter number of the last given value."""
    return max(quarter_number(code) for code in series)


@compiled
def tokens_per_hour(
    start: float, software: float, cumulative: float, scale: float, exponent: float, rivals: float, spill: float,
    own_growth: float, roofline: float,
) -> float:  # fmt: skip
    """Return tokens per effective H100e-hour of a provider, phi of B8.

    ``start * exp(software) * (1 + cumulative/scale)^exponent * (1 + spill * rivals) * exp(own_growth)``, at most
    ``start * roofline``.

    Args:
        start: phi at the start, M tokens per hour.
        software: integral of g_soft.
        cumulative: own tokens so far, in the unit of ``scale``.
        scale: T0.
        exponent: b_phi.
        rivals: average proportional gain of rivals from learning.
        spill: share of it that diffuses.
        own_growth: integral of the provider's own growth beyond the common path.
        roofline: largest multiple of the start that memory bandwidth allows.
    """
    learned: float = (1.0 + cumulative / scale) ** exponent
    gain = math.exp(software + own_growth) * learned * (1.0 + spill * rivals)
    return start * min(gain, roofline)


@compiled
def tokens_of_all(
    start: float, software: float, cumulative: Floats, scale: float, exponent: float, sells: Bools, spill: float,
    own_growth: Floats, roofline: float, efficiency: Floats, out: Floats,
) -> None:  # fmt: skip
    """Fill (I,) with ``tokens_per_hour`` of every provider times its ``efficiency``, rivals being the other sellers."""
    total, count = 0.0, 0
    for i in range(cumulative.size):
        if sells[i]:
            total += (1.0 + cumulative[i] / scale) ** exponent - 1.0
            count += 1
    for i in range(cumulative.size):
        mine = (1.0 + cumulative[i] / scale) ** exponent - 1.0
        rivals = (total - mine) / (count - 1) if sells[i] and count > 1 else 0.0
        out[i] = efficiency[i] * tokens_per_hour(
            start, software, cumulative[i], scale, exponent, rivals, spill, own_growth[i], roofline
        )


def capital_recovery(rate: float, years: float) -> float:
    """Return the annual payment per unit of capital over ``years`` at ``rate`` (1/years at rate 0)."""
    if abs(rate) < 1e-12:
        return 1.0 / years
    factor: float = rate / (1.0 - (1.0 + rate) ** -years)
    return factor


@compiled
def long_run_cost(
    card_usd: Floats, shell_usd_per_kw: Floats, kw: Floats, pue: Floats, usd_per_kwh: Floats, operations: float,
    card_recovery: float, shell_recovery: float, utilisation: float, out: Floats,
) -> None:  # fmt: skip
    """Fill (R, V) with the long-run cost of one used hour of a card, USD (LRMC/h of B3).

    ``[card*CRF(r,T) + shell*kW*CRF(r,15) + price_el*kW*PUE*8760] / (8760*U) + operations``, the last per used hour.

    Args:
        card_usd: (V,) price of a card with its server.
        shell_usd_per_kw: (R,) of IT power.
        kw: (V,) IT power of a card.
        pue: (R,) power of the site over IT power.
        usd_per_kwh: (R,) tariff.
        operations: USD per used hour.
        card_recovery: ``capital_recovery`` of cards.
        shell_recovery: ``capital_recovery`` of shells.
        utilisation: U.
        out: (R, V) filled.
    """
    for r in range(pue.size):
        for v in range(kw.size):
            capital = card_usd[v] * card_recovery
            shell = shell_usd_per_kw[r] * kw[v] * shell_recovery
            power = usd_per_kwh[r] * kw[v] * pue[r] * 8760.0
            out[r, v] = (capital + shell + power) / (8760.0 * utilisation) + operations
