"""The stage: quarters, regions, exchange rate, costs of compute, technology of serving tokens."""

from typing import Annotated

from pydantic import Field, model_validator

from sim.names import quarter_number
from sim.parameters.base import Fraction, Id, Label, Positive, Quarter, QuarterlyGrowth, Rate, Schema, quantity


class Region(Schema):
    """A place where customers are and sites stand."""

    label: Label
    """Name shown in figures."""
    electricity_usd_per_kwh: Annotated[float, quantity("USD/kWh", gt=0.0, le=1.0)]
    """Industrial electricity tariff paid by data centres."""
    pue: Annotated[float, quantity("facility W per IT W", ge=1.0, le=2.5)]
    """Power usage effectiveness."""
    shell_cost_usd_m_per_mw: Annotated[float, quantity("USD m/MW IT", gt=0.0, le=100.0)]
    """Cost of shell and power at the start quarter, cards left out."""
    construction_quarters: Annotated[int, quantity("quarters", ge=1, le=20)]
    """L: time to build a shell."""
    time_to_power_quarters: Annotated[int, quantity("quarters", ge=1, le=40)]
    """Least time from the request for power to the connection; a site stands when both shell and power are there."""
    grid_mw: Annotated[float, quantity("MW IT per quarter", ge=0.0)]
    """Power that the grid can connect for AI in a quarter at the end of history; the rest queues, oldest first."""
    grid_growth: Rate
    """Growth of that."""
    trade_mw: Annotated[float, quantity("MW IT per quarter", gt=0.0)]
    """B: new shells in a quarter that the building trades take on at the usual price, at the end of history."""
    trade_growth: Rate
    """Growth of that."""
    profit_tax: Fraction
    """Tax on profits of firms with headquarters here; losses are not carried forward."""
    capital_subsidy: Annotated[float, quantity("fraction", ge=0.0, le=0.5)]
    """Share of what cards, servers and shells at sites here cost that the state pays back."""
    state_funded_share: Fraction
    """Part that the state pays for of cards wanted for sites here, and of compute rented by customers here."""


class Costs(Schema):
    """What an hour of a card costs in the long run and at the margin."""

    discount_rate: Rate
    """Annual cost of capital in the capital recovery factor."""
    obsolescence: Rate
    """Yearly fall of what a card earns that buyers expect, as newer cards do the same work for less."""
    card_life_years: Annotated[float, quantity("years", gt=0.5, le=20.0)]
    """Economic life of a card."""
    shell_life_years: Annotated[float, quantity("years", ge=5.0, le=50.0)]
    """Life of shell and power."""
    shell_cost_growth: Rate
    """Growth of the cost of shell and power, g_c."""
    operations_usd_per_card_hour: Annotated[float, quantity("USD per card-hour", ge=0.0, le=5.0)]
    """Operation and maintenance apart from electricity."""
    server_cost_multiple: Annotated[float, quantity("USD per USD of card", ge=1.0, le=3.0)]
    """All-in IT cost (server, network, storage) over the price of the accelerator."""
    server_power_multiple: Annotated[float, quantity("W per W of card", ge=1.0, le=4.0)]
    """IT power of a card with its part of server and network over the design power of the card."""


