"""Rules on cards: specifications against tests, which rule decides, days within quarters."""

from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import compose
from sim import Parameters
from sim.names import quarter_number
from sim.parameters.policy import ChipRule
from sim.parameters.suppliers import Chip
from sim.policy import Calendar, Place, Status, Use
from sim.policy.calendar import Quarterly
from sim.policy.chip_rules import Subjects
from sim.policy.dates import days_of, first_day, ordinal, quarter_of, spans
from sim.policy.deciding import NO_RULE
from sim.policy.specification import NO_PRONG, UNKNOWN_PRONG, prong_met, specifications
from tests.builders_rules import CHINA, PLAIN, calendar, card, licence, prong, rule


def status(found: Calendar, day: str, chip: Chip = PLAIN, place: Place = CHINA, origin: str = "us") -> Status:
    return found.status("card", chip, origin, place, Use.ORDER, ordinal(day)).status


# --- specifications ---


def test_the_first_test_that_is_met_decides_and_thresholds_are_reached_at_equality() -> None:
    tests = {"fast": prong({"tpp": 4800.0}), "dense": prong({"tpp": 1600.0, "performance_density": 5.92})}
    found = specifications(
        [card(tpp=4800.0), card(tpp=4799.0, die_area_mm2=810.0), card(tpp=4799.0, die_area_mm2=900.0)]
    )
    assert prong_met(tests, found, 1.0).tolist() == [0, 1, NO_PRONG]


def test_below_is_strict() -> None:
    window = {"window": prong({"tpp": 2400.0}, {"tpp": 4800.0})}
    found = specifications([card(tpp=2400.0), card(tpp=4799.9), card(tpp=4800.0)])
    assert prong_met(window, found, 1.0).tolist() == [0, 0, NO_PRONG]


def test_an_unknown_area_matters_only_where_density_decides() -> None:
    tests = {"fast": prong({"tpp": 4800.0}), "dense": prong({"tpp": 1600.0, "performance_density": 5.92})}
    found = specifications([card(tpp=x, die_area_mm2=None) for x in (5000.0, 2000.0, 1500.0)])
    assert prong_met(tests, found, 1.0).tolist() == [0, UNKNOWN_PRONG, NO_PRONG]


@given(st.floats(100.0, 1e5), st.floats(100.0, 1e5), st.floats(0.5, 2.0))
def test_a_tighter_threshold_catches_all_that_a_looser_one_does(tpp: float, line: float, factor: float) -> None:
    loose, tight = (
        prong_met({"x": prong({"tpp": line})}, specifications([card(tpp=tpp)]), scale)[0] != NO_PRONG
        for scale in (max(1.0, factor), min(1.0, factor))
    )
    assert tight or not loose


# --- who is caught ---


def test_a_rule_looks_at_where_cards_stand_and_at_the_parent_of_who_buys() -> None:
    found, day = calendar(r=rule()), "2024-01-01"
    for place, expected in (
        (CHINA, Status.DENY), (Place("mid", "cn"), Status.DENY), (Place("cn", "us"), Status.DENY),
        (Place("mid", "mid"), Status.FREE),
    ):  # fmt: skip
        assert status(found, day, place=place) == expected
    assert status(found, day, origin="cn") == Status.FREE


def test_named_cards_and_buyers() -> None:
    day = "2024-01-01"
    assert status(calendar(r=rule(exempt_chips=["card"])), day) == Status.FREE
    assert status(calendar(r=rule(only_chips=["other"])), day) == Status.FREE
    named = calendar(r=rule(buyers=["firm"]))
    assert status(named, day) == Status.FREE
    assert status(named, day, place=Place("cn", "cn", "firm")) == Status.DENY


def test_the_strictest_rule_decides_unless_another_overrides_it() -> None:
    mild, day = rule(treatment="licence", licence=licence()), "2024-01-01"
    assert status(calendar(a=mild, b=rule()), day) == Status.DENY
    over = rule(treatment="licence", licence=licence(), overrides=["b"], prongs={"slow": prong({}, {"tpp": 6000.0})})
    both = calendar(a=over, b=rule())
    assert status(both, day) == Status.LICENCE
    assert status(both, day, card(tpp=7000.0)) == Status.DENY


