"""Demand: enterprises, tastes, regional growth, switching costs, contracts, AI labs."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.parameters.base import Fraction, H100e, Id, Label, Quarter, QuarterlyGrowth, Schema, Utils, quantity


class Taste(Schema):
    """A taste type: how a kind of customer weighs price, software stack and model quality."""

    price_sensitivity: Annotated[float, quantity("elasticity within nest", gt=1.0, le=20.0)]
    """a: within-nest coefficient on the log price (price_utility log), or per USD (linear)."""
    quality_weight: Annotated[float, quantity("utils per log quality", ge=0.0, le=10.0)]
    """b_q: weight on log model quality over the open frontier."""
    stack: Id
    """Software stack the customer's code is written for."""
    stack_cost_training: Utils
    """e: cost of training on another stack."""
    stack_cost_inference: Utils
    """e: cost of own inference on another stack; MaaS hides the stack."""
    own_efficiency: Annotated[float, quantity("fraction of reference", gt=0.0, le=2.0)]
    """Tokens per card-hour when self-hosting, relative to the reference provider."""
    buys_tokens: bool
    """Whether it buys tokens of providers' models (MaaS), or only rents cards."""


class RegionalDemand(Schema):
    """Potential demand of one region."""

    initial_tasks_h100e: Annotated[float, quantity("H100e of tasks at the start", gt=0.0)]
    """Potential tasks in the first quarter; a task unit is one effective H100e-hour of the start's technology."""
    growth_initial: QuarterlyGrowth
    """gamma_0: growth of potential tasks at the start."""
    growth_final: QuarterlyGrowth
    """gamma_inf: growth of potential tasks in the long run."""
    growth_decay_quarters: Annotated[float, quantity("quarters", gt=0.0, le=200.0)]
    """tau: time constant with which growth falls from initial to final."""
    shock_sd: Annotated[float, quantity("log points per quarter", ge=0.0, le=1.0)]
    """sigma: standard deviation of the common shock to growth."""
    enterprise_share: Fraction
    """Share of the world's enterprises that sit in this region."""
    tastes: Annotated[dict[Id, Fraction], Field(min_length=1)]
    """Share of customers by taste type; sums to 1."""
    training_share: dict[Quarter, Fraction]
    """Share of new tasks that are training."""
    bound_share_training: Fraction
    """Share of customers whose training data may not leave the region."""
    bound_share_inference: Fraction
    """Share of customers whose inference must be served in the region."""
    outside_utility: Utils
    """xi_0: utility of on-premises at equal cost."""
    barred_headquarters: list[Id]
    """Headquarters regions whose providers these customers may not use."""

    @model_validator(mode="after")
    def _tastes_sum_to_one(self) -> "RegionalDemand":
        if abs(sum(self.tastes.values()) - 1.0) > 1e-9:
            msg = f"tastes must sum to 1, they sum to {sum(self.tastes.values()):.6g}"
            raise ValueError(msg)
        return self


class Switching(Schema):
    """Switching costs and contracts."""

    cost_iaas: Annotated[float, quantity("utils", ge=0.0, le=50.0)]
    """kappa of a workload that runs on IaaS."""
    cost_maas: Annotated[float, quantity("utils", ge=0.0, le=50.0)]
    """kappa of a workload that runs on MaaS."""
    new_workload_fraction: Fraction
    """delta: share of kappa that ties a new workload to the incumbent."""
    one_year_share: Fraction
    """Share of IaaS workloads signed for one year (ends with 1/4 a quarter)."""
    three_year_share: Fraction
    """Share of IaaS workloads signed for three years (ends with 1/12 a quarter)."""
    maas_reserved_share: Fraction
    """Share of MaaS workloads under a one-year commitment; the rest is pay as you go."""
    escalation: Annotated[float, quantity("per quarter", ge=0.0, le=100.0)]
    """esc: a renewal pays min(posted, contract * (1 + esc))."""

    @model_validator(mode="after")
    def _terms_sum_below_one(self) -> "Switching":
        if self.one_year_share + self.three_year_share > 1.0 + 1e-12:
            msg = "one_year_share + three_year_share must not exceed 1"
            raise ValueError(msg)
        return self


class LabContract(Schema):
    """A dated contract of an AI lab with a provider."""

    provider: Id
    """Provider that serves it."""
    region: Id
    """Site region that serves it."""
    stack: Id
    """Software stack it runs on."""
    share: Fraction
    """Share of the lab's demand under this contract."""
    since: Quarter
    """First quarter of the contract."""
    until: Quarter
    """Last quarter of the contract."""


class Lab(Schema):
    """A named AI lab: a customer outside the size distribution, with dated contracts."""

    label: Label
    """Name shown in figures."""
    region: Id
    """Headquarters and customer region."""
    taste: Id
    """Taste type, a name under customers.tastes."""
    h100e: dict[Quarter, H100e]
    """Rented compute in use."""
    growth_after: QuarterlyGrowth
    """Growth of its demand after the last observation, before decay with the region's."""
    training_share: Fraction
    """Share of its demand that is training."""
    contracts: Annotated[list[LabContract], Field(min_length=1)]
    """Where its demand runs, by dates and shares; what no contract in force covers is chosen like other demand."""


class Sizes(Schema):
    """Distribution of enterprise sizes: stratified quantiles of a Pareto tail, capped."""

    tail_exponent: Annotated[float, quantity("Pareto exponent", gt=0.5, le=10.0)]
    """Exponent of the tail: 1.16 gives the largest fifth of enterprises four fifths of demand, before the cap."""
    cap_share: Annotated[float, quantity("fraction of the region", gt=0.0, le=1.0)]
    """Largest share of a region's demand one enterprise may have."""


class Customers(Schema):
    """Who buys compute."""

    enterprises: Annotated[int, quantity("enterprises", ge=1, le=5_000_000)]
    """Enterprises in the world; total demand does not depend on it."""
    workloads_per_enterprise: Annotated[int, quantity("workloads", ge=2, le=20)]
    """Workloads a customer holds at once; the two smallest become one when growth brings another."""
    granularity: Literal["agents", "cells"]
    """agents: every workload draws its choice; cells: the large-population limit without the draw."""
    price_utility: Literal["log"]
    """Form of the price term; log is the form in which markups are scale-free."""
    nest_dissimilarity: Annotated[float, quantity("rho", ge=0.0, lt=1.0)]
    """rho: correlation within the nests IaaS and MaaS; 0 is plain logit."""
    intensive_elasticity: Annotated[float, quantity("elasticity", ge=0.0, le=3.0)]
    """eps_int: elasticity of usage to the chosen product's own price."""
    waiting_disutility: Annotated[float, quantity("utils per unit of unmet share", ge=0.0, le=20.0)]
    """w: disutility of last quarter's unmet share at the provider's site."""
    home_bias: Utils
    """Utility of a provider with headquarters in the customer's region."""
    waiting_share: Fraction
    """Share of rationed demand that waits; the rest is lost."""
    waiting_quarters: Annotated[int, quantity("quarters", ge=0, le=40)]
    """Backlog expires after this many quarters."""
    tastes: Annotated[dict[Id, Taste], Field(min_length=1)]
    demand: Annotated[dict[Id, RegionalDemand], Field(min_length=1)]
    """By region."""
    switching: Switching
    sizes: Sizes
    labs: dict[Id, Lab]
    lab_teams: Annotated[int, quantity("teams", ge=1, le=1000)]
    """Parts of equal size in which a lab buys: each holds ``workloads_per_enterprise`` workloads."""
