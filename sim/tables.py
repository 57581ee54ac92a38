"""Every output column, declared once: name, type, unit, definition; and the grain of each table.

The recorder, the Parquet schema, ``docs/outputs.md`` and the adapter to Mesa's DataCollector are made
from these declarations. Columns that nothing fills yet are null, and say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SCHEMA_VERSION = 6
"""Raised when a table or column changes meaning, name or type, or when figures need a new one."""

WORLD = "world"
"""The row of all regions together."""

ColumnType = Literal["string", "float64", "int64", "bool"]


@dataclass(frozen=True)
class Column:
    """One column: its name (with the unit in it), type, unit and definition."""

    name: str
    type: ColumnType
    unit: str
    definition: str
    filled: bool = True


@dataclass(frozen=True)
class Table:
    """One table: what a row is, the columns that identify it, and the columns that measure."""

    name: str
    grain: str
    keys: tuple[Column, ...]
    measures: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, keys first."""
        return self.keys + self.measures

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)


def _key(name: str, definition: str, type_: ColumnType = "string") -> Column:
    return Column(name, type_, "", definition)


def _number(name: str, unit: str, definition: str) -> Column:
    return Column(name, "float64", unit, definition)


RUN = _key("run_id", "16 hex digits: hash of parameters, seed and model code")
QUARTER = _key("quarter", "calendar quarter, such as 2024Q3")
REGION = _key("region", "customer region, or world")
SITE_REGION = _key("site_region", "region where the cards stand")
PROVIDER = _key("provider", "provider id")
SUPPLIER = _key("supplier", "supplier id")

_RUNS = Table(
    "runs",
    "run",
    (RUN,),
    (
        _key("study", "study name, or the scenario of a single run"),
        Column("sample", "int64", "", "index of the sampled uncertainties"),
        Column("seed", "int64", "", "seed of the keyed draws"),
        _key("status", "ok or failed"),
        _key("stage", "where a failed run stopped"),
        _key("error", "what it said"),
        _key("levers", "JSON of lever settings of this run"),
    ),
)

_OUTCOMES = Table(
    "outcomes",
    "run x outcome",
    (RUN, _key("outcome", "name of the headline outcome"), _key("horizon", "quarter at which it is read")),
    (_number("value", "see outcome", "value of the outcome"),),
)

_ENTITIES = Table(
    "entities",
    "run x entity",
    (RUN, _key("kind", "provider, supplier, lab or rest_of_world"), _key("name", "id")),
    (
        _key("label", "name shown in figures"),
        _key("headquarters", "region of headquarters"),
        _key("stack", "software stack; null for providers with several"),
        _key("archetype", "entry of behaviour.investment; null where it has none"),
        _key("entry_quarter", "first quarter active, at the earliest that of the run; null while dormant"),
        _key("exit_quarter", "quarter in which it was wound up; null while active"),
    ),
)

_PROVIDERS = Table(
    "providers",
    "run x quarter x customer region x provider x product type x workload",
    (
        RUN,
        QUARTER,
        REGION,
        PROVIDER,
        _key("product", "iaas, maas or all"),
        _key("workload", "training, inference or all"),
    ),
    (
        _number("revenue_usd_m", "USD m", "payments of external customers"),
        _number(
            "gross_margin_usd_m",
            "USD m",
            "revenue less running cost of hours sold (not idle cards), before rents paid",
        ),
        _number("served_h100e", "effective H100e", "average effective H100e in paid use"),
        _number("tokens_bn", "bn tokens", "tokens served by MaaS; 0 for IaaS"),
        _number("share_revenue", "fraction", "revenue over the region's total of the same product and workload"),
        _number("share_compute", "fraction", "served H100e over the region's total"),
        _number("share_tokens", "fraction", "tokens over the region's total; null where no tokens are sold"),
        _number(
            "price_iaas_usd_per_h100e_hour", "USD per effective H100e-hour", "posted price, weighted by served hours"
        ),
        _number("price_maas_usd_per_m_tokens", "USD per M tokens", "posted price, weighted by tokens"),
        _number("first_choice_h100e", "effective H100e", "demand by first choice at posted prices, locked included"),
        _number("unmet_h100e", "effective H100e", "new demand by first choice that was lost or is newly waiting"),
        _number("backlog_h100e", "effective H100e", "demand waiting at the end of the quarter, by first choice"),
    ),
)

