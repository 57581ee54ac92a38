r"""Growth that decays, tokens per card-hour, and long-run cost (B1, B3, B8)."""

import math
from bisect import bisect_right

from sim.names import quarter_number


def decaying_growth(initial: float, final: float, decay: float, t: float) -> float:
    """Return growth per quarter at t: ``final + (initial - final) exp(-t/decay)``."""
    return final + (initial - final) * math.exp(-t / decay)


def interpolate(series: dict[str, float], quarter: int) -> float:
    """Return a series at a quarter number: linear between given quarters, flat beyond them."""
    points = sorted((quarter_number(code), value) for code, value in series.items())
    position = bisect_right([number for number, _ in points], quarter)
    if position == 0:
        return points[0][1]
    if position == len(points):
        return points[-1][1]
    (before, low), (after, high) = points[position - 1], points[position]
    return low + (high - low) * (quarter - before) / (after - before)


def last_quarter(series: dict[str, float]) -> int:
    """Return the quarter number of the last given value."""
    return max(quarter_number(code) for code in series)


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
    gain: float = math.exp(software + own_growth) * learned * (1.0 + spill * rivals)
    return start * min(gain, roofline)


def capital_recovery(rate: float, years: float) -> float:
    """Return the annual payment per unit of capital over ``years`` at ``rate`` (1/years at rate 0)."""
    if abs(rate) < 1e-12:
        return 1.0 / years
    return rate / (1.0 - (1.0 + rate) ** -years)


def long_run_cost(
    card_usd: float, shell_usd_per_kw: float, kw: float, pue: float, usd_per_kwh: float, operations: float,
    rate: float, card_years: float, shell_years: float, utilisation: float,
) -> float:  # fmt: skip
    """Return the long-run cost of one used hour of a card, USD (LRMC/h of B3).

    ``[card*CRF(r,T) + shell*kW*CRF(r,15) + price_el*kW*PUE*8760] / (8760*U) + operations``, the last per used hour.
    """
    capital = card_usd * capital_recovery(rate, card_years)
    shell = shell_usd_per_kw * kw * capital_recovery(rate, shell_years)
    power = usd_per_kwh * kw * pue * 8760.0
    return (capital + shell + power) / (8760.0 * utilisation) + operations
