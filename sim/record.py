"""What a run leaves behind: copies of the state and of what the phases measured, quarter by quarter.

Copies are all that happens during a run; ``sim.tabulate`` makes tables of them at its end.
"""

import numpy as np

from sim.economics.cells import Floats, Ints
from sim.economics.tally import Diversions, Places, empty_tally, taken_out
from sim.links import Links
from sim.policy.calendar import Quarterly
from sim.world import World

STATE = (
    "posted", "residual", "own_use", "load", "served_fraction", "operated", "long_run", "on_premises",
    "tokens_per_hour", "tokens_per_task", "reference_tokens", "owned", "stored", "ordered", "accepted", "delivered",
    "elsewhere", "elsewhere_ordered", "elsewhere_accepted", "elsewhere_delivered", "chip_price", "cash",
    "energised_mw", "queued_mw", "tightening",
    "debt", "assets", "budget", "appetite", "selling",
    "chip_cost", "chip_needs", "chip_yield", "research", "limit", "bank",
)  # fmt: skip
"""Columns of the state that are copied."""

MEASURED = (
    "taken", "waiting", "unmet", "first", "asked", "flow", "outside_tasks", "before_new", "tokens_bn",
    "revenue_usd_m", "gross_margin_usd_m", "mw", "electricity_gwh", "site_capex", "build_cost", "provider_revenue",
    "building_mw", "cash_limit", "provider_capex", "wholesale_usd_m", "free_cash_flow", "general_revenue",
    "group_cash", "outside", "need", "ebitda", "financial", "entry_cost", "written_off", "interest_rate",
    "credit_limit", "denied", "premium", "leaked", "seized", "own_output", "own_tools",
)  # fmt: skip
"""Arrays of the quarter that are copied."""

COUNTED = ("volume", "held", "chosen")
"""Arrays of the tally that are copied."""

KINDS = 3
"""Kinds of product by which demand is told apart: IaaS training, IaaS inference, MaaS inference."""


class Record:
    """Arrays of a run with the quarter as first axis."""

    def __init__(self, world: World) -> None:
        structure = world.structure
        self.quarters = 0
        """Quarters taken."""
        self.diversions: list[Diversions] = []
        """By quarter, over (regions, origins, providers and ends), see ``economics.tally``."""
        self.rules: list[dict[str, Quarterly]] = []
        """What the rules left open in each quarter, by who asks."""
        self.bound: list[dict[str, float]] = []
        """H100e that caps and mandates took in each quarter, by rule."""
        self._length = structure.quarters
        self._arrays: dict[str, Floats] = {}
        firms = len(structure.providers)
        self._tally = empty_tally(len(structure.cells), len(structure.regions), len(structure.sites) * KINDS, firms)
        self._origin = site_origins(world.links)[world.links.pair_product]

    def take(self, world: World) -> None:
        """Copy the quarter that has just been simulated."""
        self._add_up(world)
        measured, state, t = world.now.arrays, vars(world.state), world.t
        measured["need"] = world.now.need
        if not self._arrays:
            self._open(state, measured)
        arrays = self._arrays
        for name in STATE:
            arrays[name][t] = state[name]
        for name in MEASURED:
            arrays[name][t] = measured[name]
        for name in COUNTED:
            arrays[name][t] = getattr(self._tally, name)
        np.divide(1.0, measured["inverse_weight"], out=arrays["weight"][t])
        self.rules.append(world.rules)
        self.bound.append(world.now.bound)
        self.diversions.append(taken_out(self._tally))
        self.quarters = t + 1

    def _open(self, state: dict[str, Floats], measured: dict[str, Floats]) -> None:
        """Make an array of every column, with a row for each quarter."""
        sources = {name: state[name] for name in STATE} | {name: measured[name] for name in MEASURED}
        sources |= {name: getattr(self._tally, name) for name in COUNTED} | {"weight": measured["inverse_weight"]}
        self._arrays = {name: np.empty((self._length, *like.shape)) for name, like in sources.items()}

    def _add_up(self, world: World) -> None:
        links, now = world.links, world.now
        places = Places(
            links.pair_region, self._origin, links.pair_provider, links.pair_pool, now.hours, now.need,
            world.state.served_fraction,
        )  # fmt: skip
        world.population.tally(world, places, self._tally)

    def __getitem__(self, name: str) -> Floats:
        """Return an array of the quarters taken, first axis the quarter."""
        return self._arrays[name][: self.quarters]


def site_origins(links: Links) -> Ints:
    """Return site and kind of every product (J,), as site * KINDS + kind."""
    return links.product_site * KINDS + links.product_service + links.product_workload


def origins(links: Links) -> Ints:
    """Return provider and kind of every product (J,), as provider * KINDS + kind."""
    return links.product_provider * KINDS + links.product_service + links.product_workload
