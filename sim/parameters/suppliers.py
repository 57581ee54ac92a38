"""Makers of accelerators, their catalogue, and the stages upstream that they share."""

from typing import Annotated

from pydantic import Field, model_validator

from sim.parameters.base import Fraction, Id, Label, Quarter, QuarterlyGrowth, Schema, quantity


class Chip(Schema):
    """An accelerator of the catalogue."""

    label: Label
    """Name of the card, as in chip_specs.csv."""
    supplier: Id
    """Who makes it."""
    launch: Quarter
    """First quarter in which it can be delivered; after market.history_end if research keeps its pace."""
    # Upper ends are far above any card, and catch slips (a price of 1e9). That of the price is 100 times the dearest
    # card: with such prices books still agree to the digits that numbers have, with ten times more they do not.
    tpp: Annotated[float, quantity("TOPS x bit length, dense", gt=0.0, le=1e8)]
    """Total processing performance."""
    memory_gb: Annotated[float, quantity("GB", gt=0.0, le=3e5)]
    """Memory of the card."""
    memory_bandwidth_gb_s: Annotated[float, quantity("GB/s", gt=0.0, le=2e7)]
    """Bandwidth between memory and chip: what serving tokens mostly needs."""
    interconnect_gb_s: Annotated[float, quantity("GB/s bidirectional", gt=0.0, le=5e6)]
    """Aggregate bandwidth to other cards: what training mostly needs, and what the rule of 2022 tests."""
    die_area_mm2: Annotated[float, quantity("mm2", gt=0.0, le=1e5)] | None
    """Applicable die area, which export rules read; null where it is not known."""
    logic_area_mm2: Annotated[float, quantity("mm2", gt=0.0, le=20000.0)]
    """Area of logic dies that a card takes: what wafers are spent on."""
    memory_stacks: Annotated[float, quantity("stacks of HBM", ge=0.0, le=64.0)]
    """Stacks of high-bandwidth memory; 0 for a card with other memory, which takes no advanced packaging either."""
    power_w: Annotated[float, quantity("W", gt=0.0, le=20000.0)]
    """Thermal design power of the card, server left out."""
    process_nm: Annotated[float, quantity("nm", gt=0.0, le=1e4)] | None
    """Class of the logic process; null where it is not known."""
    transistors_bn: Annotated[float, quantity("billion", gt=0.0, le=2e5)] | None
    """Transistors of its logic, which rules on foundries read; null where it is not known."""
    price_usd: Annotated[float, quantity("USD per card", gt=0.0, le=5e6)]
    """Price at launch."""


class Roadmap(Schema):
    """Generations after the last card of the catalogue: each multiplies the one before."""

    cadence_quarters: Annotated[int, quantity("quarters", ge=2, le=16)]
    """Quarters of research at its reference pace between two generations."""
    performance_gain: Annotated[float, quantity("ratio", ge=1.0, le=5.0)]
    """Compute, memory and bandwidths over those of the generation before."""
    power_gain: Annotated[float, quantity("ratio", ge=0.5, le=3.0)]
    """Power of a card over that of the generation before."""
    area_gain: Annotated[float, quantity("ratio", ge=0.5, le=3.0)]
    """Area of logic over that of the generation before."""
    stack_gain: Annotated[float, quantity("ratio", ge=0.5, le=3.0)]
    """Stacks of memory over those of the generation before."""


class Research(Schema):
    """What a maker spends on research, and how fast its roadmap moves with that."""

    revenue_share: Annotated[float, quantity("fraction of revenue", ge=0.0, le=1.0)]
    """rho: research over revenue from cards."""
    subsidy_usd_m: Annotated[float, quantity("USD m per quarter", ge=0.0)]
    """Research that somebody else pays after market.history_end."""
    reference_usd_m: Annotated[float, quantity("USD m per quarter", gt=0.0)]
    """Research, in the quarter that the side is sized for, that keeps the launch dates of catalogue and roadmap."""
    reference_growth: QuarterlyGrowth
    """Growth of the reference: each generation costs more to design."""
    elasticity: Annotated[float, quantity("elasticity", ge=0.0, le=1.0)]
    """z: response of the pace of the roadmap to research over its reference."""
    fastest: Annotated[float, quantity("quarters per quarter", ge=1.0, le=4.0)]
    """Highest pace, whatever is spent."""


class Learning(Schema):
    """Learning by doing of a maker."""

    rate: Annotated[float, quantity("fraction per doubling", ge=0.0, le=0.5)]
    """Fall of the cost of memory, packaging and test of a card per doubling of experience (Wright)."""
    spillover: Fraction
    """theta_s: share of the experience of other makers on the same side that counts as own."""
    spillover_abroad: Fraction
    """The same for makers on other sides; controls cut it."""


