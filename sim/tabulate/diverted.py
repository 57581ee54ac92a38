"""Table ``diverted``: where demand was first wanted, where it ended, and why."""

from functools import lru_cache

import numpy as np

from sim.economics.sites import KINDS
from sim.economics.tally import ENDS, TO_EXPIRED
from sim.names import HOURS_PER_QUARTER
from sim.reasons import Reason
from sim.structure import SERVICES, WORKLOADS, Structure
from sim.tabulate.facts import Facts
from sim.tabulate.rows import Columns, strings

ENDINGS = ("outside", "waiting", "lost", "lost")
"""Names of what is not served by a provider, in the order of ``economics.tally``."""
KIND_NAMES = ((SERVICES[0], WORKLOADS[0]), (SERVICES[0], WORKLOADS[1]), (SERVICES[1], WORKLOADS[1]))


def diverted(facts: Facts) -> Columns:
    """Return the table: a row wherever something ended."""
    found = facts.record.diversions
    t = np.repeat(np.arange(len(found)), [quarter.place.size for quarter in found])
    place, asked, arrived = (np.concatenate(column) for column in zip(*found, strict=True))
    return {
        "quarter": strings(facts.quarters)[t],
        **{name: names[place] for name, names in _names(facts.structure).items()},
        "quantity_h100e": asked / HOURS_PER_QUARTER,
        "arrived_h100e": arrived / HOURS_PER_QUARTER,
    }


@lru_cache(maxsize=4)
def _names(structure: Structure) -> Columns:
    """Return key columns by position in what was diverted (R, O, I + ENDS), laid out flat, see ``economics.tally``."""
    names, regions, sites = structure.providers, structure.regions, structure.sites
    shape = len(regions), len(sites) * KINDS, len(names) + ENDS
    region, origin, to = (index.reshape(-1) for index in np.indices(shape))
    site, kind = origin // KINDS, origin % KINDS
    provider = structure.site_provider[site]
    reason = np.where(to == provider, Reason.FIRST_CHOICE, Reason.NO_CARDS)
    reason = np.where(to == len(names) + TO_EXPIRED, Reason.EXPIRED, reason)
    return {
        "region": strings(regions)[region],
        "product": strings(service for service, _ in KIND_NAMES)[kind],
        "workload": strings(workload for _, workload in KIND_NAMES)[kind],
        "from": strings(names)[provider],
        "from_site_region": strings(regions[place.region] for place in sites)[site],
        "to": strings((*names, *ENDINGS))[to],
        "reason": strings(code.code for code in Reason)[reason],
    }
