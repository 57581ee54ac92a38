"""Cards and rules made up for tests of policy."""

from sim.parameters.policy import ChipRule, Licence, Line, Policy, Prong
from sim.parameters.suppliers import Chip
from sim.policy import Calendar, Place
from sim.policy.chip_rules import Case
from sim.policy.specification import lines_of
from tests import rules

CHINA = Place("cn", "cn")
PLAIN = Chip.model_construct(
    label="card", supplier="us-maker", launch="2022Q1", tpp=5000.0, memory_gb=80.0, memory_bandwidth_gb_s=2000.0,
    interconnect_gb_s=600.0, die_area_mm2=800.0, logic_area_mm2=800.0, memory_stacks=5.0, power_w=400.0,
    process_nm=7.0, transistors_bn=50.0, price_usd=10000.0,
)  # fmt: skip


def card(**values: float | None) -> Chip:
    return PLAIN.model_copy(update=values)


def rule(**values: object) -> ChipRule:
    """Return a rule that denies every American card to China from 2023-11-17 on, with changes."""
    days = {"announced": "2023-10-17", "effective": "2023-11-17"}
    return ChipRule.model_validate(rules.rule(**{**days, **values}))


def licence(**values: object) -> Licence:
    return Licence.model_validate(rules.licence(**values))


def calendar(**found: ChipRule) -> Calendar:
    return Calendar(Policy(us=dict(found), cn={}, allies={}), rush=61)


def prong(at_least: dict[str, float], below: dict[str, float] | None = None) -> Prong:
    return Prong(at_least=Line.model_validate(at_least), below=Line.model_validate(below or {}))


def in_force(name: str, found: ChipRule) -> Case:
    """Return a rule in full strength at its first thresholds, of which nothing is approved."""
    return Case(name, found, lines_of(found.prongs), 1.0, found.covered_share, 0.0)
