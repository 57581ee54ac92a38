"""Potential demand grows by keyed chance, and training follows its path."""

import numpy as np
import pytest

from sim.economics.potential import grow_potential, new_training
from sim.randomness import Decision, fold, normal, season


def test_potential_grows_by_its_path_and_a_draw_of_its_own() -> None:
    potential, key = np.array([10.0, 20.0, 0.0]), season(1, Decision.DEMAND, 3)
    growth, deviation, names = np.array([0.1, 0.2, 0.3]), np.array([0.0, 0.5, 0.5]), np.array([5, 6, 7], np.uint64)
    grow_potential(potential, growth, deviation, names, key)
    shock = 0.5 * normal(np.uint64(fold(key, names[1])))
    assert potential == pytest.approx([10.0 * np.exp(0.1), 20.0 * np.exp(0.2 + shock), 0.0], rel=1e-14)
    assert shock != 0.0


@pytest.mark.parametrize(
    ("before", "potential", "wanted", "training", "share", "after"),
    [
        (0.0, 100.0, 0.4, 0.0, 0.4, 40.0),
        (100.0, 150.0, 0.4, 40.0, 0.4, 60.0),
        (100.0, 110.0, 0.9, 40.0, 1.0, 50.0),
        (100.0, 110.0, 0.1, 40.0, 0.0, 40.0),
        (100.0, 50.0, 0.9, 40.0, 0.0, 20.0),
        (100.0, 100.0, 0.9, 40.0, 0.0, 40.0),
    ],
)
def test_new_workloads_train_so_that_the_share_follows_its_path(
    before: float, potential: float, wanted: float, training: float, share: float, after: float
) -> None:
    tasks = np.array([training])
    out = new_training(np.array([before]), np.array([potential]), np.array([wanted]), tasks)
    assert (out[0], tasks[0]) == (pytest.approx(share, rel=1e-14), pytest.approx(after, rel=1e-14))
