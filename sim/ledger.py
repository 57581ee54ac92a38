"""Postings between sectors and the identities that every quarter must satisfy.

Every payment has a payer and a payee, so flows sum to zero; what cash did and what was posted are added up
separately and compared. An identity that does not hold stops the run.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum

import numpy as np

from sim.economics.cells import Floats
from sim.economics.identities import Broken, turnovers
from sim.names import quarter_code


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
    DESIGN = 7
    """Providers pay makers of their own for the design of a generation."""


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
        self.design = self.paid[Flow.DESIGN, self.providers, self.suppliers]
        self.building = self.paid[Flow.BUILDING, self.providers, self.builders]
        self.duties = self.paid[Flow.DUTY, self.providers, self.treasury]
        self.fees = self.paid[Flow.DUTY, self.suppliers, self.treasury]

    def clear(self) -> None:
        """Forget the last quarter's postings."""
        self.paid[:] = 0.0
        self.financial[:] = 0.0

    def balances(self) -> Floats:
        """Return receipts less payments of every account, USD m: sectors in their order, then counterparts."""
        received, spent = turnovers(self.paid, self.financial, COUNTERPART, len(COUNTERPARTS))
        return received - spent


def require(
    identities: Sequence[str], places: Callable[[int], Sequence[str]], quarter: int, broken: Broken
) -> None:  # fmt: skip
    """Stop the run unless all identities hold.

    Args:
        identities: what should hold.
        places: returns the names of the places of an identity, by its position; called only when it is broken.
        quarter: quarter number.
        broken: what was found.

    Raises:
        IdentityError: Naming the first identity that is broken, and where first.
    """
    identity, place, left, right = broken
    if identity >= 0:
        raise IdentityError(identities[identity], places(identity)[place], quarter, left, right)
