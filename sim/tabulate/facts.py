"""What several tables are made of: sums of the record, computed once, when first asked for."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim import outcomes
from sim.economics.cells import Floats, Ints
from sim.economics.folding import folded
from sim.economics.untied import Choices, alone, wanted_hours
from sim.names import HOURS_PER_QUARTER, quarter_code
from sim.record import KINDS, Record, origins
from sim.structure import INFERENCE, MAAS
from sim.world import World

WORLD = "world"
IAAS_KINDS = np.array([1.0, 1.0, 0.0])
MAAS_KINDS = np.array([0.0, 0.0, 1.0])


def with_world(values: Floats) -> Floats:
    """Append the sum over regions to (T, R, ...), as the last region."""
    return np.concatenate([values, values.sum(axis=1, keepdims=True)], axis=1)


class Facts:
    """Sums over a run; T quarters, R regions (R + 1 with the world), I providers, S sites, L pools, J products."""

    def __init__(self, world: World, record: Record) -> None:
        self.world, self.record = world, record
        self.structure, self.links = world.structure, world.links

    @cached_property
    def quarters(self) -> tuple[str, ...]:
        """Codes of the quarters."""
        return tuple(quarter_code(self.structure.start + t) for t in range(self.record.quarters))

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Customer regions, and the world."""
        return (*self.structure.regions, WORLD)

    @cached_property
    def _origins(self) -> Ints:
        return origins(self.structure)

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
        quantity = np.where(self.links.product_service == MAAS, record["tokens_bn"], record["taken"] / HOURS_PER_QUARTER)
        return self.by_kind(record["posted"][:, None, :] * quantity)

    @cached_property
    def posted_iaas(self) -> tuple[Floats, Floats]:
        """Sums (T, R + 1, I, KINDS) whose ratio is the IaaS price: price times effective H100e, and effective H100e."""
        return self.spent_at_posted * IAAS_KINDS, self.served * IAAS_KINDS

    @cached_property
    def posted_maas(self) -> tuple[Floats, Floats]:
        """Sums (T, R + 1, I, KINDS) whose ratio is the token price: price times tokens, and tokens."""
        return self.spent_at_posted * MAAS_KINDS, self.tokens * MAAS_KINDS

    @cached_property
    def unmet_share(self) -> Floats:
        """(T, R + 1) unmet over new demand."""
        unmet = with_world(self.record["unmet"].sum(axis=2))
        return outcomes.ratio(unmet, with_world(self.record["asked"]))

    @cached_property
    def hhi_revenue(self) -> Floats:
        """(T, R + 1) points."""
        return outcomes.herfindahl(self.revenue.sum(axis=3), axis=2)

    @cached_property
    def hhi_compute(self) -> Floats:
        """(T, R + 1) points."""
        return outcomes.herfindahl(self.served.sum(axis=3), axis=2)

    @cached_property
    def price_iaas(self) -> Floats:
        """(T, R + 1) USD per effective H100e-hour."""
        return outcomes.ratio(*(x.sum(axis=(2, 3)) for x in self.posted_iaas))

    @cached_property
    def price_maas(self) -> Floats:
        """(T, R + 1) USD per M tokens."""
        return outcomes.ratio(*(x.sum(axis=(2, 3)) for x in self.posted_maas))

    @cached_property
    def outside_share(self) -> Floats:
        """(T, R + 1) tasks on premises over tasks with a supplier."""
        outside = with_world(self.record["outside_tasks"])
        return outcomes.ratio(outside, outside + with_world(self.record["held"]))

    @cached_property
    def pools(self) -> outcomes.PoolUse:
        """Capacity and use of every pool (T, L)."""
        record, links = self.record, self.links
        first = folded(record["first"].sum(axis=1), links.product_lane, record["load"].shape[1])
        return outcomes.pool_use(
            record["operated"], self.structure.chip_effective, links.kind_order, links.hours, record["load"],
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
        record, links, customers = self.record, self.links, self.world.parameters.customers
        sensitivity = np.array([taste.price_sensitivity for taste in customers.tastes.values()])
        return Choices(
            links.cell_start, links.pair_product, links.product_service, links.product_lane, links.cell_region,
            links.cell_taste, sensitivity, customers.nest_dissimilarity, customers.intensive_elasticity,
            record["inverse_weight"], record["outside"], record["need"], record["volume"],
        )  # fmt: skip

    @cached_property
    def cost_prices(self) -> Floats:
        """(T, J) long-run cost of every product, per unit."""
        links, record = self.links, self.record
        hour = record["long_run"][:, links.product_pool, links.product_workload]
        models = [x.models for x in self.world.parameters.providers.values()]
        other = np.array([x.other_cost_usd_per_m_tokens if x is not None else 0.0 for x in models])
        token = hour / record["tokens_per_hour"][:, links.product_provider] + other[links.product_provider]
        return np.where(links.product_service == MAAS, token, hour)

    @cached_property
    def wanted_at_cost(self) -> Floats:
        """(T, R, L) inference hours wanted of every pool if everything were sold at long-run cost."""
        relative = self.cost_prices / self.record["posted"]
        return wanted_hours(self.choices, relative, self._rates, len(self.structure.regions))

    @cached_property
    def _rates(self) -> Floats:
        """(T, 2 L) inference hours given up per hour of each lane, at a pool's full training."""
        pools = self.pools
        rates = np.ones((self.record.quarters, self.record["load"].shape[1]))
        np.divide(pools.capacity, pools.training, out=rates[:, 0::2], where=pools.training > 0.0)
        return rates

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
        elasticity = links.cell_sensitivity * (1.0 - self.world.parameters.customers.nest_dissimilarity)
        saving = outcomes.saving_per_task(cost, alone(self.choices), elasticity)
        supplied = record["held"] + record["outside_tasks"]
        total = folded(record["volume"], links.cell_region, supplied.shape[1])
        part = np.nan_to_num(outcomes.ratio(supplied, total))
        return self.by_region(record["volume"] * saving * part[:, links.cell_region]) / 1e6

    @cached_property
    def owned_h100e(self) -> Floats:
        """(T, S) H100e owned at every site."""
        return (self.record["owned"] * self.structure.chip_h100e).sum(axis=2)

    @cached_property
    def owned_by_provider(self) -> Floats:
        """(T, I)."""
        return folded(self.owned_h100e, self.links.site_provider, len(self.structure.providers))

    def everywhere(self, sites: str, elsewhere: str) -> Floats:
        """Return cards (T, S + W, V) at the sites of providers and of owners outside them."""
        return np.concatenate([self.record[sites], self.record[elsewhere]], axis=1)

    @cached_property
    def place_region(self) -> Ints:
        """(S + W,) region of every place with cards."""
        return np.concatenate([self.links.site_region, self.structure.elsewhere_region])

    @cached_property
    def place_headquarters(self) -> Ints:
        """(S + W,) region of its owner's headquarters."""
        regions = self.structure.regions
        owners = [regions.index(x.headquarters) for x in self.world.parameters.rest_of_world.values()]
        return np.concatenate([self.links.provider_region[self.links.site_provider], np.array(owners, dtype=np.int64)])

    @cached_property
    def standing(self) -> Floats:
        """(T, R, V) cards of all owners that stand in each region."""
        return self.by_place("owned", "elsewhere")

    @cached_property
    def delivered(self) -> Floats:
        """(T, R, V) cards delivered to each region."""
        return self.by_place("delivered", "elsewhere_delivered")

    def by_place(self, sites: str, elsewhere: str) -> Floats:
        """Return cards (T, R, V) by region where they stand."""
        return folded(self.everywhere(sites, elsewhere), self.place_region, len(self.structure.regions), axis=1)

    @cached_property
    def shipped(self) -> Floats:
        """(T, V) cards delivered in the world."""
        return self.delivered.sum(axis=1)

    @cached_property
    def additions_h100e(self) -> Floats:
        """(T,) H100e delivered in the world."""
        return (self.shipped * self.structure.chip_h100e).sum(axis=1)

    @cached_property
    def located_h100e(self) -> Floats:
        """(T, R + 1) H100e that stand in each region."""
        return with_world((self.standing * self.structure.chip_h100e).sum(axis=2))
