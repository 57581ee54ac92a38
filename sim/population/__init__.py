"""Who holds demand: every workload as a row with its own draws, or parcels of volume that flow as expected."""

from sim.links import Links
from sim.population.parcels import Parcels
from sim.population.rows import Rows
from sim.structure import Structure
from sim.world import Population

__all__ = ["Parcels", "Rows", "population_of"]


def population_of(structure: Structure, links: Links) -> Population:
    """Return the population that ``customers.granularity`` asks for."""
    return Parcels(structure, links) if structure.parameters.customers.granularity == "cells" else Rows()
