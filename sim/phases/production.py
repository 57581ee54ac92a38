"""Phase 8, second part: suppliers make what was ordered, as far as wafers, packaging and memory reach (B4).

Up to the end of history the observed deliveries arrive whatever is ordered.
"""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.producing import Offer, offered, settled
from sim.phases.buying import within_quotas
from sim.phases.grey_market import seize
from sim.strategies.allocation import PRICE, PRIORITY, RULES, share_out
from sim.structure import INFERENCE
from sim.world import World


def run(world: World) -> None:
    """Let capacity upstream grow, and accept orders for delivery in the next quarter."""
    if world.t + 1 < world.structure.history:
        return
    state, structure, stages = world.state, world.structure, world.links.makers.stages
    ordered = np.concatenate((state.ordered, state.elsewhere_ordered))
    offer = offered(
        stages, ordered, state.chip_needs, structure.chip_supplier, state.standing, state.shortage, state.capacity,
        state.bank,
    )  # fmt: skip
    accepted = within_quotas(world, _accepted(world, ordered, offer))
    state.fill[:] = settled(
        stages, offer, ordered, accepted, structure.chip_h100e, state.chip_needs, structure.chip_supplier,
        state.standing, state.shortage, state.capacity, state.bank,
    )  # fmt: skip
    sites = state.ordered.shape[0]
    state.accepted[:], state.elsewhere_accepted[:] = accepted[:sites], accepted[sites:]
    seize(world)
    if state.for_store.any():
        needed = world.now.arrays["needed"]
        state.for_store *= np.divide(state.accepted, needed, out=np.zeros_like(needed), where=needed > 0.0)
    state.limit[:], state.tightness[:] = offer.limit, offer.tightness


def _accepted(world: World, ordered: Floats, offer: Offer) -> Floats:
    """Share out what is made among orders, by the rule in use; what was ordered beyond need is cancelled."""
    state, structure, makers = world.state, world.structure, world.links.makers
    rule = RULES[world.parameters.behaviour.allocation.name]
    held = np.concatenate((state.owned, state.elsewhere)) if rule == PRIORITY else ordered
    bid = np.zeros(ordered.shape[0])
    if rule == PRICE:
        bid[:] = [*world.now.arrays["earned"], *state.on_premises[structure.elsewhere_region, INFERENCE]]
    accepted = share_out(
        ordered, world.links.order_firm, structure.chip_h100e, structure.chip_supplier, offer.made, rule, held, bid,
        makers.insider, makers.external,
    )  # fmt: skip
    sites = state.ordered.shape[0]
    np.minimum(accepted[:sites], world.now.arrays["needed"], out=accepted[:sites])
    return accepted
