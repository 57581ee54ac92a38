"""What labs meet in a quarter, whoever holds demand."""

from sim.economics.labs import Labs, Today
from sim.world import World


def today(world: World) -> Today:
    """Return what an hour and a task take and cost this quarter."""
    now = world.now
    return Today(world.links.pair_product, world.state.posted, now.intensity, now.hours)


def labs_of_day(world: World) -> Labs:
    """Return what is known of labs this quarter; their state is changed through it."""
    paths, state, t = world.paths, world.state, world.t
    return Labs(paths.labs[t], paths.labs_observed[t], state.lab_potential, state.lab_hours)