_SITES = Table(
    "sites",
    "run x quarter x site region x provider",
    (RUN, QUARTER, SITE_REGION, PROVIDER),
    (
        _number("owned_h100e", "H100e (TPP/15,832)", "cards owned and in place"),
        _number("stored_h100e", "H100e (TPP/15,832)", "cards bought ahead of a rule that wait for a slot"),
        _number("leased_in_h100e", "H100e", "cards operated under lease"),
        _number("leased_out_h100e", "H100e", "own cards operated by another provider"),
        _number("capacity_h100e", "effective H100e", "capacity in effective inference H100e at full utilisation cap"),
        _number("own_use_h100e", "effective H100e", "captive use"),
        _number("utilisation", "fraction", "use over capacity; training counts as the inference it takes away"),
        _number("mw_energised", "MW IT", "halls with power"),
        _number("mw_cards", "MW IT", "power of the cards in place with their servers"),
        _number("mw_queued", "MW IT", "power asked for and not yet promised by the grid"),
        _number("mw_building", "MW IT", "shells under construction and halls under conversion"),
        _number("electricity_gwh", "GWh", "electricity used in the quarter"),
        _number("capex_usd_m", "USD m", "cards, servers and shells paid for in the quarter"),
        _number("refused_h100e", "H100e", "ordered in the quarter and not accepted by makers"),
        _number(
            "tightening_belief",
            "probability",
            "chance, as the provider sees it, that rules on foreign makers' cards tighten in a quarter",
        ),
        _number(
            "denied_h100e",
            "H100e",
            "would have been ordered in the quarter, had no rule closed it; and taken out by a mandate",
        ),
        _key(
            "binding_constraint",
            "what keeps the site from serving more: demand unless full pools hold half of its capacity; of full sites, "
            "cash where orders or building were cut for it; patience where owners cut them; memory, packaging or "
            "wafers where the maker that refused most orders is short of it; cards where orders were refused otherwise "
            "or are observed; mw where no powered slot is free; licence where rules closed cards; else demand (one "
            "kind of card is full); null without cards",
        ),
    ),
)

_FLEETS = Table(
    "fleets",
    "run x quarter x site region x provider x supplier",
    (RUN, QUARTER, SITE_REGION, PROVIDER, SUPPLIER),
    (
        _number("ordered_h100e", "H100e", "ordered of the supplier for the next quarter"),
        _number("delivered_h100e", "H100e", "that it delivered in the quarter"),
        _number("owned_h100e", "H100e", "of its cards in place at the end of the quarter"),
    ),
)

