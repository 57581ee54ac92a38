"""Table ``market``: prices, concentration, gaps and fleets by region and in the world."""

import numpy as np

from sim.economics.cells import Floats
from sim.economics.folding import folded
from sim.names import HOURS_PER_QUARTER
from sim.outcomes import fisher_index, ratio
from sim.structure import IAAS, MAAS
from sim.tabulate.facts import Facts
from sim.tabulate.frame import with_world
from sim.tabulate.rows import Columns, flat, panel
from sim.tabulate.sales import over_kinds


def market(facts: Facts) -> Columns:
    """Return the table."""
    keys = panel(facts.quarters, ("region",), ((name,) for name in facts.regions))
    measures = _by_customer_region(facts) | _prices(facts) | _by_site_region(facts) | _access(facts)
    return keys | {name: flat(values) for name, values in measures.items()}


def _by_customer_region(facts: Facts) -> dict[str, Floats]:
    """Return measures (T, R + 1) of what customers of each region buy and miss."""
    return {
        "revenue_usd_m": facts.sales.in_region["revenue"],
        "served_h100e": facts.sales.in_region["served"],
        "tokens_bn": facts.sales.in_region["tokens"],
        "hhi_revenue": facts.sales.hhi_revenue,
        "hhi_compute": facts.sales.hhi_compute,
        "unmet_share": facts.sales.unmet_share,
        "gap_at_cost": facts.demand.gap_at_cost,
        "outside_share": facts.sales.outside_share,
        "backlog_h100e": over_kinds(facts.sales.backlog).sum(axis=2),
        "potential_h100e": facts.demand.potential,
        "consumer_surplus_usd_m": facts.demand.consumer_surplus,
    }


def _prices(facts: Facts) -> dict[str, Floats]:
    """Return measures (T, R + 1) of what customers of each region pay, and of what firms reckon with."""
    record, links = facts.record, facts.links
    indices = {}
    for name, service, quantity in (("iaas", IAAS, record["taken"]), ("maas", MAAS, record["tokens_bn"])):
        mine = np.flatnonzero(links.product_service == service)
        bought = with_world(quantity[:, :, mine])
        posted, on_sale = record["posted"][:, mine], record["on_sale"][:, mine]
        indices[f"price_{name}_index"] = fisher_index(posted, bought, on_sale)
    residual = np.full(facts.sales.unmet_share.shape, np.nan)
    residual[:, -1] = record["residual"][:, 0]
    return {
        "price_iaas_usd_per_h100e_hour": facts.sales.price_iaas,
        "price_maas_usd_per_m_tokens": facts.sales.price_maas,
        **indices,
        "lrmc_usd_per_h100e_hour": _long_run_cost(facts),
        "pricing_residual": residual,
    }


def _long_run_cost(facts: Facts) -> Floats:
    """Return what the hours that customers of each region rent would cost on new cards of the sites that serve them."""
    record, links = facts.record, facts.links
    rented = np.flatnonzero(links.product_service == IAAS)
    hours = record["taken"][:, :, rented]
    cost = record["costs_here"][:, links.product_site[rented], links.product_workload[rented]]
    return ratio(*(with_world(x.sum(axis=2)) for x in (cost[:, None, :] * hours, hours)))


def _by_site_region(facts: Facts) -> dict[str, Floats]:
    """Return measures (T, R + 1) of the cards and shells that stand in each region."""
    build = np.full((facts.record.quarters, len(facts.regions)), np.nan)
    build[:, :-1] = facts.record["build_cost"]
    value = facts.fleets.delivered * facts.record["chip_price"][:, None, :]
    return {
        "build_cost_usd_m_per_mw": build,
        "domestic_chip_share_units": facts.fleets.at_home(facts.fleets.standing),
        "domestic_chip_share_h100e": facts.fleets.domestic_share_h100e,
        "domestic_chip_share_value": facts.fleets.at_home(value),
        "self_sufficiency": facts.fleets.self_sufficiency,
        "self_sufficiency_weakest_link": facts.fleets.weakest_link,
    }


def _access(facts: Facts) -> dict[str, Floats]:
    """Return compute by who owns it, where it stands, and who uses it (T, R + 1)."""
    structure, links = facts.structure, facts.links
    regions = len(structure.regions)
    captive = folded(facts.record["own_use"], links.provider_region[links.pool_provider], regions) / HOURS_PER_QUARTER
    return {
        "owned_by_headquarters_h100e": facts.fleets.owned_by_headquarters,
        "located_h100e": facts.fleets.located_h100e,
        "accessed_h100e": facts.sales.in_region["served"] + with_world(captive),
    }
