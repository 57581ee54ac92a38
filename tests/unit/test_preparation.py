"""Arithmetic of the preparation: on a small hand-made world, and as identities on the real observations."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import prepare
from experiments.preparation import captive, catalogue, firms, fleets, revenue
from experiments.preparation.fleets import DESIGNERS, Flows
from experiments.preparation.sources import assumptions, interpolated, observations, quarters, shares
from sim.economics.performance import H100_TPP
from sim.names import quarter_number

Rows = dict[str, list[dict[str, str]]]
MAKERS = {"nvidia": "Nvidia", "amd": "AMD", "google_tpu": "Google TPU", "aws_trainium": "AWS Trainium"}
CLOSE = 1e-9

STATED: dict[str, Any] = {
    "first_quarter": "2022Q1",
    "last_quarter": "2022Q2",
    "chips": {
        "h100": {"row": "H100", "supplier": "nvidia"},
        "h200": {"row": "H200", "supplier": "nvidia"},
        "a100": {"row": "A100", "supplier": "nvidia"},
        "h20": {"row": "H20", "supplier": "nvidia"},
        "mi300x": {"row": "MI300X", "supplier": "amd"},
        "mi250x": {"row": "MI250X", "supplier": "amd"},
        "tpu-v4": {"row": "TPU v4", "supplier": "google_tpu"},
        "trainium1": {"row": "Trainium1", "supplier": "aws_trainium"},
        "own": {"row": "Own", "supplier": "huawei"},
    },
    "chip_aliases": {
        "value": {
            "A100": {"a100": 1.0}, "H20": {"h20": 1.0}, "MI300X": {"mi300x": 1.0}, "MI250X": {"mi250x": 1.0},
            "TPU v4": {"tpu-v4": 1.0}, "Trainium1": {"trainium1": 1.0},
        }
    },
    "h200_share_of_hopper": {"value": {"2022Q1": 0.0, "2022Q2": 0.25}},
    "china_chips": {"value": ["H20"]},
    "other_owners": {
        "neocloud_share": {"value": 0.2}, "gulf_share": {"value": 0.1}, "amd_neocloud_share": {"value": 0.1},
    },
    "rest_split": {"value": {"nvidia": {"us_onprem": 0.6, "ally_onprem": 0.4}, "amd": {"us_onprem": 1.0}}},
    "china_nvidia_split": {"value": {"2022Q1": {"alibaba": 0.7, "cn_onprem": 0.3}}},
    "domestic_cards": {"value": {"own": {"2022Q1": 100, "2022Q2": 200}}},
    "domestic_split": {"value": {"own": {"huawei": 0.6, "cn_onprem": 0.4}}},
    "opening": {
        "world_h100e": {"value": 5000.0}, "tpu_cards": {"value": 1000.0}, "domestic_cards": {"value": {"own": 50}},
    },
}  # fmt: skip

TPP = {
    "H100": 1.0,
    "H200": 1.0,
    "A100": 0.3,
    "H20": 0.15,
    "MI300X": 1.3,
    "MI250X": 0.4,
    "TPU v4": 0.3,
    "Trainium1": 0.2,
}
SHIPPED = {
    ("Nvidia", "2022Q1"): {"A100": 600.0, "H100/H200": 400.0, "H20": 50.0},
    ("Nvidia", "2022Q2"): {"H100/H200": 2000.0, "H20": 100.0},
    ("AMD", "2022Q2"): {"MI300X": 100.0, "MI250X": 40.0},
    ("Google TPU", "2022Q1"): {"TPU v4": 80.0},
    ("Google TPU", "2022Q2"): {"TPU v4": 120.0},
    ("AWS Trainium", "2022Q2"): {"Trainium1": 30.0},
}
OWNED = {
    ("Microsoft", "Nvidia"): (300.0, 800.0), ("Meta", "Nvidia"): (100.0, 300.0), ("Amazon", "Nvidia"): (100.0, 250.0),
    ("Google", "Nvidia"): (50.0, 150.0), ("Oracle", "Nvidia"): (20.0, 70.0), ("China", "Nvidia"): (60.0, 170.0),
    ("CoreWeave", "Nvidia"): (10.0, 60.0), ("Other", "Nvidia"): (200.0, 1600.0),
    ("Microsoft", "AMD"): (0.0, 30.0), ("Meta", "AMD"): (0.0, 20.0), ("Oracle", "AMD"): (0.0, 5.0),
    ("Other", "AMD"): (0.0, 60.0), ("Google", "Google"): (90.0, 210.0), ("Amazon", "Amazon"): (0.0, 30.0),
}  # fmt: skip


def rows() -> Rows:
    shipments = [
        {"supplier": designer, "period": quarter, "chip": chip, "metric": "h100e", "value": str(value)}
        for (designer, quarter), amounts in SHIPPED.items()
        for chip, value in amounts.items()
    ]
    owners = [
        {"owner": owner, "designer": designer, "period": quarter, "h100e_cum_median": str(value)}
        for (owner, designer), values in OWNED.items()
        for quarter, value in zip(("2022Q1", "2022Q2"), values, strict=True)
        if value > 0.0
    ]
    specs = [{"chip": chip, "tpp": str(share * H100_TPP)} for chip, share in {**TPP, "Own": 0.3}.items()]
    return {"chip_shipments": shipments, "compute_owners": owners, "chip_specs": specs}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Flows:
    """Return the flows of the small world."""
    made = rows()
    monkeypatch.setattr(fleets, "observations", made.__getitem__)
    monkeypatch.setattr(catalogue, "observations", made.__getitem__)
    return fleets.flows(STATED)


@pytest.fixture(scope="module")
def real() -> Flows:
    return fleets.flows(assumptions())


def received(flows: Flows, stated: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """Return H100e received in the world by designer and quarter."""
    total: dict[tuple[str, str], float] = defaultdict(float)
    for (_, chip, quarter), amount in flows.additions.items():
        maker = stated["chips"][chip]["supplier"]
        if maker in MAKERS:
            total[MAKERS[maker], quarter] += amount
    return total


def closes(flows: Flows, stated: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], float, float]]:
    """Yield designer and quarter, what the world received, and what was shipped with the shortfall listed."""
    total = received(flows, stated)
    for designer, by_quarter in fleets.shipped(stated).items():
        for quarter, amounts in by_quarter.items():
            if designer in MAKERS.values():
                key = designer, quarter
                yield key, total[key], sum(amounts.values()) + flows.shortfalls.get(key, 0.0)


def opening_total(flows: Flows, first: str) -> float:
    return sum(flows.opening.values()) + sum(x for (*_, quarter), x in flows.additions.items() if quarter == first)


def test_what_the_world_receives_is_what_was_shipped(small: Flows) -> None:
    found = list(closes(small, STATED))
    assert len(found) == len(SHIPPED)
    for key, world, supplied in found:
        assert world == pytest.approx(supplied, rel=CLOSE), key


def test_cards_are_the_units_that_were_shipped(real: Flows) -> None:
    """Two sources, owners and shipments: cards are the units but for what owners report beyond shipments."""
    stated, units, names = assumptions(), defaultdict[str, float](float), defaultdict[str, list[str]](list)
    each, cards = fleets.h100e_of(stated), defaultdict[str, float](float)
    for row in observations("chip_shipments"):
        units[row["chip"]] += float(row["value"]) if row["metric"] == "units" and row["period"] <= "2024Q4" else 0.0
    for (_, chip, _), amount in real.additions.items():
        cards[chip] += amount / each[chip]
    for name, chips in stated["chip_aliases"]["value"].items():
        names[min(chips)].append(name)
    counted = {chip: name[0] for chip, name in names.items() if len(name) == 1}
    assert len(counted) >= 11
    for chip, name in counted.items():
        assert cards[chip] == pytest.approx(units[name], rel=0.03), chip
    assert cards["tpu-v4"] == pytest.approx(units["TPU v4"] + units["TPU v4i"] / 2.0, rel=0.03), "v4i: half as fast"


def test_owners_beyond_shipments_are_listed_and_never_a_negative_residual(small: Flows) -> None:
    # Google adds 90 of 80 shipped; Nvidia's owners 830 of 1,050 and then 2,510 of 2,100; AMD's 115 of 140.
    assert small.shortfalls == pytest.approx({("Google TPU", "2022Q1"): 10.0, ("Nvidia", "2022Q2"): 410.0})
    assert min(small.additions.values()) >= 0.0


def test_each_owner_receives_its_observed_additions(small: Flows) -> None:
    nvidia = {chip for chip, entry in STATED["chips"].items() if entry["supplier"] == "nvidia"}
    got: dict[tuple[str, str], float] = defaultdict(float)
    for (holder, chip, quarter), amount in small.additions.items():
        if chip in nvidia:
            got[holder, quarter] += amount
    for owner, holder in fleets.MAJORS.items():
        first, total = OWNED[owner, "Nvidia"]
        assert got[holder, "2022Q1"] == pytest.approx(first, rel=CLOSE), owner
        assert got[holder, "2022Q2"] == pytest.approx(total - first, rel=CLOSE), owner


def test_china_gets_the_versions_made_for_it_and_nobody_else_does(small: Flows) -> None:
    holders = {holder for (holder, chip, _), amount in small.additions.items() if chip == "h20" and amount > 0.0}
    assert holders == {"alibaba", "cn_onprem"}
    amounts = {holder: small.additions[holder, "h20", "2022Q2"] for holder in holders}
    assert amounts == pytest.approx({"alibaba": 0.7 * 110.0, "cn_onprem": 0.3 * 110.0})


def test_hopper_is_parted_by_the_stated_share(small: Flows) -> None:
    first = {chip: small.additions["microsoft", chip, "2022Q1"] for chip in ("h100", "h200")}
    second = {chip: small.additions["microsoft", chip, "2022Q2"] for chip in ("h100", "h200")}
    assert first["h200"] == 0.0
    assert second["h200"] / sum(second.values()) == pytest.approx(0.25)


def test_the_opening_stock_is_the_stated_total(small: Flows) -> None:
    assert opening_total(small, "2022Q1") == pytest.approx(5000.0, rel=CLOSE)
    assert small.opening["google", "tpu-v4"] == 300.0
    assert small.opening["huawei", "own"] == pytest.approx(50 * 0.3 * 0.6)
    a100 = {holder: amount for (holder, chip), amount in small.opening.items() if chip == "a100"}
    now = {holder: small.additions[holder, "a100", "2022Q1"] for holder in a100}
    assert shares(a100) == pytest.approx(shares(now))


def test_flows_close_on_the_observations(real: Flows) -> None:
    stated = assumptions()
    found = list(closes(real, stated))
    assert len(found) == 12 + 9 + 4 + 4  # quarters of Nvidia, TPU, AMD, Trainium
    for key, world, supplied in found:
        assert world == pytest.approx(supplied, rel=CLOSE), key
    assert sum(real.shortfalls.values()) < 0.01 * sum(real.additions.values())
    assert opening_total(real, stated["first_quarter"]) == pytest.approx(stated["opening"]["world_h100e"]["value"])
    assert min([*real.additions.values(), *real.opening.values()]) >= 0.0


def splits() -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield every stated split by name."""
    stated = assumptions()
    yield from (stated["rest_split"]["value"] | stated["domestic_split"]["value"]).items()
    yield from stated["china_nvidia_split"]["value"].items()
    yield from ((name, alias) for name, alias in stated["chip_aliases"]["value"].items())
    yield from ((f"entrant {region}", mix) for region, mix in stated["entrants"].items())
    for name, entry in stated["providers"].items():
        yield name, {region: site["share"] for region, site in entry["sites"].items()}


