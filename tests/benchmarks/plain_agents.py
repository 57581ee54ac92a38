"""The yardstick: the customer step as one writes it first, a loop over Mesa agents, by the same rules and shocks.

Python numbers throughout, as numpy scalars would be slower still.
"""

import math

import mesa
import numpy as np

from sim.economics.cells import NESTS
from sim.economics.choice import _NEST_KEYS, _OUTSIDE_KEY, Menu
from sim.economics.service import Terms
from sim.economics.stable import GRID
from sim.economics.workloads import DATED, EXPIRY, NEW, OUTSIDE, SERVED, WAITING
from sim.randomness import GOLDEN as GOLDEN_WORD
from sim.randomness import Decision, season
from sim.world import World

WORD = (1 << 64) - 1
GOLDEN = int(GOLDEN_WORD)
NEST_KEYS = [[int(key) for key in keys] for keys in _NEST_KEYS]
OUTSIDE_KEY = int(_OUTSIDE_KEY)


def mix(z: int) -> int:
    """Return the SplitMix64 finaliser of a word."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


def fold(key: int, part: int) -> int:
    """Return the key of a narrower purpose."""
    return mix(((key ^ part) + GOLDEN) & WORD)


def unit(word: int) -> float:
    """Return a uniform in the open interval (0, 1)."""
    return (word >> 12) * 2.0**-52 + 2.0**-53


class PlainModel(mesa.Model):
    """Customers as agents, before the same menu as in the model."""

    def __init__(self, world: World, menu: Menu, terms: Terms, choice: np.uint64) -> None:
        super().__init__(rng=1)
        self.slots, self.quarter = world.slots, world.t
        self.start, self.provider = menu.start.tolist(), menu.provider.tolist()
        self.keys, self.inverse = [int(key) for key in menu.key], menu.inverse_weight.tolist()
        self.outside, self.table, self.slack = menu.outside.tolist(), menu.table.tolist(), menu.slack
        self.service, self.gift = world.links.pair_service.tolist(), terms.gift.tolist()
        self.outside_boost, self.expiry = terms.outside_boost.tolist(), EXPIRY.tolist()
        self.choice_season, self.expiry_season = int(choice), int(season(world.seed, Decision.EXPIRY, world.t))
        rows, keys = world.workloads, world.workloads.key.tolist()
        columns = zip(*(x.tolist() for x in (
            rows.volume, rows.cell, rows.pair, rows.status, rows.term, rows.until,
        )), strict=True)  # fmt: skip
        workloads = list(columns)
        for first in range(0, len(keys), self.slots):
            PlainCustomer(self, keys[first : first + self.slots], workloads[first : first + self.slots])

    def choices(self) -> list[int]:
        """Let every agent choose, and return first choices in order of the rows that chose."""
        self.agents.do("choose")
        return [pair for agent in self.agents for pair in agent.chosen]


Workload = tuple[float, int, int, int, int, int]
"""Volume, cell, pair, status, term, until."""


class PlainCustomer(mesa.Agent):
    """A customer who looks at every product for every workload that is free."""

    model: PlainModel

    def __init__(self, model: PlainModel, keys: list[int], workloads: list[Workload]) -> None:
        super().__init__(model)
        self.keys, self.workloads, self.chosen = keys, workloads, list[int]()

    def choose(self) -> None:
        """Choose anew for workloads without a contract."""
        self.chosen = []
        for slot, workload in enumerate(self.workloads):
            volume, _, pair, status, term, _ = workload
            if volume <= 0.0 or (status == SERVED and not self._ends(slot, workload)):
                continue
            if status == WAITING or (status == NEW and term == DATED):
                self.chosen.append(pair)
            else:
                self.chosen.append(self._best(slot, workload))

    def _ends(self, slot: int, workload: Workload) -> bool:
        _, _, _, _, term, until = workload
        if term == DATED:
            return until < self.model.quarter
        chance: float = self.model.expiry[term]
        return unit(fold(self.model.expiry_season, self.keys[slot])) < chance

    def _best(self, slot: int, workload: Workload) -> int:
        """Return the pair of greatest utility, nest by nest, or OUTSIDE."""
        _, cell, pair, status, _, _ = workload  # backlog does not come here
        model, fresh = self.model, 1 if status == NEW else 0
        key = fold(model.choice_season, self.keys[slot])
        incumbent = model.provider[pair] if pair >= 0 else -1
        gift = model.gift[cell][model.service[pair]][fresh] if pair >= 0 else 1.0
        boost = model.outside_boost[cell][fresh] if pair == OUTSIDE else 0.0
        chosen = OUTSIDE
        highest = model.outside[cell] + boost - math.log(-math.log(unit(mix(key ^ OUTSIDE_KEY))))
        for nest in range(NESTS):
            best, least = OUTSIDE, math.inf
            for k in range(model.start[cell * NESTS + nest], model.start[cell * NESTS + nest + 1]):
                inverse = model.inverse[k] * (gift if model.provider[k] == incumbent else 1.0)
                ratio = -math.log(unit(mix(key ^ model.keys[k]))) * inverse
                if ratio < least:
                    best, least = k, ratio
            if least < math.inf:
                value = model.slack * (self._nest_shock(key, nest) - math.log(least))
                if value > highest:
                    chosen, highest = best, value
        return chosen

    def _nest_shock(self, key: int, nest: int) -> float:
        """Return ln S of a positive stable variable, see ``sim.economics.stable``."""
        alpha, table = self.model.slack, self.model.table
        if alpha >= 1.0:
            return 0.0
        u = unit(mix(key ^ NEST_KEYS[nest][0]))
        place = u * GRID
        cell = int(place)
        smooth = table[cell] + (place - cell) * (table[cell + 1] - table[cell])
        wait = -math.log(unit(mix(key ^ NEST_KEYS[nest][1])))
        shock: float = smooth - (math.log(1.0 - u) + (1.0 - alpha) * math.log(wait)) / alpha
        return shock
