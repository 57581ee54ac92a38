"""How pairs, products, pools, cells and firms hang together: arrays that follow from the structure once."""

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.economics import serving
from sim.economics.cells import NESTS, Floats, Ints
from sim.economics.choice import MOST_PAIRS
from sim.economics.ecosystem import Ecosystem
from sim.economics.fleets import Leases
from sim.economics.forecasts import FUNDAMENTAL, HEURISTICS
from sim.economics.menus import Pairs, Tastes
from sim.economics.observing import Heuristics, Where
from sim.economics.service import Terms
from sim.economics.stable import nest_shock_table
from sim.economics.supply import Products
from sim.economics.technology import capital_recovery
from sim.economics.workloads import (
    CAPPED,
    EXPIRY,
    NEWCOMER,
    ONE_YEAR,
    STANDINGS,
    THREE_YEAR,
    UNSET,
    DatedContracts,
)
from sim.economics.works import Builders
from sim.makers import Makers
from sim.names import HOURS_PER_QUARTER, QUARTERS_PER_YEAR, key_of
from sim.parameters import Parameters
from sim.parameters.behaviour import CapacityTarget
from sim.parameters.customers import Lab, LabContract, Switching
from sim.policy.chip_rules import Subjects
from sim.policy.remedies import LockIn
from sim.policy.specification import specifications
from sim.policy.status import Place
from sim.strategies.capacity_target import Stance
from sim.strategies.outlook import Fixed
from sim.structure import IAAS, INFERENCE, MAAS, NEVER, OPENING_AGE_QUARTERS, TRAINING, Structure

ORDERING = ("sites", "elsewhere")
"""Who orders cards, by the names of the subjects of rules: sites of providers, and owners outside them."""


