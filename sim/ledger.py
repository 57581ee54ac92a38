"""Postings between sectors and the identities that every quarter must satisfy.

Every payment has a payer and a payee, so flows sum to zero; what cash did and what was posted are added up
separately and compared. An identity that does not hold stops the run.
"""

import math
from collections.abc import Callable
from enum import IntEnum

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints
from sim.names import quarter_code

TOLERANCE = 1e-9
SMALLEST = 1e-6
"""Amounts below this are compared absolutely."""


class IdentityError(RuntimeError):
    """An accounting identity was broken: says which, where and when."""

    def __init__(self, identity: str, place: str, quarter: int, left: float, right: float) -> None:
        self.identity, self.place, self.quarter = identity, place, quarter
        super().__init__(
            f"identity broken: {identity} at {place} in {quarter_code(quarter)}: "
            f"{left:.12g} is not {right:.12g} (difference {left - right:.3g})"
        )


class Flow(IntEnum):
    """Why money moves: layers of the ledger."""

    SERVICE = 0
    """Customers pay providers for compute and tokens."""
    OPERATION = 1
    """Providers pay for electricity, care and other cost of service."""
    LEASE = 2
    """Lessees pay lessors."""
    CARDS = 3
    """Providers pay suppliers."""
    BUILDING = 4
    """Providers pay for servers, shells and power."""
    DUTY = 5
    """Providers pay duties on cards, and makers the part of their revenue that a licence costs, to a treasury."""
    SUPPORT = 6
    """A treasury pays who builds capacity for making chips."""


class Transfer(IntEnum):
    """Why money moves between providers and those who finance them; each has one counterpart."""

    INTEREST = 0
    """To banks."""
    TAX = 1
    """To the state."""
    SUBSIDY = 2
    """From the state."""
    CREDIT = 3
    """From banks; negative where debt is repaid."""
    GROUP = 4
    """From the group or outside owners; negative where surplus goes back."""
    EQUITY = 5
    """From owners: what they cover while deliveries are observed, what founds an entrant; negative where a firm that is
    wound up has something left for them."""
    ASSETS = 6
    """For cards and shells of firms that are wound up: bidders pay here, owners elsewhere the rest."""


COUNTERPARTS = ("banks", "state", "owners", "elsewhere")
"""Accounts of those who finance providers."""
COUNTERPART = np.array([0, 1, 1, 0, 2, 2, 3])
"""(transfers,) position in ``COUNTERPARTS`` of each transfer's other end."""


class Ledger:
    """Money that moved this quarter, USD m: ``paid[flow, payer, payee]``, so every flow has two ends.

    What moves between providers and banks, state and owners stands in ``financial[transfer, provider]``, received less
    paid: its other end follows from the kind of transfer.
    """

    def __init__(self, providers: int, suppliers: int, regions: int) -> None:
        self.providers = slice(0, providers)
        self.suppliers = slice(providers, providers + suppliers)
        self.customers = slice(providers + suppliers, providers + suppliers + regions)
        self.utilities = providers + suppliers + regions
        self.builders = self.utilities + 1
        self.treasury = self.builders + 1
        accounts = self.treasury + 1
        self.counterparts = slice(accounts, accounts + len(COUNTERPARTS))
        self.financial: Floats = np.zeros((len(Transfer), providers))
        self.paid: Floats = np.zeros((len(Flow), accounts, accounts))
        self.service = self.paid[Flow.SERVICE, self.customers, self.providers]
        """(R, I) and further views of ``paid``, each of one flow between the sectors that it moves between."""
        self.operation = self.paid[Flow.OPERATION, self.providers, self.utilities]
        self.leases = self.paid[Flow.LEASE, self.providers, self.providers]
        self.cards = self.paid[Flow.CARDS, self.providers, self.suppliers]
        self.building = self.paid[Flow.BUILDING, self.providers, self.builders]
        self.duties = self.paid[Flow.DUTY, self.providers, self.treasury]
        self.fees = self.paid[Flow.DUTY, self.suppliers, self.treasury]

    def clear(self) -> None:
        """Forget the last quarter's postings."""
        self.paid[:] = 0.0
        self.financial[:] = 0.0

    def balances(self) -> Floats:
        """Return receipts less payments of every account, USD m: sectors in their order, then counterparts."""
        return _balances(self.paid, self.financial, COUNTERPART, len(COUNTERPARTS))


@compiled
def _balances(paid: Floats, financial: Floats, counterpart: Ints, counterparts: int) -> Floats:
    """Return (n + m,) receipts less payments of accounts and counterparts from (flows, payer n, payee n) and (k, I)."""
    accounts = paid.shape[1]
    received, spent = np.zeros(accounts + counterparts), np.zeros(accounts + counterparts)
    for kind in range(financial.shape[0]):
        for i in range(financial.shape[1]):
            received[i] += financial[kind, i]
            spent[accounts + counterpart[kind]] += financial[kind, i]
    for flow in range(paid.shape[0]):
        for payer in range(paid.shape[1]):
            total = 0.0
            for payee in range(paid.shape[2]):
                received[payee] += paid[flow, payer, payee]
                total += paid[flow, payer, payee]
            spent[payer] += total
    return received - spent


@compiled
def _first_unequal(left: Floats, right: Floats) -> int:
    for x in range(left.size):
        gap = abs(left[x] - right[x])
        if not (math.isfinite(gap) and gap <= TOLERANCE * max(abs(left[x]), abs(right[x]), SMALLEST)):
            return x
    return -1


@compiled
def _first_above(left: Floats, right: Floats) -> int:
    for x in range(left.size):
        if not (math.isfinite(left[x]) and left[x] <= right[x] * (1.0 + TOLERANCE) + SMALLEST):
            return x
    return -1


def require_equal(identity: str, places: Callable[[], list[str]], quarter: int, left: Floats, right: Floats) -> None:
    """Stop the run unless left equals right within 1e-9 of the larger total, element by element.

    Args:
        identity: what should hold.
        places: returns the name of each element; called only when something is wrong.
        quarter: quarter number.
        left: values (n,).
        right: values (n,).

    Raises:
        IdentityError: Naming the first element that differs, or is not a finite number.
    """
    x = _first_unequal(left, right)
    if x >= 0:
        raise IdentityError(identity, places()[x], quarter, float(left[x]), float(right[x]))


def require_at_most(identity: str, places: Callable[[], list[str]], quarter: int, left: Floats, right: Floats) -> None:
    """Stop the run unless left is at most right within 1e-9, element by element.

    Raises:
        IdentityError: Naming the first element that exceeds its bound, or is not a finite number.
    """
    x = _first_above(left, right)
    if x >= 0:
        raise IdentityError(identity, places()[x], quarter, float(left[x]), float(right[x]))
