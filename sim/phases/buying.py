"""Who orders which card under the rules: what they close to a buyer goes to the next best card it may have (B4, B5)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from sim.economics.baskets import Buyers, Habit, Shelf, domestic_orders, lifted, orders, shared, taken_by, wanted
from sim.economics.cells import Bools, Floats, Ints
from sim.economics.costs import NEGLIGIBLE
from sim.economics.elementary import part_of
from sim.economics.fleets import worth
from sim.economics.licensing import costs_with_duty, quota_factors
from sim.links import ORDERING
from sim.permits import Closed
from sim.phases.covered import Under, after_cut, under_licences, under_limits
from sim.phases.limits import left_by_limits, limited
from sim.policy.mandates import Mandate
from sim.policy.quotas import Limit
from sim.structure import INFERENCE
from sim.world import World

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

    Sets ``denied`` (S + W, V): cards that would have been ordered, had no instrument closed them, beside those that a
    mandate took out; ``closed``: those that governments abroad closed, which is what the grey market is for; ``bound``:
    ``denied`` by instrument; and ``lifted``: what each rule on cards, quota, cap and mandate by itself keeps from being
    ordered.
    """
    state, buyers, cut = world.state, _buyers(world, here, power), list[tuple[str, Floats]]()
    if world.permits.licensed or limited(world):
        world.now.under = {**under_licences(world), **under_limits(world, world.conditions.measures.limits)}
    ruled, ordered = _under_quotas(world, buyers, cut)
    open_, ordered = _under_limits(world, buyers, ruled, ordered, cut)
    state.left[:] = _left(world, open_) if cut else 1.0
    state.ordered[:], state.elsewhere_ordered[:] = ordered[: power.size], ordered[power.size :]
    if open_.min() < 1.0:
        _note_closed(world, buyers, open_, ordered, cut)


def _under_quotas(world: World, buyers: Buyers, cut: list[tuple[str, Floats]]) -> tuple[Floats, Floats]:
    """Return the share of orders (S + W, V) that rules and quotas leave, and the orders; note what quotas ``cut``."""
    ruled, found, under = world.permits.open, quotas(world), world.now.under
    ordered = orders(buyers, ruled)
    for turn in range(ROUNDS if found else 0):
        parts, left = _left_by(world, found, under, ordered)
        if min(part.min() for _, part in parts) >= 1.0 - NEGLIGIBLE:
            break
        if turn == 0:
            cut_alone = _cut_alone(parts, ordered, world.structure.chip_h100e)
            world.now.lifted |= {name: x for name, x in cut_alone.items() if not _silencing(world, name)}
        _note(world, parts, ordered)
        ruled, under = _narrowed(ruled, parts, cut), left
        ordered = orders(buyers, ruled)
    world.now.quotas, world.now.under, world.now.arrays["allowed"] = found, under, ruled
    return ruled, ordered


