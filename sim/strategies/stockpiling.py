"""Cards bought ahead of rules, announced or feared (B5). S sites, V cards, R regions of makers."""

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints


@compiled
def bought_ahead(
    usual: Floats, stored: Floats, open_: Floats, closing: Floats, belief: Floats, origin: Ints, quarters: float,
    pace: float,
) -> Floats:  # fmt: skip
    """Return cards ordered on top of usual ones (S, V).

    Orders run at ``pace`` times the usual for the share z of a quarter in which a card is in danger, until there are
    so many ``quarters`` of them in store: ``usual min(H, (pace - 1) z)``. Where a rule is announced, z is the share of
    days in which the card may still be had. A rule that is only feared counts by its chance, in z and in the stock:
    who believes in none buys nothing, who is certain buys what is bought once it is announced.

    Args:
        usual: (S, V) cards wanted in a quarter without rules.
        stored: (S, V) cards that are kept already.
        open_: (S, V) share of what is wanted that may go.
        closing: (S, V) share of the quarter in which a card may still be had that will be closed, as firms know.
        belief: (S, R) chance of a rule on the cards of a region's makers, see ``beliefs``.
        origin: (V,) region of the maker.
        quarters: H, most that is kept, in quarters of usual orders.
        pace: orders in days of danger over the usual ones.
    """
    extra = usual.copy()
    for s in range(usual.shape[0]):
        for v in range(usual.shape[1]):
            feared = belief[s, origin[v]] * open_[s, v]
            danger, sure = max(closing[s, v], feared), 1.0 if closing[s, v] > 0.0 else feared
            missing = max(quarters * sure * usual[s, v] - stored[s, v], 0.0)
            extra[s, v] = min(usual[s, v] * min(quarters, (pace - 1.0) * danger), missing)
    return extra
