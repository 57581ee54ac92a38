"""Behaviours that scholars argue over, chosen by name (parameters stand once, under family and name)."""

from typing import Annotated, Literal

from pydantic import Field

from sim.parameters.base import Fraction, Id, Schema, quantity


class StickyPrices(Schema):
    """Posted prices move partly towards the price the firm wants."""

    adjustment: Annotated[float, quantity("fraction of the log gap per quarter", gt=0.0, le=1.0)]
    """theta: share of the gap between posted and wanted price that is closed in a quarter."""
    ceiling: Annotated[float, quantity("multiple of on-premises cost", gt=1.0, le=100.0)]
    """Highest wanted price over the on-premises cost; the excess is rationed."""


class BestResponse(StickyPrices):
    """A bounded number of rounds of simultaneous best responses."""

    rounds: Annotated[int, quantity("rounds", ge=1, le=200)]
    """Most rounds in a quarter, starting from last quarter's prices."""
    tolerance: Annotated[float, quantity("mean log move of prices, weighted by revenue", ge=0.0, le=1.0)]
    """Firms stop at the first round that moves prices by less; at 0 they go on."""


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
    """Build towards forecast demand, with rivals' building and prices weighed."""

    adjustment: Annotated[float, quantity("fraction of the gap per quarter", gt=0.0, le=1.0)]
    """phi_I: share of the gap between wanted and committed capacity that is begun in a quarter."""
    hurdle: Annotated[float, quantity("ratio", gt=0.0, le=5.0)]
    """Expected price over long-run cost that investment asks for: below 1 builds ahead, above 1 waits."""
    elasticity: Annotated[float, quantity("elasticity", ge=0.0, le=3.0)]
    """eps: response of the target to the region's price over (hurdle x long-run cost)."""
    scarcity: Annotated[float, quantity("elasticity", ge=0.0, le=2.0)]
    """omega: response of the target to demand over capacity, all firms of the region together."""
    own_price: Annotated[float, quantity("elasticity", ge=0.0, le=20.0)]
    """x a: response of the target to what own sales fetch over what they would at the region's prices."""
    own_price_weight: Annotated[float, quantity("weight", gt=0.0, le=1.0)]
    """Weight of the newest observation in the average of that price ratio."""
    own_price_clip: Annotated[float, quantity("log ratio", ge=0.0, le=2.0)]
    """Largest log of that average which counts."""
    share_weight: Annotated[float, quantity("weight", gt=0.0, le=1.0)]
    """Weight of the newest observation in the expected share of first choices."""
    neglect: Fraction
    """Share of rivals' announced building that is not seen (competition neglect)."""
    maximum_growth: Annotated[float, quantity("fraction of committed per quarter", gt=0.0, le=5.0)]
    """g_max: largest start in a quarter."""
    imitation: Fraction
    """Weight of what the two largest firms invest per revenue, against the own target."""
    leasing: Fraction
    """Part of the capacity that is missing next quarter which the firm rents from others; who rents does not let."""
    forecast: Literal["naive", "adaptive", "trend", "fundamental", "switching"]
    """Heuristic by which growth and prices are expected; switching: by how well each did."""


class Leasing(Schema):
    """Terms on which providers let idle cards to those who rent rather than build."""

    discount: Fraction
    """What rent for all hours that cards can give lies below the posted price of an hour."""
    term_quarters: Annotated[int, quantity("quarters", ge=1, le=80)]
    """Mean time that a lease lasts: one part in so many ends each quarter."""
    denied: Fraction
    """Part of what a site abroad lacks that its firm rents there, as far as rules deny it cards; 0 for none."""
    grandfathered: Fraction
    """Part of leases and customers' contracts signed before a rule on rentals closes them that runs on to its end."""
    built_to_let: Fraction
    """Part of what tenants would rather rent than build which they leave to lessors to build; 0: they build it all."""


class Expectations(Schema):
    """How forecasts are formed and how firms that switch weigh them."""

    adaptation: Annotated[float, quantity("weight", gt=0.0, le=1.0)]
    """w of the adaptive forecast: weight of the newest observation."""
    extrapolation: Annotated[float, quantity("weight", ge=0.0, le=2.0)]
    """v of the trend forecast: share of the last change that is expected again."""
    intensity: Annotated[float, quantity("per log squared", ge=0.0, le=1000.0)]
    """beta: intensity of choice between heuristics by their squared errors; 0: equal weights."""
    error_memory: Fraction
    """Share of older squared errors that is kept in a quarter."""
    elasticity: Annotated[float, quantity("elasticity", gt=0.0, le=10.0)]
    """Of demand to price, as the fundamental forecast has it: what excess growth of demand does to prices."""
    persistence: Annotated[float, quantity("fraction per quarter", ge=0.0, le=1.0)]
    """Share of the growth of one quarter that is expected of the next, on the way to when a site would stand."""
    largest_growth: Annotated[float, quantity("log change per quarter", ge=0.0, le=2.0)]
    """Largest rise or fall of demand in a quarter that any forecast believes."""


