"""Source, grade and note of every leaf of the baseline.

What was derived from an observation gets its evidence from the same rows; the rest is stated by hand in
``provenance_stated.yaml``, one entry a pattern of keys, and may rest on blocks of ``assumptions.yaml``.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from experiments.faults import BadInput
from experiments.preflight.fields import find, root_of
from experiments.preparation.catalogue import FIELDS, launch_quarter, specifications
from experiments.preparation.revenue import cash_rows, market_rows, share_rows
from experiments.preparation.sources import DATA, Row, observations
from experiments.provenance import ASSUMPTION, COLUMNS, GRADES, as_text, evidence_of_rule, joined, leaves
from experiments.provenance import Row as Provenance
from sim.names import quarter_number
from sim.parameters import Parameters

_BY_CONFIDENCE = {"reported": "B", "analyst-estimate": "C", "derived": "C"}
_WEAK = ("model knowledge", "derived", "conflict")
"""Words in the note of a specification row that say that part of it is not from the source."""


@dataclass(frozen=True)
class Evidence:
    """What a value rests on."""

    source: tuple[str, ...] = (ASSUMPTION,)
    grade: str = ASSUMPTION
    note: str = ""
    observed_to: str = ""


def table(config: Mapping[str, Any], stated: Mapping[str, Any]) -> list[Provenance]:
    """Return a row for every leaf of the model's part of a configuration.

    Raises:
        BadInput: Naming every leaf without evidence and every entry that describes no leaf.
    """
    paths = dict(leaves(config))
    given = _given(stated)
    known = derived(stated) | dict(_rules(config))
    found = known | {path: given[entry] for path, entry in _matched(paths, given, known).items()}
    faults = [f"{path}: has no entry in provenance_stated.yaml" for path in paths if path not in found]
    faults += [
        f"{entry}: describes no leaf of the baseline (provenance_stated.yaml)" for entry in _dead(given, paths, found)
    ]
    if faults:
        raise BadInput(faults)
    return [_row(path, value, found[path]) for path, value in paths.items()]


def text(table_rows: Sequence[Provenance]) -> str:
    """Return the rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(row, column) for column in COLUMNS] for row in table_rows)
    return out.getvalue()


def _row(path: str, value: object, evidence: Evidence) -> Provenance:
    field = find(root_of(Parameters), path.split("."))
    unit = field.unit if field is not None else ""
    note = " ".join(evidence.note.split())
    return Provenance(path, as_text(value), unit, joined(evidence.source), evidence.grade, note, evidence.observed_to)


def _given(stated: Mapping[str, Any]) -> dict[str, Evidence]:
    entries = yaml.safe_load((DATA / "provenance_stated.yaml").read_text(encoding="utf-8"))
    return {pattern: _evidence(entry, stated) for pattern, entry in entries.items()}


def _evidence(entry: str | Mapping[str, Any], stated: Mapping[str, Any]) -> Evidence:
    if isinstance(entry, str):
        return Evidence(note=entry)
    blocks = [_block(name, stated) for name in entry.get("rests_on", [])]
    grades = [entry.get("grade", ASSUMPTION), *(block["grade"] for block in blocks)]
    source = entry.get("source", ASSUMPTION)
    return Evidence(
        source=tuple(source) if isinstance(source, list) else (source,),
        grade=max(grades, key=list(GRADES).index),
        note="; ".join([*filter(None, [entry.get("note")]), *(block["reason"] for block in blocks)]),
        observed_to=entry.get("observed_to", ""),
    )


def _block(name: str, stated: Mapping[str, Any]) -> Mapping[str, Any]:
    block: Any = stated
    for part in name.split("."):
        block = block[part]
    assert isinstance(block, Mapping)
    return block


def matches(pattern: str, path: str) -> bool:
    """Return whether a dotted pattern describes a key: ``*`` is any name, ``a|b`` is either."""
    wanted, parts = pattern.split("."), path.split(".")
    return len(wanted) == len(parts) and all(
        choice == "*" or part in choice.split("|") for choice, part in zip(wanted, parts, strict=True)
    )


def _matched(
    paths: Mapping[str, object], given: Mapping[str, Evidence], known: Mapping[str, Evidence]
) -> dict[str, str]:
    """Return, by path, the last pattern that describes it: exceptions stand below the rule."""
    return {path: pattern for path in paths if path not in known for pattern in given if matches(pattern, path)}


def _dead(given: Mapping[str, Evidence], paths: Mapping[str, object], found: Mapping[str, Evidence]) -> list[str]:
    used = {id(evidence) for evidence in found.values()}
    return [pattern for pattern, evidence in given.items() if id(evidence) not in used] + [
        path for path in found if path not in paths
    ]


def derived(stated: Mapping[str, Any]) -> dict[str, Evidence]:
    """Return the evidence of leaves that stand in, or come from, rows of observations."""
    return dict(_chips(stated)) | dict(_general_cloud(stated)) | dict(_groups(stated))


def _rules(config: Mapping[str, Any]) -> Iterator[tuple[str, Evidence]]:
    """Yield the evidence of instruments of policy, which name their sources themselves."""
    for government, instruments in config.get("policy", {}).items():
        for name, rule in instruments.items():
            for path, _ in leaves(rule, f"policy.{government}.{name}"):
                source, grade = evidence_of_rule(rule, path.split(".", 3)[3])
                yield path, Evidence(tuple(source.split("; ")), grade, rule["label"])


