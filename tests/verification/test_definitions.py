"""Columns that no identity between tables holds, written a second time as plain loops over the last quarter."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sim.economics.technology import interpolate
from sim.names import HOURS_PER_QUARTER, quarter_number
from sim.structure import IAAS, INFERENCE, MAAS, TRAINING, Product
from sim.tabulate.facts import Facts
from sim.world import World
from tests.markets import finished, parameters_of, tables_of

BASE = ("customers.enterprises=300", "market.end=2026Q4")
SCARCE = (
    "customers.enterprises=120", "market.end=2024Q2", "customers.demand.us.initial_tasks_h100e=400000.0",
    "market.cohorts.maximum_age_quarters=6",
)  # fmt: skip
IMPATIENT = (*SCARCE, "customers.waiting_quarters=1", "customers.waiting_share=1.0")

both = pytest.mark.parametrize("overrides", [BASE, SCARCE], ids=["baseline", "scarce"])


def _last(table: str, key: str, overrides: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows of the last quarter by one key."""
    return tables_of(*overrides)[table].query("quarter == quarter.max()").set_index(key)


def _with_world(values: np.ndarray) -> np.ndarray:
    return np.append(values, values.sum())


def _ratio(part: np.ndarray, whole: np.ndarray) -> list[float]:
    return [p / w if w > 0.0 else math.nan for p, w in zip(part, whole, strict=True)]


class Menus:
    """What the tasks of every base cell may choose from in the last quarter, at prices ``times`` the posted ones."""

    def __init__(self, world: World, times: np.ndarray) -> None:
        self.world, self.times = world, times
        self.slack = 1.0 - world.parameters.customers.nest_dissimilarity
        self.sensitivity = [taste.price_sensitivity for taste in world.parameters.customers.tastes.values()]
        self.pairs: list[list[int]] = [[] for _ in world.structure.cells]
        for k, (b, _) in enumerate(world.structure.pairs):
            self.pairs[b].append(k)

    def _nests(self, b: int) -> dict[int, dict[int, float]]:
        """Return weights by nest and pair."""
        structure, inverse = self.world.structure, self.world.now.arrays["inverse_weight"]
        nests: dict[int, dict[int, float]] = {IAAS: {}, MAAS: {}}
        for k in self.pairs[b]:
            j = structure.pairs[k][1]
            price = self.times[j] ** -self.sensitivity[structure.cells[b].taste]
            nests[structure.products[j].service][k] = float(price / inverse[k])
        return nests

    def alone(self, b: int) -> float:
        """Return the probability of own cards."""
        outside = math.exp(self.world.now.arrays["outside"][b])
        return outside / (outside + sum(float(sum(nest.values()) ** self.slack) for nest in self._nests(b).values()))

    def chosen(self, b: int) -> Iterator[tuple[int, float]]:
        """Yield pairs and their probabilities."""
        alone, outside = self.alone(b), math.exp(self.world.now.arrays["outside"][b])
        for nest in self._nests(b).values():
            total = sum(nest.values())
            for k, weight in nest.items():
                if weight > 0.0:
                    yield k, alone * total**self.slack / outside * weight / total


def _pool_hours(world: World, workload: int) -> np.ndarray:
    """Return hours of every pool (L,) if it serves one workload only."""
    hours = HOURS_PER_QUARTER * world.parameters.market.utilisation.maximum
    effective = world.state.effective[:, workload]
    return np.array([(cards * effective).sum() * hours for cards in world.state.operated])


def _hour(world: World, product: Product) -> float:
    """Return the long-run cost of an hour on what the site of a product orders."""
    return float(world.now.arrays["costs_here"][world.structure.pool_site[product.pool], product.workload])


def _cost(world: World, j: int) -> float:
    """Return the long-run cost of a unit of a product."""
    product = world.structure.products[j]
    hour = _hour(world, product)
    if product.service == IAAS:
        return hour
    models = list(world.parameters.providers.values())[product.provider].models
    assert models is not None
    return hour / float(world.state.tokens_per_hour[product.provider]) + models.other_cost_usd_per_m_tokens