class Orders(Schema):
    """How powered slots are filled and emptied."""

    steepness: Annotated[float, quantity("elasticity", gt=0.0, le=100.0)]
    """Of the share of free slots that is filled in price over the cost of cards: one half where they just pay."""
    supplier_sensitivity: Annotated[float, quantity("elasticity", ge=0.0, le=50.0)]
    """lambda: response of a supplier's share in orders to its cost per effective hour."""
    scrapping_quarters: Annotated[int, quantity("quarters", ge=1, le=80)]
    """Quarters of loss in a row after which a card is scrapped."""
    refill_rate: Fraction
    """Share that goes in a quarter of cards whose slot is worth more with a new one, and of idle ones at a loss."""
    conversion_rate: Fraction
    """Largest share of convertible halls that is converted in a quarter."""


class AllocationFamily(Schema):
    """Who gets a supplier's cards when orders exceed output."""

    name: Literal["proportional", "uniform", "priority", "price"]
    """proportional: every order is cut by the same fraction; uniform: small orders first (water-filling); priority:
    water-filling by what a buyer already has of the maker; price: who expects the highest price first."""
    inflation: Annotated[float, quantity("ratio", ge=0.0, le=5.0)]
    """f: under proportional, buyers order ``need (1 + f (1 - fill))``, fill being what they got last quarter."""


class OwnCards(Schema):
    """Own cards by what a generation of them saves."""

    design_cost_usd_m: Annotated[float, quantity("USD m per generation", ge=0.0)]
    """F: design of a generation of cards, whatever is made of it, paid over the quarters between two generations."""
    scale_penalty: Annotated[float, quantity("fraction of unit cost", ge=0.0, le=2.0)]
    """What an owner's small runs cost more."""
    cut_probability: Fraction
    """q_0: that merchants are kept from serving the provider within a generation, whatever rules and beliefs say."""
    cut_loss: Annotated[float, quantity("ratio to the price of a card", ge=0.0, le=20.0)]
    """l: what a card that does not come would have been worth."""
    usual_saving: Annotated[float, quantity("fraction of what merchants' cards cost", ge=-2.0, le=2.0)]
    """v_0: net saving at which the in-house share stays as it is."""
    sensitivity: Annotated[float, quantity("per unit of saving", ge=0.0, le=50.0)]
    """kappa: response of the in-house maker's weight in orders."""
    adjustment: Fraction
    """Share of the gap to the wanted weight that is closed in a quarter."""
    abandonment: Fraction
    """Weight over habit below which the owner gives the design up: it pays nothing and orders none of these cards."""
    founding: Fraction
    """Share of orders from which an owner starts whose own maker has none yet (order_mix names it with 0)."""


class MakeOrBuyFamily(Schema):
    """How much of their cards providers take from makers of their own."""

    name: Literal["npv", "habit"]
    """npv: by what own cards save over a generation, less their design; habit: order_mix stays, costs apart."""
    npv: OwnCards


class Rush(Schema):
    """Cards that a rule will close are bought ahead while they may be had."""

    quarters: Annotated[float, quantity("quarters of orders", ge=0.0, le=12.0)]
    """Most that is bought ahead of the day on which a rule takes effect."""
    pace: Annotated[float, quantity("ratio", ge=1.0, le=20.0)]
    """Orders in the days between announcement and effect, over the usual ones."""


class StockpilingFamily(Schema):
    """What providers do between the announcement of a rule and its effect."""

    name: Literal["rush", "none"]
    """rush: they buy ahead and keep in store what finds no powered slot yet; none: they order as always."""
    rush: Rush


class AdaptiveBelief(Schema):
    """Every tightening makes the next one likelier, and every quiet quarter less likely."""

    initial: Fraction
    """pi_0: believed chance of a tightening in a quarter, at the start of the run."""
    weight: Annotated[float, quantity("fraction", gt=0.0, le=1.0)]
    """Weight of the newest quarter in the belief."""


class TighteningFamily(Schema):
    """What providers believe of rules on cards that nobody has announced yet."""

    name: Literal["adaptive", "announced"]
    """adaptive: they learn from what was announced before; announced: they act on what is announced alone."""
    adaptive: AdaptiveBelief


class GreyWedge(Schema):
    """Evasion whose cost rises with its amount."""

    threshold: Annotated[float, quantity("fraction of price", ge=0.0, le=2.0)]
    """k_0: premium at which evasion begins to pay."""
    slope: Annotated[float, quantity("premium per card and year", gt=0.0, le=1.0)]
    """k_1: rise of the premium with what is evaded, at the shipments of the reference quarter."""


