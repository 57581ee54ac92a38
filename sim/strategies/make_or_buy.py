r"""Make or buy: how much of its cards a provider takes from a maker of its own (B4; Malerba and others 2008).

Over a generation own cards save ``1 - c (1 + penalty) / p + q l - F / (p N)`` of what a merchant's would cost: c unit
cost of the own card and p price of a merchant's, both per effective H100e with duty and less grant; N what the provider
takes in a generation, F the design of one, q the probability that the merchant is kept from serving within it, l what a
card that does not come would have been worth over its price. q is what it is without rules, or the share of the card
that they close at the site, or the belief there that rules on its maker's region tighten: the most of the three. It is
the merchant against whom own cards save least that counts; where rules leave none, making is the only way. Habit holds
at a usual saving v_0, that of the time when it was formed; elsewhere the own maker's weight goes to ``2 / (1 +
exp(-kappa (v - v_0)))``. Who designs pays ``F / cadence`` a quarter, whatever is made; an owner whose weight has nearly
gone gives the design up, and pays and orders no more.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Bools, Floats, Ints
from sim.structure import INFERENCE


class MakingTerms(NamedTuple):
    """What the decision rests on."""

    design_usd: float
    """F."""
    penalty: float
    """Cost over that of the card, as an owner's runs are small."""
    cut: float
    """q_0: q without rules."""
    loss: float
    """l."""
    usual: float
    """v_0."""
    sensitivity: float
    """kappa."""
    adjustment: float
    """Share of the gap to the wanted weight that is closed in a quarter: generations overlap, contracts run on."""
    abandonment: float
    """Weight below which the design is given up."""


class Supply(NamedTuple):
    """On what terms rules let cards come to every site."""

    open: Floats
    """(S, V) share of what is wanted that may go."""
    feared: Floats
    """(S, R) believed chance that rules on the cards of a region's makers tighten."""
    origin: Ints
    """(V,) region of the maker."""
    paid: Floats
    """(S, V) what a buyer pays over the price: with duty, less grant."""


@compiled
def net_saving(price: float, cost: float, needs: float, cut: float, terms: MakingTerms) -> float:
    """Return what own cards save over a generation, over what the merchant's would cost.

    Args:
        price: of the merchant's cards, USD per effective H100e.
        cost: of own cards, USD per effective H100e.
        needs: effective H100e in a generation.
        cut: q of the merchant.
        terms: of the decision.
    """
    saved: float = 1.0 - cost * (1.0 + terms.penalty) / price + cut * terms.loss
    return saved - terms.design_usd / (price * needs)


@compiled
def wanted_weight(saving: float, terms: MakingTerms) -> float:
    """Return the weight of the own maker over habit: 1 at the usual saving, between 0 and 2."""
    return 2.0 / (1.0 + math.exp(-terms.sensitivity * (saving - terms.usual)))


@compiled
def cut_probability(supply: Supply, site: int, card: int, terms: MakingTerms) -> float:
    """Return q of a merchant's card at a site: the most of what it is without rules, what they close, what is feared.

    A belief is the chance of a tightening in a quarter. It is not compounded over the generation: a rule that tightens
    closes some cards of a region's makers, seldom all.
    """
    cut: float = max(terms.cut, supply.feared[site, supply.origin[card]], 1.0 - supply.open[site, card])
    return cut


@compiled
def saving_at_site(
    site: int, chip: Ints, price: Floats, own: float, needs: float, merchant: Floats, supply: Supply, terms: MakingTerms
) -> float:  # fmt: skip
    """Return the net saving against the merchant against whom it is least.

    Where none may sell there it is ``1 + l``, the limit of a price without end and of q = 1: making is the only way.

    Args:
        site: where cards are ordered.
        chip: (K,) card of every maker there, -1 for none.
        price: (V,) USD per effective H100e, without duty and grant.
        own: cost of the own card, USD per effective H100e, with duty and less grant.
        needs: effective H100e in a generation.
        merchant: (K,) 1 for merchants.
        supply: terms on which cards come.
        terms: of the decision.
    """
    least = 1.0 + terms.loss
    for k in range(merchant.size):
        v = chip[k]
        if merchant[k] > 0.0 and v >= 0:
            cut = cut_probability(supply, site, v, terms)
            least = min(least, net_saving(price[v] * supply.paid[site, v], own, needs, cut, terms))
    return least


@compiled
def move_to_own(
    chip: Ints, price: Floats, cost: Floats, effective: Floats, delivered: Floats, provider: Ints, owner: Bools,
    merchant: Floats, generation: Floats, supply: Supply, terms: MakingTerms, weight: Floats,
) -> None:  # fmt: skip
    """Move the weight of own makers in the orders of every site (S, K); it stays where nothing is bought.

    Args:
        chip: (S, K) card of every maker, -1 for none.
        price: (V,) USD per card.
        cost: (V,) unit cost, USD per card.
        effective: (V, 2) effective H100e of a card in training and inference.
        delivered: (S, V) cards of this quarter: what the provider needs in one.
        provider: (S,) provider of each site.
        owner: (S, K) whether the maker is an in-house maker of the site's provider.
        merchant: (K,) 1 for merchants.
        generation: (K,) quarters between two generations.
        supply: terms on which cards come.
        terms: of the decision.
        weight: (S, K) over habit; changed.
    """
    needs = np.zeros(provider.max() + 1)
    for s in range(provider.size):
        for v in range(price.size):
            needs[provider[s]] += delivered[s, v] * effective[v, INFERENCE]
    each = price / effective[:, INFERENCE]
    for s in range(provider.size):
        taken = needs[provider[s]]
        for k in range(merchant.size):
            v = chip[s, k]
            if owner[s, k] and v >= 0 and taken > 0.0:
                own = cost[v] / effective[v, INFERENCE] * supply.paid[s, v]
                saving = saving_at_site(s, chip[s], each, own, taken * generation[k], merchant, supply, terms)
                moved = weight[s, k] + terms.adjustment * (wanted_weight(saving, terms) - weight[s, k])
                weight[s, k] = moved if moved >= terms.abandonment else 0.0


@compiled
def post_design(
    owner: Bools, mix: Floats, weight: Floats, provider: Ints, in_business: Floats, generation: Floats,
    design_usd: float, paid: Floats, spent: Floats,
) -> None:  # fmt: skip
    """Post what every provider pays its own makers for design this quarter, USD m.

    ``F / cadence`` by maker, in equal parts where several of its owners order its cards.

    Args:
        owner: (S, K) whether the maker is an in-house maker of the site's provider.
        mix: (S, K) habit of ordering.
        weight: (S, K) of own makers over habit.
        provider: (S,) provider of each site.
        in_business: (I,) 1 or 0.
        generation: (K,) quarters between two generations.
        design_usd: F.
        paid: (I, K) added to.
        spent: (I,) added to.
    """
    orders = np.empty(in_business.size)
    for k in range(generation.size):
        orders[:] = 0.0
        for s in range(provider.size):
            if owner[s, k] and mix[s, k] * weight[s, k] * in_business[provider[s]] > 0.0:
                orders[provider[s]] = 1.0
        owners = orders.sum()
        for i in range(orders.size):
            if orders[i] > 0.0:
                each = design_usd / (generation[k] * owners * 1e6)
                paid[i, k] += each
                spent[i] += each
