"""Figures by name; each is drawn by one file and says which tables it needs. Importing this draws nothing."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.analysis.cases import Case

FIGURES: dict[str, tuple[str, ...]] = {
    "shares": ("providers",),
    "regions": ("providers",),
    "prices": ("market",),
    "capacity": ("market", "sites"),
    "concentration": ("market",),
    "constraints": ("sites", "suppliers"),
    "power": ("sites", "market"),
    "money": ("firms",),
    "chips": ("suppliers", "chips", "market"),
    "rules": ("chips", "market"),
}
"""Tables that each figure needs, in the order of the report. The file of a figure has its name."""
REASONS = "reasons"
COMPARING: dict[str, tuple[str, ...]] = {REASONS: ("providers", "diverted", "sites", "rules")}
"""The same for figures of two cases or more, which the section on comparisons shows."""
NAMES: tuple[str, ...] = (*FIGURES, *COMPARING)


def lacking(figure: str, stored: Sequence[Collection[str]]) -> list[str]:
    """Return the tables that a figure needs and that are not in all of ``stored``: the tables of every folder."""
    return [table for table in (FIGURES | COMPARING)[figure] if any(table not in tables for tables in stored)]


@dataclass(frozen=True)
class Drawn:
    """A figure ready for a page."""

    name: str
    title: str
    svg: str
    caption: str


def draw(name: str, cases: "Sequence[Case]") -> Drawn:
    """Draw one figure of one or several cases."""
    module = import_module(f"experiments.figures.{name}")
    function: Callable[[Sequence[Case]], Drawn] = module.draw
    return function(cases)