def test_of_rules_as_strict_the_one_that_refuses_decides() -> None:
    """A licence that all get closes nothing, so nothing is credited to it, whichever came first."""
    for first, second in (("2023-11-17", "2024-11-17"), ("2024-11-17", "2023-11-17")):
        found = calendar(
            all_=rule(treatment="licence", licence=licence(), effective=first),
            some=rule(treatment="licence", licence=licence(approval=0.8), effective=second),
        )
        quarter = over(found, "2025Q2")
        assert [name for name, _, _ in found.chip_rules][int(quarter.deciding[0, 0])] == "some"
        closed = dict(zip((name for name, _, _ in found.chip_rules), quarter.closed[:, 0, 0], strict=True))
        assert closed == {"all_": 0.0, "some": pytest.approx(0.2)}


def test_an_answer_names_the_rule_and_its_test() -> None:
    found = calendar(r=rule(prongs={"fast": prong({"tpp": 4800.0})}))
    ruling = found.status("card", PLAIN, "us", CHINA, Use.ORDER, ordinal("2024-01-01"))
    assert (ruling.status, ruling.rule, ruling.prong, ruling.approval) == (Status.DENY, "r", "fast", 0.0)


# --- days ---


def test_rules_bind_from_their_first_day_until_they_expire() -> None:
    found = calendar(r=rule(expires="2024-02-01"))
    days = ("2023-11-16", "2023-11-17", "2024-01-31", "2024-02-01")
    assert [status(found, day) for day in days] == [Status.FREE, Status.DENY, Status.DENY, Status.FREE]


@given(st.integers(8080, 8200), st.lists(st.integers(730000, 750000), max_size=4))
def test_parts_of_a_quarter_add_up_to_it(quarter: int, cuts: list[int]) -> None:
    parts = list(spans(quarter, cuts))
    assert sum(days for _, days in parts) == first_day(quarter + 1) - first_day(quarter)
    assert all(first_day(quarter) <= day < first_day(quarter + 1) for day, _ in parts)


def test_quarter_of_a_day() -> None:
    assert quarter_of("2023-11-17") == quarter_number("2023Q4")
    assert first_day(quarter_number("2023Q4")) == ordinal("2023-10-01")


def over(found: Calendar, quarter: str, **leaders: float) -> Quarterly:
    subjects = Subjects(["card"], ["us"], specifications([PLAIN]), [CHINA])
    return found.quarterly(Use.ORDER, "test", subjects, quarter_number(quarter), leaders)


def test_a_quarter_is_open_for_the_days_before_a_rule() -> None:
    found = over(calendar(r=rule()), "2023Q4")
    assert found.open[0, 0] == pytest.approx(47 / 92)
    assert found.closing[0, 0] == pytest.approx(31 / 92)
    assert over(calendar(r=rule()), "2024Q1").open[0, 0] == 0.0
    assert over(calendar(r=rule()), "2023Q3").open[0, 0] == 1.0


def test_the_days_of_a_rule_that_catches_nothing_move_no_bit() -> None:
    """They cut the quarter of a licence in part, whose two parts are alike."""
    part = rule(treatment="licence", licence=licence(approval=0.7, duty=0.1))
    alone = over(calendar(a=part), "2024Q1")
    for n in range(1, 90):
        day = str(date(2024, 1, 1) + timedelta(days=n))
        idle = rule(announced=day, effective=day, prongs={"fast": prong({"tpp": 9e6})})
        beside = over(calendar(a=part, b=idle), "2024Q1")
        assert (beside.open, beside.duty, beside.licensed[0]) == (alone.open, alone.duty, alone.licensed[0]), day


def test_a_rule_grows_to_its_strength() -> None:
    found = calendar(r=rule(phase_in_quarters=4.0))
    shares = [over(found, quarter).open[0, 0] for quarter in ("2024Q1", "2024Q2", "2024Q3", "2025Q1")]
    assert shares[0] > shares[1] > shares[2] > shares[3] == 0.0


def test_licences_take_their_time_and_their_part() -> None:
    terms = licence(approval=0.5, delay_quarters=1, duty=0.25, revenue_share=0.15)
    found = calendar(r=rule(treatment="licence", licence=terms))
    first, later = over(found, "2024Q1"), over(found, "2024Q2")
    assert 0.0 < first.open[0, 0] < 0.5
    assert (later.open[0, 0], later.duty[0, 0], later.kept[0, 0]) == (0.5, 0.25, 0.85)


def test_a_part_of_the_buyers_is_covered() -> None:
    assert over(calendar(r=rule(covered_share=0.3)), "2024Q1").open[0, 0] == pytest.approx(0.7)


def funded(share: float, **rules: ChipRule) -> Quarterly:
    subjects = Subjects(["card"], ["us"], specifications([PLAIN]), [CHINA], state_funded=(share,))
    return calendar(**rules).quarterly(Use.ORDER, "test", subjects, quarter_number("2024Q1"), {})


