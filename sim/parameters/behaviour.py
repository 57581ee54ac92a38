"""Behaviours that scholars argue over, chosen by name (parameters stand once, under family and name)."""

from typing import Annotated, Literal

from pydantic import Field

from sim.parameters.base import Id, Schema, quantity


class StickyPrices(Schema):
    """Posted prices move partly towards the price the firm wants."""

    adjustment: Annotated[float, quantity("fraction of the log gap per quarter", gt=0.0, le=1.0)]
    """theta: share of the gap between posted and wanted price that is closed in a quarter."""
    ceiling: Annotated[float, quantity("multiple of on-premises cost", gt=1.0, le=100.0)]
    """Highest wanted price over the on-premises cost; the excess is rationed."""


class BestResponse(StickyPrices):
    """A bounded number of rounds of simultaneous best responses."""

    rounds: Annotated[int, quantity("rounds", ge=1, le=200)]
    """Rounds in each quarter, starting from last quarter's prices."""


class Equilibrium(StickyPrices):
    """Bertrand-Nash equilibrium with capacity multipliers, to a tolerance."""

    tolerance: Annotated[float, quantity("largest relative first-order residual", gt=0.0, le=1e-2)]
    """Residual at which the equilibrium counts as found."""
    maximum_iterations: Annotated[int, quantity("iterations", ge=1, le=100_000)]
    """Iterations after which the search stops; the residual reached is recorded."""


class PricingFamily(Schema):
    """How wanted prices are found."""

    name: Literal["best_response", "equilibrium"]
    """best_response: a bounded number of rounds each quarter; equilibrium: Bertrand-Nash to a tolerance."""
    best_response: BestResponse
    equilibrium: Equilibrium


class Bids(Schema):
    """Scarce capacity goes to the highest bids."""

    ceiling: Annotated[float, quantity("multiple of the posted price", ge=1.0, le=10.0)]
    """Highest premium that a bid can set."""


class RationingFamily(Schema):
    """Who is served first when a pool is full."""

    name: Literal["lottery", "reservations", "bids"]
    """lottery: in keyed random order; reservations: longer terms first; bids: by willingness to pay."""
    bids: Bids


class CapacityTarget(Schema):
    """Build towards forecast demand times expected price over long-run cost (first form)."""

    adjustment: Annotated[float, quantity("fraction of the gap per quarter", gt=0.0, le=1.0)]
    """phi_I: share of the gap between wanted and installed capacity that is ordered in a quarter."""
    forecast_weight: Annotated[float, quantity("weight", gt=0.0, le=1.0)]
    """Weight of the newest observation in expected demand and price."""
    lead_quarters: Annotated[float, quantity("quarters", ge=0.0, le=16.0)]
    """Horizon of the forecast."""
    price_elasticity: Annotated[float, quantity("elasticity", ge=0.0, le=3.0)]
    """Response of the target to price over (hurdle x long-run cost)."""
    hurdle: Annotated[float, quantity("ratio", gt=0.0, le=5.0)]
    """Expected price over long-run cost that investment asks for: below 1 builds ahead, above 1 waits."""
    maximum_growth: Annotated[float, quantity("fraction of installed per quarter", gt=0.0, le=5.0)]
    """g_max: largest addition in a quarter."""


class AllocationFamily(Schema):
    """Who gets a supplier's cards when orders exceed output."""

    name: Literal["proportional", "uniform"]
    """proportional: every order is cut by the same fraction; uniform: small orders first (water-filling)."""


class Behaviour(Schema):
    """How firms decide where scholars differ; each family is chosen by name."""

    pricing: PricingFamily
    rationing: RationingFamily
    allocation: AllocationFamily
    investment: Annotated[dict[Id, CapacityTarget], Field(min_length=1)]
    """Variants of the capacity target by name; each provider names one."""
