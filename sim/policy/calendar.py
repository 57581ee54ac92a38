"""The rules in force by date: the one place that orders of chips and rentals of compute ask."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.parameters.policy import Policy
from sim.parameters.suppliers import Chip
from sim.policy.status import Status, Use


@dataclass(frozen=True)
class Calendar:
    """Instruments of a run. With none, every order and every rental is free."""

    policy: Policy

    def status(
        self,
        chip: Chip,  # noqa: ARG002 - the null policy, the only one there is, asks nothing
        origin: str,  # noqa: ARG002
        destination: str,  # noqa: ARG002
        headquarters: str,  # noqa: ARG002
        use: Use,  # noqa: ARG002
        quarter: int,  # noqa: ARG002
    ) -> Status:
        """Return what the rules say of one chip.

        Args:
            chip: its specification.
            origin: region of the supplier's headquarters.
            destination: region where it will stand (order) or from where it is used (rental).
            headquarters: region of the buyer's headquarters.
            use: order or rental.
            quarter: quarter number.
        """
        return Status.FREE

    def permits(
        self, chips: list[Chip], origins: list[str], places: list[tuple[str, str]], use: Use, quarter: int
    ) -> NDArray[np.bool_]:
        """Return (places, chips) whether each chip may go to each (destination, headquarters)."""
        if not self.policy.instruments:
            return np.ones((len(places), len(chips)), dtype=np.bool_)
        allowed = {Status.FREE, Status.NOTIFY}
        return np.array(
            [
                [
                    self.status(chip, origin, destination, hq, use, quarter) in allowed
                    for chip, origin in zip(chips, origins, strict=True)
                ]
                for destination, hq in places
            ]
        )
