"""Table ``providers``: what every provider sells to customers of every region, and its shares on three bases."""

from functools import lru_cache

import numpy as np

from sim.economics.cells import Floats, Ints
from sim.names import HOURS_PER_QUARTER
from sim.outcomes import ratio
from sim.structure import SERVICES, WORKLOADS
from sim.tabulate.facts import Facts, with_world
from sim.tabulate.rows import Columns, flat, panel

ALL = "all"
COMBINATIONS = (
    ("iaas", "training"), ("iaas", "inference"), ("iaas", ALL), ("maas", "inference"), ("maas", ALL),
    (ALL, "training"), (ALL, "inference"), (ALL, ALL),
)  # fmt: skip
"""Product types and workloads of the rows; MaaS does not train."""


def combined(kinds: Floats) -> Floats:
    """Return (..., COMBINATIONS) sums of (..., KINDS)."""
    training, inference, model = kinds[..., 0], kinds[..., 1], kinds[..., 2]
    iaas, serving = training + inference, inference + model
    return np.stack([training, inference, iaas, model, model, training, serving, iaas + model], axis=-1)


def providers(facts: Facts) -> Columns:
    """Return the table."""
    where, names = _rows(facts.structure.offers, facts.regions, tuple(facts.structure.providers))
    served, tokens, revenue = _pick(facts.served, where), _pick(facts.tokens, where), _pick(facts.revenue, where)
    iaas, maas = facts.posted_iaas, facts.posted_maas
    measures = {
        "revenue_usd_m": revenue,
        "gross_margin_usd_m": _pick(facts.by_kind(facts.record["gross_margin_usd_m"]), where),
        "served_h100e": served,
        "tokens_bn": tokens,
        "share_revenue": ratio(revenue, _total(facts.revenue, where)),
        "share_compute": ratio(served, _total(facts.served, where)),
        "share_tokens": ratio(tokens, _total(facts.tokens, where)),
        "price_iaas_usd_per_h100e_hour": ratio(_pick(iaas[0], where), _pick(iaas[1], where)),
        "price_maas_usd_per_m_tokens": ratio(_pick(maas[0], where), _pick(maas[1], where)),
        "first_choice_h100e": _pick(_first_choice(facts), where),
        "unmet_h100e": _pick(facts.by_kind(facts.record["unmet"]) / HOURS_PER_QUARTER, where),
        "backlog_h100e": _pick(facts.backlog, where),
    }
    keys = panel(facts.quarters, ("region", "provider", "product", "workload"), names)
    return keys | {name: flat(values) for name, values in measures.items()}


@lru_cache(maxsize=8)
def _rows(
    offers: tuple[tuple[int, ...], ...], regions: tuple[str, ...], names: tuple[str, ...]
) -> tuple[Ints, tuple[tuple[str, ...], ...]]:
    """Return position among (R + 1, I, COMBINATIONS), and names, of all that a provider may ever sell to a region."""
    found = sorted({
        (place, provider, combination)
        for region, provider, service, workload in offers
        for place in (region, len(regions) - 1)
        for combination, (product, task) in enumerate(COMBINATIONS)
        if product in (SERVICES[service], ALL) and task in (WORKLOADS[workload], ALL)
    })  # fmt: skip
    shape = (len(regions), len(names), len(COMBINATIONS))
    where = np.ravel_multi_index(tuple(np.array(found, dtype=np.int64).reshape(-1, 3).T), shape)
    return where, tuple((regions[r], names[i], *COMBINATIONS[c]) for r, i, c in found)


def _first_choice(facts: Facts) -> Floats:
    chosen = facts.record["chosen"] / HOURS_PER_QUARTER
    return with_world(chosen.reshape(*chosen.shape[:2], -1, facts.served.shape[3]))


def _pick(kinds: Floats, where: Ints) -> Floats:
    """Return (T, rows) of (T, R + 1, I, KINDS)."""
    every = combined(kinds)
    return np.take(every.reshape(every.shape[0], -1), where, axis=1)


def _total(kinds: Floats, where: Ints) -> Floats:
    """Return (T, rows) sums over providers that belong to each row."""
    every = combined(kinds.sum(axis=2))
    rest, combination = np.divmod(where, len(COMBINATIONS))
    row = rest // kinds.shape[2] * len(COMBINATIONS) + combination
    return np.take(every.reshape(every.shape[0], -1), row, axis=1)
