"""What parameters give by quarter: observed to the last observation, then continued the way the schema says."""

import math
from itertools import pairwise

import numpy as np
import pytest

from sim.names import HOURS_PER_QUARTER, quarter_code
from sim.parameters import Parameters
from sim.paths import Paths
from sim.structure import Structure
from tests.economy import Changes, parameters

Laid = tuple[Structure, Paths]


@pytest.fixture(scope="module")
def laid(baseline: Parameters) -> Laid:
    """Return the shipped economy's index and paths, 2022Q1 to 2030Q4; observations end in 2024Q4."""
    structure = Structure(baseline)
    return structure, Paths.of(structure)


def under(changes: Changes) -> Laid:
    """Return index and paths of the small economy to 2026Q4, under changes."""
    structure = Structure(parameters({"market.end": "2026Q4"} | dict(changes)))
    return structure, Paths.of(structure)


def test_every_path_has_a_value_in_every_quarter(laid: Laid) -> None:
    structure, paths = laid
    for name, path in vars(paths).items():
        assert path.shape[0] == structure.quarters + 2 * (name == "group_cash"), name
        assert np.isfinite(path).all(), name


def test_what_is_observed_is_taken_as_it_is(laid: Laid) -> None:
    structure, paths = laid
    parameters = structure.parameters
    for x, lab in enumerate(parameters.customers.labs.values()):
        for quarter, used in lab.h100e.items():
            assert paths.labs[structure.index_of(quarter), x] == pytest.approx(HOURS_PER_QUARTER * used, rel=1e-12)
    for i, provider in enumerate(parameters.providers.values()):
        captive = provider.own_use.h100e if provider.own_use else {}
        cloud, group = provider.general_cloud, provider.group
        for quarter, cash in (group.cash_flow_usd_m if group else {}).items():
            assert paths.group_cash[structure.index_of(quarter), i] == pytest.approx(cash, rel=1e-12)
        for quarter, used in captive.items():
            assert paths.own_use[structure.index_of(quarter), i] == pytest.approx(HOURS_PER_QUARTER * used, rel=1e-12)
        for quarter, revenue in (cloud.revenue_usd_m if cloud else {}).items():
            t = structure.index_of(quarter)
            assert cloud is not None
            assert paths.general_revenue[t, i] == pytest.approx(revenue, rel=1e-12)


def test_without_own_use_or_other_business_there_is_none(laid: Laid) -> None:
    structure, paths = laid
    for i, provider in enumerate(structure.parameters.providers.values()):
        assert (provider.own_use is None) == (not paths.own_use[:, i].any())
        assert (provider.own_use is None) == (not paths.own_use_observed[:, i].any())
        assert (provider.general_cloud is None) == (not paths.general_revenue[:, i].any())
        assert (provider.group is None) == (not paths.group_cash[:, i].any())
        assert (provider.models is None) <= (not paths.quality[:, i].any() and not paths.own_efficiency[:, i].any())


def test_a_quarter_is_observed_up_to_the_last_observation(laid: Laid) -> None:
    structure, paths = laid
    last = structure.index_of("2024Q4")
    for observed in (paths.labs_observed, paths.own_use_observed[:, paths.own_use.any(axis=0)]):
        assert observed[: last + 1].all()
        assert not observed[last + 1 :].any()


def test_observations_that_end_early_are_continued_from_there() -> None:
    """Growth starts at ``growth_after`` and decays like that of demand in the lab's region."""
    series = {"2022Q1": 100.0, "2022Q3": 200.0}
    structure, paths = under({"customers.labs.openai.h100e": series, "customers.labs.openai.growth_after": 0.3})
    x, demand = structure.labs.index("openai"), structure.parameters.customers.demand["us"]
    end, decay = demand.growth_final, demand.growth_decay_quarters
    growth = [end + (0.3 - end) * np.exp(-t / decay) for t in range(structure.quarters - 3)]
    expected = HOURS_PER_QUARTER * np.array([100.0, 150.0, *200.0 * np.exp(np.cumsum([0.0, *growth]))])
    np.testing.assert_allclose(paths.labs[:, x], expected, rtol=1e-12)
    assert paths.labs_observed[:, x].tolist() == [True] * 3 + [False] * (structure.quarters - 3)


