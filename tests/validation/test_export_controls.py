"""Rules on cards in the whole model: limits, identities, and what each of them does in the direction theory says."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from experiments import compose
from sim import ComputeMarket
from sim.tables import MODEL_TABLES
from sim.world import World
from tests.economy import Changes, Numbers, Times, baseline, changed, column, parameters, quarters, ran
from tests.rules import Values, faster_than, licence, rule

OUTCOMES = [name for name in MODEL_TABLES if name not in {"rules", "events", "entities"}]
END = {"market.end": "2026Q4"}
AFTER = slice(13, None)
"""Quarters in which what was ordered under a rule of 2025 arrives."""


def policy(**rules: Values) -> dict[str, Any]:
    return {**END, "policy.us": rules, "policy.cn": {}, "policy.allies": {}}


NONE = policy()


def inflow(changes: Changes, chips: str = "nvidia", destination: str = "cn") -> Numbers:
    """Return H100e of a maker delivered to a region by quarter (T,)."""
    table = ran(changes).tables(["chips"])["chips"]
    mine = (table["supplier"] == chips) & (table["destination"] == destination)
    quarter = np.array([code_position(code) for code in table["quarter"][mine]], dtype=np.int64)
    return np.bincount(quarter, (table["shipped_cards"] * table["card_h100e"])[mine], 20).astype(np.float64)


def code_position(code: str) -> int:
    return 4 * (int(code[:4]) - 2022) + int(code[5]) - 1


def same_outcomes(one: ComputeMarket, other: ComputeMarket, apart: tuple[str, ...] = ()) -> bool:
    first, second = one.tables(OUTCOMES), other.tables(OUTCOMES)
    return all(
        np.array_equal(column, second[table][name], equal_nan=column.dtype == np.float64)
        for table in OUTCOMES
        for name, column in first[table].items()
        if name not in apart
    )


MID: Values = {"announced": "2025-05-15", "effective": "2025-05-15"}


# --- limits ---


IDLE = {
    "infinite line": rule(prongs=faster_than(1e7)),
    "nobody's cards": rule(origins=["mid"]),
    "later": rule(effective="2031-01-01", announced="2031-01-01"),
    "notify": rule(treatment="notify"),
    "rentals": rule(uses=["rental"], prongs=faster_than(1e7)),
    "nobody covered": rule(covered_share=0.0),
}


@pytest.mark.parametrize("name", IDLE)
def test_a_rule_that_does_not_bind_changes_no_outcome(name: str) -> None:
    """V18: no controls are thresholds at infinity, and so is every rule that stops nothing."""
    assert same_outcomes(ran(NONE), ran(policy(line=IDLE[name])))


MOVING = {
    "line": rule(growth=0.4, prongs=faster_than(9000.0)),
    "fee": rule(treatment="licence", licence=licence(approval=0.7, duty=0.1), effective="2025-02-20"),
}
DATES = ("2025-05-10", "2025-11-25", "2026-08-20")


@pytest.mark.parametrize("day", DATES)
@pytest.mark.parametrize("notice", ["none", "long"])
def test_nor_does_it_beside_rules_that_move_and_licences_in_part(day: str, notice: str) -> None:
    """Its days cut quarters for the others: lines are read on their own days, and equal parts are joined."""
    announced = day if notice == "none" else "2025-01-15"
    idle = rule(announced=announced, effective=day, prongs=faster_than(9e6))
    assert same_outcomes(ran(policy(**MOVING)), ran(policy(**MOVING, idle=idle)))


@pytest.mark.parametrize("limits", [{}, {"share_of_home": 10.0, "cards_per_quarter": 1e12}])
def test_licences_that_cost_and_limit_nothing_only_count_cards(limits: Values) -> None:
    free, asked = ran(NONE), ran(policy(line=rule(treatment="licence", licence=licence(**limits))))
    assert same_outcomes(free, asked)
    assert np.nansum(column(asked, "rules", "licensed_h100e")) > 0.0


def test_without_foreign_cards_stocks_fall_by_failure_alone() -> None:
    """V19: autarky. Nothing retires and nothing is scrapped, so what is left is the survival of the last delivery."""
    changes = policy(line=rule(origins=["us", "ally", "mid"])) | {
        "market.cohorts.maximum_age_quarters": 60, "behaviour.orders.scrapping_quarters": 60,
        "behaviour.orders.refill_rate": 0.0, "behaviour.stockpiling.name": "none", "behaviour.grey_market.name": "none",
    }  # fmt: skip
    foreign, survival = [], 1.0
    for world in quarters(changes):
        structure = world.structure
        abroad = world.links.chip_region != structure.regions.index("cn")
        here = world.links.site_region == structure.regions.index("cn")
        foreign.append(world.state.owned[here][:, abroad].sum())
        survival = structure.survival
    later = np.array(foreign[13:])
    np.testing.assert_allclose(later[1:] / later[:-1], survival, rtol=1e-9)


def test_a_quota_is_kept_in_every_quarter() -> None:
    gate = rule(treatment="licence", licence=licence(share_of_home=0.02), prongs=faster_than(4800.0), headquarters=[])
    changes = policy(gate=gate)
    table = ran(changes).tables(["chips"])["chips"]
    shipped = table["shipped_cards"] * table["card_h100e"]
    licensed = (table["shipped_cards"] - table["leaked_cards"]) * table["card_h100e"]
    licensed[(table["destination"] != "cn") | (table["card_h100e"] * 15832.0 < 4799.9)] = 0.0
    for quarter in ("2025Q2", "2025Q4", "2026Q2", "2026Q4"):
        for maker in ("nvidia", "amd"):
            rows = (table["quarter"] == quarter) & (table["supplier"] == maker)
            home = shipped[rows & (table["destination"] == "us")].sum()
            assert licensed[rows].sum() <= 0.02 * home * (1.0 + 1e-9) + 1e-9
    assert licensed.sum() > 0.0


def test_a_quota_of_cards_lets_through_legal_cards_up_to_it_and_evaded_ones_beside_it() -> None:
    """Buyers go on to other cards, within the quota as well; so too where a second rule covers part of the orders."""
    terms = licence(cards_per_quarter=20000.0)
    gate = rule(treatment="licence", licence=terms)
    for rules in ({"gate": gate}, {"gate": gate, "part": rule(covered_share=0.25)}):
        table = ran(policy(**rules)).tables(["chips"])["chips"]
        for quarter in ("2025Q3", "2026Q2"):
            here = (table["quarter"] == quarter) & (table["destination"] == "cn") & (table["supplier"] == "nvidia")
            legal = (table["shipped_cards"] - table["leaked_cards"])[here].sum()
            assert 5000.0 < legal <= 20000.0 * (1.0 + 1e-9)
    bound = ran(policy(gate=gate)).tables(["rules"])["rules"]
    assert bound["quantity_bound"][bound["rule"] == "gate"].sum() > 0.0


def test_of_two_quotas_the_smaller_counts_and_is_the_one_that_bound() -> None:
    """Quotas do not multiply; one on what buyers take in place of better cards binds, though nobody wants it first."""
    two = policy(
        line=rule(exempt_chips=["h20"]), wide=rule(treatment="licence", licence=licence(cards_per_quarter=4e5)),
        small=rule(treatment="licence", licence=licence(cards_per_quarter=2e4)),
    )  # fmt: skip
    rules, chips = (ran(two).tables([name])[name] for name in ("rules", "chips"))
    for quarter in ("2025Q3", "2026Q2"):
        here = (chips["quarter"] == quarter) & (chips["destination"] == "cn") & (chips["supplier"] == "nvidia")
        legal = (chips["shipped_cards"] - chips["leaked_cards"])[here].sum()
        assert 15000.0 < legal <= 20000.0 * (1.0 + 1e-9)
    assert set(rules["rule"][rules["bound"]]) == {"line", "small"}


def test_a_looser_gate_brings_no_less_compute() -> None:
    strict = policy(line=rule(prongs=faster_than(4800.0)))
    loose = rule(treatment="licence", licence=licence(share_of_home=0.5, duty=0.25), overrides=["line"])
    open_ = policy(line=rule(prongs=faster_than(4800.0)), gate=loose | {"prongs": faster_than(4800.0)})
    assert inflow(open_)[AFTER].sum() > inflow(strict)[AFTER].sum()


def test_a_quota_binds_by_what_it_closes() -> None:
    terms = licence(share_of_home=0.02)
    model = ran(policy(gate=rule(treatment="licence", licence=terms, prongs=faster_than(4800.0))))
    rules, sites = (model.tables([name])[name] for name in ("rules", "sites"))
    of_sites = ~np.isin(rules["who"].astype(str), list(model.world.parameters.rest_of_world))
    assert rules["bound"][of_sites].any()
    assert rules["quantity_bound"][of_sites].sum() == pytest.approx(sites["denied_h100e"].sum())


@pytest.mark.parametrize(
    ("values", "event"),
    [
        ({}, "rule_bites"),
        ({"prongs": faster_than(9e6)}, "rule_never_bites"),
        ({"effective": "2035-01-01"}, "rule_bites"),
        ({"announced": "2034-01-01", "effective": "2035-01-01"}, "rule_never_in_force"),
        ({"announced": "2019-01-01", "effective": "2019-01-01", "expires": "2022-01-01"}, "rule_never_in_force"),
        ({"announced": "2022-10-01", "effective": "2022-10-01", "expires": "2023-10-01"}, "rule_bites"),
        (
            {
                "announced": "2022-10-01",
                "effective": "2022-10-01",
                "expires": "2023-10-01",
                "prongs": faster_than(9e6),
            },
            "rule_observed",
        ),
    ],
    ids=[
        "binds",
        "stops nothing",
        "feared long before",
        "too late",
        "over before",
        "own cards within the history",
        "over within the history",
    ],
)
def test_the_end_of_a_run_says_which_rules_did_nothing(values: Values, event: str) -> None:
    events = ran(policy(line=rule(**values))).tables(["events"])["events"]
    said = set(events["event"]) & {"rule_bites", "rule_never_bites", "rule_observed", "rule_never_in_force"}
    assert said == {event}
    if event != "rule_bites":
        assert set(events["quarter"][events["event"] == event]) == {events["quarter"].max()}


def test_duties_and_fees_are_what_the_terms_say() -> None:
    """V20: fee and duty over the value of what was licensed; what buyers pay and makers give up is posted."""
    terms = licence(duty=0.25, revenue_share=0.15)
    model = ran(policy(gate=rule(treatment="licence", licence=terms, headquarters=[])))
    rules, chips = (model.tables([name])[name] for name in ("rules", "chips"))
    makers = [name for name, x in model.world.parameters.suppliers.items() if x.headquarters == "us"]
    legal = (chips["shipped_cards"] - chips["leaked_cards"]) * np.isin(chips["supplier"].astype(str), makers)
    asked = (chips["destination"] == "cn") & (chips["quarter"] >= "2025Q2")
    value = (legal * chips["price_usd"] / 1e6)[asked].sum()
    assert value > 0.0
    counted = (legal * chips["card_h100e"])[asked].sum()
    assert np.nansum(rules["licensed_h100e"]) == pytest.approx(counted, rel=1e-9)
    assert np.nansum(rules["duty_usd_m"]) == pytest.approx(0.25 * value, rel=1e-9)
    assert np.nansum(rules["fee_usd_m"]) == pytest.approx(0.15 * value, rel=1e-9)


def test_what_lifting_a_rule_would_bring_is_said_of_quotas_and_not_of_licences_that_silence_a_refusal() -> None:
    for terms in (licence(approval=0.5), licence(cards_per_quarter=2e4)):
        free = rule(**PART, treatment="licence", licence=terms, overrides=["ban"])
        rules = ran(policy(ban=rule(**PART), free=free) | UNMOVED).tables(["rules"])["rules"]
        assert np.nansum(rules["quantity_bound"][rules["rule"] == "free"]) > 0.0
        assert np.nansum(rules["lifted_h100e"][rules["rule"] == "free"]) == 0.0
    quota = ran(policy(q=rule(**PART, treatment="licence", licence=licence(cards_per_quarter=2e4))) | UNMOVED)
    assert np.nansum(column(quota, "rules", "lifted_h100e")) > 0.0


def test_what_was_bought_ahead_of_a_duty_does_not_pay_it() -> None:
    days = {"announced": "2025-08-01", "effective": "2025-11-15"}
    duty = policy(r=rule(**days, treatment="licence", licence=licence(duty=0.25), headquarters=[])) | SOBER
    paid, rushless = (
        ran(duty | {"behaviour.stockpiling.name": name}).tables(["rules"])["rules"] for name in ("rush", "none")
    )
    first = [np.nansum(table["duty_usd_m"][table["quarter"] == "2026Q1"]) for table in (paid, rushless)]
    assert first[0] == pytest.approx(first[1], rel=0.02)
    model, t = ran(duty), code_position("2026Q1")
    record, posted = model.record, [world.now.arrays["duty_usd_m"].sum() for world in quarters(duty)]
    assert record["bought_ahead"][t].sum() > 0.0
    mine = (record["delivered"][t] - record["bought_ahead"][t]) * record.rules[t - 1]["sites"].duty
    spent = (mine @ record["chip_price"][t]).sum() / 1e6
    assert posted[t] == pytest.approx(spent, rel=1e-9)
    here = (paid["quarter"] == "2026Q1") & np.isin(paid["who"].astype(str), list(model.world.structure.providers))
    assert np.nansum(paid["duty_usd_m"][here]) == pytest.approx(spent, rel=1e-9)


HALF = {"covered_share": 0.5, "treatment": "licence"}
CHARGES = {"duty": 0.25, "revenue_share": 0.15}


def posted(changes: Changes, quarter: str) -> tuple[float, float]:
    """Return the fees of makers and the duties of named providers in the ledger of a quarter, USD m."""
    for world in quarters(changes):
        if world.t > code_position(quarter):
            return float(world.ledger.fees.sum()), float(world.now.arrays["duty_usd_m"].sum())
    raise AssertionError


def charged(changes: Changes, quarter: str) -> tuple[float, float]:
    """Return the fees and duties of named providers in the table of rules in a quarter, USD m."""
    model = ran(changes)
    table = model.tables(["rules"])["rules"]
    mine = (table["quarter"] == quarter) & np.isin(table["who"].astype(str), list(model.world.structure.providers))
    return float(np.nansum(table["fee_usd_m"][mine])), float(np.nansum(table["duty_usd_m"][mine]))


@pytest.mark.parametrize("limit", ["quota", "cap"])
def test_charges_are_due_on_what_limits_leave_of_licensed_cards(limit: str) -> None:
    """A quota of nothing for half of orders, or a cap of nothing from a licence's day on, leaves nothing to charge."""
    none, free = licence(cards_per_quarter=0.0, **CHARGES), licence(**CHARGES)
    quota = policy(r=rule(**HALF, licence=none, headquarters=[]))
    begun = policy(
        r=rule(**MID, treatment="licence", licence=free, headquarters=[]), c=CAP | {"h100e": {"cn": 0.0}} | MID
    )
    changes = {**(quota if limit == "quota" else begun), **SOBER}
    for quarter in ("2025Q3", "2025Q4") if limit == "quota" else ("2025Q3",):
        arrives = ran(changes).tables(["chips"])["chips"]
        arrives = arrives["shipped_cards"][(arrives["destination"] == "cn") & (arrives["quarter"] == quarter)]
        assert arrives.sum() > 0.0
        assert posted(changes, quarter) == pytest.approx((0.0, 0.0), abs=1e-6)
        assert charged(changes, quarter) == pytest.approx((0.0, 0.0), abs=1e-6)
        now = column(ran(changes), "rules", "licensed_h100e", quarter=quarter, rule="r")
        assert np.nansum(now) == pytest.approx(0.0, abs=1e-6)