_FIRMS = Table(
    "firms",
    "run x quarter x provider",
    (RUN, QUARTER, PROVIDER),
    (
        _number("cash_usd_m", "USD m", "cash of the AI segment"),
        _number("debt_usd_m", "USD m", "debt of the AI segment"),
        _number("assets_usd_m", "USD m", "book value of cards with servers, and of shells, straight line"),
        _number("ebitda_usd_m", "USD m", "revenue and leases less operation and design"),
        _number("design_usd_m", "USD m", "to makers of its own for the design of their next generation"),
        _number("interest_usd_m", "USD m", "interest paid"),
        _number("interest_rate", "per year", "risk-free rate, own spread and what leverage adds"),
        _number("tax_usd_m", "USD m", "tax on profit of the AI segment"),
        _number("subsidy_usd_m", "USD m", "part of capital expenditure that the state pays back"),
        _number("borrowed_usd_m", "USD m", "new debt less repayment"),
        _number("group_transfer_usd_m", "USD m", "from the group or outside owners less what goes back"),
        _number(
            "equity_usd_m",
            "USD m",
            "from owners beyond group and credit: observed deliveries, founding",
        ),
        _number("asset_sales_usd_m", "USD m", "for cards and shells of firms wound up: received less paid"),
        _number("entry_cost_usd_m", "USD m", "sunk cost of coming in"),
        _number("written_off_usd_m", "USD m", "debt that lenders lost when the firm was wound up"),
        _number("credit_limit_usd_m", "USD m", "largest net debt that lenders allow"),
        _number("budget_usd_m", "USD m", "what may be committed to new cards and shells in the next quarter"),
        _number("appetite", "fraction", "share of wanted starts and orders that owners let go ahead next quarter"),
        _number("revenue_usd_m", "USD m", "external AI revenue"),
        _number("wholesale_usd_m", "USD m", "lease income less lease payments"),
        _number("general_cloud_usd_m", "USD m", "cloud revenue beside AI (exogenous path)"),
        _number("capex_usd_m", "USD m", "capital expenditure of the AI segment"),
        _number("free_cash_flow_usd_m", "USD m", "EBITDA and subsidy less interest, tax, capex, entry cost"),
        _number("group_free_cash_flow_usd_m", "USD m", "AI segment plus what the group has beside AI"),
        _number("domestic_chip_share", "fraction", "H100e owned that come from suppliers of the provider's own region"),
        _number("share_owned_compute", "fraction", "H100e owned over all providers'; owners outside them left out"),
        _number("share_all_cloud", "fraction", "AI plus general cloud revenue over all providers'"),
        _number("tokens_per_h100e_hour_m", "M tokens", "tokens per effective card-hour, phi"),
        _number("revenue_rmb_m", "RMB m", "external AI revenue of firms with headquarters in cn; null for others"),
        _number("capex_rmb_m", "RMB m", "capital expenditure, likewise"),
        _number("free_cash_flow_rmb_m", "RMB m", "free cash flow of the AI segment, likewise"),
    ),
)

_SUPPLIERS = Table(
    "suppliers",
    "run x quarter x supplier",
    (RUN, QUARTER, SUPPLIER),
    (
        _number("revenue_usd_m", "USD m", "cards delivered times price"),
        _number("gross_margin_usd_m", "USD m", "revenue less unit cost of the cards delivered"),
        _number("shipped_h100e", "H100e (TPP/15,832)", "cards delivered to providers and to owners outside them"),
        _number("research_usd_m", "USD m", "R&D, out of the sales of the quarter before"),
        _number(
            "yield_fraction", "fraction", "good dies over dies of cards delivered, by area; null where there are none"
        ),
        _number("wafers", "wafers", "wafers of logic in cards delivered"),
        _number("memory_stacks", "stacks", "HBM stacks in cards delivered"),
        _number("inventory_h100e", "H100e", "for which HBM lies in the bank of its side, by its part of what is used"),
        _number("backlog_h100e", "H100e", "ordered and not accepted"),
        _key(
            "binding_stage",
            "what limits output: wafers, packaging, memory, ramp or orders; null up to the quarter before the last of "
            "history, in which the first orders are decided",
        ),
        _number(
            "saving_usd_m",
            "USD m",
            "in-house makers: what their owners save against the cheapest merchant card of the quarter per effective "
            "H100e in inference, less research; null for merchants",
        ),
        _number(
            "ecosystem_h100e", "H100e", "cards in use and research whose software work for the supplier's stack lasts"
        ),
        _number("software_training", "fraction", "achieved over hardware performance of its stack in training"),
        _number("software_inference", "fraction", "achieved over hardware performance of its stack in inference"),
    ),
)

