"""Research and generations: what is spent moves the clock by which cards of a roadmap are launched (B4)."""

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints

TINY = 1e-9


@compiled
def research_spending(revenue: Floats, share: Floats, subsidy: Floats) -> Floats:
    """Return research by maker (K,): ``rho * revenue + subsidy``, USD m: revenue lost is research lost."""
    return share * revenue + subsidy


@compiled
def roadmap_pace(spent: Floats, reference: Floats, elasticity: Floats, fastest: Floats) -> Floats:
    """Return quarters of the roadmap that a quarter brings (K,): ``(R&D / reference)^z``, bounded above.

    At the reference it is one, so that launches keep their dates and a roadmap its cadence.
    """
    out = spent.copy()
    for k in range(spent.size):
        out[k] = min((spent[k] / reference[k]) ** elasticity[k], fastest[k])
    return out


@compiled
def launch_cards(scheduled: Ints, maker: Ints, clock: Floats, pace: Floats, t: int, launched: Floats) -> None:
    """Launch cards whose time on the clock of their maker has come, or comes next quarter at the present pace.

    Args:
        scheduled: (V,) quarter of launch by catalogue and roadmap.
        maker: (V,) maker of each card.
        clock: (K,) quarters of the roadmap behind.
        pace: (K,) quarters of the roadmap in a quarter.
        t: quarter.
        launched: (V,) first quarter of sale; beyond every quarter until it is known; changed.
    """
    for v in range(scheduled.size):
        k = maker[v]
        if launched[v] > t + 1 and scheduled[v] <= clock[k] + pace[k] + TINY:
            launched[v] = t if scheduled[v] <= clock[k] + TINY else t + 1
