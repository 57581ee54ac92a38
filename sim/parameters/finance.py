"""Money: what credit costs and where it ends, how long owners are patient, who leaves and who enters."""

from typing import Annotated, Literal

from sim.parameters.base import Fraction, Quarter, QuarterlyGrowth, Schema, quantity

Money = Annotated[float, quantity("USD m", ge=0.0)]


class Credit(Schema):
    """What lenders ask, and how much they lend (B6)."""

    risk_free_rate: Annotated[float, quantity("per year", ge=0.0, le=0.3)]
    """r_f: the rate that the best borrower pays, and every spread comes on top of."""
    spread_slope: Annotated[float, quantity("per year, per unit of net debt over earnings", ge=0.0, le=1.0)]
    """s_1: rise of the spread with leverage beyond the threshold."""
    spread_threshold: Annotated[float, quantity("net debt over yearly earnings", ge=0.0, le=100.0)]
    """L_1: leverage up to which a firm pays its own spread alone."""
    spread_cap: Annotated[float, quantity("per year", ge=0.0, le=0.5)]
    """s_cap: largest rise of the spread."""
    asset_yield: Annotated[float, quantity("yearly earnings over book value", ge=0.0, le=1.0)]
    """e: what lenders expect new cards and shells to earn; counts where a young builder earns less."""
    backlog_multiple: Annotated[float, quantity("debt over contracted revenue", ge=0.0, le=2.0)]
    """lambda_b: net debt that a dollar of contracted revenue carries."""
    covenant: Annotated[float, quantity("multiple of every credit limit", ge=0.0, le=1e9)]
    """Tightness of all covenants at once: 1 as agreed, 0 no credit for anybody."""


class HazardOfCut(Schema):
    """Owners lose patience at random, the sooner the more cash a firm burns and the less its revenue grows."""

    intercept: Annotated[float, quantity("log odds per quarter", ge=-50.0, le=50.0)]
    """a_0: log odds of a cut in a quarter for a firm that burns no cash and does not grow."""
    burn_weight: Annotated[float, quantity("log odds per unit of cash burnt over assets", ge=0.0, le=100.0)]
    """a_1: weight of negative free cash flow of the group over the window, over assets of the AI segment."""
    growth_weight: Annotated[float, quantity("log odds per unit of log growth", ge=0.0, le=100.0)]
    """a_2: weight of the yearly log growth of AI revenue."""
    window_quarters: Annotated[int, quantity("quarters", ge=1, le=40)]
    """n: quarters over which burnt cash is remembered."""
    cut_quarters: Annotated[int, quantity("quarters", ge=1, le=40)]
    """How long a cut of capital spending lasts."""
    cut_depth: Fraction
    """Share of new starts and orders that a cut takes away."""


class PatienceFamily(Schema):
    """Whether owners cut capital spending when cash burns."""

    name: Literal["hazard", "none"]
    """hazard: a keyed draw each quarter; none: owners are patient for ever."""
    hazard: HazardOfCut


class EntryAtProfit(Schema):
    """Dormant firms come in where expected prices pay for it, when lenders trust them and they are drawn."""

    sunk_cost_usd_m: Money
    """F_e: cost of coming in that is gone whatever follows."""
    capital_usd_m: Annotated[float, quantity("USD m", gt=0.0)]
    """First build that an entrant plans."""
    hurdle: Annotated[float, quantity("ratio", ge=0.0, le=100.0)]
    """Present value over sunk cost that entry asks for."""
    equity_share: Fraction
    """Part of the first build that owners pay; lenders must be ready to carry the rest on the assets alone."""
    chance: Fraction
    """Probability in a quarter that a firm for which all this holds comes in."""


class EntryFamily(Schema):
    """Whether dormant providers may enter."""

    name: Literal["npv", "none"]
    """npv: where expected value exceeds hurdle times sunk cost, at most one firm a region and quarter; none: never."""
    npv: EntryAtProfit


class Finance(Schema):
    """Rates, covenants, patience; what a policy analyst would look for. Taxes and subsidies stand by region."""

    credit: Credit
    patience: PatienceFamily
    entry: EntryFamily
    fire_sale: Fraction
    """Price of cards and shells of a firm that is wound up, over their book value."""
    cash_buffer_quarters: Annotated[float, quantity("quarters of running cost", ge=0.0, le=20.0)]
    """Cash that a firm keeps, in quarters of operation and interest."""
    card_book_years: Annotated[float, quantity("years", gt=0.25, le=20.0)]
    """Life of cards and servers in the books, straight line; of shells it is market.costs.shell_life_years."""


class Group(Schema):
    """Who stands behind a provider: the business of its group beside AI, or outside owners."""

    cash_flow_usd_m: dict[Quarter, Annotated[float, quantity("USD m per quarter", ge=-1e6)]]
    """Operating cash flow beside AI, less capital spending beside AI; of outside owners, the equity they offer."""
    growth_after: QuarterlyGrowth
    """Growth after the last given quarter."""
    share: Fraction
    """Largest share of it that the AI segment may draw, Z of B6; the rest goes to owners and other ends."""
    returns_surplus: bool
    """Whether cash beyond the buffer goes back once debt is repaid: true in one treasury, false for outside owners."""


class Account(Schema):
    """What a provider starts with, and its standing with lenders."""

    opening_cash_usd_m: Money
    """Cash of the AI segment at the start."""
    opening_debt_usd_m: Money
    """Debt of the AI segment at the start."""
    credit_multiple: Annotated[float, quantity("net debt over yearly earnings", ge=0.0, le=1e9)]
    """lambda: largest net debt over yearly earnings; 2-4 for investment grade, 5-8 for neoclouds."""
    spread: Annotated[float, quantity("per year", ge=0.0, le=0.5)]
    """s_0: spread over the risk-free rate at low leverage."""
