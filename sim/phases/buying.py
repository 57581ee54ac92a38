"""Who orders which card under the rules: what they close to a buyer goes to the next best card it may have (B4, B5)."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from sim.economics.baskets import NEGLIGIBLE, ROUNDS, Habit, Shelf, cards_for_amounts, cards_for_slots, shared
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.fleets import worth
from sim.economics.licensing import costs_with_duty, quota_factors
from sim.links import ORDERING
from sim.phases.limits import left_by_limits, limited
from sim.structure import INFERENCE
from sim.world import World


def hourly_costs(world: World, name: str, region: Ints) -> Floats:
    """Return the long-run cost of a card-hour with duty and grant, at the places that a rule knows by a name (n, V)."""
    market, state = world.parameters.market, world.state
    return costs_with_duty(
        state.hour_cost, region, world.rules[name].duty, world.conditions.measures.support.cards,
        market.costs.server_cost_multiple, state.chip_price, world.links.card_recovery, market.utilisation.maximum,
    )  # fmt: skip


def shelf(world: World, cost: Floats) -> Shelf:
    """Return what may be bought for the next quarter, at a cost per card-hour (n, V)."""
    structure, state = world.structure, world.state
    return Shelf(
        cost / state.effective[:, INFERENCE], state.chip_launch, world.t + 1, structure.chip_supplier,
        len(structure.suppliers), structure.better_chips,
    )  # fmt: skip


def habit(world: World) -> Habit:
    """Return how sites share out their orders among suppliers."""
    links, state = world.links, world.state
    return Habit(
        links.order_mix * state.making, world.parameters.behaviour.orders.supplier_sensitivity, state.order_cost,
        state.card_hours, world.structure.chip_kw,
    )  # fmt: skip


def mixed(world: World, on_sale: Shelf, chip: Ints) -> tuple[Floats, Floats]:
    """Return the shares of suppliers in new capacity (S, K), and the inference hours a quarter that an MW gives (S,).

    Args:
        world: as the phase before left it.
        on_sale: what may be bought.
        chip: (S, K) the best card of every supplier that a site may have, -1 for none.
    """
    return shared(chip, on_sale.cost, habit(world))


def buy(world: World, here: Shelf, power: Floats) -> None:
    """Order cards ``here`` for ``power`` (S,) MW at every site and for owners elsewhere, within rules and quotas.

    Sets ``denied`` (S + W, V): cards that would have been ordered, had no instrument closed them; ``closed``: those
    that rules on cards of governments abroad closed, which is what the grey market is for; ``bound``: ``denied`` by
    instrument; and ``lifted``: what each rule on cards by itself keeps from being ordered.
    """
    state, order = world.state, _orders(world, here, power)
    open_ = np.concatenate([world.rules[name].open for name in ORDERING])
    ordered, found, cut = order(open_, open_), quotas(world), list[tuple[str, Floats]]()
    world.now.quotas = found
    for _ in range(ROUNDS if found else 0):
        parts = list(_left_by(world, found, ordered))
        if min(part.min() for _, part in parts) >= 1.0 - NEGLIGIBLE:
            break
        _note(world, parts, ordered)
        open_ = _narrowed(open_, parts, cut)
        ordered = order(open_, open_)
    ruled = open_
    if limited(world):
        parts = list(
            left_by_limits(
                world, world.conditions.measures.limits, ordered,
                lambda cards: order(*(np.where(cards, 0.0, ruled),) * 2),
            )
        )  # fmt: skip
        if min((part.min() for _, part in parts), default=1.0) < 1.0:
            _note(world, parts, ordered)
            open_ = _narrowed(ruled, parts, cut)
            ordered = order(open_, np.where(open_ < ruled, 0.0, ruled))
    count = power.size
    state.ordered[:], state.elsewhere_ordered[:] = ordered[:count], ordered[count:]
    if open_.min() < 1.0:
        everything = np.ones(open_.shape)
        wanted = order(everything, everything)
        world.now.arrays["denied"] = wanted * (1.0 - open_)
        world.now.arrays["closed"] = wanted * (1.0 - ruled) * world.permits["abroad"]
        _credit(world, [*world.permits["closed"], *cut], wanted)
        _lift(world, order, open_, ordered)


def _narrowed(open_: Floats, parts: Iterable[tuple[str, Floats]], cut: list[tuple[str, Floats]]) -> Floats:
    """Return what is left open (S + W, V) after each part in turn, and note what each cut in ``cut``."""
    for name, part in parts:
        left = open_ * part
        cut.append((name, open_ - left))
        open_ = left
    return open_


def _note(world: World, parts: Iterable[tuple[str, Floats]], ordered: Floats) -> None:
    """Note in ``stopped`` whose orders (S + W, V) quotas, caps and mandates cut, whether wanted first or next."""
    for name, part in parts:
        lost = (ordered * (1.0 - part)).sum(axis=1) > 0.0
        world.now.stopped[name] = world.now.stopped[name] | lost if name in world.now.stopped else lost


def closed_by_rules(world: World) -> list[tuple[str, Floats]]:
    """Return the rules on cards that close something, with the share of every order (S + W, V) that they decide on."""
    return _by_rule(world, "closed")


def closed_abroad(world: World) -> Bools:
    """Return whether a government other than that of the destination refuses a card (S + W, V).

    Who obeys its own government's guidance does not smuggle; what only that refuses may be exported by all.
    """
    refused = np.concatenate([world.rules[name].refused for name in ORDERING], axis=1)
    destinations = np.array([place.destination for place in world.links.subjects["orders"].places])
    out = np.zeros(refused.shape[1:], dtype=np.bool_)
    for (name, _, _), some in zip(world.policy.chip_rules, refused, strict=True):
        out |= (some > 0.0) & (destinations != world.policy.policy.authority(name))[:, None]
    return out


def closed_alone(world: World) -> list[tuple[str, Floats]]:
    """Return the same of what no other rule closes: what would be open (S + W, V) if the rule were lifted."""
    return _by_rule(world, "alone")


def _by_rule(world: World, what: str) -> list[tuple[str, Floats]]:
    shares = np.concatenate([getattr(world.rules[name], what) for name in ORDERING], axis=1)
    return [(name, share) for (name, _, _), share in zip(world.policy.chip_rules, shares, strict=True) if share.any()]


def _lift(world: World, order: Callable[[Floats, Floats], Floats], open_: Floats, ordered: Floats) -> None:
    """Note in ``lifted`` how many H100e more of its cards each place would order if a rule alone were lifted (S + W,).

    A rule on a card that would be taken only because a better one is refused closes nothing that is wanted first.
    """
    for name, share in world.permits["alone"]:
        without = np.minimum(open_ + share, 1.0)
        more = np.where(share > 0.0, np.maximum(order(without, without) - ordered, 0.0), 0.0)
        world.now.lifted[name] = worth(more, world.structure.chip_h100e)


def _credit(world: World, shares: Iterable[tuple[str, Floats]], cards: Floats) -> None:
    """Add to ``bound`` what shares (S + W, V) of cards come to at every place: H100e, and USD m at today's prices."""
    for name, share in shares:
        closed = cards * share
        lost = np.stack([worth(closed, world.structure.chip_h100e), worth(closed, world.state.chip_price) / 1e6])
        world.now.bound[name] = world.now.bound[name] + lost if name in world.now.bound else lost


