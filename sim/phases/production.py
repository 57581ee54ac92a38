"""Phase 8, second part: suppliers make what was ordered, as far as wafers, packaging and memory reach (B4).

Up to the end of history the observed deliveries arrive whatever is ordered.
"""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.elementary import part_of, sum_by
from sim.economics.expansion import expand
from sim.economics.producing import Offer, Stages, offered, settled
from sim.economics.upstream import WAFERS, by_chip
from sim.phases.buying import within_quotas
from sim.phases.covered import cut_licences
from sim.phases.grey_market import evaded, seize
from sim.phases.limits import count_towards_caps
from sim.policy.foundry import access_left
from sim.strategies.allocation import PRICE, PRIORITY, RULES, share_out
from sim.world import World


def run(world: World) -> None:
    """Let capacity upstream grow, and accept orders for delivery in the next quarter."""
    if world.t + 1 < world.structure.history:
        world.now.arrays["own_output"] = world.now.arrays["own_tools"] = np.full(world.state.capacity.shape, np.nan)
        return
    state, structure = world.state, world.structure
    ordered, output = np.concatenate((state.ordered, state.elsewhere_ordered)), _output(world)
    needed = np.concatenate((world.now.arrays["needed"], state.elsewhere_ordered))
    stages = _open_stages(world, ordered)
    offer = offered(
        stages, ordered, state.chip_needs, structure.chip_supplier, state.standing, output, state.bank
    )  # fmt: skip
    accepted, smuggled = _within_rules(world, _accepted(world, ordered, offer))
    state.fill[:] = settled(
        stages.side, stages.access, offer.needed, offer.granted, needed, accepted, structure.chip_h100e,
        state.chip_needs, structure.chip_supplier, state.standing, state.shortage, output, state.bank,
    )  # fmt: skip
    sites = state.ordered.shape[0]
    state.accepted[:], state.elsewhere_accepted[:] = accepted[:sites], accepted[sites:]
    on_their_way = state.elsewhere_accepted * smuggled
    accepted[sites:] -= on_their_way
    count_towards_caps(world, accepted)
    world.under = cut_licences(world)
    seize(world, on_their_way)
    if state.for_store.any():
        state.for_store *= part_of(state.accepted, world.now.arrays["needed"])
    state.limit[:], state.tightness[:] = offer.limit, offer.tightness


def _within_rules(world: World, shared: Floats) -> tuple[Floats, Floats]:
    """Return accepted orders (S + W, V) within quotas, and the part of those elsewhere that is evaded (W, V).

    Evaded cards stand under no quota. What quotas cut of accepted orders counts as denied, not as refused by makers.
    """
    state, sites, quotas = world.state, world.state.ordered.shape[0], world.permits.quotas.rules
    if not quotas and not world.now.arrays["evading"].any():
        return shared, np.zeros_like(state.elsewhere_ordered)
    away = evaded(world, shared[sites:])
    shared[sites:] -= away
    accepted = within_quotas(world, shared)
    if quotas:
        cut = shared - accepted
        world.now.arrays["denied"] += cut
        state.ordered -= cut[:sites]
        state.elsewhere_ordered -= cut[sites:]
    accepted[sites:] += away
    return accepted, part_of(away, accepted[sites:])


def _output(world: World) -> Floats:
    """Let capacity upstream grow as far as tools come, and return what stages give, imports included (Z, 3)."""
    state, now, making, makers = world.state, world.now.arrays, world.conditions.making, world.links.makers
    expand(state.capacity, state.shortage, making.growth, makers.response, making.tools)
    now["own_output"] = state.capacity * world.conditions.measures.stages.output
    now["own_tools"] = making.own_tools
    imports: Floats = making.imports * makers.imports_ahead[world.t + 1 - world.structure.history]
    return now["own_output"] + imports


def _open_stages(world: World, ordered: Floats) -> Stages:
    """Return the stages, where foundries serve no more of a maker's wafers than rules let them."""
    makers, structure, conditions = world.links.makers, world.structure, world.conditions
    if not conditions.making.closed:
        return makers.stages
    wafers = by_chip(ordered) * world.state.chip_needs[:, WAFERS]
    left = access_left(conditions.measures.closed, wafers, structure.chip_supplier, len(structure.suppliers))
    return makers.stages._replace(access=makers.access * left)


def _accepted(world: World, ordered: Floats, offer: Offer) -> Floats:
    """Share out what is made among orders, by the rule in use, after those that rules put first."""
    queue, maker = world.conditions.measures.queue, world.structure.chip_supplier
    accepted = _shared(world, ordered, offer.made)
    if not queue.binds or offer.made.min() >= 1.0:
        return accepted
    first = np.where(queue.first[:, maker] | (queue.strength == 0.0)[maker], ordered, 0.0)
    made_first, made_rest = _made_in_turn(world, first, ordered, offer.made)
    ranked = _shared(world, first, made_first) + _shared(world, ordered - first, made_rest)
    strength = queue.strength[maker]
    return accepted * (1.0 - strength) + ranked * strength


def _made_in_turn(world: World, first: Floats, ordered: Floats, made: Floats) -> tuple[Floats, Floats]:
    """Return the parts of the first orders and of the others that are made (K,), in H100e, if the first come first."""
    structure = world.structure
    asked, early = (
        sum_by(structure.chip_supplier, by_chip(x) * structure.chip_h100e, made.size) for x in (ordered, first)
    )
    given, late = np.minimum(asked * made, early), asked - early
    rest = np.divide(asked * made - given, late, out=np.ones(made.size), where=late > 0.0)
    return np.divide(given, early, out=np.ones(made.size), where=early > 0.0), np.minimum(rest, 1.0)


def _shared(world: World, ordered: Floats, made: Floats) -> Floats:
    """Share out what is made among orders, by the rule in use; what was ordered beyond need is cancelled."""
    state, structure, makers = world.state, world.structure, world.links.makers
    rule = RULES[world.parameters.behaviour.allocation.name]
    held = np.concatenate((state.owned, state.elsewhere)) if rule == PRIORITY else ordered
    bid = np.zeros(ordered.shape[0])
    if rule == PRICE:
        rent = state.opening_price * state.regional_price
        bid[:] = [*world.now.arrays["earned"], *rent[structure.elsewhere_region]]
    accepted = share_out(
        ordered, world.links.order_firm, structure.chip_h100e, structure.chip_supplier, made, rule, held, bid,
        makers.insider, makers.external,
    )  # fmt: skip
    sites = state.ordered.shape[0]
    np.minimum(accepted[:sites], world.now.arrays["needed"], out=accepted[:sites])
    return accepted
