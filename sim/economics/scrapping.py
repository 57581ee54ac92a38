"""Cards that leave before they fail: those that lose money, and those whose slot is worth more with a new card (B3).

Salter (1960): a vintage stands while it earns its running cost. S sites, V chips, A vintages, R regions.
"""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints
from sim.economics.fleets import age_fleet
from sim.economics.slots import power_of


@compiled
def scrapped(
    owned: Floats, price: Floats, load: Floats, region: Ints, effective: Floats, running: Floats, patience: float,
    rate: float, losses: Floats,
) -> Floats:  # fmt: skip
    """Return the cards to be scrapped (S, V): those whose running cost lay above what they earn for long enough.

    All of them where an hour in use costs more than it earns. Where it is for want of customers alone, a part of those
    that stand idle: what is in use pays, and a small site may find none for a quarter or two by chance.

    Args:
        owned: (S, V) cards.
        price: (S,) USD earned per effective inference hour in use.
        load: (S,) share of hours that is asked for.
        region: (S,) region of each site.
        effective: (V,) effective inference H100e of a card.
        running: (R, V) USD per used card-hour of electricity and care.
        patience: quarters of loss in a row after which a card goes.
        rate: part of idle cards that goes in a quarter.
        losses: (S, V) quarters of loss in a row so far; changed.
    """
    out = np.zeros(owned.shape)
    for s in range(owned.shape[0]):
        for v in range(owned.shape[1]):
            cost, earned = running[region[s], v], price[s] * effective[v]
            loses = owned[s, v] > 0.0 and cost > load[s] * earned
            losses[s, v] = losses[s, v] + 1.0 if loses else 0.0
            if losses[s, v] >= patience:
                out[s, v] = owned[s, v] * (1.0 if cost > earned else rate * (1.0 - load[s]))
    return out


@compiled
def displaceable(
    owned: Floats, price: Floats, region: Ints, effective: Floats, running: Floats, kw: Floats, hours: float,
    gain: Floats, rate: float,
) -> Floats:  # fmt: skip
    """Return the cards that may give way to new ones (S, V): a share of those that earn less for their slot.

    Args:
        owned: (S, V) cards.
        price: (S,) USD earned per effective inference hour.
        region: (S,) region of each site.
        effective: (V,) effective inference H100e of a card.
        running: (R, V) USD per used card-hour of electricity and care.
        kw: (V,) IT power of a card.
        hours: used hours of a card in a quarter.
        gain: (S,) USD per MW and quarter that new cards earn above running and their own cost.
        rate: share of such cards that may go in a quarter.
    """
    out = np.zeros(owned.shape)
    for s in range(owned.shape[0]):
        for v in range(owned.shape[1]):
            earns = (price[s] * effective[v] - running[region[s], v]) * hours * 1000.0 / kw[v]
            if owned[s, v] > 0.0 and gain[s] > earns:
                out[s, v] = rate * owned[s, v]
    return out


@compiled
def displaced(may_go: Floats, kw: Floats, needed: Floats) -> Floats:
    """Return the cards that give way (S, V): as many of those that may as new ones need power.

    Args:
        may_go: (S, V) cards.
        kw: (V,) IT power of a card.
        needed: (S,) MW that new cards need beyond free slots.
    """
    out = np.zeros(may_go.shape)
    for s in range(may_go.shape[0]):
        if needed[s] <= 0.0:
            continue
        power = 0.0
        for v in range(kw.size):
            power += may_go[s, v] * kw[v] / 1000.0
        if power > 0.0:
            for v in range(kw.size):
                out[s, v] = may_go[s, v] * min(needed[s] / power, 1.0)
    return out


@compiled
def take_out(cards: Floats, owned: Floats, gone: Floats, vintages: int) -> None:
    """Take cards (S, V) out of a fleet, of all its vintages alike.

    Args:
        cards: (S, V, A) by vintage; changed.
        owned: (S, V) the running account; changed.
        gone: (S, V) cards that leave, at most those in place.
        vintages: how many vintages there are so far.
    """
    for s in range(owned.shape[0]):
        for v in range(owned.shape[1]):
            if gone[s, v] > 0.0:
                stay = max(1.0 - gone[s, v] / owned[s, v], 0.0)
                for a in range(vintages):
                    cards[s, v, a] *= stay
                owned[s, v] -= gone[s, v]
                if stay == 0.0:
                    owned[s, v] = 0.0


@compiled
def make_room(
    cards: Floats, owned: Floats, scrapped: Floats, may_go: Floats, installed: Floats, kw: Floats, energised: Floats,
    survive: float, vintages: int, gone: Floats,
) -> None:  # fmt: skip
    """Take out what was given up, and old cards as far as new ones need their slots.

    Args:
        cards: (S, V, A) by vintage; changed.
        owned: (S, V) the running account; changed.
        scrapped: (S, V) cards that were given up.
        may_go: (S, V) cards that may give way to new ones.
        installed: (S, V) new cards.
        kw: (V,) IT power of a card.
        energised: (S,) MW of halls with power.
        survive: fraction of cards that do not fail in a quarter.
        vintages: how many vintages there are so far.
        gone: (S, V) filled with the cards that leave.
    """
    needed = power_of(owned - scrapped, kw) - (energised - power_of(installed, kw)) / survive
    gone[:] = scrapped + displaced(may_go, kw, needed)
    take_out(cards, owned, gone, vintages)


@compiled
def renew_fleet(
    cards: Floats, owned: Floats, scrapped: Floats, may_go: Floats, installed: Floats, kw: Floats, energised: Floats,
    lost: Floats, vintage: int, survive: float, retired: int, opening_retires: bool,
) -> None:  # fmt: skip
    """Let old cards make room, then fail and retire, and new ones arrive: ``make_room`` and ``fleets.age_fleet``.

    Args:
        cards: (S, V, A) by vintage, and ``owned`` to ``energised`` as for ``make_room``; changed.
        owned: (S, V)
        scrapped: (S, V)
        may_go: (S, V)
        installed: (S, V) new cards.
        kw: (V,)
        energised: (S,)
        lost: (S, V) filled with what went.
        vintage: position of the new vintage, and ``survive`` to ``opening_retires`` as for ``age_fleet``.
        survive: fraction of cards that do not fail in a quarter.
        retired: last vintage that is too old.
        opening_retires: whether the opening fleet is.
    """
    make_room(cards, owned, scrapped, may_go, installed, kw, energised, survive, vintage, lost)
    age_fleet(cards, owned, installed, lost, vintage, survive, retired, opening_retires)
