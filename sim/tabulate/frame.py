"""What every sum over a run starts from: its record, quarters and regions."""

from functools import cached_property

import numpy as np

from sim.economics.cells import Floats
from sim.names import quarter_code
from sim.record import Record
from sim.world import World

WORLD = "world"


def with_world(values: Floats) -> Floats:
    """Append the sum over regions to (T, R, ...), as the last region."""
    out = np.empty((values.shape[0], values.shape[1] + 1, *values.shape[2:]))
    out[:, :-1] = values
    np.add.reduce(values, axis=1, out=out[:, -1])
    return out


class Frame:
    """A run and its record; T quarters, R regions (R + 1 with the world), I providers, S sites, L pools, J products."""

    def __init__(self, world: World, record: Record) -> None:
        self.world, self.record = world, record
        self.structure, self.links = world.structure, world.links

    @cached_property
    def quarters(self) -> tuple[str, ...]:
        """Codes of the quarters."""
        return tuple(quarter_code(self.structure.start + t) for t in range(self.record.quarters))

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Customer regions, and the world."""
        return (*self.structure.regions, WORLD)
