"""Rules and shocks on stages upstream: output, price, growth, imports, tools of a side (B4, B5). Z sides; 3 stages."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from sim.economics.cells import Floats
from sim.economics.upstream import STAGES
from sim.parameters.instruments import StageRule
from sim.parameters.suppliers import Stage, Upstream

POSITION = {"wafers": 0, "packaging": 1, "memory": 2}


class StageEffects(NamedTuple):
    """What rules make of the stages of a quarter; without any, factors of 1 and nothing added."""

    output: Floats
    """(Z, 3) factor on what a stage gives."""
    price: Floats
    """(Z, 3) factor on the price of a unit."""
    growth: Floats
    """(Z, 3) added to the log growth of capacity."""
    imports: Floats
    """(Z, 3) part of imported units that comes."""
    tools: Floats
    """(Z, 3) part of imported tools that comes."""
    unserviced: Floats
    """(Z, 3) tools that stop, over those that wear out anyway."""
    cost: Floats
    """(Z,) what governments pay, USD m."""


def stage_effects(rules: Iterable[tuple[StageRule, float]], sides: Mapping[str, Upstream]) -> StageEffects:
    """Return what rules make of stages; factors multiply, additions add up.

    Args:
        rules: each with its strength over the quarter.
        sides: by id, in the order of rows.
    """
    shape = (len(sides), STAGES)
    one = [np.ones(shape) for _ in range(4)]
    out = StageEffects(one[0], one[1], np.zeros(shape), one[2], one[3], np.zeros(shape), np.zeros(len(sides)))
    for rule, strength in rules:
        z, stages = list(sides).index(rule.side), [POSITION[name] for name in rule.stages]
        out.output[z, stages] *= 1.0 + (rule.output - 1.0) * strength
        out.price[z, stages] *= 1.0 + (rule.price - 1.0) * strength
        out.growth[z, stages] += rule.growth * strength
        out.imports[z, stages] *= 1.0 - rule.imports_banned * is_about(rule, sides[rule.side]) * strength
        out.tools[z, stages] *= 1.0 - rule.tools_banned * strength
        out.unserviced[z, stages] += rule.servicing_banned * strength
        out.cost[z] += rule.cost_usd_m * strength
    return out


def is_about(rule: StageRule, side: Upstream) -> bool:
    """Return whether a rule is about what a side imports: memory as dense as it is, where the rule has a line."""
    line, density = rule.denser_than_gb_s_mm2, side.imported_memory_gb_s_mm2
    return line is None or density is None or density > line


def takes_from(rule: StageRule, side: Upstream, imported: bool) -> list[int]:
    """Return the positions of the stages of which a rule takes something.

    A ban takes nothing of imports or tools that do not come from abroad, nor an end of service of tools that last.

    Args:
        rule: about stages of the side.
        side: with its stages.
        imported: whether units come from abroad yet: what came up to the end of history stands in the bank.
    """
    stages: dict[str, Stage] = {"wafers": side.wafers, "packaging": side.packaging, "memory": side.memory}
    return [POSITION[name] for name in rule.stages if _takes(rule, side, stages[name], imported)]


def _takes(rule: StageRule, side: Upstream, stage: Stage, imported: bool) -> bool:
    """Return whether a rule lowers what one stage gives or how it grows."""
    units = imported and rule.imports_banned > 0.0 and stage.imports > 0.0 and is_about(rule, side)
    tools = rule.tools_banned * stage.tool_imports > 0.0 or rule.servicing_banned * stage.tool_wear > 0.0
    return rule.output < 1.0 or rule.growth < 0.0 or units or tools
