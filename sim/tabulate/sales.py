"""Sums of what was sold, at which prices, and of what was not."""

from functools import cached_property

import numpy as np

from sim import outcomes
from sim.economics.cells import Floats, Ints
from sim.economics.folding import folded
from sim.economics.sites import KINDS
from sim.names import HOURS_PER_QUARTER
from sim.record import origins
from sim.structure import MAAS
from sim.tabulate.frame import Frame, with_world


def over_kinds(values: Floats) -> Floats:
    """Return sums over the last axis, which is short: adding slices is several times as fast as ``sum``."""
    return np.asarray(sum(values[..., kind] for kind in range(values.shape[-1])))


class Sales(Frame):
    """Sums by region, provider and kind of product."""

    @cached_property
    def _origins(self) -> Ints:
        return origins(self.links)

    def by_kind(self, values: Floats) -> Floats:
        """Return (T, R + 1, I, KINDS) sums of values by region and product (T, R, J)."""
        firms = len(self.structure.providers)
        sums = folded(values, self._origins, firms * KINDS)
        return with_world(sums.reshape(*sums.shape[:2], firms, KINDS))

    @cached_property
    def served(self) -> Floats:
        """(T, R + 1, I, KINDS) average effective H100e in paid use."""
        return self.by_kind(self.record["taken"]) / HOURS_PER_QUARTER

    @cached_property
    def tokens(self) -> Floats:
        """(T, R + 1, I, KINDS) bn tokens."""
        return self.by_kind(self.record["tokens_bn"])

    @cached_property
    def revenue(self) -> Floats:
        """(T, R + 1, I, KINDS) USD m."""
        return self.by_kind(self.record["revenue_usd_m"])

    @cached_property
    def backlog(self) -> Floats:
        """(T, R + 1, I, KINDS) effective H100e waiting, by first choice."""
        return self.by_kind(self.record["waiting"]) / HOURS_PER_QUARTER

    @cached_property
    def spent_at_posted(self) -> Floats:
        """(T, R + 1, I, KINDS) posted price times what it is weighted with: effective H100e, or bn tokens."""
        record = self.record
        h100e = record["taken"] / HOURS_PER_QUARTER
        quantity = np.where(self.links.product_service == MAAS, record["tokens_bn"], h100e)
        return self.by_kind(record["posted"][:, None, :] * quantity)

    @cached_property
    def unmet_share(self) -> Floats:
        """(T, R + 1) unmet over new demand."""
        unmet = with_world(self.record["unmet"].sum(axis=2))
        share = outcomes.ratio(unmet, with_world(self.record["asked"]))
        return np.minimum(share, 1.0)  # where all is refused, sums in another order may round to more

    @cached_property
    def by_provider(self) -> dict[str, Floats]:
        """(T, R + 1, I) revenue, served compute and tokens of all products."""
        return {name: over_kinds(getattr(self, name)) for name in ("revenue", "served", "tokens")}

    @cached_property
    def in_region(self) -> dict[str, Floats]:
        """(T, R + 1) revenue, served compute and tokens of all providers."""
        return {name: values.sum(axis=2) for name, values in self.by_provider.items()}

    @cached_property
    def hhi_revenue(self) -> Floats:
        """(T, R + 1) points."""
        return outcomes.herfindahl(self.by_provider["revenue"], axis=2)

    @cached_property
    def hhi_compute(self) -> Floats:
        """(T, R + 1) points."""
        return outcomes.herfindahl(self.by_provider["served"], axis=2)

    @cached_property
    def price_iaas(self) -> Floats:
        """(T, R + 1) USD per effective H100e-hour."""
        sums = (over_kinds(x[..., : KINDS - 1]).sum(axis=2) for x in (self.spent_at_posted, self.served))
        return outcomes.ratio(*sums)

    @cached_property
    def price_maas(self) -> Floats:
        """(T, R + 1) USD per M tokens."""
        return outcomes.ratio(*(x[..., KINDS - 1].sum(axis=2) for x in (self.spent_at_posted, self.tokens)))

    @cached_property
    def outside_share(self) -> Floats:
        """(T, R + 1) tasks on premises over tasks with a supplier."""
        outside = with_world(self.record["outside_tasks"])
        return outcomes.ratio(outside, outside + with_world(self.record["held"]))
