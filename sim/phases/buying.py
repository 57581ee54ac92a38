"""Who orders which card under the rules: what they close to a buyer goes to the next best card it may have (B4, B5)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.costs import cheapest
from sim.economics.licensing import costs_with_duty, quota_factors, spread
from sim.economics.slots import hours_per_mw, power_of, supplier_shares
from sim.parameters.policy import Licence
from sim.phases.limits import left_by_limits, limited
from sim.policy import Status
from sim.structure import INFERENCE
from sim.world import World

ROUNDS = 4
"""Cards that a buyer tries one after the other, as rules close the better ones."""
NEGLIGIBLE = 1e-9
"""Part of an order that is not worth another card."""


class Choice(NamedTuple):
    """What a site would order."""

    chip: Ints
    """(S, K) the best card of every supplier, -1 for none."""
    shares: Floats
    """(S, K) of suppliers in new capacity."""
    mw_hours: Floats
    """(S,) inference hours a quarter that an MW gives."""


def hourly_costs(world: World, name: str, region: Ints) -> Floats:
    """Return the long-run cost of a card-hour with duty and grant, at the places that a rule knows by a name (n, V)."""
    servers = world.parameters.market.costs.server_cost_multiple
    added = world.rules[name].duty - world.conditions.measures.support.cards[region] * servers
    return costs_with_duty(
        world.state.hour_cost, region, added, world.state.chip_price, world.links.card_recovery,
        world.parameters.market.utilisation.maximum,
    )  # fmt: skip


def best_cards(world: World, cost: Floats, allowed: Bools) -> Ints:
    """Return (n, K) the card of every supplier with the least cost per effective hour that may be ordered; -1 for none.

    Args:
        world: the market.
        cost: (n, V) per card-hour.
        allowed: (n, V) whether a buyer may order the card.
    """
    structure = world.structure
    return cheapest(
        cost / structure.chip_effective[:, INFERENCE], np.arange(cost.shape[0]), allowed, world.state.chip_launch,
        world.t + 1, structure.chip_supplier, len(structure.suppliers), structure.better_chips,
    )  # fmt: skip


def chosen(world: World, cost: Floats, allowed: Bools) -> Choice:
    """Return what every site would order of cards it may have, at a cost per card-hour (S, V)."""
    links, state, structure = world.links, world.state, world.structure
    chip = best_cards(world, cost, allowed)
    shares = supplier_shares(
        chip, cost / structure.chip_effective[:, INFERENCE], links.order_mix * state.making,
        world.parameters.behaviour.orders.supplier_sensitivity, state.order_cost,
    )  # fmt: skip
    return Choice(chip, shares, hours_per_mw(chip, shares, links.card_hours, structure.chip_kw))


def buy(world: World, power: Floats) -> None:
    """Order cards for ``power`` (S,) MW at every site and for owners elsewhere, within rules and quotas.

    Sets ``denied`` (S + W, V): cards that would have been ordered, had the rules not closed them.
    """
    state, rules = world.state, (world.rules["sites"], world.rules["elsewhere"])
    open_ = np.concatenate([rule.open for rule in rules])
    ordered, found = _order(world, power, open_), list(quotas(world))
    if found:
        open_ = open_ * _left_by(found, ordered)
        ordered = _order(world, power, open_)
    if limited(world):
        wide = open_
        part = left_by_limits(world, ordered, lambda cards: _order(world, power, np.where(cards, 0.0, wide)))
        open_ = wide * part
        ordered = _order(world, power, open_, np.where(part < 1.0, 0.0, wide))
    count = power.size
    state.ordered[:], state.elsewhere_ordered[:] = ordered[:count], ordered[count:]
    if open_.min() < 1.0:
        world.now.arrays["denied"] = _order(world, power, np.ones(open_.shape)) * (1.0 - open_)


def _order(world: World, power: Floats, open_: Floats, next_: Floats | None = None) -> Floats:
    """Return cards that places would order (S + W, V).

    Args:
        world: the market.
        power: (S,) MW to be filled.
        open_: (S + W, V) share that may go of what a place wants first.
        next_: (S + W, V) the same of what it takes in place of that; None for no difference.
    """
    sites, next_ = power.size, open_ if next_ is None else next_
    at_sites = _at_sites(world, power, open_[:sites], next_[:sites])
    return np.concatenate((at_sites, _elsewhere(world, open_[sites:], next_[sites:])))


def _at_sites(world: World, power: Floats, open_: Floats, next_: Floats) -> Floats:
    """Return cards for the powered slots of sites (S, V)."""
    cost, allowed, kw = world.now.arrays["site_cost"], open_ > 0.0, world.structure.chip_kw
    cards, left = np.zeros(open_.shape), power
    for _ in range(ROUNDS):
        choice = chosen(world, cost, allowed)
        wanted = (left * choice.mw_hours)[:, None] * choice.shares
        cards += spread(choice.chip, wanted, world.links.card_hours, open_)
        left = power - power_of(cards, kw)
        if (left <= NEGLIGIBLE * power).all():
            break
        open_, allowed = next_, allowed & (next_ > 0.0) & ~_used_up(choice.chip, open_)
    return cards


def _used_up(chip: Ints, open_: Floats) -> Bools:
    """Return cards of which a place has ordered all that it may (n, V): the chosen (n, K) that are not wholly open."""
    out = np.zeros(open_.shape, dtype=np.bool_)
    place, maker = np.nonzero(chip >= 0)
    out[place, chip[place, maker]] = True
    return out & (open_ < 1.0)


def _elsewhere(world: World, open_: Floats, next_: Floats) -> Floats:
    """Return cards for owners outside the named providers (W, V), who order what they always do, in H100e.

    What a supplier may not sell them they order of the others, by what these sell them.
    """
    structure, cards = world.structure, np.zeros(open_.shape)
    if structure.elsewhere_region.size == 0:
        return cards
    cost, allowed = hourly_costs(world, "elsewhere", structure.elsewhere_region), open_ > 0.0
    wanted = world.paths.elsewhere[min(world.t + 1, structure.quarters - 1)]
    total = left = wanted.sum(axis=1)
    for _ in range(ROUNDS):
        chip = best_cards(world, cost, allowed)
        sold = np.where(chip >= 0, wanted, 0.0)
        of = sold.sum(axis=1, keepdims=True)
        shares = np.divide(sold, of, out=np.zeros_like(sold), where=of > 0.0)
        cards += spread(chip, left[:, None] * shares, structure.chip_h100e, open_)
        left = total - cards @ structure.chip_h100e
        if (left <= NEGLIGIBLE * total).all():
            break
        open_, allowed = next_, allowed & (next_ > 0.0) & ~_used_up(chip, open_)
    return cards


class Quota(NamedTuple):
    """A licence with a limit on quantities."""

    under: Bools
    """(S + W, V) orders that stand under it."""
    home: Bools
    """(S + W,) places in its makers' own regions."""
    terms: Licence


