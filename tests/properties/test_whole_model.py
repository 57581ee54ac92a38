"""Properties of the whole model: any valid configuration runs, names and units carry no meaning, draws are keyed."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from experiments.verification.invariance import SHORT, Rows, rows_of
from sim import ComputeMarket, Parameters
from sim.economics.cells import Ints
from sim.economics.workloads import OUTSIDE
from sim.model import QUARTER
from sim.phases import service
from sim.world import Quarter
from tests.economy import (
    GONE,
    Changes,
    Numbers,
    Values,
    baseline,
    before_and_after_service,
    changed,
    column,
)

RANGES: dict[str, tuple[float, float]] = {
    "market.costs.discount_rate": (-0.4, 1.0),
    "market.costs.card_life_years": (1.0, 20.0),
    "market.costs.shell_cost_growth": (-0.5, 1.0),
    "market.costs.operations_usd_per_card_hour": (0.0, 5.0),
    "market.costs.server_cost_multiple": (1.0, 3.0),
    "market.on_premises.utilisation": (0.05, 1.0),
    "market.on_premises.cost_multiple": (0.5, 5.0),
    "market.technology.software_growth_initial": (-0.5, 1.5),
    "market.technology.learning_exponent": (0.0, 1.0),
    "market.technology.learning_scale_tokens_bn": (1e-3, 1e9),
    "market.technology.spillover": (0.0, 1.0),
    "market.technology.roofline_multiple": (1.0, 10000.0),
    "market.technology.tokens_per_task_growth_initial": (-0.5, 1.5),
    "market.utilisation.maximum": (0.05, 1.0),
    "market.cohorts.failure_per_year": (0.0, 0.5),
    "market.regions.us.electricity_usd_per_kwh": (1e-3, 1.0),
    "market.stacks.tpu.training": (0.01, 1.0),
    "customers.nest_dissimilarity": (0.0, 0.95),
    "customers.intensive_elasticity": (0.0, 3.0),
    "customers.waiting_disutility": (0.0, 20.0),
    "customers.home_bias": (-50.0, 50.0),
    "customers.waiting_share": (0.0, 1.0),
    "customers.tastes.*.price_sensitivity": (1.1, 20.0),
    "customers.tastes.price_seeker.quality_weight": (0.0, 10.0),
    "customers.tastes.*.stack_cost_training": (-50.0, 50.0),
    "customers.tastes.*.own_efficiency": (0.01, 2.0),
    "customers.demand.*.initial_tasks_h100e": (1e-3, 1e8),
    "customers.demand.us.growth_initial": (-0.5, 1.5),
    "customers.demand.*.shock_sd": (0.0, 1.0),
    "customers.demand.*.outside_utility": (-50.0, 50.0),
    "customers.demand.*.bound_share_inference": (0.0, 1.0),
    "customers.switching.cost_iaas": (0.0, 50.0),
    "customers.switching.cost_maas": (0.0, 50.0),
    "customers.switching.new_workload_fraction": (0.0, 1.0),
    "customers.switching.maas_reserved_share": (0.0, 1.0),
    "customers.switching.escalation": (0.0, 0.5),
    "customers.sizes.tail_exponent": (0.6, 10.0),
    "customers.sizes.cap_share": (1e-3, 1.0),
    "providers.*.utility": (-50.0, 50.0),
    "providers.google.utility": (-50.0, 50.0),
    "providers.*.models.efficiency": (1e-3, 20.0),
    "providers.*.models.efficiency_growth": (-0.5, 1.5),
    "providers.*.models.other_cost_usd_per_m_tokens": (0.0, 100.0),
    "providers.*.own_use.elasticity": (0.0, 3.0),
    "providers.*.pricing.share_weight": (0.0, 2.0),
    "providers.aws.pricing.customer_value_weight": (0.0, 1.0),
    "behaviour.pricing.best_response.adjustment": (0.01, 1.0),
    "behaviour.pricing.best_response.ceiling": (1.01, 100.0),
    "behaviour.investment.*.adjustment": (0.01, 1.0),
    "behaviour.investment.*.elasticity": (0.0, 3.0),
    "behaviour.investment.*.scarcity": (0.0, 2.0),
    "behaviour.investment.*.own_price": (0.0, 20.0),
    "behaviour.investment.*.own_price_clip": (0.0, 2.0),
    "behaviour.investment.*.neglect": (0.0, 1.0),
    "behaviour.investment.*.imitation": (0.0, 1.0),
    "behaviour.expectations.adaptation": (0.01, 1.0),
    "behaviour.expectations.extrapolation": (0.0, 2.0),
    "behaviour.expectations.intensity": (0.0, 1000.0),
    "behaviour.expectations.persistence": (0.0, 1.0),
    "behaviour.expectations.elasticity": (0.1, 10.0),
    "behaviour.expectations.largest_growth": (0.0, 2.0),
    "behaviour.orders.steepness": (0.1, 100.0),
    "behaviour.orders.supplier_sensitivity": (0.0, 50.0),
    "behaviour.orders.refill_rate": (0.0, 1.0),
    "behaviour.orders.conversion_rate": (0.0, 1.0),
    "market.costs.obsolescence": (-0.4, 1.0),
    "market.costs.server_power_multiple": (1.0, 4.0),
    "market.building.congestion": (0.0, 2.0),
    "market.building.premium": (0.0, 2.0),
    "market.building.converted_share": (0.0, 1.0),
    "market.building.convertible": (0.0, 100.0),
    "market.building.conversion_cost": (0.0, 2.0),
    "market.building.spare": (0.0, 2.0),
    "market.regions.*.grid_mw": (0.0, 1e6),
    "market.regions.us.trade_mw": (1e-3, 1e6),
    "behaviour.investment.*.hurdle": (0.01, 5.0),
    "behaviour.investment.*.maximum_growth": (0.01, 5.0),
    "finance.credit.risk_free_rate": (0.0, 0.3),
    "finance.credit.spread_slope": (0.0, 1.0),
    "finance.credit.asset_yield": (0.0, 1.0),
    "finance.credit.covenant": (0.0, 10.0),
    "finance.patience.hazard.intercept": (-10.0, 10.0),
    "finance.patience.hazard.cut_depth": (0.0, 1.0),
    "finance.cash_buffer_quarters": (0.0, 20.0),
    "finance.fire_sale": (0.0, 1.0),
    "finance.entry.npv.hurdle": (0.0, 10.0),
    "finance.entry.npv.chance": (0.0, 1.0),
    "finance.card_book_years": (0.5, 20.0),
    "market.regions.*.profit_tax": (0.0, 1.0),
    "market.regions.*.capital_subsidy": (0.0, 0.5),
    "providers.*.account.opening_debt_usd_m": (0.0, 1e5),
    "providers.*.account.credit_multiple": (0.0, 20.0),
    "providers.*.group.share": (0.0, 1.0),
    "upstream.*.wafers.growth": (-0.5, 1.5),
    "upstream.*.memory.response": (0.0, 1.0),
    "upstream.*.defects.density": (0.0, 10.0),
    "upstream.*.newcomer": (0.0, 1.0),
    "suppliers.*.foundry_access": (0.0, 1.0),
    "suppliers.*.external_share": (0.0, 1.0),
    "suppliers.*.learning.rate": (0.0, 0.5),
    "suppliers.*.research.elasticity": (0.0, 1.0),
    "behaviour.allocation.inflation": (0.0, 5.0),
    "behaviour.chip_pricing.response": (0.0, 1.0),
    "behaviour.make_or_buy.npv.design_cost_usd_m": (0.0, 1e5),
    "behaviour.make_or_buy.npv.cut_probability": (0.0, 1.0),
    "behaviour.make_or_buy.npv.sensitivity": (0.0, 50.0),
    "providers.google.in_house_share": (0.0, 1.0),
    "suppliers.nvidia.price_decline": (-0.5, 1.0),
}
"""Numbers that matter, over the ranges of the schema."""

CHOICES: dict[str, tuple[Any, ...]] = {
    "behaviour.rationing.name": ("lottery", "reservations", "bids"),
    "behaviour.allocation.name": ("proportional", "uniform", "priority", "price"),
    "behaviour.pricing.best_response.rounds": (1, 4, 20),
    "behaviour.pricing.best_response.tolerance": (0.0, 0.025, 1.0),
    "market.cohorts.maximum_age_quarters": (1, 4, 80),
    "customers.enterprises": (1, 7, 60),
    "customers.workloads_per_enterprise": (2, 3, 20),
    "customers.lab_teams": (1, 3),
    "customers.waiting_quarters": (0, 1, 40),
    "customers.labs": ({},),
    "leases": ({},),
    "rest_of_world": ({},),
    "providers.*.models": (None,),
    "providers.google.models": (None,),
    "providers.*.own_use": (None,),
    "providers.microsoft.general_cloud": (None,),
    "providers.*.group": (None,),
    "providers.oracle.group": (None,),
    "finance.patience.name": ("hazard", "none"),
    "finance.entry.name": ("npv", "none"),
    "providers.*.sites.*.opening_cards": ({},),
    "providers.*.sites.*.deliveries": ({},),
    "market.regions.*.construction_quarters": (1, 2, 20),
    "market.regions.us.time_to_power_quarters": (1, 3, 40),
    "market.building.conversion_quarters": (1, 20),
    "behaviour.investment.*.forecast": ("naive", "adaptive", "trend", "fundamental", "switching"),
    "behaviour.orders.scrapping_quarters": (1, 40),
    "behaviour.make_or_buy.name": ("npv", "habit"),
    "upstream.*.packaging.capacity": (0.0, 1e12),
    "upstream.*.memory.capacity": (0.0, 1e12),
    "suppliers.*.roadmap.cadence_quarters": (2, 16),
    "market.history_end": ("2021Q4", "2022Q1", "2024Q4"),
    "market.start": ("2023Q1",),
}

NULLABLE = {
    "pricing_residual",
    "build_cost_usd_m_per_mw",
    "hhi_revenue",
    "hhi_compute",
    "unmet_share",
    "gap_at_cost",
    "outside_share",
    "utilisation",
    "yield_fraction",
    "saving_usd_m",
}
"""Columns that are null where they divide by nothing; so are shares, prices and amounts in RMB."""


def _without(values: Values, providers: frozenset[str], regions: frozenset[str]) -> Values:
    """Return values without some providers, and without customers in some regions."""
    for name in providers:
        del values["providers"][name]
    leases = values["leases"].items()
    values["leases"] = {k: x for k, x in leases if not {x["lessor"], x["lessee"]} & providers}
    for supplier in values["suppliers"].values():
        if supplier["sells_to"] is not None:
            supplier["sells_to"] = [x for x in supplier["sells_to"] if x not in providers]
    labs: Values = values["customers"]["labs"]
    for name in list(labs):
        labs[name]["contracts"] = [x for x in labs[name]["contracts"] if x["provider"] not in providers]
        if not labs[name]["contracts"] or labs[name]["region"] in regions:
            del labs[name]
    demand: Values = values["customers"]["demand"]
    for place in regions:
        del demand[place]
    total = sum(x["enterprise_share"] for x in demand.values())
    for x in demand.values():
        x["enterprise_share"] /= total
    return values


class Draft(NamedTuple):
    """A configuration as what departs from the baseline."""

    changes: Changes
    without_providers: frozenset[str]
    without_customers_in: frozenset[str]

    @property
    def values(self) -> Values:
        """Plain values; changes to one entity come after changes to all."""
        ordered = dict(sorted(self.changes.items(), key=lambda item: "*" not in item[0]))
        return _without(changed(baseline(), ordered), self.without_providers, self.without_customers_in)


SOME_PROVIDERS = ("aws", "google", "oracle", "meta", "neocloud", "alibaba", "entrant-us")
REGIONS_LEFT_OUT = ((), (), ("mid",), ("ally", "cn"), ("ally", "mid", "cn"))


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Draw a valid configuration: numbers anywhere in their ranges, entities and mechanisms taken away."""
    changes: dict[str, Any] = dict(SHORT)
    for key in draw(st.lists(st.sampled_from(sorted(RANGES)), max_size=8, unique=True)):
        changes[key] = draw(st.floats(*RANGES[key], allow_subnormal=False))
    for key in draw(st.lists(st.sampled_from(sorted(CHOICES)), max_size=3, unique=True)):
        changes[key] = draw(st.sampled_from(CHOICES[key]))
    providers = draw(st.frozensets(st.sampled_from(SOME_PROVIDERS)))
    return Draft(changes, providers, frozenset(draw(st.sampled_from(REGIONS_LEFT_OUT))))


