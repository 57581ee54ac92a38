"""Customers so many that shares are probabilities: parcels of volume that flow as expected (``economics.parcels``)."""

from typing import NamedTuple

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.choice import Menu
from sim.economics.elementary import sum_by
from sim.economics.labs import follow_parcels
from sim.economics.parcel_choice import Draws, choose_parcels, nest_ratios
from sim.economics.parcel_signing import Flows, sign_parcels, tally_parcels
from sim.economics.parcels import (
    TERMS,
    Layout,
    Stock,
    contestable_parcels,
    contracted_parcels,
    grow_parcels,
    settle_parcels,
)
from sim.economics.service import Terms
from sim.economics.serving import Asked
from sim.economics.tally import ENDS, Places, Tally
from sim.economics.workloads import ON_DEMAND, ONE_YEAR, OUTSIDE, THREE_YEAR
from sim.links import ContractRow, Links
from sim.parameters.customers import RegionalDemand, Switching
from sim.population.labs import labs_of_day, today
from sim.structure import BOUND, FREE, IAAS, INFERENCE, MAAS, TRAINING, Structure
from sim.world import Used, World

ENTERPRISE = -1
RATIOS = 32
"""Quantiles by which the law of the ratio of two nest shocks is represented."""


class Kind(NamedTuple):
    """A type of customer."""

    region: int
    taste: int
    bound: tuple[int, int]
    """Residency of its training and of its inference."""
    share: float
    """Of the demand of its region; of a lab's own, 1."""
    lab: int
    """Position among the labs, or ``ENTERPRISE``."""


