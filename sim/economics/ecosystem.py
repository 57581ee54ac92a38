r"""Software ecosystems: use and engineering close the gap between what hardware could do and what it does (B4).

    sigma_kw = sig_w + (1 - sig_w) (1 - e^(-E_k / E_bar)) ,   E_k(t+1) = (1 - d) E_k(t) + cards deployed + engineering

E is counted in H100e: every card deployed brings users who write, test and mend software for its stack, and research
of its makers does what as many cards would do. Knowledge wears off as generations of cards change. Without an end
(E to infinity) a stack achieves what its hardware could; with E_bar to infinity it stays where it began, ``sig``.
"""

import math
from typing import NamedTuple

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints


class Ecosystem(NamedTuple):
    """What never changes about software. N stacks, V chips, K makers."""

    least: Floats
    """(N, 2) sig: achieved over hardware performance by workload under a stack that nobody uses."""
    scale: float
    """E_bar, H100e."""
    kept: float
    """1 - d, per quarter."""
    engineering: float
    """H100e that USD 1m of research does the work of."""
    hardware: Floats
    """(V, 2) H100e of a card by workload, software left out."""
    h100e: Floats
    """(V,) H100e of a card by total processing performance."""
    chip_stack: Ints
    """(V,) stack of each card."""
    maker_stack: Ints
    """(K,) stack of each maker."""


@compiled
def grow_ecosystems(software: Ecosystem, cards: Floats, research: Floats, ecosystem: Floats) -> None:
    """Let ecosystems (N,), H100e, wear for a quarter, and add cards deployed (V,) and research (K,), USD m."""
    for n in range(ecosystem.size):
        ecosystem[n] *= software.kept
    for v in range(cards.size):
        ecosystem[software.chip_stack[v]] += cards[v] * software.h100e[v]
    for k in range(research.size):
        ecosystem[software.maker_stack[k]] += research[k] * software.engineering


@compiled
def achieve(software: Ecosystem, ecosystem: Floats, achieved: Floats, effective: Floats) -> None:
    """Fill sigma by stack (N, 2), and what cards achieve by workload (V, 2), effective H100e, at ecosystems (N,)."""
    for n in range(ecosystem.size):
        grown = -math.expm1(-ecosystem[n] / software.scale)
        for w in range(2):
            achieved[n, w] = software.least[n, w] + (1.0 - software.least[n, w]) * grown
    for v in range(effective.shape[0]):
        for w in range(2):
            effective[v, w] = software.hardware[v, w] * achieved[software.chip_stack[v], w]


@compiled
def advance_software(
    software: Ecosystem, cards: Floats, research: Floats, ecosystem: Floats, achieved: Floats, effective: Floats
) -> None:
    """Let ecosystems grow for a quarter, and set what cards achieve under them.

    Args:
        software: what never changes of stacks, see ``grow_ecosystems``.
        cards: (V,) delivered in the quarter.
        research: (K,) of makers, see ``grow_ecosystems``.
        ecosystem: (N,) by stack; changed.
        achieved: (N, 2) filled, see ``achieve``.
        effective: (V, 2) filled, see ``achieve``.
    """
    grow_ecosystems(software, cards, research, ecosystem)
    achieve(software, ecosystem, achieved, effective)