@pytest.mark.parametrize(("name", "split"), list(splits()), ids=lambda value: value if isinstance(value, str) else "")
def test_stated_splits_sum_to_one(name: str, split: Mapping[str, float]) -> None:
    assert sum(split.values()) == pytest.approx(1.0, abs=CLOSE), name


def test_nobody_holds_chips_before_they_or_their_site_are_launched() -> None:
    groups = prepare.values()
    launch = {name: quarter_number(chip["launch"]) for name, chip in groups["chips"].items()}
    start = quarter_number(assumptions()["first_quarter"])
    fleets_of = [(name, site) for name, p in groups["providers"].items() for site in p["sites"].values()]
    fleets_of += [(name, {"launch": "2022Q1", **owner}) for name, owner in groups["rest_of_world"].items()]
    seen = 0
    for name, site in fleets_of:
        opened = quarter_number(site["launch"])
        for chip in site["opening_cards"]:
            assert max(opened, launch[chip]) <= start, (name, chip)
        for chip, series in site["deliveries"].items():
            seen += 1
            assert min(map(quarter_number, series)) >= max(opened, launch[chip]), (name, chip)
    assert seen > 50


def test_a_site_has_nothing_before_its_launch_and_the_others_hold_it_all(small: Flows) -> None:
    entry = {"us": {"share": 0.5, "launch": "2022Q1"}, "ally": {"share": 0.5, "launch": "2022Q2"}}
    made = firms.sites("microsoft", entry, STATED, small)
    assert made["ally"]["opening_cards"] == {}
    assert {quarter for series in made["ally"]["deliveries"].values() for quarter in series} == {"2022Q2"}
    opening, delivered = firms.cards("microsoft", STATED, small)
    for chip, series in delivered.items():
        for quarter, amount in series.items():
            placed = sum(site["deliveries"].get(chip, {}).get(quarter, 0) for site in made.values())
            assert placed == pytest.approx(amount, abs=1.0)
    assert made["us"]["opening_cards"]["a100"] == round(opening["a100"])


