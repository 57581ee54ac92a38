"""Derive the observed part of ``conf/`` from observations and stated assumptions, then provenance and reference.

``python -m experiments.prepare`` writes the files; ``--check`` compares and exits 1 where one differs.
"""

import csv
import io
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments import reference
from experiments.faults import BAD_INPUT, BadInput
from experiments.preparation import captive, catalogue, evidence, firms, makers
from experiments.preparation.fleets import Flows, flows
from experiments.preparation.sources import CONF, assumptions
from experiments.preparation.writing import differences, document, write
from experiments.provenance import ASSUMPTION, TABLE
from sim.names import quarter_number

NOTICE = """Derived by `python -m experiments.prepare` from experiments/data; do not edit: change the assumption there.
Every value has a row in experiments/data/provenance.csv. Data on chips, owners and labs: Epoch AI, CC BY 4.0.
"""
HEADERS = {
    "chips": """
The catalogue, from cards of 2019 to announced roadmaps. Export rules read tpp (TOPS x bit length, dense),
interconnect (GB/s bidirectional) and tpp per die area (mm2; null where unknown). Prices: USD per card at launch.
""",
    "suppliers": """
Makers of accelerators. sells_to: the providers an in-house maker serves, null for a merchant.
external_share: of an in-house maker's output, for others. foundry_access: of the wafers due to it. price_decline: log
change per year of a given card. roadmap: generations after the catalogue. research.reference_usd_m: keeps the dates.
""",
    "upstream": """
Wafers of logic, wafers of packaging and stacks of memory a quarter at market.history_end, by side; bank: stock.
growth: log change per quarter when orders equal capacity; response: to ln(orders/capacity) of 4 to 8 quarters before.
""",
    "providers": """
Who sells compute, who builds for itself, who may enter. Cards are units; deliveries stand one chip a line, by quarter,
and are history up to market.history_end: A800, H800 and H20 are what the rules of 2022 and 2023 left for China.
own_use: average effective H100e in use. general_cloud: USD m a quarter beside AI. order_mix: cards after the history.
""",
    "rest_of_world": """
Owners outside the named providers, so that the world's shipments close: on-premises buyers, labs' own cards
(xAI is in us_onprem), telecoms and state buyers in China (cn_onprem). Cards are units.
""",
    "labs": """
Named AI labs with dated contracts: each is large against its cloud. h100e: average H100e in use that is rented.
""",
}
PACKAGES = {"labs": "# @package customers.labs\n"}


def values() -> dict[str, dict[str, Any]]:
    """Return the derived groups of ``conf/`` by name."""
    stated = assumptions()
    received = flows(stated)
    specified = catalogue.chips(stated, first_deliveries(received))
    cards = {name: makers.with_silicon(name, card, stated) for name, card in specified.items()}
    return {
        "chips": cards,
        "suppliers": makers.suppliers(stated, received, cards),
        "upstream": makers.upstream(stated, received, cards),
        "providers": firms.providers(stated, received),
        "rest_of_world": firms.rest_of_world(stated, received),
        "labs": captive.labs(stated),
    }


def first_deliveries(received: Flows) -> dict[str, str]:
    """Return the first quarter with a delivery, by chip."""
    first: dict[str, str] = {}
    for (_, chip, quarter), amount in received.additions.items():
        if amount > 0.0:
            first[chip] = min(first.get(chip, quarter), quarter, key=quarter_number)
    return first


def files(groups: Mapping[str, Mapping[str, Any]]) -> dict[Path, str]:
    """Return the text of each derived file by path."""
    comments = {name: entry["comment"] for name, entry in assumptions()["providers"].items()}
    return {
        CONF / group / "baseline.yaml": PACKAGES.get(group, "")
        + document(HEADERS[group].strip() + "\n" + NOTICE, content, comments if group == "providers" else {})
        for group, content in groups.items()
    }


def provenance() -> dict[Path, str]:
    """Return the text of ``provenance.csv``: a row for every leaf of the baseline as it stands in ``conf/``.

    Raises:
        BadInput: Naming the leaves that have no evidence, and evidence that has no leaf.
    """
    return {TABLE: evidence.text(evidence.table(evidence.baseline(), assumptions()))}


def stages() -> Iterator[dict[Path, str]]:
    """Yield the files of each stage, made from what the stage before has written."""
    yield files(values())
    yield provenance()
    yield reference.pages()


def moved(texts: Mapping[Path, str]) -> list[str]:
    """Return the stated leaves whose value has changed since the last time, with the source still claimed for them."""
    if TABLE not in texts or not TABLE.exists():
        return []
    before = {row["path"]: row["value"] for row in csv.DictReader(io.StringIO(TABLE.read_text(encoding="utf-8")))}
    now = [row for row in csv.DictReader(io.StringIO(texts[TABLE])) if row["path"] in before]
    return [
        f"{row['path']}: {before[row['path']]} -> {row['value']}; does it still follow from {row['source']}?"
        for row in now
        if row["source"] != ASSUMPTION and not row["observed_to"] and before[row["path"]] != row["value"]
    ]


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` compare; return the exit code."""
    checking, found = "--check" in arguments, []
    try:
        for texts in stages():
            found += differences(texts) if checking else moved(texts)
            if not checking:
                write(texts)
    except BadInput as error:
        print("\n".join(error.lines))
        return BAD_INPUT
    print("\n".join(found) if found else "conf, provenance and reference pages agree with the observations")
    return 1 if checking and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