def _wanted_at_cost(world: World, volume: np.ndarray) -> np.ndarray:
    """Return inference hours wanted of pools by region (R, L) at long-run cost."""
    structure, now = world.structure, world.now
    training, inference = _pool_hours(world, TRAINING), _pool_hours(world, INFERENCE)
    times = np.array([_cost(world, j) for j in range(len(structure.products))]) / world.state.posted
    menus, out = Menus(world, times), np.zeros((len(structure.regions), len(structure.pools)))
    intensive = world.parameters.customers.intensive_elasticity
    for b, cell in enumerate(structure.cells):
        for k, share in menus.chosen(b) if volume[b] > 0.0 else ():
            j = structure.pairs[k][1]
            pool = structure.products[j].pool
            hours = volume[b] * share * now.hours[k] * now.intensity[k] * times[j] ** -intensive
            out[cell.region, pool] += hours * (inference[pool] / training[pool] if cell.workload == TRAINING else 1.0)
    return out


@both
def test_gap_is_what_is_missing_at_long_run_cost(overrides: tuple[str, ...]) -> None:
    model = finished(*overrides)
    world = model.world
    wanted = _wanted_at_cost(world, model.record["volume"][-1])
    assert wanted.sum() > 0.0
    assert_allclose(Facts(world, model.record).demand.wanted_at_cost[-1], wanted, rtol=1e-9)
    rentable = np.maximum(_pool_hours(world, INFERENCE) - world.state.own_use, 0.0)
    part = np.divide(wanted, wanted.sum(axis=0), out=np.zeros_like(wanted), where=wanted.sum(axis=0) > 0.0)
    missing = 1.0 - np.array(_ratio(_with_world((part * rentable).sum(axis=1)), _with_world(wanted.sum(axis=1))))
    found = _last("market", "region", overrides)["gap_at_cost"]
    assert_allclose(found, np.maximum(missing, 0.0), rtol=1e-9, atol=1e-9)
    assert (found > 0.0).any() or overrides is not SCARCE


@both
def test_surplus_is_what_menus_save_the_tasks_that_are_supplied(overrides: tuple[str, ...]) -> None:
    model = finished(*overrides)
    world, record = model.world, model.record
    menus, customers = Menus(world, np.ones(len(world.structure.products))), world.parameters.customers
    tastes = list(customers.tastes.values())
    slack, volume = 1.0 - customers.intensive_elasticity, record["volume"][-1]
    worth, total = (np.zeros(len(world.structure.regions)) for _ in range(2))
    for b, cell in enumerate(world.structure.cells):
        if volume[b] <= 0.0:
            continue
        taste = tastes[cell.taste]
        cost = float(world.state.on_premises[cell.region, cell.workload])
        if cell.workload == INFERENCE:
            cost *= world.state.tokens_per_task[0] / world.state.reference_tokens[0] / taste.own_efficiency
        lower = cost * menus.alone(b) ** (1.0 / (taste.price_sensitivity * menus.slack))
        reference = float(world.state.reference_price[b])
        area = ((cost / reference) ** slack - (lower / reference) ** slack) * reference / slack
        worth[cell.region] += volume[b] * area / 1e6
        total[cell.region] += volume[b]
    supplied = record["held"][-1] + record["outside_tasks"][-1]
    expected = _with_world(np.nan_to_num(worth * np.array(_ratio(supplied, total))))
    assert_allclose(_last("market", "region", overrides)["consumer_surplus_usd_m"], expected, rtol=1e-9)


@both
def test_own_cards_are_counted_among_tasks_with_a_supplier(overrides: tuple[str, ...]) -> None:
    record = finished(*overrides).record
    outside, held = (_with_world(record[name][-1]) for name in ("outside_tasks", "held"))
    assert_allclose(_last("market", "region", overrides)["outside_share"], _ratio(outside, outside + held), rtol=1e-12)