class Parcels:
    """The verbs of a population over parcels of volume."""

    def __init__(self, structure: Structure, links: Links) -> None:
        customers = structure.parameters.customers
        self.kinds = customer_kinds(structure)
        self.layout = layout_of(structure, links, self.kinds)
        self.stock = _empty_stock(self.layout, customers.waiting_quarters)
        longer_first = structure.parameters.behaviour.rationing.name == "reservations"
        self.draws = draws_of(customers.switching, customers.nest_dissimilarity, longer_first)
        self.flows = _no_flows(self.layout, links.pair_product.size, len(structure.providers))
        self.region = np.array([kind.region for kind in self.kinds])
        self.share = np.array([kind.share for kind in self.kinds])
        self.lab = np.array([kind.lab for kind in self.kinds])

    def grow(self, world: World) -> None:
        """Let all growth arrive as new workloads; those of labs partly under dated contracts."""
        training = self._by_type(world.now.new_training, world.links.lab_training_share, np.ones(len(self.kinds)))
        grow_parcels(self.stock, self.layout, self._potential(world), training, self._tied(world))

    def volumes(self, world: World) -> Floats:
        """Return tasks held, and tasks wanted, by region (2, R)."""
        regions, stock = len(world.structure.regions), self.stock
        place_region = np.repeat(self.layout.region, np.diff(self.layout.start))
        held = sum_by(place_region, stock.volume.sum(axis=1) + stock.waiting.sum(axis=1), regions)
        held += sum_by(self.layout.region, stock.lost, regions)
        return np.stack([held, sum_by(self.region, self._potential(world), regions)])

    def contestable(self, world: World, intensity: Floats) -> tuple[Floats, Floats]:
        """Return expected contestable tasks by cell and class (B, C), and tasks out of reach by pair (K,)."""
        links = world.links
        mass = np.empty((len(world.structure.cells), links.class_incumbent.size))
        locked = np.empty(links.pair_product.size)
        contestable_parcels(
            self.stock, self.layout, world.state.wanted[links.pair_product], intensity,
            world.parameters.customers.switching.escalation, world.t, mass, locked,
        )  # fmt: skip
        return mass, locked

    def follow(self, world: World) -> None:
        """Let dated contracts of labs follow the prices of the day, and meet their use while it is observed."""
        follow_parcels(self.stock, self.layout, self.lab, world.t, today(world), labs_of_day(world))

    def contracted(self, world: World) -> None:
        """Load every lane with the hours of contracts that run on."""
        contracted_parcels(self.stock, self.layout, world.links.pair_lane, world.now.hours, world.t, world.state.load)

    def serve(self, world: World, menu: Menu, terms: Terms) -> Asked:
        """Let what is free choose, ration full pools, re-route, sign."""
        state, now = world.state, world.now
        made = choose_parcels(self.stock, self.layout, menu, self.draws, terms, state.kinds, state.load, world.t)
        for flow in self.flows:
            flow[:] = 0.0
        sign_parcels(
            self.stock, self.layout, menu, self.draws, terms, made, state.posted[world.links.pair_product],
            now.intensity, world.t, self.flows,
        )  # fmt: skip
        return self._asked(world, menu.need)

    def _asked(self, world: World, need: Floats) -> Asked:
        links, regions, products = world.links, len(world.structure.regions), len(world.structure.products)
        place = links.pair_region * products + links.pair_product
        first, unmet = (
            sum_by(place, volume * need, regions * products).reshape(regions, products)
            for volume in (self.flows.first, self.flows.unmet)
        )
        flow = np.stack([sum_by(self.layout.region, column, regions) for column in self.flows.volume.T], axis=1)
        return Asked(first, unmet, sum_by(links.pair_region, self.flows.asked * need, regions), flow)

    def settle(self, world: World) -> Used:
        """Add up hours, payments and backlog by customer region and product."""
        links, now, used = world.links, world.now, Used.empty(world)
        settle_parcels(
            self.stock, self.layout, links.pair_product, links.pair_lane, now.unit, now.hours, now.need,
            world.state.served_fraction, used.taken, used.paid, used.waiting, used.outside_tasks,
        )  # fmt: skip
        return used

    def _stands(self, world: World, contract: ContractRow) -> bool:
        """Return whether the supplier of a contract is in business."""
        suppliers = world.links.pair_provider[list(contract.pairs.values())]
        return bool((world.state.selling[suppliers] > 0.0).all())

    def lapse(self, world: World, kept: Floats) -> None:
        """End contracts but for a part of every pair."""
        del world
        layout, stock = self.layout, self.stock
        left = np.where(layout.pair >= 0, 1.0 - kept[np.maximum(layout.pair, 0)], 0.0)[:, None]
        for column in (stock.volume, stock.tasks, stock.bill):
            ended = left * column[:, ON_DEMAND + 1 :]
            column[:, ON_DEMAND + 1 :] -= ended
            column[:, ON_DEMAND] += ended.sum(axis=1)

    def release(self, world: World, gone: Bools) -> None:
        """End the contracts and the backlog of providers that are gone."""
        layout, stock = self.layout, self.stock
        left = (layout.pair >= 0) & gone[world.links.pair_provider[np.maximum(layout.pair, 0)]]
        freed = np.where(left, stock.volume.sum(axis=1) + stock.waiting.sum(axis=1), 0.0)
        segment = np.repeat(np.arange(layout.cell.size), np.diff(layout.start))
        stock.lost[:] += sum_by(segment, freed, layout.cell.size)
        for column in (stock.volume, stock.tasks, stock.bill, stock.waiting):
            column[left] = 0.0

    def tally(self, world: World, places: Places, out: Tally) -> None:
        """Add up where demand was first wanted and where it ended."""
        del world
        tally_parcels(self.stock, self.layout, self.flows, places, out)

    def _by_type(self, by_region: Floats, by_lab: Floats, factor: Floats) -> Floats:
        """Return a quantity by type (Y,): of its region times a factor, or of its lab."""
        values: Floats = by_region[self.region] * factor
        labs = self.lab >= 0
        values[labs] = by_lab[self.lab[labs]]
        return values

    def _potential(self, world: World) -> Floats:
        """Return potential tasks by type (Y,)."""
        return self._by_type(world.state.potential, world.state.lab_potential, self.share)

    def _tied(self, world: World) -> Floats:
        """Return the share of a segment's new volume under each dated contract (S, D)."""
        tied = np.zeros(self.layout.until.shape)
        for y, kind in enumerate(self.kinds):
            left = 1.0
            found = world.links.lab_contracts[kind.lab] if kind.lab != ENTERPRISE else []
            for d, contract in enumerate(found):
                if contract.since <= world.t <= contract.until and self._stands(world, contract):
                    share = min(float(world.contracts.share[world.contracts.start[kind.lab] + d]), left)
                    left -= share
                    tied[2 * y : 2 * y + 2, d] = share
        return np.where(self.layout.prescribed >= 0, tied, 0.0)


def _residencies(demand: RegionalDemand) -> dict[tuple[int, int], float]:
    """Return shares of customers by residency of training and inference: the same customers are bound first."""
    training, inference = demand.bound_share_training, demand.bound_share_inference
    return {
        (FREE, FREE): 1.0 - max(training, inference),
        (BOUND, FREE): max(training - inference, 0.0),
        (FREE, BOUND): max(inference - training, 0.0),
        (BOUND, BOUND): min(training, inference),
    }


