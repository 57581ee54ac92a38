"""Exogenous paths of a run: what parameters give by quarter, laid out once as arrays over quarters."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.elementary import exp
from sim.economics.technology import accumulated_growth, interpolate, last_quarter
from sim.names import HOURS_PER_QUARTER, QUARTERS_PER_YEAR
from sim.structure import Structure


@dataclass(frozen=True)
class Paths:
    """Arrays over the T quarters of a run; I providers, R regions, V chips, K suppliers, W owners elsewhere."""

    software: Floats
    """(T,) log gain of tokens per card-hour from software."""
    reference_tokens: Floats
    """(T,) M tokens per effective H100e-hour on the common path."""
    tokens_per_task: Floats
    """(T,) M tokens per task on the common path."""
    quality: Floats
    """(T, I) ln(model quality / open frontier); 0 where a provider has no models."""
    own_efficiency: Floats
    """(T, I) log gain of tokens per card-hour beyond the common path."""
    training_share: Floats
    """(T, R) share of new tasks that are training."""
    demand_growth: Floats
    """(T, R) growth of potential tasks into the quarter, log."""
    next_growth: Floats
    """(T, R) the same into the quarter after, beyond the end of the run as well."""
    outlook: Floats
    """(T, R) mean of that until what is decided in the quarter stands."""
    labs: Floats
    """(T, labs) compute that AI labs want, effective H100e-hours."""
    labs_observed: Bools
    """(T, labs) whether a lab's use is observed, so that present hours per task turn it into tasks."""
    own_use: Floats
    """(T, I) captive demand at the reference price, effective H100e-hours."""
    own_use_growth: Floats
    """(T, S) captive demand when what is decided now would stand at a site, over that of the quarter."""
    own_use_observed: Bools
    """(T, I) whether captive demand is observed, so that the present price is its reference."""
    chip_price: Floats
    """(T, V) USD per card by catalogue and roadmap, falling with price-performance."""
    shell_cost: Floats
    """(T, R) USD m per MW IT, at the usual price of builders."""
    grid: Floats
    """(T, R) MW IT that the grid can connect when a shell begun in the quarter is finished; 0 where it is observed."""
    requests: Bools
    """(T, S) whether firms may ask for power at a site: what stands when history ends is observed."""
    trade: Floats
    """(T, R) MW IT that the building trades take on in a quarter at the usual price."""
    elsewhere: Floats
    """(T, W, K) H100e that owners outside the named providers order."""
    general_revenue: Floats
    """(T, I) USD m of cloud beside AI."""
    group_cash: Floats
    """(T, I) USD m of cash that the group behind a provider has beside AI."""
    rmb_per_usd: Floats
    """(T,) exchange rate."""

    @classmethod
    def of(cls, structure: Structure) -> "Paths":
        """Lay out the paths of a run."""
        technology = structure.parameters.market.technology
        start, roofline = technology.tokens_m_per_h100e_hour, technology.roofline_multiple
        software = accumulated_growth(
            technology.software_growth_initial, technology.software_growth_final,
            technology.software_growth_decay_quarters, structure.quarters,
        )  # fmt: skip
        appetite = accumulated_growth(
            technology.tokens_per_task_growth_initial, technology.tokens_per_task_growth_final,
            technology.tokens_per_task_growth_decay_quarters, structure.quarters,
        )  # fmt: skip
        return cls(
            software=software,
            reference_tokens=np.array([start * min(math.exp(gain), roofline) for gain in software]),
            tokens_per_task=np.array([start * math.exp(gain) for gain in appetite]),
            quality=_quality(structure),
            own_efficiency=_own_efficiency(structure),
            training_share=_training_share(structure),
            demand_growth=_demand_growth(structure),
            next_growth=_demand_growth(structure, 1)[1:],
            outlook=_outlook(structure),
            labs=_labs(structure),
            labs_observed=_observed(structure, [lab.h100e for lab in structure.parameters.customers.labs.values()]),
            own_use=_own_use(structure),
            own_use_growth=_own_use_growth(structure),
            own_use_observed=_observed(
                structure, [x.own_use.h100e if x.own_use else {} for x in structure.parameters.providers.values()]
            ),
            chip_price=_chip_price(structure),
            shell_cost=shell_costs(structure, np.arange(structure.quarters, dtype=np.float64)),
            grid=_grid(structure),
            requests=_requests(structure),
            trade=_trade(structure),
            elsewhere=_elsewhere(structure),
            general_revenue=_general(structure),
            group_cash=_group_cash(structure),
            rmb_per_usd=_along(structure, structure.parameters.market.rmb_per_usd),
        )  # fmt: skip


