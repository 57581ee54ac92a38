"""Limits on what may be ordered in all: caps by destination, charters, mandates of domestic cards (B5).

n places that order: sites, then owners elsewhere. V cards. Amounts in H100e.
"""

from collections.abc import Callable, Iterator

import numpy as np

from sim.economics.cells import Floats
from sim.economics.fleets import worth
from sim.policy.country_caps import Cap, beyond_small, capped, within_allowance, within_charter
from sim.policy.mandates import Mandate, by_origin, foreign_left, left_of_covered, strictest
from sim.policy.measures import Limits
from sim.world import World


def limited(world: World) -> bool:
    """Return whether any limit is in force."""
    return any(world.conditions.measures.limits)


def left_by_limits(
    world: World, limits: Limits, open_: Floats, ordered: Floats, without: Callable[[Mandate], Floats]
) -> Iterator[tuple[str, Floats]]:  # fmt: skip
    """Yield every cap and mandate with the part of every order (n, V) that it leaves of what those before it leave.

    Caps in turn; of mandates the strictest, as all that they are for is the same part of a place's orders.

    Args:
        world: the market.
        limits: caps and mandates.
        open_: (n, V) share of orders that rules leave.
        ordered: (n, V) what would be ordered without them.
        without: returns what would be ordered where a mandate asks (n,), H100e, if no foreign card could be had.
    """
    for cap in limits.caps:
        part = _left_by_cap(world, cap, ordered)
        yield cap.id, part
        ordered, open_ = ordered * part, open_ * part
    kept = [_left_by_mandate(world, mandate, open_, ordered, without) for mandate in limits.mandates]
    for mandate, part in zip(limits.mandates, strictest(kept, open_), strict=True):
        yield mandate.id, part


def room_beside(world: World, ordered: Floats, extra: Floats) -> Floats:
    """Return what caps and mandates leave of extra orders for sites (S, V), beside what is ordered there already.

    Who is told to buy domestic cards does not buy more of them to be allowed more foreign ones in store.
    """
    if not limited(world) or not extra.any():
        return extra
    sites, everywhere = extra.shape[0], np.concatenate((ordered, world.state.elsewhere_ordered))
    for_store = np.concatenate((extra, np.zeros_like(world.state.elsewhere_ordered)))
    both, left = everywhere + for_store, np.ones(everywhere.shape)
    limits, allowed = world.conditions.measures.limits, world.now.arrays["allowed"]
    for _, part in left_by_limits(world, limits, allowed, both, _domestic(world, everywhere)):
        left = left * part
    room = np.clip(both * left - everywhere, 0.0, for_store)
    return np.where(left < 1.0, room, for_store)[:sites]


def _domestic(world: World, ordered: Floats) -> Callable[[Mandate], Floats]:
    """Return what would be ordered without foreign cards, if nobody bought more domestic ones for it."""
    return lambda mandate: by_origin(ordered, mandate.places, mandate.foreign, world.structure.chip_h100e)[1]


def limits_ahead(world: World, ordered: Floats, quarters: float) -> Iterator[tuple[str, Floats]]:
    """Yield every cap and mandate with the share of the quarter (n, V) in which an order may go that it will close.

    A limit on amounts closes what it would not let through of so many ``quarters`` of orders (n, V).
    """
    measures, wanted = world.conditions.measures, ordered * quarters
    now, full = (
        dict(left_by_limits(world, limits, world.permits.open, wanted, _domestic(world, wanted)))
        for limits in (measures.limits, measures.coming)
    )
    for name, part in full.items():
        yield name, measures.ahead[name] * (now.get(name, 1.0) - part)


def count_towards_caps(world: World, accepted: Floats) -> None:
    """Add accepted orders (n, V) to what has gone under each cap."""
    for cap in world.conditions.measures.limits.caps:
        counted, named = (worth(accepted * cards, world.structure.chip_h100e) for cards in (cap.counted, cap.named))
        world.state.capped[cap.row] += (beyond_small(cap, counted) + named) * cap.strength


def _left_by_cap(world: World, cap: Cap, ordered: Floats) -> Floats:
    links, state, h100e = world.links, world.state, world.structure.chip_h100e
    asked, gone, has_own = worth(ordered * cap.counted, h100e), state.capped[cap.row], cap.named.any(axis=1)
    part = capped(cap, asked, links.order_region, np.where(has_own, 0.0, gone))
    out = np.where(cap.counted, part[:, None], 1.0)
    if has_own.any():
        part = within_allowance(cap, worth(ordered * cap.named, h100e), gone)
        out = np.where(cap.named, part[:, None], out)
    if cap.chartered.any():
        held = np.concatenate((worth(state.owned, h100e), worth(state.elsewhere, h100e)))
        part = within_charter(cap, worth(ordered, h100e), held, links.order_at_home, links.order_firm)
        out = np.where(cap.chartered, part[:, None], out)
    return out


def _left_by_mandate(
    world: World, mandate: Mandate, open_: Floats, ordered: Floats, without: Callable[[Mandate], Floats]
) -> Floats:  # fmt: skip
    """Return the share of orders (n, V) for which cards may be had under a mandate, of the share that rules leave."""
    foreign, domestic = by_origin(ordered, mandate.places, mandate.foreign, world.structure.chip_h100e)
    if not foreign.any():
        return open_
    part = foreign_left(mandate, world.links.order_firm, foreign, domestic, without(mandate))
    return left_of_covered(mandate, part, open_)