class Links:
    """Arrays derived from the structure once: how products, pools and cells hang together, who behaves how."""

    def __init__(self, structure: Structure) -> None:
        self._products(structure)
        self._cells(structure)
        self._pairs(structure)
        self._pools(structure)
        self._firms(structure)
        self._costs(structure)
        self._labs(structure)
        self._money(structure)
        self._leases(structure)
        self.order_mix = _order_mix(structure)
        others = len(structure.providers) + np.arange(structure.elsewhere_region.size)
        self.order_firm = np.concatenate([structure.site_provider, others])
        """(S + W,) firm of every place that orders cards: providers, then owners elsewhere."""
        self.order_region = np.concatenate([structure.site_region, structure.elsewhere_region])
        """(S + W,) region of every such place."""
        by_place = structure.site_region, structure.elsewhere_region
        self.ordering_in = [[np.flatnonzero(x == r) for x in by_place] for r in range(len(structure.regions))]
        """Sites, and owners elsewhere, by region."""
        self.keepers = _keepers(structure, self.order_region)
        """(R, S + W) weights of places whose orders show what customers may buy for themselves."""
        homes = np.concatenate([self.provider_region[structure.site_provider], _homes(structure)])
        self.order_at_home = homes == self.order_region
        """(S + W,) whether it lies in the region of its firm's headquarters."""
        at_home, denied = self.order_at_home[: len(structure.sites)], structure.parameters.behaviour.leasing.denied
        self.home_site = np.full(len(structure.providers), -1)
        """(I,) site of a firm in the region of its headquarters; -1 where it has none."""
        self.home_site[structure.site_provider[at_home]] = np.flatnonzero(at_home)
        self.denied_leasing = np.where(at_home, 0.0, denied)
        """(S,) part that firms rent abroad of what rules deny them."""
        self.investment = _investment(structure)
        self.share_weight = np.array([x.share_weight for x in _variants(structure)])
        self.forecast_rule = _forecast_rule(structure)
        self.observing = Where(
            self.product_lane, self.product_provider, self.product_workload, self.product_site, self.product_maas,
            structure.pool_site, structure.site_region, structure.build_quarters, self.share_weight,
            self.investment.own_price_weight, self.forecast_rule,
        )  # fmt: skip
        rule = structure.parameters.behaviour.expectations
        self.heuristics = Heuristics(
            rule.adaptation, rule.extrapolation, rule.error_memory, rule.intensity, rule.elasticity
        )
        self.knows_growth = self.forecast_rule == FUNDAMENTAL
        """(S,) whether the provider looks at the growth of potential demand until a site would stand."""
        self.power_wait = structure.lead - structure.build_quarters
        """(R,) least quarters from a request to the promise of power."""
        self.site_lead = structure.lead[structure.site_region]
        self.builders = _builders(structure, self.power_wait)
        self.fixed = _fixed(self, structure)
        self.makers = Makers(structure)
        self.software = software_of(structure)
        self.subjects = _subjects(structure)

    def _products(self, structure: Structure) -> None:
        self.product_provider = structure.product_column("provider")
        self.product_service = structure.product_column("service")
        self.product_workload = structure.product_column("workload")
        self.product_region = structure.product_column("region")
        self.product_pool = structure.product_column("pool")
        self.product_site = structure.pool_site[self.product_pool]
        self.product_launch = structure.product_column("launch")
        self.product_lane = 2 * self.product_pool + self.product_workload
        self.product_maas = self.product_service == MAAS
        self.product_training = self.product_workload == TRAINING
        self.product_fee = np.zeros(self.product_pool.size)
        """(J,) ad valorem wedge: none yet."""

    def _cells(self, structure: Structure) -> None:
        cells, customers = structure.cells, structure.parameters.customers
        tastes = list(customers.tastes.values())
        demand = [customers.demand.get(r) for r in structure.regions]
        self.tastes = Tastes(
            customers.intensive_elasticity, 1.0 - customers.nest_dissimilarity, customers.waiting_disutility
        )
        self.cell_region = np.array([c.region for c in cells])
        self.cell_taste = np.array([c.taste for c in cells])
        self.cell_workload = np.array([c.workload for c in cells])
        self.cell_inference = self.cell_workload == INFERENCE
        self.cell_sensitivity = np.array([tastes[c.taste].price_sensitivity for c in cells])
        self.cell_own_efficiency = np.array([tastes[c.taste].own_efficiency for c in cells])
        self.cell_quality_weight = np.array([tastes[c.taste].quality_weight for c in cells])
        self.cell_outside = np.array([x.outside_utility if x is not None else 0.0 for x in demand])[self.cell_region]
        self.cell_start = structure.segment_start[::NESTS].copy()
        self.segment_start = structure.segment_start
        self.opening_tasks = HOURS_PER_QUARTER * np.array([x.initial_tasks_h100e if x else 0.0 for x in demand])
        self.demand_shock = np.array([x.shock_sd if x else 0.0 for x in demand])
        self.nest_table = nest_shock_table(customers.nest_dissimilarity)
        self.class_incumbent, self.class_protected = _classes(structure)
        _require_few_pairs(structure)

    def _pairs(self, structure: Structure) -> None:
        self.pair_cell = np.array([b for b, _ in structure.pairs])
        self.pair_product = np.array([j for _, j in structure.pairs])
        self.pair_provider = self.product_provider[self.pair_product]
        self.pair_service = self.product_service[self.pair_product]
        self.pair_lane = self.product_lane[self.pair_product]
        self.pair_pool = self.product_pool[self.pair_product]
        self.pair_key = np.array([structure.products[j].key for j in self.pair_product], dtype=np.uint64)
        self.pair_maas = self.pair_service == MAAS
        self.pair_sensitivity = self.cell_sensitivity[self.pair_cell]
        self.pair_region = self.cell_region[self.pair_cell]
        self.serving = serving.Where(
            self.cell_region, self.cell_sensitivity * self.tastes.slack, self.pair_service, self.pair_product
        )
        self.every_pair = np.ones(self.pair_cell.size)
        self.pair_fixed = np.array([_fixed_utility(structure, b, j) for b, j in structure.pairs])
        self.pair_quality_weight = np.where(self.pair_maas, self.cell_quality_weight[self.pair_cell], 0.0)
        self.pairs = Pairs(
            self.segment_start, self.pair_product, self.pair_provider, self.pair_pool, self.pair_fixed,
            self.pair_quality_weight, self.pair_sensitivity, self.cell_region, self.cell_workload, self.cell_inference,
            self.cell_own_efficiency, self.cell_sensitivity, self.cell_outside,
        )  # fmt: skip

    def _pools(self, structure: Structure) -> None:
        self.kind_order = _kind_order(structure)
        self.pool_provider = structure.pool_provider
        self.pool_region = structure.site_region[structure.pool_site]
        self.pool_stack = np.array([pool.stack for pool in structure.pools])
        self.pool_cards = self.pool_stack[:, None] == structure.chip_stack[None, :]
        self.site_chips = np.zeros((len(structure.sites), len(structure.chips)), dtype=bool)
        """(S, V) whether some pool of the site runs the chip."""
        np.logical_or.at(self.site_chips, structure.pool_site, self.pool_cards)
        self.pool_first = np.where(self.pool_cards, structure.chip_launch, np.inf).argmin(axis=1)
        self.site_region = structure.site_region
        self.site_provider = structure.site_provider

    def _firms(self, structure: Structure) -> None:
        suppliers = list(structure.parameters.suppliers.values())
        providers = list(structure.parameters.providers.values())
        self.supplier_region = np.array([structure.regions.index(s.headquarters) for s in suppliers])
        self.chip_region = self.supplier_region[structure.chip_supplier]
        self.chip_merchant = np.array([s.sells_to is None for s in suppliers])[structure.chip_supplier]
        self.provider_region = np.array([structure.regions.index(x.headquarters) for x in providers])
        models = [x.models for x in providers]
        self.sells_models = np.array([x is not None for x in models])
        self.efficiency = np.array([x.efficiency if x is not None else 1.0 for x in models])
        self.other_cost = np.array([x.other_cost_usd_per_m_tokens if x is not None else 0.0 for x in models])
        self.own_elasticity = np.array([x.own_use.elasticity if x.own_use else 0.0 for x in providers])
        seller = [providers[i].pricing for i in self.product_provider]
        self.product_share_weight = np.array([x.share_weight for x in seller])
        self.product_value_weight = np.array([x.customer_value_weight for x in seller])
        self.products = Products(
            self.product_pool, self.product_provider, self.product_region, self.product_workload, self.product_service,
            self.product_maas, self.product_training, self.product_share_weight, self.product_value_weight,
        )  # fmt: skip

    def _costs(self, structure: Structure) -> None:
        market = structure.parameters.market
        self.hours = HOURS_PER_QUARTER * market.utilisation.maximum
        self.pue = np.array([r.pue for r in market.regions.values()])
        self.every_region = np.arange(len(structure.regions))
        self.tariff = np.array([r.electricity_usd_per_kwh for r in market.regions.values()])
        care = market.costs.operations_usd_per_card_hour
        self.card_care = care * self.hours
        self.card_running = (self.tariff * self.pue / market.utilisation.maximum)[:, None] * structure.chip_kw + care
        """(R, V) USD per used card-hour of electricity and care."""
        wear = market.costs.discount_rate + market.costs.obsolescence + market.cohorts.failure_per_year
        self.card_recovery = capital_recovery(wear, market.costs.card_life_years)
        self.shell_recovery = capital_recovery(market.costs.discount_rate, market.costs.shell_life_years)
        self.survival = structure.survival

    def _money(self, structure: Structure) -> None:
        parameters = structure.parameters
        providers, finance = list(parameters.providers.values()), parameters.finance
        regions, credit, hazard = list(parameters.market.regions.values()), finance.credit, finance.patience.hazard
        self.provider_key = np.array([key_of("provider", name) for name in structure.providers], dtype=np.uint64)
        self.profit_tax = np.array([r.profit_tax for r in regions])[self.provider_region]
        self.capital_subsidy = np.array([r.capital_subsidy for r in regions])[self.site_region]
        self.credit_multiple = np.array([x.account.credit_multiple for x in providers])
        self.dormant = np.array([x.kind == "dormant" for x in providers])
        self.spread = np.array([x.account.spread for x in providers])
        self.returns_surplus = np.array([float(x.group is not None and x.group.returns_surplus) for x in providers])
        share = np.array([x.group.share if x.group is not None else 0.0 for x in providers])
        self.group_share = share
        self.book_lives = book_lives(parameters)
        self.credit_terms = np.array(
            [credit.risk_free_rate, credit.spread_slope, credit.spread_threshold, credit.spread_cap,
             credit.asset_yield, credit.backlog_multiple, credit.covenant, finance.cash_buffer_quarters]
        )  # fmt: skip
        self.patience = np.array([hazard.intercept, hazard.burn_weight, hazard.growth_weight])

    def _leases(self, structure: Structure) -> None:
        self.leases = _leases(structure)
        self.every_lease = np.ones(self.leases.lessor.size)
        self.dated_leases = len(structure.parameters.leases)
        """How many of the leases have dates; firms decide on the others."""
        self.lessor_site = structure.pool_site[self.leases.lessor[self.dated_leases :]]
        """(n,) site that lets under each of these others, and the ``lessee_site``, that rents."""
        self.lessee_site = structure.pool_site[self.leases.lessee[self.dated_leases :]]
        self.leasing = np.array([x.leasing for x in _variants(structure)])
        """(S,) part of missing capacity that the provider rents."""
        self.rent_hurdle = np.array([x.hurdle for x in _variants(structure)])
        """(S,) what an hour must earn over its rent."""

    def _labs(self, structure: Structure) -> None:
        customers = structure.parameters.customers
        labs = list(customers.labs.values())
        self.lab_of_row = np.repeat(np.arange(len(labs)), customers.lab_teams)
        self.lab_training_share = np.array([lab.training_share for lab in labs])
        self.lab_contracts = [[_contract(structure, lab, contract) for contract in lab.contracts] for lab in labs]
        self.dated_contracts = _dated_contracts(self.lab_contracts, len(structure.cells))


