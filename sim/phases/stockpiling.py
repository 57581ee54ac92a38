"""Cards bought ahead: orders rush in before a rule or duty that is announced or feared, stores are used up later (B5).

Owners elsewhere are not bound by powered slots and keep no store.
"""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.elementary import part_of
from sim.economics.vacancies import afford
from sim.names import QUARTERS_PER_YEAR
from sim.phases.buying import quotas_ahead
from sim.phases.limits import limits_ahead, room_beside
from sim.strategies.stockpiling import bought_ahead, taken_from_store
from sim.world import World


def from_store(world: World, power: Floats) -> Floats:
    """Fill slots from the store first; return the power (S,) that is left for new cards, MW.

    What may still be had now and not later is bought, and what lies in store of it stays there.
    """
    state = world.state
    if not state.stored.any():
        state.from_store[:] = 0.0
        return power
    return taken_from_store(
        state.stored, _closing(world), world.rules["sites"].rising, world.structure.chip_kw, power, state.from_store
    )


def stockpile(world: World) -> None:
    """Order ahead what rules will or may close or make dearer, within the budget after all else and other limits."""
    state, rules, family = world.state, world.rules["sites"], world.parameters.behaviour.stockpiling
    allowed = world.now.arrays["allowed"][: len(state.ordered)]
    state.for_store[:] = 0.0
    if family.name == "none":
        return
    closing, costs = _closing(world), world.parameters.market.costs
    if not (state.tightening.any() or closing.any() or rules.rising.any()):
        return
    holding = (costs.discount_rate + costs.obsolescence) / QUARTERS_PER_YEAR * costs.server_cost_multiple
    extra = bought_ahead(
        part_of(state.ordered, allowed) + state.from_store, state.stored - state.from_store, allowed, closing,
        state.tightening, world.links.chip_region, rules.rising, rules.rise, holding, family.rush.quarters,
        family.rush.pace,
    )  # fmt: skip
    state.for_store[:] = room_beside(world, state.ordered, extra)
    afford(
        state.for_store, rules.duty_ahead, state.chip_price, costs.server_cost_multiple, world.links.site_provider,
        state.budget,
    )  # fmt: skip
    state.ordered += state.for_store


def _closing(world: World) -> Floats:
    """Return the share of the quarter (S, V) in which a card may still be had that will be closed, as firms know.

    What limits and quotas will close is worked out on the last orders: of this quarter, once they are made.
    """
    state, closing = world.state, world.rules["sites"].closing
    if not (world.permits.coming or any(world.conditions.measures.coming)):
        return closing
    everywhere = np.concatenate((state.ordered, state.elsewhere_ordered))
    quarters = world.parameters.behaviour.stockpiling.rush.quarters
    for name, closed in (*quotas_ahead(world, everywhere), *limits_ahead(world, everywhere, quarters)):
        closing = np.maximum(closing, closed[: len(state.ordered)])
        world.now.foreseen[name] = np.asarray((closed > 0.0).any(axis=1))
    return closing
