"""What tables ask of the rules, against plain loops over what the calendar says."""

import numpy as np
import pytest

from sim import ComputeMarket
from sim.links import ORDERING
from sim.parameters.instruments import FoundryRule
from sim.policy.chip_rules import reached
from sim.policy.dates import days_of, first_day, strength_over
from sim.policy.foundry import closed_cards
from tests.markets import finished

BASE = ("customers.enterprises=300", "market.end=2026Q4")


@pytest.fixture(name="model")
def _model() -> ComputeMarket:
    return finished(*BASE)


def test_rules_are_in_force_from_their_first_day_to_their_last(model: ComputeMarket) -> None:
    world, book = model.world, model.world.ground.rulebook
    for n, (_, rule, days) in enumerate(world.policy.chip_rules):
        for t in range(world.structure.quarters):
            quarter = world.structure.start + t
            after = first_day(quarter - (rule.licence is not None))
            held = days.effective < first_day(quarter + 1) and days.expires > after
            for use in ("order", "rental"):
                assert book.in_force[use][t, n] == (held and use in rule.uses)


def test_a_rule_looks_at_firms_with_a_place_that_it_reaches(model: ComputeMarket) -> None:
    world, book = model.world, model.world.ground.rulebook
    places = world.links.subjects["orders"].places
    assert [book.firms[i] for i in book.member] == [place.firm for place in places]
    for n, (_, rule, _) in enumerate(world.policy.chip_rules):
        looked_at = {place.firm for place, found in zip(places, reached(rule, places), strict=True) if found}
        assert {firm for firm, found in zip(book.firms, book.looks_at[n], strict=True) if found} == looked_at


def test_what_rules_say_of_orders_is_where_they_say_something(model: ComputeMarket) -> None:
    book = model.world.ground.rulebook
    for rules in model.record.rules:
        orders = book.orders(rules)
        for name, spots in (("refused", orders.refused), ("closed", orders.closed), ("opened", orders.opened)):
            shares = np.concatenate([getattr(rules[who], name) for who in ORDERING], axis=1)
            found = np.zeros(shares.shape, np.bool_)
            found[spots] = True
            assert np.array_equal(found, shares > 0.0)
        closed = np.concatenate([rules[who].closed for who in ORDERING], axis=1)
        assert np.array_equal(orders.shut, closed.sum(axis=0) > 0.0)
        assert book.orders(rules) is orders


def test_orders_under_licences_have_rows_of_their_own(model: ComputeMarket) -> None:
    several = False
    for rules in model.record.rules:
        under = model.world.ground.rulebook.orders(rules).licensed
        licensed = np.concatenate([rules[who].licensed for who in ORDERING], axis=1)
        found = np.zeros(licensed.shape)
        found[under.rule, under.place] = under.part
        assert np.array_equal(found, licensed)
        some = np.concatenate([rules[who].on_terms for who in ORDERING])
        counted = np.zeros(licensed.shape)
        counted[under.rule, under.place] = under.part / under.several
        np.testing.assert_allclose(counted.sum(axis=0), some, rtol=1e-12)
        assert (some <= 1.0 + 1e-12).all()
        assert (some >= licensed.max(axis=0, initial=0.0) - 1e-12).all()
        several |= under.rule.size > 0
    assert several


def test_what_foundries_close_in_turn_is_together_what_they_close(model: ComputeMarket) -> None:
    structure, book = model.world.structure, model.world.ground.rulebook
    rules = [x for _, x in sorted(structure.parameters.policy.instruments.items()) if isinstance(x, FoundryRule)]
    assert rules
    together = np.sum(list(book.closed_by_foundries.values()), axis=0)
    for t in range(structure.quarters):
        strengths = [(rule, strength_over(days_of(rule), structure.start + t)) for rule in rules]
        np.testing.assert_allclose(together[t], closed_cards(strengths, structure), atol=1e-15)