def _keepers(structure: Structure, region: Ints) -> Floats:
    """Return the owners elsewhere of every region, who keep cards of their own, alike (R, S + W); its sites without."""
    here = region == np.arange(len(structure.regions))[:, None]
    owners = here & (np.arange(region.size) >= len(structure.sites))
    found = np.where(owners.any(axis=1, keepdims=True), owners, here)
    weights: Floats = found / np.maximum(found.sum(axis=1, keepdims=True), 1)
    return weights


def _homes(structure: Structure) -> Ints:
    """Return the region of the headquarters of every owner elsewhere (W,)."""
    owners = structure.parameters.rest_of_world.values()
    return np.array([structure.regions.index(x.headquarters) for x in owners], dtype=np.int64)


def _subjects(structure: Structure) -> dict[str, Subjects]:
    """Return what rules on cards are asked about, by who asks: sites, owners elsewhere, customers of a region."""
    firms, regions = structure.parameters.providers, structure.regions
    funded = {name: region.state_funded_share for name, region in structure.parameters.market.regions.items()}
    sites = [(structure.providers[x.provider], regions[x.region]) for x in structure.sites]
    owners = structure.parameters.rest_of_world
    places = {
        "sites": [Place(region, firms[name].headquarters, name, funded[region] > 0.0) for name, region in sites],
        "elsewhere": [Place(x.region, x.headquarters, name, funded[x.region] > 0.0) for name, x in owners.items()],
        "regions": [Place(region, region, None, funded[region] > 0.0) for region in regions],
    }
    origins = [structure.parameters.suppliers[c.supplier].headquarters for c in structure.catalogue.values()]
    cards = structure.chips, origins, specifications(list(structure.catalogue.values()))
    places["orders"] = [place for name in ORDERING for place in places[name]]
    apart = frozenset(structure.variants)
    return {
        name: Subjects(*cards, found, apart, tuple(funded[x.destination] for x in found))
        for name, found in places.items()
    }


