"""The page of chip status: its cells are the rulings, and no card, rule set or destination is missing."""

import re
from functools import cache

import pytest

from experiments import status_page
from experiments.preflight.folders import shipped
from experiments.status_answers import past

CHINESE = "China: firms from China"
OTHERS_IN_CHINA = "China: firms not from China"
ABROAD = "Gulf and SE Asia: firms from China"


@cache
def sections() -> dict[str, list[str]]:
    """Return the lines of the page by the title of the section."""
    parts = re.sub(r"<a id=.*</a>\n", "", status_page.page()).split("\n## ")
    return {part.splitlines()[0]: part.splitlines() for part in parts}


def of_card(card: str) -> list[str]:
    """Return the lines of the section of a card."""
    (found,) = (lines for title, lines in sections().items() if f"`{card}`" in title.split(", "))
    return found


def rows(lines: list[str]) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("|") and "---" not in line]


def cell(card: str, rule_set: str, where: str) -> str:
    """Return what a rule set says of a card; the column is the one whose places include those that are asked for."""
    head, *body = rows(of_card(card))
    regions, _, buyers = where.partition(": ")
    (column,) = (
        n
        for n, title in enumerate(head)
        for part in title.split("; ")
        if regions in part.partition(": ")[0].split(", ") and part.partition(": ")[2] in ("", buyers)
    )
    found = [row[column] for row in body if rule_set in row[0].split(", ")]
    return found[0] if found else "free"


CASES = {
    ("h100", "`us/us_2022_10` 2022-10-07", CHINESE): "deny `links`",
    ("h800", "`us/us_2022_10` 2022-10-07", CHINESE): "free",
    ("h800", "`us/us_2023_10` 2023-11-17", CHINESE): "deny `us_2023_10_a` `a_density`",
    ("h20", "`us/us_2023_10` 2023-11-17", CHINESE): "free",
    ("h20", "`us/us_2025_04` 2025-04-14", CHINESE): "licence (never given) `both`",
    ("h20", "`us/us_2025_08` 2025-08-11", CHINESE): "licence",
    ("h20", "`history` 2025-12-31", CHINESE): "deny `cn_2025_08`",
    ("h20", "`us/history`", ABROAD): "licence (never given) `us_2025_04` `both`",
    ("h200", "`history` 2024-12-31", CHINESE): "deny `us_2023_10_a` `a_density`",
    ("h200", "`us_2026_01`", CHINESE): "licence `density`",
    ("b200", "`us/history`", CHINESE): "deny `us_2023_10_a` `a_tpp`",
    ("mi308x", "`history` 2024-12-31", CHINESE): "free",
    ("mi308x", "`history` 2024-12-31", ABROAD): "free",
    ("tpu-v4", "`us/us_2023_10` 2023-11-17", CHINESE): "unknown `us_2023_10_a` `a_density`",
    ("trainium2", "`us/us_proposed_b` 2027-01-01", CHINESE): "deny `links`",
    ("h100", "`us/us_2026_05` 2026-05-31", ABROAD): "deny `a_density`",
    ("h100", "`us/us_2026_05` 2026-05-31", OTHERS_IN_CHINA): "free",
    ("l20", "`us/us_entity_list` 2026-07-01", ABROAD): "free; alibaba: deny",
    ("l20", "`us/us_entity_list` 2026-07-01", OTHERS_IN_CHINA): "free",
    ("h100", "`us/us_remote_access` 2027-01-01 (rentals)", ABROAD): "deny `a_density`",
    ("h20", "`us/us_remote_access` 2027-01-01 (rentals)", CHINESE): "free",
    ("h100", "`cn/refuse`", OTHERS_IN_CHINA): "deny `cn_2025_09`",
}


@pytest.mark.parametrize(("card", "rule_set", "where"), CASES)
def test_cells_are_the_rulings(card: str, rule_set: str, where: str) -> None:
    assert cell(card, rule_set, where) == CASES[card, rule_set, where]


def test_every_card_is_listed_and_has_one_section() -> None:
    listed = [row[0] for row in rows(sections()["Cards"])[1:]]
    assert [text.split("`")[1] for text in listed] == list(past().chips)
    assert all(of_card(card) for card in past().chips)
    page = status_page.page()
    assert all(f'<a id="{text.partition("(#")[2].rstrip(")")}"></a>' in page for text in listed)


def test_every_file_of_rules_is_listed() -> None:
    folder = shipped() / "policy"
    files = {file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.yaml")}
    assert {row[0].strip("`") for row in rows(sections()["Rule sets"])[1:]} == files


def test_every_destination_stands_in_the_section_of_every_card() -> None:
    labels = [region.label for region in past().market.regions.values()]
    for card in past().chips:
        text = "\n".join(of_card(card))
        assert all(label in text for label in labels), card


def test_cards_of_chinese_makers_are_free_everywhere() -> None:
    for card in ("ascend-910c", "mlu370-x8", "hygon-dcu", "zhenwu-810e", "kunlun-2"):
        assert "Free under every rule set, for orders and rentals, in" in "\n".join(of_card(card))


def test_it_says_that_orders_and_rentals_differ() -> None:
    text = " ".join(sections()["Orders and rentals"])
    assert "They differ." in text
    stand = "`us_remote_access`, `us/us_remote_access`, and beside rules on orders in `us_remote_access`;"
    assert f"Rules on rentals stand in {stand}" in text


def test_exceptions_are_listed() -> None:
    text = "\n".join(sections()["Exceptions"])
    assert "`us_2023_10_a` lets through, by name, `mi308x`." in text
    assert "`us_2025_08` is for these cards only: `h20`, `mi308x`." in text
