"""What a rule may say of a chip that someone wants to buy or rent."""

from enum import Enum


class Status(Enum):
    """Answer of the rules for one order or rental."""

    FREE = "free"
    NOTIFY = "notify"
    LICENCE = "licence"
    DENY = "deny"
    UNKNOWN = "unknown"


class Use(Enum):
    """What the chip is wanted for."""

    ORDER = "order"
    RENTAL = "rental"
