"""Phase 8, second part: what firms learn of demand and growth by region, and of shares and prices by site (B7)."""

from sim.economics.observing import Beliefs, Observed, learn
from sim.structure import PAST
from sim.world import World


def run(world: World) -> None:
    """Observe the market and renew all forecasts; note what every site's provider sees and expects."""
    state, t, now = world.state, world.t, world.now.arrays
    observed = Observed(
        now["first"], now["contracted"], world.now.most, now["own_use_wanted"], state.posted, state.tokens_per_hour,
        world.links.other_cost, state.long_run, now["parts"], now["site_cost"], state.effective, state.energised_mw,
        state.begun_mw, world.paths.next_growth[t],
    )  # fmt: skip
    beliefs = Beliefs(
        state.demand_seen, state.first_share, state.own_price, state.own_markup, state.seen, state.habit, state.ahead,
        state.forecast_error,
    )  # fmt: skip
    seen = learn(world.links.observing, world.links.heuristics, observed, beliefs, t == 0, PAST + t)
    now["site_demand"], now["site_load"] = seen.demand, seen.load
    now["costs_here"], now["hour_cost_here"] = seen.costs, seen.cost
    now["growth_ahead"], now["price_ahead"] = seen.growth, seen.price
    now["standing"], now["captive"] = seen.standing, seen.captive
