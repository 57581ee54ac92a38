"""Agents as Mesa knows them: each holds its row and reads or writes the state through properties."""

from typing import TYPE_CHECKING

from sim.agents.chip_supplier import ChipSupplier
from sim.agents.cloud_provider import CloudProvider
from sim.agents.enterprise_customer import EnterpriseCustomer

if TYPE_CHECKING:
    from sim.model import ComputeMarket

__all__ = ["ChipSupplier", "CloudProvider", "EnterpriseCustomer", "create_agents", "create_customers"]


def create_agents(model: "ComputeMarket") -> None:
    """Create the firms; customers get their handles only when someone asks (a million would cost seconds)."""
    for row, name in enumerate(model.world.structure.providers):
        CloudProvider(model, row, name)
    for row, name in enumerate(model.world.structure.suppliers):
        ChipSupplier(model, row, name)


def create_customers(model: "ComputeMarket") -> None:
    """Create a handle for every enterprise and lab, in order of their rows; a second call does nothing."""
    if EnterpriseCustomer in model.agents_by_type and len(model.agents_by_type[EnterpriseCustomer]):
        return
    for row in range(model.world.customers.key.size):
        EnterpriseCustomer(model, row)
