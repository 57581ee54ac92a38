"""Keys of names and quarter codes."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.names import key_of, quarter_code, quarter_number
from sim.parameters import Parameters
from sim.structure import Structure

names = st.text(st.characters(exclude_characters="\0", codec="utf-8"))


def test_a_key_is_the_first_eight_bytes_of_blake2b_of_the_path() -> None:
    digest = hashlib.blake2b(b"product\x00aws\x00us", digest_size=8).digest()
    assert key_of("product", "aws", "us") == int.from_bytes(digest, "little") == 4161541511288391611


@given(st.lists(names, min_size=1), st.lists(names, min_size=1))
def test_paths_that_differ_have_keys_that_differ(one: list[str], other: list[str]) -> None:
    assert (key_of(*one) == key_of(*other)) == (one == other)


def test_where_a_path_is_cut_matters() -> None:
    assert len({key_of("ab", "c"), key_of("a", "bc"), key_of("abc"), key_of("a", "b", "c")}) == 4


def test_no_two_products_share_a_key(baseline: Parameters) -> None:
    keys = [product.key for product in Structure(baseline).products]
    assert len(set(keys)) == len(keys) > 50


@given(st.integers(1900 * 4, 2100 * 4 - 1))
def test_codes_and_numbers_are_inverse(number: int) -> None:
    assert quarter_number(quarter_code(number)) == number


def test_quarters_follow_one_another() -> None:
    codes = ["2023Q3", "2023Q4", "2024Q1", "2024Q2"]
    assert [later - earlier for earlier, later in pairwise(map(quarter_number, codes))] == [1, 1, 1]
    assert quarter_number("2024q3") == quarter_number("2024Q3") == 2024 * 4 + 2


@pytest.mark.parametrize("code", ["2024Q5", "2024Q0", "2024", "24Q1", "2024-Q1", " 2024Q1", "2024Q1 ", "2024Q1\n", ""])
def test_what_is_not_a_quarter_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="is not a quarter such as 2024Q3"):
        quarter_number(code)
