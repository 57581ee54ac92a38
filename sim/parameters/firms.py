"""Providers of compute, and owners of cards outside them."""

from typing import Annotated, Literal

from pydantic import Field

from sim.parameters.base import Fraction, H100e, Id, Label, Quarter, QuarterlyGrowth, Schema, Utils, quantity
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

    label: Label
    """Name shown in figures."""
    headquarters: Id
    """Region of headquarters, which export rules and home bias look at."""
    kind: Literal["cloud", "own_use", "dormant"]
    """cloud sells; own_use builds for itself only; dormant may enter later."""
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
    """Archetype of its building, a name under behaviour.investment: leader, follower, waiter, asset_light, ..."""
    order_mix: dict[Id, Fraction]
    """Share of new cards by supplier after the observed deliveries; sums to 1."""
    in_house_share: Fraction | None
    """Share of makers of its own in new cards, in place of what order_mix says; null where that stands."""
    account: Account
    """Opening cash and debt, and standing with lenders."""


class RestOfWorld(Schema):
    """Owners outside the named providers, so that the world's shipments close."""

    label: Label
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
