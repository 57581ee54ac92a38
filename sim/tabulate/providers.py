"""Table ``providers``: what every provider sells to customers of every region, and its shares on three bases."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Floats, Ints
from sim.economics.folding import folded, range_sums
from sim.economics.sites import KINDS
from sim.names import HOURS_PER_QUARTER
from sim.outcomes import ratio
from sim.structure import IAAS, MAAS, Structure
from sim.tables import WORLD
from sim.tabulate.facts import Facts
from sim.tabulate.frame import with_world
from sim.tabulate.rows import Columns, flat, panel

ALL = "all"
COMBINATIONS: tuple[tuple[str, str, int, int], ...] = (
    ("iaas", "training", 0, 1), ("iaas", "inference", 1, 2), ("iaas", ALL, 0, 2), ("maas", "inference", 2, 3),
    ("maas", ALL, 2, 3), (ALL, "training", 0, 1), (ALL, "inference", 1, 3), (ALL, ALL, 0, 3),
)  # fmt: skip
"""Product types and workloads of the rows, with the first kind they add up and the one after the last."""


class Rows(NamedTuple):
    """Rows of a quarter as ranges of sums (R + 1, I, KINDS), laid out flat."""

    first: Ints
    """First element that a row adds up."""
    after: Ints
    """The element after the last."""
    names: tuple[tuple[str, ...], ...]
    """Region, provider, product and workload."""


def providers(facts: Facts) -> Columns:
    """Return the table."""
    rows = rows_of(facts.structure)
    gross_margin = facts.sales.by_kind(facts.record["gross_margin_usd_m"])
    unmet = facts.sales.by_kind(facts.record["unmet"])
    served, tokens, revenue = (_of_rows(x, rows) for x in (facts.sales.served, facts.sales.tokens, facts.sales.revenue))
    measures = {
        "revenue_usd_m": revenue,
        "gross_margin_usd_m": _of_rows(gross_margin, rows),
        "served_h100e": served,
        "tokens_bn": tokens,
        "share_revenue": ratio(revenue, _totals(facts.sales.revenue, rows)),
        "share_compute": ratio(served, _totals(facts.sales.served, rows)),
        "share_tokens": ratio(tokens, _totals(facts.sales.tokens, rows)),
        "price_iaas_usd_per_h100e_hour": _mean_price(facts.sales.spent_at_posted, facts.sales.served, rows, IAAS),
        "price_maas_usd_per_m_tokens": _mean_price(facts.sales.spent_at_posted, facts.sales.tokens, rows, MAAS),
        "first_choice_h100e": _of_rows(_first_choice(facts), rows),
        "unmet_h100e": _of_rows(unmet, rows) / HOURS_PER_QUARTER,
        "backlog_h100e": _of_rows(facts.sales.backlog, rows),
    }
    keys = panel(facts.quarters, ("region", "provider", "product", "workload"), rows.names)
    return keys | {name: flat(values) for name, values in measures.items()}


@lru_cache(maxsize=8)
def rows_of(structure: Structure) -> Rows:
    """Return a row for all that a provider may ever sell to a region, and its sums over products and workloads."""
    regions, providers = (*structure.regions, WORLD), structure.providers
    found = sorted({
        (place, provider, combination)
        for region, provider, service, workload in structure.offers
        for place in (region, len(regions) - 1)
        for combination, (_, _, first, after) in enumerate(COMBINATIONS)
        if first <= service + workload < after
    })  # fmt: skip
    place, provider, combination = np.array(found, dtype=np.int64).reshape(-1, 3).T
    kinds = np.array([x[2:] for x in COMBINATIONS])[combination]
    base = (place * len(providers) + provider) * KINDS
    names = tuple((regions[r], providers[i], *COMBINATIONS[c][:2]) for r, i, c in found)
    return Rows(base + kinds[:, 0], base + kinds[:, 1], names)


def _first_choice(facts: Facts) -> Floats:
    structure, chosen = facts.structure, facts.record["chosen"] / HOURS_PER_QUARTER
    by_site = chosen.reshape(*chosen.shape[:2], -1, KINDS)
    return with_world(folded(by_site, structure.site_provider, len(structure.providers), axis=2))


def _of_rows(kinds: Floats, rows: Rows) -> Floats:
    """Return (T, rows) of (T, R + 1, I, KINDS)."""
    return range_sums(kinds.reshape(kinds.shape[0], -1), rows.first, rows.after)


def _totals(kinds: Floats, rows: Rows) -> Floats:
    """Return (T, rows) sums over providers that belong to each row."""
    firms = kinds.shape[2]
    whole = folded(kinds, np.zeros(firms, dtype=np.int64), 1, axis=2)
    skipped = (rows.first // (firms * KINDS) * (firms - 1) + rows.first // KINDS % firms) * KINDS
    return range_sums(whole.reshape(whole.shape[0], -1), rows.first - skipped, rows.after - skipped)


def _mean_price(spent: Floats, quantity: Floats, rows: Rows, service: int) -> Floats:
    """Return (T, rows) posted prices of one service, weighted by quantity."""
    base = rows.first // KINDS * KINDS
    first, after = (0, KINDS - 1) if service == IAAS else (KINDS - 1, KINDS)
    mine = rows._replace(first=np.maximum(rows.first, base + first), after=np.minimum(rows.after, base + after))
    return ratio(_of_rows(spent, mine), _of_rows(quantity, mine))