def licensed_h100e(quarter: str, **rules: Values) -> list[float]:
    """Return H100e that came under each licence in a quarter."""
    model = ran({**policy(**rules), **UNMOVED})
    return [float(np.nansum(column(model, "rules", "licensed_h100e", quarter=quarter, rule=name))) for name in rules]


def test_licences_share_the_cards_that_stand_under_several() -> None:
    """Two for half of all orders are for the same half, two of the same days for those; of other days each for its own.

    One of no cards takes its own part from what goes under a wider one, and no more.
    """
    free = rule(treatment="licence", licence=licence(), headquarters=[])
    half, early = free | {"covered_share": 0.5}, {"announced": "2025-04-01", "effective": "2025-04-01"}
    for one in (half, free | MID):
        alone = licensed_h100e("2025Q3", a=one)
        assert licensed_h100e("2025Q3", a=one, b=one) == pytest.approx([0.5 * alone[0]] * 2, rel=1e-9)
    whole = licensed_h100e("2025Q3", a=free)[0]
    first, then = licensed_h100e("2025Q3", a=free | early | {"expires": "2025-05-15"}, b=free | MID)
    assert [first, then] == pytest.approx([(1.0 - LAST) * whole, LAST * whole], rel=1e-9)
    none = half | {"licence": licence(cards_per_quarter=0.0)}
    assert licensed_h100e("2025Q3", a=none, b=free) == pytest.approx(
        [0.0, american(policy(a=none))], rel=1e-6, abs=1e-6
    )


