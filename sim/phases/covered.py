"""What part of orders stands under each licence, cap and mandate: days that two of them cover are the same (B5).

n places that order: sites, then owners elsewhere. V cards.
"""

from collections.abc import Mapping

import numpy as np

from sim.economics.cells import Floats
from sim.economics.elementary import part_of
from sim.economics.licensing import still_under
from sim.links import ORDERING
from sim.parameters.policy import ChipRule
from sim.policy.calendar import Quarterly
from sim.policy.chip_rules import licensed_from
from sim.policy.dates import days_of, part_within
from sim.policy.measures import Limits
from sim.world import World

Under = Mapping[str, Floats]
"""Parts of orders (n, V) that stand under limits, by their ids."""


SEVERAL = ""
"""Stands for all licences together beside the id of each: what goes on the terms of some."""


def under_licences(world: World) -> Under:
    """Return the part of orders that goes on the terms of each licence, where some does, and on those of some."""
    found = {SEVERAL: np.concatenate([world.rules[who].on_terms for who in ORDERING])}
    for n, (name, rule, _) in enumerate(world.policy.chip_rules):
        by_place = [world.rules[who].licensed[n] for who in ORDERING]
        if rule.licence is not None and any(part.any() for part in by_place):
            found[name] = np.concatenate(by_place)
    return found


def cut_licences(world: World) -> Under:
    """Return the part of orders that goes on the terms of each licence of which limits have cut another part.

    And where they have, in how many licences a card that stands under some does, at least 1, for ``SEVERAL``.
    """
    rules, now = under_licences(world) if world.now.under else {}, world.now.under
    cut = {name: now[name] for name, x in rules.items() if name != SEVERAL and not np.array_equal(now[name], x)}
    if not cut:
        return cut
    together = np.sum([now[name] for name in rules if name != SEVERAL], axis=0)
    return {**cut, SEVERAL: np.maximum(part_of(together, now[SEVERAL]), 1.0)}


def charged_beyond(world: World, rules: Mapping[str, Quarterly], under: Under) -> Floats:
    """Return what limits change of charges by licences on orders (2, S + W, V), fractions of price.

    Of what buyers pay on top, and of what makers do not keep: it is due on what goes on the terms of a licence after
    all, of which less or more may be left than of the rest.

    Args:
        world: the market.
        rules: of the quarter of the orders.
        under: see ``cut_licences``.
    """
    out = np.zeros((2, *world.permits.open.shape))
    for n, (name, _, _) in enumerate(world.policy.chip_rules):
        if name in under:
            more = under[name] - np.concatenate([rules[who].licensed[n] for who in ORDERING])
            out += world.ground.rulebook.charged[:, n, None, None] * more
    return out


def spared_ahead(world: World) -> Floats:
    """Return the part of the price (S, V) that makers keep more of cards bought ahead: those go without the licence."""
    rules, share = world.rules_before["sites"], world.ground.rulebook.charged[1]
    out = np.zeros(rules.kept.shape)
    for n in np.flatnonzero(share):
        under = world.under_before.get(world.policy.chip_rules[n][0], rules.licensed[n])[: len(out)]
        out += np.where(rules.coming[n] > 0.0, share[n] * under, 0.0)
    return out


def under_limits(world: World, limits: Limits) -> Under:
    """Return the part of orders of the days of each cap and mandate, of those that rules leave."""
    found = [(cap.id, cap.strength) for cap in limits.caps] + [(x.id, x.days) for x in limits.mandates]
    return {name: _in_days_of(world, name, share) for name, share in found}


def _in_days_of(world: World, name: str, share: float) -> Floats:
    """Return the part of orders (n, V) that are of the days of a limit: of all it is a share less what rules close."""
    open_ = world.permits.open
    if share >= 1.0:
        return np.ones(open_.shape)
    days, shut = _days(world, name), np.zeros(open_.shape)
    for n, (_, _, rule) in enumerate(world.policy.chip_rules):
        within = part_within((rule.effective, rule.expires), days, world.quarter)
        if within > 0.0:
            shut += within * np.concatenate([world.rules[who].closed[n] for who in ORDERING])
    return np.clip(part_of(share - shut, open_), 0.0, 1.0)


def after_cut(world: World, under: Under, name: str, other: Floats, part: Floats) -> Under:
    """Return what stands under limits once one of them, under which ``other`` (n, V) stood, leaves a part of orders."""
    if part.min() >= 1.0:
        return under
    shared = {each: _shared_days(world, each, name) for each in under if each != SEVERAL}
    licences = {each for each in shared if isinstance(world.parameters.policy.instruments[each], ChipRule)}
    shared[SEVERAL] = max((shared[each] for each in licences), default=0.0)
    return {each: still_under(x, other, part, shared[each]) for each, x in under.items()}


def _shared_days(world: World, one: str, other: str) -> float:
    """Return the part of the days of the shorter of two limits in the quarter that both cover."""
    if one == other:
        return 1.0
    days = _days(world, one), _days(world, other)
    return max(part_within(*days, world.quarter), part_within(*days[::-1], world.quarter))


def _days(world: World, name: str) -> tuple[int, int]:
    """Return the first day of an instrument, on which licences are given, and the first one after it."""
    rule = world.parameters.policy.instruments[name]
    days = days_of(rule)
    return licensed_from(rule, days) if isinstance(rule, ChipRule) else days.effective, days.expires
