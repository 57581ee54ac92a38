"""Instruments beside rules on cards: on stages upstream, on quantities, on money, on contracts."""

from typing import Annotated, Literal

from pydantic import Field

from sim.parameters.base import Fraction, H100e, Id, QuarterlyGrowth, quantity
from sim.parameters.rules import Rule

Ids = Annotated[list[Id], Field(min_length=1)]
Part = Annotated[float, quantity("fraction", ge=0.0, le=0.5)]
Factor = Annotated[float, quantity("ratio", ge=0.0, le=10.0)]
Transistors = Annotated[float, quantity("billion", ge=0.0)] | None
Stages = Annotated[list[Literal["wafers", "packaging", "memory"]], Field(min_length=1)]


class StageRule(Rule):
    """What a ban, a shock or a subsidy does to stages upstream of one side."""

    kind: Literal["stage_rule"]
    side: Id
    """Side whose makers feel it, a name under upstream."""
    stages: Stages
    """Stages it is about."""
    output: Factor
    """Output over what the stages could give, as long as it is in force: below 1 for a shock."""
    price: Annotated[float, quantity("ratio", gt=0.0, le=10.0)]
    """Price of a unit over what it would be."""
    growth: QuarterlyGrowth
    """Added to the growth of capacity: above 0 for a subsidy."""
    imports_banned: Fraction
    """Part of imported units that does not come, of those that it is about."""
    denser_than_gb_s_mm2: Annotated[float, quantity("GB/s per mm2 of the stack", ge=0.0, le=100.0)] | None
    """Density of bandwidth above which imported memory is banned, see upstream; null for all imports."""
    tools_banned: Fraction
    """Part of imported tools that does not come."""
    servicing_banned: Annotated[float, quantity("ratio", ge=0.0, le=10.0)]
    """Tools that stop for want of service and parts, over those that wear out anyway."""
    cost_usd_m: Annotated[float, quantity("USD m per quarter", ge=0.0)]
    """What the government pays for it at full strength, to who builds the capacity."""


class FoundryRule(Rule):
    """Whether foundries may make the cards of a designer.

    A card is caught where its process is no coarser, and its transistors are no fewer, than said; what is not known of
    it is presumed.
    """

    kind: Literal["foundry_rule"]
    sides: Ids
    """Sides whose foundries may not, names under upstream."""
    headquarters: Ids
    """Regions of the headquarters of makers it is for."""
    approved: list[Id]
    """Makers it is not for, by name."""
    process_nm: Annotated[float, quantity("nm", gt=0.0)] | None
    """Coarsest process that is caught; null for all."""
    transistors_bn: Transistors
    """Least transistors of a card that is caught; null for all."""
    transistors_bn_without_memory: Transistors
    """The same for cards without high-bandwidth memory; null for all."""
    access: Fraction
    """Part of the wafers for caught cards that foundries still serve."""


class CountryCap(Rule):
    """How much compute may go to a place at all, counted from the day on which it binds."""

    kind: Literal["country_cap"]
    origins: list[Id] | None
    """Regions of the headquarters of makers whose cards count; null for all."""
    h100e: Annotated[dict[Id, H100e], Field(min_length=1)]
    """Most H100e in all by destination. A region stands for several countries: give the sum of theirs."""
    chartered: list[Id]
    """Regions of headquarters of firms whom the caps do not bind, but the two shares below."""
    largest_share_abroad: Fraction | None
    """Most of a chartered firm's compute in one of the destinations, in H100e; null for no limit."""
    least_share_at_home: Fraction | None
    """Least of a chartered firm's compute in the region of its headquarters, in H100e; null for no limit."""
    allowances: dict[Id, H100e]
    """Most H100e in all in each destination of providers that have a licence of their own, by name: the cap on the
    destination does not count them."""
    small_orders_h100e: Annotated[float, quantity("H100e per year", ge=0.0)]
    """What a provider may have in a destination beside the cap, which does not count it. Owners elsewhere stand for
    many buyers, and have no such orders."""


class PurchaseRule(Rule):
    """Who must buy domestic cards."""

    destinations: Ids
    """Regions where cards stand."""
    domestic: Ids
    """Regions of the headquarters of makers whose cards count as domestic."""
    buyers: list[Id] | None
    """Firms it is for, among providers and owners elsewhere; null for all."""
    covered_share: Fraction
    """Share of these orders it is for."""
    state_funded: bool = False
    """Whether it is for state-funded projects alone, see ``market.regions``."""


class BuyRatio(PurchaseRule):
    """At most so many foreign cards for a domestic one."""

    kind: Literal["buy_ratio"]
    foreign_per_domestic: Annotated[float, quantity("H100e per H100e", ge=0.0, le=1e3)]
    """Most foreign H100e for a domestic one, in a quarter's orders of a firm."""


class DomesticContent(PurchaseRule):
    """Least share of domestic cards among new ones."""

    kind: Literal["domestic_content"]
    least_share: Fraction
    """Domestic H100e over all, in a quarter's orders of a firm, at full strength."""
    removed_below: Fraction
    """Projects less complete than this on the first day take foreign cards out; they lie evenly between 0 and 1."""


class Subsidy(Rule):
    """What a government pays of the costs of sites in a region."""

    kind: Literal["subsidy"]
    regions: Ids
    """Regions of sites."""
    makers: list[Id] | None
    """Regions of the headquarters of makers whose cards count, for power and cards; null for all."""
    power: Fraction
    """Part of the electricity bill of these cards."""
    cards: Part
    """Part of the price of new ones of these cards, servers included."""
    capital: Part
    """Part of all that is spent there on cards, servers and halls."""


class HomePriority(Rule):
    """Makers serve buyers of some places first, and others with what is left."""

    kind: Literal["home_priority"]
    makers: Ids
    """Regions of the headquarters of makers it binds; who makes for its owners alone is left out."""
    first: Ids
    """Regions of the headquarters of buyers who come first."""


class Remedy(Rule):
    """What a competition authority does about lock-in."""

    kind: Literal["remedy"]
    regions: list[Id] | None
    """Regions of the customers whom it protects; null for all."""
    switching: Fraction
    """Switching costs over what they would be: egress fees, interoperability."""
    committed_share: Fraction
    """Most of what is newly signed that may be bound for a year or longer, by service; 1 for no limit."""


class CreditShock(Rule):
    """What happens to credit, for comparison with rules."""

    kind: Literal["credit_shock"]
    headquarters: list[Id] | None
    """Regions of the headquarters of providers that it reaches; null for all."""
    risk_free_rate: Annotated[float, quantity("per year", ge=-0.1, le=0.3)]
    """Added to the risk-free rate."""
    spread: Annotated[float, quantity("per year", ge=0.0, le=0.5)]
    """Added to the spread of every firm that it reaches."""
    covenant: Factor
    """Credit limits over what they would be."""