_MARKET = Table(
    "market",
    "run x quarter x region",
    (RUN, QUARTER, REGION),
    (
        _number("revenue_usd_m", "USD m", "payments of customers in the region"),
        _number("served_h100e", "effective H100e", "served to customers in the region"),
        _number("tokens_bn", "bn tokens", "served to customers in the region"),
        _number("hhi_revenue", "points 0-10000", "sum of squared revenue shares of providers, inside goods"),
        _number("hhi_compute", "points 0-10000", "sum of squared compute shares of providers, inside goods"),
        _number("unmet_share", "fraction", "(lost + newly waiting) over new demand at posted prices"),
        _number(
            "gap_at_cost",
            "fraction",
            "(demand at long-run cost less capacity) over that demand, at least 0: every task chooses afresh, at "
            "prices of long-run cost; capacity is what own use leaves, every pool divided like that demand",
        ),
        _number("outside_share", "fraction", "tasks served on premises over tasks with a supplier"),
        _number("backlog_h100e", "effective H100e", "waiting at the end of the quarter"),
        _number("potential_h100e", "effective H100e", "potential tasks at the current compute per task"),
        _number("price_iaas_usd_per_h100e_hour", "USD per effective H100e-hour", "share-weighted posted price"),
        _number("price_maas_usd_per_m_tokens", "USD per M tokens", "share-weighted posted price"),
        _number("price_iaas_index", "first sale = 1", "chained Fisher index of posted IaaS prices"),
        _number("price_maas_index", "first sale = 1", "chained Fisher index of posted MaaS prices"),
        _number(
            "lrmc_usd_per_h100e_hour",
            "USD per effective H100e-hour",
            "what the hours that customers rent would cost on new cards of the sites that serve them",
        ),
        _number(
            "consumer_surplus_usd_m",
            "USD m",
            "what the choice of suppliers is worth to tasks that have one, against own cards: log-sum at posted prices "
            "over the price coefficient, turned into money along the demand for usage",
        ),
        _number("build_cost_usd_m_per_mw", "USD m/MW IT", "site region: shell and power; null for the world"),
        _number("domestic_chip_share_units", "fraction", "site region: cards in place from its own suppliers"),
        _number("domestic_chip_share_h100e", "fraction", "site region: H100e in place from its own suppliers"),
        _number("domestic_chip_share_value", "fraction", "site region: delivered value from its own suppliers"),
        _number(
            "self_sufficiency",
            "index 0-1",
            "site region: of the H100e delivered, the product of the domestic parts of design, wafers, packaging, "
            "memory and tools of each card, weighted; domestic is what the region's side makes; null while deliveries "
            "are given",
        ),
        _number(
            "self_sufficiency_weakest_link",
            "fraction",
            "site region: domestic part of the link that is least domestic, of the H100e delivered; null likewise",
        ),
        _number("owned_by_headquarters_h100e", "H100e", "owned by firms with headquarters in the region"),
        _number("located_h100e", "H100e", "standing in the region"),
        _number(
            "accessed_h100e",
            "effective H100e",
            "in use by customers of the region and for own use of firms with headquarters there, wherever it stands",
        ),
        _number(
            "pricing_residual",
            "fraction",
            "largest relative first-order residual of wanted prices; all are solved together, so for the world only",
        ),
    ),
)

_CHIPS = Table(
    "chips",
    "run x quarter x supplier x chip x destination",
    (RUN, QUARTER, SUPPLIER, _key("chip", "chip id"), _key("destination", "region of the site")),
    (
        _number("ordered_cards", "cards", "ordered for delivery in the next quarter"),
        _number("shipped_cards", "cards", "delivered"),
        _number("leaked_cards", "cards", "of those shipped, bought in the grey market"),
        _number("seized_cards", "cards", "seized on their way there; not among those shipped"),
        _number("grey_premium", "fraction of price", "grey price in the region over the maker's price, less 1"),
        _number("price_usd", "USD per card", "price paid"),
        _number("unit_cost_usd", "USD per card", "unit cost of the maker"),
        _number("refused_cards", "cards", "ordered and not accepted by the supplier"),
        _key("refused_reason", "reason code of the refusal; null where nothing was refused"),
        _number(
            "denied_cards",
            "cards",
            "would have been ordered for the next quarter, had no rule closed them; and taken out by a mandate",
        ),
        _key("denied_by", "rule that closed most of them; null where none did"),
        _number("card_h100e", "H100e (TPP/15,832)", "of one card"),
    ),
)