def run(values: Values, seed: int = 1) -> ComputeMarket:
    """Return a finished run of plain values."""
    return ComputeMarket(Parameters.from_mapping(values), seed).run()


def _may_be_null(name: str) -> bool:
    return name in NULLABLE or "share" in name or "price" in name or "rmb" in name or name.startswith("lrmc")


def check(model: ComputeMarket) -> None:
    """Check every table: finite where not null, quantities not negative, shares that add up."""
    for table, columns in model.tables().items():
        for name, values in columns.items():
            if values.dtype.kind != "f" or np.isnan(values).all():
                continue
            assert not np.isinf(values).any(), (table, name)
            known = values[~np.isnan(values)]
            assert known.size == values.size or _may_be_null(name) or name == "value", (table, name)
            if name.endswith(("_h100e", "_bn", "_cards", "_gwh")) or "share" in name or "price" in name:
                assert (known >= -1e-9).all(), (table, name)
    providers = model.tables(["providers"])["providers"]
    keys = list(zip(*(providers[x] for x in ("quarter", "region", "product", "workload")), strict=True))
    for name in ("share_revenue", "share_compute", "share_tokens"):
        sums: dict[Any, float] = {}
        for key, value in zip(keys, providers[name], strict=True):
            sums[key] = sums.get(key, 0.0) + value
        assert all(np.isnan(x) or abs(x - 1.0) < 1e-9 for x in sums.values()), name