def test_rules_for_state_funded_projects_leave_the_others_their_cards() -> None:
    """Two such rules are for the same orders, two for a share of all are not."""
    one, other = (rule(state_funded=True, prongs={"fast": prong({"tpp": tpp})}) for tpp in (1000.0, 2000.0))
    found = funded(0.25, a=one, b=other)
    assert (found.open[0, 0], found.deciding[0, 0], found.foreseen[0, 0]) == (0.75, 0, 0.75)
    assert found.closed[:, 0, 0].tolist() == [0.25, 0.0]
    assert funded(0.25, a=rule(covered_share=0.25), b=rule(covered_share=0.25)).open[0, 0] == pytest.approx(0.75**2)
    nobody, all_of_them = funded(0.0, a=one), funded(1.0, a=one)
    assert (nobody.open[0, 0], nobody.deciding[0, 0], nobody.refused.max()) == (1.0, NO_RULE, 0.0)
    assert (all_of_them.open[0, 0], all_of_them.deciding[0, 0]) == (0.0, 0)


def test_the_status_of_a_card_depends_on_who_pays_for_it() -> None:
    found = calendar(r=rule(state_funded=True))
    assert status(found, "2024-01-01") == Status.FREE
    assert status(found, "2024-01-01", place=CHINA._replace(state_funded=True)) == Status.DENY


def test_what_will_be_dearer_is_known_before() -> None:
    terms = licence(duty=0.25)
    found = over(calendar(r=rule(treatment="licence", licence=terms)), "2023Q4")
    assert (found.rising[0, 0], found.rise[0, 0]) == (pytest.approx(31 / 92), pytest.approx(0.25))
    assert found.closing[0, 0] == 0.0
    later = over(calendar(r=rule(treatment="licence", licence=terms)), "2024Q1")
    assert (later.rising[0, 0], later.rise[0, 0], later.duty[0, 0]) == (0.0, 0.0, 0.25)


def test_a_rule_that_takes_the_place_of_another_does_not_come_on_top_of_it() -> None:
    old = {"announced": "2023-01-01", "effective": "2023-01-01", "expires": "2023-11-17"}
    for before, after, rise in ((0.25, 0.26, 0.01), (0.25, 0.05, 0.0), (0.25, 0.25, 0.0)):
        one, other = (rule(treatment="licence", licence=licence(duty=x), **y) for x, y in ((before, old), (after, {})))
        found = over(calendar(a=one, b=other), "2023Q4")
        assert found.rise[0, 0] == pytest.approx(rise)
        assert (found.rising[0, 0] > 0.0) == (rise > 0.0)
    half = calendar(a=rule(**old, covered_share=0.5), b=rule(covered_share=0.5))
    found = over(half, "2023Q4")
    assert found.closing[0, 0] == 0.0
    assert found.foreseen[0, 0] == found.expected[0, 0] == 0.5


def test_news_is_what_was_announced_in_the_quarter() -> None:
    days = {"announced": "2023-10-17", "effective": "2025-01-01"}
    found = calendar(r=rule(**days))
    assert [over(found, x).expected[0, 0] for x in ("2023Q3", "2023Q4", "2024Q1")] == [1.0, 1.0, 0.0]
    assert [over(found, x).foreseen[0, 0] for x in ("2023Q3", "2023Q4", "2024Q1")] == [1.0, 0.0, 0.0]
    line = rule(announced="2023-01-01", effective="2023-01-01", growth=-0.2, prongs={"fast": prong({"tpp": 5800.0})})
    idle = rule(**days, prongs={"fast": prong({"tpp": 9e6})})
    crossed = over(calendar(line=line, idle=idle), "2023Q4")
    assert crossed.expected[0, 0] == crossed.foreseen[0, 0] == 0.0
    assert over(calendar(line=line), "2023Q2").expected[0, 0] > 0.0


def test_a_sliding_scale_lets_through_later_what_a_fixed_line_stops() -> None:
    prongs = {"fast": prong({"tpp": 4800.0})}
    fixed, sliding = calendar(r=rule(prongs=prongs)), calendar(r=rule(prongs=prongs, growth=0.1))
    assert status(fixed, "2026-01-01") == Status.DENY
    assert status(sliding, "2024-01-01") == Status.DENY
    assert status(sliding, "2026-01-01") == Status.FREE
    assert over(calendar(r=rule(prongs=prongs, generations_behind=1)), "2026Q1", r=1.2).open[0, 0] == 1.0