def test_a_quota_that_binds_is_charged_for_what_it_lets_through() -> None:
    some = licence(cards_per_quarter=2e4, **CHARGES)
    changes = {**policy(r=rule(**HALF, licence=some, headquarters=[])), **SOBER, "behaviour.grey_market.name": "none"}
    for quarter in ("2025Q3", "2026Q2"):
        found = charged(changes, quarter)
        assert posted(changes, quarter) == pytest.approx(found, rel=1e-9)
        rules = column(ran(changes), "rules", "fee_usd_m", quarter=quarter, rule="r")
        chips = ran(changes).tables(["chips"])["chips"]
        mine = (chips["destination"] == "cn") & (chips["quarter"] == quarter) & (chips["shipped_cards"] > 0.0)
        mine &= np.isin(chips["supplier"].astype(str), ["nvidia", "amd"])
        dearest, cheapest = chips["price_usd"][mine].max(), chips["price_usd"][mine].min()
        assert 0.15 * 1.5e4 * cheapest / 1e6 < np.nansum(rules) <= 0.15 * 2e4 * dearest / 1e6 * (1.0 + 1e-9)


def test_what_was_bought_ahead_of_a_share_of_revenue_does_not_pay_it() -> None:
    """Cards are bought ahead as half of the applications will be refused; ledger and table say the same."""
    days = {"announced": "2025-08-01", "effective": "2025-11-15"}
    terms = licence(approval=0.5, revenue_share=0.2)
    changes = policy(r=rule(**days, treatment="licence", licence=terms, headquarters=[])) | SOBER
    model, t = ran(changes), code_position("2026Q1")
    assert model.record["bought_ahead"][t].sum() > 0.0
    found = charged(changes, "2026Q1")
    assert found[0] > 0.0
    assert posted(changes, "2026Q1") == pytest.approx(found, rel=1e-9)


def test_two_charges_are_two_charges() -> None:
    """Each rule is charged by its own terms on the same cards; what was ordered before the end is paid for after it."""
    two = {
        "fee": rule(treatment="licence", licence=licence(revenue_share=0.1), expires="2025-10-01"),
        "duty": rule(treatment="licence", licence=licence(duty=0.2)),
    }
    rules = ran(policy(**two)).tables(["rules"])["rules"]
    fee, duty = rules["rule"] == "fee", rules["rule"] == "duty"
    assert np.nansum(rules["duty_usd_m"][fee]) == np.nansum(rules["fee_usd_m"][duty]) == 0.0
    for quarter in ("2025Q3", "2025Q4"):
        now = rules["quarter"] == quarter
        fees, duties = np.nansum(rules["fee_usd_m"][fee & now]), np.nansum(rules["duty_usd_m"][duty & now])
        assert fees == pytest.approx(0.5 * duties, rel=1e-9)
        assert fees > 0.0
    assert "2026Q1" not in set(rules["quarter"][fee])


def test_a_share_of_revenue_that_is_passed_on_is_a_duty() -> None:
    """The same tax, whoever hands it over; what makers bear keeps no buyer away."""
    fee = policy(line=rule(treatment="licence", licence=licence(revenue_share=0.2)))
    duty = policy(line=rule(treatment="licence", licence=licence(duty=0.25)))
    passed = ran(fee | {"behaviour.chip_pricing.fee_pass_through": 1.0})
    assert same_outcomes(passed, ran(duty))
    first, then = (np.nansum(column(run, "rules", "duty_usd_m")) for run in (passed, ran(duty)))
    assert first == pytest.approx(then, rel=1e-9)
    kept = ran(fee)
    assert np.nansum(column(kept, "rules", "duty_usd_m")) == 0.0 < np.nansum(column(kept, "rules", "fee_usd_m"))
    assert inflow(fee)[AFTER].sum() > inflow(duty)[AFTER].sum()


def test_what_quotas_of_others_cut_is_smuggled_and_what_only_the_own_government_refuses_is_not() -> None:
    """A licence for no cards is a ban; a foreign rule on a hundredth makes no more than that worth smuggling."""
    nothing = licence(cards_per_quarter=0.0)
    quota, banned = policy(r=rule(treatment="licence", licence=nothing)), policy(r=rule())
    assert leaked(quota) > 0.9 * leaked(banned) > 0.0
    own: Changes = {**NONE, "policy.cn": {"own": rule()}}
    assert leaked(own) == 0.0
    assert 0.0 < leaked({**own, "policy.us": {"r": rule(covered_share=0.01)}}) < 0.1 * leaked(banned)


