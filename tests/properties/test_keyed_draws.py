"""Keyed chance in the whole model: taking away an enterprise, a provider or a product leaves every other draw alone."""

from typing import Any

import numpy as np
import pytest

from experiments.verification.invariance import SHORT
from sim import ComputeMarket, Parameters
from sim.economics.cells import Ints
from sim.economics.entry import draws_of_entry
from sim.economics.workloads import OUTSIDE
from sim.phases import pricing, service
from sim.randomness import Decision, season
from sim.structure import SERVICES, WORKLOADS
from sim.world import World
from tests.economy import Changes, Values, baseline, before, changed

TRAITS = ("key", "taste", "bound_training", "bound_inference", "share")
Name = tuple[str, ...]


def bare(changes: Changes) -> Values:
    """Return a short market of enterprises alone, without leases, with changes."""
    return changed(baseline(), {**SHORT, "leases": {}, "customers.labs": {}, **changes})


def before_service(values: Values) -> World:
    """Return the market of the first quarter as customers find it, prices posted."""
    return next(before(ComputeMarket(Parameters.from_mapping(values), 1), "service"))


def chosen(world: World) -> Ints:
    """Serve the quarter and return first choices of all rows as products; -1 on premises."""
    service.run(world)
    active, product = world.now.active, world.links.pair_product
    assert active is not None
    assert active.row.size == world.workloads.volume.size
    return np.where(active.first >= 0, product[active.first], OUTSIDE)


def product_names(world: World) -> list[Name]:
    """Return provider, service, workload, region and stack of every product."""
    s = world.structure
    return [
        (s.providers[x.provider], SERVICES[x.service], WORKLOADS[x.workload], s.regions[x.region], s.stacks[x.stack])
        for x in s.products
    ]


def at_prices_of(world: World, other: World) -> None:
    """Post the prices of another market for products of the same name."""
    prices = dict(zip(product_names(other), other.state.posted, strict=True))
    world.state.posted[:] = [prices[name] for name in product_names(world)]
    world.now.intensity = pricing.usage(world)
    world.now.need = world.now.hours * world.now.intensity


def named(world: World, products: Ints) -> np.ndarray:
    """Return the name of every chosen product."""
    names = np.array([*map("/".join, product_names(world)), "on premises"])
    return names[products]


@pytest.mark.parametrize("banned", ["aws", "alibaba", "neocloud"])
def test_a_ban_moves_only_those_who_had_chosen_the_banned(banned: str) -> None:
    free, bound = (before_service(bare({})) for _ in range(2))
    links, row = bound.links, bound.structure.providers.index(banned)
    bound.now.arrays["attraction"][links.pair_provider == row] = -np.inf
    first, second = chosen(free), chosen(bound)
    users = (first >= 0) & (links.product_provider[first] == row)
    assert users.sum() > 0
    assert np.array_equal(first[~users], second[~users])
    assert not (links.product_provider[second[second >= 0]] == row).any()


def test_banning_one_product_moves_only_those_who_had_chosen_it() -> None:
    first = chosen(before_service(bare({})))
    counts = np.bincount(first[first >= 0])
    for product in np.argsort(-counts)[:3]:
        bound = before_service(bare({}))
        bound.now.arrays["attraction"][bound.links.pair_product == product] = -np.inf
        second = chosen(bound)
        assert np.array_equal(first[first != product], second[first != product])
        assert not (second == product).any()


def _gone(name: str) -> Values:
    """Return a market in which a provider was never there."""
    values = bare({})
    del values["providers"][name]
    for supplier in values["suppliers"].values():
        if supplier["sells_to"] is not None:
            supplier["sells_to"] = [x for x in supplier["sells_to"] if x != name]
    return values


@pytest.mark.parametrize("gone", ["aws", "alibaba", "neocloud"])
def test_who_was_never_there_moves_only_those_who_would_have_chosen_it(gone: str) -> None:
    """Rows of providers, products, pairs and pools all move up; names do not."""
    whole, without = before_service(bare({})), before_service(_gone(gone))
    at_prices_of(without, whole)
    first, second = named(whole, chosen(whole)), named(without, chosen(without))
    users = np.char.startswith(first, f"{gone}/")
    assert users.sum() > 0
    assert np.array_equal(first[~users], second[~users])


