"""Cards after the last of the catalogue: every maker goes on by generations, each a multiple of the one before (B4)."""

import math
from collections.abc import Iterator

from sim.names import QUARTERS_PER_YEAR, quarter_code, quarter_number
from sim.parameters import Parameters
from sim.parameters.suppliers import Chip, Supplier


def catalogue(parameters: Parameters) -> dict[str, Chip]:
    """Return all cards of a run by id: those of the catalogue, then the generations after it, up to market.end."""
    later = {
        name: chip
        for maker, supplier in parameters.suppliers.items()
        for name, chip in _generations(maker, supplier, parameters)
    }
    return {**parameters.chips, **later}


def last_card(maker: str, parameters: Parameters) -> str | None:
    """Return the last card of a maker in the catalogue, from which generations go on; None where it has none."""
    mine = {name: chip for name, chip in parameters.chips.items() if chip.supplier == maker}
    return max(mine, key=lambda name: (quarter_number(mine[name].launch), mine[name].tpp), default=None)


def _generations(maker: str, supplier: Supplier, parameters: Parameters) -> Iterator[tuple[str, Chip]]:
    name, cadence = last_card(maker, parameters), supplier.roadmap.cadence_quarters
    if name is None:
        return
    last = parameters.chips[name]
    launched, end = quarter_number(last.launch), quarter_number(parameters.market.end)
    first = max(launched, quarter_number(parameters.market.history_end)) + cadence
    for n, quarter in enumerate(range(first, end + 1, cadence), start=1):
        yield f"{maker}-next-{n}", generation(last, supplier, n, quarter)


def generation(last: Chip, supplier: Supplier, n: int, quarter: int) -> Chip:
    """Return the n-th generation after a card, launched in a quarter.

    Its price per H100e lies below that of the last card by the fall of prices since then.
    """
    plan = supplier.roadmap
    better, years = plan.performance_gain**n, (quarter - quarter_number(last.launch)) / QUARTERS_PER_YEAR
    area = plan.area_gain**n
    return last.model_copy(
        update={
            "label": f"{supplier.label} generation +{n}",
            "launch": quarter_code(quarter),
            "tpp": last.tpp * better,
            "memory_gb": last.memory_gb * better,
            "memory_bandwidth_gb_s": last.memory_bandwidth_gb_s * better,
            "interconnect_gb_s": last.interconnect_gb_s * better,
            "die_area_mm2": None if last.die_area_mm2 is None else last.die_area_mm2 * area,
            "logic_area_mm2": last.logic_area_mm2 * area,
            "transistors_bn": None if last.transistors_bn is None else last.transistors_bn * area,
            "memory_stacks": last.memory_stacks * plan.stack_gain**n,
            "power_w": last.power_w * plan.power_gain**n,
            "price_usd": last.price_usd * better * math.exp(-supplier.price_decline * years),
        }
    )
