"""Asset-light firms rent: what they want, what owners can spare, and that no more is let than either."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.phases.investment import renting
from sim.phases.rentals import going_on, left_of_dated
from sim.strategies.leasing import SMALLEST, idle_hours, rolled_over, spread_over_pools, wanted_rentals
from sim.strategies.outlook import rentals_between
from sim.structure import Structure
from tests.economy import GONE, LONG, Changes, Numbers, column, parameters, quarters, ran
from tests.rules import rule

amounts = st.floats(0.0, 1e6)
PAIRS = [(0, 2), (0, 3), (1, 2), (1, 3)]
"""Two lessors, two lessees, and all leases that may be between them."""
LESSOR, LESSEE = np.array(PAIRS).T.copy()


def wants(**changes: float) -> float:
    """Return what the second of two sites wants to rent: 60% of 200 hours of demand, and cards for 100."""
    each = {"growth": 0.0, "captive": 0.0, "own": 100.0, "leasing": 1.0, "accepted": 1.0, **changes}
    columns = {name: np.array([0.0, value]) for name, value in each.items()}
    demand, region = np.array([80.0, 120.0]), np.zeros(2, np.int64)
    out = wanted_rentals(np.array([0.4, 0.6]), demand, region, 1, *columns.values())
    assert out[0] == 0.0, "who builds rents nothing"
    return float(out[1])


def test_what_is_missing_next_quarter_is_rented() -> None:
    assert wants() == pytest.approx(20.0)
    assert wants(growth=0.1, captive=5.0) == pytest.approx(120.0 * np.exp(0.1) + 5.0 - 100.0)
    assert wants(leasing=0.5, accepted=0.5) == pytest.approx(5.0)
    assert wants(own=130.0) == wants(leasing=0.0) == wants(accepted=0.0) == 0.0


def test_what_sites_want_is_spread_over_pools_by_what_their_cards_give() -> None:
    found = spread_over_pools(np.array([30.0, 7.0]), np.array([2.0, 4.0, 0.0]), np.array([0, 0, 1]))
    assert found.tolist() == [10.0, 20.0, 0.0]


def test_owners_let_what_neither_use_nor_expected_growth_takes() -> None:
    most, load = np.array([[50.0, 0.0], [100.0, 0.0]]), np.array([10.0, 30.0, 0.0, 0.0])
    hours, site = np.array([120.0, 0.0]), np.array([0, 0])

    def found(growth: float, leasing: float = 0.0) -> float:
        return float(idle_hours(hours, most, load, np.full(1, growth), np.full(1, leasing), site)[0])

    assert [found(g) for g in (0.0, 0.2, -0.2, 3.0)] == pytest.approx([70.0, 120.0 - 50.0 * np.exp(0.2), 70.0, 0.0])
    assert [found(0.0, leasing=part) for part in (0.4, 1.0)] == pytest.approx([0.6 * 70.0, 0.0])


def rolled(
    let: Numbers, wanted: Numbers, idle: Numbers, ending: float, *, open_: bool = True, permitted: float = 1.0
) -> Numbers:
    out, refused = let.copy(), np.zeros(4)
    asked, offered = np.concatenate([np.zeros(2), wanted]), np.concatenate([idle, np.zeros(2)])
    may_be, hours = np.full(4, open_), np.full(4, 1e-3)
    rolled_over(out, LESSOR, LESSEE, may_be, asked, offered, hours, ending, np.full(4, permitted), refused)
    assert (refused >= 0.0).all()
    assert permitted < 1.0 or not refused.any()
    return out


two = arrays(np.float64, 2, elements=amounts)


@given(two, two, st.floats(0.01, 1.0), st.floats(0.0, 1.0))
def test_no_more_is_let_than_lessees_want_and_lessors_have(
    wanted: Numbers, idle: Numbers, ending: float, part: float
) -> None:
    start = rolled(np.zeros(4), wanted, idle, 1.0)
    for let in (start, rolled(start, wanted * part, idle, ending), rolled(start, wanted, idle * part, ending)):
        most_wanted, most_idle = np.maximum(wanted, 1e-9), np.maximum(idle, 1e-9)
        assert (let >= 0.0).all()
        assert let[[0, 2]].sum() <= most_wanted[0] * (1 + 1e-9)
        assert let[[1, 3]].sum() <= most_wanted[1] * (1 + 1e-9)
        assert let[[0, 1]].sum() <= most_idle[0] * (1 + 1e-9)
        assert let[[2, 3]].sum() <= most_idle[1] * (1 + 1e-9)


@given(two, two)
def test_of_new_leases_the_short_side_gets_all(wanted: Numbers, idle: Numbers) -> None:
    """Where both lessees, or both lessors, are short, all that is wanted or idle is let."""
    let = rolled(np.zeros(4), wanted, idle, 1.0).sum()
    assert let == pytest.approx(min(wanted.sum(), idle.sum()), rel=1e-9, abs=4e-6)


def test_neither_side_walks_away_at_once_and_what_is_not_worth_its_paper_ends() -> None:
    let = np.array([8.0, 0.0, 0.0, 4.0])
    np.testing.assert_allclose(rolled(let, np.zeros(2), np.full(2, 50.0), 0.125), let * 0.875)
    np.testing.assert_allclose(rolled(let, np.full(2, 50.0), np.zeros(2), 0.125), let * 0.875)
    np.testing.assert_allclose(rolled(let, np.array([8.0, 4.0]), np.array([8.0, 4.0]), 0.125).sum(), 12.0)
    assert rolled(let, np.full(2, 50.0), np.full(2, 50.0), 0.125, open_=False).tolist() == [0.0] * 4
    assert rolled(np.full(4, 0.9e-3 * SMALLEST), np.zeros(2), np.zeros(2), 1e-9).tolist() == [0.0] * 4


@given(two, two, st.floats(0.0, 1.0))
def test_what_rules_refuse_is_not_signed_and_what_runs_goes_on(wanted: Numbers, idle: Numbers, part: float) -> None:
    free = rolled(np.zeros(4), wanted, idle, 1.0)
    np.testing.assert_allclose(rolled(np.zeros(4), wanted, idle, 1.0, permitted=part), part * free, atol=2e-6)
    let = np.full(4, 8.0)
    shut = rolled(let, np.full(2, 50.0), np.full(2, 50.0), 0.125, permitted=0.0)
    np.testing.assert_allclose(shut, let * 0.875)


def test_equal_lessors_let_and_equal_lessees_rent_the_same() -> None:
    assert np.ptp(rolled(np.zeros(4), np.full(2, 30.0), np.full(2, 20.0), 1.0)) == 0.0


RENTS: Changes = {**LONG, "providers.oracle.investment": "asset_light"}


def test_who_rents_lets_nothing_and_nobody_rents_from_who_rents_from_it() -> None:
    found = set()
    for world in quarters(RENTS):
        structure, decided = world.structure, world.links.dated_leases
        found |= {
            tuple(structure.providers[structure.pool_provider[pool]] for pool in pair)
            for pair in np.column_stack(world.leases[:2])[decided:][world.state.let_hours[decided:] > 0.0].tolist()
        }
        assert (world.state.let_hours >= 0.0).all()
        assert world.state.operated.min() >= -1e-6
    assert {lessee for _, lessee in found} == {"neocloud", "oracle"}
    assert not {"neocloud", "oracle", "meta"} & {lessor for lessor, _ in found}


def test_who_rents_itself_builds_the_less_to_let_and_who_is_gone_nothing() -> None:
    world = next(world for world in quarters(LONG) if world.t == 7)
    who, leases, fixed = renting(world), world.leases, world.links.fixed
    found, mine = rentals_between(who, leases, fixed, 7), leases.lessor[world.links.dated_leases :]
    assert mine.size > 0
    np.testing.assert_allclose(found.hours, world.now.most[1, mine] * (1.0 - who.leasing[found.lessor]), rtol=1e-15)
    assert (found.part[world.links.leasing > 0.0] > 0.0).any()
    gone = leases._replace(until=np.full(leases.until.size, 7))
    assert not rentals_between(who, gone, fixed, 7).hours.any()
    assert not rentals_between(who._replace(selling=0.0 * who.selling), leases, fixed, 7).part.any()


def test_without_firms_that_rent_there_are_no_leases_to_agree_on() -> None:
    never: Changes = {"behaviour.investment.asset_light.leasing": 0.0, "behaviour.leasing.denied": 0.0}
    assert Structure(parameters(never)).possible_leases == []


def test_events_say_who_begins_to_rent_from_whom_and_sites_how_much() -> None:
    tables = ran(RENTS).tables(["events", "sites", "firms"])
    events = tables["events"]
    begun = {x for x, kind in zip(events["detail"], events["event"], strict=True) if kind == "lease"}
    renting = {x for x, kind in zip(events["who"], events["event"], strict=True) if kind == "lease"}
    assert renting == {"neocloud", "oracle"}
    assert begun
    assert begun.isdisjoint(renting)
    rented = tables["sites"]["leased_in_h100e"][np.isin(tables["sites"]["provider"], sorted(renting))]
    assert rented.sum() > 0.0
    assert tables["firms"]["wholesale_usd_m"].sum() == pytest.approx(0.0, abs=1e-6)


ABROAD: Changes = {
    **LONG, "providers.volcano.investment": "asset_light", "leases.oracle-volcano-mid": GONE,
}  # fmt: skip


def leased_abroad(beside: Changes | None = None, **changes: object) -> Numbers:
    """Return what a Chinese firm leases in the Gulf and South-East Asia, with a rule on rentals from 2025Q3 on."""
    days = {"announced": "2025-07-01", "effective": "2025-07-01"}
    rules = {"policy.us": {"remote": rule(uses=["rental"], **days, **changes)}} if changes else {}
    return column(
        ran({**ABROAD, **(beside or {}), **rules}), "sites", "leased_in_h100e", provider="volcano", site_region="mid"
    )


def test_firms_may_not_lease_abroad_what_rules_on_rentals_close_to_them() -> None:
    """At home nothing is remote; of what is leased abroad a trace is not American."""
    free, shut, half = leased_abroad(), leased_abroad(evaded=0.0), leased_abroad(evaded=0.5)
    assert free.max() > 0.0
    np.testing.assert_array_equal(free[:14], shut[:14])
    assert (shut[14:] < 0.01 * free[14:]).all()
    assert 0.0 < half[-1] < free[-1]


def test_leases_that_are_spared_run_on_to_their_end() -> None:
    """An eighth of them ends each quarter."""
    spared = {"behaviour.leasing.grandfathered": 1.0}
    free, shut = leased_abroad(spared), leased_abroad(spared, evaded=0.0)
    np.testing.assert_array_equal(free[:14], shut[:14])
    assert 0.0 < shut[-1] < 0.7 * free[-1]
    assert shut[14] == pytest.approx(free[14], rel=0.2)


def test_a_rule_on_rentals_ends_dated_leases_and_says_so() -> None:
    """The lease of Oracle's cards in South-East Asia to Volcano; what evades the rule goes on."""
    days = {"announced": "2024-01-01", "effective": "2025-07-01"}
    shut = ran({**LONG, "policy.us": {"remote": rule(uses=["rental"], evaded=0.25, **days)}})
    free = ran(LONG)
    found = [column(run, "sites", "leased_in_h100e", provider="volcano", site_region="mid") for run in (free, shut)]
    np.testing.assert_array_equal(found[0][:14], found[1][:14])
    np.testing.assert_allclose(found[1][14], 0.25 * found[0][14], rtol=0.02)
    table = shut.tables(["rules"])["rules"]
    row = (table["rule"] == "remote") & (table["who"] == "volcano") & (table["quarter"] == "2025Q3")
    assert table["bound"][row].tolist() == [True]
    assert table["quantity_bound"][row][0] == pytest.approx(0.75 * found[0][13], rel=0.5)


