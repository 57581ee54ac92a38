"""Policy as data: instruments by id and by the government that sets them, each with its calendar."""

from typing import Annotated, Literal

from pydantic import Field

from sim.parameters.base import Fraction, Id, Schema, quantity
from sim.parameters.instruments import (
    BuyRatio,
    CountryCap,
    CreditShock,
    DomesticContent,
    FoundryRule,
    HomePriority,
    Remedy,
    StageRule,
    Subsidy,
)
from sim.parameters.rules import Rule

Tpp = Annotated[float, quantity("TOPS x bit length, dense", ge=100.0, le=1e7)]
Density = Annotated[float, quantity("TPP per mm2", ge=0.01, le=1e3)]
Bandwidth = Annotated[float, quantity("GB/s", ge=10.0, le=1e6)]


class Line(Schema):
    """Thresholds on the specification of a card; those that are not given are not asked."""

    tpp: Tpp | None = None
    """Total processing performance."""
    performance_density: Density | None = None
    """TPP over applicable die area."""
    interconnect_gb_s: Bandwidth | None = None
    """Aggregate bidirectional bandwidth to other cards."""
    memory_bandwidth_gb_s: Bandwidth | None = None
    """Bandwidth between memory and chip."""
    bandwidth_sum_gb_s: Bandwidth | None = None
    """Memory bandwidth and interconnect together."""


class Prong(Schema):
    """One test of a rule: all its thresholds must hold."""

    at_least: Line
    """The card reaches each of these."""
    below: Line = Line()
    """The card stays under each of these."""


class Licence(Schema):
    """Terms on which a card may be sold or rented all the same."""

    approval: Fraction
    """Share of applications that is approved."""
    delay_quarters: Annotated[int, quantity("quarters", ge=0, le=12)]
    """Quarters from the effective date to the first approvals."""
    duty: Annotated[float, quantity("fraction of price", ge=0.0, le=3.0)]
    """What the buyer pays to the government on top."""
    revenue_share: Annotated[float, quantity("fraction of price", ge=0.0, lt=1.0)]
    """What the maker hands over of its revenue."""
    share_of_home: Annotated[float, quantity("ratio", ge=0.0, le=10.0)] | None
    """Most H100e under the rule over all that the maker sells in the regions of origin; null for no limit."""
    cards_per_quarter: Annotated[float, quantity("cards per quarter", ge=0.0)] | None
    """Most cards under the rule in all; null for no limit."""
    sold_at_home: bool
    """Whether only cards that are on sale in the regions of origin may go, none that was made for one destination."""


class ChipRule(Rule):
    """Whether a card may be ordered, or compute on it rented, by its specification.

    It catches a card made by a maker of ``origins`` for a place in ``destinations`` or for a firm whose parent sits in
    ``headquarters``, where the card meets one of the ``prongs``.
    """

    kind: Literal["chip_rule"]
    """What sort of instrument it is."""
    uses: Annotated[list[Literal["order", "rental"]], Field(min_length=1)]
    """Orders of cards, rentals of compute on them, or both."""
    treatment: Literal["deny", "licence", "notify"]
    """What happens to a card that is caught."""
    licence: Licence | None
    """Terms of a licence; null unless the treatment is licence."""
    prongs: dict[Id, Prong]
    """Tests by name, one of which suffices; without any, every card is caught."""
    origins: list[Id] | None
    """Regions of the makers' headquarters; null for all."""
    destinations: list[Id]
    """Regions where cards stand, or from which they are rented."""
    headquarters: list[Id]
    """Regions of the headquarters of those who buy or rent, wherever the cards stand."""
    buyers: list[Id] | None
    """Firms it is for, among providers and owners elsewhere; null for all."""
    covered_share: Fraction
    """Share of these orders or rentals it is for."""
    state_funded: bool = False
    """Whether it is for state-funded projects alone, see ``market.regions``."""
    only_chips: list[Id] | None
    """Cards it is for, by id; null for all that the tests catch."""
    exempt_chips: list[Id]
    """Cards that were let through although the tests catch them."""
    overrides: list[Id]
    """Rules that say nothing of a card which this one catches."""
    growth: Annotated[float, quantity("per year", ge=-0.5, le=2.0)]
    """Growth of all thresholds from the effective date on: a sliding scale."""
    generations_behind: Annotated[int, quantity("generations", ge=0, le=6)] | None
    """Thresholds move with the best card of these origins so many generations ago; null for fixed ones."""
    evaded: Fraction
    """Share of refused rentals that gets through all the same: customers who are not known for what they are."""


class Enforcement(Rule):
    """How hard evasion of rules on cards is made at a destination, over the usual effort."""

    kind: Literal["enforcement"]
    """What sort of instrument it is."""
    destinations: Annotated[list[Id], Field(min_length=1)]
    """Regions whose grey market it bears on."""
    budget: Annotated[float, quantity("ratio", gt=0.0, le=20.0)]
    """Budget of enforcement over that of 2024."""
    verification: Annotated[float, quantity("ratio", ge=1.0, le=20.0)]
    """Effect of location verification and the like; 1 for none."""


Instrument = Annotated[
    ChipRule | StageRule | FoundryRule | CountryCap | BuyRatio | DomesticContent | Subsidy | HomePriority | Remedy
    | CreditShock | Enforcement,
    Field(discriminator="kind"),
]  # fmt: skip
"""One thing that a government does; ``kind`` says which."""


class Policy(Schema):
    """Rules by the government that sets them. Without any, every order and every rental is free."""

    us: dict[Id, Instrument]
    """Instruments of the United States."""
    cn: dict[Id, Instrument]
    """Instruments of China."""
    allies: dict[Id, Instrument]
    """Instruments of allies and other governments, and shocks to compare rules with."""

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    @property
    def instruments(self) -> dict[str, Instrument]:
        """All instruments by id."""
        return {**self.us, **self.cn, **self.allies}

    def authority(self, instrument: str) -> str:
        """Return the group of the government that set an instrument.

        Raises:
            KeyError: If no group holds it.
        """
        for name in GOVERNMENTS:
            if instrument in getattr(self, name):
                return name
        raise KeyError(instrument)


GOVERNMENTS = tuple(Policy.model_fields)
"""Groups of rules by who sets them."""
