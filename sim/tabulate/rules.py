"""Table ``rules``: when each rule bound, for whom, and by how much; and what rules did, among the events."""

from collections.abc import Collection, Iterator

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import sum_by
from sim.economics.folding import folded
from sim.links import ORDERING
from sim.names import quarter_code
from sim.parameters.policy import ChipRule
from sim.policy.chip_rules import charges, reached, rulings
from sim.policy.dates import Days, days_of, first_day, quarter_of
from sim.structure import INFERENCE
from sim.tabulate.bound import Bound
from sim.tabulate.facts import Facts
from sim.tabulate.instruments import closed_by_firm, lifted_by_firm, on_instruments
from sim.tabulate.rows import Columns, strings


def rules(facts: Facts) -> Columns:
    """Return the table: a row for every rule that was in force in a quarter, and every entity that it looks at."""
    rows = _bound(facts)
    numbers = np.array([row[4:] for row in rows], dtype=np.float64).reshape(-1, 11)
    return {
        "quarter": strings(facts.quarters[row.t] for row in rows),
        "rule": strings(row.rule for row in rows),
        "who": strings(row.who for row in rows),
        "bound": np.array([row.acted for row in rows], dtype=np.bool_),
        "quantity_bound": numbers[:, 0],
        "denied_revenue_usd_m": numbers[:, 1],
        "fee_usd_m": numbers[:, 2],
        "duty_usd_m": numbers[:, 3],
        "subsidy_usd_m": numbers[:, 4],
        "enforcement": numbers[:, 5],
        "seizures": numbers[:, 6],
        "lifted_h100e": numbers[:, 7],
        "licensed_h100e": numbers[:, 8],
        "shaped_h100e": numbers[:, 9],
        "own_dearer_usd_per_h100e_hour": numbers[:, 10],
    }


def _bound(facts: Facts) -> list[Bound]:
    """Return what every rule did, in order, worked out once."""
    if facts.bound is None:
        rows = [*_on_orders(facts), *_on_own(facts), *_on_rentals(facts), *_on_leases(facts), *on_instruments(facts)]
        bound = {row.rule for row in rows if row.acted}
        rows += [*_feared(facts, bound), *_foreseen(facts, bound)]
        facts.bound = sorted(rows, key=lambda row: (row.t, row.rule, row.who))
    return facts.bound


def _in_force(facts: Facts, use: str) -> Iterator[tuple[int, int, str, ChipRule]]:
    """Yield quarter, position, id and terms of rules in force in some part of it, and licences of the one before.

    What was ordered on the terms of a licence is paid for when it comes.
    """
    for t in range(len(facts.quarters)):
        start, end = (first_day(facts.structure.start + x) for x in (t, t + 1))
        for n, (name, rule, days) in enumerate(facts.world.policy.chip_rules):
            before = first_day(facts.structure.start + t - 1) if rule.licence is not None else start
            if use in rule.uses and days.effective < end and days.expires > before:
                yield t, n, name, rule


def _on_orders(facts: Facts) -> Iterator[Bound]:
    """Yield the firms that a rule looks at.

    It bound where it refuses what is wanted first, be it alone or beside others, and where more of its cards would be
    ordered if it alone were lifted. What is wanted first is credited to the rule that decides, so that amounts add up.
    One that silences a refusal bound where cards are ordered that this one would close. One that stops nothing, as it
    asks to be told, bound where cards come that makers cut otherwise because of it.
    """
    firms, member = facts.ordering
    places, looked_at, quarter = facts.links.subjects["orders"].places, dict[str, list[int]](), -1
    for t, n, name, rule in _in_force(facts, "order"):
        if name not in looked_at:
            looked_at[name] = np.unique(member[reached(rule, places)]).tolist()
        if t != quarter:
            quarter, stopped_in = t, _stopped(facts, t)
        (closed, lost), cut = closed_by_firm(facts, t, name)
        lifted = lifted_by_firm(facts, t, name)
        fees, duties, licensed = _licensed(facts, t, n, rule, member, len(firms))
        shaped, launched = _shaped(facts, t, name)
        opens = _opens(facts, t, n)
        acted = (
            cut
            | launched
            | opens
            | _rented(facts, t, n)
            | (np.maximum.reduce([stopped_in[n], fees, duties, lifted, shaped]) > 0.0)
        )
        amounts = np.array([closed, lost, fees, duties, lifted, licensed, shaped]).T.tolist()
        for i, (h100e, usd, fee, duty, more, under, otherwise) in ((i, amounts[i]) for i in looked_at[name]):
            yield Bound(
                t, name, firms[i], bool(acted[i]), h100e, usd, fee, duty, lifted=more, licensed=under, shaped=otherwise,
            )  # fmt: skip


