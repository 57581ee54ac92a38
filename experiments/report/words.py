"""The first paragraphs of a report: what came out, in words and numbers that can be traced to the tables."""

from itertools import groupby

from experiments.analysis.bands import only
from experiments.analysis.cases import BASES, Case
from experiments.analysis.happenings import NEEDED, happenings
from experiments.analysis.headline import Leader, figure, leaders, market_lines, rows_of
from experiments.analysis.rounding import percent
from sim.tables import WORLD

_BASIS = {"revenue": "By revenue", "compute": "By compute in paid use", "tokens": "By tokens served"}
_SWING = 0.10
"""Change of a leader's median share from which on a report says how it moves."""
_APART = 2
"""Places by which ranks on two bases differ from which on a report remarks it."""


def headline(case: Case) -> list[str]:
    """Return the headline sentences of one case, for the tables that it stored."""
    sentences = []
    if "providers" in case.results:
        sentences += [*(_leading(case, basis) for basis in BASES), *_swings(case), *_ranked_unlike(case)]
    if "market" in case.results:
        sentences += _market(case)
    if all(name in case.results for name in NEEDED):
        sentences += [f"{item.name[0].upper()}{item.name[1:]}: {item.text}." for item in happenings(case, None)]
    return sentences


def _leading(case: Case, basis: str) -> str:
    last = case.quarters[-1]
    found = leaders(case, basis, last, most=3)
    if not found:
        return f"{_BASIS[basis]}, nothing is sold in {last}."
    first, *others = found
    behind = " and ".join(f"{item.label} with {item.share.median}" for item in others)
    ahead = f", ahead of {behind}" if behind else ""
    leads = "leads" if 2 * first.leads > case.count else "has the largest median share"
    said = f"{first.label} {leads} in {last} with {_with_band(case, first)}{ahead}{_runs(case, first)}"
    return f"{_BASIS[basis]}, {said}."


def _swings(case: Case) -> list[str]:
    """Return what the last quarter hides: a lead that changes, or a leader's share that swings."""
    found = [said for basis in BASES if (said := _on_the_way(case, basis))]
    return [" ".join(["Shares swing on the way: that of one quarter says little.", *found])] if found else []


def _on_the_way(case: Case, basis: str) -> str:
    """Return who led at the ends of years after the history where that or the last leader's share changes."""
    ends = [q for q in case.quarters if q > case.history_end and (q.endswith("Q4") or q == case.quarters[-1])]
    led = [(quarter, one) for quarter in ends for one in leaders(case, basis, quarter, most=1)]
    if not led:
        return ""
    last = led[-1][1]
    band = only(case.share_bands[basis], region=WORLD, provider=last.provider)
    own = band[band["quarter"].isin(ends)].set_index("quarter")["median"].dropna()
    median, said = "median " if case.count > 1 else "", []
    if any(one.provider != last.provider for _, one in led):
        spells = [list(spell) for _, spell in groupby(led, lambda item: item[1].provider)]
        held = " to ".join(_spell(spell[0][1].label, spell[0][0], spell[-1][0]) for spell in spells)
        said.append(f"the largest {median}share goes from {held}{_agreed(case, [one.leads for _, one in led])}")
    if own.max() - own.min() > _SWING:
        low, high = f"{percent(own.min())} ({own.idxmin()})", f"{percent(own.max())} ({own.idxmax()})"
        said.append(f"the {median}share of {last.label} lies between {low} and {high}")
    return f"{_BASIS[basis]}, at the ends of years {'; '.join(said)}." if said else ""


def _spell(label: str, start: str, end: str) -> str:
    return f"{label} ({start})" if start == end else f"{label} ({start} to {end})"


def _agreed(case: Case, leads: list[int]) -> str:
    """Return in how many runs at least those said to lead are first."""
    least = min(leads)
    runs = f"all {case.count}" if least == case.count else f"at least {least} of {case.count}"
    return f", each first in {runs} runs" if case.count > 1 else ""


def _ranked_unlike(case: Case) -> list[str]:
    """Return a sentence on the firm among the first three whose rank hangs most on the basis, from two places on."""
    last = case.quarters[-1]
    ranked = {basis: [one.label for one in leaders(case, basis, last, most=len(case.providers))] for basis in BASES}
    places = {
        label: {basis: labels.index(label) + 1 for basis, labels in ranked.items() if label in labels}
        for label in dict.fromkeys(label for labels in ranked.values() for label in labels[:3])
    }
    apart = {label: max(found.values()) - min(found.values()) for label, found in places.items()}
    label = max(apart, key=apart.__getitem__, default="")
    if apart.get(label, 0) < _APART:
        return []
    ranks = (f"number {place} {_BASIS[basis].replace('By', 'by')}" for basis, place in places[label].items())
    return [f"Ranks hang on the basis: by median shares {label} is {', '.join(ranks)}."]


def _with_band(case: Case, leader: Leader) -> str:
    return f"{leader.share.median} (90% of runs: {leader.share.band})" if case.count > 1 else leader.share.median


def _runs(case: Case, leader: Leader) -> str:
    if case.count in (1, leader.leads):
        return ""
    return f"; it is first in {leader.leads} of {case.count} runs"


def _market(case: Case) -> list[str]:
    lines = {line.name: line for line in market_lines(case)}
    first, last = case.horizons[0], case.horizons[-1]
    compute, tokens = lines["rented compute (IaaS)"], lines["tokens (MaaS)"]
    hhi = lines["concentration (HHI, revenue)"]
    if first == last:
        return [f"In {last} an effective H100-hour rents for {compute.values[-1]} USD, and HHI is {hhi.values[-1]}."]
    return [
        f"From {first} to {last} the rent of an effective H100-hour goes from {compute.values[0]} to "
        f"{compute.values[-1]} USD, a million tokens from {tokens.values[0]} to {tokens.values[-1]} USD, and "
        f"concentration by revenue (HHI) from {hhi.values[0]} to {hhi.values[-1]}.",
        _unmet(case),
    ]


def _unmet(case: Case) -> str:
    """Return when most demand went unmet, and whether it is met at the end."""
    band = case.measure("unmet_share")
    top, last = (rows_of(rows)[0] for rows in (band.nlargest(1, "median"), band.tail(1)))
    if band["high90"].max() == 0:
        return "All demand is met at the prices posted, in every quarter."
    worst, ends = (figure(row, percent, case.count) for row in (top, last))
    end = "none is" if last["high90"] == 0 else f"{ends} is"
    return f"Most demand goes unmet in {top['quarter']}, {worst} of what is new; in {last['quarter']} {end}."


def uncertainty(case: Case) -> str:
    """Return what the spread is, and what it is not."""
    seeds = case.runs.loc[case.runs["status"] == "ok", "seed"].tolist()
    if case.count == 1:
        return (
            f"One path (seed {seeds[0]}), no uncertainty: nothing here says how far another draw, or another value of "
            "an uncertain parameter, would lead. The command compute-market study gives bands."
        )
    samples = case.runs["sample"].nunique()
    if samples > 1:
        return (
            f"Bands come from {case.count} runs: {samples} samples of the uncertainties that the study names, and "
            "seeds. They show "
            "chance and those uncertainties, not other parameters or the structure; read them as a lower bound."
        )
    return (
        f"Bands come from {case.count} runs that differ in the seed only. They show what chance does inside the model, "
        "not how uncertain its parameters and structure are; read them as a lower bound of what is not known."
    )
