"""Software ecosystems: what use and engineering add, what wears off, and both ends of the gap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import ComputeMarket
from sim.economics.ecosystem import Ecosystem, achieve, grow_ecosystems
from tests.economy import parameters

SOFTWARE = Ecosystem(
    least=np.array([[1.0, 1.0], [0.4, 0.6]]), scale=100.0, kept=0.9, engineering=2.0,
    hardware=np.array([[1.0, 1.0], [0.5, 0.8], [2.0, 3.0]]), h100e=np.array([1.0, 0.5, 3.0]),
    chip_stack=np.array([0, 1, 1]), maker_stack=np.array([0, 1, 1]),
)  # fmt: skip
"""A reference stack and one that lags behind, with two cards and two makers."""


def achieved(ecosystem: list[float], software: Ecosystem = SOFTWARE) -> tuple[np.ndarray, np.ndarray]:
    """Return sigma by stack and workload, and what cards achieve."""
    sigma, cards = np.empty((2, 2)), np.empty((3, 2))
    achieve(software, np.array(ecosystem), sigma, cards)
    return sigma, cards


def grown(ecosystem: list[float], cards: list[float], research: list[float], quarters: int = 1) -> np.ndarray:
    """Return ecosystems after quarters alike."""
    found = np.array(ecosystem)
    for _ in range(quarters):
        grow_ecosystems(SOFTWARE, np.array(cards), np.array(research), found)
    return found


def test_a_stack_that_nobody_uses_achieves_the_least() -> None:
    sigma, cards = achieved([0.0, 0.0])
    assert sigma.tolist() == SOFTWARE.least.tolist()
    assert cards[1:] == pytest.approx(np.array([[0.2, 0.48], [0.8, 1.8]]), rel=1e-15)


def test_use_without_end_achieves_what_hardware_can() -> None:
    sigma, cards = achieved([0.0, 1e6])
    assert sigma[1].tolist() == [1.0, 1.0]
    assert cards.tolist() == SOFTWARE.hardware.tolist()


def test_at_the_scale_63_percent_of_the_gap_is_closed() -> None:
    sigma, _ = achieved([0.0, 100.0])
    assert (sigma[1] - [0.4, 0.6]) / [0.6, 0.4] == pytest.approx(1.0 - np.exp(-1.0), rel=1e-14)


def test_software_stays_as_it_is_where_the_scale_has_no_end() -> None:
    sigma, _ = achieved([0.0, 1e6], SOFTWARE._replace(scale=1e300))
    assert sigma.tolist() == SOFTWARE.least.tolist()


@given(st.floats(0.0, 1e9), st.floats(0.0, 1e9))
def test_more_use_never_achieves_less_and_the_reference_never_moves(one: float, other: float) -> None:
    few, many = (achieved([x, x])[0] for x in sorted((one, other)))
    assert (SOFTWARE.least <= few).all()
    assert (few <= many).all()
    assert (many <= 1.0).all()
    assert (many[0] == 1.0).all()


def test_cards_count_by_their_compute_and_research_by_what_it_does_the_work_of() -> None:
    assert grown([10.0, 20.0], [1.0, 2.0, 3.0], [5.0, 7.0, 1.0]).tolist() == [9.0 + 1.0 + 10.0, 18.0 + 10.0 + 16.0]


def test_an_ecosystem_wears_off_alone_and_stands_where_use_makes_up_for_it() -> None:
    assert grown([8.0, 8.0], [0.0] * 3, [0.0] * 3, 3) == pytest.approx(np.full(2, 8.0 * 0.9**3), rel=1e-14)
    assert grown([0.0, 0.0], [5.0, 0.0, 0.0], [0.0] * 3, 400)[0] == pytest.approx(5.0 / 0.1, rel=1e-12)


def test_a_run_opens_with_the_cards_in_use() -> None:
    """Nothing wears before the first quarter, and what cards achieve follows from where ecosystems stand."""
    world = ComputeMarket(parameters({"market.ecosystem.decay": 0.0})).world
    structure = world.structure
    cards = structure.opening_cards.sum(axis=0) + structure.elsewhere_opening.sum(axis=0)
    used = np.bincount(structure.chip_stack, cards * structure.chip_h100e, len(structure.stacks))
    assert world.state.ecosystem == pytest.approx(used, rel=1e-14)
    grown_ = -np.expm1(-used / 5e6)[:, None]
    least = world.links.software.least
    assert world.state.software == pytest.approx(least + (1.0 - least) * grown_, rel=1e-14)
    assert world.state.effective == pytest.approx(
        structure.chip_hardware * world.state.software[structure.chip_stack], rel=1e-15
    )
