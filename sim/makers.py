"""Makers of accelerators as arrays that follow from the structure once: technique, sides, owners, learning, research.

K makers, V chips, Z sides, S sites, W owners elsewhere; 3 stages: wafers of logic, packaging, memory.
"""

from collections.abc import Callable

import numpy as np

from sim.economics.cells import Bools, Floats, Ints
from sim.economics.chip_costs import bill_of_card, needs_at_yield, perfect_needs
from sim.economics.elementary import exp
from sim.economics.learning import add_by_maker, experience_with_spillovers, learning_exponent
from sim.economics.making import Technique
from sim.economics.producing import Stages
from sim.economics.research import Programme
from sim.economics.upstream import needs_of_makers
from sim.names import QUARTERS_PER_YEAR
from sim.parameters.suppliers import Stage, Supplier, Upstream
from sim.strategies.make_or_buy import MakingTerms
from sim.structure import Structure

BEFORE = 0.01
"""Silicon made before any card in use, of all up to the end of history: test runs and cards that are gone."""
ONE_WAFER_MM2 = 70686.0
"""What makers start from where none has made anything; else one that has not starts from the mean of the others."""
NEVER = 1e6
"""Launch of a card whose quarter is not known yet."""


class Makers:
    """What is known of makers and of the stages upstream before anything happens."""

    def __init__(self, structure: Structure) -> None:
        suppliers, sides = list(structure.parameters.suppliers.values()), list(structure.parameters.upstream.values())
        self.side = np.array([structure.sides.index(s.upstream) for s in suppliers])
        self._stages(sides)
        self._firms(suppliers)
        self._cards(structure)
        self._past(structure)
        self.reference_experience = self.effective_experience(self.made_before)
        self._overhead(structure)
        self.insider = _insiders(structure, suppliers)
        self.owner = self.insider[: len(structure.sites)] & (self.merchant == 0.0)
        self.generation = np.array([float(s.roadmap.cadence_quarters) for s in suppliers])
        self.making = _making(structure)
        self.imports_ahead = self._imports_ahead(structure.quarters - structure.history)
        """(quarters after history + 1, Z, 3) imports of stages over those at the end of history, by quarters since."""
        self._together(structure)

    def _stages(self, sides: list[Upstream]) -> None:
        self.capacity = _by_stage(sides, lambda stage: stage.capacity)
        self.growth = _by_stage(sides, lambda stage: stage.growth)
        self.response = _by_stage(sides, lambda stage: stage.response)
        self.bank = _by_stage(sides, lambda stage: stage.bank)
        self.imports = _by_stage(sides, lambda stage: stage.imports)
        self.tool_imports = _by_stage(sides, lambda stage: stage.tool_imports)
        self.tool_wear = _by_stage(sides, lambda stage: stage.tool_wear)
        self.release = _by_stage(sides, lambda stage: stage.release)
        self.stage_price = _by_stage(sides, lambda stage: stage.price_usd)
        self.stage_price_growth = _by_stage(sides, lambda stage: stage.price_growth)
        self.past_shortage = np.array([side.past_shortage for side in sides])
        self.ramp = np.array([side.ramp for side in sides])
        self.newcomer = np.array([side.newcomer for side in sides])
        self.test_cost = np.array([side.test_usd_per_card for side in sides])
        self.defects = (
            np.array([side.defects.density for side in sides]), np.array([side.defects.minimum for side in sides]),
            np.array([side.defects.learning for side in sides]), np.array([side.defects.clustering for side in sides]),
        )  # fmt: skip

    def _firms(self, suppliers: list[Supplier]) -> None:
        self.merchant = np.array([float(s.sells_to is None) for s in suppliers])
        self.access = np.array([s.foundry_access for s in suppliers])
        self.external = np.array([s.external_share if s.sells_to is not None else 1.0 for s in suppliers])
        self.near = np.array([s.learning.spillover for s in suppliers])
        self.far = np.array([s.learning.spillover_abroad for s in suppliers])
        self.learning = np.array([learning_exponent(s.learning.rate) for s in suppliers])
        self.research_share = np.array([s.research.revenue_share for s in suppliers])
        self.subsidy = np.array([s.research.subsidy_usd_m for s in suppliers])
        self.research_reference = np.array([s.research.reference_usd_m for s in suppliers])
        self.research_growth = np.array([s.research.reference_growth for s in suppliers])
        self.research_elasticity = np.array([s.research.elasticity for s in suppliers])
        self.research_fastest = np.array([s.research.fastest for s in suppliers])
        self.decline = np.array([s.price_decline for s in suppliers])
        self.margin = np.array([s.gross_margin for s in suppliers])

    def _cards(self, structure: Structure) -> None:
        chips = list(structure.catalogue.values())
        self.area = np.array([c.logic_area_mm2 for c in chips])
        self.stacks = np.array([c.memory_stacks for c in chips])
        self.perfect, self.die = perfect_needs(self.area, self.stacks)
        self.launch_price = np.array([c.price_usd for c in chips])

    def _past(self, structure: Structure) -> None:
        """Set silicon made before the first quarter, and up to the end of history (K,)."""
        maker, opening, history = structure.chip_supplier, np.zeros(self.side.size), np.zeros(self.side.size)
        for fleets in (structure.opening_cards, structure.elsewhere_opening):
            add_by_maker(fleets, self.area, maker, opening)
        add_by_maker(_delivered(structure, lambda t: 0 <= t < structure.history), self.area, maker, history)
        before = BEFORE * (opening + history)
        usual = float(before.mean()) if before.any() else ONE_WAFER_MM2
        self.opening_experience = opening + np.where(before > 0.0, before, usual)
        self.made_before = self.opening_experience + history

    def effective_experience(self, own: Floats) -> Floats:
        """Return silicon that counts as experience (K,), that of others included."""
        return experience_with_spillovers(own, self.side, self.near, self.far)

    def relative_experience(self, own: Floats) -> Floats:
        """Return experience over that at the end of history (K,)."""
        relative: Floats = self.effective_experience(own) / self.reference_experience
        return relative

    def needs(self, maker: Ints, experience: Floats, needs: Floats, good: Floats) -> None:
        """Fill what cards take (V, 3), and the yield of their dies (V,), at an experience (K,)."""
        needs_at_yield(self.perfect, self.die, maker, self.side, experience, *self.defects, needs, good)

    def _overhead(self, structure: Structure) -> None:
        """Set cost over the bill (V,), such that a card has its maker's margin at the end of history, or at launch."""
        maker, first = structure.chip_supplier, max(structure.history - 1, 0)
        needs, good = np.zeros((maker.size, 3)), np.zeros(maker.size)
        self.needs(maker, np.ones(self.side.size), needs, good)
        of = _designs(structure)
        price = self._price_at(structure, first)
        side = self.side[maker]
        each = zip(needs, self.stage_price[side], self.test_cost[side], strict=True)
        bill = np.array([bill_of_card(taken, stages, test, 1.0) for taken, stages, test in each])
        usual = price * (1.0 - self.margin[maker])
        self.usual_cost = usual[of]
        """(V,) unit cost at the end of history; of later cards at launch, with the experience of the end of history.

        A card that a rule brought about costs what its base does, less what a die of its own saves: it sells for less
        than that, but takes the same silicon, memory, board and module.
        """
        self.overhead = (usual / bill)[of]
        self._size(structure, needs)

    def _price_at(self, structure: Structure, t: int) -> Floats:
        """Return the price of every card by catalogue in a quarter, or at its launch (V,), USD."""
        age = np.maximum(t - np.maximum(structure.chip_launch, 0), 0) / QUARTERS_PER_YEAR
        return np.asarray(self.launch_price * exp(-self.decline[structure.chip_supplier] * age))

    def _size(self, structure: Structure, needs: Floats) -> None:
        """Bring capacities, banks and research from the quarter they are sized for to the end of history.

        They follow what the cards delivered in each quarter took and earned; where there were none, they stay.
        """
        last = max(structure.history - 1, 0)
        taken, earned = self._taken(structure, needs, last)
        self.standing = taken if structure.history > 0 else np.zeros_like(taken)
        for z, side in enumerate(structure.parameters.upstream.values()):
            mine = self.side == z
            before = self._taken(structure, needs, structure.index_of(side.sized_for))
            ratio = _ratio(taken[mine].sum(axis=0), before[0][mine].sum(axis=0))
            self.capacity[z] *= ratio
            self.bank[z] *= ratio
            self.imports[z] *= ratio
            self.research_reference[mine] *= _ratio(earned, before[1])[mine]

    def _taken(self, structure: Structure, needs: Floats, t: int) -> tuple[Floats, Floats]:
        """Return what the cards delivered in a quarter took of every stage (K, 3), and their sales (K,), USD."""
        cards, earned = _delivered(structure, lambda quarter: quarter == t), np.zeros(self.side.size)
        add_by_maker(cards, self._price_at(structure, t), structure.chip_supplier, earned)
        return needs_of_makers(cards, needs, structure.chip_supplier, self.side.size), earned

    def _imports_ahead(self, quarters: int) -> Floats:
        """Return the growth of imports; what came up to the end of history stands in the bank."""
        since = np.arange(max(quarters, 0) + 1)[:, None, None]
        return np.where(since > 0, exp(self.growth * since), 0.0)

    def _together(self, structure: Structure) -> None:
        """Put together what kernels read of a quarter's deliveries, orders and research."""
        self.technique = Technique(
            self.area, self.perfect, self.die, structure.chip_supplier, self.side, self.near, self.far,
            self.reference_experience, *self.defects, self.stage_price, self.stage_price_growth, self.test_cost,
            self.learning, self.overhead,
        )  # fmt: skip
        self.stages = Stages(self.side, self.release, self.access, self.ramp, self.newcomer)
        self.programme = Programme(
            self.research_share, self.subsidy, self.research_reference, self.research_growth, self.research_elasticity,
            self.research_fastest, _scheduled(structure), structure.chip_supplier,
        )  # fmt: skip


