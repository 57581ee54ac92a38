"""Small markets for tests: composed from the shipped configuration, simulated once for all tests."""

from functools import cache

import pandas as pd

from experiments.preflight import composing, plan
from sim import ComputeMarket, Parameters


@cache
def parameters_of(*overrides: str) -> Parameters:
    """Return the baseline's parameters with overrides as on the command line."""
    with composing() as composer:
        return plan(composer, list(overrides)).parameters


@cache
def finished(*overrides: str, seed: int = 1) -> ComputeMarket:
    """Return a simulated market. It is shared: do not change it."""
    return ComputeMarket(parameters_of(*overrides), seed=seed).run()


@cache
def tables_of(*overrides: str, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Return every table of a simulated market as a frame. They are shared: do not change them."""
    return {name: pd.DataFrame(columns) for name, columns in finished(*overrides, seed=seed).tables().items()}
