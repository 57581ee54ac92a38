"""What compute costs: rented cards beside their long-run cost, and tokens."""

from collections.abc import Sequence
from dataclasses import replace

from experiments.analysis.cases import Case
from experiments.figures import Drawn
from experiments.figures.colours import FAINT, INK
from experiments.figures.lines import by_case, by_region, by_region_or_case, footnote, left_out, shown
from experiments.figures.style import Panel, Series, Sheet, svg

TITLE = "What compute costs"
_HOUR, _TOKENS = "USD per effective H100e-hour", "USD per million tokens"
_IAAS, _COST, _MAAS = "price_iaas_usd_per_h100e_hour", "lrmc_usd_per_h100e_hour", "price_maas_usd_per_m_tokens"


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw the price of rented compute with its long-run cost, by region, and the price of tokens."""
    drawn = shown(cases)
    panels = [
        Panel("Rented compute (IaaS), world", _with_cost(drawn), _HOUR, log=True),
        *([Panel("Rented compute (IaaS), by region", by_region(drawn[0], _IAAS), _HOUR, log=True)] * (len(drawn) == 1)),
        Panel("Tokens (MaaS)", by_region_or_case(drawn, _MAAS), _TOKENS, log=True),
    ]
    quarters, history = drawn[0].quarters, drawn[0].history_end
    sheet = Sheet("prices", [panels], quarters, history, footnote(drawn), height=2.9)
    return Drawn("prices", TITLE, svg(sheet), _caption(cases))


def _with_cost(cases: Sequence[Case]) -> list[Series]:
    """Return the world price of each case and, dashed, its long-run cost."""
    if len(cases) == 1:
        (case,) = cases
        price, cost = case.measure(_IAAS), case.measure(_COST)
        return [Series("price", INK, price), Series("long-run cost", FAINT, cost, "--", ribbons=False)]
    costs = (replace(line, style="--", labelled=False, ribbons=False, width=1.0) for line in by_case(cases, _COST))
    return [*costs, *by_case(cases, _IAAS)]


def _caption(cases: Sequence[Case]) -> str:
    return (
        "Mean posted prices, weighted by shares, in nominal USD on a log scale, where the same slope is the same rate "
        "of change. Dashed: long-run cost of an effective H100e-hour (card, server, shell, electricity, operation) "
        "at the sites. A price above cost is scarcity or market power; one below it does not pay for new cards. "
        f"Source: table market, columns {_IAAS}, {_COST}, {_MAAS}.{left_out(cases)}"
    )
