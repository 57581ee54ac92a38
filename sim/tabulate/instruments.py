"""Rows of the table ``rules`` for instruments beside rules on cards: what they took, paid, or stood in the way of."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.economics.chip_costs import LARGEST_STEP
from sim.economics.elementary import sum_by
from sim.economics.folding import folded
from sim.economics.upstream import NOTHING
from sim.names import HOURS_PER_QUARTER
from sim.parameters.instruments import (
    BuyRatio,
    CountryCap,
    CreditShock,
    DomesticContent,
    FoundryRule,
    HomePriority,
    Remedy,
    StageRule,
    Subsidy,
)
from sim.parameters.policy import Enforcement
from sim.policy.chip_rules import made_there
from sim.policy.dates import days_of, strength_over
from sim.policy.foundry import closed_in_turn
from sim.policy.subsidies import support
from sim.policy.upstream import takes_from
from sim.tabulate.bound import Bound
from sim.tabulate.facts import Facts

ALL = "all"
"""Who a rule is for that knows no single firm."""
Maker = Callable[[Facts, str, Any, int, float], Iterator[Bound]]


def on_instruments(facts: Facts) -> Iterator[Bound]:
    """Yield what every instrument beside rules on cards did in the quarters in which it was in force."""
    for name, rule in facts.structure.parameters.policy.instruments.items():
        make = KINDS.get(type(rule))
        for t in range(len(facts.quarters)) if make is not None else ():
            strength = strength_over(days_of(rule), facts.structure.start + t)
            if make is not None and strength > 0.0:
                yield from make(facts, name, rule, t, strength)


def _quantity(
    facts: Facts, name: str, _: CountryCap | BuyRatio | DomesticContent, t: int, __: float
) -> Iterator[Bound]:
    """Yield the firms whose orders it cut; all of them together where it cut none."""
    firms, ((closed, lost), stopped) = facts.ordering[0], closed_by_firm(facts, t, name)
    lifted = lifted_by_firm(facts, t, name)
    cut = [
        Bound(t, name, firms[i], True, float(closed[i]), float(lost[i]), lifted=float(lifted[i]))
        for i in np.flatnonzero(stopped)
    ]
    yield from cut or [Bound(t, name, ALL, acted=False, closed=0.0, lost=0.0)]


def closed_by_firm(facts: Facts, t: int, name: str) -> tuple[Floats, Bools]:
    """Return H100e and USD m of what each firm that orders wants first and an instrument closed in a quarter (2, n).

    And whether it cut what they would order, be it their first wish or what they take in its place (n,).
    """
    firms, member = facts.ordering
    bound, stopped = facts.record.bound[t].get(name), facts.record.stopped[t].get(name)
    closed, cut = np.zeros((2, len(firms))), np.zeros(len(firms), np.bool_)
    if bound is not None:
        closed = np.stack([sum_by(member, amounts, len(firms)) for amounts in bound])
    if stopped is not None:
        cut[member[stopped]] = True
    return closed, cut | (closed[0] > 0.0)


def lifted_by_firm(facts: Facts, t: int, name: str) -> Floats:
    """Return H100e more that each firm would order in a quarter if an instrument alone were lifted (n,)."""
    (firms, member), more = facts.ordering, facts.record.lifted[t].get(name)
    return np.zeros(len(firms)) if more is None else sum_by(member, more, len(firms))


def _subsidy(facts: Facts, name: str, rule: Subsidy, t: int, strength: float) -> Iterator[Bound]:
    """Yield what one subsidy pays in each of its regions, as if it stood alone."""
    structure, links, record = facts.structure, facts.links, facts.record
    given = support([(rule, strength)], structure, links.subjects["sites"].origins)
    region, regions = links.site_region, len(structure.regions)
    servers = structure.parameters.market.costs.server_cost_multiple / 1e6
    paid = record["site_capex"][t] * given.capital[region]
    paid = paid + (record["delivered"][t] * given.cards[region]) @ record["chip_price"][t] * servers
    power = (record["owned"][t] * given.power[region]) @ structure.chip_kw * HOURS_PER_QUARTER / 1e6
    paid = paid + power * (links.pue * links.tariff)[region]
    by_region = folded(paid[None, :], region, regions)[0]
    for place in rule.regions:
        at = structure.regions.index(place)
        amount, offered = float(by_region[at]), bool(given.cards[region[region == at]].any())
        yield Bound(t, name, place, amount > 0.0 or offered, subsidy=amount)


def _stages(facts: Facts, name: str, rule: StageRule, t: int, strength: float) -> Iterator[Bound]:
    """Yield the makers of a side whom a rule keeps short: orders not met for a stage of which it takes something.

    What several rules keep short counts for each. One that moves prices acts on all who deliver. The side itself stands
    for what the government pays, and for a rule on its stages as soon as orders of a maker are so much of what could be
    made that its price feels it, before anybody is short; and for a ban on what comes from abroad, as what it delivers
    is more or less domestic for it.
    """
    upstream, suppliers = facts.structure.parameters.upstream[rule.side], facts.structure.parameters.suppliers
    stages = takes_from(rule, upstream, imported=t + 1 > facts.structure.history)
    here = np.array([supplier.upstream == rule.side for supplier in suppliers.values()])
    felt = t + 1 >= facts.structure.history and bool((facts.record["tightness"][t, here] > 1.0 - LARGEST_STEP).any())
    adds = rule.output > 1.0 or rule.growth > 0.0
    banned = rule.imports_banned > 0.0 or rule.tools_banned > 0.0 or rule.servicing_banned > 0.0
    acted = (felt and (adds or bool(stages))) or (banned and bool(stages)) or rule.cost_usd_m > 0.0
    yield Bound(t, name, rule.side, acted, subsidy=rule.cost_usd_m * strength)
    short, made = _unmet(facts, t), _delivered(facts, t)
    for k, maker in enumerate(suppliers):
        if here[k]:
            closed = float(short[k]) if facts.record["limit"][t, k] in stages else 0.0
            yield Bound(t, name, maker, closed > 0.0 or (rule.price != 1.0 and made[k] > 0.0), closed)


def _unmet(facts: Facts, t: int) -> Floats:
    """Return H100e that were ordered of every maker and not accepted (K,); none while deliveries are given."""
    record, structure, makers = facts.record, facts.structure, len(facts.structure.suppliers)
    if t + 1 < structure.history:
        return np.zeros(makers)
    short = (record["ordered"][t] - record["accepted"][t]).sum(axis=0)
    short += (record["elsewhere_ordered"][t] - record["elsewhere_accepted"][t]).sum(axis=0)
    return sum_by(structure.chip_supplier, np.maximum(short, 0.0) * structure.chip_h100e, makers)


def _delivered(facts: Facts, t: int) -> Floats:
    """Return cards delivered by every maker (K,)."""
    return sum_by(facts.structure.chip_supplier, facts.fleets.shipped[t], len(facts.structure.suppliers))


def _foundry(facts: Facts, name: str, rule: FoundryRule, t: int, _: float) -> Iterator[Bound]:
    """Yield H100e of cards ordered that foundries may not make, of what the rules before it leave."""
    record, structure = facts.record, facts.structure
    ordered = record["ordered"][t].sum(axis=0) + record["elsewhere_ordered"][t].sum(axis=0)
    shut = ordered * closed_in_turn(_foundry_rules(facts, t), facts.caught_by_foundries)[name]
    closed, lost = float(shut @ structure.chip_h100e), float(shut @ record["chip_price"][t]) / 1e6
    yield Bound(t, name, ", ".join(rule.headquarters), closed > 0.0, closed, lost)


def _foundry_rules(facts: Facts, t: int) -> Iterator[tuple[str, FoundryRule, float]]:
    """Yield rules on foundries with their mean strengths over a quarter, in the order in which they are applied."""
    for name, rule in sorted(facts.structure.parameters.policy.instruments.items()):
        if isinstance(rule, FoundryRule):
            yield name, rule, strength_over(days_of(rule), facts.structure.start + t)


def _priority(facts: Facts, name: str, rule: HomePriority, t: int, _: float) -> Iterator[Bound]:
    """Yield the merchants that it binds: who cut orders, with buyers whom it puts first and others behind them.

    Nobody stands behind whom another rule in force puts first.
    """
    structure, record, places = facts.structure, facts.record, facts.links.subjects["orders"].places
    queue, asked = facts.world.ground.instruments.over(structure.start + t).queue, _asked(facts, t)
    home = np.array([place.headquarters in rule.first for place in places], dtype=np.bool_)
    ranked = asked[home].any(axis=0) & (asked & ~queue.first).any(axis=0)
    cut = ranked & (record["limit"][t] != NOTHING) if t + 1 >= structure.history else np.zeros_like(ranked)
    for k, (maker, supplier) in enumerate(structure.parameters.suppliers.items()):
        if supplier.headquarters in rule.makers and supplier.sells_to is None:
            yield Bound(t, name, maker, bool(cut[k]))


def _asked(facts: Facts, t: int) -> Bools:
    """Return whether each place ordered cards of each maker (n, K)."""
    structure, ordered = facts.structure, facts.fleets.everywhere("ordered", "elsewhere_ordered", t)
    makers = len(structure.suppliers)
    return np.asarray(folded(ordered, structure.chip_supplier, makers, axis=1) > 0.0)


def _remedy(facts: Facts, name: str, rule: Remedy, t: int, __: float) -> Iterator[Bound]:
    """Yield whether it leaves less of switching costs, or of long contracts, than customers of a region have."""
    s = facts.structure.parameters.customers.switching
    eased = rule.switching < 1.0 and max(s.cost_iaas, s.cost_maas) > 0.0
    cut = rule.committed_share < max(s.one_year_share + s.three_year_share, s.maas_reserved_share)
    for place in facts.structure.regions if rule.regions is None else rule.regions:
        yield Bound(t, name, place, eased or cut)


def _credit(facts: Facts, name: str, rule: CreditShock, t: int, _: float) -> Iterator[Bound]:
    """Yield the providers that it reaches: what they would pay for debt, or may borrow, is other at once."""
    reached = made_there(rule.headquarters, facts.structure.headquarters)
    for i in np.flatnonzero(reached):
        yield Bound(t, name, facts.structure.providers[i], True)


def _evasion(facts: Facts, name: str, rule: Enforcement, t: int, _: float) -> Iterator[Bound]:
    """Yield effort and seizures at each destination."""
    structure = facts.structure
    seized = folded(facts.record["seized"][t][None], structure.elsewhere_region, len(structure.regions), axis=1)[0]
    strengths = facts.world.ground.instruments.over(structure.start + t).effort
    harder = rule.budget != 1.0 or rule.verification != 1.0
    for place in rule.destinations:
        at = structure.regions.index(place)
        cards, strength = float(seized[at].sum()), float(strengths[at])
        yield Bound(t, name, place, harder and cards > 0.0, effort=strength, seizures=cards)


KINDS: Mapping[type, Maker] = {
    CountryCap: _quantity, BuyRatio: _quantity, DomesticContent: _quantity, Subsidy: _subsidy, StageRule: _stages,
    FoundryRule: _foundry, HomePriority: _priority, Remedy: _remedy, CreditShock: _credit, Enforcement: _evasion,
}  # fmt: skip
"""How rows of each kind of instrument are made."""