def mixed(amounts: Mapping[str, float]) -> dict[str, float]:
    flows = Flows()
    for maker, amount in amounts.items():
        flows.give("firm", "2024Q1", amount, {maker: 1.0})
    flows.give("firm", "2023Q4", 1e6, {"old": 1.0})
    flows.give("another", "2024Q1", 1e6, {"old": 1.0})
    return firms.order_mix("firm", {"chips": {name: {"supplier": name} for name in (*amounts, "old")}}, flows)


def test_order_mix_is_last_years_mix_in_whole_percent() -> None:
    assert mixed({"a": 1.0, "b": 1.0, "c": 1.0}) == {"a": 0.34, "b": 0.33, "c": 0.33}
    assert mixed({"a": 99.9, "b": 0.1}) == {"a": 1.0}


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.floats(1e-3, 1e9), min_size=1))
def test_order_mix_sums_to_one(amounts: dict[str, float]) -> None:
    mix = mixed(amounts)
    assert sum(mix.values()) == pytest.approx(1.0, abs=CLOSE)
    assert all(0.0 < share <= 1.0 for share in mix.values())


def test_the_first_total_is_spread_over_the_quarters_before_it() -> None:
    span = quarters("2022Q1", "2022Q4")
    spread = fleets.added({"2022Q3": 30.0, "2022Q4": 70.0}, span, {"2022Q2": 1.0, "2022Q3": 2.0, "2022Q4": 9.0})
    assert spread == pytest.approx({"2022Q1": 0.0, "2022Q2": 10.0, "2022Q3": 20.0, "2022Q4": 40.0})
    assert fleets.added({"2022Q3": 30.0}, span, {})["2022Q3"] == 30.0


