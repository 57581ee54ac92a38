"""Who is served where: order of the queue, room, re-routing, waiting, prices that contracts keep."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.compiled import compiled
from sim.economics.choice import MOST_PAIRS, NONE, Menu, choose_again, willingness
from sim.economics.frontier import inference_left, lane_left, training_left
from sim.economics.rationing import BIDS, LOTTERY, RESERVATIONS, _priorities, _serve_queue
from sim.economics.service import Active, Seasons, Terms, load_contracts, outcome
from sim.economics.workloads import (
    DATED,
    LOST,
    NEW,
    ON_DEMAND,
    ONE_YEAR,
    OUTSIDE,
    SERVED,
    THREE_YEAR,
    UNSET,
    WAITING,
    Workloads,
    draw,
)
from sim.randomness import fold
from tests.builders_choice import CELLS, ELASTICITY, NOWHERE, TERMS, Accounts, Floats, Ints, Scene, menu, workloads

COUNT = 400
RULES = [LOTTERY, RESERVATIONS, BIDS]
NOBODY = -9


@compiled
def uniforms(season: np.uint64, rows: Workloads) -> Floats:
    out = np.empty(rows.volume.size)
    for n in range(out.size):
        out[n] = draw(rows, n, season)
    return out


@compiled
def gains(offered: Menu, season: np.uint64, rows: Workloads, pairs: NDArray[np.int64]) -> Floats:
    out = np.empty(rows.volume.size)
    for n in range(out.size):
        out[n] = willingness(offered, 0, NONE, 1.0, 0.0, fold(season, rows.key[n]), pairs[n])
    return out


def offered(**changes: Any) -> Menu:
    """Return two card-hour products and a token product of three providers; the last shares the first one's pool."""
    values: dict[str, Any] = {"rho": 0.6, "outside": -1.0, "providers": (0, 1, 0), "need": (1.0, 1.0, 0.7)}
    return menu(([1.5, 1.0], [0.8]), **(values | changes))


def scene(
    capacity: tuple[float, float], *, seed: int = 1, rule: int = LOTTERY, rows: Workloads | None = None, **more: Any
) -> Scene:
    """Return a quarter of COUNT new customers of unequal sizes with two pools of so many inference hours."""
    volume = np.random.default_rng(seed).lognormal(-0.5, 1.0, COUNT)
    held = workloads(volume) if rows is None else rows
    pools = [(c, c) for c in capacity]
    return Scene(
        offered(), held, pools, rule=rule, service=(0, 0, 1), **more
    )  # fmt: skip


def ends(done: Scene) -> NDArray[np.int64]:
    """Return SERVED, WAITING or LOST of everybody who chose."""
    return np.array([outcome(int(x)) for x in done.active.served])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("capacity", [(1e9, 1e9), (60.0, 40.0), (30.0, 1e9), (1e-3, 1e-3), (0.0, 0.0)])
