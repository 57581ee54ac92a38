"""Policy: instruments with dates, applied at named points of the quarter. Without instruments everything is free."""

from sim.policy.calendar import Calendar
from sim.policy.status import Place, Ruling, Status, Use

__all__ = ["Calendar", "Place", "Ruling", "Status", "Use"]
