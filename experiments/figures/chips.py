"""Chips: who makes how much, at what price and yield, what software makes of it, and how much of it China makes."""

from collections.abc import Sequence

import pandas as pd

from experiments.analysis.bands import bands, only
from experiments.analysis.cases import Case
from experiments.analysis.supply import card_prices, shipped
from experiments.figures import Drawn
from experiments.figures.colours import INK, case_colour, maker_colour
from experiments.figures.labels import short
from experiments.figures.lines import RIBBONS_SAID, WITH_RIBBONS, by_case, footnote, left_out, shown
from experiments.figures.style import Panel, Series, Sheet, svg

TITLE = "Chips: deliveries, prices, yield, software, and China's own share"
_MAKERS, _HOME = 8, "cn"
_MADE, _PRICE, _YIELD, _SOFTWARE = "H100e a quarter", "USD per H100e", "good dies", "of what hardware could"
_DOMESTIC = {
    "domestic_chip_share_units": ("of cards", "#0066cc"),
    "domestic_chip_share_h100e": ("of H100e", "#bb2211"),
    "domestic_chip_share_value": ("of value delivered", INK),
    "self_sufficiency": ("index of the chain", "#227744"),
}


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw deliveries, prices and yields by maker, and domestic shares; the world by case for several cases."""
    drawn = shown(cases)
    rows = _of_one(drawn[0]) if len(drawn) == 1 else _of_several(drawn)
    below = footnote(drawn, RIBBONS_SAID if len(drawn) == 1 else "")
    sheet = Sheet("chips", rows, drawn[0].quarters, drawn[0].history_end, below, height=2.4)
    return Drawn("chips", TITLE, svg(sheet), _caption(cases))


def _of_one(case: Case) -> list[list[Panel]]:
    rows, prices = shipped(case), card_prices(case)
    chosen = _largest(rows)
    made, price, good, software = (
        _by_maker(case, found, measure, chosen)
        for found, measure in (
            (rows, "shipped_h100e"), (prices, "usd_per_h100e"), (rows, "yield_fraction"), (rows, "software_training")
        )
    )  # fmt: skip
    above = [
        Panel("Deliveries by maker", made, _MADE, log=True),
        Panel("Price of each maker's leading card", price, _PRICE, log=True),
    ]
    below = [
        Panel("Yield of cards delivered", good, _YIELD, percent=True),
        Panel("What cards achieve in training", software, _SOFTWARE, percent=True),
    ]
    return [above, below, *([at_home] if (at_home := _at_home(case)) else [])]


def _largest(rows: pd.DataFrame) -> list[str]:
    """Return the makers that deliver most over all quarters and runs."""
    sold = rows.groupby("supplier")["shipped_h100e"].sum().sort_values(ascending=False, kind="stable")
    return [str(name) for name in sold[sold > 0.0].index[:_MAKERS]]


def _by_maker(case: Case, rows: pd.DataFrame, measure: str, chosen: Sequence[str]) -> list[Series]:
    """Return a measure of makers, in quarters in which it is above zero."""
    found = bands(rows[rows[measure] > 0.0], measure, ["supplier", "quarter"])
    labels = list(case.makers.values())
    return [
        Series(short(case.maker_of(name), labels), maker_colour(name), mine, ribbons=rank < WITH_RIBBONS)
        for rank, name in reversed(list(enumerate(chosen)))
        if len(mine := only(found, supplier=name))
    ]


def _at_home(case: Case) -> list[Panel]:
    """Return the panel of China's own makers, where China is a region."""
    if _HOME not in case.regions:
        return []
    lines = [Series(label, colour, case.measure(name, _HOME)) for name, (label, colour) in _DOMESTIC.items()]
    return [Panel(f"{case.regions[_HOME]}: from its own makers", lines, "share of the region", percent=True)]


