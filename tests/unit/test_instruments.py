"""What each instrument does to a number in a quarter: pure functions of rule, strength and state."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.licensing import cut_alone, left_by_quotas, narrowed, refused, still_under, stopped
from sim.parameters import Parameters
from sim.parameters.instruments import (
    BuyRatio,
    CountryCap,
    CreditShock,
    DomesticContent,
    FoundryRule,
    Remedy,
    StageRule,
)
from sim.parameters.rules import Rule
from sim.policy.chip_rules import Subjects
from sim.policy.country_caps import Cap, beyond_small, cap_of, capped, within_allowance, within_charter
from sim.policy.credit import credit
from sim.policy.dates import days_of, first_day, part_within, strength_over
from sim.policy.foundry import access_left, caught, closed_cards, closed_in_turn
from sim.policy.mandates import (
    Mandate,
    by_origin,
    covered_of,
    foreign_left,
    left_of_covered,
    mandate_of,
    removed,
    strictest,
)
from sim.policy.remedies import lock_in
from sim.policy.status import Place
from sim.policy.upstream import POSITION, stage_effects, takes_from
from sim.structure import Structure

DATED: dict[str, Any] = {
    "label": "a rule", "source": "none", "grade": "assumption", "announced": "2025-01-01", "effective": "2025-01-01",
    "expires": None, "phase_in_quarters": 0.0,
}  # fmt: skip
QUARTER = 2025 * 4
SUBJECTS = Subjects(
    ["h100", "ascend"], ["us", "cn"], np.zeros((5, 2)),
    [Place("us", "us", "aws"), Place("mid", "us", "aws"), Place("mid", "mid", "gulf"), Place("cn", "cn", "alibaba")],
    state_funded=(0.0, 0.0, 0.0, 0.25),
)  # fmt: skip
REGION, FIRM = np.array([0, 1, 1, 2]), np.array([0, 0, 1, 2])
AT_HOME = np.array([True, False, True, True])


def dated(since: date, until: date | None, phase_in: float) -> Rule:
    days = {"announced": str(since), "effective": str(since), "expires": None if until is None else str(until)}
    return Rule(**{**DATED, **days, "phase_in_quarters": phase_in})


@given(st.integers(-200, 400), st.none() | st.integers(0, 400), st.floats(0.0, 8.0))
def test_strength_is_the_mean_over_the_days_of_a_quarter(start: int, length: int | None, phase_in: float) -> None:
    since = date(2025, 1, 1) + timedelta(start)
    days = days_of(dated(since, None if length is None else since + timedelta(length), phase_in))
    quarter = range(first_day(QUARTER), first_day(QUARTER + 1))
    fine = [(days.strength(d) + days.strength(d + 1)) / 2 if days.in_force(d) else 0.0 for d in quarter]
    assert strength_over(days, QUARTER) == pytest.approx(np.mean(fine), abs=0.006)


def test_a_rule_that_ends_on_its_first_day_has_no_strength() -> None:
    days = days_of(dated(date(2025, 2, 15), date(2025, 2, 15), 0.0))
    assert strength_over(days, QUARTER) == 0.0


def test_days_of_one_span_lie_in_another() -> None:
    start, end = first_day(QUARTER), first_day(QUARTER + 1)
    whole, last = (start - 9, end + 9), (end - 9, end + 9)
    found = [part_within(*spans, QUARTER) for spans in ((whole, whole), (last, whole), (whole, last))]
    assert found == [1.0, 1.0, pytest.approx(9 / (end - start))]
    assert part_within((start, start + 5), last, QUARTER) == part_within((end, end + 5), whole, QUARTER) == 0.0


def stage_rule(**changes: Any) -> StageRule:
    neutral = {
        "output": 1.0, "price": 1.0, "growth": 0.0, "imports_banned": 0.0, "tools_banned": 0.0, "servicing_banned": 0.0,
        "cost_usd_m": 0.0, "denser_than_gb_s_mm2": None,
    }  # fmt: skip
    return StageRule(**DATED, kind="stage_rule", side="cn", stages=["memory"], **{**neutral, **changes})


def test_rules_on_stages_reach_their_side_and_stage_alone_and_compose(baseline: Parameters) -> None:
    first, second = stage_rule(output=0.5, imports_banned=0.4, growth=0.01), stage_rule(output=0.8, price=1.1)
    found = stage_effects([(first, 0.5), (second, 1.0)], baseline.upstream)
    cn, other = (list(baseline.upstream).index(side) for side in ("cn", "us-allied"))
    assert found.output[other].tolist() == [1.0, 1.0, 1.0]
    assert found.output[cn].tolist() == [1.0, 1.0, pytest.approx(0.75 * 0.8)]
    assert found.imports[cn, 2] == pytest.approx(0.8)
    assert found.growth[cn, 2] == pytest.approx(0.005)
    assert found.price[cn, 2] == pytest.approx(1.1)


def test_a_rule_takes_of_stages_what_there_is(baseline: Parameters) -> None:
    cn, allied = (baseline.upstream[side] for side in ("cn", "us-allied"))
    memory = [POSITION["memory"]]
    assert takes_from(stage_rule(output=0.9), allied, imported=True) == memory
    for banned in ("imports_banned", "tools_banned"):
        assert takes_from(stage_rule(**{banned: 0.9}), cn, imported=True) == memory
        assert takes_from(stage_rule(**{banned: 0.9}), allied, imported=True) == []
    assert takes_from(stage_rule(imports_banned=0.9), cn, imported=False) == []
    assert takes_from(stage_rule(imports_banned=0.9, denser_than_gb_s_mm2=4.0), cn, imported=True) == []
    assert takes_from(stage_rule(output=1.2, growth=0.1, price=1.1, cost_usd_m=1.0), cn, imported=True) == []


def test_a_line_on_memory_bans_what_is_denser(baseline: Parameters) -> None:
    """All memory made lay above the 2 GB/s per mm2 of December 2024; a line at 4 would leave what Ascend cards have."""
    for line, comes in ((None, 0.2), (2.0, 0.2), (4.0, 1.0)):
        found = stage_effects([(stage_rule(imports_banned=0.8, denser_than_gb_s_mm2=line), 1.0)], baseline.upstream)
        assert found.imports[list(baseline.upstream).index("cn"), 2] == pytest.approx(comes)


def test_a_maker_keeps_the_wafers_of_cards_that_are_not_caught() -> None:
    left = access_left(np.array([1.0, 0.0, 0.5]), np.array([3.0, 1.0, 2.0]), np.array([0, 0, 1]), 3)
    assert left.tolist() == [0.25, 0.5, 1.0]


def cap(**changes: Any) -> CountryCap:
    loose = {"origins": ["us"], "h100e": {"mid": 100.0}, "chartered": [], "largest_share_abroad": None}
    own: dict[str, Any] = {"least_share_at_home": None, "allowances": {}, "small_orders_h100e": 0.0}
    return CountryCap(**DATED, kind="country_cap", **{**loose, **own, **changes})


def in_force(strength: float = 1.0, **changes: Any) -> Cap:
    return cap_of("cap", 0, cap(**changes), strength, ["us", "mid", "cn"], ["aws", "gulf", "alibaba"], SUBJECTS)


def test_a_cap_counts_the_cards_of_its_makers_in_its_destinations() -> None:
    assert in_force().counted.tolist() == [[False, False], [True, False], [True, False], [False, False]]
    assert in_force(chartered=["us"]).counted[1].tolist() == [False, False]


@given(st.floats(0.0, 150.0), st.floats(0.0, 1.0))
def test_what_goes_under_a_cap_is_never_more_than_is_left(gone: float, strength: float) -> None:
    """Nor less, where more is ordered: of the orders of its days, the part that goes beyond what is left is cut."""
    asked = strength * np.array([0.0, 90.0, 60.0, 0.0])
    part = capped(in_force(strength), asked, REGION, np.array([0.0, gone / 4.0, gone * 0.75, 0.0]))
    assert (asked * part).sum() == pytest.approx(min(max(100.0 - gone, 0.0), strength * 150.0))
    assert part[0] == part[3] == 1.0


@given(st.floats(0.0, 150.0), st.floats(0.0, 400.0))
def test_small_orders_go_beside_a_cap(gone: float, small: float) -> None:
    assert in_force(0.5, small_orders_h100e=small).small[1] == small / 8.0
    rule, asked = in_force(small_orders_h100e=small), np.array([0.0, 90.0, 60.0, 0.0])
    part, before = capped(rule, asked, REGION, np.array([0.0, gone, 0.0, 0.0])), max(100.0 - gone, 0.0)
    went = asked * part
    assert beyond_small(rule, went).sum() == pytest.approx(min(before, beyond_small(rule, asked).sum()))
    assert (went >= np.minimum(asked, small / 4.0) - 1e-9).all()


@given(st.floats(0.0, 150.0), st.floats(0.0, 1.0))
def test_an_allowance_is_apart_from_the_cap(gone: float, strength: float) -> None:
    rule, asked = in_force(strength, allowances={"gulf": 80.0}), strength * np.array([0.0, 90.0, 60.0, 0.0])
    assert rule.counted.any(axis=1).tolist() == [False, True, False, False]
    assert rule.named.any(axis=1).tolist() == [False, False, True, False]
    part = within_allowance(rule, asked * rule.named.any(axis=1), np.array([0.0, 0.0, gone, 0.0]))
    assert asked[2] * part[2] == pytest.approx(min(max(80.0 - gone, 0.0), asked[2]))
    assert part[[0, 1, 3]].tolist() == [1.0, 1.0, 1.0]


@given(st.floats(0.0, 500.0), st.floats(0.0, 500.0), st.floats(0.05, 0.9), st.floats(0.3, 0.9))
def test_a_chartered_firm_stays_within_its_shares(held: float, asked: float, abroad: float, home: float) -> None:
    standing, orders = np.array([100.0, held, 5.0, 5.0]), np.array([50.0, asked, 5.0, 5.0])
    rule = in_force(chartered=["us"], largest_share_abroad=abroad, least_share_at_home=home)
    part = within_charter(rule, orders, standing, AT_HOME, FIRM)
    new = asked * part[1]
    total = 150.0 + held + new
    assert (home * total * (1.0 - 1e-9) <= 150.0 and held + new <= abroad * total * (1.0 + 1e-9)) or new == 0.0
    assert part[0] == 1.0


def ratio(x: float) -> BuyRatio:
    return BuyRatio(
        **DATED, kind="buy_ratio", destinations=["cn"], domestic=["cn"], buyers=None, covered_share=1.0,
        foreign_per_domestic=x,
    )  # fmt: skip


def content(least: float, covered: float = 1.0, removed: float = 0.0) -> DomesticContent:
    return DomesticContent(
        **DATED, kind="domestic_content", destinations=["cn"], domestic=["cn"], buyers=None, covered_share=covered,
        least_share=least, removed_below=removed,
    )  # fmt: skip


@given(st.floats(0.0, 5.0), st.floats(0.0, 100.0), st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_under_a_ratio_foreign_cards_are_at_most_so_many(x: float, f: float, d: float, more: float) -> None:
    amounts = [np.array([0.0, 0.0, 0.0, each]) for each in (f, d, d + more)]
    part = foreign_left(mandate_of("m", ratio(x), 1.0, 1.0, None, SUBJECTS), FIRM, *amounts)
    domestic = d + (1.0 - part[3]) * more
    assert f * part[3] <= x * domestic * (1.0 + 1e-9) + 1e-9
    assert part[:3].tolist() == [1.0, 1.0, 1.0]


def test_a_ratio_that_does_not_bind_takes_nothing() -> None:
    amounts = [np.array([0.0, 0.0, 0.0, each]) for each in (10.0, 30.0, 40.0)]
    assert (foreign_left(mandate_of("m", ratio(1.0), 1.0, 1.0, None, SUBJECTS), FIRM, *amounts) == 1.0).all()


def may_have(mandate: Mandate, foreign: float, domestic: float, without: float, open_: float = 1.0) -> float:
    """Return for what share of its orders the last firm may have foreign cards."""
    amounts = [np.array([0.0, 0.0, 0.0, each]) for each in (foreign, domestic, without)]
    late = np.full((4, 1), mandate.days)
    found = left_of_covered(mandate, foreign_left(mandate, FIRM, *amounts), np.full((4, 1), open_), late)
    return float(found[3, 0])


def test_of_several_mandates_the_strictest_counts_and_of_equals_the_first() -> None:
    open_ = np.array([[1.0, 0.8, 0.5]])
    kept = np.array([[[0.5, 0.4, 0.5]], [[0.5, 0.2, 0.5]], [[0.9, 0.8, 0.5]]])
    first, second, third = strictest(kept, open_)
    assert first.tolist() == [[0.5, 1.0, 1.0]]
    assert second.tolist() == [[1.0, 0.25, 1.0]]
    assert third.tolist() == [[1.0, 1.0, 1.0]]
    assert (first * second * third * open_).tolist() == np.minimum.reduce([open_, *kept]).tolist()


def test_two_limits_on_the_same_days_are_for_the_same_orders() -> None:
    """What one takes of them the other does not count; of other days, or beside them, it takes nothing."""

    def after(under: float, other: float, left: float, shared: float = 1.0) -> float:
        return float(still_under(under, other, 1.0 - other * (1.0 - left), shared))

    assert after(0.5, 0.5, 0.0) == 0.0
    assert after(0.5, 0.5, 0.5) == pytest.approx(0.25 / 0.75)
    assert after(0.5, 0.5, 0.0, shared=0.0) == 1.0
    assert after(0.5, 1.0, 0.6) == pytest.approx(0.5)
    assert after(1.0, 0.5, 0.2) == after(1.0, 1.0, 0.2) == 1.0
    assert after(0.8, 0.5, 0.0) == pytest.approx(0.3 / 0.5)


@pytest.mark.parametrize(("shared", "second"), [(1.0, 1.0), (0.0, 2.0 / 3.0)])
def test_a_quota_counts_what_those_before_it_leave_of_its_days(shared: float, second: float) -> None:
    """Of two licences for half a quarter, which are for the same orders or for others."""
    ordered, under = np.array([[4.0, 6.0], [0.0, 6.0]]), np.full((2, 2, 2), 0.5)
    parts = left_by_quotas(
        ordered, np.array([0, 1]), np.zeros((2, 2), np.bool_), np.full(2, np.inf), np.full(2, 4.0), np.ones(2),
        np.array([0, 0]), 1, np.array([[1.0, shared], [shared, 1.0]]), under,
    )  # fmt: skip
    np.testing.assert_allclose(parts[0], 0.75)
    np.testing.assert_allclose(parts[1], second)


def test_what_limits_take_is_told_apart_by_limit() -> None:
    ordered, h100e = np.array([[4.0, 2.0], [0.0, 3.0]]), np.array([1.0, 0.5])
    parts = np.array([[[0.5, 1.0], [0.5, 1.0]], [[0.25, 1.0], [1.0, 0.0]]])
    assert stopped(ordered, parts).tolist() == [[True, False], [True, True]]
    assert cut_alone(ordered, parts, h100e).tolist() == [[0.5, 0.0], [1.5, 1.5]]
    left, taken = narrowed(np.full((2, 2), 0.8), parts)
    np.testing.assert_allclose(left, 0.8 * parts[0] * parts[1])
    np.testing.assert_allclose(taken, [0.8 * (1.0 - parts[0]), 0.8 * parts[0] * (1.0 - parts[1])])


def test_a_mandate_covers_the_last_orders_of_those_that_rules_leave() -> None:
    mandate = mandate_of("m", content(1.0, covered=0.5), 0.5, 0.5, None, SUBJECTS)
    for open_, covered in ((1.0, 0.25), (0.8, 0.05 / 0.8), (0.75, 0.0), (0.0, 0.0)):
        found = covered_of(mandate, np.full((4, 2), open_), np.full((4, 2), 0.5))
        assert found[3].tolist() == pytest.approx([covered, 0.0])
        assert not found[:3].any()


def test_orders_are_told_apart_by_origin_where_a_mandate_asks() -> None:
    cards, foreign = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([True, False, True])
    abroad, home = by_origin(cards, np.array([True, False]), foreign, np.array([10.0, 1.0, 2.0]))
    assert (abroad.tolist(), home.tolist()) == ([16.0, 0.0], [2.0, 0.0])


PUBLIC = content(1.0).model_copy(update={"state_funded": True})


@pytest.mark.parametrize("mandate", [content(1.0, covered=0.25), PUBLIC], ids=["covered", "state-funded"])
def test_a_ban_for_a_part_of_orders_leaves_the_others_their_cards(mandate: DomesticContent) -> None:
    """Also those that rules leave: what they close is the same part of orders."""
    found = mandate_of("m", mandate, 1.0, 1.0, None, SUBJECTS)
    assert may_have(found, 10.0, 0.0, 10.0) == 0.75
    assert may_have(found, 7.5, 2.5, 10.0, open_=0.75) == 0.75
    assert may_have(found, 5.0, 5.0, 10.0, open_=0.5) == 0.5


def test_projects_at_their_beginning_give_foreign_cards_back_in_the_first_quarter() -> None:
    found = mandate_of("m", content(1.0, removed=0.3), 0.6, 0.6, 0.4, SUBJECTS)
    assert may_have(found, 10.0, 0.0, 10.0) == pytest.approx(0.4 * 0.7)


def test_projects_at_their_beginning_take_out_what_they_may_not_have_of_what_arrives() -> None:
    """In the first quarter alone, whatever day of it is the first one; nothing of what the mandate lets them have."""
    part = content(1.0, covered=0.5, removed=0.3)
    for before in (0.0, 0.4):
        first = mandate_of("m", part, 1.0 - before, 1.0 - before, before, SUBJECTS)
        assert removed(first, np.zeros(4)).tolist() == [0.0, 0.0, 0.0, 0.15]
        assert removed(first, np.full(4, 0.8))[3] == pytest.approx(0.03)
    assert not removed(mandate_of("m", part, 1.0, 1.0, None, SUBJECTS), np.zeros(4)).any()


def test_a_mandate_of_half_a_quarter_takes_half_of_the_foreign_cards() -> None:
    """Also of a firm whose other cards are domestic: days are days, not a lower share."""
    assert may_have(mandate_of("m", content(1.0), 0.5, 0.5, None, SUBJECTS), 40.0, 60.0, 60.0) == pytest.approx(0.5)


def test_a_mandate_grows_with_its_strength() -> None:
    assert mandate_of("m", content(0.8), 0.5, 1.0, None, SUBJECTS).least == pytest.approx(0.4)
    assert mandate_of("m", ratio(1.0), 1.0, 1.0, None, SUBJECTS).least == pytest.approx(0.5)


def test_days_that_others_close_as_well_are_not_taken_twice_by_a_mandate() -> None:
    """What is still open lies before its first day: only projects that have hardly begun lose something of it."""
    orders = [np.array([0.0, 0.0, 0.0, x]) for x in (10.0, 0.0, 10.0)]
    for taken, left in ((0.0, 0.5), (0.3, 0.35)):
        found = mandate_of("m", content(1.0, removed=taken), 0.5, 0.5, 0.5, SUBJECTS)
        part = foreign_left(found, FIRM, *orders)
        open_, none = np.full((4, 1), 0.5), np.zeros((4, 1))
        assert left_of_covered(found, part, open_, none)[3, 0] == pytest.approx(left)
        assert not covered_of(found, open_, none).any()


def test_remedies_and_shocks_scale_with_strength_and_compose() -> None:
    asked = {"kind": "remedy", "regions": ["ally"], "switching": 0.5, "committed_share": 0.2}
    half = Remedy.model_validate({**DATED, **asked})
    left = lock_in([(half, 1.0), (half, 0.5)], ["us", "ally"])
    np.testing.assert_allclose(left, [[1.0, 0.5 * 0.75], [1.0, 0.2]])
    shock = {"kind": "credit_shock", "risk_free_rate": 0.02, "spread": 0.04, "covenant": 0.5}
    dear = CreditShock.model_validate({**DATED, **shock, "headquarters": ["cn"]})
    found = credit([(dear, 0.5), (dear, 0.5)], ["us", "cn"])
    np.testing.assert_allclose(found, [[0.0, 0.02], [0.0, 0.04], [1.0, 0.75**2]])
    everywhere = CreditShock.model_validate({**DATED, **shock, "headquarters": None})
    np.testing.assert_allclose(credit([(everywhere, 1.0)], ["us", "cn"]), [[0.02] * 2, [0.04] * 2, [0.5] * 2])
    assert np.array(lock_in([], ["us"])).tolist() == [[1.0], [1.0]]
    assert np.array(credit([], ["us"])).tolist() == [[0.0], [0.0], [1.0]]


def test_a_foundry_rule_presumes_what_is_not_known(baseline: Parameters) -> None:
    structure = Structure(baseline)
    rule = FoundryRule(
        **DATED, kind="foundry_rule", sides=["cn"], headquarters=["cn"], approved=["huawei_ascend"], process_nm=16.0,
        transistors_bn=30.0, transistors_bn_without_memory=45.0, access=0.0,
    )  # fmt: skip
    found = dict(zip(structure.chips, caught(rule, structure), strict=True))
    for name, chip in structure.catalogue.items():
        maker = structure.parameters.suppliers[chip.supplier]
        fine = chip.process_nm is None or chip.process_nm <= 16.0
        large = chip.transistors_bn is None or chip.transistors_bn >= (30.0 if chip.memory_stacks else 45.0)
        assert found[name] == (maker.headquarters == "cn" and chip.supplier != "huawei_ascend" and fine and large)
    assert any(found.values())


@pytest.mark.parametrize(("access", "first", "second"), [(0.0, 1.0, 1.0), (0.3, 0.5, 1.0), (0.0, 0.2, 0.7)])
def test_what_rules_on_foundries_close_in_turn_adds_up(
    baseline: Parameters, access: float, first: float, second: float
) -> None:
    structure = Structure(baseline)
    rule = FoundryRule(
        **DATED, kind="foundry_rule", sides=["cn"], headquarters=["cn"], approved=[], process_nm=None,
        transistors_bn=None, transistors_bn_without_memory=None, access=access,
    )  # fmt: skip
    cards = caught(rule, structure)
    each = closed_in_turn([("one", rule, first), ("two", rule, second)], {"one": cards, "two": cards})
    together = closed_cards([(rule, first), (rule, second)], structure)
    np.testing.assert_allclose(each["one"] + each["two"], together, atol=1e-12)
    assert each["one"].max() == pytest.approx((1.0 - access) * first, abs=1e-12)


def test_counts_of_transistors_lie_near_what_makers_publish(baseline: Parameters) -> None:
    """Out of sample: B200 208 bn, MI300X 153 bn (makers' announcements), of which only area and process are used."""
    chips = baseline.chips
    assert (chips["a100"].transistors_bn, chips["h100"].transistors_bn) == (54.2, 80.0)
    assert chips["b200"].transistors_bn == pytest.approx(208.0, rel=0.25)
    assert chips["mi300x"].transistors_bn == pytest.approx(153.0, rel=0.4)


def test_what_was_taken_out_counts_as_denied_and_not_as_closed_abroad() -> None:
    first, open_, abroad = np.array([[10.0, 4.0]]), np.array([[0.25, 1.0]]), np.array([[0.5, 0.0]])
    denied, closed = refused(first, open_, abroad, np.array([[1.0, 2.0]]))
    assert denied.tolist() == [[8.5, 2.0]]
    assert closed.tolist() == [[5.0, 0.0]]
