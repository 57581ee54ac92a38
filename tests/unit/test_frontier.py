"""What a pool of mixed cards can do: the frontier of training and inference hours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.economics.frontier import (
    OPENING_SPLIT,
    exchange_rate,
    inference_left,
    kind_hours,
    pool_hours,
    servable_fraction,
    serve_contracts,
    tangents,
    training_left,
    uncontracted,
    use_and_room,
)

Floats = NDArray[np.float64]

hours = st.floats(0.1, 1e6)
pools = st.lists(st.tuples(hours, hours), min_size=1, max_size=4).map(
    lambda kinds: np.array(sorted(kinds, key=lambda kind: -kind[0] / kind[1]))
)
"""Kinds of cards, best at training first."""
fractions = st.floats(0.0, 1.0, allow_subnormal=False)
TWO = np.array([[10.0, 5.0], [4.0, 8.0]])
"""Two kinds of cards: the first turns a training hour into half an inference hour, the second into two."""


def best_inference(kinds: Floats, training: float) -> float:
    """Return the most inference beside ``training`` over every order in which kinds could be given to it."""
    most = -np.inf
    for order in ([*range(len(kinds))], [*reversed(range(len(kinds)))], list(np.argsort(kinds[:, 1]))):
        rest, left = training, 0.0
        for k in order:
            used = min(rest / kinds[k, 0], 1.0)
            rest, left = rest - used * kinds[k, 0], left + (1.0 - used) * kinds[k, 1]
        most = max(most, left if rest <= 1e-9 * training else -np.inf)
    return most


def test_the_frontier_of_two_kinds() -> None:
    found = [inference_left(TWO, x) for x in (0.0, 5.0, 10.0, 12.0, 14.0, 15.0)]
    assert found == pytest.approx([13.0, 10.5, 8.0, 4.0, 0.0, -1.0], abs=1e-12)
    found = [training_left(TWO, x) for x in (0.0, 8.0, 10.5, 13.0, 14.0)]
    assert found == pytest.approx([14.0, 10.0, 5.0, 0.0, -1.0], abs=1e-12)
    assert [exchange_rate(TWO, x) for x in (0.0, 9.9, 10.0, 13.9, 20.0)] == [0.5, 0.5, 2.0, 2.0, 2.0]


def test_places_without_cards_are_passed_over() -> None:
    padded = np.vstack([TWO, np.zeros((2, 2))])
    assert inference_left(padded, 12.0) == inference_left(TWO, 12.0)
    assert training_left(padded, 10.5) == training_left(TWO, 10.5)
    assert exchange_rate(padded, 20.0) == 2.0
    assert inference_left(np.zeros((2, 2)), 0.0) == 0.0
    assert inference_left(np.zeros((2, 2)), 1.0) == -1.0


@given(pools, fractions)
def test_no_other_split_of_cards_gives_more(kinds: Floats, fraction: float) -> None:
    training = fraction * kinds[:, 0].sum()
    assert inference_left(kinds, training) >= best_inference(kinds, training) * (1.0 - 1e-9) - 1e-6


@given(pools, fractions, fractions, fractions)
def test_the_frontier_falls_and_is_concave(kinds: Floats, one: float, other: float, weight: float) -> None:
    first, second = sorted(x * kinds[:, 0].sum() for x in (one, other))
    low, high = inference_left(kinds, first), inference_left(kinds, second)
    scale = kinds.sum()
    assert high <= low + 1e-9 * scale
    between = inference_left(kinds, weight * first + (1.0 - weight) * second)
    assert between >= weight * low + (1.0 - weight) * high - 1e-9 * scale


@given(pools, fractions)
def test_the_two_readings_of_the_frontier_are_inverse(kinds: Floats, fraction: float) -> None:
    training = fraction * kinds[:, 0].sum()
    assert training_left(kinds, inference_left(kinds, training)) == pytest.approx(
        training, rel=1e-9, abs=1e-7 * kinds.sum()
    )


@given(pools, st.floats(0.0, 3.0), st.floats(0.0, 3.0))
def test_the_servable_fraction_fits_and_no_larger_one_does(kinds: Floats, training: float, inference: float) -> None:
    load = training * kinds[:, 0].sum(), inference * kinds[:, 1].sum()
    fraction = servable_fraction(kinds, *load)
    slack = 1e-9 * kinds.sum()
    assert 0.0 <= fraction <= 1.0
    assert inference_left(kinds, fraction * load[0]) >= fraction * load[1] - slack
    if fraction < 1.0:
        more = fraction * (1.0 + 1e-6) + 1e-12
        assert inference_left(kinds, more * load[0]) < more * load[1] + slack
    assert (fraction == 1.0) == (inference_left(kinds, load[0]) >= load[1])


def test_the_servable_fraction_by_hand() -> None:
    """On the second segment: I(t) = 8 - 2 (t - 10), so f (12, 6) meets it where 28 - 24 f = 6 f."""
    assert servable_fraction(TWO, 12.0, 6.0) == pytest.approx(28.0 / 30.0, rel=1e-12)
    assert servable_fraction(TWO, 28.0, 0.0) == pytest.approx(0.5, rel=1e-9)
    assert servable_fraction(TWO, 0.0, 26.0) == pytest.approx(0.5, rel=1e-9)
    assert servable_fraction(TWO, 0.0, 0.0) == 1.0


def test_hours_of_each_kind_in_the_order_of_advantage() -> None:
    cards, effective = np.array([10.0, 5.0, 7.0]), np.array([[1.0, 1.0], [2.0, 0.5], [9.0, 9.0]])
    out = np.full((3, 2), np.nan)
    kind_hours(cards, effective, np.array([1, 0, -1]), 100.0, out)
    assert out.tolist() == [[1000.0, 250.0], [1000.0, 1000.0], [0.0, 0.0]]


def test_what_contracts_leave() -> None:
    kinds = np.stack([TWO, TWO, TWO])
    left = uncontracted(kinds, np.array([10.0, 3.0, 0.0, 13.0, 14.0, 1.0]))
    assert left == pytest.approx([5.0, 0.0, 0.0], abs=1e-12)


@given(pools, fractions)
def test_the_tangent_touches_the_frontier_and_lies_above_it(kinds: Floats, fraction: float) -> None:
    most = kinds[:, 0].sum()
    training = fraction * most
    load = np.array([training, max(inference_left(kinds, training), 0.0)])
    rate, capacity = tangents(kinds[None], load)
    assert load[1] + rate[0] * load[0] == pytest.approx(capacity[0], rel=1e-9)
    for other in np.linspace(0.0, 1.0, 11) * most:
        assert inference_left(kinds, other) + rate[0] * other <= capacity[0] * (1.0 + 1e-9)


def test_an_idle_pool_is_seen_from_the_opening_split() -> None:
    rate, capacity = tangents(TWO[None], np.zeros(2))
    training = OPENING_SPLIT * 14.0
    assert (rate[0], capacity[0]) == (0.5, pytest.approx(inference_left(TWO, training) + 0.5 * training))


def test_contracts_come_before_own_use_and_both_are_cut_to_what_there_is() -> None:
    kinds = np.stack([TWO, TWO, TWO])
    load, own, fraction = np.array([10.0, 3.0, 10.0, 3.0, 24.0, 12.0]), np.array([2.0, 9.0, 1.0]), np.empty(3)
    serve_contracts(kinds, load, own, fraction)
    assert fraction == pytest.approx([1.0, 1.0, 28.0 / 60.0], rel=1e-12)
    assert own == pytest.approx([2.0, 5.0, 0.0], abs=1e-9)
    assert load[:4] == pytest.approx([10.0, 5.0, 10.0, 8.0], abs=1e-12)
    assert load[4:] == pytest.approx([24.0 * fraction[2], 12.0 * fraction[2] + own[2]], abs=1e-12)
    assert uncontracted(kinds, load).min() >= 0.0


def test_hours_of_a_pool_that_serves_one_workload_only() -> None:
    assert pool_hours(np.stack([TWO, np.zeros_like(TWO)])).T.tolist() == [TWO.sum(axis=0).tolist(), [0.0, 0.0]]


@given(pools, fractions)
def test_use_and_room_of_a_pool(kinds: Floats, fraction: float) -> None:
    load = np.array([fraction * kinds[:, 0].sum(), 3.0])
    inference, possible, training, most = use_and_room(kinds[None], load)[:, 0]
    assert (inference, training) == (load[1], load[0])
    assert possible == max(inference_left(kinds, load[0]), 0.0)
    assert most == pytest.approx(kinds[:, 0].sum(), rel=1e-12)