def test_values_between_quarters_are_linear_and_flat_outside() -> None:
    points = {"2022Q2": 1.0, "2022Q4": 3.0}
    assert [interpolated(points, quarter) for quarter in quarters("2022Q1", "2023Q1")] == [1.0, 1.0, 2.0, 3.0, 3.0]


def test_labs_grow_geometrically_between_points() -> None:
    assert captive.geometric({"2022Q1": 100.0, "2022Q3": 400.0}, "2022Q2") == pytest.approx(200.0)
    assert captive.geometric({"2022Q1": 0.0, "2022Q3": 400.0}, "2022Q1") == 0.0


@pytest.mark.parametrize(
    ("text", "quarter"), [("2024-11", "2024Q4"), ("2024-01", "2024Q1"), ("2024-03", "2024Q1"), ("2026Q1", "2026Q1")]
)
def test_launch_months_are_quarters(text: str, quarter: str) -> None:
    assert catalogue.launch_quarter(text) == quarter


def test_missing_specifications_follow_the_stated_rule() -> None:
    known: dict[str, dict[str, float | None]] = {
        "a": {"power_w": 400.0},
        "b": {"power_w": None},
        "c": {"power_w": None},
    }
    rules = {"b": {"power_w": {"like": "a", "factor": 1.5}}, "c": {"power_w": {"like": "b", "factor": 0.5}}}
    assert catalogue._imputed("c", "power_w", known, {"imputed": rules}) == 300.0
    priced = {"imputed": {"b": {"power_w": {"value_rmb": 720}}}, "price_rmb_per_usd": {"value": 7.2}}
    assert catalogue._imputed("b", "power_w", known, priced) == 100


