"""What a run leaves behind: copies of the state and of what the phases measured, quarter by quarter.

Copies are all that happens during a run; ``sim.tabulate`` makes tables of them at its end.
"""

from collections.abc import Mapping
from math import prod
from operator import attrgetter, itemgetter

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.sites import KINDS
from sim.economics.tally import Diversions, Places, empty_tally, taken_out
from sim.links import Links
from sim.policy.calendar import Quarterly
from sim.state import RECORDED, shapes_of, views
from sim.world import World

MEASURED = (
    "taken", "waiting", "unmet", "first", "asked", "flow", "outside_tasks", "before_new", "tokens_bn",
    "revenue_usd_m", "gross_margin_usd_m", "mw", "electricity_gwh", "site_capex", "build_cost", "provider_revenue",
    "building_mw", "cash_limit", "provider_capex", "wholesale_usd_m", "free_cash_flow", "general_revenue",
    "group_cash", "outside", "need", "ebitda", "financial", "entry_cost", "written_off", "interest_rate",
    "credit_limit", "denied", "premium", "leaked", "seized", "own_output", "own_tools", "inverse_weight",
    "design_usd_m", "leases_refused", "bought_ahead", "costs_here",
)  # fmt: skip
"""Arrays of the quarter that are copied."""

COUNTED = ("volume", "held", "chosen")
"""Arrays of the tally that are copied."""

_of_quarter, _of_tally = itemgetter(*MEASURED), attrgetter(*COUNTED)


class Record:
    """Arrays of a run with the quarter as first axis."""

    def __init__(self, world: World) -> None:
        structure = world.structure
        self.quarters = 0
        """Quarters taken."""
        self.diversions: list[Diversions] = []
        """By quarter, over (regions, origins, providers and ends), see ``economics.tally``."""
        self.rules: list[Mapping[str, Quarterly]] = []
        """What the rules left open in each quarter, by who asks."""
        self.under: list[Mapping[str, Floats]] = []
        """(S + W, V) part of accepted orders on the terms of licences in each quarter, by id, where limits cut it."""
        self.stopped: list[dict[str, Bools]] = []
        """(S + W,) whether a quota, cap or mandate cut orders in each quarter, by its id."""
        self.bound: list[dict[str, Floats]] = []
        """(2, S + W) H100e and USD m of orders that each instrument closed in each quarter, by its id."""
        self.lifted: list[dict[str, Floats]] = []
        """(S + W,) H100e that each rule on cards by itself kept from being ordered in each quarter, by its id."""
        self.foreseen: list[dict[str, Bools]] = []
        """(S + W,) whether a place knew that a quota, cap or mandate would close what it ordered, by its id."""
        self.own_dearer: list[dict[str, Floats]] = []
        """(R,) how much less own cards would cost customers if each rule alone were lifted, by its id."""
        shapes = shapes_of(structure)
        self._shapes = {name: shapes[name] for name in RECORDED}
        """Of the columns that are recorded: of the state, then what was measured and counted in the first quarter."""
        self._states = sum(map(prod, self._shapes.values()))
        """How much of the block of the state is recorded."""
        self._rows = np.empty((structure.quarters, 0))
        """All columns that are recorded one after another, by quarter."""
        self._taken = dict[str, Floats]()
        """Views of them by name."""
        firms = len(structure.providers)
        self._tally = empty_tally(len(structure.cells), len(structure.regions), len(structure.sites) * KINDS, firms)
        self._origin = site_origins(world.links)[world.links.pair_product]

    def take(self, world: World) -> None:
        """Copy the quarter that has just been simulated."""
        self._add_up(world)
        world.now.arrays["need"] = world.now.need
        columns = (*_of_quarter(world.now.arrays), *_of_tally(self._tally))
        if not self._taken:
            self._make_room(columns)
        np.concatenate((world.state.block[: self._states], *columns), axis=None, out=self._rows[world.t])
        self.rules.append(world.rules)
        self.under.append(world.under)
        self.stopped.append(world.now.stopped)
        self.bound.append(world.now.bound)
        self.lifted.append(world.now.lifted)
        self.own_dearer.append(world.now.own_dearer)
        self.foreseen.append(world.now.foreseen)
        self.diversions.append(taken_out(self._tally))
        self.quarters = world.t + 1

    def _make_room(self, columns: tuple[Floats, ...]) -> None:
        """Make room for all quarters, for what is measured and counted as well."""
        self._shapes |= {name: column.shape for name, column in zip((*MEASURED, *COUNTED), columns, strict=True)}
        self._rows = np.empty((len(self._rows), sum(map(prod, self._shapes.values()))))
        self._taken = views(self._rows, self._shapes)

    def _add_up(self, world: World) -> None:
        links, now = world.links, world.now
        places = Places(
            links.pair_region, self._origin, links.pair_provider, links.pair_pool, now.hours, now.need,
            world.state.served_fraction,
        )  # fmt: skip
        world.population.tally(world, places, self._tally)

    def __getitem__(self, name: str) -> Floats:
        """Return an array of the quarters taken, first axis the quarter: the record's own, to be read only."""
        return self._taken[name][: self.quarters]


def site_origins(links: Links) -> Ints:
    """Return site and kind of every product (J,), as site * KINDS + kind."""
    return links.product_site * KINDS + links.product_service + links.product_workload


def origins(links: Links) -> Ints:
    """Return provider and kind of every product (J,), as provider * KINDS + kind."""
    return links.product_provider * KINDS + links.product_service + links.product_workload
