"""Steps of first choices between two runs: exact, nothing where nothing differs, and each where its cause is."""

from functools import cache

import numpy as np
import pytest

from sim.first_choices import (
    COST,
    CUSTOMERS,
    EFFICIENCY,
    OFFERS,
    OWN_CARDS,
    SCARCITY,
    SWITCHING,
    WAITING,
    Seen,
    _by_provider,
    _chosen,
    moves,
    seen,
)
from tests.economy import Changes, Numbers, parameters
from tests.rules import rule

END = {"market.end": "2025Q4"}
QUARTERS = range(13, 16)
PART = {"cards": 0.25, "rule:line": 0.75}


def policy(**changes: object) -> Changes:
    return {**END, "policy.us": {}, "policy.cn": {}, "policy.allies": {}, **changes}


@cache
def observed(name: str) -> Seen:
    return seen(parameters(CASES[name]), 1, QUARTERS, customers=True)


REMEDY = {
    "label": "free", "source": "test", "grade": "assumption", "announced": "2025-07-01", "effective": "2025-07-01",
    "expires": None, "phase_in_quarters": 0.0, "kind": "remedy", "regions": None,
    "switching": 0.0, "committed_share": 1.0,
}  # fmt: skip
CASES: dict[str, Changes] = {
    "none": policy(),
    "ban": policy(**{"policy.us": {"line": rule()}}),
    "rentals": policy(**{"policy.us": {"line": rule(uses=["rental"])}}),
    "remedy": policy(**{"policy.allies": {"free": REMEDY}}),
}


def steps(before: str, after: str, t: int) -> dict[str, Numbers]:
    a, b = observed(before), observed(after)
    sites = len(a.stages[t].world.structure.sites)
    return dict(moves(a, b, t, ([PART] * sites, [PART] * sites)))


def size(hours: Numbers) -> float:
    return float(np.abs(hours).sum())


@pytest.mark.parametrize("name", ["none", "ban"])
@pytest.mark.parametrize("t", QUARTERS)
def test_customers_choose_again_as_they_chose(name: str, t: int) -> None:
    found = observed(name)
    again = _chosen(found.stages[t], found.scenes[t])
    np.testing.assert_allclose(again, found.chosen[t], rtol=1e-9, atol=1e-9 * found.chosen[t].max())


@pytest.mark.parametrize("after", ["ban", "rentals", "remedy"])
@pytest.mark.parametrize("t", QUARTERS)
def test_steps_add_up_to_what_is_chosen_otherwise(after: str, t: int) -> None:
    a, b = observed("none"), observed(after)
    world = a.stages[t].world
    old, new = (_by_provider(world, x.chosen[t]) for x in (a, b))
    total = old.sum(axis=1, keepdims=True)
    shares = np.divide(old, total, out=np.zeros_like(old), where=total > 0.0)
    moved = new - shares * new.sum(axis=1, keepdims=True)
    found = sum(steps("none", after, t).values())
    np.testing.assert_allclose(found, np.where(total > 0.0, moved, 0.0), atol=1e-9 * new.max())


def test_nothing_moves_between_a_run_and_itself() -> None:
    rounding = 1e-12 * observed("ban").chosen[15].sum()
    assert all(size(hours) <= rounding for hours in steps("ban", "ban", 15).values())


def test_what_may_not_be_rented_is_off_the_menu() -> None:
    """In the first quarter of a rule on rentals nothing else of what customers meet has changed, but for prices."""
    found = steps("none", "rentals", 13)
    cn = observed("none").stages[13].world.structure.regions.index("cn")
    assert size(found[OFFERS][cn]) > 0.0
    assert size(np.delete(found[OFFERS], cn, axis=0)) <= 1e-9 * size(found[OFFERS][cn])


def test_switching_costs_that_end_move_customers_by_that_alone() -> None:
    found = steps("none", "remedy", 14)
    assert size(found[SWITCHING]) > 0.0
    for name in (OFFERS, EFFICIENCY, OWN_CARDS, COST, WAITING, CUSTOMERS):
        assert size(found[name]) <= 1e-6 * size(found[SWITCHING]), name


def test_scarcity_is_told_by_what_sites_lacked_in_proportion_at_first_order() -> None:
    found = steps("none", "ban", 15)
    told = {name: size(hours) for name, hours in found.items() if name.startswith(SCARCITY)}
    assert set(told) == {f"{SCARCITY}cards", f"{SCARCITY}rule:line"}
    assert told[f"{SCARCITY}rule:line"] > told[f"{SCARCITY}cards"] > 0.0