def test_general_cloud_is_market_times_share_less_ai(monkeypatch: pytest.MonkeyPatch) -> None:
    market = {"geography": "world", "entity": "market", "metric": "cloud infrastructure spend", "unit": "USD bn"}
    made = {
        "cloud_revenue": [{**market, "period": "2022Q1", "value": "50"}, {**market, "period": "2022", "value": "999"}],
        "cloud_share": [{"geography": "world", "provider": "AWS", "period": "2022Q1", "share_pct": "40"}],
    }
    monkeypatch.setattr(revenue, "observations", made.__getitem__)
    stated = {**STATED, "general_cloud": {"ai_share": {"value": {"2022Q1": 0.1}}}}
    cloud = revenue.general_cloud({"geography": "world", "row": "AWS", "growth_after": 0.1}, stated)
    assert cloud == {"revenue_usd_m": {"2022Q1": 18000, "2022Q2": 18000}, "growth_after": 0.1}
    assert revenue.general_cloud(None, stated) is None


def test_the_cash_of_a_group_is_a_quarter_of_the_year_less_other_capital(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"company": "A", "metric": "operating cash flow", "unit": "USD bn", "period": "2023", "value": "8"}
    monkeypatch.setattr(revenue, "observations", {"capex": [row, {**row, "metric": "capex"}]}.__getitem__)
    common = {"other_capital": 0.25, "growth_after": 0.0, "share": 0.5, "returns_surplus": True}
    kept = {"growth_after": 0.0, "share": 0.5, "returns_surplus": True}
    assert revenue.group({"row": "A", **common}, {}) == {"cash_flow_usd_m": {"2023Q3": 1500}, **kept}
    stated = {"group_cash_flow": {"b": {"value": {"2022Q1": 100}}}}
    assert revenue.group({"stated": "b", **common}, stated) == {"cash_flow_usd_m": {"2022Q1": 75}, **kept}
    assert revenue.group(None, {}) is None


def test_first_deliveries_are_the_earliest_that_are_more_than_nothing() -> None:
    flows = Flows()
    flows.give("firm", "2022Q1", 0.0, {"a": 1.0})
    flows.give("firm", "2022Q3", 1.0, {"a": 1.0})
    flows.give("another", "2022Q2", 1.0, {"a": 1.0})
    assert prepare.first_deliveries(flows) == {"a": "2022Q2"}


def test_designers_of_the_shipments_are_known() -> None:
    assert set(DESIGNERS.values()) == set(MAKERS.values())
