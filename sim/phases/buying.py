"""Who orders which card under the rules: what they close to a buyer goes to the next best card it may have (B4, B5)."""

from collections.abc import Iterator, Sequence

import numpy as np

from sim.economics.baskets import Buyers, Habit, Shelf, Worth, domestic_orders, lifted, orders, taken_by, wanted
from sim.economics.cells import Floats, Ints
from sim.economics.costs import NEGLIGIBLE
from sim.economics.elementary import part_of
from sim.economics.licensing import (
    Under,
    costs_with_duty,
    cut_alone,
    left_by_quota,
    left_by_quotas,
    narrowed,
    refused,
    stopped,
)
from sim.permits import Closed
from sim.phases.limits import left_by_limits
from sim.policy.mandates import Mandate
from sim.structure import INFERENCE
from sim.world import World

Cut = tuple[str, Floats]
"""What a quota, cap or mandate, by its id, takes of what is open (S + W, V)."""
ROUNDS = 4
"""Times that orders are made anew within quotas, as what one cuts goes to cards under another."""


def hourly_costs(world: World, name: str, region: Ints, duty: Floats | None = None) -> Floats:
    """Return the long-run cost of a card-hour with duty and grant, at the places that a rule knows by a name (n, V).

    The duty is that of the rules, where no other (n, V) is given.
    """
    market, state, grants = world.parameters.market, world.state, world.conditions.measures.support.cards
    return costs_with_duty(
        state.hour_cost, region, world.rules[name].duty if duty is None else duty, grants,
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


def buy(world: World, here: Shelf, power: Floats, worth: Worth) -> None:
    """Order cards ``here`` for up to ``power`` (S,) MW at every site and for owners elsewhere, within rules and quotas.

    Sets ``denied`` (S + W, V): cards that would have been ordered, had no instrument closed them, beside those that a
    mandate took out; ``closed``: those that governments abroad closed, which is what the grey market is for; ``bound``:
    ``denied`` by instrument; and ``lifted``: what each rule on cards, quota, cap and mandate by itself keeps from being
    ordered.
    """
    state, buyers, cut = world.state, _buyers(world, here, power, worth), list[Cut]()
    world.now.under = world.standing
    ruled, ordered = _under_quotas(world, buyers, cut)
    open_, ordered = _under_limits(world, buyers, ruled, ordered, cut)
    state.left[:] = _left(world, open_) if cut else 1.0
    state.ordered[:], state.elsewhere_ordered[:] = ordered[: power.size], ordered[power.size :]
    if cut or world.permits.closes:
        _note_closed(world, buyers, open_, ordered, cut)


def _under_quotas(world: World, buyers: Buyers, cut: list[Cut]) -> tuple[Floats, Floats]:
    """Return the share of orders (S + W, V) that rules and quotas leave, and the orders; note what quotas ``cut``."""
    ruled, quotas, under = world.permits.open, world.permits.quotas, world.now.under
    ordered = orders(buyers, ruled)
    for turn in range(ROUNDS if quotas.rules else 0):
        parts, left = _left_by_quotas(world, under, ordered)
        if parts.min() >= 1.0 - NEGLIGIBLE:
            break
        if turn == 0:
            _note_lifted(world, quotas.rules, parts, ordered)
        ruled, under = _narrowed(world, quotas.rules, parts, ordered, ruled, cut), left
        ordered = orders(buyers, ruled)
    world.now.under, world.now.arrays["allowed"] = under, ruled
    return ruled, ordered


def _under_limits(
    world: World, buyers: Buyers, ruled: Floats, ordered: Floats, cut: list[Cut]
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the share of orders that caps and mandates leave as well, and the orders; note what they ``cut``."""

    def without(mandate: Mandate) -> Floats:
        return domestic_orders(buyers, ruled, mandate.foreign, mandate.places)

    limits = world.conditions.measures.limits
    found, world.now.under = left_by_limits(world, limits, ruled, ordered, world.now.under, without)
    if not found:
        return ruled, ordered
    names, parts = tuple(name for name, _ in found), np.array([part for _, part in found])
    _note_lifted(world, names, parts, ordered)
    open_ = _narrowed(world, names, parts, ordered, ruled, cut)
    return open_, orders(buyers, open_)


def _left(world: World, open_: Floats) -> Floats:
    """Return what quotas, caps and mandates leave of orders (S + W, V) that rules leave open."""
    rules = world.permits.open
    return np.divide(open_, rules, out=np.ones_like(open_), where=rules > 0.0)


def _note_closed(
    world: World, buyers: Buyers, open_: Floats, ordered: Floats, cut: list[Cut]
) -> None:  # fmt: skip
    """Note what would have been ordered, had nothing been closed, and which instruments closed how much of it."""
    now, permits, first = world.now, world.permits, wanted(buyers, open_, ordered)
    abroad = permits.abroad + _cut_abroad(world, cut) if cut else permits.abroad
    now.arrays["denied"], now.arrays["closed"] = refused(first, open_, abroad, now.arrays["removed"])
    _credit_closed(world, permits.deciding, first)
    if cut:
        _credit_closed(world, _as_closed(cut), first)
    more = lifted(buyers, open_, permits.alone.shares, permits.alone.there, ordered)
    for name, by_place in zip(permits.alone.rules, more, strict=True):
        now.lifted[name] = by_place + now.lifted.get(name, 0.0)


def _cut_abroad(world: World, cut: list[Cut]) -> Floats:
    """Return the share of orders (S + W, V) that quotas and caps of other governments than the destination's cut."""
    out = np.zeros(world.permits.open.shape)
    for name, share in cut:
        out += np.where(world.permits.foreign[name][:, None], share, 0.0)
    return out


def _note_lifted(world: World, limits: Sequence[str], parts: Floats, ordered: Floats) -> None:
    """Note what each limit, by its id and with its part (S + W, V), cuts of the orders that the others leave.

    Of those alone that silence no others, which would speak if they were lifted.
    """
    alone, overriding = cut_alone(ordered, parts, world.structure.chip_h100e), world.policy.overriding
    world.now.lifted |= {name: x for name, x in zip(limits, alone, strict=True) if name not in overriding}


def _narrowed(
    world: World, limits: Sequence[str], parts: Floats, ordered: Floats, open_: Floats, cut: list[Cut]
) -> Floats:  # fmt: skip
    """Return what is left open (S + W, V) after each of some limits in turn, and note what each ``cut``.

    And in ``stopped`` whose orders (S + W, V) each cuts, whether wanted first or next.

    Args:
        world: the market.
        limits: their ids.
        parts: (L, S + W, V) part of orders that each leaves.
        ordered: (S + W, V)
        open_: (S + W, V) share of orders that is open before them.
        cut: what limits cut so far, added to.
    """
    left, taken = narrowed(open_, parts)
    cut += zip(limits, taken, strict=True)
    for name, there in zip(limits, stopped(ordered, parts), strict=True):
        world.now.stopped[name] = there | world.now.stopped.get(name, False)
    return left


def _as_closed(cut: list[Cut]) -> Closed:
    """Return what quotas, caps and mandates cut, each as often as it did."""
    return Closed.of(tuple(name for name, _ in cut), np.array([share for _, share in cut]))


def _credit_closed(world: World, closed: Closed, cards: Floats) -> None:
    """Credit instruments with what they close of cards (S + W, V) at every place."""
    lost = taken_by(closed.shares, closed.there, cards, world.structure.chip_h100e, world.state.chip_price)
    for name, by_place in zip(closed.rules, lost, strict=True):
        credit(world, name, by_place)


def credit(world: World, name: str, by_place: Floats) -> None:
    """Add to ``bound`` what an instrument closes at every place (2, S + W): H100e, and USD m at today's prices."""
    bound = world.now.bound
    bound[name] = bound[name] + by_place if name in bound else by_place


def _buyers(world: World, here: Shelf, power: Floats, worth: Worth) -> Buyers:
    """Return all who order; owners outside the named providers order what they always do, in H100e."""
    structure = world.structure
    there = shelf(world, hourly_costs(world, "elsewhere", structure.elsewhere_region))
    usual = world.paths.elsewhere[min(world.t + 1, structure.quarters - 1)]
    return Buyers(here, habit(world), worth, power, there, usual, structure.chip_h100e)


def _left_by_quotas(world: World, under: Under, ordered: Floats) -> tuple[Floats, Under]:
    """Return the part of every order that each quota leaves (M, S + W, V) of what those before it leave.

    And what then stands under each limit: of what stood not under a quota all went on as it was.
    """
    structure, quotas, left = world.structure, world.permits.quotas, under.parts.copy()
    parts = left_by_quotas(
        ordered, quotas.row, quotas.home, quotas.share, quotas.most, structure.chip_h100e, structure.chip_supplier,
        len(structure.suppliers), under.shared, left,
    )  # fmt: skip
    return parts, under._replace(parts=left)


def quotas_ahead(world: World, ordered: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield every quota with the share of the quarter (S + W, V) in which cards may be had that it will close.

    It is worked out on the orders of today (S + W, V): what a quota closes depends on what all order.
    """
    structure = world.structure
    for coming in world.permits.coming:
        limit = coming.limit
        part = left_by_quota(
            ordered, coming.under, limit.home, structure.chip_h100e, structure.chip_supplier, len(structure.suppliers),
            limit.share, limit.most,
        )  # fmt: skip
        yield coming.rule, coming.days * (1.0 - part)


def within_quotas(world: World, accepted: Floats) -> Floats:
    """Return accepted orders (S + W, V) cut to the quotas: makers may have cut orders at home by more."""
    quotas, under, cut = world.permits.quotas, world.now.under, list[Cut]()
    if not quotas.rules:
        return accepted
    early = [under.limits.index(x.rule) for x in world.permits.coming if x.rule in under.limits]
    usual, beside = _usual(world), under.parts.copy()
    beside[early] *= usual
    parts, world.now.under = _left_by_quotas(world, under._replace(parts=beside), accepted)
    for left in world.now.under.parts[early]:
        left[:] = part_of(left, usual)
    open_ = _narrowed(world, quotas.rules, parts, accepted, np.ones(accepted.shape), cut)
    _credit_closed(world, _as_closed(cut), accepted)
    return accepted * open_


def _usual(world: World) -> Floats:
    """Return the part of orders (S + W, V) that was not bought ahead earlier in the quarter."""
    state, usual = world.state, np.ones(world.permits.open.shape)
    usual[: state.ordered.shape[0]] -= part_of(state.for_store, state.ordered)
    return usual
