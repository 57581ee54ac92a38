"""Derive the observed part of ``conf/`` from observations and stated assumptions.

``python -m experiments.prepare`` writes the files; ``--check`` compares and exits 1 where one differs.
"""

import difflib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from experiments.preparation import captive, catalogue, firms
from experiments.preparation.fleets import Flows, flows
from experiments.preparation.sources import CONF, assumptions
from experiments.preparation.writing import document
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
price_decline: log change per year of the price of a given card. gross_margin: fraction of price.
""",
    "providers": """
Who sells compute, who builds for itself, who may enter. Cards are units; deliveries stand one chip a line, by quarter,
and are history up to market.history_end: A800, H800 and H20 are what the rules of 2022 and 2023 left for China.
own_use: average effective H100e in use. general_cloud: USD m a quarter beside AI. order_mix: new cards after the history.
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
    return {
        "chips": catalogue.chips(stated, first_deliveries(received)),
        "suppliers": stated["suppliers"],
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


def write(texts: Mapping[Path, str]) -> None:
    """Write every derived file."""
    for path, content in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")


def differences(texts: Mapping[Path, str]) -> list[str]:
    """Return unified diffs of the files that are not what would be written."""
    return [line for path, content in texts.items() for line in _difference(path, content)]


def _difference(path: Path, content: str) -> Iterable[str]:
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    name = str(path.relative_to(CONF.parent))
    return difflib.unified_diff(present.splitlines(), content.splitlines(), name, f"{name} (derived)", lineterm="", n=0)


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` compare; return the exit code."""
    texts = files(values())
    if "--check" not in arguments:
        write(texts)
        return 0
    found = differences(texts)
    print("\n".join(found) if found else "conf agrees with the observations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