def _fixed_utility(structure: Structure, b: int, j: int) -> float:
    """Return what customers of a cell see in a product beside price, quality and waiting (utils)."""
    p = structure.parameters
    cell, product = structure.cells[b], structure.products[j]
    provider = p.providers[structure.providers[product.provider]]
    taste = p.customers.tastes[structure.tastes[cell.taste]]
    utility = provider.utility
    if provider.headquarters == structure.regions[cell.region]:
        utility += p.customers.home_bias
    if product.service == IAAS and taste.stack != structure.stacks[product.stack]:
        utility -= taste.stack_cost_training if cell.workload == TRAINING else taste.stack_cost_inference
    if product.service != IAAS and provider.models is not None:
        utility += provider.models.utility
    return utility


def _further_quarters(structure: Structure, s: Switching) -> Floats:
    """Return the discounted further quarters that a new contract binds its customer, by service (2,).

    A contract that ends with probability chi is alive after k quarters with (1 - chi)^k.
    """
    rate = structure.parameters.market.costs.discount_rate
    alive = (1.0 - EXPIRY[:3]) / (1.0 + rate) ** 0.25
    further = alive / (1.0 - alive)
    iaas = s.one_year_share * further[ONE_YEAR] + s.three_year_share * further[THREE_YEAR]
    return np.array([iaas, s.maas_reserved_share * further[ONE_YEAR]])


