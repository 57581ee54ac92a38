"""Chips and suppliers: specification rows, missing fields imputed by stated rules."""

from collections.abc import Mapping
from typing import Any

from experiments.preparation.sources import Row, observations
from sim.names import quarter_number

FIELDS = {
    "tpp": "tpp",
    "memory_gb": "memory_gb",
    "memory_bandwidth_gb_s": "mem_bw_gbps",
    "interconnect_gb_s": "interconnect_gbps",
    "die_area_mm2": "die_area_mm2",
    "power_w": "tdp_w",
    "process_nm": "process_nm",
}
NULLABLE = ("die_area_mm2", "process_nm")
MONTHS_PER_QUARTER = 3


BITS = {"fp16_dense_tflops": 16, "fp8_dense_tflops": 8, "int8_dense_tops": 8}
"""Columns of dense throughput with the length of their numbers."""


def specifications() -> dict[str, Row]:
    """Return the specification rows by chip name, ``tpp`` by its formula where that gives more than the source says."""
    return {row["chip"]: {**row, "tpp": _tpp(row)} for row in observations("chip_specs")}


def _tpp(row: Row) -> str:
    """Return TPP: the most of bits times dense throughput. The source knows formats that have no column here."""
    by_formula = max((bits * float(row[column]) for column, bits in BITS.items() if row.get(column)), default=0.0)
    return row["tpp"] if row["tpp"] and float(row["tpp"]) >= by_formula else f"{by_formula:g}"


def launch_quarter(text: str) -> str:
    """Return the quarter of a launch written ``2024-11`` or ``2026Q1``."""
    if "Q" in text:
        return text
    year, month = text.split("-")
    return f"{year}Q{(int(month) - 1) // MONTHS_PER_QUARTER + 1}"


def known_price(row: Row) -> float | None:
    """Return the middle of the price range, or None where no price is given."""
    if not row["unit_price_usd_low"]:
        return None
    return (float(row["unit_price_usd_low"]) + float(row["unit_price_usd_high"])) / 2.0


def _known(row: Row) -> dict[str, float | None]:
    values = {field: float(row[column]) if row[column] else None for field, column in FIELDS.items()}
    return {**values, "price_usd": known_price(row)}


def _imputed(
    name: str, field: str, known: Mapping[str, Mapping[str, float | None]], stated: Mapping[str, Any]
) -> float:
    """Return a field as given, or else by the stated rule: that of a kindred chip times a factor."""
    value = known[name][field]
    if value is not None:
        return value
    rule = stated["imputed"][name][field]
    if "value_rmb" in rule:
        return round(float(rule["value_rmb"]) / float(stated["price_rmb_per_usd"]["value"]))
    return float(f"{_imputed(rule['like'], field, known, stated) * rule['factor']:.4g}")


def chips(stated: Mapping[str, Any], first_deliveries: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the catalogue. A launch later than the first observed delivery is moved to it."""
    rows = specifications()
    known = {name: _known(rows[entry["row"]]) for name, entry in stated["chips"].items()}
    return {
        name: {
            "label": entry["row"],
            "supplier": entry["supplier"],
            "launch": _launch(name, rows[entry["row"]], stated, first_deliveries),
            **{field: _value(name, field, known, stated) for field in (*FIELDS, "price_usd")},
        }
        for name, entry in stated["chips"].items()
    }


def _value(
    name: str, field: str, known: Mapping[str, Mapping[str, float | None]], stated: Mapping[str, Any]
) -> float | None:
    if field in NULLABLE and field not in stated["imputed"].get(name, {}):
        return known[name][field]
    return _imputed(name, field, known, stated)


def _launch(name: str, row: Row, stated: Mapping[str, Any], first_deliveries: Mapping[str, str]) -> str:
    override = stated["launch_overrides"].get(name)
    launch = override["launch"] if override else launch_quarter(row["launch"])
    return min(launch, first_deliveries.get(name, launch), key=quarter_number)


def tpp_of(stated: Mapping[str, Any]) -> dict[str, float]:
    """Return TPP by chip id."""
    rows = specifications()
    return {name: float(rows[entry["row"]]["tpp"]) for name, entry in stated["chips"].items()}
