"""Limits on what may be ordered in all: caps by destination, charters, mandates of domestic cards (B5).

n places that order: sites, then owners elsewhere. V cards. Amounts in H100e.
"""

from collections.abc import Callable

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.economics.elementary import sum_by
from sim.economics.fleets import worth
from sim.policy.country_caps import Cap, capped, within_charter
from sim.policy.mandates import Mandate, foreign_left
from sim.world import World


def limited(world: World) -> bool:
    """Return whether any limit is in force."""
    return bool(world.conditions.measures.caps or world.conditions.measures.mandates)


def unlimited(world: World) -> Bools:
    """Return whether no cap and no mandate looks at a card for a site (S, V)."""
    out, sites = np.ones(world.state.ordered.shape, dtype=np.bool_), world.state.ordered.shape[0]
    for cap in world.conditions.measures.caps:
        out &= ~(cap.counted | cap.chartered)[:sites]
    for mandate in world.conditions.measures.mandates:
        out &= ~np.outer(mandate.places[:sites] > 0.0, mandate.foreign)
    return out


def left_by_limits(world: World, ordered: Floats, without: Callable[[Bools], Floats]) -> Floats:
    """Return the part of every order that caps and mandates leave (n, V); what they take is noted in H100e by rule.

    Args:
        world: the market.
        ordered: (n, V) what would be ordered without them.
        without: returns what would be ordered (n, V) if some cards (V,) could not be had.
    """
    out, bound = np.ones(ordered.shape), world.now.bound
    for cap in world.conditions.measures.caps:
        part = _left_by_cap(world, cap, ordered)
        bound[cap.id] = _taken(world, ordered, part)
        out *= part
    for mandate in world.conditions.measures.mandates:
        part = _left_by_mandate(world, mandate, ordered * out, without)
        bound[mandate.id] = _taken(world, ordered, part)
        out *= part
    return out


def count_towards_caps(world: World, accepted: Floats) -> None:
    """Add accepted orders (n, V) to what has gone under each cap."""
    for cap in world.conditions.measures.caps:
        sent = worth(accepted * cap.counted, world.structure.chip_h100e) * cap.strength
        world.state.capped[cap.row] += sum_by(world.links.order_region, sent, cap.most.size)


def _taken(world: World, ordered: Floats, part: Floats) -> float:
    return float(worth(ordered * (1.0 - part), world.structure.chip_h100e).sum())


def _left_by_cap(world: World, cap: Cap, ordered: Floats) -> Floats:
    links, state, h100e = world.links, world.state, world.structure.chip_h100e
    asked, gone = worth(ordered * cap.counted, h100e), state.capped[cap.row]
    out = np.where(cap.counted, capped(cap, asked, links.order_region, gone)[:, None], 1.0)
    if cap.chartered.any():
        held = np.concatenate((worth(state.owned, h100e), worth(state.elsewhere, h100e)))
        part = within_charter(cap, worth(ordered, h100e), held, links.order_at_home, links.order_firm)
        out = np.where(cap.chartered, part[:, None], out)
    return out


def _left_by_mandate(
    world: World, mandate: Mandate, ordered: Floats, without: Callable[[Bools], Floats]
) -> Floats:  # fmt: skip
    h100e, firm = world.structure.chip_h100e, world.links.order_firm
    asked = ordered * mandate.places[:, None]
    foreign, domestic = worth(asked * mandate.foreign, h100e), worth(asked * ~mandate.foreign, h100e)
    if not foreign.any():
        return np.ones(ordered.shape)
    alone = without(mandate.foreign) * mandate.places[:, None]
    part = foreign_left(mandate, firm, foreign, domestic, worth(alone, h100e))
    return np.where(mandate.foreign, part[:, None], 1.0)