def _opens(facts: Facts, t: int, n: int) -> Bools:
    """Return whether each firm orders cards in a quarter that another rule would refuse without this one (n,)."""
    firms, member = facts.ordering
    opened = np.concatenate([facts.record.rules[t][x].opened[n] for x in ORDERING])
    if not opened.any():
        return np.zeros(len(firms), np.bool_)
    return _by_firm(facts.fleets.everywhere("ordered", "elsewhere_ordered", t) * opened, member, len(firms)) > 0.0


def _rented(facts: Facts, t: int, n: int) -> Bools:
    """Return whether a rule closes cards that the world got to a site abroad of each firm (n,), which then rents."""
    (firms, member), structure, sites = facts.ordering, facts.structure, len(facts.structure.sites)
    if t + 1 < structure.history or structure.parameters.behaviour.leasing.denied == 0.0:
        return np.zeros(len(firms), np.bool_)
    closed = facts.record.rules[t]["sites"].closed[n] @ facts.fleets.shipped[t]
    return sum_by(member[:sites], closed * ~facts.links.order_at_home[:sites], len(firms)) > 0.0


def _feared(facts: Facts, bound: Collection[str]) -> Iterator[Bound]:
    """Yield firms whose belief that rules tighten rose on the announcement of a rule that bound nobody."""
    structure, calendar, subjects = facts.structure, facts.world.policy, facts.links.subjects["sites"]
    belief, family = facts.record["tightening"], structure.parameters.behaviour.tightening
    rise = np.diff(belief, axis=0, prepend=np.full_like(belief[:1], family.adaptive.initial))
    rise = rise.reshape(len(facts.quarters), len(structure.sites), -1).max(axis=2) > 0.0
    for name, rule, days in calendar.chip_rules:
        t = quarter_of(rule.announced) - structure.start
        if name in bound or not 0 <= t < len(facts.quarters) or not rise[t].any():
            continue
        known = calendar.known(days.announced, days.effective, days.effective + 1, {})
        refuses = (rulings([case for case in known if case.id == name], subjects).approval < 1.0).any(axis=1)
        for i in np.unique(structure.site_provider[rise[t] & refuses]):
            yield Bound(t, name, structure.providers[i], True, 0.0, 0.0)


def _foreseen(facts: Facts, bound: Collection[str]) -> Iterator[Bound]:
    """Yield firms with sites that knew that a quota, cap or mandate would close what they ordered, and stored cards.

    Of limits that bound nobody in the end, as what was stored was enough.
    """
    firms, member = facts.ordering
    sites = len(facts.structure.sites)
    for t, ahead in enumerate(facts.record.foreseen):
        for name, places in ahead.items():
            if name not in bound and places[:sites].any():
                for i in np.unique(member[:sites][places[:sites]]):
                    yield Bound(t, name, firms[i], True, 0.0, 0.0)


def _on_own(facts: Facts) -> Iterator[Bound]:
    """Yield, by customer region, by how much a rule alone makes own cards of customers dearer."""
    for t, _, name, _ in _in_force(facts, "order"):
        for region, fall in zip(facts.structure.regions, facts.record.own_dearer[t].get(name, ()), strict=False):
            if fall > 0.0:
                yield Bound(t, name, region, True, 0.0, 0.0, own=float(fall))


def _stopped(facts: Facts, t: int) -> Floats:
    """Return cards wanted in a quarter and denied that each rule refuses by itself, by firm (N, F)."""
    firms, member = facts.ordering
    denied, rules = facts.record["denied"][t], facts.record.rules[t]
    if not denied.any():
        return np.zeros((len(facts.world.policy.chip_rules), len(firms)))
    refused = np.concatenate([rules[x].refused > 0.0 for x in ORDERING], axis=1)
    return folded((refused * denied).sum(axis=2), member, len(firms), axis=1)


def _shaped(facts: Facts, t: int, name: str) -> tuple[Floats, Bools]:
    """Return H100e of cards that each firm got in a quarter and that are others because of a rule that stops nothing.

    And whether such a card came out for the firm in the quarter, or would have without the rule (n,), (n,).
    """
    structure, (firms, member) = facts.structure, facts.ordering
    found = [row for row in structure.answers.shaped if row.rule == name]
    if not found:
        return np.zeros(len(firms)), np.zeros(len(firms), np.bool_)
    out = {row.place[:2] for row in found if row.quarter == structure.start + t}
    came = [place[:2] in out for place in facts.links.subjects["orders"].places]
    others = np.array([chip in {row.card for row in found} for chip in structure.chips])
    cards = facts.fleets.everywhere("delivered", "elsewhere_delivered", t)
    amounts = _by_firm(cards * others * structure.chip_h100e, member, len(firms))
    return amounts, sum_by(member, np.array(came, dtype=np.float64), len(firms)) > 0.0


def _by_firm(amounts: Floats, member: Ints, firms: int) -> Floats:
    """Return sums over places and cards (n, V) by firm."""
    return sum_by(member, amounts.sum(axis=1), firms)


