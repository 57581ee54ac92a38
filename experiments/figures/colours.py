"""One colour per firm and per region, everywhere, told apart with colour-blind eyes as far as a dozen can be.

Lines also carry their name, so colour never stands alone. The fixed colours come from the palettes of Okabe and Ito
(2008) and of Tol (2021, "muted" and "bright"); an id that is not shipped gets one by its hash.
"""

import hashlib

_FIRMS = {
    "aws": "#e69f00",
    "microsoft": "#0072b2",
    "google": "#009e73",
    "oracle": "#882255",
    "meta": "#56b4e9",
    "neocloud": "#999933",
    "alibaba": "#d55e00",
    "huawei": "#cc3311",
    "tencent": "#332288",
    "volcano": "#aa4499",
    "baidu": "#117733",
    "gulf": "#775533",
}
_REGIONS = {"world": "#222222", "us": "#0072b2", "ally": "#009e73", "mid": "#b8860b", "cn": "#cc3311"}
_SPARE = ("#4477aa", "#ee6677", "#228833", "#aa3377", "#66779a", "#997700", "#994455", "#44aa99")
_CASES = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#b8860b", "#332288")
INK, FAINT, GRID = "#222222", "#8a8a8a", "#e6e6e6"


def firm_colour(name: str) -> str:
    """Return the colour of a provider by its id."""
    return _FIRMS.get(name) or _spare(name)


def region_colour(name: str) -> str:
    """Return the colour of a region by its id."""
    return _REGIONS.get(name) or _spare(name)


def case_colour(index: int) -> str:
    """Return the colour of the ``index``-th case of a comparison."""
    return _CASES[index % len(_CASES)]


def _spare(name: str) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return _SPARE[int.from_bytes(digest, "little") % len(_SPARE)]
