"""The index of a run: which entities there are, in which order, and how they hang together.

Everything here follows from the parameters and never changes during a run. Positions in these lists are
row numbers in the state; names, not positions, enter random draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sim.economics.cells import NESTS, Floats, Ints
from sim.economics.performance import h100_equivalents, relative_performance
from sim.names import key_of, quarter_number
from sim.parameters import Parameters
from sim.parameters.firms import Chip
from sim.parameters.market import PerformanceWeights
from sim.randomness import Words

IAAS, MAAS = 0, 1
TRAINING, INFERENCE = 0, 1
SERVICES = ("iaas", "maas")
WORKLOADS = ("training", "inference")
FREE, BOUND = 0, 1
NEVER = 10**6


def _relative(chip: Chip, weights: PerformanceWeights) -> float:
    exponents = (weights.compute, weights.memory_bandwidth, weights.interconnect)
    return relative_performance(chip.tpp, chip.memory_bandwidth_gb_s, chip.interconnect_gb_s, exponents)


class Site(NamedTuple):
    """A provider's place in a region."""

    provider: int
    region: int
    launch: int


class Pool(NamedTuple):
    """The cards one provider runs at one site under one software stack: the unit of capacity."""

    site: int
    stack: int


class Product(NamedTuple):
    """What a customer can choose: the product key of every table."""

    provider: int
    service: int
    workload: int
    region: int
    stack: int
    pool: int
    launch: int
    key: int


class BaseCell(NamedTuple):
    """Customers who see the same offers at the same prices."""

    region: int
    taste: int
    workload: int
    bound: int


