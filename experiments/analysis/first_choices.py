"""What moved first choices between two cases, step by step: the table that stands beside a report, see ``choices``."""

from pathlib import Path

import pandas as pd

from experiments.analysis.books import RUN

FILE = "first_choices.parquet"
COLUMNS = (
    "before", "after", *RUN, "quarter", "region", "from", "product", "workload", "cause", "quantity_h100e",
)  # fmt: skip
"""Run ids of the baseline and of the other run; what a step moved to a provider, effective H100e."""
SCARCITY = "scarcity:"
"""What a cause begins with that is scarcity; what the site lacked, or the rule, follows."""
_KEYS = [*RUN, "quarter", "region", "product", "workload", "from"]
_CLOSE = 1e-6
"""Most by which steps may miss the first choices of tables, over all that moved: tables are sums in another order."""
_DUST = 1e-3
"""The same in H100e: where hardly anything moved, rounding is all there is."""


def read(folder: Path) -> pd.DataFrame | None:
    """Return the table in the folder of a report; None where there is none."""
    path = folder / FILE
    return pd.read_parquet(path) if path.is_file() else None


def told_apart(moved: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Return what moved first choices by step, instead of as one reason.

    Args:
        moved: ``amount`` by run, quarter, region, product, workload and provider (``from``).
        steps: ``quantity_h100e`` of every ``cause``.

    Raises:
        ValueError: When steps do not add up to what moved.
    """
    found = steps.merge(moved[[*RUN, "quarter"]].drop_duplicates(), on=[*RUN, "quarter"])
    sums = found.groupby(_KEYS)["quantity_h100e"].sum()
    missed = moved.set_index(_KEYS)["amount"].sub(sums, fill_value=0.0).abs().max()
    if missed > max(_CLOSE * moved["amount"].abs().sum(), _DUST):
        raise ValueError(f"steps miss the first choices of the tables by {missed:.2g} H100e")
    return found.rename(columns={"quantity_h100e": "amount"})[[*_KEYS, "cause", "amount"]]
