"""Exogenous paths of a run: what parameters give by quarter, laid out once as arrays over quarters."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.economics.cells import Bools, Floats
from sim.economics.elementary import exp
from sim.economics.technology import accumulated_growth, interpolate, last_quarter
from sim.names import HOURS_PER_QUARTER, QUARTERS_PER_YEAR
from sim.structure import Structure


@dataclass(frozen=True)
class Paths:
    """Arrays over the T quarters of a run; I providers, R regions, V chips, K suppliers, W owners elsewhere."""

    software: Floats
    """(T,) log gain of tokens per card-hour from software."""
    appetite: Floats
    """(T,) log gain of tokens per task."""
    quality: Floats
    """(T, I) ln(model quality / open frontier); 0 where a provider has no models."""
    own_efficiency: Floats
    """(T, I) log gain of tokens per card-hour beyond the common path."""
    training_share: Floats
    """(T, R) share of new tasks that are training."""
    demand_growth: Floats
    """(T, R) growth of potential tasks into the quarter, log."""
    labs: Floats
    """(T, labs) compute that AI labs want, effective H100e-hours."""
    labs_observed: Bools
    """(T, labs) whether a lab's use is observed, so that present hours per task turn it into tasks."""
    own_use: Floats
    """(T, I) captive demand at the reference price, effective H100e-hours."""
    own_use_observed: Bools
    """(T, I) whether captive demand is observed, so that the present price is its reference."""
    chip_price: Floats
    """(T, V) USD per card."""
    shell_cost: Floats
    """(T, R) USD m per MW IT."""
    output: Floats
    """(T, K) H100e that a supplier can deliver after the observed deliveries end."""
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
        return cls(
            software=accumulated_growth(
                technology.software_growth_initial, technology.software_growth_final,
                technology.software_growth_decay_quarters, structure.quarters,
            ),
            appetite=accumulated_growth(
                technology.tokens_per_task_growth_initial, technology.tokens_per_task_growth_final,
                technology.tokens_per_task_growth_decay_quarters, structure.quarters,
            ),
            quality=_quality(structure),
            own_efficiency=_own_efficiency(structure),
            training_share=_training_share(structure),
            demand_growth=_demand_growth(structure),
            labs=_labs(structure),
            labs_observed=_observed(structure, [lab.h100e for lab in structure.parameters.customers.labs.values()]),
            own_use=_own_use(structure),
            own_use_observed=_observed(
                structure, [x.own_use.h100e if x.own_use else {} for x in structure.parameters.providers.values()]
            ),
            chip_price=_chip_price(structure),
            shell_cost=_shell_cost(structure),
            output=_output(structure),
            elsewhere=_elsewhere(structure),
            general_revenue=_general(structure),
            group_cash=_group_cash(structure),
            rmb_per_usd=_along(structure, structure.parameters.market.rmb_per_usd),
        )  # fmt: skip


def _along(structure: Structure, series: Mapping[str, float]) -> Floats:
    """Return a series at every quarter of the run (T,)."""
    return np.array([interpolate(series, structure.start + t) for t in range(structure.quarters)])


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


def _demand_growth(structure: Structure) -> Floats:
    out = np.zeros((structure.quarters, len(structure.regions)))
    for r, name in enumerate(structure.regions):
        demand = structure.parameters.customers.demand.get(name)
        if demand is not None:
            total = accumulated_growth(
                demand.growth_initial, demand.growth_final, demand.growth_decay_quarters, structure.quarters
            )
            out[1:, r] = np.diff(total)
    return out


def _continued(structure: Structure, series: Mapping[str, float], growth: float, region: str) -> Floats:
    """Return an observed path continued at a growth that decays like the region's demand growth (T,).

    In a region without demand of its own the growth does not decay.
    """
    level = _along(structure, series)
    demand = structure.parameters.customers.demand.get(region)
    ahead = np.clip(structure.start + np.arange(structure.quarters) - last_quarter(series), 0, None)
    if demand is None:
        return level * exp(growth * ahead.astype(float))
    total = accumulated_growth(growth, demand.growth_final, demand.growth_decay_quarters, int(ahead.max()) + 1)
    return level * exp(total[ahead])


