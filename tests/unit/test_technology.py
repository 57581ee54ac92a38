"""Growth, tokens per card-hour, long-run cost and chip performance against closed forms (MODEL B1, B3, B4, B8)."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.performance import h100_equivalents, relative_performance
from sim.economics.technology import (
    accumulated_growth,
    capital_recovery,
    decaying_growth,
    interpolate,
    last_quarter,
    long_run_cost,
    tokens_of_all,
    tokens_per_hour,
)
from sim.names import quarter_number
from sim.parameters import Parameters
from sim.structure import Structure

rates = st.floats(-0.2, 1.0)


@pytest.mark.parametrize(("years", "expected"), [(3, 0.388), (4, 0.302), (5, 0.250), (6, 0.216)])
def test_capital_recovery_at_eight_percent(years: int, expected: float) -> None:
    assert round(capital_recovery(0.08, years), 3) == expected


@given(st.floats(0.001, 0.5), st.integers(1, 30))
def test_payments_are_worth_the_capital(rate: float, years: int) -> None:
    payment = capital_recovery(rate, years)
    assert sum(payment / (1.0 + rate) ** t for t in range(1, years + 1)) == pytest.approx(1.0, rel=1e-10)


def test_without_interest_capital_is_spread_evenly() -> None:
    assert capital_recovery(0.0, 5.0) == 0.2
    assert capital_recovery(1e-9, 5.0) == pytest.approx(0.2, abs=1e-6)


def costs(**values: Any) -> np.ndarray:
    """Return long-run costs by region and card: cards and their power by card, all else of a place by region."""
    by_card, by_region = ("card_usd", "kw"), ("shell_usd_per_kw", "pue", "usd_per_kwh")
    given = {name: np.atleast_1d(values.pop(name)) for name in (*by_card, *by_region)}
    rate = values.pop("rate")
    recovery = [capital_recovery(rate, values.pop(years)) for years in ("card_years", "shell_years")]
    out = np.empty((max(given[n].size for n in by_region), max(given[n].size for n in by_card)))
    sized: dict[str, Any] = {name: np.broadcast_to(x, out.shape[name in by_card]).copy() for name, x in given.items()}
    long_run_cost(**sized, card_recovery=recovery[0], shell_recovery=recovery[1], **values, out=out)
    return out


H100 = {
    "card_usd": 30000.0, "shell_usd_per_kw": 11000.0, "kw": 1.4, "pue": 1.25, "usd_per_kwh": 0.07,
    "operations": 0.1, "rate": 0.08, "card_years": 5.0, "shell_years": 15.0, "utilisation": 0.7,
}  # fmt: skip


def cost(**changes: Any) -> float:
    """Return the long-run cost of an H100 of 2024 in the United States, under changes."""
    return float(costs(**(H100 | changes))[0, 0])


def test_long_run_cost_is_where_published_estimates_are() -> None:
    """MODEL B3: $1.16 to 1.94 per H100e-hour at 70% use, and $0.8 to 2.0 in all."""
    assert 1.16 < cost() < 1.94
    assert 0.8 < cost(utilisation=1.0) < cost() < 2.0


def test_long_run_cost_term_by_term() -> None:
    """Each term of [card CRF + shell kW CRF + price kW PUE 8760] / (8760 U) + operations alone."""
    nothing = {"card_usd": 0.0, "shell_usd_per_kw": 0.0, "usd_per_kwh": 0.0, "operations": 0.0}
    assert cost(**nothing) == 0.0
    assert cost(**nothing | {"operations": 0.1}) == 0.1
    assert cost(**nothing | {"usd_per_kwh": 0.07}) == pytest.approx(0.07 * 1.4 * 1.25 / 0.7, rel=1e-14)
    card = cost(**nothing | {"card_usd": 30000.0})
    assert card == pytest.approx(30000.0 * capital_recovery(0.08, 5.0) / (8760.0 * 0.7), rel=1e-14)
    shell = cost(**nothing | {"shell_usd_per_kw": 11000.0})
    assert shell == pytest.approx(11000.0 * 1.4 * capital_recovery(0.08, 15.0) / (8760.0 * 0.7), rel=1e-14)


def test_long_run_cost_by_region_and_card() -> None:
    table = costs(**H100 | {"card_usd": [20000.0, 30000.0], "usd_per_kwh": [0.05, 0.1, 0.2]})
    assert table.shape == (3, 2)
    assert table[2, 0] == cost(card_usd=20000.0, usd_per_kwh=0.2)


@given(rates, rates, st.floats(1.0, 40.0), st.integers(1, 80))
def test_growth_decays_to_its_end_and_adds_up(initial: float, final: float, decay: float, quarters: int) -> None:
    total = accumulated_growth(initial, final, decay, quarters)
    assert total[0] == 0.0
    ratio = math.exp(-1.0 / decay)
    t = np.arange(quarters)
    closed = final * t + (initial - final) * (1.0 - ratio**t) / (1.0 - ratio)
    np.testing.assert_allclose(total, closed, atol=1e-9)
    assert decaying_growth(initial, final, decay, 0.0) == pytest.approx(initial, abs=1e-12)
    assert decaying_growth(initial, final, decay, 1e5) == pytest.approx(final, abs=1e-12)


def test_after_the_decay_time_a_third_of_the_difference_is_left() -> None:
    assert decaying_growth(0.4, 0.1, 8.0, 8.0) == pytest.approx(0.1 + 0.3 / math.e, rel=1e-14)


def test_series_are_linear_between_and_flat_beyond_their_quarters() -> None:
    series = {"2024Q1": 5.0, "2023Q1": 1.0, "2026Q1": 4.0}
    found = [
        interpolate(series, quarter_number(q)) for q in ("2020Q1", "2023Q1", "2023Q2", "2024Q1", "2025Q1", "2030Q4")
    ]
    assert found == [1.0, 1.0, 2.0, 5.0, 4.5, 4.0]
    assert last_quarter(series) == quarter_number("2026Q1")
    assert interpolate({"2024Q1": 7.0}, quarter_number("2030Q1")) == 7.0


def tokens(**changes: Any) -> float:
    """Return tokens per hour of a provider with 30 bn tokens so far, at scale 10 bn, under changes."""
    values = {
        "start": 2.0, "software": 0.5, "cumulative": 30.0, "scale": 10.0, "exponent": 0.2, "rivals": 0.4,
        "spill": 0.25, "own_growth": 0.1, "roofline": 1e9,
    }  # fmt: skip
    return float(tokens_per_hour(**(values | changes)))


def test_tokens_per_hour_factor_by_factor() -> None:
    off = {"software": 0.0, "cumulative": 0.0, "spill": 0.0, "own_growth": 0.0}
    assert tokens(**off) == 2.0
    factors = [
        tokens(**off | {"software": 0.5}) / 2.0, tokens(**off | {"cumulative": 30.0}) / 2.0,
        tokens(**off | {"spill": 0.25}) / 2.0, tokens(**off | {"own_growth": 0.1}) / 2.0,
    ]  # fmt: skip
    assert factors == pytest.approx([math.exp(0.5), 4.0**0.2, 1.1, math.exp(0.1)], rel=1e-14)
    assert tokens() == pytest.approx(2.0 * math.prod(factors), rel=1e-14)


def test_the_roofline_ends_all_gains() -> None:
    assert tokens(roofline=2.5) == tokens(roofline=2.5, software=9.0, cumulative=1e6) == 5.0
    assert tokens(roofline=1e3) == tokens() < 2e3


def test_learning_spills_over_from_the_average_rival() -> None:
    cumulative, sells = np.array([30.0, 0.0, 90.0, 500.0]), np.array([True, True, True, False])
    found = np.empty(4)
    tokens_of_all(2.0, 0.0, cumulative, 10.0, 0.2, sells, 0.5, np.zeros(4), 1e9, np.ones(4), found)
    gain = (1.0 + cumulative / 10.0) ** 0.2 - 1.0
    rivals = np.array([(gain[1] + gain[2]) / 2, (gain[0] + gain[2]) / 2, (gain[0] + gain[1]) / 2, 0.0])
    np.testing.assert_allclose(found, 2.0 * (1.0 + gain) * (1.0 + 0.5 * rivals), rtol=1e-14)


def test_a_single_seller_has_nobody_to_learn_from_and_its_efficiency_counts() -> None:
    found, sells = np.empty(2), np.array([True, False])
    tokens_of_all(1.0, 0.0, np.array([30.0, 0.0]), 10.0, 0.2, sells, 0.5, np.zeros(2), 1e9, np.array([3.0, 1.0]), found)
    np.testing.assert_allclose(found, [3.0 * 4.0**0.2, 1.0], rtol=1e-14)


def test_an_h20_is_a_third_of_an_h100_in_training_and_two_thirds_serving(baseline: Parameters) -> None:
    """MODEL B4: 0.30 and 0.70."""
    structure, chips = Structure(baseline), list(baseline.chips)
    effective = structure.chip_hardware
    assert effective[chips.index("h20")].round(2).tolist() == [0.30, 0.70]
    np.testing.assert_allclose(effective[chips.index("h100")], 1.0, rtol=1e-14)


def test_performance_is_one_at_an_h100_and_scales_by_its_exponents() -> None:
    exponents = (0.65, 0.2, 0.15)
    assert relative_performance(15832.0, 3350.0, 900.0, exponents) == 1.0
    assert relative_performance(4 * 15832.0, 3350.0, 900.0, exponents) == pytest.approx(4**0.65, rel=1e-14)
    assert relative_performance(15832.0, 4 * 3350.0, 900.0, exponents) == pytest.approx(4**0.2, rel=1e-14)
    assert relative_performance(15832.0, 3350.0, 4 * 900.0, exponents) == pytest.approx(4**0.15, rel=1e-14)
    assert h100_equivalents(36000.0) == pytest.approx(36000.0 / 15832.0, rel=1e-15)
