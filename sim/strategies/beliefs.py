"""What firms believe of rules to come: every tightening makes the next one likelier (B5).

Adaptive expectations (Cagan 1956): ``pi += w (x - pi)``, with x = 1 in a quarter that tightens and 0 in any other. A
belief is the chance of a tightening in a quarter, held at a site about the cards of all makers of a region: who was hit
by rules on some of them expects the same of others.
"""

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints


@compiled
def believe(belief: Floats, before: Floats, after: Floats, origin: Ints, weight: float) -> None:
    """Move beliefs towards what a quarter brought.

    Args:
        belief: (S, R) chance of a tightening; changed.
        before: (S, V) share of what is wanted that rules known before the quarter will leave open, by card.
        after: (S, V) the same with those announced in it: less of it is a tightening.
        origin: (V,) region of the maker.
        weight: of the newest quarter, w.
    """
    for s in range(belief.shape[0]):
        for r in range(belief.shape[1]):
            tightened = False
            for v in range(origin.size):
                tightened |= origin[v] == r and after[s, v] < before[s, v]
            belief[s, r] += weight * ((1.0 if tightened else 0.0) - belief[s, r])
