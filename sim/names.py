"""Names of things: identifiers, their 64-bit keys, and quarter codes.

Agents and products enter random draws by the hash of their *name*, never by index, so removing or
reordering one of them leaves every draw of the others untouched.
"""

import hashlib
import re
from functools import lru_cache

ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
QUARTER_PATTERN = r"^(19|20)\d\d[Qq][1-4]$"
DATE_PATTERN = r"^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
QUARTERS_PER_YEAR = 4
HOURS_PER_QUARTER = 2190.0

_QUARTER = re.compile(QUARTER_PATTERN)


def key_of(*names: str) -> int:
    """Return the 64-bit key of a name path, equal on every machine.

    Args:
        names: The parts of the name, e.g. ``("product", "aws", "us")``.

    Returns:
        An integer in ``[0, 2**64)``: the first 8 bytes of BLAKE2b over the NUL-joined parts.
    """
    digest = hashlib.blake2b("\0".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


@lru_cache(maxsize=4096)
def quarter_number(code: str) -> int:
    """Return quarters since 0000Q1 for a code such as ``2024Q3``.

    Raises:
        ValueError: If the code is not a year followed by Q1 to Q4.
    """
    if not _QUARTER.fullmatch(code):
        msg = f"{code!r} is not a quarter such as 2024Q3"
        raise ValueError(msg)
    return int(code[:4]) * QUARTERS_PER_YEAR + int(code[5]) - 1


def quarter_code(number: int) -> str:
    """Return the code such as ``2024Q3`` of a quarter number (inverse of :func:`quarter_number`)."""
    return f"{number // QUARTERS_PER_YEAR:04d}Q{number % QUARTERS_PER_YEAR + 1}"
