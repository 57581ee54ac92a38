"""One colour per firm and per region, everywhere, told apart with colour-blind eyes as far as a dozen can be.

Lines also carry their name, so colour never stands alone. The fixed colours were chosen so that the least distance
(CIE 1976) between firms that meet in a panel is large, also as protan and deutan eyes see them; the test of this
file holds it. An id that is not shipped gets a colour by its hash.
"""

import hashlib

_FIRMS = {
    "aws": "#ee8800",
    "microsoft": "#0066cc",
    "google": "#008866",
    "oracle": "#660066",
    "meta": "#0022ee",
    "neocloud": "#ee88aa",
    "alibaba": "#cc2200",
    "huawei": "#664466",
    "tencent": "#22aaee",
    "volcano": "#aaaa66",
    "baidu": "#220088",
    "gulf": "#442200",
}
_REGIONS = {"world": "#222222", "us": "#0066cc", "ally": "#00aa88", "mid": "#ddaa33", "cn": "#bb2211"}
_SPARE = ("#4477aa", "#ee6677", "#228833", "#aa3377", "#66779a", "#997700", "#994455", "#44aa99")
_CASES = ("#0066cc", "#cc4400", "#004422", "#cc4488", "#ccaa88", "#0000cc")
_MAKERS = {
    "nvidia": "#4466ee",
    "google_tpu": "#008866",
    "aws_trainium": "#ee8800",
    "amd": "#222222",
    "huawei_ascend": "#664466",
    "cambricon": "#22aaee",
    "kunlun": "#220088",
    "t_head": "#cc2200",
    "hygon": "#aaaa66",
}
_LIMITS = {
    "demand": "#e2e2e2",
    "orders": "#e2e2e2",
    "mw": "#e69f00",
    "cash": "#882255",
    "patience": "#332288",
    "cards": "#0072b2",
    "licence": "#4422ff",
    "ramp": "#fff799",
    "wafers": "#b03a00",
    "packaging": "#009e73",
    "memory": "#56b4e9",
}
_REASONS = {
    "demand": "#c4c4c4",
    "size": "#7a7a7a",
    "first_choice": "#009e73",
    "offers": "#66c2a5",
    "cost": "#117733",
    "markup": "#a6d854",
    "stickiness": "#b15928",
    "waiting": "#fdbf6f",
    "customers": "#8da0cb",
    "rules": "#d02010",
    "cards": "#0072b2",
    "mw": "#e69f00",
    "money": "#882255",
    "one_pool": "#56b4e9",
    "own_products": "#f0e442",
    "mix": "#cc79a7",
    "price": "#332288",
}
INK, FAINT, GRID = "#222222", "#8a8a8a", "#e6e6e6"


def firm_colour(name: str) -> str:
    """Return the colour of a provider by its id."""
    return _FIRMS.get(name) or _spare(name)


def maker_colour(name: str) -> str:
    """Return the colour of a maker of chips by its id: that of its owner where it makes for one firm."""
    return _MAKERS.get(name) or _spare(name)


def limit_colour(code: str) -> str:
    """Return the colour of what limits a site or a maker, by its code in the tables."""
    return _LIMITS[code]


def reason_colour(group: str) -> str:
    """Return the colour of a group of reasons (``analysis.comparison``)."""
    return _REASONS[group]


def region_colour(name: str) -> str:
    """Return the colour of a region by its id."""
    return _REGIONS.get(name) or _spare(name)


def case_colour(index: int) -> str:
    """Return the colour of the ``index``-th case of a comparison."""
    return _CASES[index % len(_CASES)]


def _spare(name: str) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return _SPARE[int.from_bytes(digest, "little") % len(_SPARE)]
