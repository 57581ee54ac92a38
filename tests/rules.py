"""Rules on cards for tests: one that denies everything American to China, with changes, and terms of licences."""

from typing import Any

Values = dict[str, Any]


def rule(**values: object) -> Values:
    """Return the values of a rule that denies every American card to China and its firms from 2025 on, with changes."""
    whole: Values = {
        "label": "rule", "source": "test", "grade": "assumption", "announced": "2025-01-01", "effective": "2025-01-01",
        "expires": None, "phase_in_quarters": 0.0, "kind": "chip_rule", "uses": ["order"], "treatment": "deny",
        "licence": None, "prongs": {}, "origins": ["us"], "destinations": ["cn"], "headquarters": ["cn"],
        "buyers": None, "covered_share": 1.0, "only_chips": None, "exempt_chips": [], "overrides": [], "growth": 0.0,
        "generations_behind": None, "evaded": 0.0,
    }  # fmt: skip
    return {**whole, **values}


def licence(**values: object) -> Values:
    """Return the terms of a licence that costs and limits nothing, with changes."""
    terms: Values = {
        "approval": 1.0, "delay_quarters": 0, "duty": 0.0, "revenue_share": 0.0, "share_of_home": None,
        "cards_per_quarter": None, "sold_at_home": False,
    }  # fmt: skip
    return {**terms, **values}


def faster_than(tpp: float) -> Values:
    """Return tests that catch cards of a TPP and above."""
    return {"fast": {"at_least": {"tpp": tpp}}}