def _chips(stated: Mapping[str, Any]) -> Iterator[tuple[str, Evidence]]:
    rows = specifications()
    for name, entry in stated["chips"].items():
        row = rows[entry["row"]]
        for field in ("label", "supplier", "launch", *FIELDS, "price_usd"):
            yield f"chips.{name}.{field}", _chip(name, field, row, stated)


def _chip(name: str, field: str, row: Row, stated: Mapping[str, Any]) -> Evidence:
    if field == "launch":
        return _launch(name, row, stated)
    column = "unit_price_usd_low" if field == "price_usd" else FIELDS.get(field)
    if column is None or row[column]:
        return Evidence(keys(row), _grade(name, row, stated), _chip_note(field, row))
    rule = stated["imputed"].get(name, {}).get(field)
    if rule is None:
        return Evidence(keys(row), _grade(name, row, stated), "not in the source")
    return _imputed(rule, stated)


def _chip_note(field: str, row: Row) -> str:
    low, high = row["unit_price_usd_low"], row["unit_price_usd_high"]
    price = [f"middle of USD {low}-{high}"] if field == "price_usd" and low != high else []
    stated = {found["chip"]: found["tpp"] for found in observations("chip_specs")}[row["chip"]]
    if field == "tpp" and stated != row["tpp"]:
        price = [f"bits times dense throughput; {stated or 'nothing'} in the source"]
    about = [row["note"]] if field not in ("label", "supplier", "process_nm", "die_area_mm2") and row["note"] else []
    return "; ".join(price + about)


def _imputed(rule: Mapping[str, Any], stated: Mapping[str, Any]) -> Evidence:
    if "value_rmb" in rule:
        return Evidence(
            (rule["source"],), "C", f"{rule['reason']}, at {stated['price_rmb_per_usd']['value']} RMB per USD"
        )
    like = specifications()[stated["chips"][rule["like"]]["row"]]
    return Evidence(
        keys(like), "C", f"not in the source: {rule['factor']:g} times that of {rule['like']} ({rule['reason']})"
    )


def _launch(name: str, row: Row, stated: Mapping[str, Any]) -> Evidence:
    override = stated["launch_overrides"].get(name)
    if override:
        return Evidence(keys(row), override["grade"], override["reason"])
    note = f"{launch_quarter(row['launch'])} in the source, or the first observed delivery where that is earlier"
    return Evidence(keys(row), _grade(name, row, stated), note)


def _grade(name: str, row: Row, stated: Mapping[str, Any]) -> str:
    weak = name in stated["weak_specifications"]["value"] or any(word in row["note"] for word in _WEAK)
    return "C" if weak else _BY_CONFIDENCE[row["confidence"]]


def keys(row: Row) -> tuple[str, ...]:
    """Return the source keys of an observation; arithmetic on other rows (``derived``) has none of its own."""
    return tuple(key for key in row["source"].split("; ") if key != "derived")


def _general_cloud(stated: Mapping[str, Any]) -> Iterator[tuple[str, Evidence]]:
    for name, entry in stated["providers"].items():
        cloud = entry["cloud"]
        if cloud is None:
            continue
        used = list(_used([*market_rows(cloud["geography"]), *share_rows(cloud["geography"], cloud["row"])], stated))
        about = stated["general_cloud"]["ai_share"]
        yield (
            f"providers.{name}.general_cloud.revenue_usd_m",
            Evidence(
                source=tuple(key for row in used for key in keys(row)),
                grade=about["grade"],
                note=f"market size times share (linear between quarters given), less AI: {about['reason']}",
                observed_to=max(row["period"] for row in used),
            ),
        )


def _groups(stated: Mapping[str, Any]) -> Iterator[tuple[str, Evidence]]:
    for name, entry in stated["providers"].items():
        about = entry["group"]
        if about is None:
            continue
        note = f"a quarter of a year's operating cash flow, less {about['other_capital']:.0%} for other capital"
        path = f"providers.{name}.group.cash_flow_usd_m"
        if "row" in about:
            rows = cash_rows(about["row"])
            source = tuple(dict.fromkeys(key for row in rows for key in keys(row)))
            yield path, Evidence(source, "C", note, stated["last_quarter"])
        else:
            block = stated["group_cash_flow"][about["stated"]]
            yield (
                path,
                Evidence(
                    source=tuple(block.get("source", [ASSUMPTION])),
                    grade=block["grade"],
                    note=f"{block['reason']}; {note}",
                    observed_to=stated["last_quarter"],
                ),
            )


def _used(rows: Sequence[Row], stated: Mapping[str, Any]) -> Iterator[Row]:
    first, last = (quarter_number(stated[key]) for key in ("first_quarter", "last_quarter"))
    yield from (row for row in rows if first <= quarter_number(row["period"]) <= last)


@cache
def baseline() -> dict[str, Any]:
    """Return the model's part of the composed baseline."""
    from experiments.preflight import checked, composing
    from experiments.preflight.validate import split

    with composing() as composer:
        return split(checked(composer, []).config)[0]
