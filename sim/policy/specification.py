"""Specifications of cards against the tests of a rule, in three values: met, not met, not known.

Definitions (15 CFR 774, ECCN 3A090, notes): total processing performance is 2 x MacTOPS x bit length on dense matrices,
at most over precisions and summed over the dies of a package; performance density is that over applicable die area.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from sim.compiled import compiled, inlined
from sim.economics.cells import Floats, Ints
from sim.parameters.policy import Line, Prong
from sim.parameters.suppliers import Chip

NOT_MET, MET, NOT_KNOWN = 0, 1, 2
NO_PRONG, UNKNOWN_PRONG = -1, -2
METRICS = tuple(Line.model_fields)
"""Names of thresholds, in the order of the specifications."""


def specifications(chips: Sequence[Chip]) -> Floats:
    """Return the specifications of cards (metrics, V); not a number where one is not known."""
    values = [(x.tpp, x.memory_bandwidth_gb_s, x.interconnect_gb_s, x.die_area_mm2 or np.nan) for x in chips]
    return metrics(*np.array(values, dtype=np.float64).reshape(-1, 4).T)


def metrics(tpp: Floats, memory: Floats, links: Floats, area: Floats) -> Floats:
    """Return what rules test (metrics, V) of compute, memory bandwidth, links and applicable die area (V,)."""
    return np.array([tpp, tpp / area, links, memory, links + memory])


def lines_of(prongs: Mapping[str, Prong]) -> Floats:
    """Return thresholds of the tests of a rule (K, 2, M): least values, then values below which; NaN for none."""
    rows = [[[getattr(line, name) for name in METRICS] for line in (x.at_least, x.below)] for x in prongs.values()]
    return np.array(rows, dtype=np.float64).reshape(-1, 2, len(METRICS))


@inlined
def _verdict(lines: Floats, scale: float, specification: Floats, v: int) -> int:
    """Return whether a card meets all thresholds (2, M): one that is not met decides, whatever is not known."""
    out = MET
    for side in range(2):
        for m in range(lines.shape[1]):
            threshold, value = lines[side, m], specification[m, v]
            if not np.isnan(threshold):
                if np.isnan(value):
                    out = NOT_KNOWN if out == MET else out
                elif (value >= threshold * scale) != (side == 0):
                    out = NOT_MET
    return out


@compiled
def prongs_met(lines: Floats, tests: Ints, scale: Floats, specification: Floats) -> Ints:
    """Return the position of the first test of each rule that every card (M, V) meets (N, V).

    ``NO_PRONG`` where it meets none; ``UNKNOWN_PRONG`` where it meets none that can be decided and one cannot; 0
    throughout for rules without tests.
    """
    out = np.full((tests.size, specification.shape[1]), NO_PRONG)
    for n in range(tests.size):
        for v in range(specification.shape[1]):
            if tests[n] == 0:
                out[n, v] = 0
            for k in range(tests[n]):
                verdict = _verdict(lines[n, k], scale[n], specification, v)
                if verdict == MET:
                    out[n, v] = k
                    break
                if verdict == NOT_KNOWN:
                    out[n, v] = UNKNOWN_PRONG
    return out


def prong_met(prongs: Mapping[str, Prong], specification: Floats, scale: float = 1.0) -> Ints:
    """Return the same (V,) of the tests of one rule, with a factor on all thresholds, for rules that move with time."""
    lines = lines_of(prongs)
    found: Ints = prongs_met(lines[None], np.array([len(lines)]), np.array([scale]), specification)[0]
    return found


def undecidable(prongs: Mapping[str, Prong], specification: Floats, scale: float) -> int:
    """Return the position of the first test that cannot be decided of one card (metrics, 1), which has one.

    Raises:
        ValueError: Where all can be decided.
    """
    return [prong_met({name: x}, specification, scale)[0] for name, x in prongs.items()].index(UNKNOWN_PRONG)
