"""Sums of cards: where they stand, who owns them, who got new ones."""

from functools import cached_property

import numpy as np

from sim.economics.cells import Floats, Ints
from sim.economics.folding import folded
from sim.outcomes import ratio
from sim.tabulate.frame import Frame, with_world


class Fleets(Frame):
    """Cards of providers and of W owners outside them; V chips."""

    @cached_property
    def owned_h100e(self) -> Floats:
        """(T, S) H100e owned at every site."""
        return np.asarray((self.record["owned"] * self.structure.chip_h100e).sum(axis=2))

    @cached_property
    def stored_h100e(self) -> Floats:
        """(T, S) H100e bought ahead that wait for a slot."""
        return np.asarray((self.record["stored"] * self.structure.chip_h100e).sum(axis=2))

    @cached_property
    def power_mw(self) -> Floats:
        """(T, S) IT power of the cards at every site with their servers."""
        return np.asarray((self.record["owned"] * self.structure.chip_kw).sum(axis=2) / 1000.0)

    @cached_property
    def owned_by_provider(self) -> Floats:
        """(T, I)."""
        return folded(self.owned_h100e, self.links.site_provider, len(self.structure.providers))

    def everywhere(self, sites: str, elsewhere: str) -> Floats:
        """Return cards (T, S + W, V) at sites of providers and of owners outside them."""
        return np.concatenate([self.record[sites], self.record[elsewhere]], axis=1)

    @cached_property
    def ordered(self) -> Floats:
        """(T, S + W, V) cards ordered."""
        return self.everywhere("ordered", "elsewhere_ordered")

    @cached_property
    def ordered_in_world(self) -> Floats:
        """(T, V) cards ordered in the world."""
        return np.asarray(self.record["ordered"].sum(axis=1) + self.record["elsewhere_ordered"].sum(axis=1))

    @cached_property
    def accepted(self) -> Floats:
        """(T, S + W, V) cards ordered that makers accepted."""
        return self.everywhere("accepted", "elsewhere_accepted")

    @cached_property
    def got(self) -> Floats:
        """(T, S + W, V) cards delivered."""
        return self.everywhere("delivered", "elsewhere_delivered")

    @cached_property
    def refused_h100e(self) -> Floats:
        """(T, S, V) H100e ordered at every site and not accepted."""
        return (self.record["ordered"] - self.record["accepted"]) * self.structure.chip_h100e

    @cached_property
    def _in_place(self) -> Floats:
        """(T, S + W, V) cards owned."""
        return self.everywhere("owned", "elsewhere")

    @cached_property
    def owned_by_headquarters(self) -> Floats:
        """(T, R + 1) H100e owned by firms with headquarters in each region."""
        h100e = (self._in_place * self.structure.chip_h100e).sum(axis=2)
        return with_world(folded(h100e, self.place_headquarters, len(self.structure.regions)))

    @cached_property
    def domestic_share_h100e(self) -> Floats:
        """(T, R + 1) share of the H100e that stand in each region which its own suppliers made."""
        return self.at_home(self.standing * self.structure.chip_h100e)

    def at_home(self, amounts: Floats) -> Floats:
        """Return the share of amounts (T, R, V) that come from suppliers of the region where they stand (T, R + 1)."""
        own = self.links.chip_region == np.arange(amounts.shape[1])[:, None]
        return ratio(with_world((amounts * own).sum(axis=2)), with_world(amounts.sum(axis=2)))

    @cached_property
    def denied(self) -> Floats:
        """(T, R, V) cards that would have been ordered, had no rule closed them."""
        return self.by_region(self.record["denied"])

    def arriving(self, name: str) -> Floats:
        """Return cards of the grey market in the quarter in which they arrive, or would have (T, R, V)."""
        ordered = folded(self.record[name], self.structure.elsewhere_region, len(self.structure.regions), axis=1)
        return np.concatenate([np.zeros_like(ordered[:1]), ordered[:-1]])

    @cached_property
    def place_region(self) -> Ints:
        """(S + W,) region of every place with cards."""
        return np.concatenate([self.links.site_region, self.structure.elsewhere_region])

    @cached_property
    def place_headquarters(self) -> Ints:
        """(S + W,) region of its owner's headquarters."""
        regions = self.structure.regions
        owners = [regions.index(x.headquarters) for x in self.structure.parameters.rest_of_world.values()]
        return np.concatenate([self.links.provider_region[self.links.site_provider], np.array(owners, dtype=np.int64)])

    @cached_property
    def standing(self) -> Floats:
        """(T, R, V) cards of all owners that stand in each region."""
        return self.by_region(self._in_place)

    @cached_property
    def delivered(self) -> Floats:
        """(T, R, V) cards delivered to each region."""
        return self.by_region(self.got)

    @cached_property
    def ordered_to(self) -> Floats:
        """(T, R, V) cards ordered to each region."""
        return self.by_region(self.ordered)

    @cached_property
    def refused_to(self) -> Floats:
        """(T, R, V) cards ordered to each region and not accepted."""
        return self.ordered_to - self.by_region(self.accepted)

    def by_region(self, places: Floats) -> Floats:
        """Return cards (T, R, V) of places (T, S + W, V) by region."""
        return folded(places, self.place_region, len(self.structure.regions), axis=1)

    @cached_property
    def shipped(self) -> Floats:
        """(T, V) cards delivered in the world."""
        return np.asarray(self.delivered.sum(axis=1))

    @cached_property
    def additions_h100e(self) -> Floats:
        """(T,) H100e delivered in the world."""
        return np.asarray((self.shipped * self.structure.chip_h100e).sum(axis=1))

    @cached_property
    def located_h100e(self) -> Floats:
        """(T, R + 1) H100e that stand in each region."""
        return with_world((self.standing * self.structure.chip_h100e).sum(axis=2))
