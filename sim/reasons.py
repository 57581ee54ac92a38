"""Why an order was not served where it was first wanted: the codes of every table with a reason."""

from enum import IntEnum


class Code(IntEnum):
    """Numbers with a lower-case code as they stand in tables."""

    @property
    def code(self) -> str:
        """The code as it stands in tables."""
        return self.name.lower()


class Reason(Code):
    """Reason codes. The numbers are positions in recorded arrays: add, never renumber."""

    FIRST_CHOICE = 0
    """Served where first wanted."""
    NO_CARDS = 1
    """The pool was full: cards are the binding constraint."""
    EXPIRED = 2
    """Waited longer than the backlog lasts."""
    DENIED = 3
    """Refused by a rule."""
    NO_CHIPS = 4
    """The supplier made no more: no stage was short, it grows no faster, or a stage was kept for others."""
    NO_MEMORY = 5
    """No high-bandwidth memory."""
    NO_POWER = 6
    """The site was not powered."""
    NO_CASH = 7
    """The buyer had neither cash nor credit."""
    PRICE = 8
    """The price was above the reservation price."""
    SWITCHING_COST = 9
    """Held back by the cost of switching."""
    NO_PACKAGING = 10
    """No advanced packaging."""
    NO_WAFERS = 11
    """No wafers."""


class Constraint(Code):
    """What keeps a site from serving more."""

    DEMAND = 0
    """There are cards to spare."""
    CARDS = 1
    """It is full, and its supplier delivers fewer cards than it ordered, or deliveries are observed."""
    MW = 2
    """It is full, and no powered slot is free for a new card."""
    CASH = 3
    """It is full, and its provider can pay for no more cards or halls."""
    MEMORY = 4
    """It is full, and the maker that refused most of its orders is short of high-bandwidth memory."""
    PACKAGING = 5
    """The same, short of packaging."""
    WAFERS = 6
    """The same, short of wafers."""
    PATIENCE = 7
    """It is full, and owners let only a part of what is wanted go ahead."""
    LICENCE = 8
    """It is full, its orders were met and powered slots are free, but rules closed cards that it would have ordered."""
