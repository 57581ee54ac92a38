"""Cut-down cards: the best one below given lines, when makers bring one out, and the cards of history left out."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import compose
from sim import ComputeMarket, Parameters
from sim.makers import Makers
from sim.names import quarter_number
from sim.parameters.behaviour import Respin
from sim.parameters.policy import ChipRule, Policy
from sim.parameters.suppliers import Chip
from sim.policy import Calendar, Use
from sim.policy.answering import Variant
from sim.policy.cut_down import Specification, Task, best_cut, left, performance, smallest_die, whole
from sim.policy.dates import ordinal
from sim.policy.redesign import Shaped, answers
from sim.policy.status import Status
from sim.roadmap import catalogue
from sim.structure import Structure
from tests.builders_rules import CHINA, PLAIN, card, in_force, licence, prong, rule

NO_MARGIN = Specification(0.0, 0.0, 0.0)
HALF = Specification(0.1, 0.1, 0.1)
EXPONENTS = (0.4, 0.4, 0.2)
AS_DESIGNED = ("a800", "h800", "h20", "l20")
"""Cards that the history has because of rules."""


def task(*rules: ChipRule, margins: Specification = NO_MARGIN) -> Task:
    return Task("us-maker-cut-1", "us", CHINA, [in_force(f"r{n}", x) for n, x in enumerate(rules)], EXPONENTS, margins)


def cut(base: Chip, *rules: ChipRule, margins: Specification = NO_MARGIN) -> Specification | None:
    found = best_cut({"base": base}, task(*rules, margins=margins))
    return None if found is None else found.specification


def on(**lines: float) -> ChipRule:
    """Return a rule with one test, that a card reaches all lines."""
    return rule(prongs={"only": prong(lines)})


# --- the best specification ---


def test_what_no_rule_catches_stays_whole() -> None:
    assert cut(PLAIN) == cut(PLAIN, on(tpp=6000.0), margins=HALF) == whole(PLAIN)


def test_of_two_lines_that_must_both_be_reached_the_cheaper_cut_is_made() -> None:
    """Links count half of compute: at the same ratio to the line they are cut."""
    found = cut(card(tpp=6000.0, interconnect_gb_s=750.0), on(tpp=4800.0, interconnect_gb_s=600.0))
    assert found == pytest.approx((6000.0, 2000.0, 600.0), rel=1e-8)


def test_a_line_on_density_cuts_compute_on_the_same_die() -> None:
    assert cut(PLAIN, on(performance_density=5.0)) == pytest.approx((4000.0, 2000.0, 600.0), rel=1e-8)
    unknown = card(die_area_mm2=None, logic_area_mm2=400.0)
    assert cut(unknown, on(performance_density=5.0)) == pytest.approx((2000.0, 2000.0, 600.0), rel=1e-8)


def test_memory_and_links_share_a_line_on_their_sum_as_their_exponents_say() -> None:
    assert cut(PLAIN, on(bandwidth_sum_gb_s=900.0)) == pytest.approx((5000.0, 600.0, 300.0), rel=1e-8)
    assert cut(card(interconnect_gb_s=100.0), on(bandwidth_sum_gb_s=900.0)) == pytest.approx((5000.0, 800.0, 100.0))


def test_what_is_cut_misses_its_line_by_the_margin() -> None:
    assert cut(PLAIN, on(tpp=4000.0), margins=HALF) == pytest.approx((3600.0, 2000.0, 600.0), rel=1e-8)


def test_no_card_passes_a_rule_without_tests() -> None:
    assert cut(PLAIN, rule()) is None


def test_a_cut_that_falls_into_a_window_below_is_not_made() -> None:
    """Below 4,000 less a tenth lies what the other rule catches, which leaves 3,000 less a tenth."""
    window = rule(prongs={"window": prong({"tpp": 3000.0}, {"tpp": 3700.0})})
    assert cut(PLAIN, on(tpp=4000.0), window, margins=HALF) == pytest.approx((2700.0, 2000.0, 600.0), rel=1e-8)


LINES = st.fixed_dictionaries(
    {},
    optional={
        "tpp": st.floats(500.0, 8000.0), "performance_density": st.floats(0.5, 10.0),
        "memory_bandwidth_gb_s": st.floats(200.0, 3000.0), "interconnect_gb_s": st.floats(50.0, 900.0),
        "bandwidth_sum_gb_s": st.floats(200.0, 4000.0),
    },
)  # fmt: skip
TESTS = st.lists(LINES.filter(bool), min_size=1, max_size=4)
MARGINS = st.builds(Specification, *[st.floats(0.0, 0.35)] * 3)


def denying(tests: list[dict[str, float]], factor: float = 1.0) -> ChipRule:
    prongs = {f"p{n}": prong({name: x * factor for name, x in lines.items()}) for n, lines in enumerate(tests)}
    return rule(prongs=prongs)


@given(TESTS, MARGINS)
def test_a_cut_is_never_caught_and_never_above_its_base(tests: list[dict[str, float]], margins: Specification) -> None:
    found = cut(PLAIN, denying(tests), margins=margins)
    assert found is not None
    assert left([found], [800.0], task(denying(tests))).tolist() == [1.0]
    assert all(x <= most for x, most in zip(found, whole(PLAIN), strict=True))


@given(TESTS, MARGINS, st.floats(1.0, 3.0))
def test_a_looser_line_never_gives_a_worse_card(
    tests: list[dict[str, float]], margins: Specification, factor: float
) -> None:
    tight, loose = (cut(PLAIN, denying(tests, x), margins=margins) for x in (1.0, factor))
    assert tight is not None
    assert loose is not None
    assert performance(loose, task()) >= performance(tight, task()) * (1.0 - 1e-12)


@given(TESTS, st.integers(0, 2**32))
def test_nothing_that_is_tried_at_random_is_better(tests: list[dict[str, float]], seed: int) -> None:
    asked = task(denying(tests))
    found = cut(PLAIN, denying(tests))
    assert found is not None
    tried = [Specification(*row) for row in np.random.default_rng(seed).random((200, 3)) * whole(PLAIN)]
    free = left(tried, [800.0] * len(tried), asked)
    best = max((performance(x, asked) for x, ok in zip(tried, free, strict=True) if ok), default=0.0)
    assert performance(found, asked) >= best * (1.0 - 1e-8)


# --- who brings out what, when ---


@cache
def without_rules() -> Parameters:
    """Return the baseline without rules, and without the cards that rules brought about."""
    return without(compose("policy=none").parameters, *AS_DESIGNED)


def without(parameters: Parameters, *cards: str) -> Parameters:
    """Return parameters without some cards and their deliveries, as if nothing were history yet."""
    values = parameters.model_dump(mode="json")
    sites = [site for provider in values["providers"].values() for site in provider["sites"].values()]
    held = [x[name] for x in (*sites, *values["rest_of_world"].values()) for name in ("deliveries", "opening_cards")]
    values["market"]["history_end"] = values["market"]["start"]
    for mapping in (values["chips"], *held):
        for name in cards:
            mapping.pop(name, None)
    return Parameters.from_mapping(values)


def under(parameters: Parameters, **rules: ChipRule) -> Parameters:
    return parameters.model_copy(update={"policy": Policy(us=dict(rules), cn={}, allies={})})


def behaving(parameters: Parameters, **values: object) -> Parameters:
    """Return parameters with changes to the terms of redesign."""
    family = parameters.behaviour.redesign
    terms = family.compliant.model_copy(update=values)
    family = family.model_copy(update={"compliant": terms})
    return parameters.model_copy(update={"behaviour": parameters.behaviour.model_copy(update={"redesign": family})})


def brought(parameters: Parameters) -> Mapping[str, Variant]:
    return answers(parameters, catalogue(parameters)).variants


LINE = on(tpp=4800.0)


def test_a_rule_brings_out_a_card_below_its_line_after_the_lag() -> None:
    found = brought(behaving(under(without_rules(), r=LINE), lag_quarters=2, respin=None))
    assert next(iter(found)) == "nvidia-cut-1"
    chip = found["nvidia-cut-1"].chip
    assert (chip.launch, found["nvidia-cut-1"].base, chip.die_area_mm2) == ("2024Q2", "h100", 814.0)
    assert chip.tpp == pytest.approx(4800.0 * (1.0 - 0.0133), rel=1e-8)


def test_without_rules_or_with_redesign_off_there_are_no_such_cards() -> None:
    assert brought(without_rules()) == {}
    off = compose("policy=us_2023_10", "behaviour.redesign.name=none").parameters
    assert brought(off) == {}
    assert Structure(off).chip_dated.sum() == 0


@pytest.mark.parametrize(
    "terms",
    [
        {"prongs": {"fast": prong({"tpp": 1e7})}},
        {"origins": ["mid"]},
        {"destinations": [], "headquarters": []},
        {"uses": ["rental"]},
        {"treatment": "notify"},
        {"prongs": {}},
        {"buyers": ["alibaba"]},
        {"expires": "2023-12-31"},
        {"announced": "2031-01-01", "effective": "2031-01-01"},
    ],
)
def test_rules_that_ask_for_no_card(terms: dict[str, object]) -> None:
    assert brought(under(without_rules(), r=rule(**{"prongs": {"fast": prong({"tpp": 4800.0})}, **terms}))) == {}


def test_makers_answer_where_they_sell_and_only_merchants_do() -> None:
    found = brought(under(without_rules(), r=rule(prongs=LINE.prongs, destinations=["us"], headquarters=[])))
    assert {variant.chip.supplier for variant in found.values()} == {"nvidia", "amd"}
    assert all(variant.place.destination == "us" for variant in found.values())


def test_a_card_of_the_catalogue_makes_a_variant_needless() -> None:
    """The history has its A800, H800 and H20; what comes after it answers what comes after it."""
    history = brought(compose("policy=history").parameters).values()
    assert min(variant.chip.launch for variant in history) == "2025Q2"
    assert "us_2025_04" in {variant.rule for variant in history}


def test_a_variant_costs_what_its_base_costs_per_hour_of_inference_by_then() -> None:
    """Buyers choose by what an hour of inference costs: a cut makes no bargain of a card."""
    parameters = under(without_rules(), r=on(tpp=8000.0))
    chip, base = brought(behaving(parameters, respin=None))["nvidia-cut-1"].chip, parameters.chips["h100"]
    years = (quarter_number(chip.launch) - quarter_number(base.launch)) / 4
    fall = np.exp(-parameters.suppliers["nvidia"].price_decline * years)
    exponent = parameters.market.performance.inference.compute
    assert chip.price_usd == pytest.approx(base.price_usd * fall * (chip.tpp / base.tpp) ** exponent, rel=1e-12)


@given(TESTS, st.integers(0, 3), st.integers(0, 3))
def test_no_variant_is_caught_when_it_comes(tests: list[dict[str, float]], lag: int, later: int) -> None:
    slow = RESPIN.model_copy(update={"lag_quarters": lag + later})
    parameters = behaving(under(without_rules(), r=denying(tests)), lag_quarters=lag, respin=slow)
    calendar = Calendar(parameters.policy)
    for name, variant in brought(parameters).items():
        found = calendar.status(name, variant.chip, "us", variant.place, Use.ORDER, ordinal("2024-12-01"))
        assert found.status == Status.FREE
        assert quarter_number(variant.chip.launch) >= quarter_number("2023Q4") + lag


def test_rules_that_are_announced_count() -> None:
    """A card for the first rule alone would fall under the second, known before the first takes effect."""
    second = rule(prongs={"fast": prong({"tpp": 2400.0})}, announced="2023-11-01", effective="2024-12-01")
    known = brought(under(without_rules(), r=LINE, s=second))
    unknown = brought(under(without_rules(), r=LINE, s=second.model_copy(update={"announced": "2023-12-01"})))
    assert known["nvidia-cut-1"].chip.tpp < 2400.0 < unknown["nvidia-cut-1"].chip.tpp < 4800.0


@pytest.mark.parametrize("far", [rule(), on(tpp=1000.0)])
def test_a_rule_that_holds_only_when_the_card_is_old_decides_nothing(far: ChipRule) -> None:
    late = far.model_copy(update={"announced": "2023-11-01", "effective": "2045-01-01"})
    cards = [brought(under(without_rules(), r=LINE, **more)) for more in ({}, {"s": late})]
    assert cards[0] == cards[1]


# --- licences ---


def gate(below: float, **terms: object) -> ChipRule:
    """Return a licence, from a year after the line on, for cards from 3,000 TPP up to an upper line."""
    days = {"announced": "2024-10-01", "effective": "2024-10-01"}
    lane = {"lane": prong({"tpp": 3000.0}, {"tpp": below})}
    return rule(treatment="licence", licence=licence(**terms), overrides=["r"], prongs=lane, **days)


def second_answers(second: ChipRule) -> list[Chip]:
    """Return the cards that answer the second of two rules."""
    found = brought(behaving(under(without_rules(), r=LINE, s=second), respin=None))
    return [variant.chip for variant in found.values() if variant.rule == "s"]


def test_a_licence_brings_out_a_card_below_its_upper_line() -> None:
    """As the gate of 2026 brought plans for a card of half a B300, just below 21,000 TPP."""
    (chip,) = second_answers(gate(12000.0))
    assert chip.tpp == pytest.approx(12000.0 * (1.0 - 0.0133), rel=1e-8)
    assert chip.launch == "2025Q1"


@pytest.mark.parametrize(
    "terms", [{"approval": 0.0}, {"approval": 0.2}, {"duty": 4.0 / 3.0 + 1.0}, {"revenue_share": 0.8}]
)
def test_a_licence_that_is_refused_or_dear_brings_out_no_card_under_it(terms: dict[str, float]) -> None:
    """It does catch the card that answered the first rule, so that one below its lower line may come."""
    assert all(chip.tpp < 3000.0 for chip in second_answers(gate(12000.0, **terms)))


def test_a_licence_that_lets_the_best_card_go_asks_for_none() -> None:
    over = rule(treatment="licence", licence=licence(), overrides=["r"], prongs={"slow": prong({"tpp": 3000.0})})
    assert brought(under(without_rules(), r=LINE, s=over)) == {}
    assert brought(under(without_rules(), s=rule(treatment="licence", licence=licence(), prongs=LINE.prongs))) == {}


def gated(*overrides: str) -> list[Chip]:
    """Return the cards that answer the gate of January 2026."""
    found = brought(compose("policy=us_2026_01", *overrides).parameters)
    return [variant.chip for variant in found.values() if variant.rule == "us_2026_01"]


def test_the_gate_of_2026_is_for_cards_that_are_sold_at_home() -> None:
    """Without that condition it brings out a card like the planned B30A, just below 21,000 TPP and 6,500 GB/s."""
    assert gated() == []
    first = gated("policy.us.us_2026_01.licence.sold_at_home=false")[0]
    assert first.label == "B200, cut for cn"
    assert 0.9 * 21000.0 < first.tpp < 21000.0
    assert 4000.0 < first.memory_bandwidth_gb_s < 6500.0


# --- a die of its own ---

RESPIN = Respin(lag_quarters=3, least_saving=0.25, fixed_area=0.4)


def test_a_new_die_holds_the_compute_that_is_left_and_no_more() -> None:
    found = smallest_die(PLAIN, Specification(2500.0, 2000.0, 600.0), 0.4, task(on(tpp=3000.0)))
    assert found == pytest.approx(0.4 + 0.6 / 2.0)
    assert smallest_die(PLAIN, whole(PLAIN), 0.4, task(on(tpp=9000.0))) == 1.0


def test_a_line_on_density_keeps_a_die_large() -> None:
    rules = task(on(performance_density=4.0))
    found = smallest_die(PLAIN, Specification(2400.0, 2000.0, 600.0), 0.0, rules)
    assert found == pytest.approx(2400.0 / 800.0 / 4.0, rel=1e-6)
    assert left([Specification(2400.0, 2000.0, 600.0)], [800.0 * found], rules).tolist() == [1.0]


@given(TESTS, st.floats(0.0, 1.0))
def test_a_smaller_die_is_as_free_as_the_large_one(tests: list[dict[str, float]], fixed: float) -> None:
    asked, found = task(denying(tests)), cut(PLAIN, denying(tests))
    assert found is not None
    size = smallest_die(PLAIN, found, fixed, asked)
    assert fixed <= size <= 1.0
    assert left([found], [800.0 * size], asked).tolist() == [1.0]


def test_a_line_on_compute_alone_brings_out_a_small_die_later() -> None:
    """Without a test of density the second card is as fast on less silicon; with one there is nothing to save."""
    first, second, *_ = brought(under(without_rules(), r=on(tpp=2000.0))).values()
    assert (first.chip.launch, second.chip.launch) == ("2024Q1", "2024Q3")
    assert second.chip.logic_area_mm2 < 0.75 * first.chip.logic_area_mm2
    dense = on(tpp=2000.0).model_copy(
        update={"prongs": {"t": prong({"tpp": 2000.0}), "d": prong({"performance_density": 2.2})}}
    )
    first, second, *_ = brought(under(without_rules(), r=dense)).values()
    assert second.chip.logic_area_mm2 > 0.75 * first.chip.logic_area_mm2


def test_without_time_or_gain_there_is_no_second_card() -> None:
    one = under(without_rules(), r=on(tpp=2000.0))
    never = RESPIN.model_copy(update={"least_saving": 1.0})
    late = RESPIN.model_copy(update={"lag_quarters": 12})
    short = one.model_copy(update={"market": one.market.model_copy(update={"end": "2026Q2"})})
    for respin in (None, never, late):
        found = brought(behaving(short, respin=respin, least_gain=2.0)).values()
        assert not any("own die" in variant.chip.label for variant in found)


def test_a_small_die_costs_less_and_takes_fewer_wafers() -> None:
    structure = Structure(under(without_rules(), r=on(tpp=2000.0)))
    makers = Makers(structure)
    first, second = (structure.chips.index(name) for name in ("nvidia-cut-1", "nvidia-cut-2"))
    assert makers.perfect[second, 0] < makers.perfect[first, 0]
    base = structure.chips.index(structure.variants["nvidia-cut-2"].base)
    bills = makers.usual_cost / makers.overhead
    assert bills[second] == pytest.approx(bills[base])


# --- out of sample: what the rules of 2022 and 2023 brought about, and those of 2025 ---


def answer(preset: str) -> Chip:
    found = brought(without(compose(f"policy={preset}").parameters, *AS_DESIGNED))
    return found["nvidia-cut-1"].chip


def test_the_rule_of_2022_brings_out_an_h800() -> None:
    chip, h800 = answer("us_2022_10"), compose().parameters.chips["h800"]
    assert (chip.tpp, chip.memory_gb) == (h800.tpp, h800.memory_gb)
    assert chip.memory_bandwidth_gb_s == pytest.approx(h800.memory_bandwidth_gb_s, rel=0.01)
    assert chip.interconnect_gb_s < 600.0


def test_the_rule_of_2023_brings_out_an_h20() -> None:
    chip = answer("us_2023_10")
    assert chip.tpp < 2400.0
    assert chip.die_area_mm2 is not None
    assert chip.tpp / chip.die_area_mm2 < 3.2
    assert (chip.memory_bandwidth_gb_s, chip.interconnect_gb_s) == (3350.0, 900.0)
    assert chip.power_w == pytest.approx(400.0, rel=0.02)


def test_a_maker_that_minds_no_notice_cuts_up_to_the_ban_of_2023() -> None:
    """A rule that has only to be notified then moves nothing: the card is that of the ban alone."""
    told = behaving(without(compose("policy=us_2023_10").parameters, *AS_DESIGNED), notified_worth=1.0)
    chips = [next(iter(brought(x).values())).chip for x in (told, without_notices(told))]
    assert 4600.0 < chips[0].tpp < 4800.0
    assert chips[0].model_dump() == chips[1].model_dump()


def shaped(parameters: Parameters) -> list[Shaped]:
    return list(answers(parameters, catalogue(parameters)).shaped)


def test_a_notice_below_which_makers_stay_is_said_to_shape_their_cards() -> None:
    """In 2023 the H20; where makers do not mind it, and without it, nothing is."""
    told = without(compose("policy=us_2023_10").parameters, *AS_DESIGNED)
    found = shaped(told)
    assert {row.rule for row in found} == {"us_2023_10_b"}
    assert "nvidia-cut-1" in {row.card for row in found if row.place.destination == "cn"}
    assert shaped(behaving(told, notified_worth=1.0)) == shaped(without_notices(told)) == []


def test_a_ban_that_catches_only_what_would_be_cut_shapes_it() -> None:
    """It bans what lies between 3,000 and the other rule's line, where nothing that is on sale lies."""
    window = rule(prongs={"window": prong({"tpp": 3000.0}, {"tpp": 4800.0})})
    one, two = (behaving(under(without_rules(), r=LINE, **more), respin=None) for more in ({}, {"w": window}))
    assert brought(two)["nvidia-cut-1"].chip.tpp < 3000.0 < brought(one)["nvidia-cut-1"].chip.tpp
    assert ("w", "nvidia-cut-1") in {(row.rule, row.card) for row in shaped(two)}
    assert shaped(one) == []