def _require_few_pairs(structure: Structure) -> None:
    most = int(np.diff(structure.segment_start).max(initial=0))
    if most > MOST_PAIRS:
        msg = f"{most} products in one nest of one cell; the model can tell apart {MOST_PAIRS}"
        raise ValueError(msg)


class ContractRow(NamedTuple):
    """A dated contract of a lab by position."""

    share: float
    since: int
    until: int
    pairs: dict[int, int]
    """The IaaS pair it prescribes, by base cell."""


def _contract(structure: Structure, lab: Lab, contract: LabContract) -> ContractRow:
    region, taste = structure.regions.index(lab.region), structure.tastes.index(lab.taste)
    found = {
        b: structure.pair_of(b, contract.provider, IAAS, cell.workload, contract.region, contract.stack)
        for b, cell in enumerate(structure.cells)
        if (cell.region, cell.taste) == (region, taste)
    }
    pairs = {b: pair for b, pair in found.items() if pair is not None}
    return ContractRow(contract.share, structure.index_of(contract.since), structure.index_of(contract.until), pairs)


class Ties(NamedTuple):
    """What binds customers: switching costs and contracts."""

    terms: Terms
    boost: Floats
    """(B, C) switching cost of each class, see ``workloads.class_of``."""
    further: Floats
    """(R, 2) discounted further quarters that a new contract binds, by service."""
    contract_left: float
    """Expected further quarters of an IaaS contract that runs on, on average over regions with customers."""


def ties_of(structure: Structure, left: LockIn) -> Ties:
    """Return what binds customers, where remedies have left a part of it."""
    switching = structure.parameters.customers.switching
    by_region = [_remedied(switching, *both) for both in zip(left.switching, left.committed, strict=True)]
    region = np.array([cell.region for cell in structure.cells])
    asked = sorted({cell.region for cell in structure.cells})
    return Ties(
        _terms(structure, by_region, region), np.array([_boost(structure, x) for x in by_region])[region],
        np.array([_further_quarters(structure, x) for x in by_region]),
        float(np.mean([_contract_left(by_region[r]) for r in asked])),
    )  # fmt: skip


def _remedied(switching: Switching, costs: float, committed: float) -> Switching:
    """Return switching costs and contracts with what remedies have left of them: long terms shrink in proportion."""
    s, bound = switching, switching.one_year_share + switching.three_year_share
    part = committed / bound if bound > committed else 1.0
    return s.model_copy(
        update={
            "cost_iaas": s.cost_iaas * costs,
            "cost_maas": s.cost_maas * costs,
            "one_year_share": s.one_year_share * part,
            "three_year_share": s.three_year_share * part,
            "maas_reserved_share": min(s.maas_reserved_share, committed),
        }
    )