_RULES = Table(
    "rules",
    "run x quarter x rule x who",
    (
        RUN,
        QUARTER,
        _key("rule", "instrument id"),
        _key(
            "who",
            "provider or owner elsewhere; customer region, for own cards of customers and for rentals; provider that "
            "leases; else side, region, maker or all",
        ),
    ),
    (
        Column("bound", "bool", "", "whether the rule changed something"),
        _number(
            "quantity_bound",
            "H100e",
            "orders: would have been placed, had no rule closed them; rentals: compute abroad that may not be rented, "
            "and what a firm would have leased; what several refuse counts for the one that decides",
        ),
        _number(
            "denied_revenue_usd_m",
            "USD m",
            "what these orders would have brought their makers at the prices of the quarter, gross: what buyers order "
            "in their place or get from the grey market is not taken off, nor what they could not have paid; null for "
            "rentals and rules on stages",
        ),
        _number("fee_usd_m", "USD m", "part of makers' revenue on cards delivered"),
        _number("duty_usd_m", "USD m", "duties of buyers on cards delivered"),
        _number("subsidy_usd_m", "USD m", "paid by governments; of several subsidies each as if it stood alone"),
        _number("enforcement", "ratio", "instruments of enforcement: effort at the destination over the usual one"),
        _number("seizures", "cards", "instruments of enforcement: cards seized on their way to the destination"),
        _number(
            "lifted_h100e",
            "H100e",
            "rules on orders of cards: how many more of the cards that no other rule refuses would be ordered if the "
            "rule alone were lifted; caps and mandates: what they cut of orders that the others leave; of several "
            "rules not to be added up; null for others",
        ),
        _number(
            "licensed_h100e",
            "H100e",
            "cards delivered that were ordered under a licence of the rule; those under several are shared among them; "
            "null for rules on other things than orders of cards",
        ),
        _number(
            "shaped_h100e",
            "H100e",
            "of a rule that stops none of a maker's cards, as it asks to be told: cards delivered that the maker would "
            "have cut otherwise without it; null for rules on other things than orders of cards",
        ),
        _number(
            "own_dearer_usd_per_h100e_hour",
            "USD per effective H100e-hour",
            "customer regions, rules on orders of cards: how much less own cards of customers, at full use, would cost "
            "in training or inference, the larger fall, if the rule alone were lifted; null for others",
        ),
    ),
)

_DIVERTED = Table(
    "diverted",
    "run x quarter x customer region x product x workload x from x site of first choice x to x reason",
    (
        RUN,
        QUARTER,
        REGION,
        _key("product", "iaas or maas, of the first choice"),
        _key("workload", "training or inference"),
        _key("from", "provider of first choice at posted prices"),
        _key("from_site_region", "region of its site that was to serve"),
        _key("to", "provider that served, or outside, waiting, lost"),
        _key("reason", "reason code; first_choice where from equals to"),
    ),
    (
        _number("quantity_h100e", "effective H100e", "demand, in compute of the first choice"),
        _number("arrived_h100e", "effective H100e", "the same tasks in compute of who served them; 0 where nobody did"),
    ),
)

_EVENTS = Table(
    "events",
    "event",
    (
        RUN,
        QUARTER,
        _key(
            "event",
            "launch_site, launch_models, compliant_chip, first_delivery, entry, exit, capex_cut, lease, lease_end, "
            "rule_announced, rule_effective, rule_expires or rule_bites; at the end rule_never_bites (in force, but "
            "nobody was bound), rule_observed (it ended while deliveries are given, which carry what it did) and "
            "rule_never_in_force",
        ),
        _key("who", "provider or supplier; group of the government for rules"),
        _key(
            "detail",
            "site region, regions where the models are sold, chip, headquarters, rule, or lessor",
        ),
    ),
    (),
)

