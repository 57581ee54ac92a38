"""Rows of the table ``rules`` for instruments beside rules on cards: what they took, paid, or stood in the way of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.chip_costs import LARGEST_STEP
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
from sim.policy.subsidies import support
from sim.policy.upstream import takes_from
from sim.tabulate.bound import Bound, for_each, named
from sim.tabulate.facts import Facts
from sim.tabulate.rows import strings

ALL = "all"
"""Who a rule is for that knows no single firm."""
Maker = Callable[[Facts, str, Any, Ints, Floats], Iterator[Bound]]
"""Makes the rows of a rule by its id, in the quarters (n,) in which it is in force, with its strengths (n,)."""


def on_instruments(facts: Facts) -> Iterator[Bound]:
    """Yield what every instrument beside rules on cards did in the quarters in which it was in force."""
    for name, rule in facts.structure.parameters.policy.instruments.items():
        make = KINDS.get(type(rule))
        if make is not None:
            strength = facts.rulebook.strength[name][: facts.record.quarters]
            t = np.flatnonzero(strength > 0.0)
            if t.size:
                yield from make(facts, name, rule, t, strength[t])


def _quantity(
    facts: Facts, name: str, _: CountryCap | BuyRatio | DomesticContent, t: Ints, __: Floats
) -> Iterator[Bound]:
    """Yield the firms whose orders it cut; all of them together where it cut none."""
    (closed, lost), cut = (x[..., t, 0, :] for x in closed_by_firm(facts, [name]))
    rows, firm = np.nonzero(cut)
    yield Bound(
        t[rows], named(name, rows.size), strings(facts.rulebook.firms)[firm], np.ones(rows.size, np.bool_),
        {
            "quantity_bound": closed[rows, firm], "denied_revenue_usd_m": lost[rows, firm],
            "lifted_h100e": lifted_by_firm(facts, [name])[t[rows], 0, firm],
        },
    )  # fmt: skip
    idle = t[~cut.any(axis=1)]
    none = np.zeros(idle.size)
    yield for_each(name, idle, [ALL], none > 0.0, {"quantity_bound": none, "denied_revenue_usd_m": none})


def closed_by_firm(facts: Facts, names: Sequence[str]) -> tuple[Floats, Bools]:
    """Return H100e and USD m of what each firm wants first and instruments closed, by quarter (2, T, n, F).

    And whether they cut what it would order, be it its first wish or what it takes in its place (T, n, F).
    """
    closed = _noted(facts, facts.record.bound, names, (2,)).transpose(2, 0, 1, 3)
    stopped = _noted(facts, facts.record.stopped, names, ())
    return closed, (stopped > 0.0) | (closed[0] > 0.0)


def lifted_by_firm(facts: Facts, names: Sequence[str]) -> Floats:
    """Return H100e more that each firm would order if one instrument alone were lifted, by quarter (T, n, F)."""
    return _noted(facts, facts.record.lifted, names, ())


def _noted(
    facts: Facts, noted: Sequence[Mapping[str, Bools | Floats]], names: Sequence[str], measures: tuple[int, ...]
) -> Floats:  # fmt: skip
    """Return what was noted of instruments by place (..., S + W), added up by firm (T, n, ..., F)."""
    row, firms = {name: n for n, name in enumerate(names)}, len(facts.rulebook.firms)
    found = [(t, row[name], x) for t, ids in enumerate(noted) for name, x in ids.items() if name in row]
    out = np.zeros((len(noted), len(names), *measures, firms))
    if found:
        t, n, by_place = zip(*found, strict=True)
        out[t, n] = folded(np.array(by_place, dtype=np.float64), facts.rulebook.member, firms)
    return out


def _subsidy(facts: Facts, name: str, rule: Subsidy, t: Ints, strength: Floats) -> Iterator[Bound]:
    """Yield what one subsidy pays in each of its regions, as if it stood alone."""
    for level in np.unique(strength):
        yield _paid(facts, name, rule, t[strength == level], float(level))


def _paid(facts: Facts, name: str, rule: Subsidy, t: Ints, strength: float) -> Bound:
    """Return what a subsidy pays in quarters in which it has one strength."""
    structure, links, record = facts.structure, facts.links, facts.record
    given = support([(rule, strength)], structure, links.subjects["sites"].origins)
    region, regions = links.site_region, len(structure.regions)
    servers = structure.parameters.market.costs.server_cost_multiple / 1e6
    paid = record["site_capex"][t] * given.capital[region]
    if given.cards.any():
        prices = record["chip_price"][t][:, :, None]
        paid = paid + ((record["delivered"][t] * given.cards[region]) @ prices)[:, :, 0] * servers
    if given.power.any():
        power = (record["owned"][t] * given.power[region]) @ structure.chip_kw * HOURS_PER_QUARTER / 1e6
        paid = paid + power * (links.pue * links.tariff)[region]
    at = [structure.regions.index(place) for place in rule.regions]
    amounts = folded(paid, region, regions)[:, at]
    offered = [bool(given.cards[region[region == here]].any()) for here in at]
    return for_each(name, t, rule.regions, (amounts > 0.0) | np.array(offered), {"subsidy_usd_m": amounts})


def _stages(facts: Facts, name: str, rule: StageRule, t: Ints, strength: Floats) -> Iterator[Bound]:
    """Yield the makers of a side whom a rule keeps short: orders not met for a stage of which it takes something.

    What several rules keep short counts for each. One that moves prices acts on all who deliver. The side itself stands
    for what the government pays, and for a rule on its stages as soon as orders of a maker are so much of what could be
    made that its price feels it, before anybody is short; and for a ban on what comes from abroad, as what it delivers
    is more or less domestic for it.
    """
    parameters, record, history = facts.structure.parameters, facts.record, facts.structure.history
    upstream, suppliers = parameters.upstream[rule.side], parameters.suppliers
    here = np.flatnonzero([supplier.upstream == rule.side for supplier in suppliers.values()])
    later = (t + 1 > history).astype(np.int64)
    stages = [takes_from(rule, upstream, imported=imported) for imported in (False, True)]
    takes = np.array([bool(found) for found in stages])[later]
    felt = (t + 1 >= history) & (record["tightness"][t][:, here] > 1.0 - LARGEST_STEP).any(axis=1)
    adds = rule.output > 1.0 or rule.growth > 0.0
    banned = rule.imports_banned > 0.0 or rule.tools_banned > 0.0 or rule.servicing_banned > 0.0
    acted = (felt & (adds | takes)) | (banned & takes) | (rule.cost_usd_m > 0.0)
    yield for_each(name, t, [rule.side], acted, {"subsidy_usd_m": rule.cost_usd_m * strength})
    limit = record["limit"][t][:, here]
    limiting = np.where((later > 0)[:, None], np.isin(limit, stages[1]), np.isin(limit, stages[0]))
    closed = np.where(limiting, _unmet(facts)[t][:, here], 0.0)
    moved = (rule.price != 1.0) & (_delivered(facts)[t][:, here] > 0.0)
    makers = [facts.structure.suppliers[k] for k in here]
    yield for_each(name, t, makers, (closed > 0.0) | moved, {"quantity_bound": closed})


def _unmet(facts: Facts) -> Floats:
    """Return H100e ordered of every maker and not accepted (T, K); none while deliveries are given."""
    record, structure = facts.record, facts.structure
    short = (record["ordered"] - record["accepted"]).sum(axis=1)
    short += (record["elsewhere_ordered"] - record["elsewhere_accepted"]).sum(axis=1)
    short[: max(structure.history - 1, 0)] = 0.0
    return folded(np.maximum(short, 0.0) * structure.chip_h100e, structure.chip_supplier, len(structure.suppliers))


def _delivered(facts: Facts) -> Floats:
    """Return cards delivered by every maker (T, K)."""
    return folded(facts.fleets.shipped, facts.structure.chip_supplier, len(facts.structure.suppliers))


def _foundry(facts: Facts, name: str, rule: FoundryRule, t: Ints, _: Floats) -> Iterator[Bound]:
    """Yield H100e of cards ordered that foundries may not make, of what the rules before it leave."""
    shut = facts.fleets.ordered_in_world[t] * facts.rulebook.closed_by_foundries[name][t]
    closed, usd = np.vecdot(shut, facts.structure.chip_h100e), np.vecdot(shut, facts.record["chip_price"][t])
    measures = {"quantity_bound": closed, "denied_revenue_usd_m": usd / 1e6}
    yield for_each(name, t, [", ".join(rule.headquarters)], closed > 0.0, measures)


def _priority(facts: Facts, name: str, rule: HomePriority, t: Ints, _: Floats) -> Iterator[Bound]:
    """Yield the merchants that it binds: who cut orders, with buyers whom it puts first and others behind them.

    Nobody stands behind whom another rule in force puts first.
    """
    structure, places = facts.structure, facts.links.subjects["orders"].places
    first = np.array([facts.world.ground.instruments.over(structure.start + int(x)).queue.first for x in t])
    asked = folded(facts.fleets.ordered[t], structure.chip_supplier, len(structure.suppliers)) > 0.0
    home = np.array([place.headquarters in rule.first for place in places], dtype=np.bool_)
    ranked = asked[:, home].any(axis=1) & (asked & ~first).any(axis=1)
    cut = ranked & (facts.record["limit"][t] != NOTHING) & (t + 1 >= structure.history)[:, None]
    bound = [
        k for k, supplier in enumerate(structure.parameters.suppliers.values())
        if supplier.headquarters in rule.makers and supplier.sells_to is None
    ]  # fmt: skip
    yield for_each(name, t, [structure.suppliers[k] for k in bound], cut[:, bound], {})


def _remedy(facts: Facts, name: str, rule: Remedy, t: Ints, _: Floats) -> Iterator[Bound]:
    """Yield whether it leaves less of switching costs, or of long contracts, than customers of a region have."""
    s = facts.structure.parameters.customers.switching
    eased = rule.switching < 1.0 and max(s.cost_iaas, s.cost_maas) > 0.0
    cut = rule.committed_share < max(s.one_year_share + s.three_year_share, s.maas_reserved_share)
    places = facts.structure.regions if rule.regions is None else rule.regions
    yield for_each(name, t, places, np.full((t.size, len(places)), eased or cut), {})


def _credit(facts: Facts, name: str, rule: CreditShock, t: Ints, _: Floats) -> Iterator[Bound]:
    """Yield the providers that it reaches: what they would pay for debt, or may borrow, is other at once."""
    reached = np.flatnonzero(made_there(rule.headquarters, facts.structure.headquarters))
    firms = [facts.structure.providers[i] for i in reached]
    yield for_each(name, t, firms, np.ones((t.size, len(firms)), np.bool_), {})


def _evasion(facts: Facts, name: str, rule: Enforcement, t: Ints, _: Floats) -> Iterator[Bound]:
    """Yield effort and seizures at each destination."""
    structure, instruments = facts.structure, facts.world.ground.instruments
    at = [structure.regions.index(place) for place in rule.destinations]
    seized = folded(facts.record["seized"][t], structure.elsewhere_region, len(structure.regions), axis=1)
    cards = np.array([seized[:, here].sum(axis=1) for here in at]).T
    effort = np.array([instruments.over(structure.start + int(x)).effort[at] for x in t])
    harder = rule.budget != 1.0 or rule.verification != 1.0
    yield for_each(
        name, t, rule.destinations, harder & (cards > 0.0), {"enforcement": effort, "seizures": cards}
    )  # fmt: skip


KINDS: Mapping[type, Maker] = {
    CountryCap: _quantity, BuyRatio: _quantity, DomesticContent: _quantity, Subsidy: _subsidy, StageRule: _stages,
    FoundryRule: _foundry, HomePriority: _priority, Remedy: _remedy, CreditShock: _credit, Enforcement: _evasion,
}  # fmt: skip
"""How rows of each kind of instrument are made."""