@both
def test_potential_is_every_task_at_the_compute_of_the_day(overrides: tuple[str, ...]) -> None:
    model = finished(*overrides)
    state, volume = model.world.state, model.record["volume"][-1]
    expected = np.zeros(len(model.world.structure.regions))
    for b, cell in enumerate(model.world.structure.cells):
        hours = state.tokens_per_task[0] / state.reference_tokens[0] if cell.workload == INFERENCE else 1.0
        expected[cell.region] += volume[b] * hours / HOURS_PER_QUARTER
    assert_allclose(_last("market", "region", overrides)["potential_h100e"], _with_world(expected), rtol=1e-12)


@both
def test_long_run_cost_is_that_of_the_hours_which_customers_rent_where_they_are_served(
    overrides: tuple[str, ...],
) -> None:
    world = finished(*overrides).world
    spent, hours = (np.zeros(len(world.structure.regions)) for _ in range(2))
    for j, product in enumerate(world.structure.products):
        if product.service == IAAS:
            taken = world.now.arrays["taken"][:, j]
            spent += taken * _hour(world, product)
            hours += taken
    expected = _ratio(_with_world(spent), _with_world(hours))
    assert_allclose(_last("market", "region", overrides)["lrmc_usd_per_h100e_hour"], expected, rtol=1e-12)


@both
def test_captive_use_is_accessed_from_the_region_of_headquarters(overrides: tuple[str, ...]) -> None:
    world, market = finished(*overrides).world, _last("market", "region", overrides)
    structure = world.structure
    home = [structure.regions.index(x.headquarters) for x in world.parameters.providers.values()]
    captive = np.zeros(len(structure.regions))
    for position, pool in enumerate(structure.pools):
        captive[home[structure.sites[pool.site].provider]] += world.state.own_use[position] / HOURS_PER_QUARTER
    assert (captive > 0.0).sum() > 1
    assert_allclose(market["accessed_h100e"] - market["served_h100e"], _with_world(captive), rtol=1e-9, atol=1e-6)


@both
def test_build_cost_is_that_of_the_region_and_of_no_world(overrides: tuple[str, ...]) -> None:
    world, market = finished(*overrides).world, _last("market", "region", overrides)
    cost = market["build_cost_usd_m_per_mw"]
    assert list(cost.index[cost.isna()]) == ["world"]
    assert_allclose(cost.drop("world"), world.paths.shell_cost[-1] * world.state.congestion, rtol=1e-12)


@both
def test_capacity_of_a_site_is_what_its_pools_could_infer(overrides: tuple[str, ...]) -> None:
    world, sites = finished(*overrides).world, tables_of(*overrides)["sites"].query("quarter == quarter.max()")
    expected = np.zeros(len(world.structure.sites))
    for pool, hours in zip(world.structure.pools, _pool_hours(world, INFERENCE), strict=True):
        expected[pool.site] += hours / HOURS_PER_QUARTER
    assert_allclose(sites["capacity_h100e"], expected, rtol=1e-12)


@both
def test_power_of_a_site_is_that_of_its_cards(overrides: tuple[str, ...]) -> None:
    world = finished(*overrides).world
    sites = tables_of(*overrides)["sites"].query("quarter == quarter.max()")
    chips, regions = world.structure.catalogue.values(), world.parameters.market.regions
    multiple = world.parameters.market.costs.server_power_multiple
    watts = [sum(n * chip.power_w for n, chip in zip(cards, chips, strict=True)) for cards in world.state.owned]
    it_mw = np.array(watts) * multiple / 1e6
    expected = it_mw * np.array([regions[region].pue for region in sites["site_region"]])
    assert_allclose(sites["mw_cards"], it_mw, rtol=1e-9)
    assert (sites["mw_cards"] <= sites["mw_energised"] * (1.0 + 1e-9)).all()
    assert_allclose(sites["electricity_gwh"], expected * HOURS_PER_QUARTER / 1000.0, rtol=1e-9)


