"""Combinations that no single field can refuse: names that must exist, and markets that cannot work."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from sim.names import quarter_number
from sim.parameters import policy_references
from sim.parameters.problems import Problem, known

if TYPE_CHECKING:
    from sim.parameters import Parameters
    from sim.parameters.firms import CloudProvider


def _chips(p: "Parameters") -> Iterator[Problem]:
    for name, chip in p.chips.items():
        for problem in known(f"chips.{name}.supplier", [chip.supplier], p.suppliers):
            yield Problem(problem.key, problem.value, f"no supplier makes this chip; {problem.allowed}")
    for name, supplier in p.suppliers.items():
        yield from known(f"suppliers.{name}.headquarters", [supplier.headquarters], p.market.regions)
        yield from known(f"suppliers.{name}.stack", [supplier.stack], p.market.stacks)
        yield from known(f"suppliers.{name}.upstream", [supplier.upstream], p.upstream)
        yield from known(f"suppliers.{name}.sells_to", supplier.sells_to or [], p.providers)
    yield from _sides(p)


def _sides(p: "Parameters") -> Iterator[Problem]:
    """Every region of a side exists, and is on no other one."""
    seen: dict[str, str] = {}
    for name, side in p.upstream.items():
        key = f"upstream.{name}.regions"
        yield from known(key, side.regions, p.market.regions)
        for region in side.regions:
            if seen.setdefault(region, key) != key:
                yield Problem(key, region, f"must be on one side only, and {seen[region]} names it too")


def _cards(key: str, cards: Collection[str], p: "Parameters") -> Iterator[Problem]:
    yield from known(key, cards, p.chips)


def _one_whole(key: str, shares: Mapping[str, float]) -> Iterator[Problem]:
    """Yield a problem where shares do not sum to 1, with what they sum to."""
    total = sum(shares.values())
    if abs(total - 1.0) > 1e-9:
        parts = ", ".join(f"{name} {share:g}" for name, share in shares.items())
        yield Problem(key, round(total, 6), f"shares must sum to 1; these add up: {parts}")


def _fleet(name: str, provider: "CloudProvider", p: "Parameters") -> Iterator[Problem]:
    key = f"providers.{name}"
    yield from known(f"{key}.sites", provider.sites, p.market.regions)
    for region, site in provider.sites.items():
        yield from _cards(f"{key}.sites.{region}.opening_cards", site.opening_cards, p)
        yield from _cards(f"{key}.sites.{region}.deliveries", site.deliveries, p)
    yield from known(f"{key}.order_mix", provider.order_mix, p.suppliers)
    yield from _one_whole(f"{key}.order_mix", provider.order_mix)
    for supplier in provider.order_mix:
        maker = p.suppliers.get(supplier)
        served = maker.sells_to if maker is not None and maker.external_share == 0.0 else None
        if served is not None and name not in served:
            whom = f"{', '.join(served)} only" if served else "nobody (its sells_to is empty)"
            allowed = f"this supplier sells to {whom}: raise its external_share"
            yield Problem(f"{key}.order_mix", supplier, allowed)
    yield from _in_house(name, provider, p)


def _in_house(name: str, provider: "CloudProvider", p: "Parameters") -> Iterator[Problem]:
    """A share of own makers needs one that may be ordered from."""
    own = [k for k in provider.order_mix if k in p.suppliers and name in (p.suppliers[k].sells_to or [])]
    if provider.in_house_share is not None and not own:
        allowed = "must be null: no maker in its order_mix belongs to it (suppliers.*.sells_to); name one, if with 0"
        yield Problem(f"providers.{name}.in_house_share", provider.in_house_share, allowed)


def _providers(p: "Parameters") -> Iterator[Problem]:
    for name, provider in p.providers.items():
        key = f"providers.{name}"
        yield from known(f"{key}.headquarters", [provider.headquarters], p.market.regions)
        yield from known(f"{key}.investment", [provider.investment], p.behaviour.investment)
        if provider.kind == "dormant" and provider.headquarters not in provider.sites:
            allowed = f"a dormant provider enters at home: give it a site in {provider.headquarters}"
            yield Problem(f"{key}.sites", sorted(provider.sites), allowed)
        yield from _fleet(name, provider, p)
        if provider.models is not None:
            yield from known(f"{key}.models.stack", [provider.models.stack], p.market.stacks)
            yield from known(f"{key}.models.licensed_regions", provider.models.licensed_regions, p.market.regions)
    for name, owner in p.rest_of_world.items():
        yield from known(f"rest_of_world.{name}.region", [owner.region], p.market.regions)
        yield from known(f"rest_of_world.{name}.headquarters", [owner.headquarters], p.market.regions)
        yield from _cards(f"rest_of_world.{name}.deliveries", owner.deliveries, p)
        yield from _cards(f"rest_of_world.{name}.opening_cards", owner.opening_cards, p)


def _leases(p: "Parameters") -> Iterator[Problem]:
    for name, lease in p.leases.items():
        key = f"leases.{name}"
        yield from known(f"{key}.lessor", [lease.lessor], p.providers)
        yield from known(f"{key}.lessee", [lease.lessee], p.providers)
        yield from known(f"{key}.region", [lease.region], p.market.regions)
        yield from known(f"{key}.stack", [lease.stack], p.market.stacks)
        if lease.lessor == lease.lessee:
            yield Problem(f"{key}.lessee", lease.lessee, "must differ from the lessor")
        if quarter_number(lease.until) < quarter_number(lease.since):
            yield Problem(f"{key}.until", lease.until, f"must not lie before since ({lease.since})")


def _demand(p: "Parameters") -> Iterator[Problem]:
    customers = p.customers
    for name, taste in customers.tastes.items():
        yield from known(f"customers.tastes.{name}.stack", [taste.stack], p.market.stacks)
    yield from known("customers.demand", customers.demand, p.market.regions)
    for region, demand in customers.demand.items():
        key = f"customers.demand.{region}"
        yield from known(f"{key}.tastes", demand.tastes, customers.tastes)
        yield from known(f"{key}.barred_headquarters", demand.barred_headquarters, p.market.regions)
    shares = {f"customers.demand.{x}.enterprise_share": d.enterprise_share for x, d in customers.demand.items()}
    yield from _one_whole("customers.demand.*.enterprise_share", shares)
    if customers.granularity == "cells" and p.behaviour.rationing.name == "bids":
        allowed = "bids rank customers one by one: with customers.granularity = cells use lottery or reservations"
        yield Problem("behaviour.rationing.name", "bids", allowed)
    for name, lab in customers.labs.items():
        key = f"customers.labs.{name}"
        yield from known(f"{key}.region", [lab.region], customers.demand)
        yield from known(f"{key}.taste", [lab.taste], customers.tastes)
        for contract in lab.contracts:
            yield from known(f"{key}.contracts.provider", [contract.provider], p.providers)
            yield from known(f"{key}.contracts.region", [contract.region], p.market.regions)
            yield from known(f"{key}.contracts.stack", [contract.stack], p.market.stacks)


def _served(p: "Parameters") -> Iterator[Problem]:
    for region, demand in p.customers.demand.items():
        sellers = [
            name
            for name, provider in p.providers.items()
            if provider.kind == "cloud"
            and provider.headquarters not in demand.barred_headquarters
            and region in provider.sites
        ]
        if not sellers:
            allowed = "no provider serves this region: give a cloud provider a site there"
            yield Problem(f"customers.demand.{region}", region, allowed)


CHECKS = (_chips, _providers, _leases, _demand, _served, policy_references.check)


def problems(p: "Parameters") -> list[Problem]:
    """Return every impossible combination in the parameters; an empty list when there is none."""
    return [problem for check in CHECKS for problem in check(p)]
