"""Rules: which cards reach China, what it pays, and who owns the world's compute."""

from collections.abc import Sequence

from experiments.analysis.bands import bands
from experiments.analysis.cases import Case
from experiments.analysis.supply import bound_for
from experiments.figures import Drawn
from experiments.figures.colours import INK, case_colour
from experiments.figures.labels import short
from experiments.figures.lines import by_case, by_region, footnote, left_out, shown
from experiments.figures.style import Panel, Series, Sheet, svg

TITLE = "Rules on cards: what reaches China, what is closed to it, and who owns compute"
_HOME = "cn"
_FLOWS = {
    "foreign": ("foreign cards delivered", "#0066cc"),
    "closed": ("orders that rules close", "#bb2211"),
    "licensed": ("of these under licence", "#008877"),
    "leaked": ("bought in the grey market", INK),
}
_A_QUARTER, _OWNED = "H100e a quarter", "H100e"
_PRICE = "price_iaas_usd_per_h100e_hour"


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw flows to China, the grey premium, prices and owners; China by case for several cases."""
    drawn = shown(cases)
    rows = _of_one(drawn[0]) if len(drawn) == 1 else _of_several(drawn)
    sheet = Sheet("rules", rows, drawn[0].quarters, drawn[0].history_end, footnote(drawn), height=2.4)
    return Drawn("rules", TITLE, svg(sheet), _caption(cases))


def _of_one(case: Case) -> list[list[Panel]]:
    rows = bound_for(case, _HOME)
    flows = [
        Series(label, colour, found)
        for name, (label, colour) in _FLOWS.items()
        if len(found := bands(rows[rows[name] > 0.0], name, ["quarter"]))
    ]
    owned, price = (by_region(case, name, world=False) for name in ("owned_by_headquarters_h100e", _PRICE))
    premium = [Series("premium", INK, bands(rows, "premium", ["quarter"]))]
    return [
        [
            Panel("Cards for China", flows, _A_QUARTER, log=True),
            Panel("Grey market of China: price over the maker's, less 1", premium, "fraction of price", percent=True),
        ],
        [
            Panel("Compute by headquarters of its owner", owned, _OWNED, log=True),
            Panel("Rented compute, by region of the customer", price, "USD per H100e-hour", log=True),
        ],
    ]


def _of_several(cases: Sequence[Case]) -> list[list[Panel]]:
    labels, rows = [case.label for case in cases], [bound_for(case, _HOME) for case in cases]
    flows = {
        name: [
            Series(short(label, labels, 24), case_colour(i), bands(found[found[name] > 0.0], name, ["quarter"]))
            for i, (label, found) in enumerate(zip(labels, rows, strict=True))
            if (found[name] > 0.0).any()
        ]
        for name in ("foreign", "closed")
    }
    return [
        [
            Panel("Foreign cards delivered to China", flows["foreign"], _A_QUARTER, log=True),
            Panel("Orders of China that rules close", flows["closed"], _A_QUARTER, log=True),
        ],
        [
            Panel("Compute owned from China", by_case(cases, "owned_by_headquarters_h100e", _HOME), _OWNED, log=True),
            Panel("Rented compute in China", by_case(cases, _PRICE, _HOME), "USD per H100e-hour", log=True),
        ],
    ]


def _caption(cases: Sequence[Case]) -> str:
    alone = len(cases) == 1
    parts = ", those of them ordered under a licence and those bought in the grey market" if alone else ""
    columns = "leaked_cards, denied_cards, grey_premium" if alone else "denied_cards"
    licences = "table rules, column licensed_h100e; " if alone else ""
    return (
        f"Cards made elsewhere and delivered to China{parts}; and orders that rules closed, which buyers place again "
        "every quarter, so they must not be added up over time. All in H100-equivalents by total processing "
        "performance, on log scales. Deliveries up to the dashed line are observed: rules act on what is ordered after "
        f"it. Source: table chips, columns shipped_cards, {columns}, card_h100e; {licences}table market, columns "
        "owned_by_headquarters_h100e, price_iaas_usd_per_h100e_hour. What each rule did stands in table rules."
        f"{left_out(cases)}"
    )