class Building(Schema):
    """Shells and power, apart from cards (B3)."""

    premium: Annotated[float, quantity("fraction", ge=0.0, le=2.0)]
    """What halls for AI cost beyond the usual ones."""
    congestion: Annotated[float, quantity("exponent", ge=0.0, le=2.0)]
    """psi: exponent of starts over what the building trades can take on."""
    first_payment: Fraction
    """Share of the price of a shell paid at the beginning."""
    last_payment: Fraction
    """Share paid at completion; the rest is spread evenly between."""
    conversion_quarters: Annotated[int, quantity("quarters", ge=1, le=20)]
    """Time to convert a hall of the general cloud, which has power already."""
    conversion_cost: Annotated[float, quantity("fraction of a new shell", ge=0.0, le=2.0)]
    """Cost of converting over that of a new shell."""
    holding_cost: Annotated[float, quantity("fraction of the price per year", ge=0.0, le=1.0)]
    """What a hall without cards costs, over the price of a new one: the price of building ahead of need."""
    spare: Annotated[float, quantity("fraction", ge=0.0, le=2.0)]
    """Power of the halls of the history beyond that of the observed cards in them."""
    converted_share: Fraction
    """Share of the halls added in the history that were converted from the general cloud; the rest was built."""
    convertible: Annotated[float, quantity("ratio", ge=0.0, le=100.0)]
    """Halls that may still be converted at the end of history, over those converted until then."""

    @model_validator(mode="after")
    def _pays_no_more_than_the_price(self) -> "Building":
        if self.first_payment + self.last_payment > 1.0:
            msg = (
                f"market.building.first_payment {self.first_payment} and last_payment {self.last_payment} (fractions "
                "of the price) are more than 1 together"
            )
            raise ValueError(msg)
        return self


class OnPremises(Schema):
    """The outside option: own cards at low utilisation, so that it moves with technology."""

    utilisation: Annotated[float, quantity("fraction", gt=0.0, le=1.0)]
    """Share of hours an enterprise's own cards are in use."""
    cost_multiple: Annotated[float, quantity("ratio", ge=0.5, le=5.0)]
    """Unit cost of hardware and operation over a provider's, at equal utilisation (scale)."""


class Technology(Schema):
    """Tokens per card-hour and tokens per task (B8)."""

    tokens_m_per_h100e_hour: Annotated[float, quantity("M tokens per effective H100e-hour", gt=0.0, le=1000.0)]
    """Served tokens per effective H100e-hour at the start, average token mix."""
    software_growth_initial: QuarterlyGrowth
    """g_soft at the start: growth of tokens per card from software."""
    software_growth_final: QuarterlyGrowth
    """g_soft in the long run."""
    software_growth_decay_quarters: Annotated[float, quantity("quarters", gt=0.0, le=200.0)]
    """Time constant with which g_soft falls from initial to final."""
    learning_exponent: Annotated[float, quantity("exponent", ge=0.0, le=1.0)]
    """b_phi: elasticity of tokens per card to own cumulative tokens."""
    learning_scale_tokens_bn: Annotated[float, quantity("bn tokens", gt=0.0)]
    """T0: cumulative tokens at which learning starts to show."""
    spillover: Fraction
    """Share of rivals' average gain that diffuses (open serving stacks)."""
    roofline_multiple: Annotated[float, quantity("ratio to start", ge=1.0, le=10000.0)]
    """Memory-bandwidth roofline: the largest gain over the start per effective H100e-hour."""
    tokens_per_task_growth_initial: QuarterlyGrowth
    """Growth of tokens per task at the start (agents, reasoning)."""
    tokens_per_task_growth_final: QuarterlyGrowth
    """Growth of tokens per task in the long run."""
    tokens_per_task_growth_decay_quarters: Annotated[float, quantity("quarters", gt=0.0, le=200.0)]
    """Time constant with which the growth of tokens per task falls."""


class StackFriction(Schema):
    """A software stack: what a card achieves under it relative to its hardware, before its ecosystem helps (B4)."""

    training: Annotated[float, quantity("fraction", gt=0.0, le=1.0)]
    """Achieved over hardware performance in training, at the least."""
    inference: Annotated[float, quantity("fraction", gt=0.0, le=1.0)]
    """Achieved over hardware performance in inference, at the least."""


class Ecosystems(Schema):
    """How use closes the gap between what hardware could do and what it does under a software stack (B4)."""

    scale_h100e: Annotated[float, quantity("H100e", gt=0.0, le=1e12)]
    """Cards in use and engineering that close 63% of the gap; at 1e12 software stays as it is."""
    decay: Annotated[float, quantity("per year", ge=0.0, lt=1.0)]
    """Part of what users and engineers have written that is of no use a year later."""
    engineering: Annotated[float, quantity("H100e per USD m", ge=0.0, le=1000.0)]
    """Cards in use that a million dollars of a maker's research does the work of."""


