"""Build the page: gather what the template shows, and write one file without outside requests."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from experiments.analysis import first_choices
from experiments.analysis.cases import BASES, Case, cases, drawable, result_names
from experiments.analysis.happenings import idle_rules
from experiments.analysis.headline import Figure, Leader, figure, leaders, market_lines, outcomes, rows_of
from experiments.analysis.loading import Results, gathered
from experiments.analysis.rounding import rounded
from experiments.figures import FIGURES, REASONS, Drawn, draw, lacking
from experiments.report.aimed import aimed
from experiments.report.comparison import moved
from experiments.report.makers import makers_of
from experiments.report.provenance import grades
from experiments.report.rules import rules_of
from experiments.report.settings import settings_of
from experiments.report.study import parts
from experiments.report.terms import terms_of
from experiments.report.words import headline, uncertainty

if TYPE_CHECKING:
    import pandas as pd

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_RUN_IDS_SHOWN = 12


def build(results: Sequence[Results], path: Path, figures: Sequence[str] | None = None) -> Path:
    """Write the report of finished folders.

    Args:
        results: Finished folders; several are compared.
        path: The file to write.
        figures: Names of the figures to draw, None for all.

    Returns:
        The file.

    Raises:
        OSError: When it cannot be written; no half-written file stays.
    """
    text = render(results, figures, first_choices.read(path.parent))
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def render(
    results: Sequence[Results], figures: Sequence[str] | None = None, steps: "pd.DataFrame | None" = None
) -> str:
    """Return the report as HTML: the same text for the same tables."""
    results = gathered(results)
    everything = cases(results)
    shown = drawable(everything)
    common = min(case.quarters[-1] for case in shown)
    stored = [found.names for found in results]
    chosen = [name for name in FIGURES if figures is None or name in figures]
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        title=_title(results),
        aimed=aimed(shown),
        cases=[_case(case, common) for case in shown],
        common=common,
        ruled=[part for case in shown if (part := rules_of(case)) is not None],
        terms=terms_of(shown),
        makers=[part for case in shown if (part := makers_of(case)) is not None],
        idle=list(dict.fromkeys(name for case in shown for name in _idle(case))),
        uncertainty=list(dict.fromkeys(uncertainty(case) for case in shown)),
        failed=[(case.label, case.failed, len(case.runs)) for case in everything if case.failed],
        figures=[_figure(draw(name, shown)) for name in chosen if not lacking(name, stored)],
        not_drawn=[(name, lacking(name, stored)) for name in chosen if lacking(name, stored)],
        moved=_moved(shown, steps) if figures is None or REASONS in figures else None,
        bases=list(BASES),
        parts=parts(results[0]) if len(results) == 1 else [],
        single=all(case.count == 1 for case in shown),
        folders=[_folder(*one) for one in zip(results, result_names(results), strict=True)],
        grades=grades(_changed(results)),
    )


def _title(results: Sequence[Results]) -> str:
    names = result_names(results)
    if len(names) == 1:
        return names[0]
    return f"comparison of {' and '.join(names) if len(names) == 2 else f'{len(names)} results'}"


def _figure(drawn: Drawn) -> dict[str, Any]:
    return {"name": drawn.name, "title": drawn.title, "svg": Markup(drawn.svg), "caption": drawn.caption}


def _moved(shown: Sequence[Case], steps: "pd.DataFrame | None") -> dict[str, Any] | None:
    found = moved(shown, steps)
    return None if found is None else {**vars(found), "figure": found.figure and _figure(found.figure)}


def _idle(case: Case) -> dict[str, str]:
    """Return what is said of rules that did nothing."""
    return {item.name: item.text for item in idle_rules(case)} if "events" in case.results else {}


def _case(case: Case, common: str) -> dict[str, Any]:
    """Return what is shown of a case: alone over its own quarters, beside others in the last that all have."""
    has_shares, has_market = "providers" in case.results, "market" in case.results
    return {
        "label": case.label,
        "levers": case.levers,
        "headline": headline(case),
        "runs": case.count,
        "horizons": case.horizons,
        "span": f"{case.quarters[0]} to {case.quarters[-1]}",
        "leaders": {basis: [leaders(case, basis, q) for q in case.horizons] for basis in BASES} if has_shares else {},
        "regions": _regional_leaders(case) if has_shares else [],
        "market": market_lines(case) if has_market else [],
        "common_leaders": {basis: leaders(case, basis, common, most=1) for basis in BASES} if has_shares else {},
        "common_market": market_lines(case, quarters=(common,)) if has_market else [],
        "outcomes": _outcomes(case),
        "idle": _idle(case),
        "seeds": _ranges(case.runs["seed"].tolist()),
        "run_ids": case.ids[:_RUN_IDS_SHOWN],
        "more_runs": max(0, case.count - _RUN_IDS_SHOWN),
    }


def _regional_leaders(case: Case) -> list[tuple[str, list[list[Leader]]]]:
    """Return the two largest providers of each region on each basis in the last quarter."""
    last = case.quarters[-1]
    return [(label, [leaders(case, basis, last, name, 2) for basis in BASES]) for name, label in case.regions.items()]


def _outcomes(case: Case) -> list[tuple[str, str, str, str]]:
    """Return headline outcomes that the study asks for: name, horizon, median, 90% band."""
    design = case.results.manifest["design"]
    names = [asked["name"] for asked in design["outcomes"]] if design else []
    if not names or "outcomes" not in case.results:
        return []
    return [
        (row["outcome"], row["horizon"], *_median_and_band(figure(row, rounded, case.count)))
        for row in rows_of(outcomes(case, names))
    ]


def _median_and_band(value: Figure) -> tuple[str, str]:
    return value.median, value.band


def _ranges(seeds: list[int]) -> str:
    """Return seeds as text, neighbours as ranges: ``1 to 40``."""
    found: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if found and seed == found[-1][1] + 1:
            found[-1][1] = seed
        else:
            found.append([seed, seed])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in found)


def _folder(found: Results, label: str) -> dict[str, Any]:
    manifest = found.manifest
    environment = manifest["environment"]
    return {
        "label": label,
        "name": ", ".join(folder.name for folder in found.folders),
        "commands": list(dict.fromkeys(" ".join(one["command"]) for one in found.manifests)),
        "choices": manifest["choices"],
        "runs": manifest["runs"],
        "failed": manifest["failed"],
        "code_digest": manifest["code_digest"],
        "commit": environment["commit"],
        "python": environment["python"],
        "platform": environment["platform"],
        "packages": {name: version for name, version in environment["packages"].items() if version},
        "schema_version": manifest["schema_version"],
        "tables": ", ".join(manifest["tables"]),
        "changes": list(settings_of(manifest["changes"])),
        "grounds": len(manifest["grounds"]),
    }


def _changed(results: Sequence[Results]) -> set[str]:
    return {change["key"] for found in results for change in found.manifest["changes"]}