def volcano_abroad(spared: float = 0.0, **days: str | None) -> Numbers:
    """Return what Volcano leases abroad under the dated lease of 2024, with a rule that lets a quarter be rented."""
    remote = {"remote": rule(uses=["rental"], evaded=0.25, **days)} if days else {}
    changes: Changes = {**LONG, "policy.us": remote, "behaviour.leasing.grandfathered": spared}
    return column(ran(changes), "sites", "leased_in_h100e", provider="volcano", site_region="mid")


OVER = {"announced": "2022-06-01", "effective": "2022-06-01", "expires": "2023-01-01"}
BEGUN = {"announced": "2023-01-01", "effective": "2023-01-01", "expires": "2024-07-01"}
"""A rule that is over when the lease begins, and one under which it begins."""
FIRST = slice(8, 12)
"""Quarters in which it is in force and cards are those observed."""


def test_a_rule_that_is_over_before_a_lease_begins_leaves_it_alone() -> None:
    free, lapsed = volcano_abroad(), volcano_abroad(0.0, **OVER)
    assert free[FIRST].min() > 0.0
    np.testing.assert_array_equal(lapsed[FIRST], free[FIRST])
    assert lapsed[-1] > 0.8 * free[-1]


def test_a_lease_that_begins_under_a_rule_is_what_that_lets_be_signed_to_its_end() -> None:
    """Nothing is spared, as it was not signed before; the end of the rule brings nothing back."""
    free, ruled = volcano_abroad(), volcano_abroad(1.0, **BEGUN)
    assert not ruled[:8].any()
    np.testing.assert_allclose(ruled[FIRST], 0.25 * free[FIRST], rtol=0.02)
    remote = {"remote": rule(uses=["rental"], evaded=0.25, **BEGUN)}
    rules = ran({**LONG, "policy.us": remote, "behaviour.leasing.grandfathered": 1.0}).tables(["rules"])["rules"]
    mine = (rules["rule"] == "remote") & (rules["who"] == "volcano")
    assert rules["quarter"][mine & rules["bound"]].tolist() == ["2024Q1"]