def _terms(structure: Structure, by_region: list[Switching], region: Ints) -> Terms:
    """Return how customers contract and switch, from what binds them in each region; ``region`` (B,) of base cells."""
    customers, bids = structure.parameters.customers, structure.parameters.behaviour.rationing.bids
    slack, usual = 1.0 - customers.nest_dissimilarity, customers.switching
    kappa = np.array([np.outer([s.cost_iaas, s.cost_maas], [1.0, s.new_workload_fraction]) for s in by_region])[region]
    one, three, reserved = (
        np.array([getattr(s, name) for s in by_region])[region]
        for name in ("one_year_share", "three_year_share", "maas_reserved_share")
    )
    return Terms(
        np.exp(-kappa), slack * kappa[:, 0], one, three, reserved, usual.escalation, customers.waiting_share,
        customers.waiting_quarters, bids.ceiling,
    )  # fmt: skip


def _dated_contracts(by_lab: list[list[ContractRow]], cells: int) -> DatedContracts:
    contracts = [contract for found in by_lab for contract in found]
    pair = np.full((len(contracts), cells), UNSET)
    for c, contract in enumerate(contracts):
        pair[c, list(contract.pairs)] = list(contract.pairs.values())
    return DatedContracts(
        np.cumsum([0, *map(len, by_lab)]).astype(np.int64), np.array([c.share for c in contracts], dtype=float),
        np.array([c.since for c in contracts], dtype=np.int64), np.array([c.until for c in contracts], dtype=np.int64),
        pair.astype(np.int64),
    )  # fmt: skip


def _leases(structure: Structure) -> Leases:
    """Return dated leases, then those that firms may agree on, without a share of their own."""
    leases, possible = structure.parameters.leases.values(), structure.possible_leases
    pools = [[structure.pool_of(name, x.region, x.stack) for name in (x.lessor, x.lessee)] for x in leases]
    dates = [[structure.index_of(date) for date in (x.since, x.until)] for x in leases]
    lessor, lessee = np.array([*pools, *possible], dtype=np.int64).reshape(-1, 2).T.copy()
    open_ = [[structure.history, NEVER]] * len(possible)
    since, until = np.array([*dates, *open_], dtype=np.int64).reshape(-1, 2).T.copy()
    share, multiple = np.zeros(lessor.size), np.zeros(lessor.size)
    share[: len(dates)], multiple[: len(dates)] = [x.share for x in leases], [x.price_multiple for x in leases]
    return Leases(lessor, lessee, since, until, share, multiple)


def _contract_left(s: Switching) -> float:
    """Return the expected further quarters of an IaaS contract that runs on, over all that do."""
    running = np.array([s.one_year_share, s.three_year_share]) / EXPIRY[[ONE_YEAR, THREE_YEAR]]
    further = 1.0 / EXPIRY[[ONE_YEAR, THREE_YEAR]] - 1.0
    return float((running * further).sum() / running.sum()) if running.sum() > 0.0 else 0.0


def book_lives(parameters: Parameters) -> Floats:
    """Return the life of cards and of shells in the books (2,), quarters."""
    return QUARTERS_PER_YEAR * np.array([parameters.finance.card_book_years, parameters.market.costs.shell_life_years])


def _builders(structure: Structure, power_wait: Ints) -> Builders:
    """Return what never changes about building."""
    rule = structure.parameters.market.building
    return Builders(
        structure.site_region, structure.site_provider, structure.build_quarters, power_wait, rule.congestion,
        rule.first_payment, rule.last_payment, rule.conversion_cost,
    )  # fmt: skip


def _fixed(links: Links, structure: Structure) -> Fixed:
    """Return what never changes about cards, pools and sites, for those who decide on halls."""
    market, behaviour = structure.parameters.market, structure.parameters.behaviour
    return Fixed(
        structure.site_region, structure.site_provider, structure.build_quarters, structure.pool_site, links.pool_cards,
        structure.chip_kw, links.survival, market.cohorts.maximum_age_quarters, OPENING_AGE_QUARTERS, links.site_lead,
        market.building.conversion_quarters, links.knows_growth, behaviour.expectations.persistence,
        behaviour.expectations.largest_growth, behaviour.orders.steepness,
    )  # fmt: skip


def _order_mix(structure: Structure) -> Floats:
    """Return (S, K) share of each supplier in the orders of each site."""
    mix = [_habit(structure, name) for name in structure.providers]
    return np.array(mix)[structure.site_provider]


