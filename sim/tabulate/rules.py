"""Table ``rules``: when each rule bound, for whom, and by how much; and what rules did, among the events."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import sum_by
from sim.economics.licensing import SEVERAL
from sim.names import quarter_code
from sim.policy.chip_rules import reached
from sim.policy.dates import Days, days_of, first_day, quarter_of
from sim.rulebook import Spots
from sim.structure import INFERENCE
from sim.tables import TABLES
from sim.tabulate.bound import Bound, for_each
from sim.tabulate.facts import Facts
from sim.tabulate.instruments import closed_by_firm, lifted_by_firm, on_instruments
from sim.tabulate.rows import Columns, Strings, strings

MEASURES = tuple(column.name for column in TABLES["rules"].measures if column.type == "float64")
"""Columns in which a rule without the measure has no number."""


def rules(facts: Facts) -> Columns:
    """Return the table: a row for every rule that was in force in a quarter, and every entity that it looks at."""
    if facts.bound is None:
        facts.bound = _in_order(facts, list(_bound(facts)))
    return facts.bound


def _in_order(facts: Facts, found: Sequence[Bound]) -> Columns:
    """Return what rules did as a table, by quarter, rule and entity."""
    t, rule, who, acted = (np.concatenate(column) for column in zip(*(x[:4] for x in found), strict=True))
    order = np.lexsort((_ranks(who), _ranks(rule), t))
    measures = {name: _joined(found, name) for name in MEASURES}
    table = {"quarter": strings(facts.quarters)[t], "rule": rule, "who": who, "bound": acted} | measures
    return {name: column[order] for name, column in table.items()}


def _joined(found: Sequence[Bound], measure: str) -> Floats:
    """Return one measure of all rows; no number where they do not have it."""
    out, end = np.full(sum(x.t.size for x in found), np.nan), 0
    for x in found:
        start, end = end, end + x.t.size
        if measure in x.measures:
            out[start:end] = x.measures[measure]
    return out


def _ranks(names: Strings) -> Ints:
    """Return positions of names (n,) in alphabetical order."""
    found = names.tolist()
    rank = {name: n for n, name in enumerate(sorted(set(found)))}
    return np.fromiter(map(rank.__getitem__, found), np.int64, names.size)


def _bound(facts: Facts) -> Iterator[Bound]:
    """Yield what every rule did."""
    found = [_on_orders(facts), *_on_own(facts), *_on_rentals(facts), *_on_leases(facts), *on_instruments(facts)]
    yield from found
    bound = {name for x in found for name in x.rule[x.acted]}
    yield from _feared(facts, bound)
    yield from _foreseen(facts, bound)


def _on_orders(facts: Facts) -> Bound:
    """Return the firms that rules look at.

    A rule bound where it refuses what is wanted first, be it alone or beside others, and where more of its cards would
    be ordered if it alone were lifted. What is wanted first is credited to the rule that decides, so that amounts add
    up. One that silences a refusal bound where cards are ordered that this one would close. One that stops nothing, as
    it asks to be told, bound where cards come that makers cut otherwise because of it.
    """
    book, names = facts.rulebook, facts.rulebook.chip_rules
    rows = t, n, firm = np.nonzero(facts.in_force["order"][:, :, None] & book.looks_at)
    (closed, lost), cut = closed_by_firm(facts, names)
    lifted, (fees, duties, licensed) = lifted_by_firm(facts, names), _licensed(facts)
    shaped, launched = _shaped(facts)
    stopped = _meets(facts, [said.refused for said in facts.ruled], facts.record["denied"] > 0.0)
    opens = _meets(facts, [said.opened for said in facts.ruled], facts.fleets.ordered > 0.0)
    acted = cut | launched | opens | _rented(facts) | stopped
    acted |= np.maximum.reduce([fees, duties, lifted, shaped]) > 0.0
    measures = {
        "quantity_bound": closed, "denied_revenue_usd_m": lost, "fee_usd_m": fees, "duty_usd_m": duties,
        "lifted_h100e": lifted, "licensed_h100e": licensed, "shaped_h100e": shaped,
    }  # fmt: skip
    return Bound(
        t, strings(names)[n], strings(book.firms)[firm], acted[rows],
        {name: amounts[rows] for name, amounts in measures.items()},
    )  # fmt: skip


def _meets(facts: Facts, spots: Sequence[Spots], cards: Bools) -> Bools:
    """Return whether rules meet some of the cards of each firm (T, N, F).

    Args:
        facts: of the run.
        spots: of every quarter, where rules do something.
        cards: (T, S + W, V) whether there are such cards.
    """
    some = np.flatnonzero(cards.any(axis=(1, 2))).tolist()
    if not some:
        return np.zeros(facts.by_rule_and_firm, np.bool_)
    t = np.repeat(some, [spots[x].rule.size for x in some])
    rule, place, card = (np.concatenate(column) for column in zip(*(spots[x] for x in some), strict=True))
    met = np.flatnonzero(cards[t, place, card])
    out = np.zeros(facts.by_rule_and_firm, np.bool_)
    out[t[met], rule[met], facts.rulebook.member[place[met]]] = True
    return out


def _rented(facts: Facts) -> Bools:
    """Return whether rules close cards that the world got to a site abroad of each firm (T, N, F), which then rents."""
    structure, shipped = facts.structure, facts.fleets.shipped > 0.0
    if structure.parameters.behaviour.leasing.denied == 0.0:
        return np.zeros(facts.by_rule_and_firm, np.bool_)
    abroad = np.zeros(facts.rulebook.member.size, np.bool_)
    abroad[: len(structure.sites)] = ~facts.links.order_at_home[: len(structure.sites)]
    decided = np.arange(facts.record.quarters) + 1 >= structure.history
    got = decided[:, None, None] & abroad[:, None] & shipped[:, None, :]
    return _meets(facts, [said.closed for said in facts.ruled], got)


def _feared(facts: Facts, bound: Collection[str]) -> Iterator[Bound]:
    """Yield firms whose belief that rules tighten rose on the announcement of a rule that bound nobody."""
    structure, book = facts.structure, facts.rulebook
    belief, family = facts.record["tightening"], structure.parameters.behaviour.tightening
    rise = np.diff(belief, axis=0, prepend=np.full_like(belief[:1], family.adaptive.initial))
    rise = rise.reshape(len(facts.quarters), len(structure.sites), -1).max(axis=2) > 0.0
    for n, (name, rule, _) in enumerate(facts.world.policy.chip_rules):
        t = quarter_of(rule.announced) - structure.start
        if name not in bound and 0 <= t < len(facts.quarters) and rise[t].any():
            yield _idle_but_for(name, t, structure.providers, structure.site_provider[rise[t] & book.refuses(n)])


def _foreseen(facts: Facts, bound: Collection[str]) -> Iterator[Bound]:
    """Yield firms with sites that knew that a quota, cap or mandate would close what they ordered, and stored cards.

    Of limits that bound nobody in the end, as what was stored was enough.
    """
    sites = len(facts.structure.sites)
    for t, ahead in enumerate(facts.record.foreseen):
        for name, places in ahead.items():
            if name not in bound and places[:sites].any():
                yield _idle_but_for(name, t, facts.rulebook.firms, facts.rulebook.member[:sites][places[:sites]])


def _idle_but_for(rule: str, t: int, firms: Sequence[str], moved: Ints) -> Bound:
    """Return the firms that a rule moved though it closed nothing, by position."""
    who = [firms[i] for i in np.unique(moved)]
    none = np.zeros((1, len(who)))
    measures = {"quantity_bound": none, "denied_revenue_usd_m": none}
    return for_each(rule, np.array([t]), who, np.ones(len(who), np.bool_), measures)


def _on_own(facts: Facts) -> Iterator[Bound]:
    """Yield, by customer region, by how much a rule alone makes own cards of customers dearer."""
    names, noted = facts.rulebook.chip_rules, facts.record.own_dearer
    found = [(t, names.index(name), falls) for t, dearer in enumerate(noted) for name, falls in dearer.items()]
    if found:
        t, n, own = (np.array(column) for column in zip(*found, strict=True))
        rows, region = np.nonzero(facts.in_force["order"][t, n][:, None] & (own > 0.0))
        none = np.zeros(rows.size)
        yield Bound(
            t[rows], strings(names)[n[rows]], strings(facts.structure.regions)[region], np.ones(rows.size, np.bool_),
            {"quantity_bound": none, "denied_revenue_usd_m": none, "own_dearer_usd_per_h100e_hour": own[rows, region]},
        )  # fmt: skip


def _shaped(facts: Facts) -> tuple[Floats, Bools]:
    """Return H100e of cards that each firm got and that are others because of rules that stop nothing (T, N, F).

    And whether such a card came out for the firm in the quarter, or would have without the rule (T, N, F).
    """
    shapes, shape, got = facts.rulebook.shapes, facts.by_rule_and_firm, facts.fleets.got
    amounts, launched = np.zeros(shape), np.zeros(shape, np.bool_)
    launched[:, shapes.rule] = shapes.launched[: shape[0]]
    for n, others in zip(shapes.rule, shapes.cards, strict=True):
        t, place = np.nonzero((got[:, :, others] > 0.0).any(axis=2))
        cards = got[t, place] * others * facts.structure.chip_h100e
        amounts[:, n] = _by_firm(facts, t, cards, place, (shape[0], shape[2]))
    return amounts, launched


def _licensed(facts: Facts) -> tuple[Floats, Floats, Floats]:
    """Return fees and duties, USD m, and H100e of cards that came under licences, ordered a quarter before (T, N, F).

    Cards under several licences pay each of them, and are shared among them where they are counted.
    """
    record, structure, shape = facts.record, facts.structure, facts.by_rule_and_firm
    first, sites = max(structure.history, 1), len(structure.sites)
    found = [said.licensed for said in facts.ruled[first - 1 : -1]]
    if not any(under.rule.size for under in found):
        return np.zeros(shape), np.zeros(shape), np.zeros(shape)
    t = np.repeat(np.arange(first, shape[0]), [under.rule.size for under in found])
    rule, place, part, several, coming = (np.concatenate(column) for column in zip(*found, strict=True))
    _as_cut(facts, t, rule, place, part, several)
    cards, here = facts.fleets.got[t, place], place < sites
    cards[here] -= record["bought_ahead"][t[here], place[here]] * coming[here]
    cards[~here] -= record["leaked"][t[~here] - 1, place[~here] - sites]
    under = cards * part
    at, whole = t * shape[1] + rule, (shape[0] * shape[1], shape[2])
    value = _by_firm(facts, at, under * record["chip_price"][t] / 1e6, place, whole).reshape(shape)
    counted = _by_firm(facts, at, under / several * structure.chip_h100e, place, whole).reshape(shape)
    duty, share = facts.rulebook.charged[:, :, None]
    return value * share, value * duty, counted


def _as_cut(facts: Facts, t: Ints, rule: Ints, place: Ints, part: Floats, several: Floats) -> None:
    """Set parts of orders on the terms of rules to what limits left of them in the quarter before ``t`` (k,).

    Args:
        facts: of the run.
        t: (k,) quarter in which the cards came.
        rule: (k,)
        place: (k,)
        part: (k, V) changed where limits cut orders.
        several: (k, V) licences under which cards stand, changed likewise.
    """
    for ordered, under in enumerate(facts.record.under):
        for name, left in under.items():
            mine = t == ordered + 1
            if name == SEVERAL:
                several[mine] = left[place[mine]]
            else:
                mine &= rule == facts.rulebook.chip_rules.index(name)
                part[mine] = left[place[mine]]


def _by_firm(facts: Facts, row: Ints, amounts: Floats, place: Ints, shape: tuple[int, int]) -> Floats:
    """Return sums of amounts (n, V) of cards at places (n,) by row (n,) and firm, as ``shape`` says."""
    at = row * shape[1] + facts.rulebook.member[place]
    return sum_by(at, amounts.sum(axis=1), shape[0] * shape[1]).reshape(shape)


def _on_rentals(facts: Facts) -> Iterator[Bound]:
    """Yield, by customer region, compute abroad that customers may not rent; H100e effective in inference."""
    regions, links = facts.structure.regions, facts.links
    places = facts.links.subjects["regions"].places
    effective = facts.effective[:, :, INFERENCE]
    for n, (name, rule, _) in enumerate(facts.world.policy.chip_rules):
        quarters = np.flatnonzero(facts.in_force["rental"][:, n])
        for r in np.flatnonzero(reached(rule, places)) if quarters.size else ():
            offered = np.unique(links.pair_pool[links.pair_region == r])
            abroad = offered[links.pool_region[offered] != r]
            closed, refuses = np.zeros((2, quarters.size))
            for x, t in enumerate(quarters):
                rentals = facts.record.rules[t]["rentals"]
                cards = (facts.record["operated"][t] * effective[t])[abroad]
                closed[x], refuses[x] = (cards * rentals.closed[n, r]).sum(), (cards * rentals.refused[n, r]).sum()
            yield for_each(name, quarters, [regions[r]], refuses > 0.0, {"quantity_bound": closed})


def _on_leases(facts: Facts) -> Iterator[Bound]:
    """Yield, by firm that rents, leases ended and not signed for next quarter; H100e effective in inference.

    A lease that several rules close counts for each as far as it decides.
    """
    structure, firms = facts.structure, facts.structure.providers
    lessor, lessee = facts.links.leases[:2]
    site, effective = structure.pool_site[lessee], facts.effective[:, :, INFERENCE]
    places, renting = facts.links.subjects["sites"].places, structure.site_provider[site]
    for n, (name, rule, _) in enumerate(facts.world.policy.chip_rules):
        quarters = np.flatnonzero(facts.in_force["rental"][:, n])
        who = np.unique(renting[reached(rule, places)[site]]) if quarters.size else np.zeros(0, np.int64)
        amounts = np.zeros((quarters.size, len(firms)))
        for x, t in enumerate(quarters) if who.size else ():
            closed, hours = facts.record.rules[t]["leases"].closed, facts.record["operated"][t][lessor] * effective[t]
            mine, all_ = ((hours * shut[site]).sum(axis=1) for shut in (closed[n], closed.sum(axis=0)))
            part = np.divide(mine, all_, out=np.zeros(lessor.size), where=all_ > 0.0)
            amounts[x] = sum_by(renting, facts.record["leases_refused"][t] * part / facts.links.hours, len(firms))
        if who.size:
            found = amounts[:, who]
            yield for_each(name, quarters, [firms[i] for i in who], found > 0.0, {"quantity_bound": found})


def dated(facts: Facts) -> Iterator[tuple[str, str, str, str]]:
    """Yield when rules are announced, take effect, expire and first bite; at the end of the run those that never do."""
    start, last = facts.structure.start, facts.structure.start + len(facts.quarters) - 1
    policy, bites = facts.structure.parameters.policy, _first_bites(facts)
    for name, found in facts.rulebook.dates.items():
        dates = {event: quarter_code(quarter) for event, quarter in found.items() if start <= quarter <= last}
        if name in bites:
            dates["rule_bites"] = bites[name]
        else:
            dates[_idle(facts, days_of(policy.instruments[name]))] = facts.quarters[-1]
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
    table = rules(facts)
    rule, quarter = table["rule"][table["bound"]], table["quarter"][table["bound"]]
    return dict(zip(rule[::-1], quarter[::-1], strict=True))