def test_what_caps_of_others_cut_is_smuggled_and_what_mandates_cut_is_not() -> None:
    capped, told = (
        ComputeMarket(compose("policy=none", rules).parameters, 1).run().tables(["chips"])["chips"]
        for rules in ("policy/us=us_diffusion_kept", "policy/cn=cn_mandate_80")
    )
    there = capped["destination"] == "mid"
    assert capped["leaked_cards"][there].sum() > 0.0 == capped["leaked_cards"][~there].sum()
    assert told["leaked_cards"].sum() == 0.0


def test_nobody_buys_on_the_news_of_days_to_come() -> None:
    """A line announced and in force on the last day of a quarter brings nothing forward within it."""
    day = {"announced": "2025-06-30", "effective": "2025-06-30"}
    found = [next(w for w in quarters(x) if w.t > code_position("2025Q2")) for x in (NONE, policy(line=rule(**day)))]
    structure, links = found[0].structure, found[0].links
    here, american = (
        structure.site_region == structure.regions.index("cn"),
        links.chip_region == structure.regions.index("us"),
    )
    free, lined = (float(world.state.ordered[here][:, american].sum()) for world in found)
    assert 0.95 * free < lined <= free
    assert found[1].state.tightening.max() > found[0].state.tightening.max()


def test_announced_rules_bring_deliveries_forward() -> None:
    """V21: inflow rises between announcement and effect, falls after; up to the effect no less has come in all.

    Nobody learns to expect rules here: an announcement that does would move what owners of makers make themselves.
    """
    days, sober = {"announced": "2025-04-01", "effective": "2025-07-01"}, {"behaviour.tightening.name": "announced"}
    told, rushless = (
        inflow(policy(line=rule(**days)) | sober | {"behaviour.stockpiling.name": name}) for name in ("rush", "none")
    )
    surprised = inflow(policy(line=rule(announced="2025-07-01", effective="2025-07-01")) | sober)
    np.testing.assert_array_equal(rushless, surprised)
    effect = code_position("2025Q3")
    assert told[effect] > 1.5 * surprised[effect]
    assert told[effect + 1 :].sum() <= surprised[effect + 1 :].sum() + 1e-6
    assert (np.cumsum(told)[: effect + 1] >= np.cumsum(surprised)[: effect + 1] - 1e-6).all()


MANDATE: Values = {
    "label": "m", "source": "test", "grade": "assumption", "expires": None, "phase_in_quarters": 0.0,
    "kind": "domestic_content", "destinations": ["cn"], "domestic": ["cn"], "buyers": None, "covered_share": 1.0,
    "least_share": 0.9, "removed_below": 0.0,
}  # fmt: skip
CAP: Values = {
    "label": "c", "source": "test", "grade": "assumption", "expires": None, "phase_in_quarters": 0.0,
    "kind": "country_cap", "origins": ["us"], "h100e": {"cn": 100.0}, "chartered": [], "largest_share_abroad": None,
    "least_share_at_home": None, "allowances": {}, "small_orders_h100e": 0.0,
}  # fmt: skip


QUOTA = rule(treatment="licence", licence=licence(cards_per_quarter=2e4))
NOTHING = rule(treatment="licence", licence=licence(cards_per_quarter=0.0))
LIMITS = pytest.mark.parametrize("limit", [MANDATE, CAP, QUOTA], ids=["mandate", "cap", "quota"])
SOBER = {"behaviour.tightening.name": "announced", "behaviour.redesign.name": "none"}


@LIMITS
def test_announced_limits_on_amounts_bring_deliveries_forward(limit: Values) -> None:
    """As V21: what a mandate, a cap or a quota will not let through is bought before it binds."""
    surprise, early = ({"announced": day, "effective": "2025-07-01"} for day in ("2025-07-01", "2025-04-01"))
    surprised, told = (inflow(policy(limit={**limit, **days}) | SOBER) for days in (surprise, early))
    rushless = inflow(policy(limit={**limit, **early}) | SOBER | {"behaviour.stockpiling.name": "none"})
    np.testing.assert_array_equal(rushless, surprised)
    effect = code_position("2025Q3")
    assert told[effect] > 1.5 * surprised[effect]
    if limit is not QUOTA:  # which is filled either way: it lets so many cards through in every quarter
        assert told[effect + 1 :].sum() <= surprised[effect + 1 :].sum() + 1e-6


def test_an_announced_duty_brings_deliveries_forward_as_far_as_it_pays_to_keep_cards() -> None:
    def told(duty: float, announced: str = "2025-04-01", **changes: Any) -> Numbers:
        terms = rule(
            treatment="licence", licence=licence(duty=duty), announced=announced, effective="2025-07-01",
        )  # fmt: skip
        return inflow(policy(r=terms) | SOBER | changes)

    effect, surprised = code_position("2025Q3"), told(0.25, "2025-07-01")
    np.testing.assert_array_equal(told(0.25, **{"behaviour.stockpiling.name": "none"}), surprised)
    small, large = told(0.05), told(0.25)
    assert surprised[effect] < 1.05 * surprised[effect] < small[effect] < large[effect]
    assert large[effect + 1] < surprised[effect + 1]


def test_a_rule_for_state_funded_projects_is_one_for_their_share_of_orders() -> None:
    share = {"market.regions.mid.state_funded_share": 0.25}
    public = ran(policy(r=rule(state_funded=True)) | share | SOBER)
    assert same_outcomes(public, ran(policy(r=rule(covered_share=0.25)) | share | SOBER))
    assert same_outcomes(ran(NONE), ran(policy(r=rule(state_funded=True, destinations=["us"], headquarters=[]))))


PART = {"announced": "2025-07-01", "effective": "2025-07-01", "headquarters": []}
UNMOVED = {**SOBER, "behaviour.grey_market.name": "none"}


@pytest.mark.parametrize(
    ("part", "left"),
    [
        (rule(**PART, state_funded=True), 0.75),
        (rule(**PART, covered_share=0.25), 0.75),
        (rule(**PART, treatment="licence", licence=licence(approval=0.75)), 0.75),
        (rule(**{**PART, "announced": "2025-08-16", "effective": "2025-08-16"}), 0.5),
    ],
    ids=["state-funded", "covered", "approved", "days"],
)
def test_who_is_refused_one_card_is_refused_the_next_one_for_the_same(part: Values, left: float) -> None:
    """A ban of all cards for a part of orders leaves the rest: that part does not turn to the next card.

    Somewhat more than the rest, as what is not spent on the part that is refused pays for it.
    """
    arrives = code_position("2025Q4")
    assert inflow(policy(r=part) | UNMOVED)[arrives] / inflow(NONE | UNMOVED)[arrives] == pytest.approx(left, rel=0.08)


def test_rows_of_rules_for_state_funded_projects_say_whom_they_bound() -> None:
    public, part = (
        ran(policy(r=rule(**PART, **x)) | UNMOVED).tables(["rules", "events"])
        for x in ({"state_funded": True}, {"covered_share": 0.25})
    )
    for table in ("rules", "events"):
        for name, values in public[table].items():
            np.testing.assert_array_equal(values, part[table][name])
    assert public["rules"]["bound"].any()


