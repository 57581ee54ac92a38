r"""Self-sufficiency along the chain of chips: how much of a card is domestic, link by link (B9).

With d_s the domestic part of link s of a card (design, wafers, packaging, memory, tools) and weights w_s that make one,
the index of a region's cards is

    sum_k H_k prod_s d_ks^w_s / sum_k H_k ,

and the weakest link ``min_s sum_k H_k d_ks / sum_k H_k``, H the H100e delivered. A domestic design with foreign dies is
not self-sufficient: one missing link makes the product zero (domestic content along the chain: Johnson and Noguera
2012). T quarters, R regions, V cards; 3 stages.
"""

import numpy as np

from sim.economics.cells import Bools, Floats

LINKS = ("design", "wafers", "packaging", "memory", "tools")


def own_part(own: Floats, used: Floats) -> Floats:
    """Return the part of what stages used that they made themselves (...), own units first; 1 where nothing was used.

    Args:
        own: (...) units that a stage could make.
        used: (...) units used, with those from abroad and from stocks.
    """
    part: Floats = np.divide(np.minimum(own, used), used, out=np.ones_like(used), where=used > 0.0)
    return part


def own_tools(imported: Floats, missing: Floats) -> Floats:
    """Return the domestic part of the tools that stages buy (...): ``(1 - m)/(1 - missing)``; 0 where they get none.

    Args:
        imported: (...) m, part of wanted tools that would come from abroad.
        missing: (...) part of wanted tools that does not come, as imports are banned.
    """
    got = 1.0 - missing
    part: Floats = np.divide(1.0 - imported, got, out=np.zeros_like(got), where=got > 0.0)
    return part


def chain_of_side(stages: Floats, tools: Floats, uses: Bools) -> Floats:
    """Return the part of wafers, packaging, memory and tools of every card that its own side makes (T, V, 4).

    Args:
        stages: (T, V, 3) part of the wafers, packaging and memory that the card's side made itself.
        tools: (T, V, 3) part of the tools that these stages buy on their side.
        uses: (V, 3) whether the card takes anything of a stage: what it does not need is not missing.
    """
    bought = (tools * uses).sum(axis=2) / np.maximum(uses.sum(axis=1), 1)
    return np.concatenate([np.where(uses, stages, 1.0), bought[:, :, None]], axis=2)


def index(amounts: Floats, designed: Bools, made: Bools, chain: Floats, weights: Floats) -> Floats:
    """Return the index of self-sufficiency (T, R): NaN where nothing was delivered.

    Args:
        amounts: (T, R, V) H100e delivered.
        designed: (R, V) whether a firm on the region's side designs the card.
        made: (R, V) whether it is made on that side.
        chain: (T, V, 4) of its own side.
        weights: (5,) that make one.
    """
    whole = np.prod(chain ** weights[1:], axis=2)[:, None, :] * np.where(made, designed ** weights[0], 0.0)
    return _over(amounts, amounts * whole)


def weakest_link(amounts: Floats, designed: Bools, made: Bools, chain: Floats) -> Floats:
    """Return the domestic part of the link that is least domestic (T, R): NaN where nothing was delivered."""
    links = [_over(amounts, amounts * designed)]
    links += [_over(amounts, amounts * made * chain[:, None, :, s]) for s in range(chain.shape[2])]
    return np.asarray(np.min(links, axis=0))


def _over(amounts: Floats, part: Floats) -> Floats:
    total = amounts.sum(axis=2)
    return np.asarray(np.divide(part.sum(axis=2), total, out=np.full(total.shape, np.nan), where=total > 0.0))
