"""Tables ``suppliers`` and ``chips``: what makers of accelerators sell, and where it goes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import Floats, Ints
from sim.economics.folding import folded
from sim.economics.upstream import LIMITS, MEMORY, PACKAGING, WAFERS
from sim.reasons import Reason
from sim.structure import INFERENCE, TRAINING
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Columns, flat, panel, strings


def suppliers(facts: Facts) -> Columns:
    """Return the table ``suppliers``."""
    structure, record, names = facts.structure, facts.record, facts.structure.suppliers
    shipped, price = facts.fleets.shipped, record["chip_price"]
    keys = panel(facts.quarters, ("supplier",), ((name,) for name in names))
    return keys | {
        "revenue_usd_m": flat(_by_maker(facts, shipped * price / 1e6)),
        "gross_margin_usd_m": flat(_by_maker(facts, shipped * (price - record["chip_cost"]) / 1e6)),
        "shipped_h100e": flat(_by_maker(facts, shipped * structure.chip_h100e)),
        "research_usd_m": flat(record["research"]),
        "yield_fraction": flat(_yields(facts)),
        "wafers": flat(_by_maker(facts, shipped * record["chip_needs"][:, :, WAFERS])),
        "memory_stacks": flat(_by_maker(facts, shipped * record["chip_needs"][:, :, MEMORY])),
        "inventory_h100e": flat(_banked(facts)),
        "backlog_h100e": flat(_by_maker(facts, facts.fleets.refused_to.sum(axis=1) * structure.chip_h100e)),
        "binding_stage": _limits(facts),
        "saving_usd_m": flat(_savings(facts)),
        "ecosystem_h100e": flat(record["ecosystem"][:, structure.supplier_stack]),
        "software_training": flat(record["software"][:, structure.supplier_stack, TRAINING]),
        "software_inference": flat(record["software"][:, structure.supplier_stack, INFERENCE]),
    }


def _by_maker(facts: Facts, amounts: Floats) -> Floats:
    """Return sums over the cards (T, V) of every maker (T, K)."""
    return folded(amounts, facts.structure.chip_supplier, len(facts.structure.suppliers))


def _yields(facts: Facts) -> Floats:
    """Return good dies over dies (T, K), weighted by the silicon of cards delivered; no number where there are none."""
    good = facts.fleets.shipped * facts.links.makers.area
    made, started = _by_maker(facts, good), _by_maker(facts, good / facts.record["chip_yield"])
    out = np.full(made.shape, np.nan)
    np.divide(made, started, out=out, where=started > 0.0)
    return out


def _banked(facts: Facts) -> Floats:
    """Return H100e for which memory lies in bank (T, K): the stock of a side by use, in cards of the quarter."""
    makers, shipped = facts.links.makers, facts.fleets.shipped
    stacks = _by_maker(facts, shipped * facts.record["chip_needs"][:, :, MEMORY])
    h100e = _by_maker(facts, np.where(makers.stacks > 0.0, shipped * facts.structure.chip_h100e, 0.0))
    used = folded(stacks, makers.side, len(facts.structure.sides))[:, makers.side]
    out = np.zeros(stacks.shape)
    np.divide(facts.record["bank"][:, makers.side, MEMORY] * h100e, used, out=out, where=used > 0.0)
    return out


def _savings(facts: Facts) -> Floats:
    """Return what owners of in-house makers save (T, K): against the best merchant card of the quarter, less research.

    The merchant's price is taken per effective inference H100e; no number for merchants.
    """
    shipped, price, makers = facts.fleets.shipped, facts.record["chip_price"], facts.links.makers
    effective = facts.effective[:, :, INFERENCE]
    sold = (shipped > 0.0) & facts.links.chip_merchant
    market = np.where(sold, price / effective, np.inf).min(axis=1)[:, None]
    market = np.where(np.isfinite(market), market, np.nan)
    saved = _by_maker(facts, shipped * (market * effective - price) / 1e6) - facts.record["research"]
    return np.where(makers.merchant > 0.0, np.nan, saved)


def _limits(facts: Facts) -> NDArray[np.object_]:
    """Return what limited output by quarter and maker; null up to the end of history."""
    limit = facts.record["limit"].astype(np.int64)
    names = np.array([*LIMITS, "orders"], dtype=object)[limit]
    names[: max(facts.structure.history - 1, 0)] = None
    return names.ravel()


def _reasons(facts: Facts) -> NDArray[np.object_]:
    """Return why a maker refuses orders, by quarter and maker (T, K): what is short upstream, or chips."""
    short = {WAFERS: Reason.NO_WAFERS, PACKAGING: Reason.NO_PACKAGING, MEMORY: Reason.NO_MEMORY}
    codes = [short.get(limit, Reason.NO_CHIPS).code for limit in range(len(LIMITS) + 1)]
    return strings(codes)[facts.record["limit"].astype(np.int64)]


def chips(facts: Facts) -> Columns:
    """Return the table ``chips``: a row for every chip, destination and quarter with an order or a delivery."""
    structure, record = facts.structure, facts.record
    ordered, shipped = facts.fleets.ordered_to, facts.fleets.delivered
    denied = facts.fleets.denied
    leaked, seized = (facts.fleets.arriving(name) for name in ("leaked", "seized"))
    t, region, chip = np.nonzero((ordered > 0.0) | (shipped > 0.0) | (denied > 0.0) | (seized > 0.0))
    refused, denied = facts.fleets.refused_to[t, region, chip], denied[t, region, chip]
    reason = _reasons(facts)[t, structure.chip_supplier[chip]]
    reason[refused <= 0.0] = None
    return {
        "quarter": strings(facts.quarters)[t],
        "supplier": strings(structure.suppliers)[structure.chip_supplier[chip]],
        "chip": strings(structure.chips)[chip],
        "destination": strings(structure.regions)[region],
        "ordered_cards": ordered[t, region, chip],
        "shipped_cards": shipped[t, region, chip],
        "price_usd": record["chip_price"][t, chip],
        "unit_cost_usd": record["chip_cost"][t, chip],
        "card_h100e": structure.chip_h100e[chip],
        "refused_cards": refused,
        "refused_reason": reason,
        "denied_cards": denied,
        "denied_by": _denied_by(facts)[t, region, chip],
        "leaked_cards": leaked[t, region, chip],
        "seized_cards": seized[t, region, chip],
        "grey_premium": record["premium"][t, region],
    }


def _denied_by(facts: Facts) -> NDArray[np.object_]:
    """Return the rule that closed most of a card to a region (T, R, V); None where none did."""
    names, denied = strings((*facts.rulebook.chip_rules, None)), facts.record["denied"]
    out = np.full(facts.fleets.denied.shape, None, dtype=object)
    t, place, chip = np.nonzero(denied > 0.0)
    last_is_most = np.lexsort((-place, denied[t, place, chip]))
    t, place, chip = (column[last_is_most] for column in (t, place, chip))
    out[t, facts.fleets.place_region[place], chip] = names[_closing(facts, t, place, chip)]
    return out


def _closing(facts: Facts, t: Ints, place: Ints, chip: Ints) -> Ints:
    """Return the rule that closes cards to places (n,): where none does, one whose quota cut there."""
    deciding, shut = (np.stack(said) for said in zip(*(said[:2] for said in facts.ruled), strict=True))
    rule: Ints = deciding[t, place, chip]
    for row in np.flatnonzero(~shut[t, place, chip]):
        for n in _cutting(facts, int(t[row]), int(place[row]), int(chip[row])):
            rule[row] = n
    return rule


def _cutting(facts: Facts, t: int, place: int, chip: int) -> Iterator[int]:
    """Yield the rules whose quotas cut at a place to which a card goes on their terms."""
    sites = len(facts.structure.sites)
    kind, row = ("sites", place) if place < sites else ("elsewhere", place - sites)
    licensed, bound = facts.record.rules[t][kind].licensed[:, row, chip] > 0.0, facts.record.bound[t]
    for n in np.flatnonzero(licensed):
        name = facts.rulebook.chip_rules[n]
        if name in bound and bound[name][0, place] > 0.0:
            yield int(n)
