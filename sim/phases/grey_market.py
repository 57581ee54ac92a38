"""Phase 9, second part: cards that rules deny are bought for a premium by owners elsewhere in the region (B5).

Named providers have too much to lose; what part of their denied orders turns up in this demand all the same is a
parameter. What is evaded is ordered of its makers by others, stands in the queue like all orders, and is seized in
part.
"""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.elementary import part_of, sum_by
from sim.strategies.grey_market import FORMS, NONE, Supply, denied, evade, give_way, seized_share
from sim.world import World


def run(world: World) -> None:
    """Clear the grey market of every region, and add its orders to those of owners elsewhere.

    What governments abroad close is wanted by owners elsewhere for themselves and, in part, for providers there.
    """
    state, now, rule = world.state, world.now.arrays, world.parameters.behaviour.grey_market
    now["evading"], now["premium"] = np.zeros(state.elsewhere.shape), np.zeros(len(world.structure.regions))
    now["leaked"], now["seized"] = np.zeros(state.elsewhere.shape), np.zeros(state.elsewhere.shape)
    if FORMS[rule.name] == NONE or "closed" not in now:
        return
    regions = world.structure.elsewhere_region
    own, for_providers, wanted = denied(
        now["closed"], world.links.site_region, regions, len(world.structure.regions), rule.provider_share
    )
    asked = own.sum(axis=1)
    if not asked.any():
        return
    shipped = float(state.shipped[world.links.chip_merchant].sum())
    supply = Supply(
        FORMS[rule.name], shipped / rule.reference_cards, rule.wedge.threshold, rule.wedge.slope,
        rule.elasticity.reference_cards, rule.elasticity.rate, 1.0,
    )  # fmt: skip
    evade(
        supply, world.conditions.measures.effort, regions, own, asked, for_providers, wanted.sum(axis=1),
        rule.price_elasticity, now["premium"], now["evading"],
    )  # fmt: skip
    give_way(state.elsewhere_ordered, own, world.structure.chip_h100e, _usual(world))
    state.elsewhere_ordered += now["evading"]


def _usual(world: World) -> Floats:
    """Return what owners elsewhere order in all without rules (W,), H100e."""
    usual: Floats = world.paths.elsewhere[min(world.t + 1, world.structure.quarters - 1)].sum(axis=1)
    return usual


def evaded(world: World, accepted: Floats) -> Floats:
    """Return what of the accepted orders of owners elsewhere (W, V) is evaded: such orders are cut like all others."""
    return accepted * part_of(world.now.arrays["evading"], world.state.elsewhere_ordered)


def seize(world: World, on_their_way: Floats) -> None:
    """Take what is seized of evaded cards (W, V) out of accepted orders; note what gets through.

    The part that is seized is that of a region, whoever owns what is on its way there.
    """
    state, now, links = world.state, world.now.arrays, world.links
    regions, effort = world.structure.elsewhere_region, world.conditions.measures.effort
    sent, share = sum_by(regions, on_their_way.sum(axis=1), effort.size), np.zeros(effort.size)
    for r, (sites, owners) in enumerate(links.ordering_in):
        if sent[r] > 0.0:
            inflow = state.accepted[sites].sum() + state.elsewhere_accepted[owners].sum()
            share[r] = seized_share(float(effort[r]), float(sent[r]), float(inflow))
    now["seized"][:] = on_their_way * share[regions, None]
    now["leaked"][:] = on_their_way - now["seized"]
    state.elsewhere_accepted -= now["seized"]
    state.seized[:], state.leaking[:] = now["seized"].sum(axis=0), now["leaked"]
