"""The index of a run: which entities there are, in which order, and how they hang together.

Everything here follows from the parameters and never changes during a run. Positions in these lists are
row numbers in the state; names, not positions, enter random draws.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sim.economics.cells import NESTS, Bools, Floats, Ints
from sim.economics.performance import h100_equivalents, relative_performance
from sim.names import QUARTERS_PER_YEAR, key_of, quarter_number
from sim.parameters import Parameters
from sim.parameters.market import PerformanceWeights
from sim.parameters.suppliers import Chip
from sim.policy.answering import Variant
from sim.policy.redesign import Answers, answers
from sim.randomness import Words
from sim.roadmap import catalogue

IAAS, MAAS = 0, 1
TRAINING, INFERENCE = 0, 1
SERVICES = ("iaas", "maas")
WORKLOADS = ("training", "inference")
FREE, BOUND = 0, 1
NEVER = 10**6
PAST = 40
"""Quarters before the run in which what stands at its beginning may have been decided: as long as any time to build."""

AHEAD = 20
"""Quarters after the run in which what is begun in it may fall due: as long as any building."""

OPENING_AGE_QUARTERS = 4
"""Age of the opening fleet at the start, as it fails and retires, and in the books."""


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
    def headquarters(self) -> list[str]:
        """Regions of the headquarters of providers."""
        return [self.parameters.providers[name].headquarters for name in self.providers]

    @cached_property
    def suppliers(self) -> list[str]:
        """Supplier ids."""
        return list(self.parameters.suppliers)

    @cached_property
    def catalogue(self) -> dict[str, Chip]:
        """Every card by id, those that extrapolated roadmaps and rules bring included."""
        return {**catalogue(self.parameters), **{name: variant.chip for name, variant in self.variants.items()}}

    @property
    def variants(self) -> Mapping[str, Variant]:
        """Cards that rules bring about, by id."""
        return self.answers.variants

    @cached_property
    def answers(self) -> Answers:
        """What makers make of rules."""
        return answers(self.parameters, catalogue(self.parameters))

    @cached_property
    def chip_dated(self) -> Bools:
        """(V,) whether a card comes when a rule says, not when research has come so far."""
        return np.array([name in self.variants for name in self.chips])

    @cached_property
    def chips(self) -> list[str]:
        """Chip ids."""
        return list(self.catalogue)

    @cached_property
    def sides(self) -> list[str]:
        """Ids of the sides of the world's chip production."""
        return list(self.parameters.upstream)

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
        return np.array([self.suppliers.index(c.supplier) for c in self.catalogue.values()])

    @cached_property
    def chip_stack(self) -> Ints:
        """(V,) software stack of each chip."""
        return self.supplier_stack[self.chip_supplier]

    @cached_property
    def supplier_stack(self) -> Ints:
        """(K,) software stack of each supplier."""
        return np.array([self.stacks.index(s.stack) for s in self.parameters.suppliers.values()])

    @cached_property
    def most_kinds(self) -> int:
        """Largest number of chips of one stack."""
        return int(np.bincount(self.chip_stack).max())

    @cached_property
    def chip_launch(self) -> Ints:
        """(V,) first quarter of each chip by catalogue and roadmap; when it came stands in the state."""
        return np.array([self.index_of(c.launch) for c in self.catalogue.values()])

    @cached_property
    def chip_h100e(self) -> Floats:
        """(V,) H100-equivalents by total processing performance."""
        return np.array([h100_equivalents(c.tpp) for c in self.catalogue.values()])

    @cached_property
    def chip_kw(self) -> Floats:
        """(V,) IT power of a card with its part of server and network, kW."""
        multiple = self.parameters.market.costs.server_power_multiple
        return np.array([c.power_w * multiple / 1000.0 for c in self.catalogue.values()])

    @cached_property
    def chip_hardware(self) -> Floats:
        """(V, 2) H100e in training and inference, software left out: what cards of one stack compare by."""
        weights = self.parameters.market.performance
        return np.array(
            [[_relative(c, weights.training), _relative(c, weights.inference)] for c in self.catalogue.values()]
        )

    @cached_property
    def better_chips(self) -> Ints:
        """(V, n) cards of the same maker that outdo each card in both workloads, padded with -1."""
        hardware = self.chip_hardware
        same = self.chip_supplier[:, None] == self.chip_supplier[None, :]
        least, most = (hardware[None, :] >= hardware[:, None]).all(axis=2), (hardware[None, :] > hardware[:, None])
        rows = [np.flatnonzero(row) for row in same & least & most.any(axis=2)]
        out = np.full((len(rows), max((row.size for row in rows), default=0)), -1, dtype=np.int64)
        for row, found in zip(out, rows, strict=True):
            row[: found.size] = found[::-1]
        return out

    def _site_stacks(self, site: Site) -> list[int]:
        provider = self.parameters.providers[self.providers[site.provider]]
        fleet = provider.sites[self.regions[site.region]]
        makers = set(provider.order_mix) | {
            self.catalogue[c].supplier for c in [*fleet.opening_cards, *fleet.deliveries]
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
    def possible_leases(self) -> list[tuple[int, int]]:
        """Pools of lessor and lessee between which cards may be let: of one stack, at one place.

        Lessees are firms whose way to invest is to rent, and sites abroad, which do so as far as rules close cards to
        them; lessors sell compute, and build. No rule decides which there are: one that closes nothing moves nothing.
        """
        dated = {(x.lessee, x.lessor, x.region, x.stack) for x in self.parameters.leases.values()}
        return [
            (lessor, lessee)
            for lessor, mine in enumerate(self.pools)
            for lessee, yours in enumerate(self.pools)
            if (mine.stack, self.sites[mine.site].region) == (yours.stack, self.sites[yours.site].region)
            and self._may_let(self.sites[mine.site], self.sites[yours.site])
            and (*self._names(mine, yours), self.stacks[mine.stack]) not in dated
        ]

    def _names(self, mine: Pool, yours: Pool) -> tuple[str, str, str]:
        """Return the providers of two pools, and the region of the first."""
        here, there = self.sites[mine.site], self.sites[yours.site]
        return self.providers[here.provider], self.providers[there.provider], self.regions[here.region]

    def _may_let(self, lessor: Site, lessee: Site) -> bool:
        """Return whether one site may let cards to another: who rents lets none, and who sells nothing neither."""
        kinds = [self.parameters.providers[self.providers[site.provider]].kind for site in (lessor, lessee)]
        if self._rents(lessor) or lessor.provider == lessee.provider or "own_use" in kinds:
            return False
        return self._rents(lessee) or self._abroad(lessee)

    def _rents(self, site: Site) -> bool:
        """Return whether to rent is its firm's way to invest."""
        firm = self.parameters.providers[self.providers[site.provider]]
        return self.parameters.behaviour.investment[firm.investment].leasing > 0.0

    def _abroad(self, site: Site) -> bool:
        """Return whether a site may rent in place of cards denied to it: at home all are denied them alike."""
        firm = self.parameters.providers[self.providers[site.provider]]
        return self.parameters.behaviour.leasing.denied > 0.0 and self.regions[site.region] != firm.headquarters

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
        """Base cells: region x taste x workload x residency; where nobody lives nothing is sold."""
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
        if demand is None or product.workload != cell.workload or not self._inhabited(cell):
            return False
        if cell.bound == BOUND and product.region != cell.region:
            return False
        if provider.headquarters in demand.barred_headquarters:
            return False
        if product.service == IAAS:
            return True
        licensed = provider.models.licensed_regions if provider.models is not None else []
        buys_tokens = self.parameters.customers.tastes[self.tastes[cell.taste]].buys_tokens
        return buys_tokens and self.regions[cell.region] in licensed

    def _inhabited(self, cell: BaseCell) -> bool:
        """Return whether a cell may have customers: enterprises of its region and taste, or labs, which move freely."""
        customers, region, taste = self.parameters.customers, self.regions[cell.region], self.tastes[cell.taste]
        if customers.demand[region].tastes.get(taste, 0.0) > 0.0:
            return True
        return cell.bound == FREE and any((x.region, x.taste) == (region, taste) for x in customers.labs.values())

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
    def opening_cards(self) -> Floats:
        """(S, V) cards at the start."""
        cards = np.zeros((len(self.sites), len(self.chips)))
        for s, site in enumerate(self.sites):
            fleet = self.parameters.providers[self.providers[site.provider]].sites[self.regions[site.region]]
            for chip, count in fleet.opening_cards.items():
                cards[s, self.chips.index(chip)] = count
        return cards

    @cached_property
    def observed_mw(self) -> Floats:
        """(H, S) halls with power up to the end of history, MW IT: what the observed cards took.

        Halls are never given up, and stand a little ahead of cards. The history is feasible by construction; whether
        builders and grid could have done it is a test.
        """
        power, taken = self.opening_cards @ self.chip_kw / 1000.0, []
        for delivered in self.deliveries[: max(self.history, 1)]:
            power = power * self.survival + delivered @ self.chip_kw / 1000.0
            taken.append(power)
        halls: Floats = np.maximum.accumulate(taken) * (1.0 + self.parameters.market.building.spare)
        return halls

    @cached_property
    def survival(self) -> float:
        """Share of cards that do not fail in a quarter."""
        return float((1.0 - self.parameters.market.cohorts.failure_per_year) ** (1.0 / QUARTERS_PER_YEAR))

    @cached_property
    def _halls_added(self) -> Floats:
        """(T, S) halls added in each quarter of the history after the first, MW IT."""
        out = np.zeros((self.quarters, len(self.sites)))
        out[1 : self.observed_mw.shape[0]] = np.diff(self.observed_mw, axis=0)
        return out

    @cached_property
    def completed_mw(self) -> Floats:
        """(T, S) of these, new shells."""
        return self._halls_added - self.converted_mw

    @cached_property
    def converted_mw(self) -> Floats:
        """(T, S) of these, converted halls of the general cloud."""
        return self._halls_added * self.parameters.market.building.converted_share

    @cached_property
    def convertible_mw(self) -> Floats:
        """(S,) further halls of the general cloud that may be converted, MW IT."""
        left: Floats = self.converted_mw.sum(axis=0) * self.parameters.market.building.convertible
        return left

    @cached_property
    def build_quarters(self) -> Ints:
        """(R,) quarters of building a shell."""
        return np.array([r.construction_quarters for r in self.parameters.market.regions.values()])

    @cached_property
    def lead(self) -> Ints:
        """(R,) least quarters from the request for power to a shell with power."""
        power = [r.time_to_power_quarters for r in self.parameters.market.regions.values()]
        return np.maximum(self.build_quarters, np.array(power, dtype=np.int64))

    @cached_property
    def elsewhere_deliveries(self) -> Floats:
        """(T, W, V) observed cards delivered to owners outside the named providers."""
        owners = self.parameters.rest_of_world.values()
        out = np.zeros((self.quarters, len(owners), len(self.chips)))
        for row, owner in enumerate(owners):
            self._fill(out, row, owner.deliveries)
        return out

    @cached_property
    def elsewhere_opening(self) -> Floats:
        """(W, V) cards of owners outside the named providers at the start."""
        owners = self.parameters.rest_of_world.values()
        cards = [[owner.opening_cards.get(chip, 0.0) for chip in self.chips] for owner in owners]
        return np.array(cards).reshape(len(owners), len(self.chips))

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