SETTINGS: dict[str, Any] = {"derandomize": True, "database": None, "deadline": None}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], **SETTINGS)
@given(draft=drafts(), seed=st.integers(0, 2**31))
@example(draft=Draft({**SHORT, "customers.nest_dissimilarity": 1e-20}, frozenset(), frozenset()), seed=0)
def test_any_valid_configuration_runs(draft: Draft, seed: int) -> None:
    check(run(draft.values, seed))


@pytest.mark.slow
@settings(max_examples=400, suppress_health_check=list(HealthCheck), **SETTINGS)
@given(draft=drafts(), seed=st.integers(0, 2**31))
def test_any_valid_configuration_runs_at_length(draft: Draft, seed: int) -> None:
    check(run(draft.values, seed))


def model_of(changes: Changes = SHORT, seed: int = 1) -> ComputeMarket:
    """Return a finished run of the baseline with changes."""
    return run(changed(baseline(), {**SHORT, **changes}), seed)


def assert_alike(mine: Rows, other: Rows) -> None:
    """Check that two sets of rows have the same keys and, within 1e-9, the same numbers."""
    assert mine.keys() == other.keys()
    for key, numbers in mine.items():
        for name, value in numbers.items():
            assert other[key][name] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), (key, name)


def test_taking_away_who_sells_nothing_changes_nothing() -> None:
    closed: Changes = {"finance.entry.name": "none"}
    without = rows_of(model_of({**closed, "providers.entrant-us": GONE}))
    whole = rows_of(model_of(closed))
    mine = {key: numbers for key, numbers in whole.items() if not any("entrant-us" in x for x in key)}
    assert_alike(mine, without)