def _under_limits(
    world: World, buyers: Buyers, ruled: Floats, ordered: Floats, cut: list[tuple[str, Floats]]
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the share of orders that caps and mandates leave as well, and the orders; note what they ``cut``."""
    if not limited(world):
        return ruled, ordered
    parts, under = _beyond_limits(world, buyers, ruled, ordered)
    if min((part.min() for _, part in parts), default=1.0) >= 1.0:
        return ruled, ordered
    _note(world, parts, ordered)
    world.now.lifted |= _cut_alone(parts, ordered, world.structure.chip_h100e)
    open_, world.now.under = _narrowed(ruled, parts, cut), under
    return open_, orders(buyers, open_)


def _left(world: World, open_: Floats) -> Floats:
    """Return what quotas, caps and mandates leave of orders (S + W, V) that rules leave open."""
    rules = world.permits.open
    return np.divide(open_, rules, out=np.ones_like(open_), where=rules > 0.0)


def _note_closed(
    world: World, buyers: Buyers, open_: Floats, ordered: Floats, cut: list[tuple[str, Floats]]
) -> None:  # fmt: skip
    """Note what would have been ordered, had nothing been closed, and which instruments closed how much of it."""
    now, permits, first = world.now, world.permits, wanted(buyers, open_, ordered)
    now.arrays["denied"] = now.arrays["removed"] + first * (1.0 - open_)
    now.arrays["closed"] = first * (permits.abroad + _cut_abroad(world, cut) if cut else permits.abroad)
    _credit_closed(world, permits.deciding, first)
    if cut:
        _credit_closed(world, _as_closed(cut), first)
    more = lifted(buyers, open_, permits.alone.shares, permits.alone.there, ordered)
    for name, by_place in zip(permits.alone.rules, more, strict=True):
        now.lifted[name] = by_place + now.lifted.get(name, 0.0)


def _silencing(world: World, name: str) -> bool:
    """Return whether a rule on cards silences others, which would speak if it were lifted."""
    return any(rule.overrides for found, rule, _ in world.policy.chip_rules if found == name)


def _cut_abroad(world: World, cut: list[tuple[str, Floats]]) -> Floats:
    """Return the share of orders (S + W, V) that quotas and caps of other governments than the destination's cut."""
    out = np.zeros(world.permits.open.shape)
    for name, share in cut:
        out += np.where(world.permits.foreign[name][:, None], share, 0.0)
    return out


def _beyond_limits(
    world: World, buyers: Buyers, ruled: Floats, ordered: Floats
) -> tuple[list[tuple[str, Floats]], Under]:  # fmt: skip
    """Return the part of orders (S + W, V) that every cap and mandate leaves, where rules and quotas have been heard.

    And what stands under each of them, and under licences, after that.
    """

    def without(mandate: Mandate) -> Floats:
        return domestic_orders(buyers, ruled, mandate.foreign, mandate.places)

    return left_by_limits(world, world.conditions.measures.limits, ruled, ordered, world.now.under, without)


def _cut_alone(parts: list[tuple[str, Floats]], ordered: Floats, h100e: Floats) -> dict[str, Floats]:
    """Return what each cap and mandate cuts of orders (S + W, V) that the others leave, H100e by place."""
    out = dict[str, Floats]()
    for n, (name, part) in enumerate(parts):
        others = np.prod([other for m, (_, other) in enumerate(parts) if m != n] or [np.ones(part.shape)], axis=0)
        out[name] = worth(ordered * others * (1.0 - part), h100e)
    return out


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


def _as_closed(cut: list[tuple[str, Floats]]) -> Closed:
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


def _buyers(world: World, here: Shelf, power: Floats) -> Buyers:
    """Return all who order; owners outside the named providers order what they always do, in H100e."""
    structure = world.structure
    there = shelf(world, hourly_costs(world, "elsewhere", structure.elsewhere_region))
    usual = world.paths.elsewhere[min(world.t + 1, structure.quarters - 1)]
    return Buyers(here, habit(world), power, there, usual, structure.chip_h100e)


class Quota(NamedTuple):
    """A licence with a limit on quantities."""

    rule: str
    """Its id."""
    home: Bools
    """(S + W,) places in its makers' own regions."""
    share: float
    """Most H100e over those sold at home; infinity for no limit."""
    most: float
    """Most cards; infinity for no limit."""


def quotas(world: World) -> list[Quota]:
    """Return the quotas that some order stands under, for the days of the quarter in which the licence is given."""
    out, calendar = list[Quota](), world.policy
    for limit, _ in world.permits.licensed:
        days, name = calendar.licensed_days(limit.rule, world.quarter), calendar.chip_rules[limit.rule][0]
        out.append(Quota(name, limit.home, limit.share * days, limit.most * days))
    return out


def _left_by(
    world: World, found: Iterable[Quota], under: Under, ordered: Floats
) -> tuple[list[tuple[str, Floats]], Under]:  # fmt: skip
    """Return the part of every order that each quota leaves (S + W, V) of what those before it leave.

    And what then stands under each limit: of what stood not under a quota all went on as it was.
    """
    structure, parts = world.structure, list[tuple[str, Floats]]()
    for quota in found:
        mine = under[quota.rule]
        factors = quota_factors(
            ordered, mine, quota.home, structure.chip_h100e, structure.chip_supplier, len(structure.suppliers),
            quota.share, quota.most,
        )  # fmt: skip
        part = np.where(mine < 1.0, 1.0 - mine * (1.0 - factors), factors)
        parts.append((quota.rule, part))
        under = after_cut(world, under, quota.rule, mine, part)
        ordered = ordered * part
    return parts, under


def coming_quotas(world: World) -> Iterator[tuple[Limit, float, Floats]]:
    """Yield quotas that firms buy ahead of: in what share of the quarter, and what part of orders (S + W, V) then."""
    for limit in world.ground.quota_limits:
        days = world.policy.days_ahead(limit.rule, world.quarter)
        if days > 0.0:
            yield limit, days, np.concatenate([world.rules[name].coming[limit.rule] for name in ORDERING]) / days


def quotas_ahead(world: World, ordered: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield every quota with the share of the quarter (S + W, V) in which cards may be had that it will close.

    It is worked out on the orders of today (S + W, V): what a quota closes depends on what all order.
    """
    for limit, days, under in coming_quotas(world):
        name = world.policy.chip_rules[limit.rule][0]
        parts, _ = _left_by(world, [Quota(name, limit.home, limit.share, limit.most)], {name: under}, ordered)
        yield name, days * (1.0 - parts[0][1])


def within_quotas(world: World, accepted: Floats) -> Floats:
    """Return accepted orders (S + W, V) cut to the quotas: makers may have cut orders at home by more."""
    if not world.now.quotas:
        return accepted
    usual, cut = _usual(world), list[tuple[str, Floats]]()
    beside = {name: under * usual[name] if name in usual else under for name, under in world.now.under.items()}
    parts, left = _left_by(world, world.now.quotas, beside, accepted)
    world.now.under = {name: part_of(x, usual[name]) if name in usual else x for name, x in left.items()}
    _note(world, parts, accepted)
    open_ = _narrowed(np.ones(accepted.shape), parts, cut)
    _credit_closed(world, _as_closed(cut), accepted)
    return accepted * open_


def _usual(world: World) -> dict[str, Floats]:
    """Return the part of orders (S + W, V) that was not bought ahead of each quota earlier in the quarter, by id."""
    state, early = world.state, {limit.rule for limit, _, _ in coming_quotas(world)}
    if not early or not state.for_store.any():
        return {}
    usual = np.ones(world.permits.open.shape)
    usual[: state.ordered.shape[0]] -= part_of(state.for_store, state.ordered)
    return {world.policy.chip_rules[n][0]: usual for n in early}