LAB = {"provider": "oracle", "region": "mid", "stack": "cuda", "share": 0.8, "since": "2023Q3", "until": "2026Q4"}


@pytest.mark.parametrize(
    ("days", "left"), [(OVER, 1.0), (BEGUN, 0.25), ({"announced": "2024-01-01", "effective": "2024-01-01"}, 0.25)]
)
def test_contracts_of_labs_are_cut_by_rules_of_their_days(days: Changes, left: float) -> None:
    """A lab of the United States that rents in the Gulf."""
    abroad: Changes = {"customers.labs.xai.contracts": [LAB]}
    remote = rule(uses=["rental"], evaded=0.25, origins=None, destinations=["us"], headquarters=[], **days)
    shares = [
        [world.contracts.share[-1] for world in quarters({**abroad, "policy.us": rules})][-1]
        for rules in ({}, {"remote": remote})
    ]
    assert shares[0] > 0.0
    assert shares[1] == pytest.approx(left * shares[0])


def test_of_what_has_dates_only_what_is_in_force_is_cut() -> None:
    found = left_of_dated(np.full(3, 0.5), np.full(3, 0.25), np.array([3, 4, 5]), 4)
    assert found.tolist() == [0.5, 0.25, 1.0]


def test_firms_reckon_with_leases_to_come_as_far_as_rules_of_today_let_them() -> None:
    for days, part in ((BEGUN, 0.25), (OVER, 1.0)):
        model = quarters({**LONG, "policy.us": {"remote": rule(uses=["rental"], evaded=0.25, **days)}})
        world = next(world for world in model if world.t == 7)
        lease = list(world.parameters.leases).index("oracle-volcano-mid")
        assert world.leases_ahead.share[lease] == pytest.approx(part * world.leases.share[lease], rel=0.02)
        assert world.leases_ahead.share[0] == world.leases.share[0]


