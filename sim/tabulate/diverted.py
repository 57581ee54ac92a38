"""Table ``diverted``: where demand was first wanted, where it ended, and why."""

import numpy as np

from sim.economics.tally import ENDS, TO_EXPIRED
from sim.names import HOURS_PER_QUARTER
from sim.reasons import Reason
from sim.record import KINDS
from sim.structure import SERVICES, WORKLOADS
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Columns, strings

ENDINGS = ("outside", "waiting", "lost", "lost")
"""Names of what is not served by a provider, in the order of ``economics.tally``."""
KIND_NAMES = ((SERVICES[0], WORKLOADS[0]), (SERVICES[0], WORKLOADS[1]), (SERVICES[1], WORKLOADS[1]))


def diverted(facts: Facts) -> Columns:
    """Return the table: a row wherever something ended."""
    names, regions, sites = facts.structure.providers, facts.structure.regions, facts.structure.sites
    found = facts.record.diversions
    t = np.repeat(np.arange(len(found)), [quarter.place.size for quarter in found])
    place, asked, arrived = (np.concatenate(column) for column in zip(*found, strict=True))
    region, origin, to = np.unravel_index(place, (len(regions), len(sites) * KINDS, len(names) + ENDS))
    site, kind = origin // KINDS, origin % KINDS
    provider = facts.structure.site_provider[site]
    reason = np.where(to == provider, Reason.FIRST_CHOICE, Reason.NO_CARDS)
    reason = np.where(to == len(names) + TO_EXPIRED, Reason.EXPIRED, reason)
    return {
        "quarter": strings(facts.quarters)[t],
        "region": strings(regions)[region],
        "product": strings(service for service, _ in KIND_NAMES)[kind],
        "workload": strings(workload for _, workload in KIND_NAMES)[kind],
        "from": strings(names)[provider],
        "from_site_region": strings(regions[place.region] for place in sites)[site],
        "to": strings((*names, *ENDINGS))[to],
        "reason": strings(code.code for code in Reason)[reason],
        "quantity_h100e": asked / HOURS_PER_QUARTER,
        "arrived_h100e": arrived / HOURS_PER_QUARTER,
    }