class GreyElasticity(Schema):
    """Evasion that rises by a constant rate with the premium."""

    reference_cards: Annotated[float, quantity("cards per quarter", ge=0.0)]
    """S_0: what is evaded without a premium, at the shipments of the reference quarter."""
    rate: Annotated[float, quantity("log change per unit of premium", ge=0.0, le=20.0)]
    """sigma: response of evasion to the premium."""


class GreyMarketFamily(Schema):
    """How cards that rules deny find their way."""

    name: Literal["wedge", "elasticity", "none"]
    """wedge: the cost of the marginal card rises; elasticity: a constant rate of evasion; none: nothing leaks."""
    wedge: GreyWedge
    elasticity: GreyElasticity
    reference_cards: Annotated[float, quantity("cards per quarter", gt=0.0)]
    """Merchants' cards shipped in the world in a quarter of 2024: what evasion scales with."""
    price_elasticity: Annotated[float, quantity("elasticity, absolute", ge=0.0, le=10.0)]
    """Response of what is wanted of denied cards to their price."""
    provider_share: Fraction
    """Share of the denied orders of named providers that turns up in the grey market, bought by others for them."""


class ChipPricing(Schema):
    """How merchants move the price of their cards after market.history_end."""

    pass_through: Fraction
    """w: part of what unit cost departs from its usual fall that prices follow; 1 keeps the share of margin."""
    fee_pass_through: Fraction
    """Part of a licence's share of revenue that makers put on the price of who buys under it; at 1 it is a duty."""
    usual_cost_fall: Annotated[float, quantity("log change per year", ge=-0.5, le=0.5)]
    """u: fall of unit cost that suppliers.*.price_decline holds already."""
    response: Annotated[float, quantity("log change per unit of shortage", ge=0.0, le=1.0)]
    """eta: response to orders over output less 1, which counts up to a half either way."""
    least_margin: Annotated[float, quantity("fraction of unit cost", ge=0.0, le=5.0)]
    """m_min: no merchant sells below unit cost times one plus this."""


CutMargin = Annotated[float, quantity("fraction of the line", ge=0.0, le=0.35)]


class CutMargins(Schema):
    """How far below a line a specification comes to lie that is cut: cores, memory and links come in steps."""

    compute: CutMargin
    """Total processing performance below its line, or that of its density."""
    memory_bandwidth: CutMargin
    """Memory bandwidth below its line, or its part of a line on the sum."""
    interconnect: CutMargin
    """Bandwidth to other cards below its line, or its part of a line on the sum."""


class Respin(Schema):
    """A card on a die of its own: as small as its compute and the rules let it be."""

    lag_quarters: Annotated[int, quantity("quarters", ge=0, le=12)]
    """Quarters from the effective date of a rule to the first sale."""
    least_saving: Annotated[float, quantity("fraction of logic area", ge=0.0, le=1.0)]
    """Silicon that the die must save for one that is no faster than what is sold; 1 for never."""
    fixed_area: Fraction
    """Part of a die's logic area that stays when compute is cut: cache, interfaces of memory and links."""


class CompliantCards(Schema):
    """The best card that rules leave worth making, out of dies that a maker has, then on a die of its own."""

    lag_quarters: Annotated[int, quantity("quarters", ge=0, le=12)]
    """Quarters from the effective date of a rule to the first sale of a re-binned card."""
    respin: Respin | None
    """The slower answer after it; null for none."""
    dies_made_quarters: Annotated[int, quantity("quarters", ge=1, le=40)]
    """Quarters from the launch of a card in which its dies are made, and may be cut down."""
    least_gain: Annotated[float, quantity("fraction of performance", ge=0.0, le=2.0)]
    """What the card must be better by than the best one that the maker may still sell there."""
    notified_worth: Fraction
    """What is left to its maker of the worth of a card that may go only once the government has been told: at 0 it cuts
    below such a rule too, at 1 the rule moves nothing."""
    power_elasticity: Annotated[float, quantity("elasticity", ge=0.0, le=1.0)]
    """Response of a card's power to the compute that is left of it: at 0 it draws what the whole card does."""
    margins: CutMargins


class RedesignFamily(Schema):
    """What merchant makers do when a rule catches their best card where they sell."""

    name: Literal["compliant", "none"]
    """compliant: bring out the best card under the rules that are known; none: nothing."""
    compliant: CompliantCards


class Behaviour(Schema):
    """How firms decide where scholars differ; each family is chosen by name."""

    pricing: PricingFamily
    rationing: RationingFamily
    allocation: AllocationFamily
    chip_pricing: ChipPricing
    make_or_buy: MakeOrBuyFamily
    stockpiling: StockpilingFamily
    tightening: TighteningFamily
    grey_market: GreyMarketFamily
    redesign: RedesignFamily
    expectations: Expectations
    orders: Orders
    leasing: Leasing
    investment: Annotated[dict[Id, CapacityTarget], Field(min_length=1)]
    """Variants of the capacity target by name; each provider names one."""
