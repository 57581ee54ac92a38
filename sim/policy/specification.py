"""Specifications of cards against the tests of a rule, in three values: met, not met, not known.

Definitions (15 CFR 774, ECCN 3A090, notes): total processing performance is 2 x MacTOPS x bit length on dense matrices,
at most over precisions and summed over the dies of a package; performance density is that over applicable die area.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.economics.cells import Floats
from sim.parameters.policy import Line, Prong
from sim.parameters.suppliers import Chip

NOT_MET, MET, NOT_KNOWN = 0, 1, 2
NO_PRONG, UNKNOWN_PRONG = -1, -2
METRICS = tuple(Line.model_fields)
"""Names of thresholds, in the order of the specifications."""
Verdicts = NDArray[np.int64]


def specifications(chips: Sequence[Chip]) -> Floats:
    """Return the specifications of cards (metrics, V); not a number where one is not known."""
    values = [(x.tpp, x.memory_bandwidth_gb_s, x.interconnect_gb_s, x.die_area_mm2 or np.nan) for x in chips]
    return metrics(*np.array(values, dtype=np.float64).reshape(-1, 4).T)


def metrics(tpp: Floats, memory: Floats, links: Floats, area: Floats) -> Floats:
    """Return what rules test (metrics, V) of compute, memory bandwidth, links and applicable die area (V,)."""
    return np.array([tpp, tpp / area, links, memory, links + memory])


def prong_met(prongs: Mapping[str, Prong], specification: Floats, scale: float = 1.0) -> Verdicts:
    """Return the position of the first test that every card meets (V,).

    Without tests every card is caught, by prong 0.

    Args:
        prongs: tests of a rule, one of which suffices.
        specification: (metrics, V), see ``specifications``.
        scale: factor on all thresholds, for rules that move with time.

    Returns:
        ``NO_PRONG`` where a card meets none; ``UNKNOWN_PRONG`` where it meets none that can be decided and one cannot.
    """
    out = np.full(specification.shape[1], NO_PRONG if prongs else 0)
    for position, prong in reversed(list(enumerate(prongs.values()))):
        verdict = _met(prong, specification, scale)
        out = np.where((verdict == NOT_KNOWN) & (out == NO_PRONG), UNKNOWN_PRONG, out)
        out = np.where(verdict == MET, position, out)
    return out


def undecidable(prongs: Mapping[str, Prong], specification: Floats, scale: float) -> int:
    """Return the position of the first test that cannot be decided of one card (metrics, 1), which has one.

    Raises:
        ValueError: Where all can be decided.
    """
    return [_met(prong, specification, scale)[0] for prong in prongs.values()].index(NOT_KNOWN)


def _met(prong: Prong, specification: Floats, scale: float) -> Verdicts:
    """Return whether cards meet all thresholds of a test (V,): one that is not met decides, whatever is not known."""
    out = np.full(specification.shape[1], MET)
    for line, above in ((prong.at_least, True), (prong.below, False)):
        for value, threshold in zip(specification, (getattr(line, name) for name in METRICS), strict=True):
            if threshold is not None:
                met = (value >= threshold * scale) == above
                verdict = np.where(np.isnan(value), NOT_KNOWN, np.where(met, MET, NOT_MET))
                out = np.where((out == NOT_MET) | (verdict == MET), out, verdict)
    return out