def _along(structure: Structure, series: Mapping[str, float], beyond: int = 0) -> Floats:
    """Return a series at every quarter of the run and some beyond it (T + beyond,)."""
    return np.array([interpolate(series, structure.start + t) for t in range(structure.quarters + beyond)])


def _columns(structure: Structure, columns: Sequence[Floats | None]) -> Floats:
    """Return columns side by side (T, n); zeros where there is none."""
    nothing = np.zeros(structure.quarters)
    filled = [nothing if column is None else column for column in columns]
    return np.stack(filled, axis=1) if filled else np.zeros((structure.quarters, 0))


def _quality(structure: Structure) -> Floats:
    nothing = np.zeros(structure.quarters)
    providers = structure.parameters.providers.values()
    return _columns(structure, [_along(structure, x.models.log_quality) if x.models else nothing for x in providers])


def _own_efficiency(structure: Structure) -> Floats:
    growth = [x.models.efficiency_growth if x.models else 0.0 for x in structure.parameters.providers.values()]
    gain: Floats = np.arange(structure.quarters)[:, None] * np.array(growth)
    return gain


def _training_share(structure: Structure) -> Floats:
    demand = structure.parameters.customers.demand
    nothing = np.zeros(structure.quarters)
    return _columns(
        structure, [_along(structure, demand[r].training_share) if r in demand else nothing for r in structure.regions]
    )


def _demand_growth(structure: Structure, beyond: int = 0) -> Floats:
    out = np.zeros((structure.quarters + beyond, len(structure.regions)))
    for r, name in enumerate(structure.regions):
        demand = structure.parameters.customers.demand.get(name)
        if demand is not None:
            total = accumulated_growth(
                demand.growth_initial, demand.growth_final, demand.growth_decay_quarters, structure.quarters + beyond
            )
            out[1:, r] = np.diff(total)
    return out


def _continuing(structure: Structure, since: int, growth: float, region: str, beyond: int = 0) -> Floats:
    """Return growth after the quarter number ``since``, accumulated, decaying like the region's demand growth.

    In a region without demand of its own it does not decay.
    """
    demand = structure.parameters.customers.demand.get(region)
    ahead = np.clip(structure.start + np.arange(structure.quarters + beyond) - since, 0, None)
    if demand is None:
        return exp(growth * ahead.astype(float))
    total = accumulated_growth(growth, demand.growth_final, demand.growth_decay_quarters, int(ahead.max()) + 1)
    return exp(total[ahead])


def _continued(
    structure: Structure, series: Mapping[str, float], growth: float, region: str, beyond: int = 0
) -> Floats:
    """Return an observed path continued at a growth that decays like the region's demand growth (T + beyond,)."""
    onward = _continuing(structure, last_quarter(series), growth, region, beyond)
    path: Floats = _along(structure, series, beyond) * onward
    return path


def _labs(structure: Structure) -> Floats:
    labs = structure.parameters.customers.labs.values()
    paths = [_continued(structure, lab.h100e, lab.growth_after, lab.region) for lab in labs]
    return HOURS_PER_QUARTER * _columns(structure, paths)


def _own_use(structure: Structure, beyond: int = 0) -> Floats:
    nothing = np.zeros(structure.quarters + beyond)
    paths = [
        _continued(structure, x.own_use.h100e, x.own_use.growth_after, x.headquarters, beyond) if x.own_use else nothing
        for x in structure.parameters.providers.values()
    ]
    columns: Floats = HOURS_PER_QUARTER * np.stack(paths, axis=1)
    return columns


def _own_use_growth(structure: Structure) -> Floats:
    """Return the growth until a site would stand that firms know of, beyond the end of the run as well."""
    path, present = _own_use(structure, int(structure.lead.max())), _own_use(structure)[:, :, None]
    ahead = path[np.arange(structure.quarters)[:, None] + structure.lead].transpose(0, 2, 1)
    growth = np.divide(ahead, present, out=np.ones(ahead.shape), where=present > 0.0)
    by_site: Floats = np.ascontiguousarray(growth[:, structure.site_provider, structure.site_region])
    return by_site


def _observed(structure: Structure, series: list[Mapping[str, float]]) -> Bools:
    """Return (T, n) whether a quarter lies within each series."""
    quarters = structure.start + np.arange(structure.quarters)[:, None]
    ends = [last_quarter(x) if x else 0 for x in series]
    return np.asarray(quarters <= np.array(ends, dtype=np.int64))