def test_of_several_mandates_the_strictest_counts_and_no_other_changes_anything() -> None:
    days = {"announced": "2025-07-01", "effective": "2025-07-01"}
    half, less = ({**MANDATE, **days, "least_share": least} for least in (0.5, 0.3))
    one = ran(policy(a=half) | UNMOVED)
    for more in (half, less):
        for names in ("ab", "ba"):
            both = dict(zip(names, (half, more), strict=True))
            assert same_outcomes(one, ran(policy(**both) | UNMOVED))


def test_rules_and_mandates_for_state_funded_projects_are_for_the_same_ones() -> None:
    public, mandate = rule(**PART, state_funded=True), {**MANDATE, "least_share": 1.0, "state_funded": True}
    days = {"announced": "2025-07-01", "effective": "2025-07-01"}
    arrives = code_position("2025Q4")
    alone, both = (inflow(policy(**x) | UNMOVED)[arrives] for x in ({"r": public}, {"r": public, "m": mandate | days}))
    assert both == pytest.approx(alone)


@pytest.mark.parametrize(
    "idle", [{"covered_share": 0.0}, {"state_funded": True, "destinations": ["mid"], "headquarters": []}]
)
def test_makers_design_no_card_for_a_small_part_of_orders(idle: Values) -> None:
    """A line brings out cut cards, and goes on doing so beside a ban of all cards for a few or for nobody."""
    line, days = (
        rule(prongs=faster_than(4800.0), headquarters=[]),
        {"announced": "2025-04-01", "effective": "2025-04-01"},
    )
    sober = {"behaviour.tightening.name": "announced"}
    cut = ran(policy(line=line) | sober)
    assert same_outcomes(cut, ran(policy(line=line, idle=rule(**{**days, **idle})) | sober))
    few = ran(policy(line=line, few=rule(**days, state_funded=True, headquarters=[])) | sober)
    assert cut.world.structure.variants.keys() == few.world.structure.variants.keys() != set()


def test_projects_that_have_hardly_begun_take_their_foreign_cards_out() -> None:
    """Also where the mandate begins with a quarter; their slots are filled with domestic cards."""
    days, begins = {"announced": "2026-01-01", "effective": "2026-01-01"}, code_position("2026Q1")
    kept, removed = (ran(policy(m={**MANDATE, **days, "removed_below": part}) | SOBER) for part in (0.0, 0.3))
    arrived = [inflow(policy(m={**MANDATE, **days, "removed_below": part}) | SOBER) for part in (0.0, 0.3)]
    np.testing.assert_array_equal(arrived[0][: begins + 1], arrived[1][: begins + 1])
    gone = column(kept, "market", "located_h100e", region="cn") - column(
        removed, "market", "located_h100e", region="cn"
    )
    assert gone[begins] == pytest.approx(0.3 * arrived[0][begins], rel=0.05)
    assert not gone[:begins].any()


@pytest.mark.parametrize("limit", [MANDATE, CAP, QUOTA, rule()], ids=["mandate", "cap", "quota", "ban"])
def test_nobody_buys_ahead_of_a_rule_before_it_is_time(limit: Values) -> None:
    """Two quarters of orders at four times the pace take 61 days, so an earlier announcement changes nothing."""
    early, late, too_late = (
        inflow(policy(limit={**limit, "announced": day, "effective": "2025-07-01"}) | SOBER)
        for day in ("2024-07-01", "2025-05-01", "2025-06-15")
    )
    np.testing.assert_array_equal(early, late)
    assert too_late.sum() < late.sum()


def test_a_limit_that_lets_everything_through_starts_no_rush() -> None:
    days = {"announced": "2025-04-01", "effective": "2025-07-01"}
    wide = QUOTA | {"licence": licence(cards_per_quarter=1e12)}
    for loose in (MANDATE | {"least_share": 0.0}, CAP | {"h100e": {"cn": 1e12}}, wide):
        assert same_outcomes(ran(NONE), ran(policy(limit={**loose, **days})))


def stored(changes: Changes, quarter: str) -> float:
    return float(np.nansum(column(ran(changes), "sites", "stored_h100e", quarter=quarter, site_region="cn")))


def test_a_quota_of_nothing_is_met_with_the_stores_of_a_ban() -> None:
    days = {"announced": "2025-06-01", "effective": "2026-02-15"}
    terms = {"treatment": "licence", "licence": licence(cards_per_quarter=0.0)}
    quota, ban = (policy(r=rule(**days, **how)) | SOBER for how in (terms, {}))
    assert 0.8 < stored(quota, "2026Q1") / stored(ban, "2026Q1") < 1.5


FIRST = {"first": rule(announced="2025-01-01", effective="2025-01-01", prongs=faster_than(9000.0))}
SECOND = {"second": rule(announced="2026-01-01", effective="2026-01-01")}


def test_who_was_hit_once_keeps_cards_for_the_next_time() -> None:
    """A surprise finds stores filled where firms learn from the one before: they have more foreign cards after it."""
    learning, blind = (
        policy(**FIRST, **SECOND) | {"behaviour.tightening.name": name} for name in ("adaptive", "announced")
    )
    assert stored(learning, "2025Q4") > 0.0 == stored(blind, "2025Q4")
    assert _foreign(learning)[18] > 1.005 * _foreign(blind)[18]
    for name in ("us", "ally"):
        assert not np.nansum(column(ran(learning), "sites", "stored_h100e", site_region=name))


def _foreign(changes: Changes) -> Numbers:
    """Return foreign H100e in place in China by quarter (T,)."""
    found = []
    for world in quarters(changes):
        here, home = world.links.site_region, world.structure.regions.index("cn")
        abroad = world.links.chip_region != home
        found.append((world.state.owned[here == home] * world.structure.chip_h100e)[:, abroad].sum())
    return np.array(found)


def test_the_end_of_a_licence_that_was_known_is_no_news() -> None:
    """A licence overrides a ban for a year: its announcement loosens, its end was in it."""
    gate = rule(
        treatment="licence", licence=licence(), overrides=["line"], announced="2025-07-01", effective="2025-07-01",
        expires="2026-07-01",
    )  # fmt: skip
    beliefs = [
        float(world.state.tightening.max()) for world in quarters(policy(line=rule(announced="2024-01-01"), gate=gate))
    ]
    assert beliefs[code_position("2026Q3")] < beliefs[code_position("2026Q2")]


def test_nobody_fears_what_never_happened() -> None:
    assert same_outcomes(ran(NONE), ran(NONE | {"behaviour.tightening.name": "announced"}))
    feared = NONE | {"behaviour.tightening.adaptive.initial": 0.5, "behaviour.tightening.adaptive.weight": 0.05}
    assert stored(feared, "2025Q4") > 0.0


# --- parts of quarters ---


@pytest.mark.parametrize(
    "dates", [("2025-07-03", "2025-09-25"), ("2025-07-28", "2025-09-20"), ("2025-08-11", "2025-08-12")]
)
def test_a_rule_that_stops_nothing_changes_nothing_whatever_its_days(dates: tuple[str, str]) -> None:
    idle = policy(line=rule(prongs=faster_than(1e7), announced=dates[0], effective=dates[1]))
    assert same_outcomes(ran(NONE), ran(idle))


