"""Who comes in, gives up, cuts spending, where the longest queue for power is, which rules and chips did nothing."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from experiments.analysis.bands import bands
from experiments.analysis.cases import Case
from experiments.analysis.headline import figure, rows_of
from experiments.analysis.rounding import rounded

NEEDED = ("events", "sites")
"""Tables that :func:`happenings` reads."""
_NAMED = 3
_IDLE = {
    "rule_never_bites": "rules that never bound",
    "rule_observed": "rules within the history",
    "rule_never_in_force": "rules never in force",
}
"""Events at the end of a run, and what is said of them; what rules of the history did lies in deliveries observed."""


@dataclass(frozen=True)
class Happening:
    """What happened, under a head."""

    name: str
    text: str


def happenings(case: Case, named: int | None = _NAMED) -> list[Happening]:
    """Return a line each on entry, exit, cuts of capital spending and the queue for power, on idle rules and chips.

    ``named`` firms are said to enter or exit, and how many more; None for all.
    """
    events = case.frame("events", ["quarter", "event", "who", "detail"])
    return [
        Happening("firms that enter", _firms(case, events[events["event"] == "entry"], named)),
        Happening("firms that exit", _firms(case, events[events["event"] == "exit"], named)),
        Happening("cuts of capital spending", _cuts(case, events[events["event"] == "capex_cut"])),
        Happening("largest queue for power", _queue(case)),
        *_idle(case, events),
        *_never_ordered(case),
    ]


def idle_rules(case: Case) -> list[Happening]:
    """Return lines on rules that bound nobody and on rules never in force in the run."""
    return list(_idle(case, case.frame("events", ["quarter", "event", "detail"])))


def _idle(case: Case, events: pd.DataFrame) -> Iterator[Happening]:
    """Yield idle rules by what is said of them; their labels may hold commas."""
    for event, name in _IDLE.items():
        runs = events[events["event"] == event].groupby("detail")["run_id"].nunique()
        if not runs.empty:
            said = (_in_runs(case, case.rule_label(str(rule)), count) for rule, count in runs.items())
            yield Happening(name, "; ".join(said))


def _never_ordered(case: Case) -> Iterator[Happening]:
    """Yield the chips that nobody orders or receives in any run: their makers may sell to nobody, or dearly."""
    if "chips" not in case.results:
        return
    rows = case.frame("chips", ["chip", "ordered_cards", "shipped_cards"])
    had = set(rows.loc[(rows["ordered_cards"] > 0.0) | (rows["shipped_cards"] > 0.0), "chip"])
    left = [label for chip, label in case.chips.items() if chip not in had]
    if left:
        yield Happening("chips never ordered", "; ".join(left))


def _in_runs(case: Case, label: str, count: int) -> str:
    return f"{label} ({count} of {case.count} runs)" if count < case.count else label


def _firms(case: Case, events: pd.DataFrame, named: int | None = _NAMED) -> str:
    """Return firms with the quarter of their first event, for several runs the middle one and how many runs."""
    first = events.groupby(["who", "run_id"])["quarter"].min().reset_index()
    found = [(str(who), sorted(rows["quarter"])) for who, rows in first.groupby("who")]
    found.sort(key=lambda item: (-len(item[1]), item[1], item[0]))
    said = [f"{case.name_of(who)} {_when(case, quarters)}" for who, quarters in found[:named]]
    more = [f"{len(found) - len(said)} more"] if len(found) > len(said) else []
    return ", ".join([*said, *more]) or "none"


def _when(case: Case, quarters: list[str]) -> str:
    middle = quarters[(len(quarters) - 1) // 2]
    return middle if case.count == 1 else f"{middle} ({len(quarters)} of {case.count} runs)"


def _cuts(case: Case, events: pd.DataFrame) -> str:
    """Return how many cuts there are in a run, and who cuts most often over all runs."""
    if events.empty:
        return "none"
    counts = pd.DataFrame({"all": "all", "cuts": events.groupby("run_id").size().reindex(case.ids, fill_value=0)})
    (row,) = rows_of(bands(counts, "cuts", ["all"]))
    most = events["who"].value_counts()
    who = sorted(str(name) for name in most[most == most.max()].index)
    others = f" and {len(who) - 1} more as often" if len(who) > 1 else ""
    return f"{figure(row, _count, case.count)}, most by {case.name_of(who[0])}{others}"


def _count(value: float) -> str:
    """Return a number of things as a whole one: a quantile between two counts is not known more exactly."""
    return f"{math.floor(value + 0.5):,}"


def _queue(case: Case) -> str:
    """Return the site and quarter with the largest median of power queued."""
    rows = case.frame("sites", ["quarter", "site_region", "provider", "mw_queued"])
    rows["mw_queued"] = rows["mw_queued"].round(6)  # a queue that emptied leaves a rounding error, not a megawatt
    (row,) = rows_of(bands(rows, "mw_queued", ["site_region", "provider", "quarter"]).nlargest(1, "median"))
    if row["median"] <= 0.0:
        return "none"
    size = figure(row, rounded, case.count)
    return f"{case.name_of(row['provider'])} in {case.regions[row['site_region']]}, {row['quarter']}: {size} MW"