def customer_kinds(structure: Structure) -> list[Kind]:
    """Return all types of customers: region x taste x residency where anybody is of it, then labs."""
    customers = structure.parameters.customers
    enterprises = [
        Kind(r, structure.tastes.index(taste), bound, share * part, ENTERPRISE)
        for r, name in enumerate(structure.regions)
        if customers.enterprises > 0 and name in customers.demand and customers.demand[name].enterprise_share > 0.0
        for taste, share in customers.demand[name].tastes.items()
        for bound, part in _residencies(customers.demand[name]).items()
        if share * part > 0.0
    ]
    labs = [
        Kind(structure.regions.index(lab.region), structure.tastes.index(lab.taste), (FREE, FREE), 1.0, x)
        for x, lab in enumerate(customers.labs.values())
    ]
    return enterprises + labs


def layout_of(structure: Structure, links: Links, kinds: list[Kind]) -> Layout:
    """Return where parcels of these types lie."""
    number = {tuple(cell): b for b, cell in enumerate(structure.cells)}
    cell = np.array(
        [number[(k.region, k.taste, w, k.bound[w])] for k in kinds for w in (TRAINING, INFERENCE)], dtype=np.int64
    )
    outside = len(structure.providers)
    pairs = [[*range(links.cell_start[b], links.cell_start[b + 1]), OUTSIDE] for b in cell]
    start = np.concatenate([[0], np.cumsum([len(p) for p in pairs])]).astype(np.int64)
    pair = np.concatenate(pairs).astype(np.int64)
    inside = pair != OUTSIDE
    service = np.where(inside, links.pair_service[pair], IAAS)
    incumbent = np.where(inside, links.pair_provider[pair], outside)
    prescribed, until = _dated(links, kinds, cell, start)
    return Layout(
        cell, links.cell_region[cell], start, pair, service, (incumbent + 1) * 2 + service, prescribed, until,
        2 * (outside + 2),
    )  # fmt: skip


def _dated(links: Links, kinds: list[Kind], cell: Ints, start: Ints) -> tuple[Ints, Ints]:
    """Return place and last quarter of the dated contracts of every segment's lab (S, D)."""
    most = max((len(contracts) for contracts in links.lab_contracts), default=0)
    prescribed, until = (np.full((cell.size, most), -1, dtype=np.int64) for _ in range(2))
    for s, b in enumerate(cell):
        lab = kinds[s // 2].lab
        for d, contract in enumerate(links.lab_contracts[lab] if lab != ENTERPRISE else []):
            until[s, d] = contract.until
            if b in contract.pairs:
                prescribed[s, d] = start[s] + contract.pairs[b] - links.cell_start[b]
    return prescribed, until


def _empty_stock(layout: Layout, longest: int) -> Stock:
    places, segments, dated = layout.pair.size, layout.cell.size, layout.until.shape[1]
    served = (places, TERMS + dated)
    return Stock(
        np.zeros(served), np.zeros(served), np.zeros(served), np.zeros((places, longest)), np.zeros(segments),
        np.zeros((segments, layout.ties, 1 + dated)),
    )  # fmt: skip


def _no_flows(layout: Layout, pairs: int, firms: int) -> Flows:
    ends = (pairs, firms + ENDS)
    shapes = (*((pairs,) for _ in range(6)), ends, ends, (layout.cell.size, 5))
    return Flows(*(np.zeros(shape) for shape in shapes))


def draws_of(switching: Switching, rho: float, longer_first: bool) -> Draws:
    """Return how terms split demand; ``longer_first`` where full pools serve longer terms first.

    One uniform decides the term of a workload wherever it goes, so where terms matter to a pool its intervals are told
    apart; else one atom stands for all.
    """
    ratio = nest_ratios(1.0 - rho, RATIOS if rho > 0.0 else 1)
    iaas = (switching.one_year_share, switching.one_year_share + switching.three_year_share)
    shares = np.zeros((2, TERMS))
    shares[IAAS] = 1.0 - iaas[1], iaas[0], switching.three_year_share
    shares[MAAS] = 1.0 - switching.maas_reserved_share, switching.maas_reserved_share, 0.0
    if not longer_first:
        return Draws(np.ones(1), shares[None], np.repeat([0, 1], 2).reshape(2, 2, 1), 2, ratio)
    edges = sorted({0.0, *(min(x, 1.0) for x in (*iaas, switching.maas_reserved_share)), 1.0})
    terms = [
        (ONE_YEAR if u < iaas[0] else THREE_YEAR if u < iaas[1] else ON_DEMAND,
         ONE_YEAR if u < switching.maas_reserved_share else ON_DEMAND)
        for u in edges[:-1]
    ]  # fmt: skip
    first = np.ascontiguousarray(THREE_YEAR - np.array(terms, dtype=np.int64).T)
    return Draws(np.diff(edges), np.eye(TERMS)[np.array(terms)], np.stack([first, TERMS + first]), 2 * TERMS, ratio)
