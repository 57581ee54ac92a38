"""The model: ``from sim import ComputeMarket, Parameters``. No Hydra, pandas, files or figures in here."""

from sim.compiled import code_digest
from sim.model import ComputeMarket
from sim.parameters import Parameters

__all__ = ["ComputeMarket", "Parameters", "code_digest"]
