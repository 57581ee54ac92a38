"""Instruments in the market: each moves what it is aimed at as theory says, and nothing where it does not bind."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from experiments import compose
from sim import ComputeMarket
from sim.economics.elementary import sum_by
from sim.economics.fleets import worth
from sim.ledger import Flow, Transfer
from sim.parameters import Parameters
from sim.tables import MODEL_TABLES
from sim.world import World
from tests.economy import LONG, Values, baseline, changed, column, quarters

FREE = {**LONG, "policy.us": {}, "policy.cn": {}, "policy.allies": {}}
"""No rules at all, two years beyond the observed deliveries."""
TIGHT = {**FREE, "upstream.us-allied.memory.capacity": 4e6}
"""Memory is short, so that makers cannot meet their orders."""
EARLY = {"announced": "2025-01-01", "effective": "2025-01-01"}
OUTCOMES = [name for name in MODEL_TABLES if name not in ("runs", "events", "rules")]


@cache
def shipped(choice: str) -> Values:
    """Return the instruments of a shipped file, such as ``cn/cn_ratio``."""
    group, name = choice.split("/")
    values: Values = compose(f"policy/{group}={name}").parameters.model_dump(mode="json")["policy"][group]
    return values


UNBOUND: dict[str, Any] = {"chartered": [], "largest_share_abroad": None, "least_share_at_home": None}
"""A cap without chartered firms."""


def rules(*choices: str, **changes: Any) -> dict[str, Any]:
    """Return shipped instruments as a change of the economy, in force from 2025 on, with changes to all of them."""
    out: dict[str, Any] = {}
    for choice in choices:
        found = {name: {**rule, **EARLY, "expires": None, **changes} for name, rule in shipped(choice).items()}
        out[f"policy.{choice.split('/')[0]}"] = found
    return out


def market(changes: Mapping[str, Any]) -> ComputeMarket:
    """Return a finished run."""
    return ComputeMarket(Parameters.from_mapping(changed(baseline(), changes)), 1).run()


@cache
def free(tight: bool = False) -> ComputeMarket:
    """Return the market without rules."""
    return market(TIGHT if tight else FREE)


def domestic(model: ComputeMarket, region: str = "cn") -> float:
    """Return the share of domestic cards in the H100e that stand in a region at the end."""
    structure, state = model.world.structure, model.world.state
    r = structure.regions.index(region)
    here = state.owned[structure.site_region == r].sum(axis=0) * structure.chip_h100e
    return float(here[model.world.links.chip_region == r].sum() / here.sum())


def stood(model: ComputeMarket, region: str) -> float:
    """Return the H100e that stand at sites in a region at the end."""
    structure, state = model.world.structure, model.world.state
    here = structure.site_region == structure.regions.index(region)
    return float((state.owned[here] @ structure.chip_h100e).sum())


def capacity(model: ComputeMarket, side: str) -> np.ndarray:
    """Return what the stages of a side could make at the end."""
    found: np.ndarray = model.world.state.capacity[model.world.structure.sides.index(side)]
    return found


UNBINDING = {
    "a cap above all orders": rules("us/us_diffusion_kept", h100e={"mid": 1e9}, **UNBOUND),
    "a foundry rule for who is not there": rules("us/us_2025_01_foundry"),
    "a ratio that nobody reaches": rules("cn/cn_ratio", foreign_per_domestic=1e3, buyers=["aws"]),
    "a rule that ended on its first day": rules("us/us_tools", expires="2025-01-01"),
    "priority where all are served": rules("us/us_gain_ai", announced="2026-07-01", effective="2026-07-01"),
    "a limit on commitments above all terms": rules("allies/committed_spend", committed_share=0.95),
    "a shock after the end": rules("allies/credit_shock", announced="2030-01-01", effective="2030-01-01"),
}


@pytest.mark.parametrize("name", UNBINDING)
def test_a_rule_that_does_not_bind_changes_nothing(name: str) -> None:
    one, other = free().tables(OUTCOMES), market({**FREE, **UNBINDING[name]}).tables(OUTCOMES)
    for table in OUTCOMES:
        for key, values in one[table].items():
            np.testing.assert_array_equal(values, other[table][key], err_msg=f"{table}.{key}")


def test_a_ban_on_tools_stops_growth_at_home_and_nowhere_else() -> None:
    banned = market({**FREE, **rules("us/us_tools")})
    assert (capacity(banned, "cn") < 0.8 * capacity(free(), "cn")).all()
    full = market({**FREE, **rules("us/us_tools", tools_banned=1.0)})
    assert (capacity(full, "cn") < capacity(banned, "cn")).all()


def test_a_ban_on_memory_leaves_the_bank_to_be_used_up() -> None:
    hungry = {**FREE, **rules("cn/cn_2025_09"), "upstream.cn.memory.bank": 0.0}
    assert stood(market({**hungry, **rules("us/us_2024_12")}), "cn") < stood(market(hungry), "cn")


def test_a_supply_shock_cuts_deliveries_and_raises_prices() -> None:
    shock = market({**TIGHT, **rules("allies/supply_shock")})
    for region in ("us", "ally", "cn"):  # in the small Gulf firms that others outbid elsewhere may get more
        assert stood(shock, region) < stood(free(tight=True), region)
    b200 = shock.world.structure.chips.index("b200")
    assert shock.world.state.chip_price[b200] > free(tight=True).world.state.chip_price[b200]


def test_a_subsidy_of_fabs_adds_capacity_and_is_paid_by_the_treasury() -> None:
    fund = market({**FREE, **rules("cn/cn_big_fund")})
    assert (capacity(fund, "cn") > capacity(free(), "cn")).all()
    ledger = fund.world.ledger
    assert ledger.paid[Flow.SUPPORT, ledger.treasury, ledger.builders] == 300.0


def test_makers_without_a_foundry_sell_no_cards() -> None:
    abroad = {f"suppliers.{name}.upstream": "us-allied" for name in ("cambricon", "kunlun", "hygon", "t_head")}
    before, after = (
        {**FREE, **abroad, **more}
        for more in ({}, rules("us/us_2025_01_foundry", transistors_bn=None, transistors_bn_without_memory=None))
    )
    assert domestic(market(after)) < domestic(market(before))


def gone_to(world: World, firm: str) -> float:
    """Return H100e that went to a firm under the only cap."""
    mine = [place.firm == firm for place in world.links.subjects["orders"].places]
    return float(world.state.capped[0, mine].sum())


def gone_under_the_cap(world: World, apart: str) -> float:
    """Return H100e that went under the only cap, but to a firm with an allowance of its own."""
    return float(world.state.capped.sum()) - gone_to(world, apart)


def test_deliveries_under_a_cap_never_exceed_it() -> None:
    limited = {**FREE, **rules("us/us_diffusion_kept", h100e={"mid": 50000.0}, **UNBOUND)}
    for world in quarters(limited):
        assert gone_under_the_cap(world, "gulf") <= 50000.0 * (1.0 + 1e-9)
        assert gone_to(world, "gulf") <= 320000.0 * (1.0 + 1e-9)
    assert gone_under_the_cap(world, "gulf") > 0.0
    assert gone_to(world, "gulf") > 0.0
    assert world.now.bound["us_diffusion_kept"].sum() > 0.0
    assert stood(market(limited), "mid") < stood(free(), "mid")


def test_chartered_clouds_keep_half_of_their_compute_at_home() -> None:
    limited = {**FREE, **rules("us/us_diffusion_kept", least_share_at_home=0.9, largest_share_abroad=0.02)}
    assert stood(market(limited), "mid") < stood(free(), "mid")


def test_who_has_too_little_at_home_sends_nothing_abroad_not_even_to_allies() -> None:
    limited = {**FREE, **rules("us/us_diffusion_kept", least_share_at_home=0.9, largest_share_abroad=1.0)}
    below = 0
    for world in quarters(limited):
        if world.t <= world.structure.history:
            continue
        structure, links, h100e = world.structure, world.links, world.structure.chip_h100e
        us, firms = structure.regions.index("us"), len(structure.providers)
        american = (links.provider_region == us)[structure.site_provider]
        at_home, here = structure.site_region == us, worth(world.state.owned, h100e)
        sent = worth(world.now.arrays["needed"] * (links.chip_region == us), h100e)
        home, abroad, more = (
            sum_by(structure.site_provider, x * american, firms)
            for x in (here * at_home, here * ~at_home, sent * ~at_home)
        )
        short = home + sum_by(structure.site_provider, sent * at_home * american, firms) < 0.9 * (home + abroad)
        below += short.sum()
        assert more[short].max(initial=0.0) <= 1e-9 * sent.sum()
    assert below > 0


@pytest.mark.parametrize("choice", ["cn/cn_ratio", "cn/cn_mandate_80", "cn/cn_2025_11"])
def test_mandates_raise_the_domestic_share(choice: str) -> None:
    assert domestic(market({**FREE, **rules(choice)})) > domestic(free())


def test_under_a_mandate_every_firm_orders_its_domestic_share() -> None:
    for world in quarters({**FREE, **rules("cn/cn_mandate_80", phase_in_quarters=0.0)}):
        if world.t <= world.structure.history:
            continue
        structure, cn = world.structure, world.structure.regions.index("cn")
        orders = world.now.arrays["needed"][structure.site_region == cn] * structure.chip_h100e
        own = orders[:, world.links.chip_region == cn].sum(axis=1)
        assert (own >= 0.8 * orders.sum(axis=1) * (1.0 - 1e-9)).all()


def test_cheaper_power_for_domestic_cards_is_paid_by_the_state_and_sells_more_of_them() -> None:
    power = {**shipped("cn/cn_2025_11")["cn_2025_11_power"], **EARLY, "power": 0.9, "cards": 0.4}
    helped = market({**FREE, "policy.cn": {"power": power}})
    assert domestic(helped) > domestic(free())
    paid = helped.world.ledger.financial[Transfer.SUBSIDY]
    assert paid[helped.world.structure.providers.index("huawei")] > 0.0
    assert paid[helped.world.structure.providers.index("aws")] == 0.0


def test_a_subsidy_of_capital_draws_halls_to_its_region() -> None:
    helped = market({**FREE, **rules("us/us_chips_subsidy", capital=0.5)})
    asked = [m.world.state.begun_mw.sum(axis=1) + m.world.state.queued_mw for m in (helped, free())]
    here = helped.world.structure.site_region == helped.world.structure.regions.index("us")
    assert asked[0][here].sum() > asked[1][here].sum()


def test_home_priority_serves_american_buyers_first_where_cards_are_short() -> None:
    first, usual = market({**TIGHT, **rules("us/us_gain_ai")}), free(tight=True)
    assert stood(first, "us") > stood(usual, "us")
    assert stood(first, "cn") < stood(usual, "cn")


def test_free_egress_lowers_prices() -> None:
    remedied = market({**FREE, **rules("allies/egress", switching=0.0, regions=None)})
    price = [column(m, "market", "price_iaas_usd_per_h100e_hour", region="us")[-1] for m in (remedied, free())]
    assert price[0] < price[1]


def test_a_remedy_frees_the_customers_of_its_regions_alone() -> None:
    """Those who leave a supplier are freed where the law holds; elsewhere costs of leaving stand."""
    remedied, usual = market({**FREE, **rules("allies/egress", switching=0.0)}), free()
    structure = remedied.world.structure
    there = np.array([structure.regions[cell.region] == "ally" for cell in structure.cells])
    gift, before = (m.world.conditions.ties.terms.gift for m in (remedied, usual))
    assert (gift[there] == 1.0).all()
    np.testing.assert_array_equal(gift[~there], before[~there])
    price = [column(m, "market", "price_iaas_usd_per_h100e_hour", region="ally")[-4:].mean() for m in (remedied, usual)]
    assert price[0] < price[1]


def test_a_limit_on_commitments_frees_workloads() -> None:
    freed = market({**FREE, **rules("allies/committed_spend", committed_share=0.0)})
    bound = [m.world.now.arrays["contracted"].sum() for m in (freed, free())]
    assert bound[0] < bound[1]


def test_dear_credit_costs_interest_and_credit() -> None:
    shock = market({**FREE, **rules("allies/credit_shock")})
    rate = [m.world.now.arrays["interest_rate"] for m in (shock, free())]
    assert (rate[0] > rate[1]).all()
    assert (shock.world.state.cash >= -1e-6).all() or shock.world.state.exited.any()


def test_dear_credit_of_a_region_leaves_the_rates_of_others() -> None:
    shock = market({**FREE, **rules("allies/credit_shock", headquarters=["cn"])})
    chinese = np.array([home == "cn" for home in shock.world.structure.headquarters])
    rate, before = (m.world.now.arrays["interest_rate"] for m in (shock, free()))
    assert (rate[chinese] > before[chinese] + 0.01).all()
    assert (np.abs(rate - before)[~chinese] < 0.01).all()


# --- what the table of rules says of them ---


def bound(changes: Mapping[str, Any], rule: str) -> tuple[set[str], float]:
    """Return whom a rule bound in some quarter, and by how many H100e in all."""
    table = market(changes).tables(["rules"])["rules"]
    mine = (table["rule"] == rule) & table["bound"].astype(bool)
    return set(table["who"][mine]), float(np.nansum(table["quantity_bound"][mine]))


def test_a_shock_to_stages_binds_the_makers_whom_it_keeps_short() -> None:
    shock = rules("allies/supply_shock", price=1.0, output=0.3)
    short, amount = bound({**TIGHT, **shock}, "supply_shock")
    assert "nvidia" in short
    assert "huawei_ascend" not in short
    assert amount > 0.0
    plenty = {f"upstream.us-allied.{stage}.capacity": 1e9 for stage in ("wafers", "packaging", "memory")}
    assert bound({**FREE, **plenty, "upstream.us-allied.ramp": 100.0, **shock}, "supply_shock") == (set(), 0.0)


def test_bans_on_what_does_not_come_from_abroad_bind_nobody() -> None:
    """The makers of the side are short of memory; it makes its tools itself and imports nothing."""
    ban = {"side": "us-allied", "stages": ["wafers", "packaging", "memory"], "servicing_banned": 0.0}
    for banned in ({"tools_banned": 0.9}, {"tools_banned": 0.0, "imports_banned": 0.9}):
        assert bound({**TIGHT, **rules("us/us_tools", **ban, **banned)}, "us_tools") == (set(), 0.0)


def test_a_ban_on_imported_tools_binds_who_is_short() -> None:
    short, amount = bound({**FREE, **rules("cn/cn_2025_09"), **rules("us/us_tools")}, "us_tools")
    assert short
    assert amount > 0.0


def test_priority_binds_makers_with_buyers_first_and_behind() -> None:
    regions = ["us", "cn", "ally", "mid"]
    assert "nvidia" in bound({**TIGHT, **rules("us/us_gain_ai")}, "us_gain_ai")[0]
    assert bound({**TIGHT, **rules("us/us_gain_ai", first=regions)}, "us_gain_ai")[0] == set()


def test_a_foundry_rule_binds_by_its_strength_and_by_what_others_leave() -> None:
    """In force for half a quarter, twice: the first closes half of the orders, the second half of what is left."""
    rule = next(iter(shipped("us/us_2025_01_foundry").values()))
    days = {"announced": "2026-01-01", "effective": "2026-02-15", "expires": "2026-04-01", "phase_in_quarters": 0.0}
    wide = {"sides": ["us-allied"], "headquarters": ["us"], "approved": [], "process_nm": None}
    every = {"transistors_bn": None, "transistors_bn_without_memory": None, "access": 0.0}
    twice = {name: {**rule, **days, **wide, **every} for name in ("one", "two")}
    model = market({**FREE, "policy.us": twice})
    table, structure = model.tables(["rules"])["rules"], model.world.structure
    first, second = (table["quantity_bound"][table["rule"] == name].sum() for name in twice)
    t = 2026 * 4 - structure.start
    ordered = sum(model.record[x][t].sum(axis=0) for x in ("ordered", "elsewhere_ordered")) * structure.chip_h100e
    american = np.array([x.headquarters == "us" for x in structure.parameters.suppliers.values()])
    assert first == pytest.approx(ordered[american[structure.chip_supplier]].sum() * 0.5, rel=1e-9)
    assert second == pytest.approx(first * 0.5, rel=1e-9)


def test_a_remedy_binds_where_there_is_something_to_remedy() -> None:
    free_egress = rules("allies/egress", switching=0.0)
    assert bound({**FREE, **free_egress}, "egress")[0] == {"ally"}
    nothing = {"customers.switching.cost_iaas": 0.0, "customers.switching.cost_maas": 0.0}
    assert bound({**FREE, **nothing, **free_egress}, "egress")[0] == set()


def test_dear_credit_binds_all_whom_it_reaches() -> None:
    """What debt would cost is theirs at once, whether they have any or not."""
    model = market({**FREE, **rules("allies/credit_shock", covenant=1.0, headquarters=["cn"])})
    table = model.tables(["rules"])["rules"]
    last = (table["rule"] == "credit_shock") & (table["quarter"] == "2026Q4")
    homes = zip(model.world.structure.providers, model.world.structure.headquarters, strict=True)
    assert set(table["who"][last & table["bound"].astype(bool)]) == {name for name, home in homes if home == "cn"}