def test_what_rules_close_is_credited_once() -> None:
    """Three rules deny the same cards, one from the middle of a quarter on: amounts add up to what is denied."""
    three = policy(
        line=rule(prongs=faster_than(4800.0)), more=rule(), late=rule(announced="2025-09-16", effective="2025-09-16"),
    )  # fmt: skip
    rules, chips = (ran(three).tables([name])[name] for name in ("rules", "chips"))
    for quarter in ("2025Q3", "2025Q4", "2026Q3"):
        now, then = rules["quarter"] == quarter, chips["quarter"] == quarter
        denied = (chips["denied_cards"] * chips["card_h100e"])[then].sum()
        assert rules["quantity_bound"][now].sum() == pytest.approx(denied, rel=1e-9)
        assert denied > 0.0
    assert set(rules["rule"][rules["bound"]]) == {"line", "more", "late"}


LAST = 47 / 91
"""Share of 2025Q2 from that day on."""


def american(changes: Changes, arrives: str = "2025Q3") -> float:
    """Return American H100e that arrive in China in a quarter."""
    table = ran({**changes, **UNMOVED}).tables(["chips"])["chips"]
    mine = (table["destination"] == "cn") & (table["quarter"] == arrives)
    mine &= np.isin(table["supplier"].astype(str), ["nvidia", "amd"])
    return float((table["shipped_cards"] * table["card_h100e"])[mine].sum())


def wanted_american(quarter: str) -> float:
    """Return American H100e that would be ordered for China in a quarter if money were no limit, at least.

    Who has nothing left for halls may have cut its orders of cards, too: by how much is not recorded.
    """
    for world in quarters(NONE | UNMOVED):
        if world.t > code_position(quarter):
            structure, links, state = world.structure, world.links, world.state
            china, there = structure.regions.index("cn"), links.chip_region == structure.regions.index("us")
            part = world.now.arrays["cash_limit"][:, None]
            cards = (state.ordered / np.where(part > 0.0, part, 1.0))[links.site_region == china].sum(axis=0)
            cards += state.elsewhere_ordered[structure.elsewhere_region == china].sum(axis=0)
            return float((cards * structure.chip_h100e)[there].sum())
    raise AssertionError


def capped_after(most: float, quarter: str, **days: str) -> float:
    """Return what has gone under a cap on China by the end of a quarter."""
    changes = policy(cap=CAP | {"h100e": {"cn": most}} | MID | days) | UNMOVED
    return next(float(w.state.capped[0].sum()) for w in quarters(changes) if w.t > code_position(quarter))


def test_a_cap_that_begins_within_a_quarter_cuts_what_goes_beyond_it_from_its_day_on() -> None:
    """Orders of its days are compared with it and booked under it: half as much again cuts nothing, half of it cuts.

    They are compared before firms look at what they can pay.
    """
    usual, asked, booked = american(NONE), LAST * wanted_american("2025Q2"), capped_after(1e12, "2025Q2")
    assert booked == pytest.approx(LAST * usual, rel=1e-9)
    wide, half = (policy(cap=CAP | {"h100e": {"cn": x * asked}} | MID) for x in (1.5, 0.5))
    assert american(wide) == usual
    under = capped_after(0.5 * asked, "2025Q2")
    assert 0.35 * asked < under < 0.5 * asked
    assert usual - american(half) == pytest.approx(booked - under, rel=0.1)


SAME_DAYS: dict[str, dict[str, Values]] = {
    "two bans": {"a": rule(), "b": rule()},
    "two quotas": {"a": NOTHING, "b": NOTHING},
    "three quotas": {"a": NOTHING, "b": NOTHING, "c": NOTHING},
    "ban and cap": {"a": rule(), "b": CAP | {"h100e": {"cn": 0.0}}},
    "quota and cap": {"a": NOTHING, "b": CAP | {"h100e": {"cn": 0.0}}},
    "two caps": {"a": CAP | {"h100e": {"cn": 0.0}}, "b": CAP | {"h100e": {"cn": 0.0}}},
    "quota and mandate": {"a": NOTHING, "b": MANDATE | {"least_share": 1.0}},
    "ban and mandate": {"a": rule(), "b": MANDATE | {"least_share": 1.0}},
    "cap and mandate": {"a": CAP | {"h100e": {"cn": 0.0}}, "b": MANDATE | {"least_share": 1.0}},
}


@pytest.mark.parametrize("name", SAME_DAYS)
def test_limits_that_begin_on_one_day_are_for_the_same_days(name: str) -> None:
    """Two of them from the middle of a quarter leave what was ordered before: they do not multiply."""
    limits = {x: {**values, **MID} for x, values in SAME_DAYS[name].items()}
    assert american(policy(**limits)) == pytest.approx((1.0 - LAST) * american(NONE), rel=0.08)


def test_of_limits_that_follow_each_other_each_is_for_its_own_days() -> None:
    """One of nothing ends on the day on which another begins: nothing is left of the quarter."""
    first, then = {"announced": "2025-04-01", "effective": "2025-04-01", "expires": "2025-05-15"}, MID
    none = CAP | {"h100e": {"cn": 0.0}}
    for one, other in ((NOTHING, NOTHING), (rule(), none), (NOTHING, none), (none, none)):
        assert american(policy(a=one | first, b=other | then)) == pytest.approx(0.0, abs=1e-3 * american(NONE))


def test_a_limit_that_does_not_bind_leaves_stores_alone() -> None:
    days = {"announced": "2025-04-01", "effective": "2025-07-01"}
    mandate = MANDATE | {"announced": "2025-01-01", "effective": "2025-01-01"}
    loose, tight = (
        policy(line=rule(**days)) | {"policy.cn": {"m": mandate | {"least_share": share}}} for share in (0.0, 0.9)
    )
    assert same_outcomes(ran(policy(line=rule(**days))), ran(loose))
    assert stored(loose, "2025Q3") > stored(tight, "2025Q3")


# --- directions ---


LINE = policy(line=rule(prongs=faster_than(4800.0)))
DENY = policy(line=rule())


def leaked_h100e(changes: Changes) -> float:
    table = ran(changes).tables(["chips"])["chips"]
    mine = (table["supplier"] == "nvidia") & (table["destination"] == "cn")
    return float((table["leaked_cards"] * table["card_h100e"])[mine].sum())


def total(changes: Changes, table: str, name: str, **where: str) -> float:
    return float(np.nansum(column(ran(changes), table, name, **where)))


def test_a_line_cuts_compute_for_china_and_a_ban_cuts_it_more() -> None:
    free, line, ban = (inflow(changes)[AFTER].sum() for changes in (NONE, LINE, DENY))
    assert free > line > ban
    assert ban == pytest.approx(leaked_h100e(DENY), rel=1e-9)


def test_domestic_makers_gain_what_foreign_ones_lose() -> None:
    free, ban = (inflow(changes, "huawei_ascend")[AFTER].sum() for changes in (NONE, DENY))
    assert ban > free


