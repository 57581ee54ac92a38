"""EnterpriseCustomer: an enterprise or an AI lab with its workloads."""

from typing import TYPE_CHECKING

import mesa

from sim.economics.workloads import SERVED

if TYPE_CHECKING:
    from sim.model import ComputeMarket


class EnterpriseCustomer(mesa.Agent):
    """A view of one customer's rows. Choices of all are drawn in one compiled pass, see ``phases.service``."""

    model: "ComputeMarket"

    def __init__(self, model: "ComputeMarket", row: int) -> None:
        super().__init__(model)
        self.row = row

    @property
    def region(self) -> str:
        """Region id."""
        world = self.model.world
        return world.structure.regions[int(world.customers.region[self.row])]

    @property
    def taste(self) -> str:
        """Taste id."""
        world = self.model.world
        return world.structure.tastes[int(world.customers.taste[self.row])]

    @property
    def workloads(self) -> slice:
        """Rows of its workloads."""
        slots = self.model.world.slots
        return slice(self.row * slots, (self.row + 1) * slots)

    @property
    def volume(self) -> float:
        """Potential tasks per quarter."""
        return float(self.model.world.workloads.volume[self.workloads].sum())

    @property
    def providers(self) -> list[str]:
        """Providers that serve it now, one entry per served workload (multi-homing shows here)."""
        world = self.model.world
        rows, links = world.workloads, world.links
        return [
            world.structure.providers[links.pair_provider[rows.pair[n]]]
            for n in range(*self.workloads.indices(rows.volume.size))
            if rows.status[n] == SERVED and rows.pair[n] >= 0
        ]
