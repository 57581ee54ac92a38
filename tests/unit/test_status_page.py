"""The page of chip status: its cells are the rulings, for every foreign card and every shipped regime."""

import re
from functools import cache

import pytest

from experiments import status_page
from sim.parameters.policy import ChipRule


@cache
def sections() -> dict[str, list[str]]:
    """Return the lines of the page by section."""
    parts = status_page.page().split("\n## ")
    return {part.splitlines()[0]: part.splitlines() for part in parts}


def cells(section: str, card: str) -> dict[str, str]:
    rows = [line.strip("| ").split(" | ") for line in sections()[section] if line.startswith("|")]
    found = next(row for row in rows if row[0] == f"`{card}`")
    return dict(zip(rows[0], found, strict=True))


CASES = {
    ("h100", "`us_2022_10` 2022-10-07"): "deny `links`",
    ("h800", "`us_2022_10` 2022-10-07"): "free",
    ("h800", "`us_2023_10` 2023-11-17"): "deny `a_density`",
    ("h20", "`us_2023_10` 2023-11-17"): "free",
    ("h20", "`us_2025_04` 2025-04-14"): "licence `both`",
    ("h20", "end of 2025"): "licence `us_2025_08`",
    ("h200", "end of 2024"): "deny `us_2023_10_a` `a_density`",
    ("h200", "end of 2026"): "licence `us_2026_01` `density`",
    ("b200", "end of 2026"): "deny `us_2023_10_a` `a_tpp`",
    ("mi308x", "end of 2024"): "free",
    ("tpu-v4", "`us_2023_10` 2023-11-17"): "unknown `a_density`",
}


@pytest.mark.parametrize(("card", "column"), CASES)
def test_cells_are_the_rulings(card: str, column: str) -> None:
    assert cells("United States", card)[column] == CASES[card, column]


def test_each_government_has_its_own_rules() -> None:
    assert cells("China", "h20")["end of 2024"] == "free"
    assert cells("China", "h20")["end of 2025"] == "deny `cn_2025_08`"
    assert "No rule on cards." in sections()["Allies and others"]


def test_foreign_cards_and_regimes_on_orders_are_all_there() -> None:
    history = status_page.past()
    foreign = [name for name, x in history.chips.items() if history.suppliers[x.supplier].headquarters != "cn"]
    listed = [line.split("`")[1] for line in sections()["United States"] if line.startswith("| `")]
    assert listed == foreign
    head = next(line for line in sections()["United States"] if line.startswith("| card"))
    rules = history.policy.us
    on_orders = {name for name, rule in rules.items() if isinstance(rule, ChipRule) and "order" in rule.uses}
    assert on_orders
    files = {re.sub("_(a|b|abroad)$", "", name) for name in on_orders}
    assert all(f"`{name}` 20" in head for name in files)


def test_a_list_of_firms_is_shown_as_it_meets_them() -> None:
    assert cells("United States", "l20")["`us_entity_list` 2026-07-01"] == "deny"


def test_exceptions_are_listed() -> None:
    text = "\n".join(sections()["United States"])
    assert "`us_2023_10_a` lets through, by name, `mi308x`." in text
    assert "`us_2025_08` is for these cards only: `h20`, `mi308x`." in text
