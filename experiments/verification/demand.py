"""V9, V25: customers one by one against the large-population limit, and who stays with a supplier."""

from functools import cache

import numpy as np

from experiments.verification.case import Case, Pair
from experiments.verification.economy import Changes, Times, changed, market_of, shipped, simulated
from sim import ComputeMarket, Parameters
from sim.economics.cells import Floats, nested_shares
from sim.economics.workloads import OUTSIDE

CELLS: Changes = {"customers.granularity": "cells"}
EQUAL: Changes = {
    "customers.sizes.cap_share": 1e-9, "customers.labs": {}, "customers.demand.*.shock_sd": 0.0, "leases": {},
    "providers.*.sites.*.opening_cards": Times(5000.0), "providers.*.sites.*.deliveries": Times(0.0),
}  # fmt: skip
"""Equal enterprises, cards to spare for every pool, no labs."""
FEW, MANY, SEEDS = 250, 4000, 6
KAPPAS, FIRMS = (0.0, 1.0, 3.0), 4


def shares(model: ComputeMarket) -> Floats:
    """Return shares of served compute, (quarters, providers)."""
    sold = model.tables(["providers"])["providers"]
    whole = (sold["region"] == "world") & (sold["product"] == "all") & (sold["workload"] == "all")
    found = np.asarray(sold["share_compute"][whole], dtype=np.float64)
    return found.reshape(model.world.structure.quarters, -1)


def distance(one: Floats, other: Floats) -> float:
    """Return the total variation distance of shares, mean over quarters."""
    return float(0.5 * np.abs(one - other).sum(axis=1).mean())


@cache
def limit() -> Floats:
    """Return shares of the large-population limit where enterprises are equal and cards plenty."""
    return shares(simulated(changed(shipped("market.end=2023Q2"), {**EQUAL, **CELLS})))


@cache
def gap(enterprises: int, seeds: int) -> float:
    """Return the mean distance of shares with so many enterprises from the limit, over seeds."""
    values = changed(shipped("market.end=2023Q2"), {**EQUAL, "customers.enterprises": enterprises})
    return float(np.mean([distance(shares(simulated(values, seed)), limit()) for seed in range(1, seeds + 1)]))


def _root_of_the_population() -> Pair:
    """Sixteen times the enterprises lie four times as near."""
    return 4.0, gap(FEW, SEEDS) / gap(MANY, SEEDS)


def _simplex() -> Pair:
    """Shares and the outside option add up to 1, in random nests."""
    rng, sums = np.random.default_rng(1), []
    for _ in range(200):
        size = int(rng.integers(1, 12))
        weights, out = np.exp(rng.normal(0.0, 3.0, size)), np.empty(size)
        alone = nested_shares(
            weights, rng.integers(0, 2, size), float(np.exp(rng.normal())), rng.uniform(0.0, 0.9), out
        )
        sums.append(alone + out.sum())
    return np.ones(200), sums


def _equal_firms_with_ties(kappa: float) -> ComputeMarket:
    """Return a market of equal firms, nobody on premises, in which prices hardly move and everyone chooses again."""
    values = market_of({f"firm-{i}": {"opening_cards": {"a100": 1e8}} for i in range(FIRMS)}, {
        "customers.granularity": "agents", "customers.enterprises": 20000, "customers.sizes.cap_share": 1e-6,
        "customers.demand.us.outside_utility": -50.0, "customers.nest_dissimilarity": 0.0,
        "customers.switching.cost_iaas": kappa, "behaviour.pricing.equilibrium.adjustment": 1e-6,
    })  # fmt: skip
    return ComputeMarket(Parameters.from_mapping(values), 1)


def _stayed(kappa: float) -> float:
    """Return the fraction of workloads that choose the supplier they had, over a run."""
    model, same, all_of_them = _equal_firms_with_ties(kappa), 0, 0
    model.step()
    while not model.finished:
        before = model.world.workloads.pair.copy()
        model.step()
        known, firm = before > OUTSIDE, model.world.links.pair_provider
        same += int((firm[before[known]] == firm[model.world.workloads.pair[known]]).sum())
        all_of_them += int(known.sum())
    return same / all_of_them


def _staying() -> Pair:
    """``e^k / (e^k + N - 1)``."""
    return [np.exp(k) / (np.exp(k) + FIRMS - 1.0) for k in KAPPAS], [_stayed(k) for k in KAPPAS]


CASES = (
    Case("V9", f"distance to the limit with {FEW} over that with {MANY} equal enterprises, {SEEDS} seeds: 4 within 40%",
         "error falls as N^(-1/2)", 0.4, _root_of_the_population),
    Case("V25a", "shares and the outside option add up to 1 in 200 random nests", "McFadden 1978", 1e-12, _simplex),
    Case("V25b", f"whole runs of {FIRMS} equal firms: who stays, switching cost k of 0, 1, 3: e^k/(e^k+N-1)",
         "Farrell and Klemperer 2007", 4.1e-3, _staying),
)  # fmt: skip
