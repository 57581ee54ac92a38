"""Mesa's DataCollector gives the numbers of the tables."""

import numpy as np
import pandas as pd
import pytest

from sim import ComputeMarket
from sim.agents import CloudProvider
from sim.collecting import data_collector
from sim.tables import TABLES
from tests.markets import parameters_of

SMALL = ("customers.enterprises=40", "market.end=2022Q4")


def test_collected_numbers_are_those_of_the_tables() -> None:
    model = ComputeMarket(parameters_of(*SMALL), seed=1)
    collector = data_collector(model)
    while not model.finished:
        model.step()
        collector.collect(model)
    tables = {name: pd.DataFrame(columns) for name, columns in model.tables(["market", "firms"]).items()}
    world = tables["market"].query("region == 'world'")
    collected = collector.get_model_vars_dataframe()
    assert list(collected) == [column.name for column in TABLES["market"].measures if column.filled]
    for name in collected:
        np.testing.assert_array_equal(collected[name], world[name])
    firms = collector.get_agenttype_vars_dataframe(CloudProvider).reset_index()
    assert (firms["name"].to_numpy() == tables["firms"]["provider"].to_numpy()).all()
    assert firms["Step"].nunique() == 4
    for name in (column.name for column in TABLES["firms"].measures if column.filled):
        np.testing.assert_array_equal(firms[name].astype(float), tables["firms"][name])


def test_collecting_before_the_first_step_is_an_error() -> None:
    model = ComputeMarket(parameters_of(*SMALL), seed=1)
    with pytest.raises(RuntimeError, match="no quarter has been simulated"):
        data_collector(model).collect(model)


def test_a_collector_belongs_to_its_model() -> None:
    models = [ComputeMarket(parameters_of(*SMALL), seed=seed) for seed in (1, 2)]
    for model in models:
        model.step()
    with pytest.raises(RuntimeError, match="another model"):
        data_collector(models[0]).collect(models[1])