def test_own_use_follows_its_home_region() -> None:
    """A Chinese provider's own use flattens out with demand in China, whatever happens elsewhere."""
    structure, paths = under({})
    _, other = under({"customers.demand.cn.growth_final": 0.0})
    home = np.array([p.headquarters == "cn" and p.own_use is not None for p in structure.parameters.providers.values()])
    last = structure.index_of("2024Q4")
    assert home.any()
    np.testing.assert_array_equal(other.own_use[: last + 2], paths.own_use[: last + 2])
    assert (other.own_use[last + 2 :, home] < paths.own_use[last + 2 :, home]).all()
    np.testing.assert_array_equal(other.own_use[:, ~home], paths.own_use[:, ~home])


def test_general_cloud_grows_at_its_own_rate_after_the_last_observation(laid: Laid) -> None:
    structure, paths = laid
    last = structure.index_of("2024Q4")
    for i, provider in enumerate(structure.parameters.providers.values()):
        if provider.general_cloud is not None:
            after = np.diff(np.log(paths.general_revenue[last:, i]))
            np.testing.assert_allclose(after, provider.general_cloud.growth_after, rtol=1e-9)


def test_new_tasks_come_at_the_growth_of_the_quarter_before(laid: Laid) -> None:
    structure, paths = laid
    for r, region in enumerate(structure.regions):
        demand = structure.parameters.customers.demand.get(region)
        if demand is None:
            assert not paths.demand_growth[:, r].any()
            continue
        assert paths.demand_growth[:2, r] == pytest.approx([0.0, demand.growth_initial], rel=1e-12)
        falls = paths.demand_growth[1:, r] - demand.growth_final
        np.testing.assert_allclose(falls[1:] / falls[:-1], np.exp(-1.0 / demand.growth_decay_quarters), rtol=1e-9)


def test_technology_adds_up_from_nothing_in_the_first_quarter(laid: Laid) -> None:
    structure, paths = laid
    technology = structure.parameters.market.technology
    assert paths.software[:2].tolist() == [0.0, technology.software_growth_initial]
    start, growth = technology.tokens_m_per_h100e_hour, technology.tokens_per_task_growth_initial
    assert paths.tokens_per_task[:2] == pytest.approx([start, start * math.exp(growth)], rel=1e-14)
    assert paths.reference_tokens[1] == pytest.approx(start * math.exp(paths.software[1]), rel=1e-14)
    assert all(later > earlier for earlier, later in pairwise(paths.software))


def test_own_growth_of_efficiency_accumulates() -> None:
    structure, paths = under({"providers.alibaba.models.efficiency_growth": 0.02})
    i = structure.providers.index("alibaba")
    np.testing.assert_allclose(paths.own_efficiency[:, i], 0.02 * np.arange(structure.quarters), rtol=1e-14)


def test_a_card_costs_its_launch_price_and_falls_from_then_on(laid: Laid) -> None:
    """By ``exp(-decline)`` a year; cards launched before the run start fall from its first quarter."""
    structure, paths = laid
    suppliers, launches = structure.parameters.suppliers, set()
    for v, chip in enumerate(structure.catalogue.values()):
        launch = max(structure.index_of(chip.launch), 0)
        launches.add(launch)
        yearly = np.exp(-suppliers[chip.supplier].price_decline)
        assert (paths.chip_price[: launch + 1, v] == chip.price_usd).all()
        if launch + 4 < structure.quarters:
            assert paths.chip_price[launch + 4, v] == pytest.approx(chip.price_usd * yearly, rel=1e-12)
            assert paths.chip_price[-1, v] < chip.price_usd
    assert 0 in launches
    assert len(launches) > 5


