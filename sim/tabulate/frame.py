"""What every sum over a run starts from: its record, quarters and regions."""

import math
from functools import cached_property, lru_cache

import numpy as np

from sim.economics.cells import Floats
from sim.economics.folding import with_sum
from sim.names import quarter_code
from sim.record import Record
from sim.tables import WORLD
from sim.world import World


def with_world(values: Floats) -> Floats:
    """Append the sum over regions to (T, R, ...), as the last region."""
    quarters, regions = values.shape[:2]
    flat = np.ascontiguousarray(values).reshape(quarters, regions, math.prod(values.shape[2:]))
    return with_sum(flat).reshape(quarters, regions + 1, *values.shape[2:])


@lru_cache(maxsize=8)
def quarter_codes(start: int, quarters: int) -> tuple[str, ...]:
    """Return the codes of the first quarters of a run."""
    return tuple(quarter_code(start + t) for t in range(quarters))


class Frame:
    """A run and its record; T quarters, R regions (R + 1 with the world), I providers, S sites, L pools, J products."""

    def __init__(self, world: World, record: Record) -> None:
        self.world, self.record = world, record
        self.structure, self.links = world.structure, world.links

    @cached_property
    def quarters(self) -> tuple[str, ...]:
        """Codes of the quarters."""
        return quarter_codes(self.structure.start, self.record.quarters)

    @cached_property
    def effective(self) -> Floats:
        """(T, V, 2) effective H100e of a card by workload, software of the quarter included."""
        return self.structure.chip_hardware * self.record["software"][:, self.structure.chip_stack]

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Customer regions, and the world."""
        return (*self.structure.regions, WORLD)
