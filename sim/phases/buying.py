"""Who orders which card under the rules: what they close to a buyer goes to the next best card it may have (B4, B5)."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from sim.economics.baskets import NEGLIGIBLE, ROUNDS, Habit, Shelf, cards_for_amounts, cards_for_slots
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.licensing import costs_with_duty, quota_factors
from sim.economics.slots import hours_per_mw, supplier_shares
from sim.phases.limits import left_by_limits, limited
from sim.structure import INFERENCE
from sim.world import World


def hourly_costs(world: World, name: str, region: Ints) -> Floats:
    """Return the long-run cost of a card-hour with duty and grant, at the places that a rule knows by a name (n, V)."""
    servers = world.parameters.market.costs.server_cost_multiple
    added = world.rules[name].duty - world.conditions.measures.support.cards[region] * servers
    return costs_with_duty(
        world.state.hour_cost, region, added, world.state.chip_price, world.links.card_recovery,
        world.parameters.market.utilisation.maximum,
    )  # fmt: skip


def shelf(world: World, cost: Floats) -> Shelf:
    """Return what may be bought for the next quarter, at a cost per card-hour (n, V)."""
    structure = world.structure
    return Shelf(
        cost / structure.chip_effective[:, INFERENCE], world.state.chip_launch, world.t + 1, structure.chip_supplier,
        len(structure.suppliers), structure.better_chips,
    )  # fmt: skip


def habit(world: World) -> Habit:
    """Return how sites share out their orders among suppliers."""
    links, state = world.links, world.state
    return Habit(
        links.order_mix * state.making, world.parameters.behaviour.orders.supplier_sensitivity, state.order_cost,
        links.card_hours, world.structure.chip_kw,
    )  # fmt: skip


def mixed(world: World, on_sale: Shelf, chip: Ints) -> tuple[Floats, Floats]:
    """Return the shares of suppliers in new capacity (S, K), and the inference hours a quarter that an MW gives (S,).

    Args:
        world: as the phase before left it.
        on_sale: what may be bought.
        chip: (S, K) the best card of every supplier that a site may have, -1 for none.
    """
    ways = habit(world)
    shares = supplier_shares(chip, on_sale.cost, ways.mix, ways.sensitivity, ways.reference)
    return shares, hours_per_mw(chip, shares, ways.hours, ways.kw)


def buy(world: World, power: Floats) -> None:
    """Order cards for ``power`` (S,) MW at every site and for owners elsewhere, within rules and quotas.

    Sets ``denied`` (S + W, V): cards that would have been ordered, had no instrument closed them; and ``closed``: those
    that rules on cards closed, which is what the grey market is for.
    """
    state, rules, order = world.state, (world.rules["sites"], world.rules["elsewhere"]), _orders(world, power)
    open_ = np.concatenate([rule.open for rule in rules])
    ordered, found = order(open_, open_), quotas(world)
    world.now.quotas = found
    for _ in range(ROUNDS if found else 0):
        part = _left_by(world, found, ordered)
        if part.min() >= 1.0 - NEGLIGIBLE:
            break
        open_ = open_ * part
        ordered = order(open_, open_)
    ruled = open_
    if limited(world):
        wide = open_
        part = left_by_limits(world, ordered, lambda cards: order(*(np.where(cards, 0.0, wide),) * 2))
        if part.min() < 1.0:
            open_ = wide * part
            ordered = order(open_, np.where(part < 1.0, 0.0, wide))
    count = power.size
    state.ordered[:], state.elsewhere_ordered[:] = ordered[:count], ordered[count:]
    if open_.min() < 1.0:
        everything = np.ones(open_.shape)
        wanted = order(everything, everything)
        world.now.arrays["denied"], world.now.arrays["closed"] = wanted * (1.0 - open_), wanted * (1.0 - ruled)


def _orders(world: World, power: Floats) -> Callable[[Floats, Floats], Floats]:
    """Return what places would order (S + W, V), by the share that may go of what they want first, and of the rest.

    Owners outside the named providers order what they always do, in H100e.
    """
    structure, sites, ways = world.structure, power.size, habit(world)
    here = shelf(world, world.now.arrays["site_cost"])
    there = shelf(world, hourly_costs(world, "elsewhere", structure.elsewhere_region))
    usual = world.paths.elsewhere[min(world.t + 1, structure.quarters - 1)]

    def order(open_: Floats, next_: Floats) -> Floats:
        at_sites = cards_for_slots(here, ways, power, open_[:sites], next_[:sites])
        elsewhere = cards_for_amounts(there, usual, structure.chip_h100e, open_[sites:], next_[sites:])
        return np.concatenate((at_sites, elsewhere))

    return order


class Quota(NamedTuple):
    """A licence with a limit on quantities."""

    under: Bools
    """(S + W, V) orders that stand under it."""
    home: Bools
    """(S + W,) places in its makers' own regions."""
    share: float
    """Most H100e over those sold at home; infinity for no limit."""
    most: float
    """Most cards; infinity for no limit."""


def quotas(world: World) -> list[Quota]:
    """Return the quotas that some order stands under."""
    rules, out = [world.rules[name].licensed for name in ("sites", "elsewhere")], []
    for n, home, share, most in world.quota_limits:
        under = np.concatenate([licensed[n] > 0.0 for licensed in rules])
        if under.any():
            out.append(Quota(under, home, share, most))
    return out


def _left_by(world: World, found: Iterable[Quota], ordered: Floats) -> Floats:
    """Return the part of every order that quotas leave (S + W, V)."""
    structure, out = world.structure, np.ones(ordered.shape)
    for quota in found:
        factors = quota_factors(
            ordered, quota.under, quota.home, structure.chip_h100e, structure.chip_supplier, len(structure.suppliers),
            quota.share, quota.most,
        )  # fmt: skip
        out = np.where(quota.under, out * factors, out)
    return out


def within_quotas(world: World, accepted: Floats) -> Floats:
    """Return accepted orders (S + W, V) cut to the quotas: makers may have cut orders at home by more."""
    found = world.now.quotas
    return accepted * _left_by(world, found, accepted) if found else accepted