def _orders(world: World, here: Shelf, power: Floats) -> Callable[[Floats, Floats], Floats]:
    """Return what places would order (S + W, V), by the share that may go of what they want first, and of the rest.

    Owners outside the named providers order what they always do, in H100e.
    """
    structure, sites, ways = world.structure, power.size, habit(world)
    there = shelf(world, hourly_costs(world, "elsewhere", structure.elsewhere_region))
    usual = world.paths.elsewhere[min(world.t + 1, structure.quarters - 1)]

    def order(open_: Floats, next_: Floats) -> Floats:
        at_sites = cards_for_slots(here, ways, power, open_[:sites], next_[:sites])
        elsewhere = cards_for_amounts(there, usual, structure.chip_h100e, open_[sites:], next_[sites:])
        return np.concatenate((at_sites, elsewhere))

    return order


class Quota(NamedTuple):
    """A licence with a limit on quantities."""

    rule: str
    """Its id."""
    under: Floats
    """(S + W, V) part of orders that stands under it."""
    home: Bools
    """(S + W,) places in its makers' own regions."""
    share: float
    """Most H100e over those sold at home; infinity for no limit."""
    most: float
    """Most cards; infinity for no limit."""


def quotas(world: World) -> list[Quota]:
    """Return the quotas that some order stands under, for the days of the quarter in which the licence is given."""
    licensed, out = [world.rules[name].licensed for name in ORDERING], []
    for n, home, share, most in world.quota_limits:
        under, days = np.concatenate([found[n] for found in licensed]), world.policy.licensed_days(n, world.quarter)
        if under.any():
            out.append(Quota(world.policy.chip_rules[n][0], under, home, share * days, most * days))
    return out


def _left_by(world: World, found: Iterable[Quota], ordered: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield the part of every order that each quota leaves (S + W, V) of what those before it leave."""
    structure = world.structure
    for quota in found:
        factors = quota_factors(
            ordered, quota.under, quota.home, structure.chip_h100e, structure.chip_supplier, len(structure.suppliers),
            quota.share, quota.most,
        )  # fmt: skip
        part = np.where(quota.under < 1.0, 1.0 - quota.under * (1.0 - factors), factors)
        yield quota.rule, part
        ordered = ordered * part


def within_quotas(world: World, accepted: Floats) -> Floats:
    """Return accepted orders (S + W, V) cut to the quotas: makers may have cut orders at home by more."""
    if not world.now.quotas:
        return accepted
    parts, cut = list(_left_by(world, world.now.quotas, accepted)), list[tuple[str, Floats]]()
    _note(world, parts, accepted)
    open_ = _narrowed(np.ones(accepted.shape), parts, cut)
    _credit(world, cut, accepted)
    return accepted * open_