def test_a_service_that_was_never_sold_moves_only_those_who_would_have_chosen_it() -> None:
    late = {"market.start": "2024Q1", "market.end": "2024Q1"}
    whole, without = (before_service(bare({**late, **gone})) for gone in ({}, {"providers.google.models": None}))
    at_prices_of(without, whole)
    first, second = named(whole, chosen(whole)), named(without, chosen(without))
    users = np.char.startswith(first, "google/maas")
    assert users.sum() > 0
    assert np.array_equal(first[~users], second[~users])


@pytest.mark.parametrize("gone", ["aws", "alibaba", "neocloud"])
def test_firms_draw_entry_and_patience_by_name(gone: str) -> None:
    """One firm fewer moves the others' rows, not their draws."""
    whole, without = (ComputeMarket(Parameters.from_mapping(x), 1).world for x in (bare({}), _gone(gone)))
    for decision in (Decision.ENTRY, Decision.PATIENCE):
        mine, other = (
            dict(zip(x.structure.providers, draws_of_entry(x.links.provider_key, season(1, decision, 5)), strict=True))
            for x in (whole, without)
        )
        assert other == {name: drawn for name, drawn in mine.items() if name != gone}


def test_one_enterprise_less_leaves_the_others_their_choices() -> None:
    whole, without = before_service(bare({})), before_service(bare({}))
    one, slots = 7, whole.slots
    rows = np.arange(one * slots, (one + 1) * slots)
    without.workloads.volume[rows] = 0.0
    service.run(without)
    service.run(whole)
    first, second = (dict(_choices(x)) for x in (whole, without))
    assert set(first) - set(second) == set(rows.tolist())
    assert second == {row: choice for row, choice in first.items() if row not in rows}


def _choices(world: World) -> list[tuple[int, int]]:
    active = world.now.active
    assert active is not None
    return list(zip(active.row.tolist(), active.first.tolist(), strict=True))


def test_a_region_without_customers_leaves_the_others_their_draws() -> None:
    """Shares of other regions are stated so that each keeps its number of enterprises."""
    whole = bare({"customers.enterprises": 60})
    shares = {name: x["enterprise_share"] for name, x in whole["customers"]["demand"].items()}
    first = before_service(whole)
    counts = np.bincount(first.customers.region, minlength=len(first.structure.regions))
    left = int(counts.sum() - counts[first.structure.regions.index("cn")])
    fewer: dict[str, Any] = bare({"customers.enterprises": left})
    del fewer["customers"]["demand"]["cn"]
    for name, region in fewer["customers"]["demand"].items():
        region["enterprise_share"] = shares[name] / (1.0 - shares["cn"])
    second = before_service(fewer)
    stay = first.customers.region != first.structure.regions.index("cn")
    assert stay.sum() == second.customers.region.size > 0
    for trait in TRAITS:
        assert np.array_equal(getattr(first.customers, trait)[stay], getattr(second.customers, trait)), trait
    rows = np.repeat(stay, first.slots)
    assert np.array_equal(first.workloads.key[rows], second.workloads.key)
    at_prices_of(second, first)
    assert np.array_equal(named(first, chosen(first))[rows], named(second, chosen(second)))


def test_a_larger_population_keeps_the_draws_of_the_smaller() -> None:
    small, large = (before_service(bare({"customers.enterprises": n})) for n in (60, 240))
    at_prices_of(large, small)
    rows = np.concatenate(
        [np.flatnonzero(large.customers.region == r)[:n] for r, n in enumerate(np.bincount(small.customers.region))]
    )
    for trait in TRAITS[:-1]:
        assert np.array_equal(getattr(large.customers, trait)[rows], getattr(small.customers, trait))
    slots = (rows[:, None] * small.slots + np.arange(small.slots)).ravel()
    assert np.array_equal(large.workloads.cell[slots], small.workloads.cell)
    assert np.array_equal(chosen(large)[slots], chosen(small))


@pytest.mark.parametrize("factor", [1.1, 1.3])
def test_a_higher_price_of_one_product_moves_only_those_who_had_chosen_it(factor: float) -> None:
    """At the same state nobody else looks elsewhere, and nobody comes."""
    as_posted = before_service(bare({}))
    first = chosen(as_posted)
    product = int(np.bincount(first[first >= 0]).argmax())
    dearer = before_service(bare({}))
    dearer.state.posted[product] *= factor
    second = chosen(dearer)
    assert np.array_equal(first[first != product], second[first != product])
    assert 0 < (second == product).sum() < (first == product).sum()
