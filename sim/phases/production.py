"""Phase 8, second part: suppliers make what was ordered, as far as wafers, packaging and memory reach (B4).

Up to the end of history the observed deliveries arrive whatever is ordered.
"""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.expansion import expand, remember
from sim.economics.learning import add_by_maker
from sim.economics.upstream import (
    by_side,
    draw_on_bank,
    needs_of_makers,
    open_wafers,
    stage_grants,
    tightness,
    within_grants,
)
from sim.strategies.allocation import PRICE, PRIORITY, RULES, share_out
from sim.structure import INFERENCE
from sim.world import World

NEW_STANDING = 0.5
"""Weight of the newest quarter in a maker's standing at a stage: contracts run for about half a year."""


def run(world: World) -> None:
    """Let capacity upstream grow, and accept orders for delivery in the next quarter."""
    if world.t + 1 < world.structure.history:
        return
    state, structure, makers = world.state, world.structure, world.links.makers
    expand(state.capacity, state.shortage, makers.growth, makers.response)
    ordered = np.concatenate([state.ordered, state.elsewhere_ordered])
    needed = needs_of_makers(ordered, state.chip_needs, structure.chip_supplier, len(structure.suppliers))
    available = state.capacity + makers.release * state.bank
    access, ramping = open_wafers(
        needed, state.standing, makers.side, available, makers.access, makers.ramp, makers.newcomer
    )
    made, granted, limit = stage_grants(needed, state.standing, makers.side, available, access, ramping)
    accepted = _accepted(world, ordered, made)
    used = within_grants(accepted, state.chip_needs, structure.chip_supplier, granted)
    sites = state.ordered.shape[0]
    state.accepted[:], state.elsewhere_accepted[:] = accepted[:sites], accepted[sites:]
    state.limit[:], state.tightness[:] = limit, tightness(made, needed, makers.side, available)
    state.fill[:] = _filled(world, ordered, accepted)
    _account(world, needed, used)


def _accepted(world: World, ordered: Floats, made: Floats) -> Floats:
    """Share out what is made among orders, by the rule in use; what was ordered beyond need is cancelled."""
    state, structure, makers = world.state, world.structure, world.links.makers
    rule = RULES[world.parameters.behaviour.allocation.name]
    held = np.concatenate([state.owned, state.elsewhere]) if rule == PRIORITY else ordered
    bid = np.zeros(ordered.shape[0])
    if rule == PRICE:
        bid[:] = [*world.now.arrays["earned"], *state.on_premises[structure.elsewhere_region, INFERENCE]]
    accepted = share_out(
        ordered, structure.chip_h100e, structure.chip_supplier, made, rule, held, bid, makers.insider, makers.external
    )
    sites = state.ordered.shape[0]
    accepted[:sites] = np.minimum(accepted[:sites], world.now.arrays["needed"])
    return accepted


def _filled(world: World, ordered: Floats, accepted: Floats) -> Floats:
    """Return the part of orders that was accepted, by maker (K,); 1 where nothing was ordered."""
    structure = world.structure
    asked, given = np.zeros(len(structure.suppliers)), np.zeros(len(structure.suppliers))
    add_by_maker(ordered, structure.chip_h100e, structure.chip_supplier, asked)
    add_by_maker(accepted, structure.chip_h100e, structure.chip_supplier, given)
    return np.where(asked > 0.0, given / np.maximum(asked, np.finfo(float).tiny), 1.0)


def _account(world: World, needed: Floats, used: Floats) -> None:
    """Draw on banks, and remember what orders would have taken."""
    state, makers = world.state, world.links.makers
    sides = state.capacity.shape[0]
    draw_on_bank(by_side(used, makers.side, sides), state.capacity, state.bank)
    remember(by_side(needed, makers.side, sides), state.capacity, state.shortage)
    state.standing += NEW_STANDING * (used - state.standing)