def test_taking_away_who_builds_for_itself_leaves_the_market_as_it_is() -> None:
    """Meta sells nothing, and cards up to 2024Q4 are observed: nobody feels that it is there."""
    tables = ("providers", "diverted")
    with_meta, without = (
        {key: numbers for key, numbers in rows_of(model_of(x)).items() if key[0] in tables}
        for x in ({"market.history_end": "2024Q4"}, {"market.history_end": "2024Q4", "providers.meta": GONE})
    )
    assert_alike(with_meta, without)


def _until(model: ComputeMarket, phase: str) -> None:
    """Run the phases of the present quarter before one."""
    model.world.now = Quarter()
    model.world.ledger.clear()
    for name, run_phase in QUARTER:
        if name == phase:
            return
        run_phase(model.world)


def _chosen(model: ComputeMarket) -> Ints:
    """Serve the quarter and return first choices of all rows as products; -1 on premises."""
    service.run(model.world)
    active, product = model.world.now.active, model.world.links.pair_product
    assert active is not None
    assert active.row.size == model.world.workloads.volume.size
    return np.where(active.first >= 0, product[active.first], OUTSIDE)


@pytest.mark.parametrize("banned", ["aws", "alibaba", "neocloud"])
def test_a_ban_moves_only_those_who_had_chosen_the_banned(banned: str) -> None:
    """First quarter, posted prices as they stand."""
    values = {**changed(baseline(), SHORT), "leases": {}}
    values["customers"]["labs"] = {}
    free, bound = (ComputeMarket(Parameters.from_mapping(values), 1) for _ in range(2))
    for model in (free, bound):
        _until(model, "service")
    links = bound.world.links
    banned_row = bound.world.structure.providers.index(banned)
    bound.world.now.arrays["attraction"][links.pair_provider == banned_row] = -np.inf
    before, after = _chosen(free), _chosen(bound)
    users = (before >= 0) & (links.product_provider[before] == banned_row)
    assert users.sum() > 0
    assert np.array_equal(before[~users], after[~users])
    assert not (links.product_provider[after[after >= 0]] == banned_row).any()