@given(
    arrays(np.float64, 3, elements=st.floats(0.0, 1.0)),
    arrays(np.float64, 3, elements=st.floats(0.0, 1.0)),
    st.floats(0.0, 1.0),
)
def test_no_more_goes_on_than_was_signed_and_no_less_than_is_spared(
    before: Numbers, now: Numbers, spared: float
) -> None:
    kept = going_on(before, now, spared)
    assert (kept >= spared - 1e-12).all()
    assert (kept <= 1.0).all()
    assert (kept[now >= before] == 1.0).all()
    np.testing.assert_allclose(going_on(before, now, 0.0) * before, np.minimum(now, before), atol=1e-12)
    assert (going_on(before, now, 1.0) == 1.0).all()


ABROAD_DENIED: Changes = {
    **LONG, "policy.us": {"line": rule(announced="2025-01-01", effective="2025-01-01")},
    "leases.oracle-volcano-mid": GONE, "behaviour.redesign.name": "none",
}  # fmt: skip


def test_firms_rent_abroad_what_rules_deny_them() -> None:
    """Nobody rents where nothing is denied, where it is switched off, or at home."""
    no_rule = {**ABROAD_DENIED, "policy.us": {}}
    off = {**ABROAD_DENIED, "behaviour.leasing.denied": 0.0}
    chinese = ("alibaba", "volcano")
    found = [
        {region: leased(changes, chinese, region) for region in ("mid", "cn")}
        for changes in (ABROAD_DENIED, no_rule, off)
    ]
    assert found[0]["mid"] > 0.0
    assert [x["cn"] for x in found] == [0.0] * 3
    assert found[1]["mid"] == found[2]["mid"] == 0.0


def leased(changes: Changes, firms: tuple[str, ...], region: str) -> float:
    """Return H100e-quarters that firms lease from others in a region."""
    run = ran(changes)
    return sum(float(column(run, "sites", "leased_in_h100e", provider=x, site_region=region).sum()) for x in firms)


def test_cards_where_a_firm_has_its_headquarters_are_not_remote() -> None:
    *_, world = quarters({**ABROAD, "policy.us": {"remote": rule(uses=["rental"], origins=None)}})
    lessee = world.leases.lessee
    provider, region = world.structure.pool_provider[lessee], world.links.pool_region[lessee]
    chinese = world.links.provider_region[provider] == world.structure.regions.index("cn")
    remote = chinese & (region != world.structure.regions.index("cn"))
    assert (chinese & ~remote).any()
    assert (world.leasable[~remote] == 1.0).all()
    assert world.leasable[remote].min() == 0.0
