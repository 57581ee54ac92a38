"""Numbers as a reader can use them: two significant digits, no false precision."""

import math

ABSENT = "none"
_NOTHING = 1e-6
"""Amounts below it are said to be 0: no unit of a report is as large."""


def rounded(value: float, digits: int = 2) -> str:
    """Return a number with ``digits`` significant digits, thousands separated, never in exponent form."""
    if not math.isfinite(value):
        return ABSENT
    if abs(value) < _NOTHING:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    shortened = round(value, places)
    if shortened != 0:  # 0.0999 becomes 0.10 and not 0.100
        places = digits - 1 - math.floor(math.log10(abs(shortened)))
    return f"{shortened:,.{max(places, 0)}f}"


def percent(fraction: float) -> str:
    """Return a fraction of 1 in percent with two significant digits; below 0.1% it says so."""
    if not math.isfinite(fraction):
        return ABSENT
    if 0 < fraction < 0.001:
        return "<0.1%"
    return "100%" if 0.995 <= fraction <= 1 else f"{rounded(100 * fraction)}%"
