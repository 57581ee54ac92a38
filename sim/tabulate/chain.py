"""Self-sufficiency of regions: how much of the cards delivered there their own side makes, link by link."""

from functools import cached_property

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.folding import folded
from sim.economics.self_sufficiency import LINKS, chain_of_side, index, own_part, weakest_link
from sim.tabulate.fleets import Fleets


class Chain(Fleets):
    """What of the cards delivered is domestic; null as long as deliveries are given, all of it for the world."""

    @cached_property
    def self_sufficiency(self) -> Floats:
        """(T, R + 1) index of self-sufficiency."""
        weights = self.structure.parameters.market.self_sufficiency
        powers = np.array([getattr(weights, name) for name in LINKS])
        return _with_world(index(self._arrived, *self._near, self._own_chain, powers))

    @cached_property
    def weakest_link(self) -> Floats:
        """(T, R + 1) domestic part of the link that is least domestic."""
        return _with_world(weakest_link(self._arrived, *self._near, self._own_chain))

    @cached_property
    def _arrived(self) -> Floats:
        """(T, R, V) H100e delivered to each region."""
        return self.delivered * self.structure.chip_h100e

    @cached_property
    def _side(self) -> Ints:
        """(V,) side that makes each card."""
        return self.links.makers.side[self.structure.chip_supplier]

    @cached_property
    def _near(self) -> tuple[Bools, Bools]:
        """Whether each card is designed, and whether it is made, on the side of a region (R, V)."""
        names = self.structure.regions
        home = np.array([[r in side.regions for side in self.structure.parameters.upstream.values()] for r in names])
        same = (home[:, None, :] & home[None, :, :]).any(axis=2) | np.eye(len(names), dtype=np.bool_)
        return same[:, self.links.chip_region], home[:, self._side]

    @cached_property
    def _own_chain(self) -> Floats:
        """(T, V, 4) part of wafers, packaging, memory and tools that a card's own side made, by quarter of delivery."""
        uses: Bools = np.any(self.record["chip_needs"] > 0.0, axis=0)
        stages, tools = (_made_before(x)[:, self._side] for x in (self._own_stages(), self.record["own_tools"]))
        return chain_of_side(stages, tools, uses)

    def _own_stages(self) -> Floats:
        """Return the part of the units used in a quarter that the stages of a side made themselves (T, Z, 3)."""
        own, cards = self.record["own_output"], self.accepted.sum(axis=1)
        return own_part(own, folded(cards[:, :, None] * self.record["chip_needs"], self._side, own.shape[1], axis=1))


def _made_before(values: Floats) -> Floats:
    """Return values (T, ...) of the quarter in which the cards of a quarter were made: the one before."""
    return np.concatenate([np.full_like(values[:1], np.nan), values[:-1]])


def _with_world(values: Floats) -> Floats:
    """Append the world, to which nothing is foreign, in quarters in which a region has a value (T, R + 1)."""
    world = np.where(np.isnan(values).all(axis=1), np.nan, 1.0)
    return np.concatenate([values, world[:, None]], axis=1)