def _chip_price(structure: Structure) -> Floats:
    """Return launch prices, falling from the launch (or the first quarter) on."""
    suppliers = list(structure.parameters.suppliers.values())
    decline = np.array([suppliers[k].price_decline for k in structure.chip_supplier]) / QUARTERS_PER_YEAR
    launch = np.array([chip.price_usd for chip in structure.catalogue.values()])
    age = np.arange(structure.quarters)[:, None] - np.maximum(structure.chip_launch, 0)
    return launch * exp(-decline * np.maximum(age, 0))


def shell_costs(structure: Structure, quarters: Floats) -> Floats:
    """Return the usual price of shell and power for AI at quarters of the run (n,), possibly before it (n, R)."""
    market = structure.parameters.market
    first = np.array([r.shell_cost_usd_m_per_mw for r in market.regions.values()])
    growth = exp(quarters / QUARTERS_PER_YEAR * math.log1p(market.costs.shell_cost_growth))
    cost: Floats = first * (1.0 + market.building.premium) * growth[:, None]
    return cost


def _since_history(structure: Structure, level: list[float], growth: list[float]) -> Floats:
    """Return levels at the end of history that grow by a rate per year (T, n)."""
    years = (np.arange(structure.quarters) - (structure.history - 1)) / QUARTERS_PER_YEAR
    return np.array(level) * exp(years[:, None] * np.array([math.log1p(g) for g in growth]))


def _grid(structure: Structure) -> Floats:
    """Return what the grid can connect at the end of a shell that is begun in a quarter (T, R)."""
    regions = structure.parameters.market.regions.values()
    later = exp(structure.build_quarters / QUARTERS_PER_YEAR * np.array([math.log1p(r.grid_growth) for r in regions]))
    grid = _since_history(structure, [r.grid_mw for r in regions], [r.grid_growth for r in regions]) * later
    return grid * _after_history(structure, structure.build_quarters)


def _requests(structure: Structure) -> Bools:
    return _after_history(structure, structure.lead[structure.site_region])


def _after_history(structure: Structure, ahead: Ints) -> Bools:
    """Return whether some quarters ``ahead`` (n,) of every quarter history is over (T, n)."""
    return np.asarray(np.arange(structure.quarters)[:, None] + ahead >= structure.history)


def _trade(structure: Structure) -> Floats:
    regions = structure.parameters.market.regions.values()
    return _since_history(structure, [r.trade_mw for r in regions], [r.trade_growth for r in regions])


def _outlook(structure: Structure) -> Floats:
    """Return the mean growth of potential demand until what is decided in a quarter stands (T, R)."""
    growth = _demand_growth(structure, int(structure.lead.max()))
    out = np.empty((structure.quarters, len(structure.regions)))
    for r, lead in enumerate(structure.lead):
        for t in range(structure.quarters):
            out[t, r] = growth[t + 1 : t + 1 + lead, r].mean()
    return out


def _elsewhere(structure: Structure) -> Floats:
    """Return the last observed deliveries by supplier, growing as the owner's orders do."""
    owners = structure.parameters.rest_of_world.values()
    end, since = structure.parameters.market.history_end, structure.start + structure.history - 1
    last = np.zeros((structure.quarters, len(owners), len(structure.suppliers)))
    for w, owner in enumerate(owners):
        growth = _continuing(structure, since, owner.growth_after, owner.region)
        for chip, series in owner.deliveries.items():
            v = structure.chips.index(chip)
            last[:, w, structure.chip_supplier[v]] += series.get(end, 0.0) * structure.chip_h100e[v] * growth
    return last


def _general(structure: Structure) -> Floats:
    clouds = [x.general_cloud for x in structure.parameters.providers.values()]
    return _columns(structure, [_grown(structure, x.revenue_usd_m, x.growth_after) if x else None for x in clouds])


def _group_cash(structure: Structure) -> Floats:
    """Return (T + 2, I): firms look two quarters ahead, beyond the end of the run as well."""
    groups, nothing = [x.group for x in structure.parameters.providers.values()], np.zeros(structure.quarters + 2)
    paths = [_grown(structure, x.cash_flow_usd_m, x.growth_after, 2) if x else nothing for x in groups]
    return np.stack(paths, axis=1)


def _grown(structure: Structure, series: Mapping[str, float], growth: float, beyond: int = 0) -> Floats:
    """Return a series that grows at a constant rate after its last value (T + beyond,)."""
    quarters = structure.start + np.arange(structure.quarters + beyond)
    ahead = np.maximum(quarters - last_quarter(series), 0)
    return _along(structure, series, beyond) * exp(growth * ahead)
