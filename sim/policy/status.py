"""What the rules say of a card that someone wants to buy or rent."""

from enum import Enum, IntEnum
from typing import NamedTuple


class Status(IntEnum):
    """Answer of the rules, from the mildest to the strictest."""

    FREE = 0
    """No rule catches the card."""
    NOTIFY = 1
    """It may go once the government has been told."""
    LICENCE = 2
    """It may go on terms."""
    UNKNOWN = 3
    """The specification that a rule asks for is not known."""
    DENY = 4
    """It may not go."""

    @property
    def word(self) -> str:
        """The status as it stands in tables."""
        return self.name.lower()


class Use(Enum):
    """What the card is wanted for."""

    ORDER = "order"
    RENTAL = "rental"


class Place(NamedTuple):
    """Who wants a card where."""

    destination: str
    """Region where the card stands, or from which it is rented."""
    headquarters: str
    """Region of the headquarters of who buys or rents."""
    firm: str | None = None
    """Provider or owner elsewhere; none for customers."""
    state_funded: bool = False
    """Whether the state pays for it, or for a part of what is wanted there."""


class Ruling(NamedTuple):
    """Answer for one card: status, the rule that decided and which of its tests, and the terms."""

    status: Status
    rule: str | None
    prong: str | None
    approval: float
    """Share of orders that may go."""
    duty: float
    """Fraction of price that the buyer pays on top."""
    revenue_share: float
    """Fraction of price that the maker hands over."""