@both
def test_cards_of_a_firm_are_domestic_where_maker_and_owner_are_of_one_region(overrides: tuple[str, ...]) -> None:
    world, firms = finished(*overrides).world, _last("firms", "provider", overrides)
    structure, parameters = world.structure, world.parameters
    for row, (name, provider) in enumerate(parameters.providers.items()):
        cards = world.state.owned[[s for s, site in enumerate(structure.sites) if site.provider == row]].sum(axis=0)
        at_home, whole = 0.0, 0.0
        for amount, h100e, chip in zip(cards, structure.chip_h100e, structure.catalogue.values(), strict=True):
            same = parameters.suppliers[chip.supplier].headquarters == provider.headquarters
            whole, at_home = whole + amount * h100e, at_home + amount * h100e * same
        expected = at_home / whole if whole > 0.0 else math.nan
        assert firms.at[name, "domestic_chip_share"] == pytest.approx(expected, rel=1e-9, nan_ok=True), name
    assert 0.0 < float(firms.loc["alibaba", "domestic_chip_share"]) < 1.0  # type: ignore[arg-type]


@both
def test_a_group_has_what_its_business_beside_ai_brings_too(overrides: tuple[str, ...]) -> None:
    firms, providers = tables_of(*overrides)["firms"], parameters_of(*overrides).providers
    more = firms["group_free_cash_flow_usd_m"] - firms["free_cash_flow_usd_m"]
    for name, provider in providers.items():
        mine = more[(firms["provider"] == name) & (firms["quarter"] == "2023Q3")]
        cash = interpolate(provider.group.cash_flow_usd_m, quarter_number("2023Q3")) if provider.group else 0.0
        assert_allclose(mine, cash, rtol=1e-6, atol=1e-6)
    assert more.max() > 0.0


@both
def test_value_at_home_is_that_of_deliveries_from_makers_of_the_region(overrides: tuple[str, ...]) -> None:
    chips, makers = tables_of(*overrides)["chips"], parameters_of(*overrides).suppliers
    value = chips["shipped_cards"] * chips["price_usd"]
    at_home = value * (chips["supplier"].map(lambda name: makers[name].headquarters) == chips["destination"])
    by = [chips["quarter"], chips["destination"].rename("region")]
    whole = value.groupby(by).sum()
    share = tables_of(*overrides)["market"].set_index(["quarter", "region"])["domestic_chip_share_value"]
    assert_allclose(share[whole.index], at_home.groupby(by).sum() / whole.where(whole > 0.0), rtol=1e-9)
    world = share.xs("world", level="region")
    assert_allclose(world, at_home.groupby(by[0]).sum() / value.groupby(by[0]).sum(), rtol=1e-9)


@both
def test_capital_of_firms_is_that_of_their_sites(overrides: tuple[str, ...]) -> None:
    keys, sites = ["quarter", "provider"], tables_of(*overrides)["sites"]
    firms = tables_of(*overrides)["firms"].set_index(keys)["capex_usd_m"]
    spent = sites.groupby(keys)["capex_usd_m"].sum().reindex(firms.index, fill_value=0.0)
    assert_allclose(firms, spent, rtol=1e-9, atol=1e-9)
    assert spent.sum() > 0.0


@both
def test_lessors_earn_what_lessees_pay(overrides: tuple[str, ...]) -> None:
    firms, leases = tables_of(*overrides)["firms"], parameters_of(*overrides).leases.values()
    wholesale = firms.groupby("provider")["wholesale_usd_m"].sum()
    structure = finished(*overrides).world.structure
    agreed = [[structure.providers[structure.pool_provider[x]] for x in pair] for pair in structure.possible_leases]
    lessors, lessees = {x.lessor for x in leases}, {x.lessee for x in leases}
    assert set(wholesale.index[wholesale > 0.0]) <= lessors | {lessor for lessor, _ in agreed}
    assert set(wholesale.index[wholesale < 0.0]) <= lessees | {lessee for _, lessee in agreed}
    assert wholesale.abs().max() > 0.0
    assert_allclose(firms.groupby("quarter")["wholesale_usd_m"].sum(), 0.0, atol=1e-9 * wholesale.abs().max())