def quotas(world: World) -> Iterator[Quota]:
    """Yield the quotas that some order stands under."""
    ends = [world.rules[name].end for name in ("sites", "elsewhere")]
    places = [place for name in ("sites", "elsewhere") for place in world.links.subjects[name].places]
    for n, (_, rule, _) in enumerate(world.policy.chip_rules):
        terms = rule.licence
        if terms is None or (terms.share_of_home is None and terms.cards_per_quarter is None):
            continue
        under = np.concatenate([(end.rule == n) & (end.status == Status.LICENCE) for end in ends])
        if under.any():
            home = [rule.origins is None or place.destination in rule.origins for place in places]
            yield Quota(under, np.array(home, dtype=np.bool_), terms)


def _left_by(found: Iterable[Quota], ordered: Floats) -> Floats:
    """Return the part of every order that quotas leave (S + W, V)."""
    out = np.ones(ordered.shape)
    for quota in found:
        factors = quota_factors(ordered, quota.under, quota.home, *_limits(quota.terms))
        out = np.where(quota.under, out * factors, out)
    return out


def _limits(terms: Licence) -> tuple[float, float]:
    """Return most cards over those sold at home, and most cards; infinity where there is no limit."""
    share, most = terms.share_of_home, terms.cards_per_quarter
    return np.inf if share is None else share, np.inf if most is None else most


def within_quotas(world: World, accepted: Floats) -> Floats:
    """Return accepted orders (S + W, V) cut to the quotas: makers may have cut orders at home by more."""
    found = list(quotas(world))
    return accepted * _left_by(found, accepted) if found else accepted
