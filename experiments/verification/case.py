"""A limit case: what theory says, what the model gives, and how far they are apart."""

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.cells import Floats

Pair = tuple[ArrayLike, ArrayLike]
"""What is expected and what was obtained, of one shape."""


@dataclass(frozen=True)
class Case:
    """A statement of theory that the model must satisfy."""

    number: str
    """V1 to V31 as in the verification list of the model's specification; L for limits of whole runs."""
    title: str
    citation: str
    tolerance: float
    """Largest residual with which the case holds."""
    compute: Callable[[], Pair]

    @property
    def group(self) -> str:
        """The number without its letter."""
        return self.number.rstrip(ascii_lowercase)


@dataclass(frozen=True)
class Finding:
    """How a case came out."""

    case: Case
    expected: Floats
    obtained: Floats
    residual: float
    """Largest ``|obtained - expected| / max(1, |expected|)``; infinite where a number is missing."""
    error: str = ""
    """What stopped the case, if anything did."""

    @property
    def worst(self) -> int:
        """Position, in one row, of the largest residual; of equal ones that of the largest number expected."""
        size = np.abs(self.expected)
        return int(np.lexsort((size.ravel(), residuals(self.expected, self.obtained).ravel()))[-1])

    @property
    def holds(self) -> bool:
        """Whether the case holds."""
        return self.residual <= self.case.tolerance


def residuals(expected: Floats, obtained: Floats) -> Floats:
    """Return differences, relative where more than 1 is expected; infinite where there is no number.

    Raises:
        ValueError: If the shapes differ or there is nothing to compare.
    """
    if expected.shape != obtained.shape or expected.size == 0:
        msg = f"expected {expected.shape} and obtained {obtained.shape} cannot be compared"
        raise ValueError(msg)
    finite = np.isfinite(expected) & np.isfinite(obtained)
    gap = np.subtract(obtained, expected, where=finite, out=np.full(expected.shape, np.inf))
    return np.asarray(np.abs(gap) / np.maximum(1.0, np.abs(np.where(finite, expected, 1.0))))


def examined(case: Case) -> Finding:
    """Return how a case comes out; one that cannot be computed does not hold, and says why."""
    try:
        expected, obtained = (np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in case.compute())
        return Finding(case, expected, obtained, float(residuals(expected, obtained).max()))
    except Exception as error:  # whatever stops one case must not hide the others
        return Finding(case, np.empty(0), np.empty(0), float("inf"), f"{type(error).__name__}: {error}")