def test_nobody_is_served_beyond_capacity_and_every_hour_is_accounted_for(
    rule: int, capacity: tuple[float, float]
) -> None:
    done = scene(capacity, rule=rule).ration()
    for pool in (0, 1):
        training, inference = done.load[2 * pool : 2 * pool + 2]
        assert inference <= inference_left(done.kinds[pool], training) * (1.0 + 1e-9)
    hours = np.zeros(4)
    for x in range(done.active.row.size):
        if done.active.served[x] >= 0:
            pair = done.active.served[x]
            hours[done.menu.lane[pair]] += done.rows.volume[done.active.row[x]] * done.menu.need[pair]
    np.testing.assert_allclose(done.load, hours, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_everything_asked_is_served_on_premises_waiting_or_lost(rule: int) -> None:
    done = scene((60.0, 40.0), rule=rule).ration()
    volume = done.rows.volume.copy()
    found = done.sign()
    asked, served, outside, waiting, lost = found.flow[0]
    assert asked == pytest.approx(volume.sum(), rel=1e-12)
    assert served + outside + waiting + lost == pytest.approx(asked, rel=1e-12)
    assert min(served, outside, waiting, lost) > 0.0
    by_status = [volume[done.rows.status == s].sum() for s in (SERVED, WAITING, LOST)]
    assert by_status == pytest.approx([served + outside, waiting, lost], rel=1e-12)
    chose = done.active.first >= 0
    need = done.menu.need[np.maximum(done.active.first, 0)]
    refused = ends(done) != SERVED
    assert found.first.sum() == pytest.approx((volume * need)[chose].sum(), rel=1e-12)
    assert found.unmet.sum() == pytest.approx((volume * need)[refused].sum(), rel=1e-12)
    assert found.asked[0] == pytest.approx(found.first.sum(), rel=1e-12)
    assert found.taken.sum() == pytest.approx(done.load.sum(), rel=1e-9)
    assert found.outside[0] == pytest.approx(outside, rel=1e-12)
    waits = done.rows.status == WAITING
    assert found.waiting.sum() == pytest.approx((volume * need)[waits].sum(), rel=1e-12)


@compiled
def served_one_by_one(
    rows: Workloads, active: Active, menu: Menu, service: Ints, terms: Terms, seasons: Seasons, kinds: Floats,
    load: Floats, elasticity: Floats,
) -> Ints:  # fmt: skip
    """Return where everybody ends if each refusal is looked at in turn, in the room that is left then."""
    full, left = np.ones(kinds.shape[0], np.bool_), np.empty(load.size)
    queue, order, bid = _priorities(rows, active, full, menu, service, terms, seasons, LOTTERY, elasticity)
    served = active.first.copy()
    for place in _serve_queue(rows, active, menu, kinds, load, left, queue, order, bid, LOTTERY):
        x = queue[place]
        n = active.row[x]
        key, volume = fold(seasons.choice, rows.key[n]), rows.volume[n]
        other = choose_again(menu, rows.cell[n], NONE, 1.0, key, left, volume, np.empty(MOST_PAIRS))
        served[x] = other if other != NONE else NOBODY
        if other != NONE:
            load[menu.lane[other]] += volume * menu.need[other]
            for lane in range(load.size):
                left[lane] = lane_left(kinds, load, lane)
    return served


@pytest.mark.parametrize("capacity", [(30.0, 1e9), (30.0, 150.0), (250.0, 20.0)])
def test_re_routing_all_at_once_is_re_routing_one_by_one(capacity: tuple[float, float]) -> None:
    start, done = scene(capacity), scene(capacity).ration()
    served = served_one_by_one(
        start.rows, start.active, start.menu, start.service, start.terms, start.seasons, start.kinds, start.load,
        np.full(1, ELASTICITY),
    )  # fmt: skip
    moved = (served >= 0) & (served != done.active.first)
    assert moved.sum() > 5
    assert (done.active.served[moved] == served[moved]).all()
    assert ((done.active.served < OUTSIDE) == (served == NOBODY)).all()
    np.testing.assert_allclose(done.load, start.load, rtol=1e-12)


def test_with_room_for_all_everyone_gets_the_first_choice() -> None:
    done = scene((1e9, 1e9)).ration()
    assert (done.active.served == done.active.first).all()
    assert (done.active.premium == 1.0).all()
    assert set(done.active.first.tolist()) == {OUTSIDE, 0, 1, 2}


@pytest.mark.parametrize("rule", RULES)
def test_nobody_is_refused_who_would_still_fit_anywhere(rule: int) -> None:
    done = scene((60.0, 40.0), rule=rule).ration()
    refused = np.flatnonzero(ends(done) != SERVED)
    assert refused.size > 20
    for x in refused:
        volume = done.rows.volume[done.active.row[x]]
        for pair in range(3):
            pool = done.menu.lane[pair] // 2
            room = inference_left(done.kinds[pool], done.load[2 * pool]) - done.load[2 * pool + 1]
            assert volume * done.menu.need[pair] > room * (1.0 - 1e-9)


@given(st.integers(0, 2**32 - 1), st.sampled_from(RULES))
def test_the_order_of_customers_does_not_matter(seed: int, rule: int) -> None:
    rng = np.random.default_rng(seed)
    volume, order = rng.lognormal(-0.5, 1.0, 80), rng.permutation(80)
    rows = workloads(volume)
    moved = Workloads(*(column[order] for column in rows))  # type: ignore[arg-type]
    pools = [(12.0, 12.0), (8.0, 8.0)]
    one, other = (Scene(offered(), held, pools, rule=rule, service=(0, 0, 1)).ration() for held in (rows, moved))
    assert (other.active.served == one.active.served[order]).all()
    np.testing.assert_allclose(other.active.premium, one.active.premium[order], rtol=1e-12)
    signed, again = one.sign(), other.sign()
    np.testing.assert_allclose(again.paid, signed.paid, rtol=1e-12)
    assert (other.rows.term == one.rows.term[order]).all()


def refused_and_seated(done: Scene, pool: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return customers of equal size whose first choice was a pool: those it refused, and those it took."""
    wanted = (done.active.first >= 0) & (done.menu.lane[np.maximum(done.active.first, 0)] // 2 == pool)
    seated = done.active.served == done.active.first
    return np.flatnonzero(wanted & ~seated), np.flatnonzero(wanted & seated)


def equal(rule: int, **more: Any) -> Scene:
    """Return equal customers of one product in one pool of 50 hours, nobody tied."""
    held = workloads(np.ones(COUNT))
    choice = menu(([1.5, 1.0], []), outside=-1.0, providers=(0, 1))
    pools = [(50.0, 50.0), (0.0, 0.0)]
    return Scene(choice, held, pools, rule=rule, **more).ration()


def test_the_lottery_serves_the_lowest_numbers() -> None:
    done = equal(LOTTERY)
    refused, seated = refused_and_seated(done, 0)
    number = uniforms(done.seasons.priority, done.rows)
    assert seated.size == 50
    assert number[seated].max() < number[refused].min()


def test_reservations_serve_longer_terms_first() -> None:
    done = equal(RESERVATIONS)
    refused, seated = refused_and_seated(done, 0)
    u = uniforms(done.seasons.term, done.rows)
    term = np.select([u < 0.3, u < 0.5], [ONE_YEAR, THREE_YEAR], ON_DEMAND)
    assert set(term[seated].tolist()) == {THREE_YEAR, ONE_YEAR} or set(term[seated].tolist()) == {THREE_YEAR}
    assert term[seated].min() >= term[refused].max()
    done.sign()
    assert (done.rows.term[seated] == term[seated]).all()
    lottery = equal(LOTTERY)
    lottery.sign()
    assert (lottery.rows.term[refused_and_seated(lottery, 0)[1]] == ON_DEMAND).any()


def test_bids_serve_who_would_give_up_most_and_the_highest_refused_bid_is_the_price() -> None:
    done = equal(BIDS)
    refused, seated = refused_and_seated(done, 0)
    gain = gains(done.menu, done.seasons.choice, done.rows, np.maximum(done.active.first, 0))
    bid = np.exp(np.minimum(np.maximum(gain, 0.0) / ELASTICITY, np.log(TERMS.bid_ceiling)))
    assert seated.size == 50
    assert bid[seated].min() >= bid[refused].max() * (1.0 - 1e-8)
    np.testing.assert_allclose(done.active.premium[seated], bid[refused].max(), rtol=1e-8)
    assert bid[refused].max() > 1.05
    assert (done.active.premium[refused] == 1.0).all()
    done.sign()
    np.testing.assert_allclose(done.rows.price[seated], 2.0 * bid[refused].max(), rtol=1e-8)


def test_who_renews_where_bids_are_taken_pays_the_bid_that_seats_him() -> None:
    held = under_contract(1.0)
    held.term[:] = ON_DEMAND
    done = Scene(menu(([1.5], []), outside=-1.0), held, [(50.0, 50.0)], rule=BIDS).ration()
    done.sign()
    stayed = (done.rows.pair == 0) & (done.rows.status == SERVED)
    assert stayed.sum() == 50
    premium = done.active.premium[stayed]
    assert premium.min() > 1.0
    np.testing.assert_allclose(done.rows.price[stayed], 2.0 * premium, rtol=1e-12)


def test_bids_end_at_their_ceiling() -> None:
    done = equal(BIDS, terms=TERMS._replace(bid_ceiling=1.02))
    _, seated = refused_and_seated(done, 0)
    np.testing.assert_allclose(done.active.premium[seated], 1.02, rtol=1e-12)


def test_no_premium_is_paid_where_nobody_is_refused() -> None:
    assert (scene((1e9, 1e9), rule=BIDS).ration().active.premium == 1.0).all()


@pytest.mark.parametrize("rule", RULES)
def test_backlog_goes_first(rule: int) -> None:
    held = workloads(np.ones(COUNT))
    held.status[::8], held.pair[::8], held.waited[::8] = WAITING, 0, 1
    choice = menu(([1.5, 1.0], []), outside=-1.0, providers=(0, 1))
    done = Scene(choice, held, [(50.0, 50.0), (0.0, 0.0)], rule=rule).ration()
    backlog = done.active.fresh == 0
    assert backlog.sum() == 50
    assert (done.active.first[backlog] == 0).all()
    assert (done.active.served[backlog] == 0).all()
    assert (done.active.served[~backlog] < 0).all()
    assert (done.active.premium[backlog] == 1.0).all()
    found = done.sign()
    assert found.asked[0] == pytest.approx(found.first.sum() - 50.0)


@pytest.mark.parametrize("rule", RULES)
def test_dated_contracts_go_first_at_their_provider(rule: int) -> None:
    held = workloads(np.ones(COUNT))
    held.pair[:40], held.term[:40], held.until[:40] = 0, DATED, 9
    choice = menu(([1.5, 1.0], []), outside=-1.0, providers=(0, 1))
    done = Scene(choice, held, [(50.0, 50.0), (0.0, 0.0)], rule=rule).ration()
    assert (done.active.first[:40] == 0).all()
    assert (done.active.served[:40] == 0).all()
    done.sign()
    assert (done.rows.term[:40] == DATED).all()
    assert (done.rows.until[:40] == 9).all()
    assert (done.rows.term[40:] != DATED).all()


def test_who_is_refused_its_prescribed_supplier_signs_elsewhere_like_anybody() -> None:
    held = workloads(np.ones(COUNT))
    held.pair[:], held.term[:], held.until[:] = 0, DATED, 9
    choice = menu(([1.5, 1.0], []), outside=-1.0, providers=(0, 1))
    done = Scene(choice, held, [(50.0, 50.0), (1e9, 1e9)]).ration()
    done.sign()
    assert (done.rows.pair == 1).sum() == COUNT - 50
    assert (done.rows.term[done.rows.pair == 1] != DATED).all()


def through_the_quarters(terms: Any, quarters: int) -> list[tuple[Workloads, Accounts]]:
    """Return what becomes of customers who meet no capacity at all."""
    held = workloads(np.ones(COUNT))
    choice = menu(([1.0], []), outside=NOWHERE)
    found = []
    for t in range(quarters):
        done = Scene(choice, held, [(0.0, 0.0)], terms=terms, quarter=t).ration()
        signed = done.sign()
        found.append(
            (held._replace(status=held.status.copy(), waited=held.waited.copy(), pair=held.pair.copy()), signed)
        )
    return found


@pytest.mark.parametrize("patience", [0, 1, 2])
def test_a_share_waits_and_gives_up_in_time(patience: int) -> None:
    history = through_the_quarters(TERMS._replace(waiting_share=0.5, waiting_quarters=patience), 3)
    waits = (history[0][0].status == WAITING).mean()
    if patience == 0:
        assert waits == 0.0
        assert all((rows.status == LOST).all() for rows, _ in history)
        return
    assert waits == pytest.approx(0.5, abs=0.1)
    first = history[0][0].status == WAITING
    for t, (rows, _) in enumerate(history[: patience + 1]):
        assert (rows.status[first] == (WAITING if t < patience else LOST)).all()
        assert (rows.waited[first] == (t + 1 if t < patience else 0)).all()
        assert (rows.pair[rows.status == LOST] == UNSET).all(), "who is lost has nothing to switch away from"


def test_backlog_is_unmet_once() -> None:
    history = through_the_quarters(TERMS._replace(waiting_share=1.0, waiting_quarters=2), 2)
    assert [float(x.unmet.sum()) for _, x in history] == [COUNT, 0.0]
    assert [float(x.asked[0]) for _, x in history] == [COUNT, 0.0]
    assert [float(x.first.sum()) for _, x in history] == [COUNT, COUNT]


def test_nobody_waits_where_nobody_would() -> None:
    rows, found = through_the_quarters(TERMS._replace(waiting_share=0.0), 1)[0]
    assert (rows.status == LOST).all()
    assert found.waiting.sum() == 0.0


def under_contract(price: float) -> Workloads:
    """Return workloads in their contract with the first provider at a price."""
    held = workloads(np.ones(COUNT))
    held.status[:], held.pair[:], held.price[:], held.tasks[:], held.term[:] = SERVED, 0, price, 1.0, ONE_YEAR
    return held


def test_locked_workloads_pay_their_contract_and_renewals_little_more() -> None:
    tied = TERMS._replace(gift=np.full((CELLS, 2, 2), 1e-6))
    for price, renewal in ((1.0, 1.03), (1.98, 2.0), (3.0, 2.0)):
        done = scene((1e9, 1e9), rows=under_contract(price), terms=tied).ration()
        chose = np.zeros(COUNT, dtype=bool)
        chose[done.active.row] = True
        assert chose.mean() == pytest.approx(0.25, abs=0.1)
        found = done.sign()
        assert (done.rows.price[~chose] == price).all()
        stayed = chose & (done.rows.pair == 0)
        moved = chose & (done.rows.pair == 2)
        assert stayed.sum() + moved.sum() > 0.9 * chose.sum(), "both are products of the provider they are tied to"
        assert (done.rows.price[moved] == 2.0).all()
        np.testing.assert_allclose(done.rows.price[stayed], renewal, rtol=1e-12)
        np.testing.assert_allclose(found.paid.sum(), (done.rows.price * done.rows.tasks)[done.rows.pair >= 0].sum())


def test_who_comes_anew_pays_the_posted_price() -> None:
    done = scene((1e9, 1e9)).ration()
    done.sign()
    bought = done.rows.pair >= 0
    assert (done.rows.price[bought] == 2.0).all()
    assert (done.rows.price[~bought] == 0.0).all()
    assert (done.rows.status == SERVED).all()


@pytest.mark.parametrize(("place", "service", "fresh"), [(0, 0, 1), (0, 0, 0), (1, 1, 1), (1, 1, 0)])
def test_each_customer_is_tied_by_its_own_gift(place: int, service: int, fresh: int) -> None:
    """A gift of nearly everything to (service, fresh) keeps exactly those customers."""
    gift = np.ones((2, 2))
    gift[service, fresh] = 1e-9
    held = workloads(np.ones(COUNT))
    held.pair[:], held.status[:] = place, NEW if fresh else LOST
    choice = menu(([1.0, 1.0], []), outside=-1.0)
    for s in (0, 1):
        services = [1 - service] * 2
        services[place] = s
        done = Scene(
            choice, held, [(1e9, 1e9)] * 2, terms=TERMS._replace(gift=np.tile(gift, (CELLS, 1, 1))), service=services
        )
        kept = (done.active.first == place).mean()
        assert (kept == 1.0) == (s == service)


def test_who_runs_its_own_cards_is_tied_to_them() -> None:
    held = workloads(np.ones(COUNT))
    held.pair[:] = OUTSIDE
    shares = []
    for boost in (0.0, 2.0):
        terms = TERMS._replace(outside_boost=np.tile([9.0, boost], (CELLS, 1)))
        done = Scene(offered(), held, [(1e9, 1e9)] * 2, terms=terms, service=(0, 0, 1))
        shares.append((done.active.first == OUTSIDE).mean())
    assert shares[1] > shares[0] + 0.2


def test_workloads_without_volume_do_not_choose() -> None:
    held = workloads(np.tile([0.0, 1.0], COUNT // 2))
    done = scene((1e9, 1e9), rows=held)
    assert done.active.row.tolist() == list(range(1, COUNT, 2))


def test_contracts_that_run_on_load_their_lanes() -> None:
    held = under_contract(1.0)
    held.tasks[:], held.pair[::2] = 1.5, 2
    done = scene((1e9, 1e9), rows=held)
    load, hours = np.full(4, np.nan), np.array([1.0, 1.0, 0.7])
    load_contracts(done.running, hours, done.menu.lane, load)
    runs = np.ones(COUNT, dtype=bool)
    runs[done.active.row] = False
    expected = 1.5 * (hours[held.pair])[runs].sum()
    np.testing.assert_allclose(load, [0.0, expected, 0.0, 0.0], rtol=1e-12)


def test_lanes_share_their_cards() -> None:
    """A pool whose training lane is full has no room for inference, and the other way round."""
    choice = menu(([1.0, 1.0], []), outside=NOWHERE, providers=(0, 0), lanes=(0, 1))
    done = Scene(choice, workloads(np.ones(COUNT)), [(100.0, 50.0)]).ration()
    training, inference = done.load
    assert training / 100.0 + inference / 50.0 == pytest.approx(1.0, abs=0.02)
    assert min(training, inference) > 10.0
    assert training_left(done.kinds[0], inference) - training < 1.0


def test_a_load_that_is_there_already_leaves_less_room() -> None:
    served = [float(scene((100.0, 100.0), load=[0.0, x, 0.0, x]).ration().load.sum()) - 2.0 * x for x in (0.0, 60.0)]
    assert served[0] == pytest.approx(200.0, abs=1.0)
    assert served[1] == pytest.approx(80.0, abs=1.0)


def test_outcomes_by_their_codes() -> None:
    assert [outcome(x) for x in (5, 0, OUTSIDE, NONE - 1 - WAITING, NONE - 1 - LOST)] == [*[SERVED] * 3, WAITING, LOST]