def _scheduled(structure: Structure) -> Ints:
    """Return the quarter in which research at its usual pace launches each card (V,); never for one that has a date."""
    return np.where(structure.chip_dated, int(NEVER), structure.chip_launch)


def _ratio(now: Floats, then: Floats) -> Floats:
    """Return one amount over another; 1 where either is nothing."""
    out = np.ones(now.shape)
    np.divide(now, then, out=out, where=(now > 0.0) & (then > 0.0))
    return out


def _by_stage(sides: list[Upstream], read: Callable[[Stage], float]) -> Floats:
    """Return a field of every stage (Z, 3)."""
    return np.array([[read(side.wafers), read(side.packaging), read(side.memory)] for side in sides])


def _delivered(structure: Structure, within: Callable[[int], bool]) -> Floats:
    """Return cards delivered to all owners in the quarters of the run that count (1, V)."""
    out, parameters = np.zeros((1, len(structure.chips))), structure.parameters
    received = [site.deliveries for provider in parameters.providers.values() for site in provider.sites.values()]
    for deliveries in [*received, *(owner.deliveries for owner in parameters.rest_of_world.values())]:
        for chip, series in deliveries.items():
            v = structure.chips.index(chip)
            for quarter, cards in series.items():
                out[0, v] += cards if within(structure.index_of(quarter)) else 0.0
    return out