@both
def test_tokens_are_sold_hours_times_tokens_per_hour(overrides: tuple[str, ...]) -> None:
    keys = ["quarter", "provider"]
    sold = tables_of(*overrides)["providers"].query("product == 'maas' and workload == 'all' and region == 'world'")
    sold = sold[sold["tokens_bn"] > 0.0].set_index(keys)
    rate = tables_of(*overrides)["firms"].set_index(keys)["tokens_per_h100e_hour_m"][sold.index]
    assert len(sold) > 0
    assert_allclose(sold["tokens_bn"], sold["served_h100e"] * HOURS_PER_QUARTER * rate / 1000.0, rtol=1e-9)


@both
def test_gross_margin_is_revenue_less_cost_of_service(overrides: tuple[str, ...]) -> None:
    world = finished(*overrides).world
    sold = tables_of(*overrides)["providers"].query("quarter == quarter.max() and region == 'world'")
    sold = sold.query("product == 'all' and workload == 'all'").set_index("provider")
    cost = np.zeros(len(world.structure.providers))
    for j, product in enumerate(world.structure.products):
        hours = float(world.now.arrays["taken"][:, j].sum())
        tokens = float(world.now.arrays["tokens_bn"][:, j].sum()) * 1000.0
        units = tokens if product.service == MAAS else hours
        cost[product.provider] += units * world.state.marginal_cost[j] / 1e6
    expected = pd.Series(cost, world.structure.providers)[sold.index]
    assert (expected > 0.0).any()
    assert_allclose(sold["revenue_usd_m"] - sold["gross_margin_usd_m"], expected, rtol=1e-9, atol=1e-6)


@both
def test_the_residual_of_prices_is_one_for_the_world(overrides: tuple[str, ...]) -> None:
    model, market = finished(*overrides), tables_of(*overrides)["market"]
    world = market["region"] == "world"
    assert market["pricing_residual"][~world].isna().all()
    assert (market["pricing_residual"][world] >= 0.0).all()
    assert market["pricing_residual"][world].iloc[-1] == model.world.state.residual[0] > 0.0


def test_demand_that_waited_too_long_is_lost_for_that_reason() -> None:
    diverted = tables_of(*IMPATIENT)["diverted"]
    assert {"waiting", "lost"} < set(diverted["to"])
    expired = diverted.query("reason == 'expired'")
    assert len(expired) > 0
    assert set(expired["to"]) == {"lost"}
    assert (expired["arrived_h100e"] == 0.0).all()
    assert expired["quarter"].min() > diverted.query("to == 'waiting'")["quarter"].min()
    first = diverted["from"] == diverted["to"]
    assert set(diverted[~first & (diverted["reason"] != "expired")]["reason"]) == {"no_cards"}


@both
def test_headlines_of_power_and_money_are_sums_over_sites_and_firms(overrides: tuple[str, ...]) -> None:
    tables = tables_of(*overrides)
    value = tables["outcomes"].set_index(["outcome", "horizon"])["value"]
    horizons = sorted(set(tables["outcomes"]["horizon"]))
    sites, firms = (tables[name][tables[name]["quarter"].isin(horizons)] for name in ("sites", "firms"))
    for measure in ("mw_energised", "mw_queued"):
        by_region = sites.groupby(["site_region", "quarter"])[measure].sum()
        for region in parameters_of(*overrides).market.regions:
            assert_allclose(value[f"{measure}.{region}"], by_region[region], rtol=1e-9, atol=1e-9)
        assert_allclose(value[f"{measure}.world"], sites.groupby("quarter")[measure].sum(), rtol=1e-9)
        assert value[f"{measure}.world"].max() > 0.0
    for measure in ("capex_usd_m", "debt_usd_m"):
        assert_allclose(value[f"{measure}.world"], firms.groupby("quarter")[measure].sum(), rtol=1e-9)
        assert value[f"{measure}.world"].max() > 0.0
