"""Policy: instruments with dates, applied at named points of the quarter. The null policy permits everything."""

from sim.policy.calendar import Calendar
from sim.policy.status import Status, Use

__all__ = ["Calendar", "Status", "Use"]
