"""Why customers found their first choice full: carried back to what bound its site, and to rules.

Accounting by convention, quarter by quarter. Where customers were turned away for want of room, the site of their first
choice names its binding constraint. Where that is a shortage of cards, it is divided between rules and makers as orders
of the same site in the same quarter were: those that rules closed against those that makers did not accept, in H100e;
and among several rules by what each closed to the provider.
"""

import pandas as pd

from experiments.analysis.books import RUN
from sim.reasons import Constraint, Reason

FULL = (Reason.NO_CARDS.code, Reason.EXPIRED.code)
"""Reasons in the table ``diverted`` that say that the first choice was full."""
ONE_POOL = "one_pool"
"""Cause where cards of one software stack are all in use at a site with room for others, or nothing stands there."""
RULE = "rule:"
"""What the cause begins with where a rule closed the orders; the rule's id follows."""
OF_CARDS = tuple(
    c.code for c in (Constraint.CARDS, Constraint.MEMORY, Constraint.PACKAGING, Constraint.WAFERS, Constraint.LICENCE)
)
_BUYER = [*RUN, "quarter", "from"]
_SITE = [*_BUYER, "from_site_region"]


def causes(diverted: pd.DataFrame, sites: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Return what was not served where it was first wanted, with the cause.

    Args:
        diverted: Rows of the table that left their first choice.
        sites: The table, with ``binding_constraint``, ``refused_h100e`` and ``denied_h100e``.
        rules: The table, with ``quantity_bound``.

    Returns:
        ``diverted`` with a column ``cause``; rows with several causes are divided, their quantities add up to those
        of ``diverted``. A reason other than a full first choice is its own cause.
    """
    full = diverted["reason"].isin(FULL)
    named, found = diverted[~full], diverted[full].merge(lacks(sites, rules), on=_SITE, how="left")
    found = found.fillna({"cause": ONE_POOL, "part": 1.0})
    amounts = {name: found[name] * found["part"] for name in ("quantity_h100e", "arrived_h100e")}
    divided = found.assign(**amounts)[[*_SITE, "region", "to", "cause", *amounts]]
    return pd.concat([named.assign(cause=named["reason"]), divided], ignore_index=True)


def lacks(sites: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Return what each site lacked: rows of a ``cause`` and its ``part``, which add up to 1.

    Args:
        sites: The table, with ``binding_constraint``, ``refused_h100e`` and ``denied_h100e``.
        rules: The table, with ``quantity_bound``.

    Raises:
        ValueError: When orders were closed that no rule is credited with.
    """
    found = sites.rename(columns={"provider": "from", "site_region": "from_site_region"})
    bound = found["binding_constraint"].replace(Constraint.DEMAND.code, ONE_POOL).fillna(ONE_POOL)
    short = found["denied_h100e"] + found["refused_h100e"]
    closed = (found["denied_h100e"] / short).where((short > 0.0) & bound.isin((*OF_CARDS, ONE_POOL)), 0.0)
    by_rule = found.assign(closed=closed)[closed > 0.0].merge(_parts(rules), on=_BUYER, how="left")
    rows = [
        found.assign(cause=bound, part=1.0 - closed),
        by_rule.assign(cause=RULE + by_rule["rule"], part=by_rule["closed"] * by_rule["part"]),
    ]
    if by_rule["part"].isna().any():
        raise ValueError("table sites says of orders that they were closed, of which table rules knows nothing")
    every = pd.concat(rows, ignore_index=True)
    return every.loc[every["part"] > 0.0, [*_SITE, "cause", "part"]]


def _parts(rules: pd.DataFrame) -> pd.DataFrame:
    """Return the part of each rule in all that rules closed to a provider in a quarter."""
    bound = rules[rules["quantity_bound"] > 0.0].rename(columns={"who": "from"})
    total = bound.groupby(_BUYER)["quantity_bound"].transform("sum")
    return bound.assign(part=bound["quantity_bound"] / total)[[*_BUYER, "rule", "part"]]
