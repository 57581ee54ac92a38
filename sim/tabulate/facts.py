"""What tables are made of: sums of the record, each computed once, when first asked for."""

from functools import cached_property

import numpy as np

from sim.economics.cells import Bools, Ints
from sim.parameters.instruments import FoundryRule
from sim.policy.foundry import caught
from sim.tabulate.bound import Bound
from sim.tabulate.chain import Chain
from sim.tabulate.demand import Demand
from sim.tabulate.frame import Frame
from sim.tabulate.sales import Sales


class Facts(Frame):
    """All sums over a run."""

    bound: list[Bound] | None = None
    """What rules did, once ``rules`` has worked it out: its table and events both ask."""

    @cached_property
    def sales(self) -> Sales:
        """What was sold."""
        return Sales(self.world, self.record)

    @cached_property
    def demand(self) -> Demand:
        """What was wanted."""
        return Demand(self.world, self.record)

    @cached_property
    def fleets(self) -> Chain:
        """What stands, and what of new cards is domestic."""
        return Chain(self.world, self.record)

    @cached_property
    def caught_by_foundries(self) -> dict[str, Bools]:
        """Cards that each rule on foundries catches (V,), by its id."""
        found = self.structure.parameters.policy.instruments.items()
        return {name: caught(rule, self.structure) for name, rule in found if isinstance(rule, FoundryRule)}

    @cached_property
    def ordering(self) -> tuple[list[str], Ints]:
        """Firms that order cards, by id, and the position of that of every place that does (S + W,)."""
        places = [str(place.firm) for place in self.links.subjects["orders"].places]
        firms = sorted(set(places))
        return firms, np.array([firms.index(firm) for firm in places], dtype=np.int64)