def test_no_rule_leaves_everything_free() -> None:
    found = over(calendar(), "2024Q1")
    assert found.open.min() == 1.0
    assert found.deciding.max() == NO_RULE


# --- the table of MODEL.md A2, from the shipped catalogue and the shipped rules ---


@cache
def shipped() -> Parameters:
    return compose("policy=history").parameters


DAYS = {"2022_10": "2023-01-15", "2023_10": "2024-06-01", "2025_04": "2025-05-01", "2026_01": "2026-05-01"}
FREE, DENIED, ASKED = Status.FREE, Status.DENY, Status.LICENCE
TABLE = {
    "a100": (DENIED, DENIED, DENIED, ASKED),
    "a800": (FREE, DENIED, DENIED, ASKED),
    "h100": (DENIED, DENIED, DENIED, ASKED),
    "h800": (FREE, DENIED, DENIED, ASKED),
    "h20": (FREE, FREE, ASKED, ASKED),
    "h200": (DENIED, DENIED, DENIED, ASKED),
    "mi325x": (DENIED, DENIED, DENIED, ASKED),
    "b200": (DENIED, DENIED, DENIED, DENIED),
    "mi308x": (DENIED, FREE, ASKED, ASKED),
}
"""Status of orders for China by American rules alone; MI308X is an exception of the rule of 2023."""


@pytest.mark.parametrize("chip", TABLE)
def test_status_of_shipped_cards(chip: str) -> None:
    american = Calendar(shipped().policy.model_copy(update={"cn": {}, "allies": {}}))
    found = [
        american.status(chip, shipped().chips[chip], "us", CHINA, Use.ORDER, ordinal(day)).status
        for day in DAYS.values()
    ]
    assert tuple(found) == TABLE[chip]


DATASHEETS = {
    "A100": (4992.0, 6.04, 600.0, 2039.0, "controlled", "controlled", "licence", "eligible"),
    "A800": (4992.0, 6.04, 400.0, 2039.0, "free", "controlled", "licence", "eligible"),
    "H100": (15832.0, 19.45, 900.0, 3350.0, "controlled", "controlled", "licence", "eligible"),
    "H800": (15832.0, 19.45, 400.0, 3350.0, "free", "controlled", "licence", "eligible"),
    "H20": (2368.0, 2.91, 900.0, 4000.0, "free", "free", "licence", "eligible"),
    "L40S": (5864.0, 9.63, 64.0, 864.0, "free", "controlled", "below", "eligible"),
    "RTX 4090": (5285.0, 8.68, 64.0, 1008.0, "free", "controlled", "below", "eligible"),
    "H200": (15832.0, 19.45, 900.0, 4800.0, "controlled", "controlled", "licence", "eligible"),
    "MI325X": (20920.0, 20.57, 896.0, 6000.0, "controlled", "controlled", "licence", "eligible"),
    "B200": (36000.0, 22.5, 1800.0, 8000.0, "controlled", "controlled", "licence", "not"),
}
"""Table A2 of the specification: TPP, TPP per mm2, links, memory bandwidth; the tests of four rules, each alone."""
REGIMES = {
    "us_2022_10": ("us_2022_10", "2022-10-07", "controlled"),
    "us_2023_10": ("us_2023_10_a", "2023-11-17", "controlled"),
    "us_2025_04": ("us_2025_04", "2025-04-14", "licence"),
    "us_2026_01": ("us_2026_01", "2026-06-01", "eligible"),
}


@pytest.mark.parametrize("chip", DATASHEETS)
@pytest.mark.parametrize(("column", "regime"), list(enumerate(REGIMES, start=4)))
def test_the_table_of_the_specification(chip: str, column: int, regime: str) -> None:
    """By the numbers of the table itself, cards outside the catalogue included, and by specification, not by name."""
    tpp, density, links, memory = DATASHEETS[chip][:4]
    made = card(tpp=tpp, die_area_mm2=tpp / density, interconnect_gb_s=links, memory_bandwidth_gb_s=memory)
    name, day, caught = REGIMES[regime]
    rules = compose(f"policy/us={regime}", "policy/cn=none", "policy/allies=none").parameters.policy.us
    alone = calendar(**{name: rules[name]})  # type: ignore[arg-type]
    status = alone.status("x", made, "us", CHINA, Use.ORDER, ordinal(day)).status
    assert (status != Status.FREE) == (DATASHEETS[chip][column] == caught)


def test_days_of_a_rule_without_an_end() -> None:
    days = days_of(rule())
    assert days.in_force(ordinal("2099-01-01"))
    assert np.isfinite(days.expires)
