"""Providers, suppliers and the chip catalogue."""

from typing import Annotated, Literal

from pydantic import Field

from sim.parameters.base import Fraction, H100e, Id, Quarter, QuarterlyGrowth, Schema, Utils, quantity
from sim.parameters.finance import Account, Group

Cards = Annotated[float, quantity("cards", ge=0.0)]


class Site(Schema):
    """A provider's fleet in one region."""

    launch: Quarter
    """First quarter in which the site sells."""
    opening_cards: dict[Id, Cards]
    """Cards by chip at the start."""
    deliveries: dict[Id, dict[Quarter, Cards]]
    """Observed cards delivered by chip and quarter, used up to market.history_end."""


class ModelService(Schema):
    """Model-as-a-Service of a provider."""

    launch: Quarter
    """First quarter in which tokens are sold."""
    stack: Id
    """Stack that serves the tokens (hidden from the customer)."""
    log_quality: dict[Quarter, Annotated[float, quantity("log of quality over the open frontier", ge=-10.0, le=10.0)]]
    """Quality of the models sold: 0 is the best open model of the quarter."""
    utility: Utils
    """xi of the model service relative to the provider's IaaS."""
    efficiency: Annotated[float, quantity("ratio to reference", gt=0.0, le=20.0)]
    """Tokens per effective card-hour at the start over the reference."""
    efficiency_growth: QuarterlyGrowth
    """Own growth of tokens per card beyond the common path (the asymmetric case)."""
    other_cost_usd_per_m_tokens: Annotated[float, quantity("USD per M tokens", ge=0.0, le=100.0)]
    """Cost per M tokens beyond compute."""
    licensed_regions: Annotated[list[Id], Field(min_length=1)]
    """Customer regions where the model may be sold."""


class OwnUse(Schema):
    """Captive demand: own products and labs."""

    h100e: dict[Quarter, H100e]
    """Demand at the reference price up to the last given quarter, average effective H100e in use."""
    growth_after: QuarterlyGrowth
    """Growth after the last given quarter, decaying with the home region's demand growth."""
    elasticity: Annotated[float, quantity("elasticity", ge=0.0, le=3.0)]
    """eps_own: elasticity to the posted price over the reference price."""


class GeneralCloud(Schema):
    """Cloud business beside AI: an exogenous path; its cash is part of the group's."""

    revenue_usd_m: dict[Quarter, Annotated[float, quantity("USD m per quarter", ge=0.0)]]
    """Revenue by quarter."""
    growth_after: QuarterlyGrowth
    """Growth after the last given quarter."""


class PricingStance(Schema):
    """What a provider wants from its prices beside profit."""

    share_weight: Annotated[float, quantity("weight", ge=0.0, le=2.0)]
    """w: weight on revenue (Baumol): unit cost enters divided by 1 + w."""
    customer_value_weight: Annotated[float, quantity("weight", ge=0.0, le=1.0)]
    """zeta: weight on the future margin of a customer who is locked in."""


class CloudProvider(Schema):
    """A provider of compute, or a firm that builds compute for itself."""

    label: str
    """Name shown in figures."""
    headquarters: Id
    """Region of headquarters, which export rules and home bias look at."""
    kind: Literal["cloud", "own_use", "dormant"]
    """cloud sells; own_use builds for itself only; dormant may enter later."""
    archetype: str
    """Strategic archetype: leader, follower, waiter, asset_light, ..."""
    utility: Utils
    """xi: what customers see in the provider beside price, stack and home."""
    sites: dict[Id, Site]
    """By region."""
    models: ModelService | None
    """Model service; null where it sells none."""
    own_use: OwnUse | None
    """Captive demand; null where it has none."""
    general_cloud: GeneralCloud | None
    """Cloud business beside AI; null where it has none, or where it is not told apart."""
    group: Group | None
    """Whose money stands behind it beside its own; null where it has to earn or borrow all it spends."""
    pricing: PricingStance
    investment: Id
    """Name under behaviour.investment."""
    order_mix: dict[Id, Fraction]
    """Share of new cards by supplier after the observed deliveries; sums to 1."""
    account: Account
    """Opening cash and debt, and standing with lenders."""


class Chip(Schema):
    """An accelerator of the catalogue."""

    label: str
    """Name of the card, as in chip_specs.csv."""
    supplier: Id
    """Who makes it."""
    launch: Quarter
    """First quarter in which it can be delivered."""
    tpp: Annotated[float, quantity("TOPS x bit length, dense", gt=0.0)]
    """Total processing performance."""
    memory_gb: Annotated[float, quantity("GB", gt=0.0)]
    """Memory of the card."""
    memory_bandwidth_gb_s: Annotated[float, quantity("GB/s", gt=0.0)]
    """Bandwidth between memory and chip: what serving tokens mostly needs."""
    interconnect_gb_s: Annotated[float, quantity("GB/s bidirectional", gt=0.0)]
    """Aggregate bandwidth to other cards: what training mostly needs, and what the rule of 2022 tests."""
    die_area_mm2: Annotated[float, quantity("mm2", gt=0.0)] | None
    """Applicable die area; null where it is not known."""
    power_w: Annotated[float, quantity("W", gt=0.0, le=20000.0)]
    """Thermal design power of the card, server left out."""
    process_nm: Annotated[float, quantity("nm", gt=0.0)] | None
    """Class of the logic process; null where it is not known."""
    price_usd: Annotated[float, quantity("USD per card", gt=0.0)]
    """Price at launch."""


class Supplier(Schema):
    """A maker of accelerators."""

    label: str
    """Name shown in figures."""
    headquarters: Id
    """Region of headquarters: decides what counts as a domestic chip."""
    stack: Id
    """Software stack of its cards, a name under market.stacks."""
    sells_to: list[Id] | None
    """Providers served; null for a merchant who serves all."""
    price_decline: Annotated[float, quantity("log change per year", ge=-0.5, le=1.0)]
    """Fall of the price of a given card, and of the newest card per H100e after the roadmap ends."""
    gross_margin: Annotated[float, quantity("fraction of price", ge=-1.0, lt=1.0)]
    """Price less unit cost, over price; 0 for an in-house maker who sells at cost."""
    output_h100e: Annotated[float, quantity("H100e per quarter", ge=0.0)]
    """Output in the last quarter of observed deliveries (market.history_end)."""
    output_growth: QuarterlyGrowth
    """Growth of output after it, in H100e: more cards, and more H100e a card."""
    """Price less unit cost, over price; 0 for an in-house maker who sells at cost."""


class RestOfWorld(Schema):
    """Owners outside the named providers, so that the world's shipments close."""

    label: str
    """Name shown in figures."""
    region: Id
    """Where its cards stand."""
    headquarters: Id
    """Region of headquarters."""
    deliveries: dict[Id, dict[Quarter, Cards]]
    """Observed cards delivered by chip and quarter, used up to market.history_end."""
    growth_after: QuarterlyGrowth
    """Growth of its orders after the history, decaying with the region's demand growth."""
    opening_cards: dict[Id, Cards]
    """Cards by chip at the start."""
