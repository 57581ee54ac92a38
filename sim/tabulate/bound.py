"""A row of the table ``rules``: what a rule did to one entity in one quarter."""

import math
from typing import NamedTuple


class Bound(NamedTuple):
    """What a rule did; measures that its kind does not have are no numbers."""

    t: int
    rule: str
    who: str
    acted: bool
    """Whether it changed something."""
    closed: float = math.nan
    """H100e that would have been ordered, or that might have been rented."""
    lost: float = math.nan
    """USD m that makers would have taken for them."""
    fee: float = math.nan
    """USD m of makers' revenue."""
    duty: float = math.nan
    """USD m paid by buyers."""
    subsidy: float = math.nan
    """USD m paid by governments."""
    effort: float = math.nan
    """Enforcement over the usual one."""
    seizures: float = math.nan
    """Cards seized."""
    lifted: float = math.nan
    """H100e more that would be ordered of its cards if a rule alone were lifted."""
    licensed: float = math.nan
    """H100e of cards that came under a licence of the rule."""
    shaped: float = math.nan
    """H100e of cards that came and would have been cut otherwise without a rule."""
    own: float = math.nan
    """USD per effective H100e-hour that a rule adds to the cost of own cards of customers."""