_TIMINGS = Table(
    "timings",
    "run",
    (RUN,),
    (
        _number("wall_seconds", "s", "wall time of the run"),
        _key("host", "machine"),
        _key("date", "when, UTC"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _RUNS, _OUTCOMES, _ENTITIES, _PROVIDERS, _SITES, _FLEETS, _FIRMS, _SUPPLIERS, _MARKET,
        _CHIPS, _RULES, _DIVERTED, _EVENTS, _TIMINGS,
    )
}  # fmt: skip

MODEL_TABLES: tuple[str, ...] = tuple(name for name in TABLES if name not in {"runs", "timings"})
"""Tables that the model fills; the engine adds ``run_id`` and writes ``runs`` and ``timings``."""


@dataclass(frozen=True)
class Outcome:
    """A headline outcome: rows of ``outcomes`` named ``name.entity``, read at the end of every year and of the run."""

    name: str
    entities: Literal["provider", "region and world", "world"]
    unit: str
    definition: str


OUTCOMES: tuple[Outcome, ...] = (
    Outcome("share_revenue", "provider", "fraction", "AI revenue over that of all providers, world"),
    Outcome("share_compute", "provider", "fraction", "compute sold over that of all providers, world"),
    Outcome("share_tokens", "provider", "fraction", "tokens served over those of all providers, world"),
    Outcome("share_owned_compute", "provider", "fraction", "H100e owned over those of all providers, world"),
    Outcome("hhi_revenue", "region and world", "points 0-10000", "sum of squared revenue shares of providers"),
    Outcome("hhi_compute", "world", "points 0-10000", "sum of squared shares of compute sold"),
    Outcome("unmet_share", "region and world", "fraction", "(lost + newly waiting) over new demand at posted prices"),
    Outcome("gap_at_cost", "world", "fraction", "(demand at long-run cost less capacity) over that demand, at least 0"),
    Outcome("outside_share", "world", "fraction", "tasks served on premises over tasks with a supplier"),
    Outcome("price_iaas", "region and world", "USD per effective H100e-hour", "posted price, weighted by hours served"),
    Outcome("price_maas", "world", "USD per M tokens", "posted price, weighted by tokens served"),
    Outcome("additions_h100e", "world", "H100e (TPP/15,832)", "cards delivered in the quarter, to all owners"),
    Outcome("owned_h100e", "world", "H100e (TPP/15,832)", "cards in place, of all owners"),
    Outcome("mw_energised", "region and world", "MW IT", "halls of providers with power, by region of the site"),
    Outcome("mw_queued", "region and world", "MW IT", "power asked for and not yet promised by the grid, likewise"),
    Outcome("capex_usd_m", "world", "USD m", "capital expenditure of all providers in the quarter, AI segment"),
    Outcome("domestic_chip_share", "region and world", "fraction", "H100e in place of the region's own suppliers"),
    Outcome(
        "self_sufficiency", "region and world", "index 0-1", "domestic content of cards delivered, along the chain"
    ),
    Outcome("owned_by_headquarters_h100e", "region and world", "H100e (TPP/15,832)", "owned by firms of the region"),
    Outcome("denied_h100e", "region and world", "H100e (TPP/15,832)", "orders of the quarter that rules closed"),
    Outcome("leaked_cards", "region and world", "cards", "delivered in the quarter through the grey market"),
    Outcome("debt_usd_m", "world", "USD m", "debt of all providers, AI segment"),
)
"""Every headline outcome, in the order of the table."""


def outcome_names(providers: Sequence[str], regions: Sequence[str]) -> tuple[str, ...]:
    """Return the names of all outcomes of a run, as ``name.entity``."""
    entities = {"provider": providers, "region and world": (*regions, WORLD), "world": (WORLD,)}
    return tuple(f"{outcome.name}.{entity}" for outcome in OUTCOMES for entity in entities[outcome.entities])
