"""Phase 1: rules of the quarter: who may order which card where, on what terms, and who may rent what."""

from sim.economics.cells import Floats
from sim.links import ORDERING
from sim.phases import rentals
from sim.policy import Use
from sim.policy.leaders import leading
from sim.strategies.beliefs import believe
from sim.world import World

ORDERS = (*ORDERING, "regions")
"""Who orders: sites of providers, owners elsewhere, customers of a region for their own premises."""
RENTING = {"rentals": "regions", "leases": "sites"}
"""Who rents, by the names of the subjects of rules: customers of a region, and firms that rent from others."""


def run(world: World) -> None:
    """Ask the rules what is open by who asks; what they make of a quarter is kept while they say the same."""
    ground, calendar, subjects = world.ground, world.policy, world.links.subjects
    world.conditions = ground.conditions(world.quarter)
    leaders = leading(calendar, world.structure, world.state.chip_launch, world.t)
    ordering = {name: calendar.quarterly(Use.ORDER, name, subjects[name], world.quarter, leaders) for name in ORDERS}
    renting = {
        name: calendar.quarterly(Use.RENTAL, name, subjects[who], world.quarter, leaders)
        for name, who in RENTING.items()
    }
    world.rules_before, world.rules = world.rules or ordering, ordering | renting
    now = ordering["sites"].foreseen
    _believe(world, world.rules_before["sites"].foreseen if calendar.announces(world.quarter) else now, now)
    world.permits = ground.permits(ordering)
    rentals.run(world, renting["rentals"], renting["leases"])


def _believe(world: World, before: Floats, after: Floats) -> None:
    """Let firms learn from what was announced since a quarter ago, ``foreseen`` (S, V) then and now."""
    family = world.parameters.behaviour.tightening
    if family.name == "adaptive":
        believe(world.state.tightening, before, after, world.links.chip_region, family.adaptive.weight)
