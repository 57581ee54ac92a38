"""What tables are made of: sums of the record, each computed once, when first asked for."""

from functools import cached_property

from sim.economics.cells import Bools
from sim.rulebook import Orders, Rulebook
from sim.tabulate.chain import Chain
from sim.tabulate.demand import Demand
from sim.tabulate.frame import Frame
from sim.tabulate.rows import Columns
from sim.tabulate.sales import Sales


class Facts(Frame):
    """All sums over a run."""

    bound: Columns | None = None
    """The table ``rules``, once it has been made: events ask it as well."""

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
    def rulebook(self) -> Rulebook:
        """What is asked of the rules."""
        return self.world.ground.rulebook

    @cached_property
    def in_force(self) -> dict[str, Bools]:
        """(T, N) by use, which rules on cards are in force, see ``Rulebook``."""
        return {use: held[: self.record.quarters] for use, held in self.rulebook.in_force.items()}

    @cached_property
    def ruled(self) -> list[Orders]:
        """What rules on cards said of the orders of each quarter."""
        return [self.rulebook.orders(rules) for rules in self.record.rules]

    @cached_property
    def by_rule_and_firm(self) -> tuple[int, int, int]:
        """Quarters, rules on cards, and firms that order."""
        return self.record.quarters, len(self.rulebook.chip_rules), len(self.rulebook.firms)
