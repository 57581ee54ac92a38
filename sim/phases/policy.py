"""Phase 1: rules of the quarter: who may order which card where, on what terms, and who may rent what."""

from sim.phases import rentals
from sim.policy.leaders import leading
from sim.strategies.beliefs import believe
from sim.world import World


def run(world: World) -> None:
    """Ask the rules what is open by who asks; what they make of a quarter is kept while they say the same."""
    ground, quarter = world.ground, world.quarter
    world.conditions = ground.conditions(quarter)
    leaders = leading(world.policy, world.structure, world.state.chip_launch, world.t)
    rules, world.permits, world.standing = ground.rules(quarter, leaders)
    world.rules_before, world.rules = world.rules or rules, rules
    world.under_before, world.under = world.under, {}
    rentals.run(world, rules["rentals"], rules["leases"])


def learn(world: World) -> None:
    """Let firms learn from what was announced in the quarter, once they have ordered: they act on it in the next."""
    family, rules = world.parameters.behaviour.tightening, world.rules["sites"]
    if family.name == "adaptive":
        believe(
            world.state.tightening, rules.expected, rules.foreseen, world.links.chip_region, family.adaptive.weight
        )  # fmt: skip
