"""Phase 8: which cards sites may order, what new capacity is made of, what owners of makers take from them (B4)."""

from sim.economics.baskets import chosen_cards, new_capacity
from sim.economics.cells import Floats
from sim.phases.buying import habit, shelf
from sim.strategies.make_or_buy import Supply, move_to_own
from sim.world import World


def run(world: World) -> None:
    """Note what is on sale for the next quarter, and of which cards an hour of new capacity at every site consists."""
    now = world.now.arrays
    world.now.on_sale = shelf(world, now["site_cost"])
    open_ = world.rules["sites"].open * world.state.left[: len(world.structure.sites)]
    _make_or_buy(world, open_)
    if world.t + 1 <= world.structure.history:
        world.state.order_cost[:] = 0.0  # the mix of orders is that of the end of history, at the costs of that time
    now["parts"], now["mw_hours"] = new_capacity(world.now.on_sale, habit(world), open_)


def _make_or_buy(world: World, open_: Floats) -> None:
    """Let owners of makers decide how much they take from them, where that is a decision; ``open_`` (S, V) to sites."""
    makers, state, structure = world.links.makers, world.state, world.structure
    if world.parameters.behaviour.make_or_buy.name == "npv" and world.t + 1 >= structure.history:
        move_to_own(
            chosen_cards(world.now.on_sale, open_ > 0.0), state.chip_price, state.chip_cost, state.effective,
            state.delivered, structure.site_provider, makers.owner, makers.merchant, makers.generation,
            _supply(world, open_), makers.making, state.making,
        )  # fmt: skip


def _supply(world: World, open_: Floats) -> Supply:
    """Return on what terms rules let cards come to sites: what is open, what is feared, what is paid over the price."""
    paid = (1.0 + world.rules["sites"].duty) * world.conditions.cards_paid
    return Supply(open_, world.state.tightening, world.links.chip_region, paid)
