"""ChipSupplier: makes the accelerators of the catalogue."""

from typing import TYPE_CHECKING

import mesa
import numpy as np

if TYPE_CHECKING:
    from sim.model import ComputeMarket


class ChipSupplier(mesa.Agent):
    """A view of one supplier's chips."""

    model: "ComputeMarket"

    def __init__(self, model: "ComputeMarket", row: int, name: str) -> None:
        super().__init__(model)
        self.row, self.name = row, name

    @property
    def chips(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Rows of its chips."""
        return np.flatnonzero(self.model.world.structure.chip_supplier == self.row)

    @property
    def shipped_h100e(self) -> float:
        """H100-equivalents delivered to providers this quarter."""
        world = self.model.world
        cards = world.state.delivered[:, self.chips].sum(axis=0)
        return float((cards * world.structure.chip_h100e[self.chips]).sum())
