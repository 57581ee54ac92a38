"""Cards bought ahead: orders rush in between the announcement of a rule and its effect, stores are used up later (B5).

Owners elsewhere are not bound by powered slots and keep no store.
"""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.elementary import sum_by
from sim.economics.fleets import worth
from sim.economics.slots import power_of, within_budget
from sim.phases.limits import unlimited
from sim.world import World


def bought_ahead(usual: Floats, closing: Floats, quarters: float, pace: float) -> Floats:
    """Return cards ordered on top of usual ones: ``usual * min(quarters, (pace - 1) * closing)``.

    Args:
        usual: cards ordered in a quarter without rules.
        closing: share of the quarter in which a card may still be had of which firms know that it will be closed.
        quarters: most that is bought ahead, in quarters of usual orders.
        pace: orders in those days over the usual ones.
    """
    extra: Floats = usual * np.minimum(quarters, (pace - 1.0) * closing)
    return extra


def from_store(world: World, power: Floats) -> Floats:
    """Fill slots from the store first; return the power (S,) that is left for new cards, MW."""
    state = world.state
    if not state.stored.any():
        state.from_store[:] = 0.0
        return power
    kept = power_of(state.stored, world.structure.chip_kw)
    part = np.minimum(np.divide(power, kept, out=np.zeros_like(kept), where=kept > 0.0), 1.0)
    state.from_store[:] = state.stored * part[:, None]
    return np.maximum(power - kept * part, 0.0)


def stockpile(world: World) -> None:
    """Order ahead what a rule will close, as far as the budget goes after all else; not what caps or mandates limit."""
    state, rules, family = world.state, world.rules["sites"], world.parameters.behaviour.stockpiling
    state.for_store[:] = 0.0
    if family.name == "none" or not (rules.closing > 0.0).any():
        return
    usual = np.divide(state.ordered, rules.open, out=np.zeros_like(state.ordered), where=rules.open > 0.0)
    extra = bought_ahead(usual, rules.closing, family.rush.quarters, family.rush.pace)
    extra = np.minimum(extra, np.maximum(usual * family.rush.quarters - state.stored, 0.0)) * unlimited(world)
    servers = world.parameters.market.costs.server_cost_multiple
    price = (worth(extra, state.chip_price) * servers + worth(extra * rules.duty, state.chip_price)) / 1e6
    affordable = within_budget(price, world.links.site_provider, state.budget)
    state.for_store[:] = extra * affordable[:, None]
    state.ordered += state.for_store
    state.budget -= sum_by(world.links.site_provider, price * affordable, state.budget.size)
