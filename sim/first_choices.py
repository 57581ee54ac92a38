"""Why customers choose otherwise in one run than in another of the same shocks: first choices, one step at a time.

The customers of a run choose again, by the same keyed shocks, from menus that turn step by step into those of the other
run: what is on offer, what a task takes, own cards, then prices, waiting and switching costs. A posted price is cost
times scarcity times markup times stickiness::

    p = c x (c + h mu)/c x w/(c + h mu) x p/w ,

c cost of service, h mu what a full pool adds (no more than leads to w), w the wanted price, each with fees. Scarcity is
switched by what the site lacked, and where orders were closed by rules, by rule. What is left after the last step is
that other customers are free to choose: other contracts, suppliers and sizes. So the steps add up to the whole change.

J products, K pairs, B base cells, I providers, R regions, O origins (site and kind of product).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Floats, Ints
from sim.economics.choice import Menu
from sim.economics.folding import folded
from sim.economics.labs import under_dated
from sim.economics.menus import Offered, inverse_weights, usage_at, view
from sim.economics.service import Running, Terms, decide
from sim.economics.sites import KINDS
from sim.economics.workloads import Workloads
from sim.model import ComputeMarket
from sim.parameters import Parameters
from sim.randomness import Decision, season
from sim.record import site_origins
from sim.world import World

OFFERS, EFFICIENCY, OWN_CARDS, COST, MARKUP, STICKINESS, WAITING, SWITCHING, CUSTOMERS = (
    "offers", "efficiency", "own_cards", "cost", "markup", "stickiness", "waiting", "switching", "customers",
)  # fmt: skip
SCARCITY = "scarcity:"
"""What a step begins with that switches scarcity; what the site lacked, or the rule, follows."""


class Prices(NamedTuple):
    """Posted prices and what they are made of, logs (J,)."""

    cost: Floats
    scarcity: Floats
    markup: Floats
    stickiness: Floats


class Scene(NamedTuple):
    """What customers meet in a quarter once prices are posted."""

    offered: Offered
    reference: Floats
    """(B,) reference price of a task, USD."""
    prices: Prices
    terms: Terms


class Stage(NamedTuple):
    """A quarter of a run whose customers may choose again."""

    world: World
    """For what never changes."""
    rows: Workloads
    free: Ints
    running: Running
    dated: tuple[Floats, Floats]
    """(K,) tasks under dated contracts, and their potential tasks: their use is that of the day's prices."""
    season: np.uint64


Causes = Sequence[Mapping[str, float]]
"""By site, what it lacked, with the part of each lack."""


class Seen(NamedTuple):
    """A run as far as comparisons need it; quarters by their positions."""

    scenes: dict[int, Scene]
    stages: dict[int, Stage]
    """Empty where customers were not kept."""
    chosen: dict[int, Floats]
    """(R, O) hours by first choice."""


def seen(parameters: Parameters, seed: int, quarters: Collection[int], *, customers: bool) -> Seen:
    """Run a market and keep what comparisons need of some quarters, with its ``customers`` or without."""
    model, out = ComputeMarket(parameters, seed), Seen({}, {}, {})
    world = model.world
    while not model.finished:
        for phase in model.phases():
            if phase == "pricing" and world.t in quarters:
                out.scenes[world.t] = _scene(world)
                if customers:
                    out.stages[world.t] = _stage(world)
    for t in quarters:
        out.chosen[t] = model.record["chosen"][t]
    return out


def _scene(world: World) -> Scene:
    state = world.state
    offered = Offered(
        float(state.tokens_per_task[0]), float(state.reference_tokens[0]), state.tokens_per_hour.copy(),
        world.paths.quality[world.t].copy(), state.wait.copy(), state.on_sale > 0.0, world.rentable.copy(),
        state.posted.copy(), state.posted.copy(), state.on_premises.copy(),
    )  # fmt: skip
    return Scene(offered, state.reference_price.copy(), _prices(world), world.conditions.ties.terms)


def _prices(world: World) -> Prices:
    """Return what posted prices are made of. Scarcity is what it adds to cost up to the wanted price: ceilings bind."""
    state, kept = world.state, 1.0 - world.links.product_fee
    cost, wanted = state.marginal_cost / kept, state.wanted
    added = world.now.arrays["use"] * state.multiplier[world.links.product_pool]
    scarce = cost + np.clip(added / kept, 0.0, np.maximum(wanted - cost, 0.0))
    levels = [np.log(np.maximum(x, np.finfo(float).tiny)) for x in (cost, scarce, wanted, state.posted)]
    return Prices(levels[0], *(after - before for before, after in pairwise(levels)))


def _stage(world: World) -> Stage:
    """Keep the customers; the draws of whose contracts end are the same when the quarter goes on."""
    world.population.contracted(world)
    assert world.now.running is not None
    rows = Workloads._make(column.copy() for column in world.workloads)
    dated = under_dated(rows, world.links.pair_product.size, world.t)
    key = season(world.seed, Decision.CHOICE, world.t)
    return Stage(world, rows, world.now.free.copy(), world.now.running, dated, key)


