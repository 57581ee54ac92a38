"""Phase 1: rules of the quarter: who may order which card where, on what terms, and who may rent what."""

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
    world.permits = ground.permits(ordering)
    rentals.run(world, renting["rentals"], renting["leases"])


def learn(world: World) -> None:
    """Let firms learn from what was announced in the quarter, once they have ordered: they act on it in the next."""
    family, rules = world.parameters.behaviour.tightening, world.rules["sites"]
    if family.name == "adaptive":
        believe(
            world.state.tightening, rules.expected, rules.foreseen, world.links.chip_region, family.adaptive.weight
        )  # fmt: skip