def _of_several(cases: Sequence[Case]) -> list[list[Panel]]:
    """Return the world by case: deliveries, the leading card of the largest maker, China's share of H100e."""
    maker = _largest(shipped(cases[0]))[0]
    price = [only(card_prices(case), supplier=maker) for case in cases]
    above = [
        Panel(
            "Deliveries, all makers", _lines(cases, [_world(case) for case in cases], "shipped_h100e"), _MADE, log=True
        ),
        Panel(
            f"{cases[0].maker_of(maker)}: price of its leading card",
            _lines(cases, price, "usd_per_h100e"),
            _PRICE,
            log=True,
        ),
    ]
    if any(_HOME not in case.regions for case in cases):
        return [above]
    share = by_case(cases, "domestic_chip_share_h100e", _HOME)
    title = f"{cases[0].regions[_HOME]}: H100e from its own makers"
    return [above, [Panel(title, share, "share of the region", percent=True), *_software(cases)]]


def _software(cases: Sequence[Case]) -> list[Panel]:
    """Return the panel of what the cards of China's largest maker achieve, by case, where it has one."""
    home = [name for name, maker in cases[0].setting("suppliers").items() if maker["headquarters"] == _HOME]
    rows = [shipped(case) for case in cases]
    largest = _largest(rows[0][rows[0]["supplier"].isin(home)])
    if not largest:
        return []
    achieved = [only(found, supplier=largest[0]) for found in rows]
    title = f"{cases[0].maker_of(largest[0])}: what cards achieve in training"
    return [Panel(title, _lines(cases, achieved, "software_training"), _SOFTWARE, percent=True)]


def _world(case: Case) -> pd.DataFrame:
    """Return what all makers deliver, by run and quarter."""
    return shipped(case).groupby(["run_id", "quarter"])["shipped_h100e"].sum().reset_index()


def _lines(cases: Sequence[Case], rows: Sequence[pd.DataFrame], measure: str) -> list[Series]:
    labels = [case.label for case in cases]
    return [
        Series(short(case.label, labels), case_colour(i), bands(found, measure, ["quarter"]))
        for i, (case, found) in enumerate(zip(cases, rows, strict=True))
    ]


def _caption(cases: Sequence[Case]) -> str:
    return (_of_one_said() if len(cases) == 1 else _OF_SEVERAL_SAID) + left_out(cases)


_DELIVERED = "to providers and to owners outside them, in H100-equivalents by total processing performance"
_LEADING = "the one of which a maker delivers most H100-equivalents in the quarter"
_ACHIEVED = (
    "performance in training over what the hardware could do, which use of a software stack and research raise (CUDA "
    "is the yardstick)"
)
_LOG = "Deliveries and prices are on log scales. A line passes over quarters without deliveries."
_SOURCE = (
    "Source: table suppliers, columns {suppliers}; table chips, columns shipped_cards, price_usd, card_h100e; table "
    "market, {market}."
)
_OF_SEVERAL_SAID = (
    f"Cards delivered by all makers, {_DELIVERED}. Leading card: {_LEADING}. China's own share: of the "
    f"H100-equivalents in place there. What cards achieve: {_ACHIEVED}. {_LOG} "
    + _SOURCE.format(suppliers="shipped_h100e, software_training", market="column domestic_chip_share_h100e")
)


def _of_one_said() -> str:
    source = _SOURCE.format(
        suppliers="shipped_h100e, yield_fraction, software_training", market=f"columns {', '.join(_DOMESTIC)}"
    )
    return (
        f"Cards delivered by each maker, {_DELIVERED}. Leading card: {_LEADING}; prices of in-house makers are their "
        "unit cost. Yield: good dies over all dies, of the cards delivered. What cards achieve: "
        f"{_ACHIEVED}. China's own share: of cards in place, of their H100-equivalents, and of the value delivered in "
        "the quarter; index of the chain: of H100-equivalents delivered, the product of the domestic parts of design, "
        f"wafers, packaging, memory and tools. {_LOG} {source}"
    )
