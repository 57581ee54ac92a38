"""Tables ``suppliers`` and ``chips``: what makers of accelerators sell, and where it goes."""

import numpy as np

from sim.economics.folding import folded
from sim.reasons import Reason
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Columns, flat, nulls, panel, strings


def suppliers(facts: Facts) -> Columns:
    """Return the table ``suppliers``."""
    structure, names = facts.structure, facts.structure.suppliers
    makers = list(facts.structure.parameters.suppliers.values())
    value = facts.fleets.shipped * facts.record["chip_price"] / 1e6
    revenue = folded(value, structure.chip_supplier, len(names))
    keys = panel(facts.quarters, ("supplier",), ((name,) for name in names))
    later = ("research_usd_m", "yield_fraction", "wafers", "memory_stacks", "inventory_h100e", "backlog_h100e")
    return keys | {
        "revenue_usd_m": flat(revenue),
        "gross_margin_usd_m": flat(revenue * np.array([x.gross_margin for x in makers])),
        "shipped_h100e": flat(folded(facts.fleets.shipped * structure.chip_h100e, structure.chip_supplier, len(names))),
        **{name: nulls(revenue.size) for name in later},
        "binding_stage": np.full(revenue.size, None, dtype=object),
    }


def chips(facts: Facts) -> Columns:
    """Return the table ``chips``: a row for every chip, destination and quarter with an order or a delivery."""
    structure, record = facts.structure, facts.record
    ordered, accepted = (facts.fleets.by_place(name, f"elsewhere_{name}") for name in ("ordered", "accepted"))
    shipped = facts.fleets.delivered
    t, region, chip = np.nonzero((ordered > 0.0) | (shipped > 0.0))
    refused = (ordered - accepted)[t, region, chip]
    return {
        "quarter": strings(facts.quarters)[t],
        "supplier": strings(structure.suppliers)[structure.chip_supplier[chip]],
        "chip": strings(structure.chips)[chip],
        "destination": strings(structure.regions)[region],
        "ordered_cards": ordered[t, region, chip],
        "shipped_cards": shipped[t, region, chip],
        "price_usd": record["chip_price"][t, chip],
        "refused_cards": refused,
        "refused_reason": strings((None, Reason.NO_CHIPS.code))[(refused > 0.0).astype(np.int64)],
        **{name: nulls(t.size) for name in ("licensed_cards", "leaked_cards", "seized_cards")},
    }
