"""Effects that docs/limits.md quotes with numbers are those of the model as it is, on the seeds that it names."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from experiments import compose
from sim import ComputeMarket
from sim.structure import INFERENCE, TRAINING
from tests.economy import Numbers

LIMITS = " ".join((Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8").split())
SEEDS = (1, 2, 3, 4)
POINTS = 8
"""Percentage points by which a quoted end may be off: last bits move whole choices, so the worst of few seeds moves."""
NONE, HISTORY = ("policy=none",), ()
LINE = ("policy=us_line",)
MEMORY = (
    *LINE,
    "~policy.us.us_line.prongs.tpp.at_least.tpp",
    "+policy.us.us_line.prongs.tpp.at_least.memory_bandwidth_gb_s=4100",
)
LISTED = ("policy/us=[history,us_entity_list]",)
CHINESE = ("alibaba", "baidu", "huawei", "tencent", "volcano")


@dataclass(frozen=True)
class Effect:
    """What a rule does to what firms own, least and most over the seeds, as a change in percent."""

    rule: Sequence[str]
    without: Sequence[str]
    firms: Sequence[str]
    quarter: str
    h100e: tuple[int, int]
    training: tuple[int, int]
    inference: tuple[int, int]
    said: tuple[str, ...]


EFFECTS = (
    Effect(LINE, NONE, CHINESE, "2030Q4", (-85, -83), (-74, -69), (-26, -9),
           ("9-26% less inference", "69-74% less training")),
    Effect(MEMORY, NONE, CHINESE, "2030Q4", (3, 30), (-19, 3), (-41, -23), ("23-41% of inference", "rise by 3-30%")),
    Effect(LISTED, HISTORY, ("alibaba",), "2027Q4", (-42, -20), (-42, -30), (-28, -19),
           ("20-42% of its H100e", "30-42% of its training", "19-28% of its inference")),
    Effect(LISTED, HISTORY, ("alibaba",), "2028Q4", (-7, 31), (-20, 2), (-12, 14), ("93% and 131%",)),
    Effect(LISTED, HISTORY, ("alibaba",), "2030Q4", (-6, 25), (-11, 19), (-9, 23), ("94% and 125%",)),
)  # fmt: skip


@cache
def owned(overrides: tuple[str, ...], seed: int) -> dict[tuple[str, str], Numbers]:
    """Return H100e, training and inference of the cards that each firm owns at the end of each year's last quarter."""
    model = ComputeMarket(compose(*overrides).parameters, seed)
    world, structure, found = model.world, model.world.structure, {}
    while not model.finished:
        model.step()
        year, quarter = divmod(world.t - 1, 4)
        if quarter < 3:
            continue
        cards = model.record["owned"][world.t - 1]
        achieved = world.state.effective[: cards.shape[1]]
        worth = np.column_stack((structure.chip_h100e, achieved[:, TRAINING], achieved[:, INFERENCE]))
        for p, firm in enumerate(structure.providers):
            found[firm, f"{2022 + year}Q4"] = (cards[structure.site_provider == p] @ worth).sum(axis=0)
    return found


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda e: f"{e.firms[0]}-{e.quarter}-{'-'.join(e.said)[:20]}")
def test_quoted_effects_are_those_of_the_model(effect: Effect) -> None:
    def total(overrides: Sequence[str], seed: int) -> Numbers:
        firms = owned(tuple(overrides), seed)
        summed: Numbers = np.sum([firms[firm, effect.quarter] for firm in effect.firms], axis=0)
        return summed

    changes = 100 * np.array([total(effect.rule, seed) / total(effect.without, seed) - 1 for seed in SEEDS])
    quoted = np.array((effect.h100e, effect.training, effect.inference)).T
    np.testing.assert_allclose((changes.min(axis=0), changes.max(axis=0)), quoted, atol=POINTS)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda e: f"{e.firms[0]}-{e.quarter}-{'-'.join(e.said)[:20]}")
def test_they_stand_in_the_docs(effect: Effect) -> None:
    assert [words for words in effect.said if words not in LIMITS] == []
