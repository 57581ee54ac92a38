"""What part of orders stands under each licence, cap and mandate: days that two of them cover are the same (B5).

n places that order: sites, then owners elsewhere. V cards.
"""

from collections.abc import Mapping

import numpy as np

from sim.economics.cells import Floats
from sim.economics.elementary import part_of
from sim.economics.licensing import SEVERAL, Under
from sim.links import ORDERING
from sim.policy.calendar import Quarterly
from sim.policy.dates import part_within
from sim.policy.measures import Limits
from sim.world import World


def under_limits(world: World, limits: Limits) -> Under:
    """Return the part of orders that stands under each licence, and that is of the days of each cap and mandate."""
    licences = world.permits.licences
    found = {x.id: x.strength for x in limits.caps} | {x.id: x.days for x in limits.mandates}
    if not found:
        return licences
    names = *licences.limits, *found
    parts = np.array([*licences.parts, *(_in_days_of(world, name, share) for name, share in found.items())])
    return Under(names, parts, world.policy.shared_days(names, world.quarter))


def _in_days_of(world: World, name: str, share: float) -> Floats:
    """Return the part of orders (n, V) that are of the days of a limit: of all it is a share less what rules close."""
    open_ = world.permits.open
    if share >= 1.0:
        return np.ones(open_.shape)
    days, shut = world.policy.limiting_days(name), np.zeros(open_.shape)
    for n, (_, _, rule) in enumerate(world.policy.chip_rules):
        within = part_within((rule.effective, rule.expires), days, world.quarter)
        if within > 0.0:
            shut += within * np.concatenate([world.rules[who].closed[n] for who in ORDERING])
    return np.clip(part_of(share - shut, open_), 0.0, 1.0)


def cut_licences(world: World) -> Mapping[str, Floats]:
    """Return the part of orders (n, V) that goes on the terms of each licence of which limits have cut another part.

    And where they have, in how many licences a card that stands under some does, at least 1, for ``SEVERAL``.
    """
    licences, under = world.permits.licences, world.now.under
    left = under.parts[: len(licences.limits)]
    changed = (left != licences.parts).any(axis=(1, 2))
    cut = {licences.limits[n]: left[n] for n in np.flatnonzero(changed) if licences.limits[n] != SEVERAL}
    if not cut:
        return cut
    return {**cut, SEVERAL: np.maximum(part_of(left[1:].sum(axis=0), left[0]), 1.0)}


def charged_beyond(world: World, rules: Mapping[str, Quarterly], under: Mapping[str, Floats]) -> Floats:
    """Return what limits change of charges by licences on orders (2, S + W, V), fractions of price.

    Of what buyers pay on top, and of what makers do not keep: it is due on what goes on the terms of a licence after
    all, of which less or more may be left than of the rest.

    Args:
        world: the market.
        rules: of the quarter of the orders.
        under: see ``cut_licences``.
    """
    out = np.zeros((2, *world.permits.open.shape))
    if not under:
        return out
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
