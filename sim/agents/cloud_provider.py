"""CloudProvider: sells compute from its sites, or builds for itself."""

from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.economics.cells import Floats

if TYPE_CHECKING:
    from sim.model import ComputeMarket


class CloudProvider(mesa.Agent):
    """A view of one provider's columns. Prices of all providers clear jointly, see ``phases.pricing``."""

    model: "ComputeMarket"

    def __init__(self, model: "ComputeMarket", row: int, name: str) -> None:
        super().__init__(model)
        self.row, self.name = row, name

    @property
    def cash_usd_m(self) -> float:
        """Cash of the AI segment, USD m."""
        return float(self.model.world.state.cash[self.row])

    @cash_usd_m.setter
    def cash_usd_m(self, value: float) -> None:
        self.model.world.state.cash[self.row] = value

    @property
    def tokens_per_hour(self) -> float:
        """Tokens per effective H100e-hour, M."""
        return float(self.model.world.state.tokens_per_hour[self.row])

    @property
    def sites(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Rows of the provider's sites."""
        return np.flatnonzero(self.model.world.links.site_provider == self.row)

    @property
    def owned_h100e(self) -> float:
        """H100-equivalents owned."""
        cards = self.model.world.state.cards[self.sites].sum(axis=(0, 2))
        return float(cards @ self.model.world.structure.chip_h100e)

    @property
    def prices(self) -> Floats:
        """Posted prices of its products, USD per unit."""
        mine = self.model.world.links.product_provider == self.row
        posted: Floats = self.model.world.state.posted[mine]
        return posted

    def plan_capacity(self) -> Floats:
        """Return the cards it orders for the next quarter, by site and chip (sites, V)."""
        return self.model.world.state.ordered[self.sites]