def test_protected_demand_writes_the_software_of_domestic_makers() -> None:
    for name in ("ecosystem_h100e", "software_training", "software_inference"):
        free, ban = (column(ran(x), "suppliers", name, supplier="huawei_ascend")[-1] for x in (NONE, DENY))
        assert ban > free, name


def test_a_rule_on_the_next_best_card_binds_though_nobody_wants_that_first() -> None:
    """As the letters on the H20: what better cards are refused to turn to; lifted alone, the rule would let it in."""
    line = rule(prongs=faster_than(4800.0))
    letters = rule(prongs={"memory": {"at_least": {"memory_bandwidth_gb_s": 1400.0}}})
    table = ran(policy(line=line, letters=letters)).tables(["rules"])["rules"]
    mine = (table["rule"] == "letters") & (table["quarter"] > "2025Q1")
    assert np.nansum(table["lifted_h100e"][mine]) > 0.0
    assert table["bound"][mine].any()
    idle = ran(policy(line=line, again=rule(prongs=faster_than(9000.0)))).tables(["rules"])["rules"]
    assert np.nansum(idle["lifted_h100e"][idle["rule"] == "again"]) == 0.0, "what another rule refuses too stays shut"


def test_nobody_smuggles_what_only_his_own_government_refuses() -> None:
    refused = {**END, "policy.us": {}, "policy.cn": {"refusal": rule(headquarters=[])}, "policy.allies": {}}
    assert leaked_h100e(refused) == 0.0 < leaked_h100e(DENY)
    both = {**refused, "policy.us": {"ban": rule()}}
    assert leaked_h100e(both) > 0.0


def test_stores_are_kept_while_a_mandate_is_phased_in() -> None:
    days = {"announced": "2025-04-01", "effective": "2025-07-01", "phase_in_quarters": 4.0}
    changes = policy(mandate=MANDATE | days)
    kept = [stored(changes, quarter) for quarter in ("2025Q3", "2025Q4", "2026Q1")]
    assert 0.0 < kept[0] <= kept[1] <= kept[2]


def test_compute_is_dearer_where_cards_are_denied() -> None:
    free, ban = (column(ran(x), "market", "price_iaas_usd_per_h100e_hour", region="cn")[-1] for x in (NONE, DENY))
    assert ban > free


def test_makers_spend_less_on_research_when_they_lose_a_market() -> None:
    free, ban = (column(ran(x), "suppliers", "research_usd_m", supplier="nvidia")[14] for x in (NONE, DENY))
    assert ban < free


def test_a_duty_lowers_orders_and_a_revenue_share_lowers_research() -> None:
    duty, share = (
        policy(gate=rule(treatment="licence", licence=licence(**terms)))
        for terms in ({"duty": 1.0}, {"revenue_share": 0.5})
    )
    assert inflow(duty)[AFTER].sum() < inflow(NONE)[AFTER].sum()
    spent = [column(ran(x), "suppliers", "research_usd_m", supplier="nvidia")[14] for x in (NONE, share)]
    assert spent[1] < spent[0]


def test_refusal_by_the_importer_works_like_a_ban() -> None:
    refused = {**END, "policy.us": {}, "policy.cn": {"refusal": rule(headquarters=[])}, "policy.allies": {}}
    assert inflow(refused)[AFTER].sum() == pytest.approx(leaked_h100e(refused), rel=1e-9)


def test_an_entity_listing_costs_its_target_cards_and_compute_in_the_years_after_it() -> None:
    """Beside all rules of history, so against cut cards alone; after some years its own cards take over."""
    end, listed = "market.end=2027Q4", "policy/us=[history,us_entity_list]"
    free, hit = (ComputeMarket(compose(end, *also).parameters, 1).run() for also in ((), (listed,)))
    for provider, least, most in (("alibaba", 0.6, 0.85), ("tencent", 0.95, 1.2)):
        owned = [
            column(model, "sites", "owned_h100e", provider=provider, quarter="2027Q4").sum() for model in (free, hit)
        ]
        assert least < owned[1] / owned[0] < most


def test_the_parent_decides_for_sites_abroad() -> None:
    """A rule on destinations alone leaves Chinese firms abroad free; one on parents does not."""
    places, parents = (policy(line=rule(headquarters=x)) for x in ([], ["cn"]))
    abroad = [_ordered_abroad(changes) for changes in (places, parents)]
    assert abroad[0] > 0.0
    assert abroad[1] == 0.0


def _ordered_abroad(changes: Changes) -> float:
    """Return American cards ordered by firms with Chinese parents for sites outside China."""
    found = 0.0
    for world in quarters(changes):
        links, home = world.links, world.structure.regions.index("cn")
        mine = (links.provider_region[links.site_provider] == home) & (links.site_region != home)
        american = links.chip_region == world.structure.regions.index("us")
        found += float(world.state.ordered[mine][:, american].sum()) if world.t > code_position("2025Q1") else 0.0
    return found


def test_rentals_abroad_can_be_closed_and_evasion_opens_them_again() -> None:
    """With many customers: of the few of the small economy one alone rents from the Gulf."""
    many: Changes = {"customers.enterprises": 3000}
    every = {"product": "all", "workload": "all"}
    used = [
        total({**changes, **many}, "providers", "served_h100e", region="cn", provider="gulf", **every)
        for changes in (
            NONE, policy(line=rule(uses=["rental"], evaded=0.5)), policy(line=rule(uses=["rental"])),
        )
    ]  # fmt: skip
    assert used[0] > used[1] > used[2] == pytest.approx(0.0, abs=used[0] * 0.6)


@pytest.mark.parametrize("granularity", ["agents", "cells"])
def test_contracts_end_with_the_right_to_rent_unless_they_are_spared(granularity: str) -> None:
    """Nothing abroad is used by Chinese customers from the first day of the rule on; spared contracts run on."""
    many: Changes = {"customers.enterprises": 3000, "customers.granularity": granularity}
    abroad = {"product": "all", "workload": "all", "region": "cn", "provider": "gulf"}
    days = {"announced": "2025-07-01", "effective": "2025-07-01"}
    closed = policy(line=rule(uses=["rental"], origins=None, **days))
    free, shut, spared = (
        column(ran({**changes, **many}), "providers", "served_h100e", **abroad)
        for changes in (NONE, closed, closed | {"behaviour.leasing.grandfathered": 1.0})
    )
    np.testing.assert_array_equal(free[:14], shut[:14])
    assert shut[13] > 0.0 == shut[14:].sum()
    assert 0.0 < spared[14] < free[14]


def test_contracts_lapse_when_a_rule_comes_and_not_when_cards_that_it_closes_do() -> None:
    """The line stands still while lessors add cards above it: new contracts feel that, what was signed does not."""
    many: Changes = {**policy(line=rule(uses=["rental"], prongs=faster_than(6000.0))), "customers.enterprises": 1000}
    model = ComputeMarket(parameters(many), 1)
    people, lapsed, open_ = model.world.population, list[int](), list[Numbers]()
    lapse = people.lapse

    def watched(world: World, kept: Numbers) -> None:
        lapsed.append(world.t)
        lapse(world, kept)

    people.lapse = watched  # type: ignore[method-assign]
    while not model.finished:
        model.step()
        open_.append(model.world.rentable)
    assert (open_[16] < open_[12]).any()
    assert lapsed == [12]


