"""A market without frictions that a user writes as YAML, run by the command line, has the prices of the textbook."""

from pathlib import Path

import numpy as np
import yaml

from experiments import load
from experiments.verification.economy import Values, simulated
from experiments.verification.unequal import FULL, textbook, unequal_market
from tests.conftest import Command

GROUPS = ("market", "providers", "rest_of_world", "leases", "suppliers", "chips", "finance", "upstream", "behaviour")


def write(values: Values, folder: Path) -> list[str]:
    """Write a configuration as one file a group; return the words that choose them."""
    customers = {key: value for key, value in values["customers"].items() if key != "labs"}
    files = {"customers": customers, "labs": values["customers"]["labs"]} | {name: values[name] for name in GROUPS}
    for group, content in files.items():
        path = folder / group / "mine.yaml"
        path.parent.mkdir(parents=True)
        head = "# @package customers.labs\n" if group == "labs" else ""
        path.write_text(head + yaml.safe_dump(content), encoding="utf-8")
    return [f"{group}=mine" for group in files]


def test_prices_of_training_are_those_of_the_textbook(command: Command, tmp_path: Path) -> None:
    values = unequal_market(FULL)
    words = write(values, tmp_path / "mine")
    outcome = command("run", "--config-dir", "mine", *words)
    assert outcome.code == 0, outcome.err
    sold = load((tmp_path / outcome.out.splitlines()[-1]).parent)["providers"].pandas()
    last = sold.query("quarter == quarter.max() and region == 'us' and product == 'iaas' and workload == 'training'")
    found = last.set_index("provider")["price_iaas_usd_per_h100e_hour"]
    expected = textbook(values, simulated(values), training=True).equilibrium()
    np.testing.assert_allclose(found[list(values["providers"])], expected, rtol=1e-8)
