"""Whole runs of random valid configurations: no crash, no broken identity, no hole, shares that add up."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from experiments.preflight.fields import root_of
from experiments.preflight.sense import nonsense
from sim import ComputeMarket, Parameters
from sim.outcomes import shares
from sim.parameters import ReferenceErrors
from sim.tables import MODEL_TABLES, TABLES
from tests.drafts import FIXED, LEVERS, Draft, drafts

SETTINGS: dict[str, Any] = {
    "derandomize": True, "database": None, "deadline": None, "suppress_health_check": list(HealthCheck),
    "phases": (Phase.explicit, Phase.generate, Phase.shrink),
}  # fmt: skip
NOTHING = frozenset[str]()

NULLABLE = {
    "pricing_residual", "build_cost_usd_m_per_mw", "hhi_revenue", "hhi_compute", "gap_at_cost", "utilisation",
    "yield_fraction", "saving_usd_m", "lrmc_usd_per_h100e_hour", "value", "quantity_bound", "denied_revenue_usd_m",
    "fee_usd_m", "duty_usd_m", "subsidy_usd_m", "enforcement", "seizures", "lifted_h100e",
    "licensed_h100e",
    "shaped_h100e",
    "own_dearer_usd_per_h100e_hour",
}  # fmt: skip
"""Columns that are null where they divide by nothing or have no meaning; so are shares, prices and amounts in RMB."""

SIGNED = {
    "gross_margin_usd_m", "cash_usd_m", "ebitda_usd_m", "borrowed_usd_m", "group_transfer_usd_m", "equity_usd_m",
    "asset_sales_usd_m", "wholesale_usd_m", "free_cash_flow_usd_m", "group_free_cash_flow_usd_m",
    "free_cash_flow_rmb_m", "saving_usd_m", "consumer_surplus_usd_m", "budget_usd_m",
}  # fmt: skip
"""Columns that may be negative."""


REFUSED = ("no provider serves", "enters at home", "lies before", "this supplier sells to", "belongs to it")
"""What may be wrong with a draft: nobody left to sell, to found a firm or to order from."""


def _may_be_null(name: str) -> bool:
    return name in NULLABLE or "self_sufficiency" in name or "share" in name or "price" in name or "rmb" in name


def check_column(table: str, name: str, values: np.ndarray) -> None:
    """Check that a measure is finite where it is not null, not negative unless it may be, and a fraction if a share."""
    known = values[~np.isnan(values)]
    assert np.isfinite(known).all(), (table, name)
    assert known.size == values.size or _may_be_null(name), (table, name)
    if name not in SIGNED and name != "value":
        assert (known >= -1e-9).all(), (table, name)
    if "share" in name or name in ("utilisation", "gap_at_cost", "yield_fraction"):
        assert (known <= 1.0 + 1e-9).all(), (table, name)


def check_shares(model: ComputeMarket) -> None:
    """Check that shares sum to one over providers, wherever there is a total."""
    table = model.tables(["providers"])["providers"]
    keys = np.stack([table[x].astype(str) for x in ("quarter", "region", "product", "workload")])
    _, group = np.unique(keys, axis=1, return_inverse=True)
    for name in ("share_revenue", "share_compute", "share_tokens"):
        sums = np.bincount(group.ravel(), table[name])
        assert (np.isnan(sums) | (np.abs(sums - 1.0) < 1e-9)).all(), name


def check_stocks(model: ComputeMarket) -> None:
    """Check that no stock is negative or lost: cards, halls, queues, debts, banks upstream."""
    state = model.world.state
    for name in (
        "cards", "owned", "elsewhere", "operated", "energised_mw", "queued_mw", "requested_mw", "begun_mw", "debt",
        "convertible_mw", "bank", "capacity", "experience", "posted", "potential", "assets",
    ):  # fmt: skip
        values = getattr(state, name)
        assert np.isfinite(values).all(), name
        assert (values >= -1e-9 * max(1.0, float(np.abs(values).max(initial=0.0)))).all(), name


def check(model: ComputeMarket) -> None:
    """Check every table and stock of a finished run."""
    for table, columns in model.tables().items():
        for column in TABLES[table].measures:
            if column.filled and column.type == "float64" and table != "outcomes":
                check_column(table, column.name, columns[column.name])
    check_shares(model)
    check_stocks(model)


def _refused(error: ValidationError) -> bool:
    return any(reason in str(error) for reason in REFUSED)


def ran(draft: Draft, seed: int) -> ComputeMarket:
    """Return a finished run of a draft that a user may run."""
    values, found = draft.values, list[Parameters]()
    try:
        found.append(Parameters.from_mapping(values))
    except ValidationError as error:
        if not _refused(error):
            raise
    assume(found and not nonsense(values))
    try:
        model = ComputeMarket(found[0], seed)
    except ReferenceErrors as error:
        assume("asks for the performance density" not in str(error))
        raise
    return model.run()


@settings(max_examples=100, **SETTINGS)
@given(draft=drafts(), seed=st.integers(0, 2**31))
@example(draft=Draft({"customers.nest_dissimilarity": 1e-20}, NOTHING, NOTHING), seed=0)
@example(draft=Draft({"chips.*.supplier": "huawei_ascend"}, NOTHING, NOTHING), seed=1)
def test_any_valid_configuration_runs(draft: Draft, seed: int) -> None:
    check(ran(draft, seed))


@pytest.mark.slow
@settings(max_examples=2000, **SETTINGS)
@given(draft=drafts(), seed=st.integers(0, 2**31))
def test_any_of_thousands_of_valid_configurations_runs(draft: Draft, seed: int) -> None:
    check(ran(draft, seed))


def test_every_lever_of_the_schema_is_drawn() -> None:
    """Left out are only labels, what stands in lists, and what is listed with a reason."""
    leaves = {key for key, _ in root_of(Parameters).leaves()}
    undrawn = {x for x in leaves - set(LEVERS) if not x.endswith(".label") and "[]" not in x}
    assert {x for x in undrawn if not x.startswith("policy.")} == set(FIXED), "rules are drawn whole"


def test_shares_that_miss_one_would_be_noticed() -> None:
    whole = shares(np.array([[3.0, 1.0]]), axis=1)
    assert abs(whole.sum() - 1.0) < 1e-9
    with pytest.raises(AssertionError):
        check_column("providers", "share_revenue", np.array([0.5, 1.1]))
    with pytest.raises(AssertionError):
        check_column("sites", "owned_h100e", np.array([1.0, np.nan]))
    with pytest.raises(AssertionError):
        check_column("sites", "owned_h100e", np.array([1.0, -1.0]))
    assert set(TABLES) >= set(MODEL_TABLES)