def _making(structure: Structure) -> MakingTerms:
    """Return the terms of the decision to make or buy."""
    rule = structure.parameters.behaviour.make_or_buy.npv
    return MakingTerms(
        rule.design_cost_usd_m * 1e6, rule.scale_penalty, rule.cut_probability, rule.cut_loss, rule.usual_saving,
        rule.sensitivity, rule.adjustment, rule.abandonment,
    )  # fmt: skip


def _insiders(structure: Structure, suppliers: list[Supplier]) -> Bools:
    """Return (S + W, K) whether a buyer owns the maker; every buyer of a merchant is treated so."""
    owners = [
        [s.sells_to is None or structure.providers[i] in s.sells_to for s in suppliers] for i in structure.site_provider
    ]
    elsewhere = [[s.sells_to is None for s in suppliers]] * len(structure.parameters.rest_of_world)
    return np.array([*owners, *elsewhere], dtype=np.bool_).reshape(-1, len(suppliers))


def _designs(structure: Structure) -> Ints:
    """Return the card whose dies set what each card usually costs (V,): itself, or the base of one cut down."""
    position = {name: v for v, name in enumerate(structure.chips)}
    bases = [structure.variants[name].base if name in structure.variants else name for name in structure.chips]
    return np.array([position[name] for name in bases], dtype=np.int64)