def _labs(structure: Structure) -> Floats:
    labs = structure.parameters.customers.labs.values()
    paths = [_continued(structure, lab.h100e, lab.growth_after, lab.region) for lab in labs]
    return HOURS_PER_QUARTER * _columns(structure, paths)


def _own_use(structure: Structure) -> Floats:
    nothing = np.zeros(structure.quarters)
    paths = [
        _continued(structure, x.own_use.h100e, x.own_use.growth_after, x.headquarters) if x.own_use else nothing
        for x in structure.parameters.providers.values()
    ]
    return HOURS_PER_QUARTER * _columns(structure, paths)


def _observed(structure: Structure, series: list[Mapping[str, float]]) -> Bools:
    """Return (T, n) whether a quarter lies within each series."""
    quarters = structure.start + np.arange(structure.quarters)[:, None]
    ends = [last_quarter(x) if x else 0 for x in series]
    return np.asarray(quarters <= np.array(ends, dtype=np.int64))


def _chip_price(structure: Structure) -> Floats:
    """Return launch prices, falling from the launch (or the first quarter) on."""
    suppliers = list(structure.parameters.suppliers.values())
    decline = np.array([suppliers[k].price_decline for k in structure.chip_supplier]) / QUARTERS_PER_YEAR
    launch = np.array([chip.price_usd for chip in structure.parameters.chips.values()])
    age = np.arange(structure.quarters)[:, None] - np.maximum(structure.chip_launch, 0)
    return launch * exp(-decline * np.maximum(age, 0))


def _shell_cost(structure: Structure) -> Floats:
    market = structure.parameters.market
    first = np.array([r.shell_cost_usd_m_per_mw for r in market.regions.values()])
    years = np.arange(structure.quarters) / QUARTERS_PER_YEAR
    return first * exp(years * math.log1p(market.costs.shell_cost_growth))[:, None]


def _ahead(structure: Structure) -> Floats:
    """Return quarters since the observed deliveries ended (T, 1), 0 until then."""
    return np.maximum(np.arange(structure.quarters) - (structure.history - 1), 0)[:, None].astype(float)


def _growth_of_output(structure: Structure) -> Floats:
    return np.array([s.output_growth for s in structure.parameters.suppliers.values()])


def _output(structure: Structure) -> Floats:
    first = np.array([s.output_h100e for s in structure.parameters.suppliers.values()])
    return first * exp(_growth_of_output(structure) * _ahead(structure))


def _elsewhere(structure: Structure) -> Floats:
    """Return the last observed deliveries by supplier, growing with the supplier's output."""
    owners = structure.parameters.rest_of_world.values()
    last = np.zeros((len(owners), len(structure.suppliers)))
    for w, owner in enumerate(owners):
        for chip, series in owner.deliveries.items():
            v = structure.chips.index(chip)
            cards = series.get(structure.parameters.market.history_end, 0.0)
            last[w, structure.chip_supplier[v]] += cards * structure.chip_h100e[v]
    return last[None] * exp(_growth_of_output(structure) * _ahead(structure))[:, None, :]


def _general(structure: Structure) -> Floats:
    clouds = [x.general_cloud for x in structure.parameters.providers.values()]
    return _columns(structure, [_grown(structure, x.revenue_usd_m, x.growth_after) if x else None for x in clouds])


def _group_cash(structure: Structure) -> Floats:
    groups = [x.group for x in structure.parameters.providers.values()]
    return _columns(structure, [_grown(structure, x.cash_flow_usd_m, x.growth_after) if x else None for x in groups])


def _grown(structure: Structure, series: Mapping[str, float], growth: float) -> Floats:
    """Return a series that grows at a constant rate after its last value (T,)."""
    quarters = structure.start + np.arange(structure.quarters)
    ahead = np.maximum(quarters - last_quarter(series), 0)
    return _along(structure, series) * exp(growth * ahead)