def test_tables_say_who_was_bound_by_what() -> None:
    rules: Mapping[str, Any] = ran(LINE).tables(["rules"])["rules"]
    bound = rules["bound"]
    firms = ran(LINE).world.parameters.providers
    chinese = {name for name, firm in firms.items() if firm.headquarters == "cn"}
    assert {"alibaba", "tencent"} <= set(rules["who"][bound]) <= chinese | {"cn_onprem", "cn"}
    firm = rules["who"] != "cn"
    closes = rules["quantity_bound"][bound & firm] > 0.0
    assert closes.mean() > 0.8, "the others rent abroad in place of cards"
    assert rules["own_dearer_usd_per_h100e_hour"][bound & ~firm].min() > 0.0
    events = ran(LINE).tables(["events"])["events"]
    assert {"rule_announced", "rule_effective", "rule_bites"} <= set(events["event"])
    chips = ran(LINE).tables(["chips"])["chips"]
    assert set(chips["denied_by"][chips["denied_cards"] > 0.0]) == {"line"}


# --- the grey market ---


def everywhere(changes: Changes, quarter: int) -> float:
    """Return H100e that owners elsewhere in China order for the next quarter."""
    for world in quarters(changes):
        if world.t == quarter:
            here = world.structure.elsewhere_region == world.structure.regions.index("cn")
            return float((world.state.elsewhere_ordered[here] * world.structure.chip_h100e).sum())
    raise AssertionError


def test_who_smuggles_orders_no_more_in_all_than_without_rules() -> None:
    """Cards that get through take the place of those that had replaced them; only those for providers come on top."""
    alone = {"behaviour.grey_market.provider_share": 0.0}
    usual, banned = everywhere(NONE | alone, 16), everywhere(DENY | alone, 16)
    assert leaked(DENY | alone) > 0.0
    assert banned == pytest.approx(usual, rel=1e-9)


def test_nobody_smuggles_what_he_may_buy() -> None:
    """A rule on parents closes Chinese firms' sites abroad; owners there are free and have no reason to evade."""
    parents = policy(line=rule(destinations=[], headquarters=["cn"], buyers=["alibaba", "huawei", "tencent"]))
    table = ran(parents).tables(["chips"])["chips"]
    assert table["denied_cards"].sum() > 0.0
    assert table["leaked_cards"].sum() == 0.0


def leaked(changes: Changes) -> float:
    return total(changes, "chips", "leaked_cards")


def test_leakage_needs_denied_cards_and_falls_with_enforcement() -> None:
    strict = {
        "label": "more", "source": "test", "grade": "assumption", "announced": "2025-01-01", "effective": "2025-01-01",
        "expires": None, "phase_in_quarters": 0.0, "kind": "enforcement", "destinations": ["cn"], "budget": 4.0,
        "verification": 1.0,
    }  # fmt: skip
    assert leaked(NONE) == 0.0
    assert leaked(DENY | {"behaviour.grey_market.name": "none"}) == 0.0
    usual, enforced = leaked(DENY), leaked(policy(line=rule(), more=strict))
    assert usual > enforced > 0.0
    assert leaked(DENY | {"behaviour.grey_market.name": "elasticity"}) > 0.0
    rules = ran(policy(line=rule(), more=strict)).tables(["rules"])["rules"]
    seizures = rules["seizures"][rules["rule"] == "more"].sum()
    assert seizures > 0.0
    last = column(ran(policy(line=rule(), more=strict)), "chips", "seized_cards").sum()
    assert last <= seizures * (1.0 + 1e-9)


def test_what_is_seized_does_not_depend_on_how_many_own_what_is_on_its_way() -> None:
    """B5 has one share for a region. Makers share out by orders here: by firm, each owner would get its own share."""
    by_orders: Changes = {**DENY, "behaviour.allocation.name": "proportional"}
    half: Changes = {f"rest_of_world.cn_onprem.{name}": Times(0.5) for name in ("deliveries", "opening_cards")}
    other = changed(baseline(), half)["rest_of_world"]["cn_onprem"]
    one, two = ran(by_orders), ran({**by_orders, **half, "rest_of_world.cn_other": other})
    seized, leaked_ = (
        [column(run, "chips", name, destination="cn").sum() for run in (one, two)]
        for name in ("seized_cards", "leaked_cards")
    )
    assert seized[0] > 0.0
    assert seized[1] == pytest.approx(seized[0], rel=1e-9)
    assert leaked_[1] == pytest.approx(leaked_[0], rel=1e-9)


def test_leaked_cards_have_a_premium() -> None:
    premium = column(ran(DENY), "chips", "grey_premium", destination="cn")
    assert premium.max() > ran(DENY).world.parameters.behaviour.grey_market.wedge.threshold
    assert column(ran(NONE), "chips", "grey_premium").max() == 0.0


def test_a_quota_of_nothing_makes_own_cards_as_dear_as_a_ban() -> None:
    """From the quarter after its first orders on, as it does what caps and mandates leave of them."""
    none = rule(treatment="licence", licence=licence(cards_per_quarter=0.0))
    costs = [ran(policy(x=terms)).record["on_premises"][-1] for terms in (rule(), none)]
    china = ran(LINE).world.structure.regions.index("cn")
    free = ran(policy()).record["on_premises"][-1, china]
    assert (costs[0][china] > 1.5 * free).all()
    assert costs[1][china].tolist() == pytest.approx(costs[0][china].tolist(), rel=0.1)


def test_a_quota_of_nothing_costs_sites_what_a_ban_costs_them() -> None:
    """Costs that firms reckon with, and so halls and cards, follow what limits left of orders as they follow bans."""
    none = rule(treatment="licence", licence=licence(cards_per_quarter=0.0))
    free, ban, quota = (ran(changes | UNMOVED) for changes in (NONE, policy(x=rule()), policy(x=none)))
    structure = free.world.structure
    china = free.world.links.site_region == structure.regions.index("cn")
    cost, banned, at_quota = (x.record["costs_here"][-1, china] for x in (free, ban, quota))
    assert (banned > 1.5 * cost).any()
    np.testing.assert_allclose(at_quota, banned, rtol=0.1)
    halls, with_quota = (x.record["energised_mw"][-1].sum() for x in (ban, quota))
    assert with_quota == pytest.approx(halls, rel=0.02)


def test_approval_moves_the_cost_of_own_cards_without_a_jump() -> None:
    china = ran(LINE).world.structure.regions.index("cn")
    gates = [policy(x=rule(treatment="licence", licence=licence(approval=x))) for x in (0.49, 0.51)]
    before, after = (ran(gate).record["on_premises"][-1, china] for gate in gates)
    assert before.tolist() == pytest.approx(after.tolist(), rel=0.1)


def test_a_licence_that_silences_a_ban_binds_at_no_charge() -> None:
    opened = rule(treatment="licence", licence=licence(), overrides=["ban"])
    rules = ran(policy(ban=rule(), gate=opened)).tables(["rules"])["rules"]
    mine = rules["rule"] == "gate"
    assert rules["bound"][mine].any()
    assert np.nansum(rules["licensed_h100e"][mine]) > 0.0
    alone = ran(policy(gate=rule(treatment="licence", licence=licence()))).tables(["rules"])["rules"]
    assert not alone["bound"].any()
