"""What limits change of what goes on the terms of licences, and of what these charge (B5).

n places that order: sites, then owners elsewhere. V cards.
"""

from collections.abc import Mapping

import numpy as np

from sim.economics.cells import Floats
from sim.economics.elementary import part_of
from sim.economics.licensing import SEVERAL
from sim.links import ORDERING
from sim.policy.calendar import Quarterly
from sim.world import World


def cut_licences(world: World) -> Mapping[str, Floats]:
    """Return the part of orders (n, V) that goes on the terms of each licence of which limits have cut another part.

    And where they have, in how many licences a card that stands under some does, at least 1, for ``SEVERAL``.
    """
    if not world.now.stopped:
        return {}
    licences = world.permits.licences
    left = world.now.under.parts[: len(licences.limits)]
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
        if not rules.coming[n].any():
            continue
        under = world.under_before.get(world.policy.chip_rules[n][0], rules.licensed[n])[: len(out)]
        out += np.where(rules.coming[n] > 0.0, share[n] * under, 0.0)
    return out