@dataclass(frozen=True, eq=False)
class Structure:
    """Lists of entities and the arrays that link them. Equal only to itself, so it can key what follows from it."""

    parameters: Parameters

    @cached_property
    def start(self) -> int:
        """First quarter, as a quarter number."""
        return quarter_number(self.parameters.market.start)

    @cached_property
    def quarters(self) -> int:
        """Number of simulated quarters."""
        return quarter_number(self.parameters.market.end) - self.start + 1

    @cached_property
    def history(self) -> int:
        """Number of quarters whose deliveries are observed."""
        return quarter_number(self.parameters.market.history_end) - self.start + 1

    @property
    def open_to_entry(self) -> bool:
        """Whether dormant providers may enter."""
        return self.parameters.finance.entry.name != "none"

    def index_of(self, quarter: str) -> int:
        """Return the position of a quarter code in the run; negative before the start."""
        return quarter_number(quarter) - self.start

    @cached_property
    def regions(self) -> list[str]:
        """Region ids."""
        return list(self.parameters.market.regions)

    @cached_property
    def providers(self) -> list[str]:
        """Provider ids."""
        return list(self.parameters.providers)

    @cached_property
    def suppliers(self) -> list[str]:
        """Supplier ids."""
        return list(self.parameters.suppliers)

    @cached_property
    def chips(self) -> list[str]:
        """Chip ids."""
        return list(self.parameters.chips)

    @cached_property
    def stacks(self) -> list[str]:
        """Software stack ids."""
        return list(self.parameters.market.stacks)

    @cached_property
    def tastes(self) -> list[str]:
        """Taste ids."""
        return list(self.parameters.customers.tastes)

    @cached_property
    def labs(self) -> list[str]:
        """AI lab ids."""
        return list(self.parameters.customers.labs)

    @cached_property
    def sites(self) -> list[Site]:
        """Every (provider, region) with a site."""
        return [
            Site(i, self.regions.index(region), max(self.index_of(site.launch), 0))
            for i, provider in enumerate(self.parameters.providers.values())
            for region, site in provider.sites.items()
        ]

    @cached_property
    def chip_supplier(self) -> Ints:
        """(V,) supplier of each chip."""
        return np.array([self.suppliers.index(c.supplier) for c in self.parameters.chips.values()])

    @cached_property
    def chip_stack(self) -> Ints:
        """(V,) software stack of each chip."""
        stack_of = [self.stacks.index(s.stack) for s in self.parameters.suppliers.values()]
        return np.array([stack_of[k] for k in self.chip_supplier])

    @cached_property
    def most_kinds(self) -> int:
        """Largest number of chips of one stack."""
        return int(np.bincount(self.chip_stack).max())

    @cached_property
    def chip_launch(self) -> Ints:
        """(V,) first quarter of each chip."""
        return np.array([self.index_of(c.launch) for c in self.parameters.chips.values()])

    @cached_property
    def chip_h100e(self) -> Floats:
        """(V,) H100-equivalents by total processing performance."""
        return np.array([h100_equivalents(c.tpp) for c in self.parameters.chips.values()])

    @cached_property
    def chip_kw(self) -> Floats:
        """(V,) IT power, kW."""
        return np.array([c.power_w / 1000.0 for c in self.parameters.chips.values()])

    @cached_property
    def chip_effective(self) -> Floats:
        """(V, 2) effective H100e in training and inference, software stack included."""
        performance, stacks = self.parameters.market.performance, list(self.parameters.market.stacks.values())
        return np.array(
            [
                [
                    _relative(chip, performance.training) * stacks[stack].training,
                    _relative(chip, performance.inference) * stacks[stack].inference,
                ]
                for chip, stack in zip(self.parameters.chips.values(), self.chip_stack, strict=True)
            ]
        )

    def _site_stacks(self, site: Site) -> list[int]:
        provider = self.parameters.providers[self.providers[site.provider]]
        fleet = provider.sites[self.regions[site.region]]
        makers = set(provider.order_mix) | {
            self.parameters.chips[c].supplier for c in [*fleet.opening_cards, *fleet.deliveries]
        }
        stacks = {self.parameters.suppliers[k].stack for k in makers}
        for lease in self.parameters.leases.values():
            if (lease.lessee, lease.region) == (self.providers[site.provider], self.regions[site.region]):
                stacks.add(lease.stack)
        return sorted(self.stacks.index(s) for s in stacks)

    @cached_property
    def pools(self) -> list[Pool]:
        """Every (site, stack) that has or may get cards."""
        return [Pool(s, stack) for s, site in enumerate(self.sites) for stack in self._site_stacks(site)]

    @cached_property
    def pool_site(self) -> Ints:
        """(L,) site of each pool."""
        return np.array([pool.site for pool in self.pools])

    @cached_property
    def pool_provider(self) -> Ints:
        """(L,) provider of each pool."""
        return np.array([self.sites[pool.site].provider for pool in self.pools])

    @cached_property
    def site_provider(self) -> Ints:
        """(S,) provider of each site."""
        return np.array([site.provider for site in self.sites])

    @cached_property
    def site_region(self) -> Ints:
        """(S,) region of each site."""
        return np.array([site.region for site in self.sites])

    def _offers_of(self, position: int, pool: Pool) -> Iterator[Product]:
        site = self.sites[pool.site]
        name = self.providers[site.provider]
        provider = self.parameters.providers[name]
        if provider.kind == "own_use" or (provider.kind == "dormant" and not self.open_to_entry):
            return
        kinds = [(IAAS, TRAINING, site.launch), (IAAS, INFERENCE, site.launch)]
        if provider.models is not None and self.stacks.index(provider.models.stack) == pool.stack:
            kinds.append((MAAS, INFERENCE, max(site.launch, self.index_of(provider.models.launch))))
        region, stack = self.regions[site.region], self.stacks[pool.stack]
        for service, workload, launch in kinds:
            key = key_of("product", name, SERVICES[service], WORKLOADS[workload], region, stack)
            yield Product(site.provider, service, workload, site.region, pool.stack, position, launch, key)

    @cached_property
    def products(self) -> list[Product]:
        """Everything on sale, now or later."""
        return [p for position, pool in enumerate(self.pools) for p in self._offers_of(position, pool)]

    def product_column(self, field: str) -> Ints:
        """Return one field of all products (J,)."""
        return np.array([getattr(p, field) for p in self.products], dtype=np.int64)

    @cached_property
    def cells(self) -> list[BaseCell]:
        """Base cells: region x taste x workload x residency, where the region has such customers."""
        return [
            BaseCell(r, taste, workload, bound)
            for r in range(len(self.regions))
            for taste in range(len(self.tastes))
            for workload in (TRAINING, INFERENCE)
            for bound in (FREE, BOUND)
        ]

    def may_buy(self, cell: BaseCell, product: Product) -> bool:
        """Return whether residency, headquarters and licence let customers of a cell buy a product."""
        demand = self.parameters.customers.demand.get(self.regions[cell.region])
        provider = self.parameters.providers[self.providers[product.provider]]
        if demand is None or product.workload != cell.workload:
            return False
        if cell.bound == BOUND and product.region != cell.region:
            return False
        if provider.headquarters in demand.barred_headquarters:
            return False
        licensed = provider.models.licensed_regions if provider.models is not None else []
        return product.service == IAAS or self.regions[cell.region] in licensed

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Feasible (cell, product) pairs, sorted by cell, then nest."""
        return [
            (b, j)
            for b, cell in enumerate(self.cells)
            for nest in range(NESTS)
            for j, product in enumerate(self.products)
            if product.service == nest and self.may_buy(cell, product)
        ]

    @cached_property
    def offers(self) -> tuple[tuple[int, ...], ...]:
        """All that may ever be sold, sorted: (customer region, provider, service, workload)."""
        return tuple(sorted({(self.cells[b].region, *self.products[j][:3]) for b, j in self.pairs}))

    @cached_property
    def segment_start(self) -> Ints:
        """(B * NESTS + 1,) first pair of every (cell, nest)."""
        counts = np.zeros(len(self.cells) * NESTS, dtype=np.int64)
        for b, j in self.pairs:
            counts[b * NESTS + self.products[j].service] += 1
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    @cached_property
    def deliveries(self) -> Floats:
        """(T, S, V) observed cards delivered by quarter, site and chip."""
        out = np.zeros((self.quarters, len(self.sites), len(self.chips)))
        for s, site in enumerate(self.sites):
            fleet = self.parameters.providers[self.providers[site.provider]].sites[self.regions[site.region]]
            self._fill(out, s, fleet.deliveries)
        return out

    @cached_property
    def elsewhere_deliveries(self) -> Floats:
        """(T, W, V) observed cards delivered to owners outside the named providers."""
        owners = self.parameters.rest_of_world.values()
        out = np.zeros((self.quarters, len(owners), len(self.chips)))
        for row, owner in enumerate(owners):
            self._fill(out, row, owner.deliveries)
        return out

    @cached_property
    def elsewhere_region(self) -> Ints:
        """(W,) region of each owner outside the named providers."""
        return np.array([self.regions.index(x.region) for x in self.parameters.rest_of_world.values()], dtype=np.int64)

    def _fill(self, out: Floats, row: int, deliveries: dict[str, dict[str, float]]) -> None:
        for chip, series in deliveries.items():
            for quarter, cards in series.items():
                t = self.index_of(quarter)
                if 0 <= t < min(self.quarters, self.history):
                    out[t, row, self.chips.index(chip)] += cards

    @cached_property
    def region_key(self) -> Words:
        """(R,) 64-bit key of each region's name."""
        return np.array([key_of("region", name) for name in self.regions], dtype=np.uint64)

    def pool_of(self, provider: str, region: str, stack: str) -> int:
        """Return the pool of a provider in a region under a stack.

        Raises:
            KeyError: If there is none.
        """
        wanted = (self.providers.index(provider), self.regions.index(region), self.stacks.index(stack))
        for position, pool in enumerate(self.pools):
            site = self.sites[pool.site]
            if (site.provider, site.region, pool.stack) == wanted:
                return position
        raise KeyError(f"{provider} has no {stack} cards in {region}")

    @cached_property
    def _pair_index(self) -> dict[tuple[int, int], int]:
        return {pair: k for k, pair in enumerate(self.pairs)}

    @cached_property
    def _product_index(self) -> dict[tuple[int, ...], int]:
        return {tuple(product)[:5]: j for j, product in enumerate(self.products)}

    def pair_of(self, cell: int, provider: str, service: int, workload: int, region: str, stack: str) -> int | None:
        """Return the (cell, product) pair of a product key, or None where the cell may not buy it."""
        wanted = (
            self.providers.index(provider), service, workload, self.regions.index(region), self.stacks.index(stack)
        )  # fmt: skip
        j = self._product_index.get(wanted)
        return None if j is None else self._pair_index.get((cell, j))
