"""What was wanted: use of pools, demand at long-run cost, what the choice of suppliers is worth."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim import outcomes
from sim.economics.cells import Floats
from sim.economics.folding import folded
from sim.economics.untied import Choices, alone, wanted_hours
from sim.names import HOURS_PER_QUARTER
from sim.structure import INFERENCE, MAAS, TRAINING
from sim.tabulate.frame import Frame, with_world

MILLION = 1e6


class Demand(Frame):
    """Pools and menus of all quarters."""

    @cached_property
    def pools(self) -> outcomes.PoolUse:
        """Capacity and use of every pool (T, L)."""
        record, links = self.record, self.links
        first = folded(record["first"].sum(axis=1), links.product_lane, record["load"].shape[1])
        return outcomes.pool_use(
            record["operated"], self.effective, links.kind_order, links.hours, record["load"],
            record["before_new"] + first,
        )  # fmt: skip

    @cached_property
    def full(self) -> NDArray[np.bool_]:
        """(T, L) whether cards limit what a pool serves: customers, contracts or own use were refused."""
        pools, short = self.pools, self.record["served_fraction"] < 1.0
        exhausted = pools.used >= pools.capacity * (1.0 - 1e-9)
        return (pools.capacity > 0.0) & (pools.full | short | exhausted)

    @cached_property
    def choices(self) -> Choices:
        """Menus and tasks of all quarters."""
        record, links, customers = self.record, self.links, self.structure.parameters.customers
        sensitivity = np.array([taste.price_sensitivity for taste in customers.tastes.values()])
        return Choices(
            links.segment_start, links.pair_product, links.product_pool, links.cell_region, links.cell_taste,
            sensitivity, customers.nest_dissimilarity, customers.intensive_elasticity,
            1.0 / record["inverse_weight"],
            record["outside"], record["need"], record["volume"],
        )  # fmt: skip

    @cached_property
    def cost_prices(self) -> Floats:
        """(T, J) long-run cost of every product, per unit."""
        links, record = self.links, self.record
        hour = record["costs_here"][:, links.product_site, links.product_workload]
        token = hour / record["tokens_per_hour"][:, links.product_provider] + links.other_cost[links.product_provider]
        return np.where(links.product_service == MAAS, token, hour)

    @cached_property
    def wanted_at_cost(self) -> Floats:
        """(T, R, L) inference hours wanted of every pool if everything were sold at long-run cost."""
        relative, pools = self.cost_prices / self.record["posted"], self.pools
        given_up = outcomes.ratio(pools.capacity, pools.training)[:, self.links.product_pool]
        rate = np.where(self.links.product_workload == TRAINING, np.nan_to_num(given_up, nan=1.0), 1.0)
        regions = len(self.structure.regions)
        return wanted_hours(self.choices, relative, rate, regions, len(self.structure.pools))

    @cached_property
    def gap_at_cost(self) -> Floats:
        """(T, R + 1)."""
        rentable = np.maximum(self.pools.capacity - self.record["own_use"], 0.0)
        capacity = outcomes.accessible_capacity(self.wanted_at_cost, rentable)
        return outcomes.gap_at_cost(with_world(self.wanted_at_cost.sum(axis=2)), with_world(capacity))

    @cached_property
    def tasks_at_hand(self) -> Floats:
        """(T, B) effective H100e-hours per task at the present compute per task: tokens on the common path."""
        record, inference = self.record, self.links.cell_workload == INFERENCE
        return np.where(inference, record["tokens_per_task"] / record["reference_tokens"], 1.0)

    def by_region(self, values: Floats) -> Floats:
        """Return (T, R + 1) sums of values by base cell (T, B)."""
        return with_world(folded(values, self.links.cell_region, len(self.structure.regions)))

    @cached_property
    def potential(self) -> Floats:
        """(T, R + 1) average effective H100e that all tasks would take."""
        return self.by_region(self.record["volume"] * self.tasks_at_hand) / HOURS_PER_QUARTER

    @cached_property
    def consumer_surplus(self) -> Floats:
        """(T, R + 1) USD m."""
        links, record = self.links, self.record
        own = np.where(links.cell_workload == INFERENCE, links.cell_own_efficiency, 1.0)
        cost = record["on_premises"][:, links.cell_region, links.cell_workload] * self.tasks_at_hand / own
        customers, reference = self.structure.parameters.customers, self.world.state.reference_price
        elasticity = links.cell_sensitivity * (1.0 - customers.nest_dissimilarity)
        worth = outcomes.surplus_per_task(
            cost, alone(self.choices), elasticity, reference, customers.intensive_elasticity
        )
        supplied = record["held"] + record["outside_tasks"]
        total = folded(record["volume"], links.cell_region, supplied.shape[1])
        part = np.nan_to_num(outcomes.ratio(supplied, total))
        return self.by_region(record["volume"] * worth * part[:, links.cell_region]) / MILLION
