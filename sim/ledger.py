"""Postings between sectors and the identities that every quarter must satisfy.

Every payment is one posting with a payer and a payee, so flows sum to zero; what customers paid and what
providers received are added up separately and compared. An identity that does not hold stops the run.
"""

from dataclasses import dataclass, field

import numpy as np

from sim.economics.cells import Floats
from sim.names import quarter_code

TOLERANCE = 1e-9


class IdentityError(RuntimeError):
    """An accounting identity was broken: says which, where and when."""

    def __init__(self, identity: str, place: str, quarter: int, left: float, right: float) -> None:
        self.identity, self.place, self.quarter = identity, place, quarter
        super().__init__(
            f"identity broken: {identity} at {place} in {quarter_code(quarter)}: "
            f"{left:.12g} is not {right:.12g} (difference {left - right:.3g})"
        )


@dataclass
class Ledger:
    """Money that moved this quarter, USD m, by payer and payee sector."""

    postings: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget the last quarter's postings."""
        self.postings.clear()

    def post(self, payer: str, payee: str, reason: str, amount_usd_m: float) -> None:
        """Record a payment. Zero is not recorded."""
        if amount_usd_m != 0.0:
            key = (payer, payee, reason)
            self.postings[key] = self.postings.get(key, 0.0) + amount_usd_m

    def balance(self, sector: str) -> float:
        """Return receipts less payments of a sector, USD m."""
        received = sum(v for (_, payee, _), v in self.postings.items() if payee == sector)
        return received - sum(v for (payer, _, _), v in self.postings.items() if payer == sector)


def require_equal(identity: str, places: list[str], quarter: int, left: Floats, right: Floats) -> None:
    """Stop the run unless left equals right within 1e-9 of the larger total, element by element.

    Args:
        identity: what should hold.
        places: name of each element.
        quarter: quarter number.
        left: values (n,).
        right: values (n,).

    Raises:
        IdentityError: Naming the first element that differs, or is not a finite number.
    """
    scale = np.maximum(np.maximum(np.abs(left), np.abs(right)), 1e-6)
    wrong = np.flatnonzero(~(np.abs(left - right) <= TOLERANCE * scale))
    if wrong.size:
        x = int(wrong[0])
        raise IdentityError(identity, places[x], quarter, float(left[x]), float(right[x]))


def require_at_most(identity: str, places: list[str], quarter: int, left: Floats, right: Floats) -> None:
    """Stop the run unless left is at most right within 1e-9, element by element.

    Raises:
        IdentityError: Naming the first element that exceeds its bound, or is not a finite number.
    """
    wrong = np.flatnonzero(~(left <= right * (1.0 + TOLERANCE) + 1e-6))
    if wrong.size:
        x = int(wrong[0])
        raise IdentityError(identity, places[x], quarter, float(left[x]), float(right[x]))
