"""Who has the world market: shares on three bases, side by side."""

from collections.abc import Sequence

from experiments.analysis.cases import BASES, Case
from experiments.figures import Drawn
from experiments.figures.labels import short
from experiments.figures.lines import GREY, RIBBONS_SAID, TOKENS_SAID, footnote, left_out, level, share_panel, shown
from experiments.figures.style import Sheet, svg
from sim.tables import WORLD

_TITLE_LENGTH = 64
TITLE = "Who has the world market, on three bases"


def draw(cases: Sequence[Case]) -> Drawn:
    """Draw a row of panels for each case: revenue, compute, tokens."""
    drawn = shown(cases)
    panels = [share_panel(_title(case, basis, drawn), case, basis, WORLD) for case in drawn for basis in BASES]
    levelled = level(panels)
    rows = [levelled[i : i + len(BASES)] for i in range(0, len(levelled), len(BASES))]
    below = footnote(drawn, RIBBONS_SAID) + TOKENS_SAID
    quarters, history = drawn[0].quarters, drawn[0].history_end
    sheet = Sheet("shares", rows, quarters, history, below, height=3.4 if len(drawn) == 1 else 2.6)
    return Drawn("shares", TITLE, svg(sheet), _caption(cases))


def _title(case: Case, basis: str, cases: Sequence[Case]) -> str:
    if len(cases) == 1:
        return f"By {basis}"
    return f"{short(case.label, [other.label for other in cases], _TITLE_LENGTH)}: by {basis}"


def _caption(cases: Sequence[Case]) -> str:
    return (
        "Share of each provider in what all providers sell to customers anywhere: by revenue, by compute in paid use "
        "(effective H100-equivalents) and by tokens served by model APIs. Own use is not in it. A firm may lead on one "
        f"basis and not on another. {GREY} Medians of shares need not sum to 100%. "
        "Source: table providers, columns share_revenue, share_compute, share_tokens; region = world, product = all, "
        f"workload = all.{left_out(cases)}"
    )