def without_notices(parameters: Parameters) -> Parameters:
    us = {name: x for name, x in parameters.policy.us.items() if getattr(x, "treatment", "") != "notify"}
    assert len(us) < len(parameters.policy.us)
    return parameters.model_copy(update={"policy": parameters.policy.model_copy(update={"us": us})})


def test_a_year_after_the_rule_of_2023_an_h20_gets_the_memory_of_an_h200() -> None:
    """As the H20 with 141 GB did, with 4.8 TB/s."""
    found = brought(without(compose("policy=us_2023_10").parameters, *AS_DESIGNED)).values()
    slow = next(variant.chip for variant in found if variant.base == "h200")
    assert (slow.memory_gb, slow.memory_bandwidth_gb_s) == (141.0, 4800.0)
    assert "2024Q3" <= slow.launch <= "2025Q1"
    assert slow.tpp < 2400.0


def test_the_letters_of_2025_bring_out_a_card_with_slow_memory() -> None:
    found = brought(compose("policy=history").parameters).values()
    chip = next(variant.chip for variant in found if variant.rule == "us_2025_04")
    assert chip.memory_bandwidth_gb_s < 1400.0
    assert chip.memory_bandwidth_gb_s + chip.interconnect_gb_s < 1700.0
    assert chip.tpp < 4800.0


