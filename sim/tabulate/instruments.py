"""Rows of the table ``rules`` for instruments beside rules on cards: what they took, paid, or stood in the way of."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

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
from sim.policy.dates import days_of, strength_over
from sim.policy.enforcement import effort
from sim.policy.foundry import caught
from sim.policy.subsidies import support
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
    closed = facts.record.bound[t].get(name, 0.0)
    yield Bound(t, name, ALL, closed > 0.0, closed=closed)


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
        amount = float(by_region[structure.regions.index(place)])
        yield Bound(t, name, place, amount > 0.0, subsidy=amount)


def _stages(_: Facts, name: str, rule: StageRule, t: int, strength: float) -> Iterator[Bound]:
    neutral = (rule.output, rule.price) == (1.0, 1.0) and not any(
        (rule.growth, rule.imports_banned, rule.tools_banned, rule.servicing_banned)
    )
    yield Bound(t, name, rule.side, not neutral, subsidy=rule.cost_usd_m * strength)


def _foundry(facts: Facts, name: str, rule: FoundryRule, t: int, _: float) -> Iterator[Bound]:
    """Yield H100e of cards ordered that foundries may not make."""
    record, structure = facts.record, facts.structure
    ordered = record["ordered"][t].sum(axis=0) + record["elsewhere_ordered"][t].sum(axis=0)
    closed = float((ordered * structure.chip_h100e)[caught(rule, structure)].sum() * (1.0 - rule.access))
    yield Bound(t, name, ", ".join(rule.headquarters), closed > 0.0, closed=closed)


def _priority(facts: Facts, name: str, rule: HomePriority, t: int, _: float) -> Iterator[Bound]:
    """Yield the merchants that it binds: those short of output."""
    for k, (maker, supplier) in enumerate(facts.structure.parameters.suppliers.items()):
        if supplier.headquarters in rule.makers and supplier.sells_to is None:
            decided = t + 1 >= facts.structure.history
            yield Bound(t, name, maker, decided and facts.record["limit"][t, k] != NOTHING)


def _remedy(_: Facts, name: str, rule: Remedy, t: int, __: float) -> Iterator[Bound]:
    yield Bound(t, name, ALL, min(rule.switching, rule.committed_share) < 1.0)


def _credit(_: Facts, name: str, rule: CreditShock, t: int, __: float) -> Iterator[Bound]:
    yield Bound(t, name, ALL, (rule.risk_free_rate, rule.spread, rule.covenant) != (0.0, 0.0, 1.0))


def _evasion(facts: Facts, name: str, rule: Enforcement, t: int, _: float) -> Iterator[Bound]:
    """Yield effort and seizures at each destination."""
    structure = facts.structure
    seized = folded(facts.record["seized"][t][None], structure.elsewhere_region, len(structure.regions), axis=1)[0]
    for place in rule.destinations:
        cards = float(seized[structure.regions.index(place)].sum())
        strength = effort(facts.world.policy, place, structure.start + t)
        yield Bound(t, name, place, cards > 0.0, effort=strength, seizures=cards)


KINDS: Mapping[type, Maker] = {
    CountryCap: _quantity, BuyRatio: _quantity, DomesticContent: _quantity, Subsidy: _subsidy, StageRule: _stages,
    FoundryRule: _foundry, HomePriority: _priority, Remedy: _remedy, CreditShock: _credit, Enforcement: _evasion,
}  # fmt: skip
"""How rows of each kind of instrument are made."""
