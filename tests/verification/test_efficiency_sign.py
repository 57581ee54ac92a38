"""Finding 4 of MODEL section 0: tokens per card are a relative advantage, not a free margin.

Three firms sell card-hours and tokens from one pool each, to three tastes. The finding's own parameters are not on
record, so it is the signs that are reproduced.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.builders_pricing import equilibrium, market, profits

SCARCE = (25.0, 22.0, 20.0)
AMPLE = (1e3, 1e3, 1e3)


def earned(tokens_per_hour: Sequence[float], capacity: Sequence[float]) -> NDArray[np.float64]:
    """Return every firm's profit; a token costs its share of a card-hour, and other cost of service."""
    tokens = np.array(tokens_per_hour)
    made = market(
        (3.0, 2.8, 2.6, 3.2, 2.9, 2.7), [0.6, 0.6, 0.6, *(0.6 / tokens + 0.3)], alpha=(0.6, 1.0, 1.8),
        mass=(30.0, 50.0, 20.0), owners=(0, 1, 2, 0, 1, 2), nests=(0, 0, 0, 1, 1, 1), capacity=capacity,
        use=[1.0, 1.0, 1.0, *(1.0 / tokens)],
    )  # fmt: skip
    found = equilibrium(made, tolerance=1e-10)
    assert (found.multiplier > 0.5).all() == (capacity == SCARCE)
    return profits(made, found.price)


@pytest.fixture(scope="module")
def gains() -> dict[str, NDArray[np.float64]]:
    """Return changes of profit when tokens per card-hour rise by 10%, for all firms or for firm 0."""
    out = {}
    for name, capacity in (("scarce", SCARCE), ("ample", AMPLE)):
        before = earned((1.0, 1.0, 1.0), capacity)
        out[f"all, {name}"] = earned((1.1, 1.1, 1.1), capacity) - before
        out[f"one, {name}"] = earned((1.1, 1.0, 1.0), capacity) - before
    return out


def test_a_gain_of_all_dissolves_the_rent_of_scarcity(gains: dict[str, NDArray[np.float64]]) -> None:
    assert (gains["all, scarce"] < -1.0).all()


def test_a_gain_of_one_is_its_own_and_its_rivals_loss(gains: dict[str, NDArray[np.float64]]) -> None:
    assert gains["one, scarce"][0] > 1.0
    assert (gains["one, scarce"][1:] < -1.0).all()


def test_with_room_a_gain_of_all_raises_profits_slightly(gains: dict[str, NDArray[np.float64]]) -> None:
    assert (gains["all, ample"] > 0.0).all()
    assert (gains["all, ample"] < 0.25).all()
    assert gains["one, ample"][0] > 3.0 * gains["all, ample"][0]