# --- standing lines ---


def test_a_line_that_stands_is_answered_with_every_generation() -> None:
    """So the day on which it was enacted makes no lasting difference."""
    early, late = (
        brought(under(without_rules(), r=rule(prongs=LINE.prongs, announced=day, effective=day)))
        for day in ("2023-11-17", "2026-01-01")
    )
    last = [max((v.chip for v in found.values()), key=lambda chip: chip.launch) for found in (early, late)]
    assert last[0].launch == last[1].launch > "2029Q4"
    assert last[0].memory_bandwidth_gb_s == last[1].memory_bandwidth_gb_s


def test_a_rule_that_only_restates_another_brings_out_nothing() -> None:
    again = LINE.model_copy(update={"announced": "2025-05-05", "effective": "2025-05-05"})
    once, twice = (brought(under(without_rules(), **x)) for x in ({"r": LINE}, {"r": LINE, "s": again}))
    assert [v.chip for v in once.values()] == [v.chip for v in twice.values()]


# --- in a run ---


def test_a_line_on_compute_makes_no_hour_of_inference_cheaper() -> None:
    """A cut card costs its buyers at least what the whole one does, less what a smaller die saves."""
    structure = ComputeMarket(compose("policy=us_line", "market.end=2026Q4").parameters).world.structure
    price = np.array([chip.price_usd for chip in structure.catalogue.values()]) / structure.chip_hardware[:, 1]
    at = structure.chips.index
    for name, variant in structure.variants.items():
        years = (quarter_number(variant.chip.launch) - quarter_number(structure.catalogue[variant.base].launch)) / 4
        fall = np.exp(-structure.parameters.suppliers[variant.chip.supplier].price_decline * years)
        assert price[at(name)] == pytest.approx(price[at(variant.base)] * fall, rel=1e-9)


