"""Who holds demand: every workload as a row with its own draws, or parcels of volume that flow as expected."""

from sim.population.rows import Rows

__all__ = ["Rows"]