class Supplier(Schema):
    """A maker of accelerators."""

    label: Label
    """Name shown in figures."""
    headquarters: Id
    """Region of headquarters: decides what counts as a domestic chip."""
    stack: Id
    """Software stack of its cards, a name under market.stacks."""
    upstream: Id
    """Side whose wafers, packaging and memory it takes, a name under upstream."""
    sells_to: list[Id] | None
    """Providers that own it and come first; null for a merchant who serves all alike."""
    external_share: Fraction
    """Share of an in-house maker's output that others may buy; no meaning for a merchant."""
    foundry_access: Fraction
    """Share of the wafers due to it that it gets after market.history_end: 0 where foundries may not serve it."""
    price_decline: Annotated[float, quantity("log change per year", ge=-0.5, le=1.0)]
    """Fall of the price of a given card, and of the newest card per H100e along the roadmap."""
    gross_margin: Annotated[float, quantity("fraction of price", ge=-1.0, lt=1.0)]
    """Price less unit cost, over price, at the end of history or at launch; 0 for who sells at cost."""
    roadmap: Roadmap
    research: Research
    learning: Learning


class Stage(Schema):
    """A stage of production that the makers of a side share."""

    capacity: Annotated[float, quantity("units per quarter", ge=0.0)]
    """Output in the quarter that the side is sized for: wafers, packaging wafers or stacks of memory a quarter."""
    growth: QuarterlyGrowth
    """g_s: growth of capacity when orders equal it."""
    response: Annotated[float, quantity("log change per unit of log shortage", ge=0.0, le=1.0)]
    """e_s: response of its growth to orders over capacity of 4 to 8 quarters before."""
    bank: Annotated[float, quantity("units", ge=0.0)]
    """Stock in that quarter."""
    release: Fraction
    """Largest part of the stock that is used in a quarter."""
    imports: Annotated[float, quantity("units per quarter", ge=0.0)]
    """Units from abroad beside capacity after market.history_end, growing by growth; earlier ones are in the bank."""
    tool_imports: Fraction
    """Part of new tools that comes from abroad."""
    tool_wear: Annotated[float, quantity("fraction per quarter", ge=0.0, le=0.5)]
    """Part of its tools that is replaced in a quarter."""
    price_usd: Annotated[float, quantity("USD per unit", gt=0.0, le=2e7)]
    """Price of a wafer or stack at market.history_end."""
    price_growth: QuarterlyGrowth
    """Growth of that price."""


class Defects(Schema):
    """Defects of the foundry of a side: yield is negative binomial."""

    density: Annotated[float, quantity("defects per cm2", ge=0.0, le=10.0)]
    """D_0: at market.history_end."""
    minimum: Annotated[float, quantity("defects per cm2", ge=0.0, le=10.0)]
    """D_min: of a mature process."""
    learning: Annotated[float, quantity("exponent", ge=0.0, le=2.0)]
    """b_D: elasticity of defects above the minimum to experience."""
    clustering: Annotated[float, quantity("shape", gt=0.0, le=100.0)]
    """a of the negative binomial: small where defects cluster."""

    @model_validator(mode="after")
    def _fall_with_experience(self) -> "Defects":
        if self.minimum > self.density:
            msg = (
                f"minimum {self.minimum} (defects per cm2 of a mature process) lies above density {self.density}; "
                "defects fall with experience"
            )
            raise ValueError(msg)
        return self


class Upstream(Schema):
    """One side of the world's chip production."""

    label: Label
    """Name shown in figures."""
    regions: Annotated[list[Id], Field(min_length=1)]
    """Regions on this side: to them what its stages give is domestic."""
    sized_for: Quarter
    """Quarter of capacities and banks: those of market.history_end follow by what the cards delivered in each took."""
    wafers: Stage
    """Wafers of advanced logic for accelerators."""
    packaging: Stage
    """Wafers of advanced packaging."""
    memory: Stage
    """Stacks of high-bandwidth memory."""
    imported_memory_gb_s_mm2: Annotated[float, quantity("GB/s per mm2 of the stack", gt=0.0, le=100.0)] | None
    """Density of bandwidth of imported memory, which rules on memory read; null where none is imported."""
    defects: Defects
    past_shortage: Annotated[float, quantity("log ratio", ge=-2.0, le=2.0)]
    """ln(orders/capacity) in the quarters up to market.history_end, which expansion still answers."""
    ramp: Annotated[float, quantity("ratio", ge=1.0, le=100.0)]
    """Most wafers that a maker can start in a quarter over those of late (half a year, averaged)."""
    newcomer: Fraction
    """Part of all wafers that a maker can start beyond that, so that a new one can begin."""
    test_usd_per_card: Annotated[float, quantity("USD per card", ge=0.0, le=3e5)]
    """Test and assembly of a card."""


Sides = Annotated[dict[Id, Upstream], Field(min_length=1)]
