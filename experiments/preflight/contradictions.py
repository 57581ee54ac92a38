"""Files chosen together that say different things of one key: merged, the last would silently win."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from omegaconf import OmegaConf

from experiments.preflight.layers import flattened
from experiments.preflight.overrides import Argument
from experiments.preflight.problems import shown
from experiments.preflight.session import Composer
from sim.parameters import Problem


def contradictions(arguments: Sequence[Argument], composer: Composer) -> Iterator[Problem]:
    """Yield the keys on which files that one group choice lists disagree, such as ``policy/us=[free,deny]``."""
    for argument in arguments:
        names = argument.parsed.value() if not argument.parsed.is_delete() else None
        if isinstance(names, list) and composer.options(argument.key) and not argument.is_hydra:
            group = argument.key.replace("/", ".")
            said = {str(name): _said(composer, argument.key, str(name)) for name in names}
            for one, other in combinations(said, 2):
                yield from _apart(group, (one, said[one]), (other, said[other]))


def _said(composer: Composer, group: str, name: str) -> dict[str, object]:
    """Return what a file says alone, with what it is made of, by dotted key below the group."""
    values = OmegaConf.select(composer.compose([f"{group}={name}"]), group.replace("/", "."))
    return dict(flattened(OmegaConf.to_container(values, resolve=False)))


def _apart(group: str, one: tuple[str, dict[str, object]], other: tuple[str, dict[str, object]]) -> Iterator[Problem]:
    (first, mine), (second, yours) = one, other
    for key in sorted(mine.keys() & yours.keys()):
        if mine[key] != yours[key]:
            allowed = f"{first} says {shown(mine[key])} and {second} {shown(yours[key])}: choose one of the two"
            yield Problem(f"{group}.{key}", [first, second], allowed)
