"""The model: ``from sim import ComputeMarket, Parameters``. No Hydra, pandas, files or figures in here.

Names are imported when first asked for, so that checking parameters does not load Mesa and Numba.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.compiled import code_digest
    from sim.model import ComputeMarket
    from sim.parameters import Parameters

__all__ = ["ComputeMarket", "Parameters", "code_digest"]

_HOMES = {"ComputeMarket": "sim.model", "Parameters": "sim.parameters", "code_digest": "sim.compiled"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
