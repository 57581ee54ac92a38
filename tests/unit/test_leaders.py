"""Lines that follow generations, and makers who cut their cards for the day on which they come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import compose
from sim.names import quarter_number
from sim.policy.leaders import line_factor
from sim.structure import Structure

CARDS = [(0.0, 100.0), (4.0, 200.0), (5.0, 150.0), (8.0, 300.0), (12.0, 900.0)]
"""Four generations and a card that outdid none, by quarter of launch."""


@pytest.mark.parametrize(("behind", "line"), [(0, 900.0), (1, 300.0), (2, 200.0), (3, 100.0), (9, 100.0)])
def test_a_line_at_the_best_card_is_the_card_so_many_generations_ago(behind: int, line: float) -> None:
    assert 300.0 * line_factor(CARDS, 12, 8, behind) == pytest.approx(line, rel=1e-15)


def test_a_line_without_a_lag_begins_where_it_is_stated() -> None:
    assert line_factor(CARDS, 8, 8, 0) == line_factor([], 8, 8, 2) == 1.0


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(1.0, 1e6)), min_size=1), st.integers(0, 30), st.integers(0, 6))
def test_a_longer_lag_is_never_looser_and_no_line_ever_falls(rows: list[tuple[int, float]], now: int, lag: int) -> None:
    launches = sorted((float(quarter), tpp) for quarter, tpp in rows)
    first = int(launches[0][0])
    assert line_factor(launches, now, first, lag + 1) <= line_factor(launches, now, first, lag)
    assert line_factor(launches, now, first, lag) <= line_factor(launches, now + 1, first, lag)


@pytest.mark.parametrize("moves", ["growth=0.4", "growth=-0.3", "generations_behind=2"])
def test_cards_are_cut_to_where_a_line_will_stand(moves: str) -> None:
    """Compute stays just under the line at launch; under a falling one for a year more."""
    structure = Structure(compose("policy=us_line", f"policy.us.us_line.{moves}").parameters)
    cut = [x.chip for x in structure.variants.values() if x.chip.supplier == "nvidia"]
    assert len(cut) > 5
    by_launch = [chip.tpp for chip in sorted(cut, key=lambda chip: quarter_number(chip.launch))]
    assert by_launch == sorted(by_launch, reverse=moves == "growth=-0.3")
    last, years = cut[-1], (quarter_number(cut[-1].launch) - quarter_number("2025Q1")) / 4
    if moves == "growth=0.4":
        assert 0.95 * 4800.0 * 1.4**years < last.tpp < 4800.0 * 1.4**years
    if moves == "growth=-0.3":
        assert 0.95 * 4800.0 * 0.7 ** (years + 1) < last.tpp < 4800.0 * 0.7 ** (years + 1)