def test_shells_cost_more_every_year(laid: Laid) -> None:
    structure, paths = laid
    market = structure.parameters.market
    for r, region in enumerate(market.regions.values()):
        grown = region.shell_cost_usd_m_per_mw * (1.0 + market.costs.shell_cost_growth) ** np.arange(9)
        grown *= 1.0 + market.building.premium
        np.testing.assert_allclose(paths.shell_cost[::4, r], grown, rtol=1e-12)


def test_others_go_on_ordering_what_they_last_got() -> None:
    """Their last observed deliveries, in H100e of each supplier, at a growth that decays like demand's."""
    structure, paths = under({})
    last, chips = structure.history - 1, structure.catalogue
    for w, owner in enumerate(structure.parameters.rest_of_world.values()):
        demand = structure.parameters.customers.demand[owner.region]
        falls = (owner.growth_after - demand.growth_final) * np.exp(-np.arange(8) / demand.growth_decay_quarters)
        grown = np.exp(np.concatenate([[0.0], np.cumsum(demand.growth_final + falls)]))[[0, 1, 8]]
        for k, name in enumerate(structure.parameters.suppliers):
            cards = {c: owner.deliveries.get(c, {}).get(quarter_code(structure.start + last), 0.0) for c in chips}
            got = sum(cards[c] * chip.tpp / 15832.0 for c, chip in chips.items() if chip.supplier == name)
            np.testing.assert_allclose(paths.elsewhere[[last, last + 1, last + 8], w, k], got * grown, rtol=1e-12)
    assert (paths.elsewhere[last] > 0.0).any(axis=0).sum() > 3


def test_the_grid_promises_for_when_a_shell_is_finished(laid: Laid) -> None:
    structure, paths = laid
    last = structure.history - 1
    for r, region in enumerate(structure.parameters.market.regions.values()):
        ahead = (1.0 + region.grid_growth) ** (region.construction_quarters / 4.0)
        assert paths.grid[last, r] == pytest.approx(region.grid_mw * ahead, rel=1e-12)
        assert paths.grid[last + 4, r] == pytest.approx(region.grid_mw * ahead * (1.0 + region.grid_growth), rel=1e-12)
        assert paths.trade[last, r] == pytest.approx(region.trade_mw, rel=1e-12)


def test_what_stands_by_the_end_of_history_is_not_decided(laid: Laid) -> None:
    structure, paths = laid
    for decided, ahead in (
        (paths.grid > 0.0, structure.build_quarters),
        (paths.requests, structure.lead[structure.site_region]),
    ):
        first = np.maximum(structure.history - ahead, 0)
        np.testing.assert_array_equal(decided, np.arange(structure.quarters)[:, None] >= first)


def test_own_use_is_known_until_a_site_would_stand_and_beyond_the_run() -> None:
    structure, paths = under({})
    meta, oracle = structure.providers.index("meta"), structure.providers.index("oracle")
    site = next(s for s, x in enumerate(structure.sites) if x.provider == meta)
    lead, path = int(structure.lead[structure.site_region[site]]), paths.own_use[:, meta]
    np.testing.assert_allclose(paths.own_use_growth[:-lead, site], path[lead:] / path[:-lead], rtol=1e-12)
    longer = under({"market.end": "2031Q4"})[1]
    np.testing.assert_allclose(paths.own_use_growth, longer.own_use_growth[: structure.quarters], rtol=1e-12)
    np.testing.assert_allclose(paths.outlook, longer.outlook[: structure.quarters], rtol=1e-12)
    none = under({"providers.oracle.own_use": None})[1]
    assert (none.own_use_growth[:, structure.site_provider == oracle] == 1.0).all()


def test_outlook_is_mean_growth_until_a_site_would_stand(laid: Laid) -> None:
    structure, paths = laid
    r, t = 0, 3
    ahead = paths.demand_growth[t + 1 : t + 1 + structure.lead[r], r]
    assert paths.outlook[t, r] == pytest.approx(ahead.mean(), rel=1e-12)