def _habit(structure: Structure, name: str) -> Floats:
    """Return shares of suppliers in a provider's orders (K,): with its in-house share, if one is given."""
    parameters = structure.parameters
    provider, makers = parameters.providers[name], parameters.suppliers.items()
    mix = np.array([provider.order_mix.get(k, 0.0) for k in structure.suppliers])
    own = np.array([k in provider.order_mix and name in (maker.sells_to or []) for k, maker in makers])
    rule = parameters.behaviour.make_or_buy
    if rule.name == "npv":
        mix[own] = np.maximum(mix[own], rule.npv.founding)
    if provider.in_house_share is None:
        return mix
    inside, outside = mix[own].sum(), mix[~own].sum()
    each = mix[own] / inside if inside > 0.0 else np.full(own.sum(), 1.0 / own.sum())
    mix[own] = provider.in_house_share * each
    mix[~own] *= (1.0 - provider.in_house_share) / outside if outside > 0.0 else 0.0
    return mix


def _investment(structure: Structure) -> Stance:
    """Return how the provider of each site invests (S,); a subsidy lowers the cost that a price has to cover.

    All of long-run cost counts as capital: electricity and care are a tenth of it.
    """
    chosen, regions = _variants(structure), structure.parameters.market.regions.values()
    stance = Stance(*(np.array([float(getattr(x, name)) for x in chosen]) for name in Stance._fields))
    paid_back = np.array([r.capital_subsidy for r in regions])[structure.site_region]
    return stance._replace(hurdle=stance.hurdle * (1.0 - paid_back))


def _variants(structure: Structure) -> list[CapacityTarget]:
    """Return the investment behaviour of each site's provider."""
    variants, providers = structure.parameters.behaviour.investment, list(structure.parameters.providers.values())
    return [variants[providers[i].investment] for i in structure.site_provider]


def _forecast_rule(structure: Structure) -> Ints:
    """Return the heuristic of each site's provider (S,): its position, or their number for one that switches."""
    names = [*HEURISTICS, "switching"]
    return np.array([names.index(x.forecast) for x in _variants(structure)], dtype=np.int64)


def software_of(structure: Structure) -> Ecosystem:
    """Return what decides what cards achieve under their software."""
    market = structure.parameters.market
    return Ecosystem(
        np.array([(stack.training, stack.inference) for stack in market.stacks.values()]), market.ecosystem.scale_h100e,
        (1.0 - market.ecosystem.decay) ** (1.0 / QUARTERS_PER_YEAR), market.ecosystem.engineering,
        structure.chip_hardware, structure.chip_h100e, structure.chip_stack, structure.supplier_stack,
    )  # fmt: skip


def _kind_order(structure: Structure) -> NDArray[np.int64]:
    """Return (L, N) chips of each pool's stack, best at training first, padded with -1."""
    advantage = structure.chip_hardware[:, TRAINING] / structure.chip_hardware[:, INFERENCE]
    order = np.argsort(-advantage, kind="stable")
    mine = [order[structure.chip_stack[order] == pool.stack] for pool in structure.pools]
    padded = np.full((len(mine), structure.most_kinds), -1, dtype=np.int64)
    for row, chips in zip(padded, mine, strict=True):
        row[: chips.size] = chips
    return padded


def _classes(structure: Structure) -> tuple[Ints, Ints]:
    """Return incumbent and protection of each class, see ``workloads.class_of``."""
    classes = _class_parts(structure)
    protected = [int(standing == CAPPED and i >= 0) for i, _, standing in classes]
    return np.array([i for i, _, _ in classes]), np.array(protected)


def _class_parts(structure: Structure) -> list[tuple[int, int, int]]:
    """Return incumbent, service and standing of each class."""
    return list(product(range(-1, len(structure.providers) + 1), range(2), range(STANDINGS)))


def _boost(structure: Structure, switching: Switching) -> Floats:
    """Return the switching cost of each class."""
    costs, part = (switching.cost_iaas, switching.cost_maas), switching.new_workload_fraction
    return np.array(
        [
            costs[service] * (part if standing == NEWCOMER else 1.0) if i >= 0 else 0.0
            for i, service, standing in _class_parts(structure)
        ]
    )
