"""ChipSupplier: makes the accelerators of the catalogue."""

from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.economics.upstream import LIMITS, NOTHING

if TYPE_CHECKING:
    from sim.model import ComputeMarket


class ChipSupplier(mesa.Agent):
    """A view of one supplier: its chips, what it has learnt, what limits it."""

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

    @property
    def on_sale(self) -> list[str]:
        """Chips launched so far, those of an extrapolated roadmap included."""
        world = self.model.world
        return [world.structure.chips[v] for v in self.chips if world.state.chip_launch[v] <= world.t]

    @property
    def research_usd_m(self) -> float:
        """Research of the quarter, USD m."""
        return float(self.model.world.state.research[self.row])

    @property
    def limit(self) -> str | None:
        """What limits its output: a stage upstream or its own ramp; None where all orders are met."""
        limit = int(self.model.world.state.limit[self.row])
        return LIMITS[limit] if limit < NOTHING else None