class PerformanceWeights(Schema):
    """Exponents of ``TPP^a * bandwidth^b * interconnect^c`` relative to H100 for one workload."""

    compute: Fraction
    """a, exponent of total processing performance."""
    memory_bandwidth: Fraction
    """b, exponent of memory bandwidth."""
    interconnect: Fraction
    """c, exponent of aggregate bidirectional interconnect."""


class Performance(Schema):
    """How specifications become effective H100-equivalents (B4)."""

    training: PerformanceWeights
    inference: PerformanceWeights


class Utilisation(Schema):
    """Highest share of hours that cards can be in paid use, U of B2."""

    maximum: Annotated[float, quantity("fraction", gt=0.0, le=1.0)]
    """Highest utilisation of a pool of cards."""


class Cohorts(Schema):
    """Ageing of cards (first form of B3)."""

    failure_per_year: Annotated[float, quantity("fraction per year", ge=0.0, le=0.5)]
    """Cards that fail and are not repaired, d_fail."""
    maximum_age_quarters: Annotated[int, quantity("quarters", ge=1, le=80)]
    """Cards older than this are retired."""


ChainWeight = Annotated[float, quantity("exponent", ge=0.0, le=1.0)]


class SelfSufficiency(Schema):
    """How much each link of the chain weighs in the index of self-sufficiency; together they make 1."""

    design: ChainWeight
    """Who designs the card."""
    wafers: ChainWeight
    """Whose fabs make its logic."""
    packaging: ChainWeight
    """Who packages it."""
    memory: ChainWeight
    """Who makes its memory."""
    tools: ChainWeight
    """Whose tools these fabs buy."""

    @model_validator(mode="after")
    def _make_one(self) -> "SelfSufficiency":
        total = sum((self.design, self.wafers, self.packaging, self.memory, self.tools))
        if abs(total - 1.0) > 1e-9:
            msg = f"weights design, wafers, packaging, memory and tools add up to {total:g}; they must make 1"
            raise ValueError(msg)
        return self


class Market(Schema):
    """Time, places, costs and technology."""

    start: Quarter
    """First simulated quarter."""
    end: Quarter
    """Last simulated quarter."""
    history_end: Quarter
    """Last quarter in which deliveries of cards follow the observed series."""
    regions: Annotated[dict[Id, Region], Field(min_length=1)]
    rmb_per_usd: dict[Quarter, Annotated[float, quantity("RMB per USD", gt=0.0)]]
    """Exchange rate."""
    stacks: Annotated[dict[Id, StackFriction], Field(min_length=1)]
    ecosystem: Ecosystems
    costs: Costs
    building: Building
    on_premises: OnPremises
    technology: Technology
    performance: Performance
    self_sufficiency: SelfSufficiency
    utilisation: Utilisation
    cohorts: Cohorts

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Market":
        if quarter_number(self.end) < quarter_number(self.start):
            msg = f"market.end {self.end} lies before market.start {self.start}; a horizon ends after it begins"
            raise ValueError(msg)
        return self


class Lease(Schema):
    """A wholesale contract between providers: the lessee operates part of the lessor's fleet."""

    lessor: Id
    """Provider that owns the cards."""
    lessee: Id
    """Provider that operates and sells them."""
    region: Id
    """Site region of the cards."""
    stack: Id
    """Software stack of the cards."""
    share: Fraction
    """Share of the lessor's fleet at that site under that stack."""
    since: Quarter
    """First quarter of the lease."""
    until: Quarter
    """Last quarter of the lease."""
    price_multiple: Positive
    """Rent per card-hour over the long-run cost of a card-hour at that site."""