def test_a_cut_card_costs_what_its_silicon_memory_and_board_cost() -> None:
    """Less performance sells for less; it is not made for less, unless on a smaller die."""
    world = ComputeMarket(compose("policy=us_line", "market.end=2026Q4").parameters).run().world
    structure, cost, price = world.structure, world.state.chip_cost, world.state.chip_price
    at, overhead = structure.chips.index, world.links.makers.overhead
    found = [(at(x), at(variant.base), variant.chip.label) for x, variant in structure.variants.items()]
    assert {"own die" in label for _, _, label in found} == {True, False}
    for new, base, label in found:
        assert overhead[new] == overhead[base] > 1.0
        assert price[new] >= cost[new]
        if "own die" in label:
            assert cost[new] < cost[base]
        else:
            assert cost[new] == pytest.approx(cost[base], rel=1e-9)


def test_redesign_brings_compute_to_china_under_a_line() -> None:
    on, off = (
        ComputeMarket(compose("policy=us_2025_04", "market.end=2026Q4", f"behaviour.redesign.name={name}").parameters)
        for name in ("compliant", "none")
    )
    tables = [model.run().tables(("market", "chips", "events")) for model in (on, off)]
    located = [table["market"]["located_h100e"][table["market"]["region"] == "cn"][-1] for table in tables]
    assert located[0] > 1.2 * located[1]
    events, chips = tables[0]["events"], tables[0]["chips"]
    found = events["event"] == "compliant_chip"
    rows = zip(events["quarter"][found], events["who"][found], events["detail"][found], strict=True)
    assert list(rows) == [
        (quarter, "nvidia", f"nvidia-cut-{n}") for n, quarter in ((1, "2025Q3"), (2, "2026Q1"), (3, "2026Q4"))
    ]
    shipped = chips["shipped_cards"][chips["chip"] == "nvidia-cut-1"]
    early = chips["quarter"][chips["chip"] == "nvidia-cut-1"] < "2025Q3"
    assert shipped[early].sum() == 0.0 < shipped.sum()
    assert "compliant_chip" not in tables[1]["events"]["event"]


def test_variants_keep_their_dates_whatever_research_does() -> None:
    parameters = compose("policy=us_2025_04", "suppliers.nvidia.research.subsidy_usd_m=1e6").parameters
    model = ComputeMarket(parameters)
    chip = model.world.structure.chips.index("nvidia-cut-1")
    dates = set[float]()
    while model.world.t < 20:
        model.step()
        dates.add(float(model.world.state.chip_launch[chip]))
    assert dates == {float(model.world.structure.index_of("2025Q3"))}
