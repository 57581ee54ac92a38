"""Phase 1: rules of the quarter: who may order which chip where, and who may rent what."""

from sim.policy import Use
from sim.world import World


def run(world: World) -> None:
    """Ask the calendar for every (place, chip); the null policy is asked once, as it never changes."""
    if "may_order" in world.memory and not world.parameters.policy.instruments:
        return
    structure, parameters = world.structure, world.parameters
    chips = list(parameters.chips.values())
    origins = [parameters.suppliers[c.supplier].headquarters for c in chips]
    regions = [(r, r) for r in structure.regions]
    sites = [
        (structure.regions[s.region], parameters.providers[structure.providers[s.provider]].headquarters)
        for s in structure.sites
    ]
    ask = world.policy.permits
    world.memory["may_order"] = ask(chips, origins, regions, Use.ORDER, world.quarter)
    world.memory["site_may_order"] = ask(chips, origins, sites, Use.ORDER, world.quarter)
    world.memory["may_rent"] = ask(chips, origins, regions, Use.RENTAL, world.quarter)