def moves(before: Seen, after: Seen, t: int, lacked: tuple[Causes, Causes]) -> Iterator[tuple[str, Floats]]:
    """Yield every step of a quarter with what it moves between providers, hours by first choice (R, I, KINDS).

    Shares in the demand of a region for a kind of product are what steps move; they are weighed with that demand in the
    other run, so that steps add up to its first choices less what it would choose by the shares of the run before.

    Args:
        before: the run compared with, its customers kept.
        after: the other one, of the same entities.
        t: position of the quarter.
        lacked: what made sites scarce in the one and in the other.
    """
    stage, end = before.stages[t], _by_provider(before.stages[t].world, after.chosen[t])
    total, nothing = end.sum(axis=1, keepdims=True), np.zeros_like(end)
    first = _by_provider(stage.world, before.chosen[t])
    last = _shares(first, _shares(end, nothing))
    for name, scene in _scenes(before.scenes[t], after.scenes[t], stage.world.links.product_site, lacked):
        now = _shares(_by_provider(stage.world, _chosen(stage, scene)), last)
        yield name, total * (now - last)
        last = now
    yield CUSTOMERS, total * (_shares(end, last) - last)


def _by_provider(world: World, hours: Floats) -> Floats:
    """Return hours (R, O) by provider and kind of product (R, I, KINDS)."""
    sites = hours.reshape(hours.shape[0], len(world.structure.sites), KINDS)
    return folded(sites, world.structure.site_provider, len(world.structure.providers), axis=1)


def _shares(hours: Floats, otherwise: Floats) -> Floats:
    """Return shares of providers in hours (R, I, KINDS); ``otherwise`` where nobody chooses any."""
    total = np.broadcast_to(hours.sum(axis=1, keepdims=True), hours.shape)
    return np.asarray(np.divide(hours, total, out=otherwise.copy(), where=total > 0.0))


def _scenes(a: Scene, b: Scene, site: Ints, lacked: tuple[Causes, Causes]) -> Iterator[tuple[str, Scene]]:
    """Yield the scenes that lead from one to the other, each with its step; ``site`` (J,) of products."""
    (old, new), there = _both_sold(a, b), b.offered
    offered = a.offered._replace(on_sale=there.on_sale, rentable=there.rentable, quality=there.quality)
    scene = a._replace(offered=offered, prices=old)
    yield OFFERS, scene
    offered = offered._replace(
        tokens=there.tokens, common=there.common, tokens_per_hour=there.tokens_per_hour
    )  # fmt: skip
    scene = scene._replace(offered=offered)
    yield EFFICIENCY, scene
    offered = offered._replace(own_cost=there.own_cost)
    scene = scene._replace(offered=offered, reference=b.reference)
    yield OWN_CARDS, scene
    for name, prices in _prices_between(old, new, site, lacked):
        scene = scene._replace(prices=prices)
        yield name, scene
    scene = scene._replace(offered=offered._replace(wait=there.wait))
    yield WAITING, scene
    yield SWITCHING, scene._replace(terms=b.terms)


def _prices_between(
    old: Prices, new: Prices, site: Ints, lacked: tuple[Causes, Causes]
) -> Iterator[tuple[str, Prices]]:  # fmt: skip
    now = old._replace(cost=new.cost)
    yield COST, now
    for cause, part in _lacking(site, *lacked, old.scarcity, new.scarcity).items():
        now = now._replace(scarcity=now.scarcity + part * (new.scarcity - old.scarcity))
        yield SCARCITY + cause, now
    now = new._replace(stickiness=old.stickiness)
    yield MARKUP, now
    yield STICKINESS, new


def _both_sold(a: Scene, b: Scene) -> tuple[Prices, Prices]:
    """Return prices of both, where a product is not on sale those of the other: only its absence counts."""
    old = Prices(*(np.where(a.offered.on_sale, x, y) for x, y in zip(a.prices, b.prices, strict=True)))
    new = Prices(*(np.where(b.offered.on_sale, y, x) for x, y in zip(a.prices, b.prices, strict=True)))
    return old, new


def _lacking(site: Ints, before: Causes, after: Causes, old: Floats, new: Floats) -> Mapping[str, Floats]:
    """Return by cause its part in the change of scarcity of every product (J,): what lacks in the scarcer run."""
    out: dict[str, Floats] = {}
    for j in np.flatnonzero(old != new):
        for name, part in (before if old[j] > new[j] else after)[site[j]].items():
            out.setdefault(name, np.zeros(site.size))[j] = part
    return dict(sorted(out.items()))


def _chosen(stage: Stage, scene: Scene) -> Floats:
    """Return hours by first choice (R, O) of the customers of a stage in a scene; running contracts count as chosen."""
    links, tastes = stage.world.links, stage.world.links.tastes
    price, there = (
        np.exp(np.sum(scene.prices, axis=0)),
        view(links.pairs, tastes, scene.offered, False, scene.reference),
    )
    inverse = inverse_weights(links.pair_product, price, links.pair_sensitivity, there.attraction)
    need = there.hours * usage_at(
        links.segment_start, links.pair_product, price, price, there.log_unit, scene.reference, tastes.elasticity
    )
    menu = Menu(
        links.segment_start, links.pair_provider, links.pair_key, inverse, need, links.pair_lane, there.outside,
        links.nest_table, tastes.slack,
    )  # fmt: skip
    found = decide(stage.rows, stage.free, menu, links.pair_service, scene.terms, stage.season)
    asks, pairs = found.first >= 0, links.pair_product.size
    tasks, volume = stage.dated
    hours = (stage.running.held[:pairs, 0] - tasks) * there.hours + volume * need
    np.add.at(hours, found.first[asks], stage.rows.volume[found.row[asks]] * need[found.first[asks]])
    return _by_origin(stage.world, hours)


def _by_origin(world: World, hours: Floats) -> Floats:
    """Return hours of pairs (K,) by customer region and origin (R, O)."""
    links, origins = world.links, site_origins(world.links)
    out = np.zeros((len(world.structure.regions), len(world.structure.sites) * KINDS))
    np.add.at(out, (links.pair_region, origins[links.pair_product]), hours)
    return out