def _licensed(
    facts: Facts, t: int, n: int, rule: ChipRule, member: Ints, firms: int
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Return fees and duties by firm, USD m, and H100e, of cards that came under a licence, ordered a quarter before.

    Cards under several licences pay each of them, and are shared among them where they are counted.
    """
    terms, record, h100e = rule.licence, facts.record, facts.structure.chip_h100e
    if t < max(facts.structure.history, 1) or terms is None:
        return np.zeros(firms), np.zeros(firms), np.zeros(firms)
    ahead = record["bought_ahead"][t] * (record.rules[t - 1]["sites"].coming[n] > 0.0)
    cards = np.concatenate([record["delivered"][t] - ahead, record["elsewhere_delivered"][t] - record["leaked"][t - 1]])
    all_ = np.concatenate([record.rules[t - 1][x].licensed for x in ORDERING], axis=1)
    value = _by_firm(cards * all_[n] * record["chip_price"][t] / 1e6, member, firms)
    counted = cards * all_[n] / np.maximum(all_.sum(axis=0), 1.0)
    duty, share = charges(terms, facts.world.policy.passed_on)
    return value * share, value * duty, _by_firm(counted * h100e, member, firms)


def _on_rentals(facts: Facts) -> Iterator[Bound]:
    """Yield, by customer region, compute abroad that customers may not rent; H100e effective in inference."""
    regions, links = facts.structure.regions, facts.links
    places = facts.links.subjects["regions"].places
    effective = facts.effective[:, :, INFERENCE]
    for t, n, name, rule in _in_force(facts, "rental"):
        rentals, cards = facts.record.rules[t]["rentals"], facts.record["operated"][t] * effective[t]
        for r in np.flatnonzero(reached(rule, places)):
            offered = np.unique(links.pair_pool[links.pair_region == r])
            abroad = offered[links.pool_region[offered] != r]
            refuses = (rentals.refused[n, r] * cards[abroad]).sum() > 0.0
            yield Bound(t, name, regions[r], bool(refuses), float((cards[abroad] * rentals.closed[n, r]).sum()))


def _on_leases(facts: Facts) -> Iterator[Bound]:
    """Yield, by firm that rents, leases ended and not signed for next quarter; H100e effective in inference.

    A lease that several rules close counts for each as far as it decides.
    """
    structure, firms = facts.structure, facts.structure.providers
    lessor, lessee = facts.links.leases[:2]
    site, effective = structure.pool_site[lessee], facts.effective[:, :, INFERENCE]
    places, renting = facts.links.subjects["sites"].places, structure.site_provider[site]
    for t, n, name, rule in _in_force(facts, "rental") if lessor.size else ():
        closed, hours = facts.record.rules[t]["leases"].closed, facts.record["operated"][t][lessor] * effective[t]
        mine, all_ = ((hours * shut[site]).sum(axis=1) for shut in (closed[n], closed.sum(axis=0)))
        part = np.divide(mine, all_, out=np.zeros(lessor.size), where=all_ > 0.0)
        amounts = sum_by(renting, facts.record["leases_refused"][t] * part / facts.links.hours, len(firms))
        for i in np.unique(renting[reached(rule, places)[site]]):
            yield Bound(t, name, firms[i], bool(amounts[i] > 0.0), float(amounts[i]))


def dated(facts: Facts) -> Iterator[tuple[str, str, str, str]]:
    """Yield when rules are announced, take effect, expire and first bite; at the end of the run those that never do."""
    start, last = facts.structure.start, facts.structure.start + len(facts.quarters) - 1
    policy, bites = facts.structure.parameters.policy, _first_bites(facts)
    for name, rule in policy.instruments.items():
        days = {"rule_announced": rule.announced, "rule_effective": rule.effective, "rule_expires": rule.expires}
        found = {event: quarter_of(day) for event, day in days.items() if day is not None}
        if rule.expires == rule.effective:
            del found["rule_effective"]
        dates = {event: quarter_code(quarter) for event, quarter in found.items() if start <= quarter <= last}
        if name in bites:
            dates["rule_bites"] = bites[name]
        else:
            dates[_idle(facts, days_of(rule))] = facts.quarters[-1]
        for event, quarter in dates.items():
            yield quarter, event, policy.authority(name), name


def _idle(facts: Facts, days: Days) -> str:
    """Return what is said of a rule that bound nobody in any table."""
    ordering = max(facts.structure.history - 1, 0)
    start, asked, end = (first_day(facts.structure.start + t) for t in (0, ordering, len(facts.quarters)))
    if days.effective >= end or days.expires <= max(start, days.effective):
        return "rule_never_in_force"
    return "rule_observed" if days.expires <= asked else "rule_never_bites"


def _first_bites(facts: Facts) -> dict[str, str]:
    """Return the first quarter in which each rule bound; rules that never did are left out."""
    found = dict[str, str]()
    for row in _bound(facts):
        if row.acted:
            found.setdefault(row.rule, str(facts.quarters[row.t]))
    return found