def test_a_larger_population_keeps_the_draws_of_the_smaller() -> None:
    values = changed(baseline(), {**SHORT, "customers.labs": {}})
    small, large = (
        ComputeMarket(Parameters.from_mapping(changed(values, {"customers.enterprises": n})), 1) for n in (60, 240)
    )
    for model in (small, large):
        _until(model, "service")
    large.world.state.posted[:] = small.world.state.posted
    for name in ("intensity", "need"):
        setattr(large.world.now, name, getattr(small.world.now, name))
    rows = np.concatenate([np.flatnonzero(large.world.customers.region == r)[:n] for r, n in enumerate(
        np.bincount(small.world.customers.region))])  # fmt: skip
    for trait in ("key", "taste", "bound_training", "bound_inference"):
        assert np.array_equal(getattr(large.world.customers, trait)[rows], getattr(small.world.customers, trait))
    slots = (rows[:, None] * small.world.slots + np.arange(small.world.slots)).ravel()
    assert np.array_equal(large.world.workloads.cell[slots], small.world.workloads.cell)
    assert np.array_equal(_chosen(large)[slots], _chosen(small))


FIRMS = 4


def symmetric() -> Values:
    """Return a market of equal providers of one card in one region, with cards to spare."""
    values = changed(baseline(), {
        "customers.enterprises": 4000, "market.end": "2023Q4", "leases": {}, "rest_of_world": {}, "customers.labs": {},
        "customers.sizes.cap_share": 1e-6, "customers.home_bias": 0.0, "customers.demand.*.outside_utility": -40.0,
        "customers.demand.*.tastes": {"cuda_native": 1.0}, "market.cohorts.maximum_age_quarters": 80,
    })  # fmt: skip
    aws = {**values["providers"]["aws"], "models": None, "own_use": None, "order_mix": {"nvidia": 1.0}}
    site = {**aws["sites"]["us"], "opening_cards": {"a100": 1e8}, "deliveries": {}}
    values["providers"] = {f"firm-{i}": {**aws, "sites": {"us": site}} for i in range(FIRMS)}
    values["customers"]["demand"] = {"us": {**values["customers"]["demand"]["us"], "enterprise_share": 1.0}}
    values["suppliers"] = {k: {**x, "sells_to": None} for k, x in values["suppliers"].items()}
    return values


def test_equal_firms_have_equal_shares_and_prices() -> None:
    """Of 192,000 equal workloads a quarter has a standard deviation of 0.1 points; prices part by who holds whom.

    Twenty rounds of best response bring prices to equilibrium, so that no unfinished solution is seen here.
    """
    form = "behaviour.pricing.best_response"
    settled = {"customers.enterprises": 64000, f"{form}.rounds": 20, f"{form}.tolerance": 0.0}
    model = run(changed(symmetric(), settled))
    posted = model.record["posted"]
    gaps = np.ptp(np.log(posted.reshape(posted.shape[0], FIRMS, -1)), axis=1)
    assert gaps[0].max() < 1e-9
    assert gaps.max() < 0.02
    shares: Numbers = column(model, "providers", "share_compute", region="world", product="all", workload="all")
    assert np.abs(shares - 1.0 / FIRMS).max() < 0.015


def test_equal_firms_with_high_switching_costs_lose_nobody() -> None:
    tied = {"customers.switching.cost_iaas": 50.0, "customers.switching.new_workload_fraction": 1.0}
    for market, stood in before_and_after_service(tied, values=symmetric()):
        provider, known = market.links.pair_provider, stood.pair >= 0
        assert np.array_equal(provider[market.workloads.pair[known]], provider[stood.pair[known]])
    assert known.all()


def test_a_fleet_that_retires_to_the_last_card_is_gone() -> None:
    """What rounding leaves in the running account of cards is no card, and stops no run."""
    model = model_of({"market.cohorts.maximum_age_quarters": 1, "upstream.*.wafers.capacity": 0.0})
    assert model.record["owned"][3].sum() > 0.0
    assert model.record["owned"][-1].sum() == 0.0
    assert column(model, "market", "served_h100e", region="world")[-1] == 0.0
