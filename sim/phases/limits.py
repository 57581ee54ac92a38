"""Limits on what may be ordered in all: caps by destination, charters, mandates of domestic cards (B5).

n places that order: sites, then owners elsewhere. V cards. Amounts in H100e.
"""

from collections.abc import Callable

import numpy as np

from sim.economics.cells import Floats
from sim.economics.fleets import worth
from sim.economics.licensing import Under
from sim.permits import under_limits
from sim.policy.country_caps import Cap, beyond_small, capped, within_allowance, within_charter
from sim.policy.mandates import Mandate, by_origin, covered_of, foreign_left, left_of_covered, strictest
from sim.policy.measures import Limits
from sim.world import World


def left_by_limits(
    world: World, limits: Limits, open_: Floats, ordered: Floats, under: Under, without: Callable[[Mandate], Floats]
) -> tuple[list[tuple[str, Floats]], Under]:  # fmt: skip
    """Return caps and mandates with the part of every order (n, V) that they leave of what those before them leave.

    Only those that cut some. Caps in turn; of mandates the strictest, as all that they are for is the same part of a
    place's orders. And what stands under licences and caps after them.

    Args:
        world: the market.
        limits: caps and mandates.
        open_: (n, V) share of orders that rules leave.
        ordered: (n, V) what would be ordered without them.
        under: what part of it is ordered in the days of each, and stands under licences.
        without: returns what would be ordered where a mandate asks (n,), H100e, if no foreign card could be had.
    """
    parts = list[tuple[str, Floats]]()
    for cap in limits.caps:
        mine = under.of(cap.id)
        part = _left_by_cap(world, cap, ordered, mine)
        if part.min() < 1.0:
            parts.append((cap.id, part))
            under, ordered, open_ = under.after(cap.id, mine, part), ordered * part, open_ * part
    origins = [(x, _by_origin(world, x, ordered)) for x in limits.mandates]
    met = [(x, asked) for x, asked in origins if asked[0].any()]
    if not met:
        return parts, under
    before, firms = under, world.links.order_firm
    kept = [
        left_of_covered(x, foreign_left(x, firms, *asked, without(x)), open_, under.of(x.id)) for x, asked in met
    ]  # fmt: skip
    for (mandate, _), part in zip(met, strictest(np.array(kept), open_), strict=True):
        if part.min() < 1.0:
            parts.append((mandate.id, part))
            under = under.after(mandate.id, covered_of(mandate, open_, before.of(mandate.id)), part)
    return parts, under


def room_beside(world: World, ordered: Floats, extra: Floats) -> Floats:
    """Return what caps and mandates leave of extra orders for sites (S, V), beside what is ordered there already.

    Who is told to buy domestic cards does not buy more of them to be allowed more foreign ones in store.
    """
    if not any(world.conditions.measures.limits) or not extra.any():
        return extra
    sites, everywhere = extra.shape[0], np.concatenate((ordered, world.state.elsewhere_ordered))
    for_store = np.concatenate((extra, np.zeros_like(world.state.elsewhere_ordered)))
    both, limits, allowed = everywhere + for_store, world.conditions.measures.limits, world.now.arrays["allowed"]
    parts, _ = left_by_limits(world, limits, allowed, both, world.now.under, _domestic(world, everywhere))
    if not parts:
        return extra
    left = np.prod([part for _, part in parts], axis=0)
    room = np.clip(both * left - everywhere, 0.0, for_store)
    return np.where(left < 1.0, room, for_store)[:sites]


def _domestic(world: World, ordered: Floats) -> Callable[[Mandate], Floats]:
    """Return what would be ordered without foreign cards, if nobody bought more domestic ones for it."""
    return lambda mandate: _by_origin(world, mandate, ordered)[1]


def _by_origin(world: World, mandate: Mandate, ordered: Floats) -> tuple[Floats, Floats]:
    """Return what orders (n, V) of foreign and of domestic cards come to where a mandate asks (n,), H100e."""
    return by_origin(ordered, mandate.places, mandate.foreign, world.structure.chip_h100e)


def limits_ahead(world: World, ordered: Floats, quarters: float) -> list[tuple[str, Floats]]:
    """Return every cap and mandate with the share of the quarter (n, V) in which an order may go that it will close.

    A limit on amounts closes what it would not let through of so many ``quarters`` of orders (n, V).
    """
    measures, wanted, open_ = world.conditions.measures, ordered * quarters, world.permits.open
    if not any(measures.coming):
        return []
    coming = under_limits(world.rules, world.permits, measures.coming, world.policy, world.quarter)
    now, full = (
        dict(left_by_limits(world, limits, open_, wanted, under, _domestic(world, wanted))[0])
        for limits, under in ((measures.limits, world.standing), (measures.coming, coming))
    )
    return [(name, measures.ahead[name] * (now.get(name, 1.0) - part)) for name, part in full.items()]


def count_towards_caps(world: World, accepted: Floats) -> None:
    """Add to what has gone under each cap what of accepted orders (n, V) stood under it."""
    for cap in world.conditions.measures.limits.caps:
        under, h100e = accepted * world.now.under.of(cap.id), world.structure.chip_h100e
        counted, named = (worth(under * cards, h100e) for cards in (cap.counted, cap.named))
        world.state.capped[cap.row] += beyond_small(cap, counted) + named


def _left_by_cap(world: World, cap: Cap, ordered: Floats, under: Floats) -> Floats:
    """Return the part of every order (n, V) that a cap leaves, of which a part ``under`` (n, V) stands under it."""
    links, state, h100e = world.links, world.state, world.structure.chip_h100e
    asked, gone, has_own = worth(ordered * under * cap.counted, h100e), state.capped[cap.row], cap.named.any(axis=1)
    part = capped(cap, asked, links.order_region, np.where(has_own, 0.0, gone))
    out = np.where(cap.counted, part[:, None], 1.0)
    if has_own.any():
        part = within_allowance(cap, worth(ordered * under * cap.named, h100e), gone)
        out = np.where(cap.named, part[:, None], out)
    if cap.chartered.any():
        held = np.concatenate((worth(state.owned, h100e), worth(state.elsewhere, h100e)))
        part = within_charter(cap, worth(ordered, h100e), held, links.order_at_home, links.order_firm)
        out = np.where(cap.chartered, part[:, None], out)
    return np.where(under < 1.0, 1.0 - under * (1.0 - out), out)
