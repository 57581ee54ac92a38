"""Which uncertainty an outcome hangs on: Sobol indices and Morris screening, with intervals (by SALib)."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.faults import BadInput

Floats = NDArray[np.float64]
_SEED, _RESAMPLES, _MORRIS_LEVELS = 1, 400, 4


@dataclass(frozen=True)
class Index:
    """Sensitivity of an outcome to one uncertainty; each half-width is that of a 95% interval by resampling."""

    key: str
    first: float
    first_half: float
    total: float
    total_half: float


@dataclass(frozen=True)
class Screening:
    """Elementary effects of one uncertainty: change of the outcome for its whole range, in the unit of the outcome."""

    key: str
    mean: float
    size: float
    """Mean of absolute effects (mu*): how much it matters."""
    size_half: float
    """Half-width of its 95% interval by resampling."""
    spread: float
    """Standard deviation of effects: how far it is nonlinear or interacts."""


def available() -> bool:
    """Whether SALib is installed."""
    return find_spec("SALib") is not None


def sobol(keys: Sequence[str], outcome: Floats) -> list[Index]:
    """Return first-order and total indices, largest total first.

    Source: Saltelli et al. (2010), Computer Physics Communications 181.

    Args:
        keys: Uncertainties, in the order of the design.
        outcome: Outcome (samples,) of a Sobol design, none missing.

    Raises:
        BadInput: When SALib is not installed.
    """
    found = _analyse("sobol", keys).analyze(
        _problem(keys), _standard(outcome), calc_second_order=False, num_resamples=_RESAMPLES, seed=_SEED
    )
    columns = (found[name] for name in ("S1", "S1_conf", "ST", "ST_conf"))
    rows = [Index(key, *map(float, row)) for key, *row in zip(keys, *columns, strict=True)]
    return sorted(rows, key=lambda row: -row.total)


def morris(keys: Sequence[str], units: Floats, outcome: Floats) -> list[Screening]:
    """Return elementary effects, the largest first.

    Source: Morris (1991), Technometrics 33; Campolongo et al. (2007) for mu*.

    Args:
        keys: Uncertainties, in the order of the design.
        units: Probabilities (samples, uncertainties) of a Morris design.
        outcome: Outcome (samples,), none missing.

    Raises:
        BadInput: When SALib is not installed.
    """
    found = _analyse("morris", keys).analyze(
        _problem(keys), units, outcome, num_levels=_MORRIS_LEVELS, num_resamples=_RESAMPLES, seed=_SEED
    )
    columns = (found[name] for name in ("mu", "mu_star", "mu_star_conf", "sigma"))
    rows = [Screening(key, *map(float, row)) for key, *row in zip(keys, *columns, strict=True)]
    return sorted(rows, key=lambda row: -row.size)


def _standard(outcome: Floats) -> Floats:
    """Return the outcome with mean zero and unit spread: the estimators of SALib are the better for it."""
    spread = outcome.std()
    centred: Floats = outcome - outcome.mean()
    return np.divide(centred, spread) if spread > 0 else centred


def _problem(keys: Sequence[str]) -> dict[str, Any]:
    return {"num_vars": len(keys), "names": list(keys), "bounds": [[0.0, 1.0]] * len(keys)}


def _analyse(name: str, keys: Sequence[str]) -> Any:
    if not available():
        raise BadInput([f"sensitivity to {', '.join(keys)} needs SALib: pip install 'compute-market[sensitivity]'"])
    return import_module(f"SALib.analyze.{name}")
